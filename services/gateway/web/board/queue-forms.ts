// What the forms of the queue page do: move a loop, put one on hold or bring it back, make a loop or a task.
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, Visibility } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { Sending } from '../layout.ts'
import { QUEUE } from '../messages/queue.ts'
import { attempt, type Fault, formActionOf } from '../posted-forms.ts'
import { type Board, doOnce, formOf, leaveBoard, onceIn } from './board.ts'
import { showNoTask } from './loop-page.ts'
import { changeAgain, moveAgain, type QueueFault, type Typed } from './queue-forms-view.ts'
import { pageOf, pathOfPage, positionOf, type Target, targetOf, versionUnseen } from './queue-rules.ts'
import { counted, type QueueWords } from './queue-view.ts'

/** What a form that was refused adds to the page of the queue. */
export type Refused = Readonly<{
  /** @param version of the order that the page shows. */
  fault?: (version: number) => QueueFault
  typed?: Typed
  page?: number
  sending?: Sending
}>
/** Shows the page of the queue again. */
type ShowAgain = (board: Board, refused: Refused) => Promise<Response>

const queueFault = (of: QueueFault['of'], { sentence }: Fault): QueueFault => ({
  of,
  sentence,
  isEnglish: true,
})

const wordsFor = ({ language }: Board): QueueWords => wordsOf(QUEUE, language)

/** The version that a form was made from; a service refuses what is no version. */
const versionIn = (form: URLSearchParams) => {
  const version = form.get('expected_version')
  return version ? { expected_version: Number(version) } : {}
}

/** @throws AppError `invalid_argument` where a form says nowhere to move a loop. */
const targetIn = (form: URLSearchParams): Target => {
  const target = targetOf(form)
  if (target) return target
  throw new AppError(
    'invalid_argument',
    'Say where to move it: a position from 0, or up, down, top or bottom.',
  )
}

const loopOf = async ({ deps, call }: Board, loop_id: string): Promise<Loop> =>
  (await deps.loops.get_loop({ loop_id, tasks_limit: 1 }, call())).loop

/** Moves a loop; also where the order changed meanwhile, if the person sees nothing of that change. */
export const moveLoop = async (
  { deps, call }: Board,
  move: Readonly<{ loop_id: string; priority: number; expected_version?: number }>,
) => {
  const first = await attempt(() => deps.loops.set_loop_priority(move, call()))
  if (first.ok) return first
  const { code, extras } = first.fault.error
  const expected_version = code === 'version_conflict' && versionUnseen(extras.details)
  if (typeof expected_version !== 'number') return first
  return attempt(() => deps.loops.set_loop_priority({ ...move, expected_version }, call()))
}

const movedNote = (words: QueueWords, name: string, before: number, after: number): string => {
  if (before === after) return words.say('unmoved', { name })
  if (after === 0) return words.say('now_first', { name })
  return counted(words, after < before ? 'moved_up' : 'moved_down', Math.abs(after - before), name)
}

const move =
  (show: ShowAgain) =>
  async (board: Board): Promise<Response> => {
    const { c } = board
    const words = wordsFor(board)
    const loop_id = checkInput(Id, c.req.param('id'))
    const page = pageOf(c.req.query('page'))
    const form = await formOf(board)
    const refuse = (fault: Fault): Promise<Response> =>
      show(board, { page, fault: () => queueFault('order', fault), sending: formActionOf(fault) })
    const asked = await attempt(async () => ({ target: targetIn(form), loop: await loopOf(board, loop_id) }))
    if (!asked.ok) return refuse(asked.fault)
    const { target, loop } = asked.value
    const { name, priority } = loop
    const before = priority ?? 0
    const moved = await moveLoop(board, { loop_id, priority: positionOf(target, before), ...versionIn(form) })
    if (!moved.ok) {
      if (moved.fault.error.code !== 'version_conflict') return refuse(moved.fault)
      const fault = (version: number): QueueFault => ({
        of: 'order',
        sentence: words.say('order_changed', { name }),
        isEnglish: false,
        again: moveAgain(words, { loop_id, target, version, page }),
      })
      return show(board, { page, fault, sending: formActionOf(moved.fault) })
    }
    const { changed, version, priority: after } = moved.value
    const undo = { kind: 'position', loop_id, position: before, version } as const
    return leaveBoard(board, pathOfPage(page), {
      message: movedNote(words, name, before, after),
      path: `/loops/${loop_id}`,
      undo: changed ? [undo] : undefined,
    })
  }

/** Puts a loop on hold, or brings it back into the queue. */
const setStatus =
  (show: ShowAgain, status: 'on_hold' | 'active') =>
  async (board: Board): Promise<Response> => {
    const { c, deps, call } = board
    const words = wordsFor(board)
    const page = pageOf(c.req.query('page'))
    const form = await formOf(board)
    const change = { loop_id: form.get('loop_id') ?? '', ...versionIn(form) }
    const done = await attempt(() =>
      status === 'on_hold' ? deps.loops.close_loop(change, call()) : deps.loops.reopen_loop(change, call()),
    )
    if (!done.ok) {
      const isConflict = done.fault.error.code === 'version_conflict'
      const read = isConflict ? await attempt(() => loopOf(board, change.loop_id)) : undefined
      const fault = (): QueueFault =>
        read?.ok
          ? {
              of: 'status',
              sentence: words.say('loop_changed', { name: read.value.name }),
              isEnglish: false,
              again: changeAgain(words, { loop: read.value, status, page }),
            }
          : queueFault('status', done.fault)
      return show(board, { page, fault, sending: formActionOf(done.fault) })
    }
    const { loop, changed } = done.value
    const note = status === 'on_hold' ? 'held' : 'reopened'
    return leaveBoard(board, pathOfPage(page), {
      message: words.say(changed ? note : 'unchanged', { name: loop.name }),
      path: `/loops/${loop.id}`,
      undo: changed
        ? [
            {
              kind: 'loop_status',
              loop_id: loop.id,
              status: status === 'on_hold' ? 'active' : 'on_hold',
              version: loop.version,
            },
          ]
        : undefined,
    })
  }

const makeLoop =
  (show: ShowAgain) =>
  async (board: Board): Promise<Response> => {
    const { deps, call } = board
    const form = await formOf(board)
    const once = onceIn(form)
    const typed = { name: form.get('name') ?? '', visibility: form.get('visibility') ?? 'public' }
    const made = await attempt(() =>
      doOnce(board, once, (idempotency_key) =>
        deps.loops.create_loop(
          { name: typed.name, visibility: checkInput(Visibility, typed.visibility), idempotency_key },
          call(),
        ),
      ),
    )
    if (!made.ok) {
      const fault = (): QueueFault => queueFault('loop', made.fault)
      return show(board, { typed: { ...typed, once }, fault, sending: formActionOf(made.fault) })
    }
    const { id, name } = made.value.loop
    return leaveBoard(board, '/', {
      message: wordsFor(board).say('loop_made', { name }),
      path: `/loops/${id}`,
    })
  }

/** Files a task: from the queue in no loop, from the page of a loop in that one. */
const makeTask =
  (show: ShowAgain) =>
  async (board: Board): Promise<Response> => {
    const { deps, call } = board
    const form = await formOf(board)
    const once = onceIn(form)
    const loop_id = form.get('loop_id') || undefined
    const body = (form.get('body') ?? '').replaceAll('\r\n', '\n')
    const typed = { title: form.get('title') ?? '', body, once }
    const made = await attempt(() =>
      doOnce(board, once, (idempotency_key) =>
        deps.tasks.create_task(
          { title: typed.title, body, idempotency_key, ...(loop_id ? { loop_id } : {}) },
          call(),
        ),
      ),
    )
    if (!made.ok) {
      const { fault } = made
      if (loop_id !== undefined) return showNoTask(board, checkInput(Id, loop_id), { fault, typed })
      return show(board, { typed, fault: () => queueFault('task', fault), sending: formActionOf(fault) })
    }
    const { id, title } = made.value.task
    return leaveBoard(board, loop_id === undefined ? '/' : `/loops/${loop_id}`, {
      message: wordsFor(board).say('task_filed', { title }),
      path: `/tasks/${id}`,
    })
  }

/** The handlers of the forms by their paths. A path or a hidden field has the id of the loop that it is about. */
export const queueForms = (
  show: ShowAgain,
): Readonly<Record<string, (board: Board) => Promise<Response>>> => ({
  '/loops': makeLoop(show),
  '/loops/:id/move': move(show),
  '/queue/hold': setStatus(show, 'on_hold'),
  '/queue/reopen': setStatus(show, 'active'),
  '/tasks': makeTask(show),
})
