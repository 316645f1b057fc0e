// The page of a loop and its forms. The loops-queue and tasks services decide and keep.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, TaskStatus } from '../../../../shared/contracts/define/common.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Html, Sending } from '../layout.ts'
import { LOOP } from '../messages/loop.ts'
import { attempt, type Fault, formActionOf } from '../posted-forms.ts'
import {
  type Board,
  type BoardDeps,
  boardRoute,
  doOnce,
  formOf,
  leaveBoard,
  onceIn,
  showBoard,
} from './board.ts'
import { commentsCursor } from './comment-pages.ts'
import { columnPage, moveForm } from './loop-columns-view.ts'
import { readLoop, readLoopColumn, readToMove } from './loop-facts.ts'
import { type LoopReader, loopBody, type Refused } from './loop-view.ts'
import type { TaskPage } from './task-changes.ts'

const LOOP_PATH = /^\/loops\/([^/]+)$/

/** Who reads a page about a loop. */
export const readerOf = ({ language, reading, now, may_write, may_approve }: Board): LoopReader => ({
  language,
  reading,
  now,
  may_write,
  may_approve,
})

/** Sends the page of a loop, after a refused form with what was wrong and what was typed. */
const showLoop = async (
  board: Board,
  loop_id: string,
  refused?: Refused,
  sending: Sending = {},
): Promise<Response> => {
  const comments_cursor = await commentsCursor(board, (cursor) =>
    board.deps.loops.get_loop({ loop_id, tasks_limit: 1, comments_cursor: cursor }, board.call()),
  )
  const facts = await readLoop(board, loop_id, comments_cursor)
  const { id, name } = facts.loop
  return showBoard(
    board,
    { title: name, place: 'queue', live: { loop_id: id }, body: loopBody(facts, readerOf(board), refused) },
    sending,
  )
}

/** Sends the tasks of one status alone. */
const showColumn = async (board: Board, loop_id: string, status: TaskStatus): Promise<Response> => {
  const { loop, columns } = await readLoopColumn(board, loop_id, status, board.c.req.query('after'))
  const [column] = columns.columns
  const body = html`<h1 dir="auto">${loop.name}</h1>${column ? columnPage(column, columns, readerOf(board)) : ''}`
  return showBoard(board, { title: loop.name, place: 'queue', live: { loop_id }, body })
}

/** Asks which loop a task is moved into. */
const showMove = async (board: Board, loop_id: string, task_id: string): Promise<Response> => {
  const { task, loops } = await readToMove(board, task_id)
  const body = moveForm({ task, loops, loop_id }, readerOf(board))
  return showBoard(board, { title: task.title, place: 'queue', body })
}

const loopIdOf = ({ c }: Board): string => checkInput(Id, c.req.param('id'))

const show = (board: Board): Promise<Response> => {
  const loop_id = loopIdOf(board)
  const [status, move] = [board.c.req.query('status'), board.c.req.query('move')]
  if (move !== undefined) return showMove(board, loop_id, checkInput(Id, move))
  return status === undefined
    ? showLoop(board, loop_id)
    : showColumn(board, loop_id, checkInput(TaskStatus, status))
}

/** What a refused form says. The sentences of the services are English. */
const noteFor = (
  { language }: Board,
  { error, sentence }: Fault,
  conflict: 'conflict' | 'changed_since',
): Html =>
  error.code === 'version_conflict'
    ? html`<p class="note bad" role="alert" id="fault">${wordsOf(LOOP, language).word(conflict)}</p>`
    : html`<p class="note bad" role="alert" id="fault" lang="en" dir="ltr">${sentence}</p>`

const text = (form: URLSearchParams, name: string): string | undefined =>
  form.get(name)?.replaceAll('\r\n', '\n')

/** The version that a form was made from; undefined where it names none. */
export const versionOf = (form: URLSearchParams): { expected_version?: number } => {
  const given = form.get('expected_version')
  return given ? { expected_version: Number(given) } : {}
}

type Posted = (board: Board, loop_id: string, form: URLSearchParams) => Promise<Response>

const changeMembers: Posted = async (board, loop_id, form) => {
  const change = { loop_id, user_id: form.get('user_id') ?? '', member: form.get('member') !== 'false' }
  const done = await attempt(() => board.deps.loops.set_loop_member(change, board.call()))
  const words = wordsOf(LOOP, board.language)
  if (done.ok) {
    const undo = [{ kind: 'member' as const, ...change, member: !change.member }]
    const message = words.word('members_changed')
    return leaveBoard(board, `/loops/${loop_id}`, { message, ...(done.value.changed ? { undo } : {}) })
  }
  const note = noteFor(board, done.fault, 'changed_since')
  return showLoop(board, loop_id, { of: 'members', note }, formActionOf(done.fault))
}

const comment: Posted = async (board, loop_id, form) => {
  const typed = text(form, 'text') ?? ''
  const once = onceIn(form)
  const done = await attempt(() =>
    doOnce(board, once, (idempotency_key) =>
      board.deps.tasks.add_comment({ loop_id, text: typed, idempotency_key }, board.call()),
    ),
  )
  const words = wordsOf(LOOP, board.language)
  if (done.ok) return leaveBoard(board, `/loops/${loop_id}#comments`, { message: words.word('commented') })
  const note = noteFor(board, done.fault, 'changed_since')
  return showLoop(
    board,
    loop_id,
    { of: 'comment', note, typed: { text: typed, once } },
    formActionOf(done.fault),
  )
}

/** Puts a loop on hold or takes it back, each the undoing of the other. */
const changeStatus =
  (to: 'on_hold' | 'active'): Posted =>
  async (board, loop_id, form) => {
    const { deps, call, language } = board
    const change = { loop_id, ...versionOf(form) }
    const done = await attempt(() =>
      to === 'on_hold' ? deps.loops.close_loop(change, call()) : deps.loops.reopen_loop(change, call()),
    )
    if (!done.ok) {
      const note = noteFor(board, done.fault, 'changed_since')
      return showLoop(board, loop_id, { of: 'status', note }, formActionOf(done.fault))
    }
    const { loop, changed } = done.value
    const back = to === 'on_hold' ? ('active' as const) : ('on_hold' as const)
    const message = wordsOf(LOOP, language).say(to === 'on_hold' ? 'held' : 'reopened', { loop: loop.name })
    const undo = [{ kind: 'loop_status' as const, loop_id, status: back, version: loop.version }]
    return leaveBoard(board, `/loops/${loop_id}`, { message, ...(changed ? { undo } : {}) })
  }

const changeTexts: Posted = async (board, loop_id, form) => {
  const [name, description, ai_context] = ['name', 'description', 'ai_context'].map((one) => text(form, one))
  const typed = {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(ai_context === undefined ? {} : { ai_context }),
  }
  const done = await attempt(() =>
    board.deps.loops.update_loop({ loop_id, ...typed, ...versionOf(form) }, board.call()),
  )
  const words = wordsOf(LOOP, board.language)
  if (done.ok) return leaveBoard(board, `/loops/${loop_id}`, { message: words.word('saved') })
  const isConflict = done.fault.error.code === 'version_conflict'
  const note = noteFor(board, done.fault, 'conflict')
  const refused: Refused = { of: 'texts', note, typed, ...(isConflict ? { conflict: true } : {}) }
  return showLoop(board, loop_id, refused, formActionOf(done.fault))
}

const askToShip: Posted = async (board, loop_id) => leaveBoard(board, `/loops/${loop_id}/ship`)

/** The forms of the page, by a field that only each has. */
const FORMS: readonly (readonly [field: string, posted: Posted])[] = [
  ['user_id', changeMembers],
  ['text', comment],
  ['hold', changeStatus('on_hold')],
  ['reopen', changeStatus('active')],
  ['ship', askToShip],
]

const post = async (board: Board): Promise<Response> => {
  const loop_id = loopIdOf(board)
  const form = await formOf(board)
  const posted = FORMS.find(([field]) => form.has(field))?.[1] ?? changeTexts
  return posted(board, loop_id, form)
}

/** Shows the page of the loop in which a task could not be filed. */
export const showNoTask = (
  board: Board,
  loop_id: string,
  { fault, typed }: Readonly<{ fault: Fault; typed: Refused['typed'] }>,
): Promise<Response> =>
  showLoop(
    board,
    loop_id,
    { of: 'task', note: noteFor(board, fault, 'changed_since'), typed },
    formActionOf(fault),
  )

/** The forms of tasks in the columns, which are sent to the tasks themselves. */
export const loopTaskPage: TaskPage = {
  has: (path) => LOOP_PATH.test(path),
  showProblem: (board, { pathname }, { fault, sentence, is_english }) => {
    const note = html`<p class="note bad" role="alert" id="fault" ${is_english ? html`lang="en" dir="ltr"` : ''}>${sentence}</p>`
    const loop_id = checkInput(Id, LOOP_PATH.exec(pathname)?.[1])
    return showLoop(board, loop_id, { of: 'status', note }, formActionOf(fault))
  },
}

/** The page of a loop and its forms. */
export const loopRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/loops/:id', boardRoute(board, show))
  routes.post('/loops/:id', boardRoute(board, post))
}
