// Composition root of the tasks service: the only place that knows what is plugged in.
import { client } from '../../shared/bus/client.ts'
import type { Config } from '../../shared/config.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import { tasks as contract } from '../../shared/contracts/tasks.ts'
import { openHost } from '../../shared/host.ts'
import type { Started } from '../start.ts'
import { createHandlers } from './handlers.ts'
import { openTasks } from './store.ts'
import { openComments } from './store-comments.ts'
import { openRequests } from './store-requests.ts'
import { openTallies } from './store-tallies.ts'
import { startSweepers } from './sweepers.ts'

/** Starts the service; disposing stops it. */
export const start = async (config: Config): Promise<Started> => {
  const host = await openHost(contract.name, config)
  const { clock, ids, at, log, relay, stack } = host
  try {
    const db = host.mongo.database(contract.name)
    const aggregateDeps = { service: contract.name, clock, ids, onCommit: relay.onCommit }
    const tasks = await openTasks(db, aggregateDeps)
    const comments = await openComments(db, aggregateDeps)
    const requests = await openRequests(db, clock)
    const tallies = stack.use(openTallies(db, { clock, log: log.child('tallies'), at }))
    for (const { home, outbox } of [tasks, comments]) {
      relay.watch(outbox)
      tallies.watch(home)
    }
    const loops = client(host.bus, loopsQueue)
    const deps = { clock, ids, at, log, tasks, comments, requests, tallies, loops }
    stack.use(startSweepers(deps))
    await host.serve(contract, createHandlers(deps))
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  return { [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
