// Events end to end, against bare publishing to the same stream. Measures how many per second pass from a write through
// outbox and stream to a reaction, and how soon after the write.
import * as z from 'zod'
import { defineContract, event, eventFilter, eventSubject } from '../../shared/contracts/define/contract.ts'
import { on } from '../../shared/events/reactions.ts'
import { keepConsumers } from '../../shared/events/streams.ts'
import { readConfig } from '../../shared/process/config.ts'
import { openHost } from '../../shared/service.ts'
import { type Aggregate, aggregates, OUTBOX_INDEX } from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { type Pair, pair, type Sample, sample, toSample } from './measure.ts'
import type { Servers } from './servers.ts'

const EVENTS = 4_000
const PARALLEL = 64
const ROUNDS = 5
const ONE_BY_ONE = 500

type Thing = Aggregate & { name: string }

const things = defineContract({
  name: 'bench-things',
  version: '1.0.0',
  description: 'Tells of things that are made.',
  operations: {},
  events: {
    'thing.made': event({
      description: 'A thing was made.',
      subject: 'id',
      data: z.object({ id: z.string(), name: z.string() }),
    }),
  },
})
const NAME = 'x'.repeat(160)

/** `whole` counts from the first write to the last reaction; `delay` from a write's end to its reaction, one at a time. */
export type Events = Readonly<{ whole: Pair; write: Sample; publish: Sample; delay: Sample }>

/** The ids that a reaction has seen, and the waiters for them. */
const openWatch = () => {
  const waiting = new Map<string, (at_ms: number) => void>()
  return {
    see: async (id: string): Promise<void> => {
      waiting.get(id)?.(performance.now())
      waiting.delete(id)
    },
    /** The moment at which an id is seen. */
    when: (id: string): Promise<number> => new Promise((resolve) => void waiting.set(id, resolve)),
  }
}

/** Measures one process that writes, relays and reacts, as a service does. */
export const benchEvents = async (servers: Servers): Promise<Events> => {
  const host = await openHost(things.name, readConfig(servers.env('bench_events')))
  await using _ = host.stack
  const { bus, clock, ids, relay } = host
  const db = host.mongo.database(things.name)
  const storeOf = async (name: string, onCommit: typeof relay.onCommit) => {
    const opened = await openCollection<Thing>(db, name, { indexes: [OUTBOX_INDEX] })
    return aggregates(opened, { service: things.name, clock, ids, onCommit })
  }
  const [publishing, silent] = [
    await storeOf('publishing', relay.onCommit),
    await storeOf('silent', () => undefined),
  ]
  relay.watch(publishing.outbox)
  const watch = openWatch()
  await keepConsumers(bus, [{ durable: things.name, subjects: [eventFilter(things.name, 'thing.made')] }])
  await host.consume([on(things, 'thing.made', ({ data }) => watch.see(data.id))])

  const write = (store: typeof publishing, id = ids.next()) =>
    store.insert({ _id: id, ws: 'W', name: NAME }, [{ name: 'thing.made', data: { id, name: NAME } }])
  const payload = JSON.stringify((await write(silent))?.outbox[0]?.event)
  const publish = () =>
    bus.js.publish(eventSubject('bench-raw', 'thing.made', 'W'), payload, { msgID: ids.next() })

  const ours = async (): Promise<Sample> => {
    const began = performance.now()
    const seen: Promise<number>[] = []
    await sample(
      async () => {
        const id = ids.next()
        seen.push(watch.when(id))
        await write(publishing, id)
      },
      EVENTS,
      PARALLEL,
    )
    const all = await Promise.all(seen)
    return toSample(all, Math.max(...all) - began)
  }
  const whole = await pair(ours, () => sample(publish, EVENTS, PARALLEL), ROUNDS, 'perSecond')
  const writeAlone = await sample(() => write(silent), EVENTS, PARALLEL)
  const delays: number[] = []
  const began = performance.now()
  for (let count = 0; count < ONE_BY_ONE; count += 1) {
    const id = ids.next()
    const seen = watch.when(id)
    await write(publishing, id)
    const written = performance.now()
    delays.push(Math.max(0, (await seen) - written))
  }
  return {
    whole,
    write: writeAlone,
    publish: await sample(publish, ONE_BY_ONE),
    delay: toSample(delays, performance.now() - began),
  }
}
