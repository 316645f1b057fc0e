// The streams and their consumers, declared in one place and made at start. Repeats do no harm.
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
import { MAX_DELIVER } from './deliveries.ts'

export const EVENTS_STREAM = 'EVENTS'
/** What the server says of events that it gave up. It says so once, to whoever listens: so a stream does. */
export const ADVISORIES_STREAM = 'EVENT_ADVISORIES'
const DAY_MS = 24 * 60 * 60 * 1_000

/** How long a message may be worked on before the server hears of it again (ms); else it delivers it anew. */
export const ACK_WAIT_MS = 30_000

const givenUp = (durable: string): string => `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.EVENTS.${durable}`

const STREAMS = [
  {
    name: EVENTS_STREAM,
    subjects: ['evt.>'],
    max_age: nanos(30 * DAY_MS),
    duplicate_window: nanos(2 * 60_000),
    description: 'Everything that happened in Loops, as CloudEvents',
  },
  {
    name: ADVISORIES_STREAM,
    subjects: [givenUp('*')],
    max_age: nanos(30 * DAY_MS),
    max_msgs: 100_000,
    description: 'Events that were delivered as often as they may be and never acknowledged',
  },
]

/** Makes the streams, or brings them up to this declaration. */
export const ensureStreams = async (bus: Bus, replicas: number): Promise<void> => {
  for (const { name, ...own } of STREAMS) {
    const config = {
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      num_replicas: replicas,
      allow_direct: true,
      ...own,
    }
    try {
      await bus.jsm.streams.add({ name, ...config })
    } catch {
      // It is there with other settings, or another replica is making it at this moment.
      await bus.jsm.streams.update(name, config)
    }
  }
}

type Changeable = Readonly<{ filter_subjects: string[]; max_deliver: number; max_ack_pending: number }>

const ensureConsumer = async (
  bus: Bus,
  stream: string,
  durable: string,
  changeable: Changeable,
): Promise<Consumer> => {
  const config = { ack_wait: nanos(ACK_WAIT_MS), ...changeable }
  try {
    await bus.jsm.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ...config,
    })
  } catch {
    await bus.jsm.consumers.update(stream, durable, config)
  }
  return await bus.js.consumers.get(stream, durable)
}

/** Makes the durable consumer of one service over the given subjects, and opens it. */
export const openConsumer = (bus: Bus, durable: string, subjects: readonly string[]): Promise<Consumer> =>
  ensureConsumer(bus, EVENTS_STREAM, durable, {
    filter_subjects: [...subjects],
    max_deliver: MAX_DELIVER,
    max_ack_pending: 256,
  })

/** Makes the consumer of what the server says of events that one durable consumer never acknowledged, and opens it. */
export const openAdvisoryConsumer = (bus: Bus, durable: string): Promise<Consumer> =>
  ensureConsumer(bus, ADVISORIES_STREAM, durable, {
    filter_subjects: [givenUp(durable)],
    // Until it is written down: only a dead letter lets go of an event.
    max_deliver: -1,
    max_ack_pending: 16,
  })
