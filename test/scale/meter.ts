// Reads what an installation has used: processor time of each process, commands of MongoDB, messages of NATS, bytes kept.
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { SERVICE_NAMES } from '../../services/start.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'
import { cpuOf, untilQuiet, type Watched } from '../bench/processes.ts'
import type { Servers } from '../bench/servers.ts'
import { PLACES, type PlaceName, type UnitCost } from './costs-rules.ts'
import { shareOf, type Totals } from './meter-rules.ts'

const IDLE_MS = 10_000
const PLACE_OF: Readonly<Record<string, PlaceName>> = { mongod: 'mongodb', 'nats-server': 'nats' }
/** The commands that work with documents; the others are of the driver and of replication. */
const COMMANDS = [
  ...['find', 'insert', 'update', 'delete', 'findAndModify', 'aggregate', 'getMore', 'count', 'distinct'],
  'bulkWrite',
] as const

export type Meter = AsyncDisposable &
  Readonly<{
    /** What each of `count` costs that `work` does, with all that follows until the processes rest. */
    cost: (count: number, work: () => Promise<unknown>) => Promise<UnitCost>
    /** What each place takes while nothing happens (cores). */
    idle_cores: Readonly<Record<PlaceName, number>>
  }>

/** Begins by looking at what is used while nothing happens. */
export const openMeter = async (
  servers: Servers,
  processes: readonly Watched[],
  mongo: Mongo,
  bus: Bus,
): Promise<Meter> => {
  const client = new MongoClient(servers.mongodb_url())
  const admin = client.db('admin').admin()
  const read = async (): Promise<Totals> => {
    const at_ms = performance.now()
    const cpu_ms = Object.fromEntries(PLACES.map((name) => [name, 0])) as Record<PlaceName, number>
    for (const { name, pid } of processes) cpu_ms[PLACE_OF[name] ?? (name as PlaceName)] += cpuOf(pid) * 1_000
    const { metrics, network } = await admin.serverStatus()
    const nats = (await (await fetch(`${servers.monitoring_url()}/varz`)).json()) as Record<string, number>
    const sum = (...names: string[]): number => names.reduce((all, name) => all + Number(nats[name]), 0)
    const { state } = await bus.jsm.streams.info(EVENTS_STREAM)
    let kept_bytes = state.bytes
    for (const name of SERVICE_NAMES) kept_bytes += Number((await mongo.database(name).stats()).dataSize)
    const { inserted, updated, deleted } = metrics.document
    const commands = COMMANDS.map((name) => Number(metrics.commands[name]?.total ?? 0))
    return {
      at_ms,
      used: {
        cpu_ms,
        mongodb_commands: commands.reduce((all, one) => all + one, 0),
        mongodb_bytes: Number(network.bytesIn) + Number(network.bytesOut),
        nats_messages: sum('in_msgs', 'out_msgs'),
        nats_bytes: sum('in_bytes', 'out_bytes'),
        writes: Number(inserted) + Number(updated) + Number(deleted),
        events: state.messages,
        sent_bytes: 0,
        kept_bytes,
      },
    }
  }
  const quiet = async (): Promise<Totals> => {
    await untilQuiet(processes)
    return read()
  }
  const first = await quiet()
  await pause(IDLE_MS)
  const second = await read()
  const none = { ms: 1, used: shareOf(first, first, { ms: 1, used: first.used }, 1) }
  const idle = { ms: second.at_ms - first.at_ms, used: shareOf(first, second, none, 1) }
  const idle_cores = Object.fromEntries(
    PLACES.map((name) => [name, idle.used.cpu_ms[name] / idle.ms]),
  ) as Record<PlaceName, number>
  return {
    idle_cores,
    cost: async (count, work) => {
      const before = await quiet()
      await work()
      return shareOf(before, await quiet(), idle, count)
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}
