// Sets a durable consumer back in time, so that events are delivered to it again. It skips none that it has not had yet.
import { type ConsumerInfo, DeliverPolicy, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import { EVENTS_STREAM } from './streams.ts'

/** How often to try to replace a consumer that somebody else makes again at the same moment. */
const TRIES = 10

/** Where a consumer starts to read. */
type Start =
  | Readonly<{ deliver_policy: typeof DeliverPolicy.StartTime; opt_start_time: string }>
  | Readonly<{ deliver_policy: typeof DeliverPolicy.StartSequence; opt_start_seq: number }>

const isCode = (error: unknown, code: number): boolean =>
  error instanceof JetStreamApiError && error.code === code

/** The durable consumers of the events, by name. */
export const consumerNames = async (bus: Bus): Promise<string[]> => {
  const names: string[] = []
  for await (const { name, config } of bus.jsm.consumers.list(EVENTS_STREAM))
    if (config.durable_name !== undefined) names.push(name)
  return names.toSorted()
}

/** A durable consumer; null when there is none of this name. */
const findConsumer = async (bus: Bus, durable: string): Promise<ConsumerInfo | null> => {
  try {
    return await bus.jsm.consumers.info(EVENTS_STREAM, durable)
  } catch (error) {
    if (isCode(error, JetStreamApiCodes.ConsumerNotFound)) return null
    throw error
  }
}

/** The given moment, or the oldest event that is not acknowledged yet if that is older. */
const startOf = async (bus: Bus, { ack_floor }: ConsumerInfo, since: Date): Promise<Start> => {
  const seq = ack_floor.stream_seq + 1
  const oldest = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq, next_by_subj: '>' })
  return oldest && oldest.time < since
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: seq }
    : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() }
}

/** The settings of a consumer, with another start. */
const settingsOf = ({ config }: ConsumerInfo, start: Start) => {
  const { opt_start_seq: _seq, opt_start_time: _time, deliver_policy: _policy, ...kept } = config
  return { ...kept, ...start }
}

/**
 * Counts the events that a replay would deliver, by means of a temporary consumer.
 * @returns null when there is no durable consumer of this name.
 */
export const countReplay = async (bus: Bus, durable: string, since: Date): Promise<number | null> => {
  const found = await findConsumer(bus, durable)
  if (!found) return null
  const {
    durable_name: _durable,
    name: _name,
    ...settings
  } = settingsOf(found, await startOf(bus, found, since))
  const counting = await bus.jsm.consumers.add(EVENTS_STREAM, settings)
  await bus.jsm.consumers.delete(EVENTS_STREAM, counting.name)
  return counting.num_pending
}

/** The number in the stream of the first event from a start on; null when there is none. */
const sequenceOf = async (bus: Bus, start: Start): Promise<number | null> => {
  if ('opt_start_seq' in start) return start.opt_start_seq
  const first = await bus.jsm.direct.getMessage(EVENTS_STREAM, { start_time: start.opt_start_time })
  return first?.seq ?? null
}

/**
 * Moves a consumer to a start and leaves its settings as they are, so that an owner who declares them again at each start
 * ("create or update") is not refused.
 * @returns how many events it will get; null where the server cannot (before 2.14), or refuses so early a start.
 */
const moveTo = async (bus: Bus, durable: string, start: Start): Promise<number | null> => {
  try {
    const seq = await sequenceOf(bus, start)
    if (seq === null) return 0
    return (await bus.jsm.consumers.reset(EVENTS_STREAM, durable, seq)).num_pending
  } catch (error) {
    bus.log.debug('consumer cannot be moved', { consumer: durable, error })
    return null
  }
}

/** Replaces a consumer by one with another start. */
const remake = async (bus: Bus, found: ConsumerInfo, start: Start): Promise<number> => {
  for (let tries = 1; ; tries += 1) {
    await bus.jsm.consumers.delete(EVENTS_STREAM, found.name).catch((error: unknown) => {
      if (!isCode(error, JetStreamApiCodes.ConsumerNotFound)) throw error
    })
    try {
      return (await bus.jsm.consumers.add(EVENTS_STREAM, settingsOf(found, start))).num_pending
    } catch (error) {
      if (tries === TRIES) throw error
    }
  }
}

/**
 * Has the events since a moment delivered to a durable consumer again.
 * @returns how many it will get; null when there is no durable consumer of this name.
 */
export const replay = async (bus: Bus, durable: string, since: Date): Promise<number | null> => {
  const found = await findConsumer(bus, durable)
  if (!found) return null
  const start = await startOf(bus, found, since)
  return (await moveTo(bus, durable, start)) ?? (await remake(bus, found, start))
}
