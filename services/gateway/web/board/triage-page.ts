// The triage page: decides about open tasks, one at a time or many at once. The tasks service decides what may be done.
import type { Hono } from 'hono'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Sending } from '../layout.ts'
import { FRAME } from '../messages/frame.ts'
import { TRIAGE } from '../messages/triage.ts'
import { attempt, type Fault, formActionOf } from '../posted-forms.ts'
import { type Board, type BoardDeps, boardRoute, formOf, leaveBoard, showBoard } from './board.ts'
import type { TaskPage, TaskProblem } from './task-changes.ts'
import { taskWords } from './task-forms.ts'
import type { ShownTask, Triage } from './triage-pieces.ts'
import {
  afterChange,
  type ManyChange,
  manySentences,
  readManyChange,
  readQuery,
  selectedId,
  type TriageQuery,
  triagePath,
  undoOfMany,
} from './triage-rules.ts'
import { triageView } from './triage-view.ts'

/** Open tasks of one page. */
const ROWS = 50
/** Loops that tasks can be moved into from here. */
const LOOPS = LIMITS.page
/** Questions that are shown at once; those answered make room for the next. */
const QUESTIONS = 6

/** The task that is shown beside the list; undefined: it is gone, or never was. */
const shownTask = async (board: Board, task_id: string | undefined): Promise<ShownTask | undefined> => {
  if (task_id === undefined) return undefined
  const found = await attempt(() => board.deps.tasks.get_task({ task_id }, board.call()))
  if (!found.ok && found.fault.error.code !== 'not_found') throw found.fault.error
  return found.ok ? found.value : undefined
}

const openTasks = async ({ deps, call }: Board, { cursor }: TriageQuery) =>
  deps.tasks.list_tasks({ status: 'open', scope: 'all', limit: ROWS, ...(cursor ? { cursor } : {}) }, call())

/** The newest questions that nobody has answered. */
const openQuestions = async (board: Board): Promise<Triage['questions']> => {
  const visible_private_loop_ids = await board.privateLoops()
  const { questions } = await board.deps.tasks.list_open_questions(
    { visible_private_loop_ids, limit: QUESTIONS },
    board.call(),
  )
  return questions
}

type Problems = Pick<Triage, 'problem' | 'many_problem'>

/** Reads what the page shows. */
const readTriage = async (board: Board, query: TriageQuery, problems: Problems): Promise<Triage> => {
  const { deps, call, language, reading, now, may_write, may_approve } = board
  const listed = openTasks(board, query)
  const shown = query.task
    ? shownTask(board, query.task)
    : listed.then(({ tasks }) => shownTask(board, selectedId(tasks, query)))
  const [{ tasks, total, next_cursor }, beside, asked, queue, loopless] = await Promise.all([
    listed,
    shown,
    openQuestions(board),
    deps.loops.get_loop_queue({ limit: LOOPS }, call()),
    shownTask(board, query.approved),
  ])
  const frame = wordsOf(FRAME, language)
  return {
    query,
    words: wordsOf(TRIAGE, language),
    forms: {
      ...taskWords(language),
      reading,
      may_approve,
      from: triagePath({ task: beside?.task.id, cursor: query.cursor }),
      loops: queue.loops,
      more_loops: queue.next_cursor !== null,
    },
    now,
    may_write,
    tasks,
    total,
    next_cursor,
    shown: beside,
    questions: asked,
    loopless: loopless?.task.status === 'approved' && loopless.loop === null ? loopless.task : undefined,
    once: deps.ids.next(),
    frame: { next_page: frame.word('next_page'), first_page: frame.word('first_page') },
    ...problems,
  }
}

const showTriage = async (
  board: Board,
  query: TriageQuery,
  problems: Problems = {},
  sending: Sending = {},
): Promise<Response> => {
  const triage = await readTriage(board, query, problems)
  const isBehindTheEnd = triage.tasks.length === 0 && query.cursor !== undefined
  if (isBehindTheEnd && sending.status === undefined) return leaveBoard(board, triagePath({}))
  const title = triage.words.word('title')
  return showBoard(board, { title, place: 'triage', live: 'workspace', body: triageView(triage) }, sending)
}

/** After a refused change: the task as it is now, or where somebody has decided about it, the one behind it. */
const showProblem = async (board: Board, from: URL, problem: TaskProblem): Promise<Response> => {
  const { cursor, list, task } = readQuery(from.searchParams)
  const { task_id, is_conflict, typed } = problem
  const isWriting = Object.keys(typed).length > 0
  const now = await shownTask(board, task_id)
  const goesOn = is_conflict && !isWriting && now?.task.status !== 'open' && (task ?? task_id) === task_id
  const query = goesOn ? { after: task_id, cursor, list } : { task: isWriting ? task_id : task, cursor, list }
  return showTriage(board, query, { problem }, formActionOf(problem.fault))
}

/** The page, for the forms of single tasks that are on it. */
export const TRIAGE_PAGE: TaskPage = { has: (path) => path === '/triage', showProblem, next: afterChange }

const manyFault = (board: Board, from: URL, sentence: string, fault: Fault, is_english: boolean) =>
  showTriage(
    board,
    readQuery(from.searchParams),
    { many_problem: { sentence, is_english } },
    formActionOf(fault),
  )

/** What is wrong with a form of many before anything is asked of the tasks service; undefined: nothing. */
const missingIn = (change: ManyChange | 'partly') =>
  change === 'partly'
    ? 'select_again'
    : change.task_ids.length === 0
      ? 'none_selected'
      : Object.keys(change.update).length === 0
        ? 'nothing_chosen'
        : undefined

const changeMany = async (board: Board): Promise<Response> => {
  const { deps, call, language } = board
  const words = wordsOf(TRIAGE, language)
  const form = await formOf(board)
  const from = URL.parse(form.get('from') ?? '', deps.public_url) ?? new URL('/triage', deps.public_url)
  const done = await attempt(async () => {
    const change = readManyChange(form)
    const missing = missingIn(change)
    if (missing !== undefined || change === 'partly')
      throw new AppError('invalid_argument', words.word(missing ?? 'select_again'), {
        details: { own: true },
      })
    const { task_ids, update, seen } = change
    const expected_versions = seen?.map(({ version }) => version)
    const answer = await deps.tasks.bulk_update_tasks(
      { task_ids: [...task_ids], ...update, ...(expected_versions ? { expected_versions } : {}) },
      call(),
    )
    return { change, answer }
  })
  if (!done.ok)
    return manyFault(
      board,
      from,
      done.fault.sentence,
      done.fault,
      done.fault.error.extras.details?.own !== true,
    )
  const { change, answer } = done.value
  const sentences = manySentences(change, answer.results)
  const message = sentences.map(({ key, count }) => words.plural(key, count)).join(' ')
  const { task, cursor, list } = readQuery(from.searchParams)
  const isGone = task !== undefined && change.update.status !== undefined && change.task_ids.includes(task)
  const path = triagePath(isGone ? { after: task, cursor, list } : { task, cursor, list })
  return leaveBoard(board, path, { message, undo: undoOfMany(change, answer.results) })
}

/** `/triage`: the page, and the form for many tasks. */
export const triageRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get(
    '/triage',
    boardRoute(board, (one) => showTriage(one, readQuery(new URL(one.c.req.url).searchParams))),
  )
  routes.post('/triage', boardRoute(board, changeMany))
}
