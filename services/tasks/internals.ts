// What the loops-queue service asks about the tasks of loops: lists, counts, and where work is ready. It asks only about
// loops that its caller sees, and nobody is asked here.
import { TASK_STATUSES, type TaskStatus } from '../../shared/contracts/define/common.ts'
import { countByStatus, counterOf, countReady, UNASSIGNED, visibleLists } from './counter-rules.ts'
import { readCursor, writeCursor } from './cursor-rules.ts'
import type { Some } from './deps.ts'
import { finishArrivals, type Leaf } from './moves.ts'
import { rowPage, toRow } from './task-view.ts'

/** People that a ship report names. */
const MAX_AUTHORS = 1_000
/** What a ship report calls unfinished. */
const UNFINISHED: readonly TaskStatus[] = TASK_STATUSES.filter(
  (status) => status !== 'shipped' && status !== 'rejected',
)

type Internals = 'list_loop_tasks' | 'count_loops' | 'count_workspace' | 'find_ready' | 'summarize_loop'

/** The internal operations about the tasks of loops. */
export const internalHandlers = (deps: Leaf): Some<Internals> => ({
  list_loop_tasks: async ({ workspace_id: ws, loop_id, limit, cursor, ready_only, max_bytes }) => {
    const after = readCursor('work', cursor)
    const [rows, tallies] = await Promise.all([
      deps.tasks.listWork(ws, loop_id, ready_only ? 'ready' : TASK_STATUSES, after, limit + 1),
      deps.tallies.read(ws, [loop_id]),
    ])
    const counts = countByStatus(tallies, ws, [loop_id])
    const page = rowPage(rows, limit, max_bytes)
    return {
      tasks: page.tasks,
      total: ready_only ? countReady(tallies, ws, loop_id) : counts.total,
      next_cursor: writeCursor('work', page.last?.rank),
      counts,
    }
  },

  count_loops: async ({ workspace_id: ws, loop_ids }) => {
    const tallies = await deps.tallies.read(ws, loop_ids)
    return { loops: loop_ids.map((loop_id) => ({ loop_id, counts: countByStatus(tallies, ws, [loop_id]) })) }
  },

  count_workspace: async ({ workspace_id: ws, visible_private_loop_ids }) => {
    const shelves = visibleLists('all', visible_private_loop_ids)
    const tallies = await deps.tallies.read(
      ws,
      shelves.map((shelf) => counterOf(ws, shelf)),
    )
    return {
      all: countByStatus(tallies, ws, shelves),
      unassigned: countByStatus(tallies, ws, [UNASSIGNED]),
    }
  },

  find_ready: async ({ workspace_id: ws, loop_ids, since }) => {
    // The changes first: what is looked at after that is no older than the mark.
    const changes = since === undefined ? undefined : await deps.tallies.listReadyChanges(ws, since)
    const ready = await deps.tasks.findReadyLoops(ws, [
      ...new Set([...loop_ids, ...(changes?.loop_ids ?? [])]),
    ])
    const asked = [...new Set(loop_ids)].filter((id) => ready.has(id))
    const answer = { first: asked[0] ?? null, ready_loops: asked.length }
    if (!changes) return answer
    const { loop_ids: changed_loop_ids, complete, mark } = changes
    return { ...answer, followed: { ready_loop_ids: [...ready], changed_loop_ids, complete, mark } }
  },

  summarize_loop: async ({ workspace_id: ws, loop_id, limit, visibility }, call) => {
    if (visibility) await finishArrivals(deps, ws, { id: loop_id, visibility }, call)
    const [shipped, unfinished, author_ids, counts] = await Promise.all([
      deps.tasks.listWork(ws, loop_id, ['shipped'], undefined, limit),
      deps.tasks.listWork(ws, loop_id, UNFINISHED, undefined, limit),
      deps.tasks.listAuthors(ws, loop_id, MAX_AUTHORS),
      // The counters may be a moment behind; what is published of a shipped loop is published for good.
      deps.tasks.countLoop(ws, loop_id),
    ])
    return {
      author_ids,
      counts,
      shipped: shipped.map(toRow),
      unfinished: unfinished.map(toRow),
      unfinished_total: UNFINISHED.reduce((sum, status) => sum + counts[status], 0),
    }
  },
})
