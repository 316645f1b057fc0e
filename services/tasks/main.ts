// Composition root of the tasks service: the only place that knows what is plugged in.
import { client } from '../../shared/bus/client.ts'
import type { Config } from '../../shared/config.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import { tasks as contract } from '../../shared/contracts/tasks.ts'
import { type Host, startOnHost } from '../../shared/host.ts'
import { recordHandlers } from '../../shared/store-records.ts'
import { openRequests } from '../../shared/store-requests.ts'
import type { Started } from '../start.ts'
import { createHandlers } from './handlers.ts'
import { openTasks } from './store.ts'
import { openComments } from './store-comments.ts'
import { records } from './store-records.ts'
import { openRecount } from './store-recount.ts'
import { openTallies } from './store-tallies.ts'
import { startSweepers } from './sweepers.ts'

const wire = async (host: Host): Promise<void> => {
  const { clock, ids, at, log, relay, stack } = host
  const db = host.mongo.database(contract.name)
  const requests = await openRequests(db, clock)
  const aggregateDeps = { service: contract.name, clock, ids, onCommit: relay.onCommit, requests }
  const tasks = await openTasks(db, aggregateDeps)
  const comments = await openComments(db, aggregateDeps)
  const tallies = stack.use(await openTallies(db, { clock, log: log.child('tallies'), at }))
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
