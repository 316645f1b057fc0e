// The queue: the loops in order, what is on hold and what shipped. The page that people see first.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { LIMITS, type LoopStatus } from '../../../../shared/contracts/define/common.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { LoopRow } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Html } from '../layout.ts'
import { FRAME } from '../messages/frame.ts'
import { QUEUE } from '../messages/queue.ts'
import { type Board, type BoardDeps, boardRoute, ifAnswered, showBoard } from './board.ts'
import { queueForms, type Refused } from './queue-forms.ts'
import { faultView, newLoop, newTask, type QueueFault, type Typed } from './queue-forms-view.ts'
import { lastPage, pageOf, pathOfPage, SHOWN } from './queue-rules.ts'
import { loopRow, type QueuedLoop, restRow, type Showing, type Work } from './queue-view.ts'
import { dismissTour, tour } from './tour.ts'

/** Loops on hold, and shipped ones, that the page of the queue has in full. */
const FOLDED = 10
/** Members whose initials a private loop is shown with. */
const INITIALS = 5

type Queue = Readonly<{ version: number; total: number; page: number; loops: readonly LoopRow[] }>

/**
 * The loops of a page of the queue as it is now. The cursors of a list follow the order as it was at its first page, which
 * is not what somebody who puts loops in order has to see; so a later page reads what is before it, too.
 */
const readQueue = async (board: Board, page: number): Promise<Queue> => {
  const { deps, call } = board
  const from = (page - 1) * SHOWN
  const rows: LoopRow[] = []
  let first: Pick<Queue, 'version' | 'total'> | undefined
  let cursor: string | null | undefined
  do {
    const limit = Math.min(LIMITS.page, from + SHOWN - rows.length)
    const part = await deps.loops.get_loop_queue({ limit, ...(cursor ? { cursor } : {}) }, call())
    first ??= part
    rows.push(...part.loops)
    cursor = part.next_cursor
    if (from >= first.total) break
  } while (cursor !== null && rows.length < from + SHOWN)
  const { version, total } = first
  // The page is no longer there: the last one instead.
  if (from >= total && page > 1) return readQueue(board, lastPage(total))
  return { version, total, page, loops: rows.slice(from) }
}

/** Who is in the private ones among these loops, by the names of the first few. */
const readMembers = async (
  { deps, call, workspace_id }: Board,
  loops: readonly LoopRow[],
): Promise<ReadonlyMap<string, NonNullable<QueuedLoop['members']>>> => {
  const loop_ids = loops.filter(({ visibility }) => visibility === 'private').map(({ id }) => id)
  if (loop_ids.length === 0) return new Map()
  const { loops: listed } = await deps.loops.list_loops_members({ loop_ids, limit: INITIALS }, call())
  const user_ids = [...new Set(listed.flatMap(({ member_ids }) => member_ids ?? []))]
  const people = await deps.store.people.members(workspace_id, { user_ids, limit: user_ids.length })
  const names = new Map(people.map(({ _id, name }) => [_id, name]))
  return new Map(
    listed.flatMap(({ loop_id, member_ids, members_total }) => {
      if (!member_ids) return []
      const shown = member_ids.flatMap((id) => names.get(id) ?? [])
      return [[loop_id, { names: shown, more: (members_total ?? member_ids.length) - member_ids.length }]]
    }),
  )
}

const readWork = async (
  { deps, call }: Board,
  loops: readonly LoopRow[],
): Promise<ReadonlyMap<string, Work>> => {
  if (loops.length === 0) return new Map()
  const described = await deps.tasks.describe_loops({ loop_ids: loops.map(({ id }) => id) }, call())
  return new Map(described.loops.map(({ loop_id, ...work }) => [loop_id, work]))
}

type Rest = Readonly<{ loops: readonly LoopRow[]; total: number; next_cursor: string | null }>

const readRest = ({ deps, call }: Board, status: LoopStatus, limit: number, cursor?: string): Promise<Rest> =>
  deps.loops.list_loops({ status, limit, ...(cursor ? { cursor } : {}) }, call())

const showingOf = (
  { language, reading, now, may_write }: Board,
  { version, page }: Pick<Queue, 'version' | 'page'>,
): Showing => ({ words: wordsOf(QUEUE, language), reading, now, may_write, version, page })

/** Loops that are not in the queue, folded. */
const folded = (status: 'on_hold' | 'shipped', rest: Rest | null, showing: Showing): Html | '' => {
  const { words } = showing
  if (!rest || rest.total === 0) return ''
  return html`<details class="folded" id="folded-${status}"><summary>${words.word(status)} <span class="pill">${rest.total}</span></summary>
      <ul class="loops card">${rest.loops.map((loop) => restRow(loop, showing))}</ul>
      ${rest.total > rest.loops.length ? html`<p><a href="/?show=${status}">${words.say('see_all', { count: String(rest.total) })}</a></p>` : ''}
    </details>`
}

const pager = (queue: Queue, board: Board): Html | '' => {
  const { page, total, loops } = queue
  if (total <= SHOWN) return ''
  const words = wordsOf(QUEUE, board.language)
  const frame = wordsOf(FRAME, board.language)
  const from = (page - 1) * SHOWN
  return html`<nav class="pager meta" aria-label="${words.word('title')}">
      ${page > 1 ? html`<a href="${pathOfPage(page - 1)}" rel="prev">${words.word('previous_page')}</a>` : ''}
      <span>${words.say('shown', { from: String(from + 1), to: String(from + loops.length), total: String(total) })}</span>
      ${page < lastPage(total) ? html`<a href="${pathOfPage(page + 1)}" rel="next">${frame.word('next_page')}</a>` : ''}
    </nav>`
}

const list = async (board: Board, queue: Queue): Promise<Html> => {
  const [work, members] = await Promise.all([
    ifAnswered(() => readWork(board, queue.loops)),
    ifAnswered(() => readMembers(board, queue.loops)),
  ])
  const showing = showingOf(board, queue)
  const { words } = showing
  if (queue.total === 0)
    return html`<section class="card empty"><h2>${words.word('empty')}</h2>
        <p>${words.word(board.may_write ? 'empty_text' : 'empty_view')}</p></section>`
  return html`<ol class="loops card" aria-label="${words.word('loops')}" start="${(queue.page - 1) * SHOWN + 1}" data-sort="${(queue.page - 1) * SHOWN}">${queue.loops.map(
    (loop) => loopRow({ loop, work: work?.get(loop.id), members: members?.get(loop.id) }, showing),
  )}</ol>${pager(queue, board)}`
}

/** The page of the queue; after a form was refused, with what was wrong and what was typed. */
export const showQueuePage = async (board: Board, refused: Refused = {}): Promise<Response> => {
  const { c, deps, language, may_write } = board
  const words = wordsOf(QUEUE, language)
  const page = refused.page ?? pageOf(c.req.query('page'))
  const [queue, held, shipped] = await Promise.all([
    ifAnswered(() => readQueue(board, page)),
    ifAnswered(() => readRest(board, 'on_hold', FOLDED)),
    ifAnswered(() => readRest(board, 'shipped', FOLDED)),
  ])
  const firstSteps = shipped?.total === 0 ? await tour(board) : ''
  const showing = showingOf(board, queue ?? { version: 0, page })
  const fault = refused.fault?.(showing.version)
  // The form that was refused keeps the name of its request; the other one has a name of its own.
  const typed = (of: QueueFault['of']): Typed => ({
    once: deps.ids.next(),
    ...(fault?.of === of ? refused.typed : {}),
  })
  const forms = may_write
    ? html`${newTask(words, typed('task'), fault)}${newLoop(words, typed('loop'), fault)}`
    : html`${faultView(fault, 'loop')}${faultView(fault, 'task')}`
  const body = html`<div class="head queue"><h1>${words.word('title')}</h1>${forms}</div>
    ${firstSteps}
    ${faultView(fault, 'order')}${faultView(fault, 'status')}
    ${queue ? await list(board, queue) : html`<p class="note warn">${words.word('away')}</p>`}
    ${folded('on_hold', held, showing)}
    ${folded('shipped', shipped, showing)}`
  return showBoard(
    board,
    { title: words.word('title'), place: 'queue', live: 'workspace', body },
    refused.sending,
  )
}

/** `/?show=on_hold` and `/?show=shipped`: all loops of that status, the newest first. */
const showRest = async (board: Board, status: 'on_hold' | 'shipped'): Promise<Response> => {
  const words = wordsOf(QUEUE, board.language)
  const frame = wordsOf(FRAME, board.language)
  const rest = await ifAnswered(() => readRest(board, status, SHOWN, board.c.req.query('cursor')))
  const showing = showingOf(board, { version: 0, page: 1 })
  const next = rest?.next_cursor && `/?${new URLSearchParams({ show: status, cursor: rest.next_cursor })}`
  const body = html`<div class="head"><h1>${words.word(status)}</h1><a href="/">${words.word('back')}</a></div>
    ${rest ? (rest.total === 0 ? html`<p>${words.word('none')}</p>` : html`<ul class="loops card">${rest.loops.map((loop) => restRow(loop, showing))}</ul>`) : html`<p class="note warn">${words.word('away')}</p>`}
    ${next ? html`<p><a href="${next}">${frame.word('next_page')}</a></p>` : ''}`
  return showBoard(board, { title: words.word(status), place: 'queue', live: 'workspace', body })
}

/** `GET /` of somebody who is signed in. */
export const showQueue = (board: Board): Promise<Response> => {
  const show = board.c.req.query('show')
  return show === 'on_hold' || show === 'shipped' ? showRest(board, show) : showQueuePage(board)
}

/** The forms of the queue page. */
export const queueRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  for (const [path, work] of Object.entries(queueForms(showQueuePage)))
    routes.post(path, boardRoute(board, work))
  routes.post('/tour', boardRoute(board, dismissTour))
}
