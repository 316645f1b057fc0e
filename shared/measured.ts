// What is measured of every service, and what it lacks: outbox, consumer, dead letters, its servers.
//
// Beside service.ts, because it knows the rooms of events and of storage.
import type { Bus } from './bus/connect.ts'
import { STALLED_ADVICE } from './bus/stalled.ts'
import type { DeadLetters } from './events/dead-letter-store.ts'
import type { Relay } from './events/outbox.ts'
import { consumerLag } from './events/streams.ts'
import type { Clock } from './process/clock.ts'
import { ageSeconds, MOST_COUNTED, MOST_DEAD_LETTERS, type Sample } from './process/metrics-table.ts'
import type { Readiness } from './process/readiness.ts'
import type { Mongo } from './storage/mongo.ts'
import type { PendingWork, Work } from './storage/pending-work.ts'
import { SAMPLE_QUERY_MS } from './storage/samples.ts'

/** How long an event may wait in an outbox before something is wrong (s). */
const STUCK_S = 60

/** The collection of a namespace, `database.collection`. */
const collectionOf = (namespace: string): string => namespace.slice(namespace.indexOf('.') + 1)

/** Reads the outboxes of a service. */
export const readService = async (
  { name: service }: Pick<Bus, 'name'>,
  relay: Pick<Relay, 'outboxes'>,
  clock: Pick<Clock, 'now'>,
): Promise<readonly Sample[]> => {
  const samples: Sample[] = []
  for (const outbox of relay.outboxes()) {
    const labels = { service, collection: collectionOf(outbox.name) }
    const { documents, oldest } = await outbox.backlog(MOST_COUNTED, SAMPLE_QUERY_MS)
    const value = ageSeconds(oldest, clock.now())
    samples.push(
      { name: 'loops_outbox_documents', labels, value: documents },
      { name: 'loops_outbox_oldest_age_seconds', labels, value },
    )
  }
  return samples
}

/** Reads how much work is pending, and how old the oldest is. @param samples makes the samples of both figures. */
export const readPending = async (
  work: Pick<PendingWork<Work>, 'backlog'>,
  clock: Pick<Clock, 'now'>,
  samples: (count: number, oldest_s: number) => readonly Sample[],
): Promise<readonly Sample[]> => {
  const { count, oldest } = await work.backlog(MOST_COUNTED, SAMPLE_QUERY_MS)
  return samples(count, ageSeconds(oldest, clock.now()))
}

/** Reads how far the consumer of a service is, and what it gave up. */
export const readConsumer = async (
  bus: Bus,
  deadLetters: Pick<DeadLetters, 'backlog'>,
): Promise<readonly Sample[]> => {
  const labels = { service: bus.name }
  const dead = await deadLetters.backlog(MOST_DEAD_LETTERS, SAMPLE_QUERY_MS)
  const lag = bus.connected() ? await consumerLag(bus, bus.name) : undefined
  return [
    { name: 'loops_dead_letters', labels, value: dead },
    ...(lag === undefined ? [] : [{ name: 'loops_consumer_lag' as const, labels, value: lag }]),
  ]
}

/** Whether the stream takes this process's events. */
export const stalledGauge = ({ name: service, events }: Pick<Bus, 'name' | 'events'>): Sample => ({
  name: 'loops_events_stalled',
  labels: { service },
  value: events.stalled().includes(service) ? 1 : 0,
})

const stuckIn = (samples: readonly Sample[]): string[] =>
  samples.flatMap((sample) =>
    sample.name === 'loops_outbox_oldest_age_seconds' && sample.value > STUCK_S
      ? [
          `events of ${sample.labels.collection} have waited for ${Math.round(sample.value)} s to be published; the log of the service says why`,
        ]
      : [],
  )

/** What a service lacks of its servers. @param samples as this process read them last. */
export const lacksOf = async (
  { bus, mongo }: Readonly<{ bus: Pick<Bus, 'connected' | 'events'>; mongo: Pick<Mongo, 'ping'> }>,
  samples: readonly Sample[],
): Promise<Readiness> => ({
  waiting_for: [
    ...(bus.connected() ? [] : ['NATS, which does not answer']),
    ...((await mongo.ping()) ? [] : ['MongoDB, whose primary does not answer']),
  ],
  degraded: [...(bus.events.stalled().length > 0 ? [STALLED_ADVICE] : []), ...stuckIn(samples)],
})
