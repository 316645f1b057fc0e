// Reads some events of the stream from a position on, without a consumer: nothing is acknowledged.
import type { StoredMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import type { CloudEvent } from '../contracts/define/cloud-event.ts'
import { AppError } from '../contracts/define/errors.ts'
import { within } from '../process/lifecycle.ts'
import { EVENTS_STREAM, readStream, type StreamState } from './streams.ts'

/** How long the stream may take to answer (ms). */
const ANSWER_MS = 5_000

/** An event with its number in the stream, and when it was published. */
export type StoredEvent = Readonly<{ seq: number; at: Date; event: CloudEvent }>

/** The status of a stream that has no such event now (JetStream, direct get). */
const NOTHING = 404

const isNothing = (error: Error): boolean => 'code' in error && error.code === NOTHING

const unavailable = (cause?: unknown): AppError =>
  new AppError('unavailable', 'The events cannot be read now.', {
    hint: 'Try again in a moment.',
    retry_after_ms: 1_000,
    cause,
  })

/**
 * The first events of the stream after a number whose subject matches a filter, in order. One copy of the stream answers,
 * which may be behind the others: fewer than `limit` do not mean that there are no more.
 * @throws AppError `unavailable` when the stream does not answer.
 */
export const readEvents = async (
  bus: Bus,
  { after, filter, limit }: Readonly<{ after: number; filter: string; limit: number }>,
): Promise<readonly StoredEvent[]> => {
  const found: StoredEvent[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const take = (done: Readonly<{ err?: Error }> | null, message: StoredMsg): void => {
    if (done === null) found.push({ seq: message.seq, at: message.time, event: message.json<CloudEvent>() })
    else if (done.err && !isNothing(done.err)) reject(unavailable(done.err))
    else resolve()
  }
  const messages = await bus.jsm.direct.getBatch(EVENTS_STREAM, {
    seq: after + 1,
    next_by_subj: filter,
    batch: limit,
    callback: take,
  })
  if (!(await within(ANSWER_MS, promise))) {
    messages.stop()
    throw unavailable()
  }
  return found
}

/** The stream at one moment, and the number of the last event that was published before an earlier moment. */
export type Looked = StreamState & Readonly<{ seq_before: number | undefined }>

/**
 * Looks at the stream.
 * @returns `seq_before` is undefined where the copies of the stream do not agree on it.
 * @throws AppError `unavailable` when there is no stream.
 */
export const lookAtStream = async (bus: Bus, moment: Date): Promise<Looked> => {
  const state = await readStream(bus)
  if (!state) throw unavailable()
  if (state.last_at < moment) return { ...state, seq_before: state.last_seq }
  const first = await bus.jsm.direct.getMessage(EVENTS_STREAM, { start_time: moment.toISOString() })
  return { ...state, seq_before: first === null ? undefined : first.seq - 1 }
}
