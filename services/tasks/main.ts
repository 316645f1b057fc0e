// Composition root of the tasks service: the only place that knows what is plugged in.
import { client } from '../../shared/bus/client.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import { recordHandlers } from '../../shared/events/record-store.ts'
import type { Config } from '../../shared/process/config.ts'
import { type Host, startOnHost } from '../../shared/service.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import type { Started } from '../start.ts'
import { openComments } from './comment-store.ts'
import { openCounters } from './counter-store.ts'
import { createHandlers } from './handlers.ts'
import { records } from './record-store.ts'
import { openRecount } from './recount-store.ts'
import { startSweepers } from './sweepers.ts'
import { openTasks } from './task-store.ts'

const wire = async (host: Host): Promise<void> => {
  const { clock, ids, at, log, relay, stack } = host
  const db = host.mongo.database(contract.name)
  const requests = await openRequests(db, clock)
  const aggregateDeps = { service: contract.name, clock, ids, onCommit: relay.onCommit, requests }
  const tasks = await openTasks(db, aggregateDeps)
  const comments = await openComments(db, aggregateDeps)
  const tallies = stack.use(await openCounters(db, { clock, log: log.child('tallies'), at }))
  for (const { home, outbox } of [tasks, comments]) {
    relay.watch(outbox)
    tallies.watch(home)
  }
  const loops = client(host.bus, loopsQueue)
  const recount = await openRecount(db)
  const deps = { clock, ids, at, log, tasks, comments, requests, tallies, recount, loops }
  stack.use(startSweepers(deps))
  await host.serve(contract, { ...createHandlers(deps), ...recordHandlers(contract, db, records) })
}

/** Starts the service; disposing stops it. */
export const start = (config: Config): Promise<Started> => startOnHost(contract.name, config, wire)
