// Wires the tasks service: stores, handlers, sweepers.
import { client } from '../../shared/bus/client.ts'
import type { Handlers } from '../../shared/contracts/define/contract.ts'
import type { ForgettingOperation } from '../../shared/contracts/forgetting.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import { openActivity } from '../../shared/events/activity-store.ts'
import { openErasing } from '../../shared/events/erase-workspaces.ts'
import { recordHandlers } from '../../shared/events/record-store.ts'
import type { Config } from '../../shared/process/config.ts'
import type { Telemetry } from '../../shared/process/telemetry.ts'
import { type Host, startOnHost } from '../../shared/service.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { forgettingHandlers } from '../../shared/storage/erase-names.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import type { Started } from '../start.ts'
import { activityHandlers } from './activity-internals.ts'
import { boardHandlers } from './board-internals.ts'
import { bulkHandlers } from './bulk-tools.ts'
import { claimInternals } from './claim-internals.ts'
import { claimHandlers } from './claim-tools.ts'
import { commentInternals } from './comment-internals.ts'
import { openComments } from './comment-store.ts'
import { commentHandlers } from './comment-tools.ts'
import { openCounters } from './counter-store.ts'
import { creationHandlers } from './creation-tools.ts'
import type { Deps } from './deps.ts'
import { ERASURES } from './erasures.ts'
import { exportHandlers } from './export-internals.ts'
import { importHandlers } from './import-internals.ts'
import { internalHandlers } from './internals.ts'
import { countingClaims, readTotals } from './measured.ts'
import { moveHandlers } from './move-into-new-loop.ts'
import { reactions } from './reactions.ts'
import { records } from './record-store.ts'
import { openRecount } from './recount-store.ts'
import { backfillSweep } from './search-backfill.ts'
import { searchHandlers } from './search-internals.ts'
import { openTaskSearch } from './search-store.ts'
import { seenHandlers } from './seen-tasks.ts'
import { startSweepers } from './sweepers.ts'
import { openTasks } from './task-store.ts'
import { readingHandlers, writingHandlers } from './task-tools.ts'

/** How often a step of the backfill of the search begins (ms). */
const BACKFILL_MS = 1_000

/** The handlers of every operation of the contract but those about records and search. */
export const createHandlers = (
  deps: Deps,
): Omit<Handlers<typeof contract>, RecordOperation | ForgettingOperation | 'find_tasks'> => ({
  ...readingHandlers(deps),
  ...creationHandlers(deps),
  ...writingHandlers(deps),
  ...bulkHandlers(deps),
  ...commentHandlers(deps),
  ...claimHandlers(deps),
  ...claimInternals(deps),
  ...moveHandlers(deps),
  ...internalHandlers(deps),
  ...activityHandlers(deps),
  ...seenHandlers(deps),
  ...boardHandlers(deps),
  ...importHandlers(deps),
  ...exportHandlers(deps),
  ...commentInternals(deps),
})

const wire = async (host: Host): Promise<void> => {
  const { clock, ids, at, log, relay, stack, metrics, upkeep } = host
  const db = host.mongo.database(contract.name)
  const requests = await openRequests(db, clock)
  const database_clock = await openDatabaseClock(db, clock)
  const aggregateDeps = { service: contract.name, clock, ids, onCommit: relay.onCommit, requests }
  const activity = await openActivity(db, host.config.ACTIVITY_DAYS)
  relay.record(activity.record)
  const onClaim = countingClaims(metrics)
  const tasks = await openTasks(db, { ...aggregateDeps, database_clock, onClaim })
  host.sample(() => readTotals(tasks, clock))
  const comments = await openComments(db, aggregateDeps)
  const counters = stack.use(await openCounters(db, { clock, log: log.child('counters'), at }))
  for (const { counted, outbox } of [tasks, comments]) {
    relay.watch(outbox)
    counters.watch(counted)
  }
  const loops = client(host.bus, loopsQueue)
  const recount = await openRecount(db)
  const search = await openTaskSearch(db, { clock, ids, loops })
  const deps = {
    clock,
    ids,
    at,
    log,
    tasks,
    comments,
    requests,
    activity,
    counters,
    recount,
    database_clock,
    loops,
    search,
    metrics,
  }
  stack.use(startSweepers(deps, upkeep))
  stack.use(upkeep.repeat(backfillSweep(deps), { interval_ms: BACKFILL_MS, log, random: ids.random }))
  const erasing = await openErasing(host, db, ERASURES)
  await host.consume(erasing.forgiving(reactions({ ...deps, erasing })))
  await host.serve(contract, {
    ...createHandlers(deps),
    ...searchHandlers(deps),
    ...recordHandlers(contract, db, records),
    ...forgettingHandlers(db),
  })
}

/** Starts the service; disposing stops it. */
export const start = (config: Config, telemetry?: Telemetry): Promise<Started> =>
  startOnHost(contract.name, config, wire, telemetry)
