// get_next_work and get_queue_stats: what to work on next, and how much there is. They claim nothing.

import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { ANSWER_BYTES, cutText, ENVELOPE_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import type { Loop } from '../../shared/contracts/loops-queue/shapes.ts'
import type { Deps, Some } from './deps.ts'
import { cut, viewLoop } from './loop-view.ts'
import { priorityIn, type Seen } from './queue-reading.ts'

/** Room for the tasks in the answer (bytes); loop and workspace share what they leave. */
const TASKS_BYTES = 30_000
/** The largest name as JSON (bytes). */
const NAME_BYTES = 6 * LIMITS.name_chars
/** Loops asked about at first, and how many times more each time after. */
const FIRST_CHUNK = 50
const CHUNK_GROWTH = 4
/** Tries to find work, should what was found be gone when it is read. */
const TRIES = 3

/** The loops of an order in chunks that grow: most orders have work ready near their head. */
export const chunksOf = function* (order: readonly string[]): Generator<string[]> {
  for (let at = 0, size = FIRST_CHUNK; at < order.length; at += size, size *= CHUNK_GROWTH)
    yield order.slice(at, at + size)
}

/** The first of these loops that has work ready, or null. */
const findFirst = async (deps: Deps, call: MemberCall, order: readonly string[]): Promise<string | null> => {
  const { workspace_id } = call.caller
  for (const loop_ids of chunksOf(order)) {
    const { first } = await deps.tasks.find_ready({ workspace_id, loop_ids }, call)
    if (first !== null) return first
  }
  return null
}

/** The first loop of the caller's order that has work ready, with a page of its tasks; null when there is none. */
const findWork = async (deps: Deps, call: MemberCall, limit: number) => {
  const workspace_id = call.caller.workspace_id
  const asked = { workspace_id, limit, ready_only: true, max_bytes: TASKS_BYTES }
  let seen = await deps.queues.read(call)
  for (let tries = 0; tries < TRIES && seen.visible.length > 0; tries += 1) {
    const first = await findFirst(deps, call, withinLimit(seen))
    if (first === null) break
    const [rows, loop] = await Promise.all([
      deps.tasks.list_loop_tasks({ ...asked, loop_id: first }, call),
      deps.loops.get(call.caller, first),
    ])
    if (rows.tasks.length > 0 && loop.status === 'active') return { seen, work: { loop, rows } }
    seen = await deps.queues.read(call)
  }
  return { seen, work: null }
}

/** The order within the limit of an internal operation: instances may together pass that limit by a loop or two. */
export const withinLimit = ({ visible }: Seen): readonly string[] =>
  visible.length > LIMITS.active_loops ? visible.slice(0, LIMITS.active_loops) : visible

export const countTasks = async (deps: Deps, call: MemberCall) => {
  const visible_private_loop_ids = await deps.loops.listPrivate(call.caller)
  const workspace_id = call.caller.workspace_id
  return await deps.tasks.count_workspace({ workspace_id, visible_private_loop_ids }, call)
}

/**
 * The loop and the workspace as next work shows them: what the tasks leave of an answer is shared by their texts.
 * @param bytes for both.
 */
export const contextOf = (
  whole: Loop | null,
  { id, name, ai_context }: Readonly<{ id: string; name: string; ai_context: string }>,
  bytes: number,
) => {
  const loop = whole && cut(whole, Math.floor(bytes / 2))
  const shown = cutText(ai_context, bytes - jsonBytes(loop) - NAME_BYTES)
  const truncated = shown === ai_context ? {} : { ai_context_truncated: true as const }
  return { loop, workspace: { id, name, ai_context: shown, ...truncated } }
}

/** Whether approved tasks are in loops, and all of them wait for others. */
export const isAllBlocked = ({
  all,
  unassigned,
  blocked = 0,
}: Awaited<ReturnType<typeof countTasks>>): boolean =>
  blocked > 0 && blocked >= all.approved - unassigned.approved

const reasonOf = (active: number, on_hold: number) =>
  active > 0 ? 'nothing_approved' : on_hold > 0 ? 'all_on_hold' : 'queue_empty'

/** The handlers of next work and of the counts. */
export const nextWorkHandlers = (deps: Deps): Some<'get_next_work' | 'get_queue_stats'> => ({
  get_next_work: async ({ limit }, call) => {
    const workspace_id = call.caller.workspace_id
    const [{ seen, work }, workspace, on_hold, counts] = await Promise.all([
      findWork(deps, call, limit),
      deps.readWorkspace(workspace_id),
      deps.loops.count(call.caller, 'on_hold'),
      countTasks(deps, call),
    ])
    const { all, claimed = 0, blocked = 0 } = counts
    const tasks = work?.rows.tasks ?? []
    const room = ANSWER_BYTES - ENVELOPE_BYTES - jsonBytes(tasks)
    return {
      ...contextOf(work && viewLoop(work.loop, priorityIn(seen, work.loop._id)), workspace, room),
      tasks,
      tasks_total: work?.rows.total ?? 0,
      ...(work
        ? {}
        : isAllBlocked(counts)
          ? { reason: 'all_blocked' as const }
          : { reason: reasonOf(seen.visible.length, on_hold) }),
      counts: {
        active_loops: seen.visible.length,
        on_hold_loops: on_hold,
        tasks: all,
        ...(claimed > 0 ? { claimed_tasks: claimed } : {}),
        ...(blocked > 0 ? { blocked_tasks: blocked } : {}),
      },
    }
  },

  get_queue_stats: async (_, call) => {
    const workspace_id = call.caller.workspace_id
    const [seen, on_hold, shipped, counts] = await Promise.all([
      deps.queues.read(call),
      deps.loops.count(call.caller, 'on_hold'),
      deps.loops.count(call.caller, 'shipped'),
      countTasks(deps, call),
    ])
    const loops_with_work_ready = await deps.ready.count(workspace_id, withinLimit(seen), call)
    const active = seen.visible.length
    return {
      loops: { total: active + on_hold + shipped, active, on_hold, shipped },
      loops_with_work_ready,
      tasks: counts.all,
      unassigned_tasks: counts.unassigned,
      queue_version: seen.version,
    }
  },
})
