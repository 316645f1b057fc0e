// Wires the loops-queue service: stores, handlers, reactions, sweepers.
import { client } from '../../shared/bus/client.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import type { Client, Handlers } from '../../shared/contracts/define/contract.ts'
import type { ForgettingOperation } from '../../shared/contracts/forgetting.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { openActivity } from '../../shared/events/activity-store.ts'
import { openErasing } from '../../shared/events/erase-workspaces.ts'
import { recordHandlers } from '../../shared/events/record-store.ts'
import { coalesced } from '../../shared/process/coalesce.ts'
import type { Config } from '../../shared/process/config.ts'
import type { Telemetry } from '../../shared/process/telemetry.ts'
import { type Host, startOnHost } from '../../shared/service.ts'
import { forgettingHandlers } from '../../shared/storage/erase-names.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import type { Started } from '../start.ts'
import { activityHandlers, loopActivityHandlers } from './activity-tools.ts'
import { claimHandlers } from './claim-tools.ts'
import { createHandlers } from './create-tools.ts'
import type { Deps } from './deps.ts'
import { ERASURES } from './erasures.ts'
import { openHandled } from './handled-store.ts'
import { internalHandlers } from './internals.ts'
import { lifecycleHandlers, sweepReports } from './lifecycle-tools.ts'
import { openLoops } from './loop-store.ts'
import { loopHandlers } from './loop-tools.ts'
import { nextWorkHandlers } from './next-work-tools.ts'
import { queues } from './queue-changes.ts'
import { openQueues } from './queue-store.ts'
import { queueHandlers } from './queue-tools.ts'
import { reactions } from './reactions.ts'
import { readyLoops } from './ready-loops.ts'
import { records } from './record-store.ts'
import { type LoopSearch, openLoopSearch } from './search-store.ts'
import { backfillSweep, searchHandlers } from './search-tools.ts'
import { formingSweeper, unqueuedSweeper } from './sweepers.ts'
import { turns } from './turns.ts'
import { updateHandlers } from './update-tools.ts'

/** How often loops that were left half done are looked for (ms). */
const SWEEP_MS = 2_000
/** Changes of one workspace's queue that may wait in one instance. */
const MAX_WAITING = 128

/** Reads workspaces from the gateway, once for all calls that ask at the same time. */
const workspaceReader = (
  deps: Pick<Host, 'clock' | 'ids'> & Readonly<{ gateway: Client<typeof gateway> }>,
): Deps['readWorkspace'] =>
  coalesced(async (workspace_id) => {
    const call = ownCall(deps.clock, deps.ids.next())
    return (await deps.gateway.get_workspace_context({ workspace_id }, call)).workspace
  })

/** The handlers of every operation of the contract but those about records. */
const handlers = (
  deps: Deps & Readonly<{ search: LoopSearch }>,
): Omit<Handlers<typeof loopsQueue>, RecordOperation | ForgettingOperation> => ({
  ...loopHandlers(deps),
  ...createHandlers(deps),
  ...updateHandlers(deps),
  ...lifecycleHandlers(deps),
  ...queueHandlers(deps),
  ...nextWorkHandlers(deps),
  ...claimHandlers(deps),
  ...searchHandlers(deps),
  ...internalHandlers(deps),
  ...activityHandlers(deps),
  ...loopActivityHandlers(deps),
})

const wire = async (host: Host): Promise<void> => {
  const { clock, ids, at, log, relay, stack, upkeep } = host
  const db = host.mongo.database(loopsQueue.name)
  const requests = await openRequests(db, clock)
  const writes = { service: loopsQueue.name, clock, ids, onCommit: relay.onCommit, requests }
  const activity = await openActivity(db, host.config.ACTIVITY_DAYS)
  relay.record(activity.record)
  const [loops, store] = await Promise.all([openLoops(db, writes), openQueues(db, writes)])
  relay.watch(loops.outbox)
  relay.watch(store.outbox)
  const tasksClient = client(host.bus, tasks)
  const gatewayClient = client(host.bus, gateway)
  const search = await openLoopSearch(db, clock)
  const deps = {
    clock,
    ids,
    at,
    log,
    loops,
    activity,
    queues: queues({ loops, store, turns: turns(MAX_WAITING), ids, clock, log }),
    tasks: tasksClient,
    ready: readyLoops({ tasks: tasksClient, clock }),
    gateway: gatewayClient,
    readWorkspace: workspaceReader({ gateway: gatewayClient, clock, ids }),
    search,
  }
  const sweeps = [formingSweeper(deps), unqueuedSweeper(deps), () => sweepReports(deps), backfillSweep(deps)]
  const sweeping = { interval_ms: SWEEP_MS, log, random: ids.random }
  for (const sweep of sweeps) stack.use(upkeep.repeat(sweep, sweeping))
  const erasing = await openErasing(host, db, ERASURES)
  const handled = await openHandled(db, clock)
  await host.consume(erasing.forgiving(reactions({ ...deps, handled, erasing })))
  await host.serve(loopsQueue, {
    ...handlers(deps),
    ...recordHandlers(loopsQueue, db, records),
    ...forgettingHandlers(db),
  })
}

/**
 * Starts the service; disposing stops it in order.
 * @throws AppError `unavailable` when MongoDB or NATS does not answer.
 */
export const start = (config: Config, telemetry?: Telemetry): Promise<Started> =>
  startOnHost(loopsQueue.name, config, wire, telemetry)
