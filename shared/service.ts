// What every service starts with: its connections, clock, ids and relay, and how it serves and consumes.
import { type Bus, connectBus } from './bus/connect.ts'
import { serve } from './bus/serve.ts'
import type { Contract, Handlers } from './contracts/define/contract.ts'
import { consume } from './events/consume.ts'
import { openDeadLetters } from './events/dead-letter-store.ts'
import { openJournal } from './events/journal-store.ts'
import { type Relay, startRelay } from './events/outbox.ts'
import type { Reaction } from './events/reactions.ts'
import { startReconciler } from './events/reconcile.ts'
import { aheadOf, type Clock, systemClock } from './process/clock.ts'
import type { Config } from './process/config.ts'
import { type FaultPoint, faultPoint } from './process/fault-points.ts'
import { startHealth } from './process/health.ts'
import { type Ids, systemIds } from './process/ids.ts'
import { createLog, type Log } from './process/log.ts'
import { configuredKeys } from './process/service-keys.ts'
import { openDatabaseClock } from './storage/database-clock.ts'
import { TERM_MS } from './storage/lease.ts'
import { connectMongo, type Mongo, mongoFault } from './storage/mongo.ts'
import { openSweepTurns } from './storage/sweep-turns.ts'

/** What a service runs on. What is added to `stack` is disposed of in reverse order. */
export type Host = Readonly<{
  config: Config
  log: Log
  clock: Clock
  ids: Ids
  bus: Bus
  mongo: Mongo
  relay: Relay
  /** The steps at which tests can kill the process. */
  at: FaultPoint
  stack: AsyncDisposableStack
  /** Reacts to events, through the durable consumer of this service, until the stack is disposed of. */
  consume: (reactions: readonly Reaction[]) => Promise<void>
  /** Answers the operations of a contract until the stack is disposed of. */
  serve: <C extends Contract>(contract: C, handlers: Handlers<C>) => Promise<void>
}>

const required = (value: string | undefined, name: string): string => {
  if (value === undefined) throw new Error(`${name} is not set.`)
  return value
}

/**
 * Connects a service.
 * @throws AppError `unavailable` when MongoDB or NATS does not answer.
 */
export const openHost = async (name: string, config: Config): Promise<Host> => {
  const log = createLog({ filter: config.LOG, topic: name })
  const stack = new AsyncDisposableStack()
  try {
    const clock = aheadOf(systemClock, config.CLOCK_OFFSET_MS ?? 0)
    const ids = systemIds()
    const at = faultPoint(config.FAULT)
    const keys = configuredKeys(name, config)
    const bus = stack.use(
      await connectBus(required(config.NATS_URL, 'NATS_URL'), name, log.child('bus'), keys),
    )
    const mongo = stack.use(
      await connectMongo(required(config.MONGODB_URL, 'MONGODB_URL'), log.child('mongo')),
    )
    const db = mongo.database(name)
    const publishing = { clock, random: ids.random, journal: await openJournal(db) }
    const reconciler = stack.use(await startReconciler(bus, publishing))
    const { stream, check_after_ms } = reconciler
    const turns = await openSweepTurns(db, { clock: await openDatabaseClock(db, clock), ids })
    const relay = stack.use(startRelay(bus, { ...publishing, turns: turns(), stream, check_after_ms, at }))
    return {
      config,
      log,
      clock,
      ids,
      bus,
      mongo,
      relay,
      at,
      stack,
      consume: async (reactions) => {
        const deadLetters = await openDeadLetters(db, {
          clock: await openDatabaseClock(db, clock),
          ids,
          term_ms: config.LEASE_MS ?? TERM_MS,
        })
        const options = { deadLetters, clock, random: ids.random, translate: mongoFault }
        stack.use(await consume(bus, name, reactions, options))
      },
      serve: async (contract, handlers) => {
        const unsigned = config.UNSIGNED_REQUESTS
        stack.use(await serve(bus, contract, handlers, { clock, translate: mongoFault, unsigned }))
      },
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/**
 * Opens a host and wires a service on it. What `wire` opens belongs on the host's stack, which is disposed of when it fails.
 * @returns disposing stops the service in order.
 * @throws what `openHost` and `wire` throw.
 */
export const startOnHost = async (
  name: string,
  config: Config,
  wire: (host: Host) => Promise<void>,
): Promise<AsyncDisposable> => {
  const host = await openHost(name, config)
  const stop = () => host.stack.disposeAsync()
  try {
    await wire(host)
    const { HEALTH_PORT } = config
    if (HEALTH_PORT !== undefined) host.stack.use(await startHealth(HEALTH_PORT, host.bus.connected))
  } catch (error) {
    await stop()
    throw error
  }
  return { [Symbol.asyncDispose]: stop }
}
