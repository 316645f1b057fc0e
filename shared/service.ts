// What every service starts with: its connections, clock, ids and relay, how it serves and consumes, and what it tells.
import { type Bus, connectBus } from './bus/connect.ts'
import { serve } from './bus/serve.ts'
import type { Contract, Handlers } from './contracts/define/contract.ts'
import { consume } from './events/consume.ts'
import { openDeadLetters } from './events/dead-letter-store.ts'
import { openJournal } from './events/journal-store.ts'
import { type Relay, startRelay } from './events/outbox.ts'
import type { Reaction } from './events/reactions.ts'
import { startReconciler } from './events/reconcile.ts'
import { lacksOf, readConsumer, readService, stalledGauge } from './measured.ts'
import { aheadOf, type Clock, systemClock } from './process/clock.ts'
import type { Config } from './process/config.ts'
import { type FaultPoint, faultPoint } from './process/fault-points.ts'
import { type Ids, systemIds } from './process/ids.ts'
import { createLog, type Log } from './process/log.ts'
import type { Metrics } from './process/metrics.ts'
import type { Readiness } from './process/readiness.ts'
import { configuredKeys } from './process/service-keys.ts'
import { noTelemetry, type Telemetry } from './process/telemetry.ts'
import { openTracing, type Tracing } from './process/tracing.ts'
import { openDatabaseClock } from './storage/database-clock.ts'
import { TERM_MS } from './storage/lease.ts'
import { connectMongo, type Mongo, mongoFault } from './storage/mongo.ts'
import { readEpoch } from './storage/restore-store.ts'
import { type Reading, SAMPLE_TERM_MS, type Samples, startSamples } from './storage/samples.ts'
import { openSweepTurns } from './storage/sweep-turns.ts'
import { openUpkeep, type Upkeep } from './storage/upkeep.ts'
import { UPKEEP_TERM_MS } from './storage/upkeep-rules.ts'

/** What a service runs on. What is added to `stack` is disposed of in reverse order. */
export type Host = Readonly<{
  config: Config
  log: Log
  clock: Clock
  ids: Ids
  bus: Bus
  mongo: Mongo
  relay: Relay
  /** What one replica does for all. */
  upkeep: Upkeep
  /** When the installation was restored from a backup, as its events say; undefined if it never was. */
  epoch: string | undefined
  /** The steps at which tests can kill the process. */
  at: FaultPoint
  stack: AsyncDisposableStack
  metrics: Metrics
  /** Has gauges read from the database, by one replica at a time, if anybody wants metrics. */
  sample: (reading: Reading) => void
  /** Says that the start is over. @param lacks what the service itself waits for now. */
  ready: (lacks?: () => readonly string[]) => void
  /** Reacts to events, through the durable consumer of this service, until the stack is disposed of. */
  consume: (reactions: readonly Reaction[]) => Promise<void>
  /** Answers the operations of a contract until the stack is disposed of. */
  serve: <C extends Contract>(contract: C, handlers: Handlers<C>) => Promise<void>
}>

const required = (value: string | undefined, name: string): string => {
  if (value === undefined) throw new Error(`${name} is not set.`)
  return value
}

/** Connects to both servers. */
const connect = async (
  name: string,
  config: Config,
  {
    log,
    metrics,
    tracing,
    clock,
    waitFor,
    stack,
  }: Readonly<{
    log: Log
    clock: Clock
    metrics: Metrics
    tracing: Tracing
    waitFor: (what: string) => void
    stack: AsyncDisposableStack
  }>,
): Promise<Pick<Host, 'bus' | 'mongo'>> => {
  waitFor('NATS and its JetStream (NATS_URL)')
  const nats_url = required(config.NATS_URL, 'NATS_URL')
  const keys = configuredKeys(name, config)
  const bus = stack.use(await connectBus(nats_url, name, log.child('bus'), keys, { metrics, tracing }))
  waitFor('MongoDB (MONGODB_URL)')
  const mongodb_url = required(config.MONGODB_URL, 'MONGODB_URL')
  const mongo = stack.use(
    await connectMongo(mongodb_url, log.child('mongo'), { metrics, service: name, clock }),
  )
  return { bus, mongo }
}

/** How a service consumes and serves. */
const answering = (
  name: string,
  {
    config,
    clock,
    ids,
    bus,
    mongo,
    stack,
    upkeep,
  }: Pick<Host, 'config' | 'clock' | 'ids' | 'bus' | 'mongo' | 'stack' | 'upkeep'>,
  samples: Samples | undefined,
): Pick<Host, 'consume' | 'serve'> => ({
  consume: async (reactions) => {
    const db = mongo.database(name)
    const deadLetters = await openDeadLetters(db, {
      clock: await openDatabaseClock(db, clock),
      ids,
      term_ms: config.LEASE_MS ?? TERM_MS,
    })
    const { shared } = upkeep
    const options = { deadLetters, clock, random: ids.random, translate: mongoFault, shared }
    stack.use(await consume(bus, name, reactions, options))
    samples?.add(() => readConsumer(bus, deadLetters))
  },
  serve: async (contract, handlers) => {
    const unsigned = config.UNSIGNED_REQUESTS
    stack.use(await serve(bus, contract, handlers, { clock, translate: mongoFault, unsigned }))
  },
})

type Database = ReturnType<Mongo['database']>

/** The turns of a service: the clock of its database, and a function that makes them. */
const openTurns = async (db: Database, { clock, ids }: Pick<Host, 'clock' | 'ids'>, term_ms?: number) => {
  const deps = { clock: await openDatabaseClock(db, clock), ids, ...(term_ms ? { term_ms } : {}) }
  return await openSweepTurns(db, deps)
}

/** Starts to look for the turn at the upkeep. */
const upkeepOf = (
  { bus, clock, ids, log }: Pick<Host, 'bus' | 'clock' | 'ids' | 'log'>,
  newTurns: Awaited<ReturnType<typeof openTurns>>,
): Upkeep => {
  const { connected } = bus
  const turns = newTurns(UPKEEP_TERM_MS)
  return openUpkeep({ turns, connected, clock, random: ids.random, log: log.child('upkeep') })
}

/** Starts to read what metrics say about the database; undefined where nobody wants metrics. */
const openSamples = async (
  host: Pick<Host, 'clock' | 'ids' | 'log' | 'metrics'>,
  service: string,
  db: Database,
): Promise<Samples | undefined> => {
  const { metrics, clock, ids } = host
  if (!metrics.on) return undefined
  const turns = (await openTurns(db, host, SAMPLE_TERM_MS))()
  const log = host.log.child('samples')
  return startSamples({ service, metrics, turns, clock, random: ids.random, log })
}

/** Says what a service waits for while it starts, and what it lacks afterwards. */
const openProbe = (name: string, { metrics, probes }: Telemetry, stack: AsyncDisposableStack) => {
  const probe = stack.use(probes.open(name))
  return {
    metrics,
    waitFor: probe.waitFor,
    /** Says what the host and the service on it lack, from now on. */
    started: (
      host: Pick<Host, 'bus' | 'mongo'>,
      samples: Samples | undefined,
      lacks: () => readonly string[],
    ) => {
      probe.started(async (): Promise<Readiness> => {
        const found = await lacksOf(host, samples?.fresh() ?? [])
        return { ...found, waiting_for: [...lacks(), ...found.waiting_for] }
      })
    },
  }
}

/**
 * Connects a service.
 * @throws AppError `unavailable` when MongoDB or NATS does not answer, or a restore into the database was not finished.
 */
export const openHost = async (
  name: string,
  config: Config,
  telemetry: Telemetry = noTelemetry,
): Promise<Host> => {
  const log = createLog({ filter: config.LOG, topic: name })
  const stack = new AsyncDisposableStack()
  try {
    const clock = aheadOf(systemClock, config.CLOCK_OFFSET_MS ?? 0)
    const ids = systemIds()
    const at = faultPoint(config.FAULT)
    const { metrics, waitFor, started } = openProbe(name, telemetry, stack)
    const tracing = stack.use(await openTracing(name, config, log.child('traces')))
    const { bus, mongo } = await connect(name, config, { log, clock, metrics, tracing, waitFor, stack })
    const db = mongo.database(name)
    const epoch = await readEpoch(db)
    const publishing = { clock, random: ids.random, journal: await openJournal(db), epoch }
    waitFor('the stream of events, which the migrator makes')
    const newTurns = await openTurns(db, { clock, ids })
    const upkeep = stack.use(upkeepOf({ bus, clock, ids, log }, newTurns))
    const { isOurs } = upkeep
    const reconciler = stack.use(await startReconciler(bus, { ...publishing, isOurs }))
    const { stream, check_after_ms } = reconciler
    const turns = newTurns()
    const relay = stack.use(startRelay(bus, { ...publishing, turns, upkeep, stream, check_after_ms, at }))
    const samples = await openSamples({ clock, ids, log, metrics }, name, db)
    if (samples) stack.use(samples)
    samples?.add(() => readService(bus, relay, clock))
    if (metrics.on) stack.use(metrics.gauges(() => [stalledGauge(bus)]))
    waitFor('the rest of its start, such as its consumer of events, which the migrator makes')
    return {
      config,
      log,
      clock,
      ids,
      bus,
      mongo,
      relay,
      upkeep,
      epoch,
      at,
      stack,
      metrics,
      sample: (reading) => samples?.add(reading),
      ready: (lacks = () => []) => started({ bus, mongo }, samples, lacks),
      ...answering(name, { config, clock, ids, bus, mongo, stack, upkeep }, samples),
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
  telemetry: Telemetry = noTelemetry,
): Promise<AsyncDisposable> => {
  const host = await openHost(name, config, telemetry)
  const stop = () => host.stack.disposeAsync()
  try {
    await wire(host)
    host.ready()
  } catch (error) {
    await stop()
    throw error
  }
  return { [Symbol.asyncDispose]: stop }
}
