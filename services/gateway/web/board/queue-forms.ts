// What the forms of the queue page do: move a loop, put one on hold or bring it back, make a loop or a task.
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, LIMITS, Visibility } from '../../../../shared/contracts/define/common.ts'
import { AppError, textOf } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { Sending } from '../layout.ts'
import { QUEUE } from '../messages/queue.ts'
import { fieldsOf, formActionOf } from '../posted-forms.ts'
import { type Board, leaveBoard } from './board.ts'
import { changeAgain, moveAgain, type QueueFault, type Typed } from './queue-forms-view.ts'
import { pageOf, pathOfPage, positionOf, targetOf, versionUnseen } from './queue-rules.ts'
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

/** Most bytes of the form of a task: when posted, each byte of its body may take three characters. */
const TASK_BYTES = 4 * LIMITS.body_bytes

type Tried<T> = Readonly<{ ok: true; value: T } | { ok: false; error: AppError }>

/** Runs what a form asks for; whatever refuses it is shown on the page, with what was typed. */
const tried = async <T>(work: () => Promise<T>): Promise<Tried<T>> => {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'internal') throw error
    return { ok: false, error }
  }
}

const faultOf = (of: QueueFault['of'], error: AppError): QueueFault => ({
  of,
  sentence: textOf(error),
  isEnglish: true,
})

const sendingOf = (error: AppError): Sending => formActionOf({ sentence: '', field: undefined, error })

const wordsFor = ({ language }: Board): QueueWords => wordsOf(QUEUE, language)

/** The version that a form was made from; a service refuses what is no version. */
const versionIn = (form: URLSearchParams) => {
  const version = form.get('expected_version')
  return version ? { expected_version: Number(version) } : {}
}

const loopOf = async ({ deps, call }: Board, loop_id: string): Promise<Loop> =>
  (await deps.loops.get_loop({ loop_id, tasks_limit: 1 }, call())).loop

/** Moves a loop; also where the order changed meanwhile, if the person sees nothing of that change. */
const moveLoop = async (
  { deps, call }: Board,
  move: Readonly<{ loop_id: string; priority: number; expected_version?: number }>,
) => {
  const first = await tried(() => deps.loops.set_loop_priority(move, call()))
  if (first.ok) return first
  const expected_version =
    first.error.code === 'version_conflict' && versionUnseen(first.error.extras.details)
  if (typeof expected_version !== 'number') return first
  return tried(() => deps.loops.set_loop_priority({ ...move, expected_version }, call()))
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
    const form = await fieldsOf(c)
    const target = targetOf(form)
    const refuse = (error: AppError): Promise<Response> =>
      show(board, { page, fault: () => faultOf('order', error), sending: sendingOf(error) })
    if (!target)
      return refuse(
        new AppError(
          'invalid_argument',
          'Say where to move it: a position from 0, or up, down, top or bottom.',
        ),
      )
    const read = await tried(() => loopOf(board, loop_id))
    if (!read.ok) return refuse(read.error)
    const { name, priority } = read.value
    const before = priority ?? 0
    const moved = await moveLoop(board, { loop_id, priority: positionOf(target, before), ...versionIn(form) })
    if (!moved.ok) {
      if (moved.error.code !== 'version_conflict') return refuse(moved.error)
      const fault = (version: number): QueueFault => ({
        of: 'order',
        sentence: words.say('order_changed', { name }),
        isEnglish: false,
        again: moveAgain(words, { loop_id, target, version, page }),
      })
      return show(board, { page, fault, sending: sendingOf(moved.error) })
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
    const form = await fieldsOf(c)
    const change = { loop_id: form.get('loop_id') ?? '', ...versionIn(form) }
    const done = await tried(() =>
      status === 'on_hold' ? deps.loops.close_loop(change, call()) : deps.loops.reopen_loop(change, call()),
    )
    if (!done.ok) {
      const { error } = done
      const read =
        error.code === 'version_conflict' ? await tried(() => loopOf(board, change.loop_id)) : undefined
      const fault = (): QueueFault =>
        read?.ok
          ? {
              of: 'status',
              sentence: words.say('loop_changed', { name: read.value.name }),
              isEnglish: false,
              again: changeAgain(words, { loop: read.value, status, page }),
            }
          : faultOf('status', error)
      return show(board, { page, fault, sending: sendingOf(error) })
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

/**
 * Makes something once, however often its form is sent. Somebody who went back, wrote something else and sent the form again
 * means a new one.
 */
const makeOnce = async <T>(
  board: Board,
  form: URLSearchParams,
  make: (idempotency_key: string) => Promise<T>,
): Promise<Tried<T>> => {
  const first = await tried(() => make(form.get('key') || board.deps.ids.next()))
  if (first.ok || first.error.code !== 'idempotency_conflict') return first
  return tried(() => make(board.deps.ids.next()))
}

const makeLoop =
  (show: ShowAgain) =>
  async (board: Board): Promise<Response> => {
    const { c, deps, call } = board
    const form = await fieldsOf(c)
    const typed = { name: form.get('name') ?? '', visibility: form.get('visibility') ?? 'public' }
    const made = await makeOnce(board, form, (idempotency_key) =>
      deps.loops.create_loop(
        { name: typed.name, visibility: checkInput(Visibility, typed.visibility), idempotency_key },
        call(),
      ),
    )
    if (!made.ok) {
      const { error } = made
      return show(board, { typed, fault: () => faultOf('loop', error), sending: sendingOf(error) })
    }
    const { id, name } = made.value.loop
    return leaveBoard(board, '/', {
      message: wordsFor(board).say('loop_made', { name }),
      path: `/loops/${id}`,
    })
  }

const makeTask =
  (show: ShowAgain) =>
  async (board: Board): Promise<Response> => {
    const { c, deps, call } = board
    const form = await fieldsOf(c, TASK_BYTES)
    const body = (form.get('body') ?? '').replaceAll('\r\n', '\n')
    const typed = { title: form.get('title') ?? '', body }
    const made = await makeOnce(board, form, (idempotency_key) =>
      deps.tasks.create_task({ ...typed, idempotency_key }, call()),
    )
    if (!made.ok) {
      const { error } = made
      return show(board, { typed, fault: () => faultOf('task', error), sending: sendingOf(error) })
    }
    const { id, title } = made.value.task
    return leaveBoard(board, '/', {
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
