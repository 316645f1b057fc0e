// A service for the tests of events alone: things whose events it publishes, on a bus and a database of their own.
import { nanos } from '@nats-io/nats-core'
import { expect } from 'vitest'
import * as z from 'zod'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { defineContract, event, eventFilter, eventSubject } from '../../shared/contracts/define/contract.ts'
import { consume } from '../../shared/events/consume.ts'
import { DEAD_LETTERS, type DeadLetter, openDeadLetters } from '../../shared/events/dead-letter-store.ts'
import { JOURNAL, type JournalEntry, openJournal } from '../../shared/events/journal-store.ts'
import { startKeeper } from '../../shared/events/keeper.ts'
import { type Relay, startRelay } from '../../shared/events/outbox.ts'
import { on, type TypedEvent } from '../../shared/events/reactions.ts'
import { startReconciler } from '../../shared/events/reconcile.ts'
import { type Durable, EVENTS_STREAM, keepConsumers } from '../../shared/events/streams.ts'
import { type Clock, systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Aggregate, aggregates, OUTBOX_INDEX } from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { TERM_MS } from '../../shared/storage/lease.ts'
import { connectMongo, type Mongo, mongoFault } from '../../shared/storage/mongo.ts'
import { openSweepTurns } from '../../shared/storage/sweep-turns.ts'
import { freshStack } from './stack.ts'

type EventName = keyof (typeof things)['events']

export type Thing = Aggregate & { name: string }

const Made = z.object({ id: z.string(), name: z.string() })

/** The contract of that service. */
export const things = defineContract({
  name: 'things',
  version: '1.0.0',
  description: 'The events of the tests of events.',
  operations: {},
  events: {
    'thing.made': event({ description: 'A thing was made.', subject: 'id', data: Made }),
    'thing.moved': event({ description: 'A thing was moved.', subject: 'id', data: Made }),
  },
})

/** The subject of the events of things that are made. */
export const MADE = eventSubject('things', 'thing.made', 'W')

const ids = systemIds()

/** A thing that is not written yet. */
export const thing = (name: string) => ({ _id: ids.next(), ws: 'W', name })

/** The events of writing it. */
export const eventsOf = ({ _id, name }: { _id: string; name: string }) => [
  { name: 'thing.made', data: { id: _id, name } },
]

/** How often a consumer reports that it still works on a message (ms). */
const BEAT_MS = 200
/** How long after publishing an event is checked in the stream (ms). */
const CHECK_AFTER_MS = 1_000

type React = (event: TypedEvent<z.output<typeof Made>>) => Promise<void>

/** The connections, the collection of things, and the keeper of the streams. */
const openBase = async (
  { natsUrl, mongodbUrl }: ReturnType<typeof freshStack>,
  stack: AsyncDisposableStack,
) => {
  const lines: string[] = []
  const log = createLog({ filter: 'warn', topic: 'test', pretty: false, write: (line) => lines.push(line) })
  const mongo: Mongo = stack.use(await connectMongo(mongodbUrl, log))
  const bus: Bus = stack.use(await connectBus(natsUrl, 'things', log))
  const db = mongo.database('things')
  const opened = await openCollection<Thing>(db, 'things', { indexes: [OUTBOX_INDEX] })
  const durables: Durable[] = []
  const keeper = { random: ids.random, replicas: undefined, durables: () => durables, look_ms: 200 }
  stack.use(await startKeeper(bus, keeper))
  return { lines, mongo, bus, db, opened, durables, stack }
}
type Base = Awaited<ReturnType<typeof openBase>>

/** Writes of things, and the relays that publish their events. */
const openPublishing = async ({ bus, db, opened, stack }: Base) => {
  const common = { clock, random: ids.random, journal: await openJournal(db), check_after_ms: CHECK_AFTER_MS }
  const turns = await openSweepTurns(db, { clock: await openDatabaseClock(db, clock), ids })
  const reconciler = stack.use(await startReconciler(bus, { ...common, look_ms: 200 }))
  const storeWith = (onCommit: Relay['onCommit']) =>
    aggregates(opened, { service: 'things', clock, ids, onCommit })
  const relaying = () => {
    const options = { ...common, turns: turns(), stream: reconciler.stream, at: () => undefined }
    const relay = stack.use(startRelay(bus, options))
    const store = storeWith(relay.onCommit)
    relay.watch(store.outbox)
    return { relay, store }
  }
  const waiting = () => opened.collection.countDocuments({ 'outbox.0': { $exists: true } })
  return {
    /** A process's turns at publishing what was left behind. */
    turns,
    /** A relay, and a store that notifies it of each write. */
    relaying,
    /** A store that notifies no relay, like a process that died right after its write. */
    silent: () => storeWith(() => undefined),
    /** How many documents have unpublished events. */
    waiting,
    /** Makes things, and waits until their events are published. */
    publish: async (count: number): Promise<void> => {
      const { relay, store } = relaying()
      await using _ = relay
      for (let n = 0; n < count; n += 1) {
        const one = thing(`thing ${n}`)
        await store.insert(one, eventsOf(one))
      }
      await expect.poll(waiting, { timeout: 30_000 }).toBe(0)
    },
  }
}

/** What the journal and the stream hold. */
const openRecords = ({ bus, db }: Base) => {
  const journalOf = () => db.collection<JournalEntry>(JOURNAL)
  const journaled = () => journalOf().find().toArray()
  return {
    /** The published events that are journaled. */
    journalOf,
    journaled,
    journaledIds: async (): Promise<string[]> => (await journaled()).map(({ _id }) => _id).toSorted(),
    /** The ids of the events in the stream, in its order. */
    inStream: async (): Promise<string[]> => {
      const { state } = await bus.jsm.streams.info(EVENTS_STREAM)
      const found: string[] = []
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq })
        if (message) found.push(message.header.get('Nats-Msg-Id'))
      }
      return found
    },
    /**
     * Has the stream forget the ids that it has seen after 0.1 s. In two steps: the server looks through the ids before it
     * takes over the new time, so after the first change it may still go by the old one until it looks again.
     */
    forgetIds: async () => {
      for (const duplicate_window of [nanos(200), nanos(100)])
        await bus.jsm.streams.update(EVENTS_STREAM, { duplicate_window })
    },
  }
}

/** Consumers of the events. */
const openConsuming = ({ bus, mongo, durables, stack }: Base) => {
  const declare = async (durable: string, names: readonly EventName[] = ['thing.made']): Promise<void> => {
    const subjects = names.map((name) => eventFilter('things', name))
    durables.push({ durable, subjects })
    await bus.answered(() => keepConsumers(bus, [{ durable, subjects }], true))
  }
  return {
    /** Declares a consumer, which the reconciler creates, and recreates when it is lost. */
    declare,
    /**
     * A consumer of `thing.made`, or of other events.
     * @param local the clock of its machine; `term_ms` is how long its claims of dead letters last.
     */
    consuming: async (
      durable: string,
      react: React,
      names: readonly EventName[] = ['thing.made'],
      { local = clock, term_ms = TERM_MS }: Readonly<{ local?: Clock; term_ms?: number }> = {},
    ): Promise<AsyncDisposable> => {
      await declare(durable, names)
      const own = mongo.database(durable)
      const databaseClock = await openDatabaseClock(own, local)
      const deadLetters = await openDeadLetters(own, { clock: databaseClock, ids, term_ms })
      const options = { deadLetters, clock, random: ids.random, translate: mongoFault, beat_ms: BEAT_MS }
      const reactions = names.map((name) => on(things, name, react))
      return stack.use(await consume(bus, durable, reactions, options))
    },
    /** The events that a consumer has given up. */
    deadOf: (durable: string): Promise<DeadLetter[]> =>
      mongo.database(durable).collection<DeadLetter>(DEAD_LETTERS).find().sort({ stream_seq: 1 }).toArray(),
  }
}

/** Connections, and everything that a test of events starts on them; all of it ends with the environment. */
export const openEventsEnvironment = async (urls = freshStack()) => {
  const stack = new AsyncDisposableStack()
  const base = await openBase(urls, stack)
  const { bus, mongo, db, lines } = base
  return {
    ...{ ...urls, bus, mongo, db, lines, collection: base.opened.collection },
    ...(await openPublishing(base)),
    ...openRecords(base),
    ...openConsuming(base),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

export type EventsEnvironment = Awaited<ReturnType<typeof openEventsEnvironment>>
