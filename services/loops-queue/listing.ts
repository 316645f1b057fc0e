// Reading loops: list_loops in its three sections, and get_loop with its tasks and comments.
import type { MemberCall } from '../../shared/contract.ts'
import { LOOP_STATUSES, type LoopStatus } from '../../shared/contracts/common.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES, jsonBytes } from '../../shared/page-bytes.ts'
import { type Place, readCursor, resumeAt, writeCursor } from './cursor.ts'
import type { Deps, Some } from './deps.ts'
import { shortened, viewLoop } from './loop.ts'
import { priorityIn, type Seen } from './order.ts'
import { viewPage } from './rows.ts'
import type { LoopRowDoc } from './store.ts'

/** Of the answer with a loop's tasks and comments: what the loop itself may have (bytes), and the tasks' part of the rest. */
const LOOP_BYTES = 72_000
const TASKS_SHARE = 0.7

/** Rows of the order from a place on; loops that have just left it are made up for by those behind. */
const readActive = async (
  { loops }: Deps,
  ws: string,
  order: readonly string[],
  limit: number,
): Promise<LoopRowDoc[]> => {
  const rows: LoopRowDoc[] = []
  for (let at = 0; at < order.length && rows.length < limit; at += limit)
    rows.push(...(await loops.listRows(ws, order.slice(at, at + limit))))
  return rows.slice(0, limit)
}

/** Rows of one section of the list, behind the place where the page before ended. */
const readSection = async (
  deps: Deps,
  call: MemberCall,
  section: LoopStatus,
  { visible }: Seen,
  behind: Place | undefined,
  limit: number,
): Promise<LoopRowDoc[]> => {
  if (section !== 'active')
    return await deps.loops.listByStatus(
      call.caller,
      section,
      behind?.in === section ? behind.key : undefined,
      limit,
    )
  const start = resumeAt(visible, behind?.in === 'active' ? behind : undefined)
  return await readActive(deps, call.caller.workspace_id, visible.slice(start), limit)
}

const placeOf = (row: LoopRowDoc, { visible }: Seen): Place =>
  row.status === 'active'
    ? { in: 'active', id: row._id, place: visible.indexOf(row._id) }
    : { in: row.status, key: row.status_key }

/** The handlers that read loops. */
export const listing = (deps: Deps): Some<'list_loops' | 'get_loop'> => ({
  list_loops: async ({ status, limit, cursor }, call) => {
    const behind = readCursor(cursor, status)
    const sections = status === undefined ? LOOP_STATUSES : [status]
    const [seen, on_hold, shipped] = await Promise.all([
      deps.queues.read(call),
      sections.includes('on_hold') ? deps.loops.count(call.caller, 'on_hold') : 0,
      sections.includes('shipped') ? deps.loops.count(call.caller, 'shipped') : 0,
    ])
    const rows: LoopRowDoc[] = []
    for (const section of sections.slice(behind ? sections.indexOf(behind.in) : 0)) {
      rows.push(...(await readSection(deps, call, section, seen, behind, limit + 1 - rows.length)))
      if (rows.length > limit) break
    }
    const loops = await viewPage(deps, call, rows.slice(0, limit), seen.visible)
    const last = rows[loops.length - 1]
    return {
      loops,
      total: (sections.includes('active') ? seen.visible.length : 0) + on_hold + shipped,
      next_cursor: last && rows.length > loops.length ? writeCursor(placeOf(last, seen)) : null,
    }
  },

  get_loop: async ({ loop_id, tasks_limit, tasks_cursor, comments_cursor }, call) => {
    const loop = await deps.loops.get(call.caller, loop_id)
    const seen = loop.status === 'active' ? await deps.queues.read(call) : null
    const shown = shortened(viewLoop(loop, seen && priorityIn(seen, loop_id)), LOOP_BYTES)
    const room = ANSWER_BYTES - ENVELOPE_BYTES - jsonBytes(shown)
    const where = { workspace_id: call.caller.workspace_id, loop_id }
    const page = { limit: tasks_limit, cursor: tasks_cursor, max_bytes: Math.floor(room * TASKS_SHARE) }
    const [tasks, comments] = await Promise.all([
      deps.tasks.list_loop_tasks({ ...where, ...page }, call),
      deps.tasks.list_loop_comments(
        { ...where, cursor: comments_cursor, max_bytes: room - page.max_bytes },
        call,
      ),
    ])
    return {
      loop: shown,
      task_counts: tasks.counts,
      tasks: tasks.tasks,
      tasks_total: tasks.total,
      tasks_next_cursor: tasks.next_cursor,
      ...comments,
    }
  },
})
