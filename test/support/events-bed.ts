// A service that exists only for the tests of events: things that are made and told of, on a bus and a database of their own.

import * as z from 'zod'
import { type Aggregate, aggregates, OUTBOX_INDEX } from '../../shared/aggregate.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { consume } from '../../shared/bus/consume.ts'
import { startRelay } from '../../shared/bus/outbox.ts'
import { on, type TypedEvent } from '../../shared/bus/reactions.ts'
import { ensureStreams } from '../../shared/bus/streams.ts'
import { systemClock as clock } from '../../shared/clock.ts'
import { defineContract, event, eventSubject } from '../../shared/contract.ts'
import { systemIds } from '../../shared/ids.ts'
import { createLog } from '../../shared/log.ts'
import { connectMongo, ensureIndexes, type Mongo, mongoFault } from '../../shared/mongo.ts'
import { DEAD_LETTERS, type DeadLetter, openDeadLetters } from '../../shared/store-dead-letters.ts'
import { freshStack } from './stack.ts'

export type Thing = Aggregate & { name: string }

const Made = z.object({ id: z.string(), name: z.string() })

/** What the tests of events tell. */
export const things = defineContract({
  name: 'things',
  version: '1.0.0',
  description: 'What the tests of events tell.',
  operations: {},
  events: { 'thing.made': event({ description: 'A thing was made.', subject: 'id', data: Made }) },
})

/** The subject of everything that is told here. */
export const MADE = eventSubject('things', 'thing.made', 'W')

const ids = systemIds()

/** A thing that is not written yet. */
export const thing = (name: string) => ({ _id: ids.next(), ws: 'W', name })

/** What is told when it is written. */
export const toldOf = ({ _id, name }: { _id: string; name: string }) => [
  { name: 'thing.made', data: { id: _id, name } },
]

type React = (event: TypedEvent<z.output<typeof Made>>) => Promise<void>

/** Connections with everything that a test of events starts on them; all of it ends with the bed. */
export const openEventsBed = async (urls = freshStack()) => {
  const { natsUrl, mongodbUrl } = urls
  const stack = new AsyncDisposableStack()
  const lines: string[] = []
  const log = createLog({ filter: 'warn', topic: 'test', pretty: false, write: (line) => lines.push(line) })
  const mongo: Mongo = stack.use(await connectMongo(mongodbUrl, log))
  const bus: Bus = stack.use(await connectBus(natsUrl, 'things', log))
  await ensureStreams(bus, 1)
  const db = mongo.database('things')
  const collection = db.collection<Thing>('things')
  await ensureIndexes(collection, [OUTBOX_INDEX])
  return {
    ...urls,
    bus,
    mongo,
    db,
    collection,
    lines,
    /** A relay and the writes that tell it. */
    relaying: () => {
      const relay = stack.use(startRelay(bus, { clock, random: ids.random }))
      const store = aggregates(collection, { service: 'things', clock, ids, onCommit: relay.onCommit })
      relay.watch(store.outbox)
      return { relay, store }
    },
    /** Writes that no relay is told of, as those of a process that died at once. */
    silent: () => aggregates(collection, { service: 'things', clock, ids, onCommit: () => undefined }),
    /** Documents with events that wait. */
    waiting: () => collection.countDocuments({ 'outbox.0': { $exists: true } }),
    /** A consumer of what is told here. */
    consuming: async (durable: string, react: React): Promise<AsyncDisposable> => {
      const deadLetters = await openDeadLetters(mongo.database(durable), clock)
      const options = { deadLetters, clock, random: ids.random, translate: mongoFault }
      return stack.use(await consume(bus, durable, [on(things, 'thing.made', react)], options))
    },
    /** What a consumer has given up. */
    deadOf: (durable: string): Promise<DeadLetter[]> =>
      mongo.database(durable).collection<DeadLetter>(DEAD_LETTERS).find().sort({ stream_seq: 1 }).toArray(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export type EventsBed = Awaited<ReturnType<typeof openEventsBed>>
