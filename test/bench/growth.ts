// How long operations take as a workspace grows: the same calls at a thousand, ten and a hundred thousand tasks.
import { startServices } from '../../services/start.ts'
import { client } from '../../shared/bus/client.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { systemClock as clock } from '../../shared/clock.ts'
import { readConfig } from '../../shared/config.ts'
import type { Call, Caller } from '../../shared/contract.ts'
import { ALL_SCOPES } from '../../shared/contracts/common.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import { tasks } from '../../shared/contracts/tasks.ts'
import { systemIds } from '../../shared/ids.ts'
import { createLog } from '../../shared/log.ts'
import { configuredKeys } from '../../shared/service-keys.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { type Sample, sample } from './measure.ts'
import type { Servers } from './servers.ts'

export const SIZES = [1_000, 10_000, 100_000] as const
export const MEASURED = ['create_task', 'get_task', 'list_tasks', 'get_next_work', 'ship_loop'] as const
/** Samples by operation, one per size. */
export type Growth = Readonly<Record<Measured, readonly Sample[]>>
type Measured = (typeof MEASURED)[number]

const RUNS = 300
const SHIPS = 60
const FILLERS = 64
const LOOPS = 50

const connect = async (env: Record<string, string>, port: number) => {
  const stack = new AsyncDisposableStack()
  stack.use(await startServices({ ...env, PORT: String(port), PUBLIC_URL: `http://localhost:${port}` }))
  const bus = stack.use(
    await connectBus(
      String(env.NATS_URL),
      'gateway',
      createLog({ filter: 'error', topic: 'bench' }),
      configuredKeys('gateway', readConfig(env)),
    ),
  )
  const system = { url: `http://localhost:${port}` }
  await using agent = await agentOf(system, await signUp(system, { name: 'Bench' }))
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
  const call = (): Call => ({ caller, request_id: 'bench', ...startBudget(clock, 10_000) })
  return { stack, call, tasks: client(bus, tasks), loops: client(bus, loopsQueue) }
}

type Connected = Awaited<ReturnType<typeof connect>>
const BODY = 'Say what to do, why, and how to tell that it is done.\n'.repeat(20)

/** Files tasks until there are `count` more: most unassigned, a fifth in loops, some of those approved. */
const fill = async (
  { tasks, call }: Connected,
  loopIds: readonly string[],
  count: number,
): Promise<string[]> => {
  const ids: string[] = []
  await sample(
    async (index) => {
      const loop_id = index % 5 === 0 ? loopIds[index % loopIds.length] : undefined
      const { task } = await tasks.create_task({ title: `Task ${index}`, body: BODY, loop_id }, call())
      if (index % 10 === 0) await tasks.update_task({ task_id: task.id, status: 'approved' }, call())
      ids.push(task.id)
    },
    count,
    FILLERS,
  )
  return ids
}

const measure = async (
  connected: Connected,
  taskIds: readonly string[],
): Promise<Record<Measured, Sample>> => {
  const { tasks, loops, call } = connected
  const pick = (index: number): string => taskIds[(index * 7_919) % taskIds.length] as string
  const shipped: string[] = []
  for (let index = 0; index < SHIPS; index += 1) {
    const { loop } = await loops.create_loop({ name: `Ship ${index}` }, call())
    for (let task = 0; task < 5; task += 1)
      await tasks.create_task({ title: `Part ${task}`, loop_id: loop.id }, call())
    shipped.push(loop.id)
  }
  return {
    create_task: await sample(() => tasks.create_task({ title: 'One more', body: BODY }, call()), RUNS),
    get_task: await sample((index) => tasks.get_task({ task_id: pick(index) }, call()), RUNS),
    list_tasks: await sample(() => tasks.list_tasks({}, call()), RUNS),
    get_next_work: await sample(() => loops.get_next_work({}, call()), RUNS),
    ship_loop: await sample((index) => loops.ship_loop({ loop_id: shipped[index] as string }, call()), SHIPS),
  }
}

/** Grows one workspace through SIZES and measures at each. */
export const benchGrowth = async (servers: Servers, say: (line: string) => void): Promise<Growth> => {
  const connected = await connect(servers.env('bench_growth'), await servers.freePort())
  await using _stack = connected.stack
  const ids = systemIds()
  const loopIds: string[] = []
  for (let index = 0; index < LOOPS; index += 1)
    loopIds.push(
      (await connected.loops.create_loop({ name: `Loop ${ids.next()}` }, connected.call())).loop.id,
    )
  const taskIds: string[] = []
  const found: Record<Measured, Sample>[] = []
  for (const size of SIZES) {
    const began = performance.now()
    taskIds.push(...(await fill(connected, loopIds, size - taskIds.length)))
    say(`  ${size} tasks after ${((performance.now() - began) / 1_000).toFixed(0)} s of filing`)
    await measure(connected, taskIds.slice(-1_000))
    found.push(await measure(connected, taskIds))
  }
  const of = (name: Measured): Sample[] => found.map((samples) => samples[name])
  return {
    create_task: of('create_task'),
    get_task: of('get_task'),
    list_tasks: of('list_tasks'),
    get_next_work: of('get_next_work'),
    ship_loop: of('ship_loop'),
  }
}
