// Asks the services what somebody sees of what they subscribed to.
import { client } from '../../../shared/bus/client.ts'
import type { Bus } from '../../../shared/bus/connect.ts'
import { startBudget } from '../../../shared/bus/headers.ts'
import type { Caller, MemberCall } from '../../../shared/contracts/define/contract.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import { loopsQueue } from '../../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../../shared/contracts/tasks/contract.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import { sha256 } from '../secrets.ts'
import type { Load } from './load.ts'
import type { Sight, Subscribed } from './subscription-rules.ts'

/** Time for all questions about one subscription (ms). */
const BUDGET_MS = 10_000

const BLIND: Sight = { ids: new Set(), private_loop_ids: new Set(), private_key: '' }

/** Finds out what a caller sees now. @throws AppError when a service does not answer, or `unavailable` when too much is under way. */
export type FindSight = (
  subscribed: Subscribed,
  who: Readonly<{ caller: Caller; request_id: string }>,
  signal: AbortSignal,
) => Promise<Sight>

/** Makes the questions to the services. */
export const sightFinder = ({
  bus,
  clock,
  load,
}: Readonly<{ bus: Bus; clock: Clock; load: Load }>): FindSight => {
  const services = { loops: client(bus, loopsQueue), tasks: client(bus, tasks) }
  return async (subscribed, { caller, request_id }, signal) => {
    if (subscribed.size === 0 || !includesScope(caller.scopes, 'loops:read')) return BLIND
    const named = [...subscribed.values()]
    const idsOf = (kind: 'task' | 'loop'): string[] =>
      named.flatMap((one) => (one.kind === kind ? [one.id] : []))
    const [task_ids, loop_ids] = [idsOf('task'), idsOf('loop')]
    const { workspace_id } = caller
    const call: MemberCall = { caller, request_id, ...startBudget(clock, BUDGET_MS, signal) }
    const release = load.enter()
    try {
      const own = (await services.loops.list_private_loops({}, call)).loop_ids
      const [states, found] = await Promise.all([
        loop_ids.length === 0
          ? []
          : services.loops.get_loop_states({ workspace_id, loop_ids }, call).then(({ loops }) => loops),
        task_ids.length === 0
          ? []
          : services.tasks
              .list_seen_tasks({ task_ids, visible_private_loop_ids: own }, call)
              .then((answer) => answer.tasks.map(({ id }) => id)),
      ])
      const private_loop_ids = own && new Set(own)
      const loops = states.filter(
        ({ id, status, visibility }) =>
          status !== 'forming' && (visibility === 'public' || (private_loop_ids?.has(id) ?? true)),
      )
      return {
        ids: new Set([...found, ...loops.map(({ id }) => id)]),
        private_loop_ids,
        private_key: own === null ? 'all' : sha256(own.toSorted().join()),
      }
    } finally {
      release()
    }
  }
}
