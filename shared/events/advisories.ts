// Makes dead letters of events that NATS itself gave up.
//
// Such an event was delivered MAX_DELIVER times and never acknowledged, because every process that took it died or hung. The
// server says so once, in an advisory on a stream of its own.
import type { JsMsg } from '@nats-io/jetstream'
import * as z from 'zod'
import type { Bus } from '../bus/connect.ts'
import type { DeadLetters } from './dead-letter-store.ts'
import { eventIdOf } from './reactions.ts'
import { readMessages } from './read-messages.ts'
import { EVENTS_STREAM, openAdvisoryConsumer } from './streams.ts'

/** The pause before an advisory that could not be recorded is delivered again (ms). */
const RETRY_MS = 10_000

/** The members of an advisory that are used (https://docs.nats.io/running-a-nats-service/nats_admin/monitoring/monitoring_jetstream). */
const MaxDeliveries = z.object({ stream_seq: z.int(), deliveries: z.int() })

/**
 * Starts turning the advisories of one durable consumer into dead letters. Asks for a redrive of each, one at a time: messages
 * that were merely delivered together with one that kills processes were given up with it.
 * @throws what NATS answers when the consumer cannot be opened now.
 */
export const consumeGivenUp = (
  bus: Bus,
  durable: string,
  { deadLetters, random }: Readonly<{ deadLetters: DeadLetters; random: () => number }>,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('advisories')
  const record = async (advisory: unknown): Promise<void> => {
    const { stream_seq, deliveries } = MaxDeliveries.parse(advisory)
    const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq: stream_seq })
    if (!message) return log.warn('an event that NATS gave up is no longer in the stream', { stream_seq })
    const payload = message.string()
    const reason = 'it was never acknowledged: each process that took it died or hung'
    const { subject } = message
    const deadLetter = {
      durable,
      subject,
      stream_seq,
      event_id: eventIdOf(payload),
      payload,
      reason,
      deliveries,
    }
    await deadLetters.put(deadLetter, true)
    log.error('event given up by NATS; it is a dead letter now', { subject, stream_seq, deliveries })
  }
  const take = async (msg: JsMsg): Promise<void> => {
    try {
      await record(msg.json())
      msg.ack()
    } catch (error) {
      log.warn('an advisory could not be recorded; it comes again', { error })
      msg.nak(RETRY_MS)
    }
  }
  const open = () => openAdvisoryConsumer(bus, durable)
  return readMessages(bus, { durable, open, take, parallel: 1, random })
}
