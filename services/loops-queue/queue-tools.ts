// set_loop_priority, reorder_loops, and get_loop_queue.

import type { LoopStatus } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import { versionConflict } from '../../shared/storage/command.ts'
import { repeatable } from '../../shared/storage/idempotency.ts'
import type { Deps, Some } from './deps.ts'
import { listPage } from './loop-pages.ts'
import type { OrderAsked, Reordering } from './queue-changes.ts'
import { sameOrder } from './queue-history-rules.ts'
import { headOf, type Seen } from './queue-reading.ts'
import { type BadId, badIds, move, movedChange, reorder, reorderedChange, withOrder } from './queue-rules.ts'
import type { QueueDoc } from './queue-store.ts'

/** The remembered changes since a version that concern loops which the caller sees. */
const changedSince = async ({ loops }: Deps, call: MemberCall, queue: QueueDoc, version: number) => {
  const entries = queue.log.filter(({ v }) => v > version)
  const visible = await loops.listStatuses(call.caller, [
    ...new Set(entries.flatMap((entry) => entry.loop_ids)),
  ])
  return entries
    .map((entry) => ({ ...entry, loop_ids: entry.loop_ids.filter((id) => visible.has(id)) }))
    .filter((entry) => entry.loop_ids.length > 0)
}

/** The refusal of an old version, with what happened since. */
const conflict =
  (deps: Deps, call: MemberCall) =>
  async (seen: Seen, queue: QueueDoc, expected: number): Promise<AppError> =>
    versionConflict(expected, seen.version, {
      order_head: headOf(seen.visible),
      changed_since: await changedSince(deps, call, queue, expected),
    })

/** What the caller says about a change of the order besides the change. */
const askedOf = (
  deps: Deps,
  call: MemberCall,
  tool: 'set_loop_priority' | 'reorder_loops',
  input: Readonly<{ idempotency_key?: string | undefined; expected_version?: number | undefined }>,
): OrderAsked => ({
  request: repeatable(call.caller, tool, input),
  expected_version: input.expected_version,
  conflict: conflict(deps, call),
})

/** The status of those of these loops that the caller sees: active if the order has it, or else as the loop has it. */
const statusesOf = async ({ loops }: Deps, call: MemberCall, seen: Seen, ids: readonly string[]) => {
  const placed = new Set(seen.visible)
  const others = ids.filter((id) => !placed.has(id))
  const statuses =
    others.length > 0 ? await loops.listStatuses(call.caller, others) : new Map<string, never>()
  return {
    statusOf: (id: string) => (placed.has(id) ? 'active' : statuses.get(id)),
    // A loop became active after the order was read. Put in order now, it would take another's place.
    outdated: others.some((id) => statuses.get(id) === 'active'),
  }
}

/** The refusal of a loop that is not in the order. */
const notActive = (id: string, status: LoopStatus | undefined): AppError => {
  if (status === undefined) return notFound('loop', id)
  const hint =
    status === 'shipped'
      ? 'A shipped loop stays out of the queue.'
      : 'Bring it back into the queue with reopen_loop, then set its priority.'
  return new AppError('invalid_transition', `Loop ${id} is ${status}; only active loops have a priority.`, {
    hint,
    details: { loop_id: id, status },
  })
}

/** The refusal that names every id which cannot be put in order, and why. */
const notInOrder = (bad: readonly BadId[]): AppError => {
  const reasons = new Set(bad.map(({ reason }) => reason))
  const code = !reasons.has('duplicate') && reasons.has('not_found') ? 'not_found' : 'invalid_argument'
  const named = bad.slice(0, 5).map(({ loop_id, reason }) => `${loop_id} (${reason})`)
  const more = bad.length > named.length ? ` and ${bad.length - named.length} more` : ''
  return new AppError(
    code,
    `These ids cannot be put in order: ${named.join(', ')}${more}; nothing was changed.`,
    {
      hint: 'Name each active loop at most once; get_loop_queue lists them.',
      details: { bad_ids: bad },
    },
  )
}

/** What a command on the order decides, and its answer: the order before and after, as the caller sees it. */
const decide = <R>(
  seen: Seen,
  after: readonly string[],
  change: Reordering<R>['change'],
  view: (visible: readonly string[]) => R,
) => {
  const changed = !sameOrder(seen.order, after)
  const result = {
    ...view(after.filter((id) => !seen.hidden.has(id))),
    changed,
    version_before: seen.version,
    version: seen.version + (changed ? 1 : 0),
  }
  return changed ? { result, change, places: withOrder(seen.places, after) } : { result }
}

/** The handlers of the order. */
export const queueHandlers = (
  deps: Deps,
): Some<'set_loop_priority' | 'reorder_loops' | 'get_loop_queue'> => ({
  set_loop_priority: (input, call) =>
    deps.queues.change(call, askedOf(deps, call, 'set_loop_priority', input), async (seen) => {
      const { loop_id, priority } = input
      const { statusOf, outdated } = await statusesOf(deps, call, seen, [loop_id])
      if (outdated) return undefined
      if (statusOf(loop_id) !== 'active') throw notActive(loop_id, statusOf(loop_id))
      const after = move(seen.order, seen.hidden, loop_id, priority)
      return decide(seen, after, movedChange(seen.order, after, loop_id), (visible) => ({
        loop_id,
        priority: visible.indexOf(loop_id),
        order_head: headOf(visible),
      }))
    }),

  reorder_loops: (input, call) =>
    deps.queues.change(call, askedOf(deps, call, 'reorder_loops', input), async (seen) => {
      const { loop_ids } = input
      const { statusOf, outdated } = await statusesOf(deps, call, seen, loop_ids)
      if (outdated) return undefined
      const bad = badIds(loop_ids, statusOf)
      if (bad.length > 0) throw notInOrder(bad)
      const after = reorder(seen.order, seen.hidden, loop_ids)
      return decide(seen, after, reorderedChange(after, loop_ids), (visible) => ({
        order_head: headOf(visible),
        total: visible.length,
      }))
    }),

  get_loop_queue: async ({ limit, cursor }, call) => {
    const { seen, loops, next_cursor } = await listPage(deps, call, 'active', { limit, cursor })
    return {
      version: seen.version,
      loops,
      total: seen.visible.length,
      next_cursor,
    }
  },
})
