// The declarations of the streams and consumers, and how they are made, kept up to date, and waited for.
//
// Only the migrator makes and changes them; services wait for them. Doing any of it twice does no harm.
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { isSilence } from '../bus/answered.ts'
import type { Bus } from '../bus/connect.ts'
import { AppError } from '../contracts/define/errors.ts'
import { pause } from '../process/lifecycle.ts'
import { MAX_DELIVER } from './deliveries.ts'
import { boundStream } from './stream-bound.ts'

export const EVENTS_STREAM = 'EVENTS'
/** Advisories about events that the server gave up. It publishes each once, so a stream listens. */
export const ADVISORIES_STREAM = 'EVENT_ADVISORIES'
const DAY_MS = 24 * 60 * 60 * 1_000

/** How long the server waits for an acknowledgement, or a word that work goes on, before it delivers again (ms). */
export const ACK_WAIT_MS = 30_000

/** How often to look for what the migrator is to make (ms). */
const WAIT_MS = 500

const advisorySubject = (durable: string): string =>
  `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.EVENTS.${durable}`

/** The fewest copies that survive the loss of a server; four survive no more than three. */
const SAFE_REPLICAS = 3

type Declared = Partial<StreamConfig> & Pick<StreamConfig, 'name'>

const common = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  allow_direct: true,
  max_age: nanos(30 * DAY_MS),
}
const STREAMS: readonly Declared[] = [
  {
    ...common,
    name: EVENTS_STREAM,
    description: 'Everything that happened in Loops, as CloudEvents',
    subjects: ['evt.>'],
    duplicate_window: nanos(2 * 60_000),
  },
  {
    ...common,
    name: ADVISORIES_STREAM,
    description: 'Events that were delivered as often as they may be and never acknowledged',
    subjects: [advisorySubject('*')],
    max_msgs: 100_000,
  },
]

type StreamFound = Readonly<{ name: string }> & Pick<StreamInfo, 'config' | 'cluster'>

/** The stream of events at one moment. */
export type StreamState = Readonly<{
  /** The moment of its creation: a stream that was lost and made again is another one. */
  id: string
  first_seq: number
  last_seq: number
  /** When the last event was published. */
  last_at: Date
}>

const findStream = async (bus: Bus, name: string): Promise<StreamInfo | null> => {
  try {
    return await bus.jsm.streams.info(name)
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null
    throw error
  }
}

/** Whether NATS has refused, rather than not answered. */
const isRefusal = (error: unknown): boolean => error instanceof JetStreamApiError && !isSilence(error)

/** The error for a change that NATS refuses. It quotes NATS, whose error codes are many. */
const refusal = (name: string, what: string, error: unknown): AppError => {
  const said = error instanceof Error ? error.message : String(error)
  return new AppError(
    'unavailable',
    `NATS refuses ${what} of the stream ${name}: ${said}. Copies need as many servers in one cluster (STREAM_REPLICAS); any other setting is changed back with \`nats stream edit ${name}\`, or the stream deleted with \`nats stream rm ${name}\`: Loops makes it again and publishes the events of the last 72 hours to it.`,
    { cause: error },
  )
}

/** Makes a stream. @param replicas its copies; undefined: three, or one where there are fewer servers. */
const makeStream = async (
  bus: Bus,
  declared: Declared,
  replicas: number | undefined,
): Promise<StreamInfo> => {
  const make = (num_replicas: number) => bus.jsm.streams.add({ ...declared, num_replicas })
  try {
    return await make(replicas ?? SAFE_REPLICAS).catch((error: unknown) => {
      if (replicas === undefined && isRefusal(error)) return make(1)
      throw error
    })
  } catch (error) {
    // Another migrator may just have made it, with another number of copies.
    const found = await findStream(bus, declared.name)
    if (found) return found
    throw isRefusal(error) ? refusal(declared.name, 'the creation', error) : error
  }
}

/** The settings in which a stream differs from its declaration. */
const changesOf = (declared: Declared, config: StreamConfig): (keyof Declared)[] =>
  (Object.keys(declared) as (keyof Declared)[]).filter(
    (key) => JSON.stringify(declared[key]) !== JSON.stringify(config[key]),
  )

/** Brings a stream up to its declaration; setting by setting if NATS refuses them together. @returns whether it took all. */
const changeStream = async (bus: Bus, declared: Declared, config: StreamConfig): Promise<boolean> => {
  const { name } = declared
  const log = bus.log.child('streams')
  const change = async (settings: readonly (keyof Declared)[]): Promise<void> => {
    await bus.jsm.streams.update(name, Object.fromEntries(settings.map((key) => [key, declared[key]])))
    log.info('stream brought up to its declaration', { stream: name, settings })
  }
  const changes = changesOf(declared, config)
  if (changes.length === 0) return true
  try {
    await change(changes)
    return true
  } catch (error) {
    if (!isRefusal(error)) throw error
    for (const setting of changes)
      await change([setting]).catch((refused: unknown) => {
        if (!isRefusal(refused)) throw refused
        // The stream works as it is, which is better than no stream.
        const { message } = refusal(name, `another ${setting}`, refused)
        log.error('stream left as it is', { stream: name, advice: message })
      })
    return false
  }
}

/** Raises a stream to three copies. @returns false when the cluster has too few servers for that now. */
const raiseCopies = async (bus: Bus, { name, config, cluster }: StreamFound): Promise<boolean> => {
  // A single server does not become a cluster while it runs.
  if (config.num_replicas >= SAFE_REPLICAS || !cluster) return true
  try {
    await bus.jsm.streams.update(name, { num_replicas: SAFE_REPLICAS })
    bus.log.child('streams').info('stream raised to three copies', { stream: name })
    return true
  } catch (error) {
    if (!isRefusal(error)) throw error
    return false
  }
}

/**
 * Makes the streams, or brings them up to their declaration. A change that NATS refuses is logged with advice, and the stream
 * stays as it is.
 * @param replicas copies of each; undefined: three where NATS has three servers, else one.
 * @returns whether NATS took everything; if not, a later try may succeed.
 * @throws AppError `unavailable` when a stream is missing and cannot be made.
 */
export const migrateStreams = async (bus: Bus, replicas: number | undefined): Promise<boolean> => {
  let took = true
  for (const declared of STREAMS) {
    const { name } = declared
    const found = (await findStream(bus, name)) ?? (await makeStream(bus, declared, replicas))
    const copies = replicas === undefined ? {} : { num_replicas: replicas }
    took = (await changeStream(bus, { ...declared, ...copies }, found.config)) && took
    if (replicas === undefined) took = (await raiseCopies(bus, { name, ...found })) && took
  }
  await boundStream(bus, EVENTS_STREAM)
  return took
}

/** Makes the streams that are missing. Leaves the settings of the others alone. */
export const keepStreams = async (bus: Bus, replicas: number | undefined): Promise<void> => {
  for (const declared of STREAMS)
    if (!(await findStream(bus, declared.name))) {
      await makeStream(bus, declared, replicas)
      bus.log.child('streams').warn('stream made', { stream: declared.name })
    }
}

/** The present state of the stream of events; null when there is none. */
export const readStream = async (bus: Bus): Promise<StreamState | null> => {
  const found = await findStream(bus, EVENTS_STREAM)
  if (!found) return null
  const { first_seq, last_seq, last_ts } = found.state
  return { id: found.created, first_seq, last_seq, last_at: new Date(last_ts) }
}

/** A durable consumer of events: the service whose it is, and the subjects that it reads. */
export type Durable = Readonly<{ durable: string; subjects: readonly string[] }>

type Declaration = Readonly<{
  stream: string
  durable: string
  changeable: Readonly<{ filter_subjects: string[]; max_deliver: number; max_ack_pending: number }>
}>

/** The consumers of one service: for events, and for advisories about events that it never acknowledged. */
const consumersOf = ({ durable, subjects }: Durable): readonly Declaration[] => [
  {
    stream: EVENTS_STREAM,
    durable,
    changeable: { filter_subjects: [...subjects], max_deliver: MAX_DELIVER, max_ack_pending: 256 },
  },
  {
    stream: ADVISORIES_STREAM,
    durable,
    // No limit: an advisory comes again until the event is a dead letter.
    changeable: { filter_subjects: [advisorySubject(durable)], max_deliver: -1, max_ack_pending: 16 },
  },
]

const findConsumer = async (bus: Bus, stream: string, durable: string): Promise<ConsumerInfo | null> => {
  try {
    return await bus.jsm.consumers.info(stream, durable)
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound) return null
    throw error
  }
}

/** Whether a filter matches everything that another matches (https://docs.nats.io/nats-concepts/subjects#wildcards). */
const covers = (wide: string, narrow: string): boolean => {
  const [outer, inner] = [wide.split('.'), narrow.split('.')]
  for (const [index, token] of outer.entries()) {
    if (token === '>') return inner.length > index
    const other = inner[index]
    if (other === undefined || other === '>' || (token !== '*' && token !== other)) return false
  }
  return outer.length === inner.length
}

/** The filters that a consumer has, with those asked for, less those that another covers: NATS refuses overlapping ones. */
export const withFilters = (
  { filter_subject, filter_subjects }: Partial<ConsumerConfig> = {},
  asked: readonly string[],
): string[] => {
  const had = filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject])
  const all = [...new Set([...had, ...asked])]
  return all.filter((one) => !all.some((other) => other !== one && covers(other, one)))
}

/**
 * Makes the durable consumers that are missing. With `change`, brings the others up to their declaration.
 *
 * Their subjects only grow. Otherwise a migrator of an earlier release, restarted beside newer services, would remove subjects
 * that it does not know, and their events would be lost to the consumer. So a service that stops using an event keeps a
 * reaction that does nothing.
 */
export const keepConsumers = async (
  bus: Bus,
  durables: readonly Durable[],
  change = false,
): Promise<void> => {
  const log = bus.log.child('streams')
  for (const { stream, durable, changeable } of durables.flatMap(consumersOf)) {
    const found = await findConsumer(bus, stream, durable)
    const filter_subjects = withFilters(found?.config, changeable.filter_subjects)
    const declared = { ack_wait: nanos(ACK_WAIT_MS), ...changeable, filter_subjects }
    const same = (key: keyof typeof declared) =>
      JSON.stringify(found?.config[key]) === JSON.stringify(declared[key])
    if (!found) {
      const fixed = { ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All }
      await bus.jsm.consumers.add(stream, { durable_name: durable, ...fixed, ...declared })
      log.info('consumer made', { stream, durable })
    } else if (change && !(Object.keys(declared) as (keyof typeof declared)[]).every(same)) {
      await bus.jsm.consumers.update(stream, durable, declared)
      log.info('consumer brought up to its declaration', { stream, durable })
    }
  }
}

/**
 * Waits until `find` finds what the migrator makes. Logs once that it waits.
 * @throws what `find` throws; AppError `unavailable` when NATS does not answer for a minute.
 */
const untilMade = async <T>(bus: Bus, what: string, find: () => Promise<T | null>): Promise<T> => {
  for (let looks = 0; ; looks += 1) {
    const found = await bus.answered(find)
    if (found !== null) return found
    if (looks === 0)
      bus.log
        .child('streams')
        .warn('not there yet: waiting for the migrator to make it (run.ts migrator)', { what })
    await pause(WAIT_MS, new AbortController().signal)
  }
}

/** Waits for the stream of events. */
export const untilStream = (bus: Bus): Promise<StreamState> =>
  untilMade(bus, 'the stream of events', () => readStream(bus))

/** Waits for the durable consumers of one service. */
export const untilConsumers = async (bus: Bus, durable: string): Promise<void> => {
  for (const stream of [EVENTS_STREAM, ADVISORIES_STREAM])
    await untilMade(bus, `the consumer ${durable} of ${stream}`, () => findConsumer(bus, stream, durable))
}

/** How many events a durable consumer has yet to be through with; undefined: there is no such consumer now. */
export const consumerLag = async (bus: Bus, durable: string): Promise<number | undefined> => {
  const found = await findConsumer(bus, EVENTS_STREAM, durable)
  return found ? found.num_pending + found.num_ack_pending : undefined
}

/** Opens the durable consumer of one service. @throws while there is none, until the migrator has made it again. */
export const openConsumer = (bus: Bus, durable: string): Promise<Consumer> =>
  bus.js.consumers.get(EVENTS_STREAM, durable)

/** Opens the consumer of advisories about one durable consumer. @throws as `openConsumer`. */
export const openAdvisoryConsumer = (bus: Bus, durable: string): Promise<Consumer> =>
  bus.js.consumers.get(ADVISORIES_STREAM, durable)
