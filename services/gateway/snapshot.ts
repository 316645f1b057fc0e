// The snapshot that an external subscriber begins with, put together from the answers of the services.
import { client } from '../../shared/bus/client.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { SubscriberHandlers } from '../../shared/events/serve-subscribers.ts'
import { type SnapshotSources, snapshotPage } from '../../shared/events/snapshot.ts'
import { readStream } from '../../shared/events/streams.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { inParallel } from '../../shared/process/parallel.ts'

/** How long a first page waits until earlier events are published (ms). Most clients wait for five seconds. */
const WAIT_MS = 3_000
/** Requests to one service in flight at once, for one page. */
const PARALLEL = 8

/** The services as sources of a snapshot. */
const sourcesOf = (bus: Bus, call: Call, epoch: string | undefined): SnapshotSources => {
  const loops = client(bus, loopsQueue)
  const services: Readonly<Record<string, Pick<Client<typeof tasks>, RecordOperation>>> = {
    [gateway.name]: client(bus, gateway),
    [loopsQueue.name]: loops,
    [tasks.name]: client(bus, tasks),
  }
  const serviceOf = (name: string) => {
    const found = services[name]
    if (!found) throw new Error(`${name} has no records`)
    return found
  }
  return {
    isPublished: async (service, before) =>
      (await serviceOf(service).check_published({ before: before.toISOString() }, call)).published,
    list: ({ service, type }, workspace_id, after) =>
      serviceOf(service).list_records({ type, workspace_id, after }, call),
    visibilityOf: async (loopIds) => {
      const groups = [...Map.groupBy(loopIds, ({ workspace_id }) => workspace_id)]
      const found = await inParallel(groups, PARALLEL, async ([workspace_id, inside]) => {
        const loop_ids = [...new Set(inside.map(({ id }) => id))]
        return (await loops.get_loop_states({ workspace_id, loop_ids }, call)).loops
      })
      return new Map(found.flat().map(({ id, visibility }) => [id, visibility]))
    },
    epoch,
    stream: () => readStream(bus),
  }
}

/**
 * The gateway's answers to external subscribers.
 * @param epoch when the installation was restored; undefined if it never was.
 */
export const subscriberHandlers = (
  bus: Bus,
  clock: Clock,
  epoch: string | undefined,
): SubscriberHandlers<typeof gateway> => ({
  snapshot: async ({ cursor }, { filter }, call) => {
    const deps = { sources: sourcesOf(bus, call, epoch), clock, wait_ms: WAIT_MS }
    const { records, ...page } = await snapshotPage(deps, filter, cursor)
    return { ...page, records: [...records] }
  },
})
