// Calls of several gateways and services, each process held to a part of a core: what twice as many of them can do.
import { agentOf, signUp } from '../support/accounts.ts'
import { callOnce } from './mcp-load.ts'
import { toSample } from './measure.ts'
import { coreTimes, cpuOf, openQuotas, startInstallation } from './processes.ts'
import type { Servers } from './servers.ts'

/** What callers do in turn. */
export const MIX = ['create_task', 'get_task', 'list_tasks', 'get_next_work', 'update_task'] as const
/** Callers for each replica, who never pause. */
export const CALLERS = 16
/** What each process is held to (cores). */
export const QUARTER = 0.25
const WARM_CALLS = 600
/** How long callers call before it counts, and while it does (ms). */
const BEFORE_MS = 4_000
const COUNTED_MS = 16_000
const BODY = 'x'.repeat(200)

/** One run. `others_cores`: what everything else on the machine took meanwhile; `busy`: how much of the machine was used. */
export type ReplicasRun = Readonly<{
  replicas: number
  cores: number
  callers: number
  per_second: number
  p50_ms: number
  failed: number
  /** Processor time of whoever calls, for a call (ms). */
  caller_ms: number
  /** Processor time of each service, of all its replicas, and of NATS and MongoDB, for a call (ms). */
  cpu_ms: Readonly<Record<string, number>>
  others_cores: number
  busy: number
}>

type Caller = (index: number) => Promise<unknown>

/** Goes through the mix with each gateway in turn. */
const openCaller = async (
  url: string,
  gateways: readonly string[],
): Promise<AsyncDisposable & { call: Caller }> => {
  const agent = await agentOf({ url }, await signUp({ url }, { name: 'Bench' }))
  const { loop } = await agent.call('create_loop', { name: 'Work' })
  const { task } = await agent.call('create_task', { title: 'The first', loop_id: loop.id })
  const host = new URL(url).host
  const inputs = {
    create_task: () => ({ title: 'One more', body: BODY, loop_id: loop.id }),
    get_task: () => ({ task_id: task.id }),
    list_tasks: () => ({}),
    get_next_work: () => ({}),
    update_task: (index: number) => ({ task_id: task.id, title: `The first, changed ${index}` }),
  }
  const call: Caller = (index) => {
    const tool = MIX[index % MIX.length] as (typeof MIX)[number]
    const at = gateways[Math.floor(index / MIX.length) % gateways.length]
    return callOnce([`${at}/mcp`, agent.accessToken(), host], tool, inputs[tool](index))
  }
  return { call, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() }
}

/** Calls with so many at once, until the time is over. @returns how long each call took that ended after the beginning */
const work = async (call: Caller, callers: number, from_ms: number, until_ms: number) => {
  const times: number[] = []
  let failed = 0
  await Promise.all(
    Array.from({ length: callers }, async (_, own) => {
      for (let turn = own; performance.now() < until_ms; turn += 1) {
        const began = performance.now()
        const isGood = await call(turn).then(
          () => true,
          () => false,
        )
        if (!isGood) failed += 1
        const now = performance.now()
        if (isGood && now >= from_ms && now < until_ms) times.push(now - began)
      }
    }),
  )
  return { times, failed }
}

/** Runs so many replicas of everything, each process held to so much of a core. */
export const runReplicas = async (
  servers: Servers,
  replicas: number,
  cores: number,
): Promise<ReplicasRun> => {
  await using quotas = openQuotas(cores)
  await using installation = await startInstallation(
    servers,
    `bench_replicas_${replicas}_${Math.round(cores * 100)}`,
    replicas,
  )
  const { url, gateways, services, processes } = installation
  await using caller = await openCaller(url, gateways)
  const callers = CALLERS * replicas
  let warmed = 0
  const warm = async (): Promise<void> => {
    while (warmed < WARM_CALLS * replicas) await caller.call(warmed++).catch(() => undefined)
  }
  await Promise.all(Array.from({ length: CALLERS }, warm))
  quotas.hold(services)
  await work(caller.call, callers, 0, performance.now() + BEFORE_MS)
  const look = () => processes.map(({ pid }) => cpuOf(pid))
  const [used, own, machine] = [look(), process.cpuUsage(), coreTimes()]
  const began = performance.now()
  const { times, failed } = await work(caller.call, callers, began, began + COUNTED_MS)
  const elapsed = performance.now() - began
  const [after, spent, end] = [look(), process.cpuUsage(own), coreTimes()]
  const per_call = (ms: number): number => ms / Math.max(1, times.length)
  const cpu_ms: Record<string, number> = {}
  for (const [index, { name }] of processes.entries()) {
    const ms = ((after[index] ?? 0) - (used[index] ?? 0)) * 1_000
    cpu_ms[name] = (cpu_ms[name] ?? 0) + per_call(ms)
  }
  const own_ms = (spent.user + spent.system) / 1_000
  const ours_ms = Object.values(cpu_ms).reduce((sum, one) => sum + one, 0) * times.length + own_ms
  const busy_ms = end.busy - machine.busy
  return {
    replicas,
    cores,
    callers,
    per_second: (times.length / COUNTED_MS) * 1_000,
    p50_ms: toSample(times, elapsed).p50,
    failed,
    caller_ms: per_call(own_ms),
    cpu_ms,
    others_cores: Math.max(0, busy_ms - ours_ms) / elapsed,
    busy: busy_ms / (end.all - machine.all),
  }
}

/** 1, 2 and 4 replicas. */
export const benchReplicas = async (servers: Servers, cores = QUARTER): Promise<readonly ReplicasRun[]> => {
  const runs: ReplicasRun[] = []
  for (const replicas of [1, 2, 4]) runs.push(await runReplicas(servers, replicas, cores))
  return runs
}
