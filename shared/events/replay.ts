// Sets a durable consumer of the events back in time, so that it gets again what it had. What it has not had yet stays owed.
import { type ConsumerInfo, DeliverPolicy, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import { EVENTS_STREAM } from './streams.ts'

/** Tries of replacing a consumer that its own service makes anew at the same moment. */
const TRIES = 10

/** Where a consumer begins to read. */
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

/** A durable consumer; null when there is none of that name. */
const findConsumer = async (bus: Bus, durable: string): Promise<ConsumerInfo | null> => {
  try {
    return await bus.jsm.consumers.info(EVENTS_STREAM, durable)
  } catch (error) {
    if (isCode(error, JetStreamApiCodes.ConsumerNotFound)) return null
    throw error
  }
}

/** The moment asked for, or the oldest event that was not acknowledged yet where that is older. */
const startOf = async (bus: Bus, { ack_floor }: ConsumerInfo, since: Date): Promise<Start> => {
  const seq = ack_floor.stream_seq + 1
  const owed = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq, next_by_subj: '>' })
  return owed && owed.time < since
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: seq }
    : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() }
}

/** What a consumer with this name and start would be made of: all of its settings but those of where it began. */
const settingsOf = ({ config }: ConsumerInfo, start: Start) => {
  const { opt_start_seq: _seq, opt_start_time: _time, deliver_policy: _policy, ...kept } = config
  return { ...kept, ...start }
}

/**
 * How many events a replay would deliver, found with a consumer that is gone again.
 * @returns null when there is no durable consumer of that name.
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

/** The place of a start in the stream; null when the stream has nothing from there on. */
const placeOf = async (bus: Bus, start: Start): Promise<number | null> => {
  if ('opt_start_seq' in start) return start.opt_start_seq
  const first = await bus.jsm.direct.getMessage(EVENTS_STREAM, { start_time: start.opt_start_time })
  return first?.seq ?? null
}

/**
 * Moves a consumer to a start and leaves its settings as its owner declared them: whoever says them again when it connects,
 * as the clients' "create or update" does, is not refused.
 * @returns how many events it will get; null where the server cannot (before 2.14), or will not from so early a place.
 */
const moveTo = async (bus: Bus, durable: string, start: Start): Promise<number | null> => {
  try {
    const seq = await placeOf(bus, start)
    if (seq === null) return 0
    return (await bus.jsm.consumers.reset(EVENTS_STREAM, durable, seq)).num_pending
  } catch (error) {
    bus.log.debug('consumer cannot be moved', { consumer: durable, error })
    return null
  }
}

/** Makes a consumer anew, with another start among its settings. */
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
 * Delivers the events since a moment to a durable consumer again.
 * @returns how many events it will get; null when there is no durable consumer of that name.
 */
export const replay = async (bus: Bus, durable: string, since: Date): Promise<number | null> => {
  const found = await findConsumer(bus, durable)
  if (!found) return null
  const start = await startOf(bus, found, since)
  return (await moveTo(bus, durable, start)) ?? (await remake(bus, found, start))
}
