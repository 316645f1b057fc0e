// Makes the streams and durable consumers, keeps them as declared, and makes again what is lost.
//
// No other part of Loops may make them: services only read and publish, so none can have NATS deliver a message to another.
import type { Bus } from '../bus/connect.ts'
import { repeat } from '../process/lifecycle.ts'
import { type Durable, keepConsumers, keepStreams, migrateStreams } from './streams.ts'

/** How often to look whether everything is there (ms). */
const LOOK_MS = 2_000
/** After how many looks to retry settings that NATS refused: ten minutes. */
const LOOKS_PER_MIGRATION = 300

export type KeeperOptions = Readonly<{
  random: () => number
  /** Copies of the streams; undefined: three where there are three servers. */
  replicas: number | undefined
  /** The consumers that must exist. */
  durables: () => readonly Durable[]
  look_ms?: number
}>

/**
 * Makes the streams and consumers, and starts to look after them. Several keepers at once are harmless.
 * @throws AppError `unavailable` when a stream is missing and cannot be made, or JetStream does not answer for a minute.
 */
export const startKeeper = async (bus: Bus, options: KeeperOptions): Promise<AsyncDisposable> => {
  const { random, replicas, durables, look_ms = LOOK_MS } = options
  let migrated = await bus.answered(() => migrateStreams(bus, replicas))
  await bus.answered(() => keepConsumers(bus, durables(), true))
  let looks = 0
  const look = async (): Promise<void> => {
    if (!bus.connected()) return
    await keepStreams(bus, replicas)
    await keepConsumers(bus, durables())
    looks += 1
    // Servers may have joined meanwhile.
    if (!migrated && looks % LOOKS_PER_MIGRATION === 0) migrated = await migrateStreams(bus, replicas)
  }
  return repeat(look, { interval_ms: look_ms, log: bus.log.child('keeper'), random })
}
