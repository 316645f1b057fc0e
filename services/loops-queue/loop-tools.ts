// list_loops, and get_loop with its tasks and comments.
import type { LoopStatus } from '../../shared/contracts/define/common.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import type { Deps, Some } from './deps.ts'
import { listPage } from './loop-pages.ts'
import { shortened, viewLoop } from './loop-view.ts'
import { priorityIn } from './queue-reading.ts'

/** Of the answer with a loop's tasks and comments: room for the loop itself (bytes), and the tasks' share of the rest. */
const LOOP_BYTES = 72_000
const TASKS_SHARE = 0.7

/** The handlers that read loops. */
export const loopHandlers = (deps: Deps): Some<'list_loops' | 'get_loop'> => ({
  list_loops: async ({ status, limit, cursor }, call) => {
    const has = (one: LoopStatus): boolean => status === undefined || status === one
    const [{ seen, loops, next_cursor }, on_hold, shipped] = await Promise.all([
      listPage(deps, call, status ?? 'all', { limit, cursor }),
      has('on_hold') ? deps.loops.count(call.caller, 'on_hold') : 0,
      has('shipped') ? deps.loops.count(call.caller, 'shipped') : 0,
    ])
    return {
      loops,
      total: (has('active') ? seen.visible.length : 0) + on_hold + shipped,
      next_cursor,
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
