// Events that NATS itself gave up: delivered as often as it may be and never acknowledged, because each process that took
// one died or hung. The server tells of it once, on a stream of its own; each service makes dead letters of its own.
import type { JsMsg } from '@nats-io/jetstream'
import * as z from 'zod'
import type { Bus } from '../bus/connect.ts'
import type { DeadLetters } from './dead-letter-store.ts'
import { readMessages } from './follow.ts'
import { eventIdOf } from './reactions.ts'
import { EVENTS_STREAM, openAdvisoryConsumer } from './streams.ts'

/** Pause before an advisory that could not be written down comes again (ms). */
const RETRY_MS = 10_000

/** What is read of an advisory (https://docs.nats.io/running-a-nats-service/nats_admin/monitoring/monitoring_jetstream). */
const MaxDeliveries = z.object({ stream_seq: z.int(), deliveries: z.int() })

/**
 * Starts turning advisories of one durable consumer into dead letters. Messages that were merely delivered together with
 * one that ends processes are given up with it; so each is tried once more by itself.
 * @throws what NATS answers when the consumer cannot be opened now.
 */
export const consumeGivenUp = (
  bus: Bus,
  durable: string,
  { deadLetters, random }: Readonly<{ deadLetters: DeadLetters; random: () => number }>,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('advisories')
  const write = async (advisory: unknown): Promise<void> => {
    const { stream_seq, deliveries } = MaxDeliveries.parse(advisory)
    const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq: stream_seq })
    if (!message) return log.warn('an event that was given up is not in the stream any more', { stream_seq })
    const payload = message.string()
    const reason = 'each delivery ended without a word: the process died or hung'
    const { subject } = message
    const letter = { durable, subject, stream_seq, event_id: eventIdOf(payload), payload, reason, deliveries }
    await deadLetters.put(letter, true)
    log.error('event given up by NATS; it is a dead letter now', { subject, stream_seq, deliveries })
  }
  const take = async (msg: JsMsg): Promise<void> => {
    try {
      await write(msg.json())
      msg.ack()
    } catch (error) {
      log.warn('an advisory could not be written down; it comes again', { error })
      msg.nak(RETRY_MS)
    }
  }
  const open = () => openAdvisoryConsumer(bus, durable)
  return readMessages(bus, { durable, open, take, parallel: 1, random })
}
