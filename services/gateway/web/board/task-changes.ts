// Carries out what a form asks of one task, and leads back to the page that it was sent from.
import type { Hono } from 'hono'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, type TaskStatus } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import type { LoopRef, Task, TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { attempt, type Fault } from '../posted-forms.ts'
import { type Board, type BoardDeps, boardRoute, cameFrom, doOnce, formOf, leaveBoard } from './board.ts'
import { changedBy, doneSentence, readTaskChange, type TaskChange, undoOf } from './task-change-rules.ts'
import { type TaskWords, type Typed, taskWords } from './task-forms.ts'

/** The last entries of a task's activity that are searched for who changed its status. */
const LOOKED_AT = 20

/** Why a change was refused, for the page that shows its form again. */
export type TaskProblem = Readonly<{
  task_id: string
  fault: Fault
  /** For the person, in their language, or in English where `is_english`. */
  sentence: string
  is_english: boolean
  /** What they typed. */
  typed: Typed
  /** Whether the task has changed since the page was made. */
  is_conflict: boolean
}>

/** What a change has made of a task. */
export type TaskDone = Readonly<{ task: TaskRow; before: TaskStatus }>

/** A page with forms of tasks. */
export type TaskPage = Readonly<{
  /** Whether a path is its own. */
  has: (path: string) => boolean
  /** Shows it again with what was wrong. */
  showProblem: (board: Board, from: URL, problem: TaskProblem) => Promise<Response>
  /** The path that a change leads on to; absent: back to where the form was. */
  next?: (from: URL, done: TaskDone) => string
}>

const base = 'http://this.server'
/** A path of this server as a URL; undefined for what leads elsewhere. */
const pathOf = (text: string | null): URL | undefined => {
  const url = text?.startsWith('/') ? URL.parse(text, base) : null
  return url?.origin === base ? url : undefined
}

type Before = Readonly<{ task: Task; loop: LoopRef | null }>

/** The refusal of a change to a task that is not any more what the person saw. */
const changedMeanwhile = (now: Task): AppError =>
  new AppError('version_conflict', 'This task was changed meanwhile.', { details: { current: now.version } })

const carryOut = async (
  board: Board,
  before: Before,
  change: TaskChange,
): Promise<
  Readonly<{ task: TaskRow; update: TaskChange['update']; commented: boolean; withdrawn: boolean }>
> => {
  const { deps, call } = board
  const { comment, expected_version = before.task.version } = change
  const task_id = before.task.id
  const update = changedBy(change, before.task)
  const isUpdate = Object.keys(update).length > 0
  const isUntouched = !isUpdate && Object.keys(change.update).length > 0
  if (expected_version !== before.task.version && (isUpdate || isUntouched))
    throw changedMeanwhile(before.task)
  if (comment)
    await doOnce(board, comment.once, (idempotency_key) =>
      deps.tasks.add_comment({ task_id, text: comment.text, idempotency_key }, call()),
    )
  if (!isUpdate) return { task: before.task, update, commented: comment !== undefined, withdrawn: false }
  const { task, approval_withdrawn = false } = await deps.tasks.update_task(
    { task_id, expected_version, ...update },
    call(),
  )
  return { task, update, commented: comment !== undefined, withdrawn: approval_withdrawn }
}

/** The name of who gave a task its present status, unless it was the reader. */
const whoDecided = async (board: Board, task: Task): Promise<string | undefined> => {
  const { deps, call, caller } = board
  const { activity } = await deps.loops.get_activity({ task_id: task.id, limit: LOOKED_AT }, call())
  const by = activity.find(({ changes }) => changes?.some(({ field }) => field === 'status'))?.by
  return by?.user_id === caller.user_id ? undefined : by?.name
}

/** What to say of a task that is not any more what the person saw. */
const conflictSentence = async (
  board: Board,
  task_id: string,
  form: URLSearchParams,
): Promise<string | undefined> => {
  const seen = form.get('seen_status')
  const isText = form.has('title') || form.has('body')
  const { words, statuses } = taskWords(board.language)
  try {
    const { task } = await board.deps.tasks.get_task({ task_id }, board.call())
    const { title, status } = task
    if (seen === null || seen === status)
      return isText ? words.word('edit_conflict') : words.say('look_again', { title })
    const name = await whoDecided(board, task)
    const places = { title, status: statuses.word(status) }
    return name ? words.say('somebody_was_quicker', { ...places, name }) : words.say('already', places)
  } catch {
    // It is gone, or cannot be looked at now: the refusal itself says what is known.
    return undefined
  }
}

const problemOf = async (
  board: Board,
  task_id: string,
  form: URLSearchParams,
  fault: Fault,
): Promise<TaskProblem> => {
  const is_conflict = fault.error.code === 'version_conflict'
  const own = is_conflict ? await conflictSentence(board, task_id, form) : undefined
  const typed = Object.fromEntries(
    ['title', 'body', 'text', 'once'].flatMap((name) => (form.has(name) ? [[name, form.get(name)]] : [])),
  ) as Typed
  return {
    task_id,
    fault,
    sentence: own ?? fault.sentence,
    is_english: own === undefined,
    typed,
    is_conflict,
  }
}

/** The name of the loop that a task is in after a change; undefined where it was not moved into one. */
const loopName = async (
  { deps, call }: Board,
  task: TaskRow,
  { loop_id }: TaskChange['update'],
): Promise<string | undefined> =>
  loop_id ? (await deps.tasks.get_task({ task_id: task.id }, call())).loop?.name : undefined

const changeTask = async (board: Board, pages: readonly TaskPage[]): Promise<Response> => {
  const { c, deps, call, language, reading } = board
  const task_id = checkInput(Id, c.req.param('id'))
  const form = await formOf(board)
  const from = pathOf(form.get('from')) ?? pathOf(cameFrom(board, `/tasks/${task_id}`)) ?? new URL(base)
  const page = pages.find(({ has }) => has(from.pathname)) ?? pages.at(-1)
  const done = await attempt(async () => {
    const change = readTaskChange(form)
    const before = await deps.tasks.get_task({ task_id }, call())
    return { before: before.task, ...(await carryOut(board, before, change)) }
  })
  if (!done.ok) {
    if (!page) throw done.fault.error
    return page.showProblem(board, from, await problemOf(board, task_id, form, done.fault))
  }
  const { before, task, update, commented, withdrawn } = done.value
  const { words }: { words: TaskWords } = taskWords(language)
  const loop = await loopName(board, task, update)
  const { title } = task
  const path = page?.next?.(from, { task, before: before.status }) ?? `${from.pathname}${from.search}`
  return leaveBoard(board, path, {
    message: doneSentence({ title, update, commented, approval_withdrawn: withdrawn, loop }, words, reading),
    undo: undoOf(before, task.version, update),
  })
}

/** `POST /tasks/:id`, for the forms of all these pages; the last is shown where a form came from none of them. */
export const taskChangeRoutes = (
  routes: Hono<GatewayEnv>,
  board: BoardDeps,
  pages: readonly TaskPage[],
): void => {
  routes.post(
    '/tasks/:id',
    boardRoute(board, (one) => changeTask(one, pages)),
  )
}
