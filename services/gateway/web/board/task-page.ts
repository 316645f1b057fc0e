// The page of one task, and those of its forms that no other page has.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, LIMITS } from '../../../../shared/contracts/define/common.ts'
import { AppError, notFound } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Task, TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Done, Undo } from '../done.ts'
import { TASK } from '../messages/task.ts'
import { attempt, type Fault, formActionOf } from '../posted-forms.ts'
import { type Board, type BoardDeps, boardRoute, formOf, leaveBoard, showBoard } from './board.ts'
import { commentsCursor } from './comment-pages.ts'
import type { TaskPage, TaskProblem } from './task-changes.ts'
import { loadTask, type TaskAsked } from './task-facts.ts'
import { deletionView, taskView } from './task-view.ts'

/** The id that a path names. What is no id names a task that does not exist. */
const idOf = ({ c }: Board): string => {
  const id = c.req.param('id') ?? ''
  const { data } = Id.safeParse(id)
  if (data === undefined) throw notFound('task', id)
  return data
}

/** The same answer for a task that does not exist and one that is not seen. */
const missing = (board: Board): Promise<Response> => {
  const words = wordsOf(TASK, board.language)
  const title = words.word('missing')
  const body = html`<div class="empty"><h1>${title}</h1><p>${words.word('missing_text')}</p>
      <p><a class="button" href="/">${words.word('to_queue')}</a></p></div>`
  return showBoard(board, { title, body }, { status: 404 })
}

/** Does something with a task, or says that there is none. */
const orMissing = async (board: Board, work: () => Promise<Response>): Promise<Response> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return await missing(board)
    throw error
  }
}

/** What was wrong with a form, in the language of the page or in English. */
type Wrong = Readonly<{ sentence: string; is_english: boolean; fault: TaskProblem['fault'] }>

const show = async (board: Board, task_id: string, asked: TaskAsked, wrong?: Wrong): Promise<Response> => {
  const { shown, reader } = await loadTask(board, task_id, asked)
  const note = wrong
    ? html`<p class="note bad" role="alert" id="wrong" ${wrong.is_english ? html`lang="en" dir="ltr"` : ''}>${wrong.sentence}</p>`
    : ''
  return showBoard(
    board,
    { title: shown.task.title, live: { task_id }, body: html`${note}${taskView(shown, reader)}` },
    formActionOf(wrong?.fault),
  )
}

const showTask = (board: Board): Promise<Response> =>
  orMissing(board, async () => {
    const task_id = idOf(board)
    const { deps, call, c } = board
    const comments_cursor = await commentsCursor(board, (cursor) =>
      deps.tasks.get_task({ task_id, comments_cursor: cursor }, call()),
    )
    return show(board, task_id, { comments_cursor, query: c.req.query('q') })
  })

/** Shows the page of a task again, with what was wrong with one of its forms and what was typed. */
const showProblem: TaskPage['showProblem'] = (board, from, problem) => {
  const { task_id, typed, is_conflict, sentence, is_english, fault } = problem
  const comments_cursor = from.searchParams.get('comments') ?? undefined
  return orMissing(board, () =>
    show(board, task_id, { comments_cursor, typed, conflict: is_conflict }, { sentence, is_english, fault }),
  )
}

/** The page, for forms of tasks that were sent from it. */
export const TASK_PAGE: TaskPage = { has: (path) => path.startsWith('/tasks/'), showProblem }

/** The refusal of a form that was made from an earlier version of the task. */
const requireVersion = (task: Task, form: URLSearchParams): void => {
  const expected = form.get('expected_version')
  if (expected === null || expected === String(task.version)) return
  throw new AppError('version_conflict', 'This task was changed meanwhile.', {
    details: { current: task.version },
  })
}

type Words = ReturnType<typeof wordsOf<(typeof TASK)['en']>>
type Doing = Readonly<{ board: Board; task: Task; form: URLSearchParams; words: Words }>
type Refused = Omit<Doing, 'task'> & Readonly<{ task_id: string }>

/** Shows the page again, with why one of its forms was not carried out. @throws the fault where there is no such task. */
const showRefused = ({ board, task_id, form, words }: Refused, fault: Fault): Promise<Response> => {
  if (fault.error.code === 'not_found') throw fault.error
  const isConflict = fault.error.code === 'version_conflict'
  const sentence = isConflict ? words.word('look_again') : fault.sentence
  const labels = form.get('labels')
  const typed = labels === null ? {} : { labels }
  return show(board, task_id, { typed }, { sentence, is_english: !isConflict, fault })
}

/** A form of this page: does what it asks for and goes on to `next`, or shows what was wrong. */
const formRoute =
  (
    work: (doing: Doing) => Promise<Done>,
    next: (doing: Omit<Doing, 'words'>) => string = ({ task }) => `/tasks/${task.id}`,
  ) =>
  (board: Board): Promise<Response> =>
    orMissing(board, async () => {
      const { deps, call, language } = board
      const task_id = idOf(board)
      const form = await formOf(board)
      const words = wordsOf(TASK, language)
      const done = await attempt(async () => {
        const { task } = await deps.tasks.get_task({ task_id }, call())
        requireVersion(task, form)
        return { task, ...(await work({ board, task, form, words })) }
      })
      if (!done.ok) return await showRefused({ board, task_id, form, words }, done.fault)
      const { task, ...said } = done.value
      return leaveBoard(board, next({ board, task, form }), said)
    })

/** Back to the page of the agents, where the form was sent from it. */
const backToAgents: Parameters<typeof formRoute>[1] = ({ task, form }) =>
  form.get('from') === '/agents' ? '/agents' : `/tasks/${task.id}`

/** @throws the refusal of the one item that was asked for. */
const requireOk = (
  results: readonly Readonly<{
    ok: boolean
    error?: { message: string; hint?: string | undefined } | undefined
  }>[],
): void => {
  const refused = results.find(({ ok }) => !ok)?.error
  if (refused) throw new AppError('forbidden', refused.message, refused.hint ? { hint: refused.hint } : {})
}

/**
 * Takes a task over, or gives it back. In the browser somebody holds a task by themselves, not as one of their apps: to give
 * back what an app or somebody else holds, they take it over first, for which the service asks whether they may.
 */
const claim = formRoute(async ({ board, task, form, words }) => {
  const { deps, call } = board
  if (task.held_by === undefined) return { message: words.word('gone') }
  const task_id = task.id
  await deps.tasks.claim_task({ task_id, take_over: true }, call())
  if (!form.has('release')) return { message: words.word('taken') }
  requireOk((await deps.tasks.release_claims({ task_ids: [task_id] }, call())).released)
  return { message: words.word('released') }
}, backToAgents)

/** What takes a change of a task back; undefined where nothing was changed. */
const undoTo = (
  before: Task,
  { version }: TaskRow,
  back: Extract<Undo, { kind: 'tasks' }>['back'],
): readonly Undo[] | undefined =>
  version === before.version ? undefined : [{ kind: 'tasks', tasks: [[before.id, version]], back }]

const blockers = formRoute(async ({ board, task: before, form, words }) => {
  const { deps, call } = board
  const [add, remove] = [form.get('add_blocker'), form.get('remove_blocker')]
  const chosen = [checkInput(Id, add ?? remove)]
  const [blocked_by, back] =
    add === null ? [{ remove: chosen }, { add: chosen }] : [{ add: chosen }, { remove: chosen }]
  const change = { task_id: before.id, expected_version: before.version, blocked_by }
  const { task } = await deps.tasks.update_task(change, call())
  const undo = undoTo(before, task, { blocked_by: back })
  if (add === null) return { message: words.word('removed_blocker'), undo }
  const { task: other } = await deps.tasks.get_task({ task_id: add }, call())
  return { message: words.say('added_blocker', { title: other.title }), undo }
})

const labels = formRoute(async ({ board, task: before, form, words }) => {
  const typed = (form.get('labels') ?? '').split(/[,،\n]/u)
  const wanted = [...new Set(typed.map((label) => label.trim()).filter(Boolean))].slice(
    0,
    LIMITS.task_labels + 1,
  )
  const change = { task_id: before.id, expected_version: before.version, labels: wanted }
  const { task } = await board.deps.tasks.update_task(change, board.call())
  return {
    message: words.word('labels_saved'),
    undo: undoTo(before, task, { labels: before.labels ?? [] }),
  }
})

const askDeletion = (board: Board): Promise<Response> =>
  orMissing(board, async () => {
    const { deps, call, language, may_write } = board
    const { task } = await deps.tasks.get_task({ task_id: idOf(board) }, call())
    if (!may_write) return leaveBoard(board, `/tasks/${task.id}`)
    return showBoard(board, {
      title: task.title,
      live: { task_id: task.id },
      body: deletionView(task, language),
    })
  })

const remove = formRoute(
  async ({ board: { deps, call }, task, words }) => {
    await deps.tasks.delete_task({ task_id: task.id, expected_version: task.version }, call())
    return { message: words.word('deleted') }
  },
  ({ task }) => (task.loop_id ? `/loops/${task.loop_id}` : '/triage'),
)

/** `/tasks/:id` and its forms, but for those of task-changes.ts. */
export const taskRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/tasks/:id', boardRoute(board, showTask))
  routes.post('/tasks/:id/claim', boardRoute(board, claim))
  routes.post('/tasks/:id/blockers', boardRoute(board, blockers))
  routes.post('/tasks/:id/labels', boardRoute(board, labels))
  routes.get('/tasks/:id/delete', boardRoute(board, askDeletion))
  routes.post('/tasks/:id/delete', boardRoute(board, remove))
}
