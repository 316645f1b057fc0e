// claim_next_work and complete_task: the queue handed out, one task to one agent.
//
// The tasks service holds the claims. This service knows the order, and which loops the caller sees.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import type { NextWork } from '../../shared/contracts/loops-queue/shapes.ts'
import { repeatable } from '../../shared/storage/idempotency.ts'
import type { Deps, Some } from './deps.ts'
import { viewLoop } from './loop-view.ts'
import { chunksOf, contextOf, countTasks, isAllBlocked, withinLimit } from './next-work-tools.ts'
import { priorityIn, type Seen } from './queue-reading.ts'

/** When to ask again, where there was nothing to take (ms). */
const RETRY_AFTER_MS = 30_000

type Wanted = Readonly<{
  loop_id?: string | undefined
  max_tasks: number
  agent?: string | undefined
  ttl_seconds?: number | undefined
  idempotency_key?: string | undefined
}>
type Claimed = Awaited<ReturnType<Deps['tasks']['claim_ready']>>

/** Why nothing was taken. */
const reasonFor = async (deps: Deps, seen: Seen, call: MemberCall): Promise<NextWork['reason']> => {
  if (seen.visible.length === 0)
    return (await deps.loops.count(call.caller, 'on_hold')) > 0 ? 'all_on_hold' : 'queue_empty'
  const counts = await countTasks(deps, call)
  if (isAllBlocked(counts)) return 'all_blocked'
  return (counts.claimed ?? 0) > 0 ? 'all_claimed' : 'nothing_ready'
}

/** Claims the first ready work of the order, a chunk of loops at a time: most orders have some near their head. */
const claimFirst = async (
  deps: Deps,
  order: readonly string[],
  wanted: Wanted,
  call: MemberCall,
): Promise<Claimed> => {
  const visible_private_loop_ids = await deps.loops.listPrivate(call.caller)
  const { idempotency_key: _, loop_id: __, ...asked } = wanted
  const request = repeatable(call.caller, 'claim_next_work', wanted)
  const claim = (loop_ids: string[]) =>
    deps.tasks.claim_ready({ ...asked, loop_ids, visible_private_loop_ids, request }, call)
  let claimed: Claimed | undefined
  for (const loop_ids of chunksOf(order)) {
    claimed = await claim(loop_ids)
    if (claimed.claims.length > 0 || claimed.at_capacity) break
  }
  // Without loops too: what the caller holds already is part of the answer.
  return claimed ?? (await claim([]))
}

/**
 * Claims the next work for the person of a call.
 * @param bytes for the answer.
 */
const claimNext = async (
  deps: Deps,
  wanted: Wanted,
  call: MemberCall,
  bytes = ANSWER_BYTES,
): Promise<NextWork> => {
  if (wanted.loop_id !== undefined) await deps.loops.get(call.caller, wanted.loop_id)
  const [seen, workspace] = await Promise.all([
    deps.queues.read(call),
    deps.readWorkspace(call.caller.workspace_id),
  ])
  const visible = withinLimit(seen)
  const order = wanted.loop_id === undefined ? visible : visible.filter((id) => id === wanted.loop_id)
  const { claims, holding, holding_total, loop_id, at_capacity } = await claimFirst(deps, order, wanted, call)
  const found = loop_id === null ? null : await deps.loops.get(call.caller, loop_id)
  const room = Math.max(0, bytes - ENVELOPE_BYTES - jsonBytes(claims) - jsonBytes(holding))
  return {
    claims,
    ...contextOf(found && viewLoop(found, priorityIn(seen, found._id)), workspace, room),
    holding,
    ...(holding_total === undefined ? {} : { holding_total }),
    ...(at_capacity ? { reason: 'at_capacity' as const } : {}),
    ...(claims.length === 0 && !at_capacity ? { reason: await reasonFor(deps, seen, call) } : {}),
    ...(claims.length === 0 ? { retry_after_ms: RETRY_AFTER_MS } : {}),
  }
}

/** The handlers of the tools that hand work out. */
export const claimHandlers = (deps: Deps): Some<'claim_next_work' | 'complete_task'> => ({
  // The gateway waits; it asks again when there may be work.
  claim_next_work: ({ wait_seconds: _, ...input }, call) => claimNext(deps, input, call),

  complete_task: async ({ claim_next, ...input }, call) => {
    const visible_private_loop_ids = await deps.loops.listPrivate(call.caller)
    const done = await deps.tasks.complete({ ...input, visible_private_loop_ids }, call)
    if (!claim_next) return done
    return {
      ...done,
      next: await claimNext(deps, { max_tasks: 1, agent: input.agent }, call, ANSWER_BYTES - jsonBytes(done)),
    }
  },
})
