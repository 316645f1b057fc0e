// The internal operations about the tasks and comments of loops. Leaves: they call no other service.
//
// Those who call them ask only about loops that their own caller sees.
import { TASK_STATUSES, type TaskStatus } from '../../shared/contracts/define/common.ts'
import { pageWithin } from '../../shared/contracts/define/cursor.ts'
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'
import { commentPage } from './comment-tools.ts'
import { countByStatus, counterOf, countHeldBack, countReady } from './counter-rules.ts'
import { readCursor, writeCursor } from './cursor-rules.ts'
import type { LeafDeps, Some } from './deps.ts'
import { finishArrivals } from './move-into-new-loop.ts'
import type { RowDoc } from './task-store.ts'
import { toRow } from './task-view.ts'
import { UNASSIGNED, visibleLists } from './visibility-rules.ts'

/** People that a ship report names. */
const MAX_AUTHORS = 1_000
/** What a ship report calls unfinished. */
const UNFINISHED: readonly TaskStatus[] = TASK_STATUSES.filter(
  (status) => status !== 'shipped' && status !== 'rejected',
)

/** A row of a ship report: without labels, for these rows are not cut to a size. */
const toReportRow = (task: RowDoc): TaskRow => toRow({ ...task, labels: undefined })

/** Where work is ready. */
const readyHandlers = (deps: LeafDeps): Some<'find_ready'> => ({
  find_ready: async ({ workspace_id: ws, loop_ids, since }) => {
    // The changes first: what is read after them is no older than the mark.
    const changes = since === undefined ? undefined : await deps.counters.listReadyChanges(ws, since)
    const ready = await deps.tasks.findReadyLoops(ws, [
      ...new Set([...loop_ids, ...(changes?.loop_ids ?? [])]),
    ])
    const asked = [...new Set(loop_ids)].filter((id) => ready.has(id))
    const answer = { first: asked[0] ?? null, ready_loops: asked.length }
    if (!changes) return answer
    const { loop_ids: changed_loop_ids, complete, mark } = changes
    return { ...answer, followed: { ready_loop_ids: [...ready], changed_loop_ids, complete, mark } }
  },
})

/** Pages of one loop. */
const pageHandlers = (deps: LeafDeps): Some<'list_loop_tasks' | 'list_loop_comments'> => ({
  list_loop_tasks: async (input) => {
    const { workspace_id: ws, loop_id, limit, cursor, status, ready_only, max_bytes } = input
    const after = readCursor('work', cursor)
    const which = ready_only ? 'ready' : status ? [status] : TASK_STATUSES
    const [rows, counters] = await Promise.all([
      deps.tasks.listWork(ws, loop_id, which, after, limit + 1),
      deps.counters.read(ws, [loop_id], 'tasks'),
    ])
    const counts = countByStatus(counters, ws, [loop_id])
    const { page: tasks, last } = pageWithin(rows, limit, toRow, max_bytes)
    return {
      tasks,
      total: ready_only ? countReady(counters, ws, loop_id) : counts[status ?? 'total'],
      next_cursor: writeCursor('work', last?.rank),
      counts,
    }
  },

  list_loop_comments: ({ workspace_id, loop_id, cursor, max_bytes }) =>
    commentPage(deps, workspace_id, loop_id, readCursor('comments', cursor), max_bytes),
})

/** Counts of loops and of the workspace, and what a loop ships with. */
const countHandlers = (deps: LeafDeps): Some<'count_loops' | 'count_workspace' | 'summarize_loop'> => ({
  count_loops: async ({ workspace_id: ws, loop_ids }) => {
    const counters = await deps.counters.read(ws, loop_ids, 'tasks')
    return { loops: loop_ids.map((loop_id) => ({ loop_id, counts: countByStatus(counters, ws, [loop_id]) })) }
  },

  count_workspace: async ({ workspace_id: ws, visible_private_loop_ids }) => {
    const lists = visibleLists('all', visible_private_loop_ids)
    const [counters, claimed] = await Promise.all([
      deps.counters.read(
        ws,
        lists.map((list) => counterOf(ws, list)),
        'tasks',
      ),
      deps.tasks.countClaimed(ws, visible_private_loop_ids),
    ])
    const blocked = countHeldBack(counters, ws, visibleLists('assigned', visible_private_loop_ids))
    return {
      all: countByStatus(counters, ws, lists),
      unassigned: countByStatus(counters, ws, [UNASSIGNED]),
      ...(blocked > 0 ? { blocked } : {}),
      ...(claimed > 0 ? { claimed } : {}),
    }
  },

  summarize_loop: async ({ workspace_id: ws, loop_id, limit, visibility }, call) => {
    if (visibility) {
      await finishArrivals(deps, ws, { id: loop_id, visibility }, call)
      await deps.tasks.endClaimsOfLoop(ws, loop_id)
    }
    const [shipped, unfinished, author_ids, counts] = await Promise.all([
      deps.tasks.listWork(ws, loop_id, ['shipped'], undefined, limit),
      deps.tasks.listWork(ws, loop_id, UNFINISHED, undefined, limit),
      deps.tasks.listAuthors(ws, loop_id, MAX_AUTHORS),
      // Not from the counters: what is published of a shipped loop is final, even should a counter need a repair.
      deps.tasks.countLoop(ws, loop_id),
    ])
    return {
      author_ids,
      counts,
      shipped: shipped.map(toReportRow),
      unfinished: unfinished.map(toReportRow),
      unfinished_total: UNFINISHED.reduce((total, status) => total + counts[status], 0),
    }
  },
})

/** The handlers of the internal operations but those that move tasks. */
export const internalHandlers = (deps: LeafDeps) => ({
  ...readyHandlers(deps),
  ...pageHandlers(deps),
  ...countHandlers(deps),
})
