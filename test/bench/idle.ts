// What an installation does while nobody uses it, by its replicas: commands of MongoDB and messages of NATS per second, and
// processor time. All replicas run in this process. What grows with them is a cost of each; the rest is shared.
import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { SERVICE_NAMES, startServices } from '../../services/start.ts'
import type { Servers } from './servers.ts'

/** How many replicas of every service. */
export const REPLICAS = [1, 4, 12] as const
/** Until replicas know how many they are: twice the longest wait between two looks of one of twelve (ms). */
const SETTLE_MS = 60_000
const MEASURED_MS = 60_000

/** Counts since the start of the servers. */
type Counts = Readonly<{ commands: number; messages: number; cpu_ms: number }>

/** What happens in a second while nobody does anything. */
export type Idle = Readonly<{
  replicas: number
  commands: number
  messages: number
  /** Of a core, for all replicas together (0 to 1 and more). */
  cpu: number
}>

/** Reads a number that a server reports. @throws Error when it is none. */
const numberOf = (value: unknown): number => {
  if (typeof value !== 'number')
    throw new Error(`A server reports ${String(value)} where a number was expected.`)
  return value
}

const countsOf = async (client: MongoClient, monitoring_url: string): Promise<Counts> => {
  const { opcounters } = await client.db('admin').command({ serverStatus: 1 })
  const commands = Object.values(opcounters as Record<string, unknown>)
    .filter((value) => typeof value === 'number')
    .reduce((sum, value) => sum + value, 0)
  const answer = await fetch(`${monitoring_url}/varz`, { signal: AbortSignal.timeout(5_000) })
  const { in_msgs, out_msgs } = (await answer.json()) as Record<string, unknown>
  const { user, system } = process.cpuUsage()
  return {
    commands: numberOf(commands),
    messages: numberOf(in_msgs) + numberOf(out_msgs),
    cpu_ms: (user + system) / 1_000,
  }
}

const measureIdle = async (replicas: number, client: MongoClient, monitoring_url: string): Promise<Idle> => {
  await wait(SETTLE_MS)
  const began = performance.now()
  const before = await countsOf(client, monitoring_url)
  await wait(MEASURED_MS)
  const after = await countsOf(client, monitoring_url)
  const seconds = (performance.now() - began) / 1_000
  return {
    replicas,
    commands: (after.commands - before.commands) / seconds,
    messages: (after.messages - before.messages) / seconds,
    cpu: (after.cpu_ms - before.cpu_ms) / 1_000 / seconds,
  }
}

/** Starts more and more replicas, and measures each number of them while nothing happens. */
export const benchIdle = async (servers: Servers, say: (line: string) => void): Promise<readonly Idle[]> => {
  await using stack = new AsyncDisposableStack()
  const env = servers.env('idle')
  const client = new MongoClient(env.MONGODB_URL ?? '')
  stack.defer(() => client.close())
  const found: Idle[] = []
  let started = 0
  for (const replicas of REPLICAS) {
    for (; started < replicas; started += 1) stack.use(await startServices(env, { names: SERVICE_NAMES }))
    say(`${replicas} of each service, idle …`)
    found.push(await measureIdle(replicas, client, servers.monitoring_url()))
  }
  return found
}
