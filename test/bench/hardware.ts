// What Loops needs: memory and processor time of each service in a process of its own, calls per second, and room on disk per
// task and event. For the tables of infra/docs/operations.md.
import { setTimeout as pause } from 'node:timers/promises'
import { SERVICE_NAMES } from '../../services/start.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { readConfig } from '../../shared/process/config.ts'
import { createLog } from '../../shared/process/log.ts'
import { configuredKeys } from '../../shared/process/service-keys.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { toolCall } from './mcp-load.ts'
import { type Sample, sample } from './measure.ts'
import { cpuOf, memoryOf, startInstallation } from './processes.ts'
import type { Servers } from './servers.ts'

/** HARDWARE_TASKS makes it another number. */
const TASKS = Number(process.env.HARDWARE_TASKS ?? 4_000)
const AGENTS = 16
/** How long nothing happens before memory is read (ms). */
const REST_MS = 5_000
/** MongoDB writes a checkpoint every 60 s. */
const WRITTEN_MS = 65_000
const DATABASE = 'bench_hardware'
/** A description as people write it. */
const BODY = 'What happens, what should happen, and how to see it.\n'.repeat(6)

/** One process: its memory (MB, PSS) at rest before and after the load, and its processor time per call (ms). */
export type ProcessFigures = Readonly<{ name: string; before_mb: number; after_mb: number; cpu_ms: number }>
/** Room on disk (bytes): of what MongoDB keeps for a task, with its indexes, journal and all else, and of an event in NATS. */
export type DiskFigures = Readonly<{ task_bytes: number; event_bytes: number; events_per_task: number }>
export type HardwareFigures = Readonly<{
  tasks: number
  agents: number
  create: Sample
  read: Sample
  processes: readonly ProcessFigures[]
  disk: DiskFigures
}>

/** The bytes of all databases on disk. MongoDB writes what is new there once a minute. */
const storedBytes = async (mongo: Mongo): Promise<number> => {
  let bytes = 0
  for (const name of SERVICE_NAMES) {
    const { storageSize, indexSize } = await mongo.database(name).stats()
    bytes += Number(storageSize) + Number(indexSize)
  }
  return bytes
}

/** Fills an installation by calls of agents, and measures. */
export const benchHardware = async (servers: Servers): Promise<HardwareFigures> => {
  await using stack = new AsyncDisposableStack()
  const { url, processes: watched } = stack.use(await startInstallation(servers, DATABASE, 1))
  const agent = stack.use(await agentOf({ url }, await signUp({ url }, { name: 'Bench' })))
  const env = servers.env(DATABASE)
  const log = createLog({ filter: 'error', topic: 'bench' })
  const mongo = stack.use(await connectMongo(String(env.MONGODB_URL), log))
  const keys = configuredKeys('gateway', readConfig(env))
  const { jsm } = stack.use(await connectBus(String(env.NATS_URL), 'gateway', log, keys))
  const { task } = await agent.call('create_task', { title: 'The first' })
  await pause(REST_MS)
  const look = () => watched.map(({ pid }) => ({ memory_mb: memoryOf(pid), cpu_s: cpuOf(pid) }))
  const state = async () => ({
    ...(await jsm.streams.info(EVENTS_STREAM)).state,
    stored: await storedBytes(mongo),
  })
  const [before, at_first] = [look(), await state()]
  const call = (tool: string, input: Record<string, unknown>) =>
    toolCall(`${url}/mcp`, agent.accessToken(), tool, input)
  const create = await sample(call('create_task', { title: 'One more', body: BODY }), TASKS, AGENTS)
  const read = await sample(call('get_task', { task_id: task.id }), TASKS, AGENTS)
  // What calls leave behind is done when the stream and the processor rest.
  for (let last = -1, now = 0; last !== now; [last, now] = [now, (await state()).messages])
    await pause(REST_MS)
  await pause(WRITTEN_MS)
  const [after, at_last] = [look(), await state()]
  const messages = at_last.messages - at_first.messages
  return {
    tasks: TASKS,
    agents: AGENTS,
    create,
    read,
    processes: watched.map(({ name }, index) => ({
      name,
      before_mb: before[index]?.memory_mb ?? 0,
      after_mb: after[index]?.memory_mb ?? 0,
      cpu_ms: (((after[index]?.cpu_s ?? 0) - (before[index]?.cpu_s ?? 0)) * 1_000) / (2 * TASKS),
    })),
    disk: {
      task_bytes: (at_last.stored - at_first.stored) / TASKS,
      event_bytes: (at_last.bytes - at_first.bytes) / messages,
      events_per_task: messages / TASKS,
    },
  }
}
