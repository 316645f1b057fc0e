// The cost of operations in a large workspace against a small one. The same calls take turns in one installation that
// has both. Besides the time, it counts the index keys and documents that the database reads for one call.
import { startServices } from '../../services/start.ts'
import { client } from '../../shared/bus/client.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import type { Call, Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { readConfig } from '../../shared/process/config.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { configuredKeys } from '../../shared/process/service-keys.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { BODY, fillWorkspace, type Size } from './grown.ts'
import { median, type Pair, pair, sample } from './measure.ts'
import type { Servers } from './servers.ts'

export const SMALL: Size = { loops: 50, tasks: 1_000 }
/** GROWTH_LOOPS and GROWTH_TASKS make it smaller, for a quick run. */
export const LARGE: Size = {
  loops: Number(process.env.GROWTH_LOOPS ?? 5_000),
  tasks: Number(process.env.GROWTH_TASKS ?? 1_000_000),
}

/** What the database reads for one call. */
type Examined = Readonly<{ keys: number; docs: number }>
/** One operation: `a` in the large workspace, `b` in the small one, and what is read in each. */
export type Grown = Pair & Readonly<{ operation: string; large: Examined; small: Examined }>

const ROUNDS = 7
const RUNS = 40
/** Measured last, since it removes its loops. */
const SHIPS = 3
const LOOKS = 5

/** All services in this process, and what asks them as the gateway does. */
export const connect = async (env: Record<string, string>, port: number) => {
  const stack = new AsyncDisposableStack()
  const log = createLog({ filter: 'error', topic: 'bench' })
  stack.use(await startServices({ ...env, PORT: String(port), PUBLIC_URL: `http://localhost:${port}` }))
  const keys = configuredKeys('gateway', readConfig(env))
  const bus = stack.use(await connectBus(String(env.NATS_URL), 'gateway', log, keys))
  const mongo = stack.use(await connectMongo(String(env.MONGODB_URL), log))
  return { stack, mongo, tasks: client(bus, tasks), loops: client(bus, loopsQueue) }
}
export type Connected = Awaited<ReturnType<typeof connect>>

/** A person with a workspace of this size. */
export const openWorkspace = async ({ mongo }: Connected, port: number, name: string, size: Size) => {
  const system = { url: `http://localhost:${port}` }
  const account = await signUp(system, { name })
  await using agent = await agentOf(system, account)
  const { workspace, you } = await agent.call('get_workspace', {})
  const caller: Caller = {
    kind: 'person',
    grant_id: null,
    user_id: you.user_id,
    user_name: you.name,
    workspace_id: workspace.id,
    role: you.role,
    scopes: ALL_SCOPES,
    client_id: 'bench',
    client_name: 'bench',
  }
  const by = { user_id: you.user_id, name: you.name, client: 'bench' }
  const filler = { ws: workspace.id, by, ids: systemIds(), now: clock.now() }
  const call = (): Call => ({ caller, request_id: 'bench', ...startBudget(clock, 10_000) })
  return { account, call, caller, ...(await fillWorkspace(mongo, filler, size)) }
}
export type Workspace = Awaited<ReturnType<typeof openWorkspace>>

/** The measured operations; `index` counts the calls. */
const operations = ({ tasks, loops }: Connected, { call, loop_ids, task_ids }: Workspace) => ({
  get_next_work: () => loops.get_next_work({}, call()),
  get_loop_queue: () => loops.get_loop_queue({}, call()),
  get_queue_stats: () => loops.get_queue_stats({}, call()),
  'update_task, then get_queue_stats': async (index: number) => {
    const task_id = task_ids[0] as string
    await tasks.update_task({ task_id, status: index % 2 ? 'approved' : 'open' }, call())
    await loops.get_queue_stats({}, call())
  },
  list_loops: () => loops.list_loops({}, call()),
  list_tasks: () => tasks.list_tasks({}, call()),
  get_task: (index: number) =>
    tasks.get_task({ task_id: task_ids[(index * 7_919) % task_ids.length] as string }, call()),
  create_task: () => tasks.create_task({ title: 'One more', body: BODY }, call()),
  ship_loop: (index: number) => loops.ship_loop({ loop_id: loop_ids.at(-1 - index) as string }, call()),
})
type Operation = keyof ReturnType<typeof operations>

/** Reads the profiles of both services' databases; sweepers that run meanwhile do not move the median. */
const examine = async (mongo: Mongo, work: (index: number) => Promise<unknown>): Promise<Examined> => {
  const databases = [mongo.database(tasks.name), mongo.database(loopsQueue.name)]
  const found: Examined[] = []
  for (let look = 0; look < LOOKS; look += 1) {
    const from = clock.now()
    for (const db of databases) await db.command({ profile: 2 })
    await work(look)
    for (const db of databases) await db.command({ profile: 0 })
    const entries = await Promise.all(
      databases.map((db) =>
        db
          .collection('system.profile')
          .find({ ts: { $gte: from }, keysExamined: { $exists: true } })
          .project<{ keysExamined: number; docsExamined: number }>({ keysExamined: 1, docsExamined: 1 })
          .toArray(),
      ),
    )
    const sum = (of: 'keysExamined' | 'docsExamined') =>
      entries.flat().reduce((all, entry) => all + entry[of], 0)
    found.push({ keys: sum('keysExamined'), docs: sum('docsExamined') })
  }
  return { keys: median(found.map(({ keys }) => keys)), docs: median(found.map(({ docs }) => docs)) }
}

/** Fills a small and a large workspace and measures in both. */
export const benchGrowth = async (servers: Servers, say: (line: string) => void): Promise<Grown[]> => {
  const port = await freePort()
  const connected = await connect(servers.env('bench_growth'), port)
  await using _stack = connected.stack
  const began = performance.now()
  const [large, small] = [
    operations(connected, await openWorkspace(connected, port, 'Large', LARGE)),
    operations(connected, await openWorkspace(connected, port, 'Small', SMALL)),
  ]
  say(`  filled after ${((performance.now() - began) / 1_000).toFixed(0)} s`)
  const grown: Grown[] = []
  for (const operation of Object.keys(large) as Operation[]) {
    const runs = operation === 'ship_loop' ? SHIPS : RUNS
    const counts = { large: 0, small: 0 }
    const [inLarge, inSmall] = [
      () => large[operation](counts.large++),
      () => small[operation](counts.small++),
    ]
    const times = await pair(
      () => sample(inLarge, runs),
      () => sample(inSmall, runs),
      ROUNDS,
    )
    const { mongo } = connected
    grown.push({
      operation,
      ...times,
      large: await examine(mongo, inLarge),
      small: await examine(mongo, inSmall),
    })
  }
  return grown
}
