// The event stream and its consumers, declared in one place and made at start. Repeats do no harm.
import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { Bus } from './connect.ts'

export const EVENTS_STREAM = 'EVENTS'
const DAY_MS = 24 * 60 * 60 * 1_000

/** How often a message is delivered before it is given up, and how long each delivery may be worked on (ms). */
export const MAX_DELIVER = 20
const ACK_WAIT_MS = 30_000

/** Makes the stream of all events, or brings it up to this declaration. */
export const ensureEventStream = async (bus: Bus, replicas: number): Promise<void> => {
  const config = {
    subjects: ['evt.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(30 * DAY_MS),
    duplicate_window: nanos(2 * 60_000),
    num_replicas: replicas,
    allow_direct: true,
    description: 'Everything that happened in Loops, as CloudEvents',
  }
  try {
    await bus.jsm.streams.add({ name: EVENTS_STREAM, ...config })
  } catch {
    // It is there with other settings, or another replica is making it at this moment.
    await bus.jsm.streams.update(EVENTS_STREAM, config)
  }
}

/** Makes the durable consumer of one service over the given subjects, and opens it. */
export const openConsumer = async (
  bus: Bus,
  durable: string,
  subjects: readonly string[],
): Promise<Consumer> => {
  const config = {
    filter_subjects: [...subjects],
    ack_wait: nanos(ACK_WAIT_MS),
    max_deliver: MAX_DELIVER,
    max_ack_pending: 256,
  }
  try {
    await bus.jsm.consumers.add(EVENTS_STREAM, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ...config,
    })
  } catch {
    await bus.jsm.consumers.update(EVENTS_STREAM, durable, config)
  }
  return await bus.js.consumers.get(EVENTS_STREAM, durable)
}
