// What a service has told, kept for a while: the stream may lose it, with its last seconds or with all its data, and then it
// is published again from here. Knows MongoDB, and nothing of the bus.
import type { Db, Filter } from 'mongodb'
import type { OutboxEvent } from '../contracts/define/cloud-event.ts'
import { lookInto, openCollection } from '../storage/collection.ts'
import { insertMissing } from '../storage/mongo.ts'

/** The collection in the database of the service that tells the events. */
export const JOURNAL = 'events'

/**
 * How long told events are kept (ms): a stream that is lost on a Friday evening may be found lost on Monday. So for three
 * days every event is in its document's outbox or here.
 */
const JOURNAL_MS = 72 * 60 * 60 * 1_000

/** Where an event lies: the stream by the moment of its creation, since a new one begins at 1 again, and its place in it. */
export type JournalPosition = Readonly<{ stream: string; seq: number }>

/** An event that the stream has taken. */
export type Published = OutboxEvent & JournalPosition

/** A row of the journal; its id is the event's. */
export type JournalEntry = Readonly<{
  _id: string
  subject: string
  event: OutboxEvent['event']
  at: Date
  stream: string
  seq: number
  /** When it is to be looked for in the stream; absent once it was found there. */
  check_at?: Date
  expires_at: Date
}>

export type Journal = Readonly<{
  /** Writes told events down, to be looked for at `check_at`; those that are there stay as they are. */
  add: (told: readonly Published[], check_at: Date) => Promise<void>
  /** Events that were published to another stream than this one, a batch. */
  elsewhere: (stream: string, limit: number) => Promise<readonly Published[]>
  /** Events whose place this stream has not, or not any more, a batch. */
  outside: (
    stream: string,
    first_seq: number,
    last_seq: number,
    limit: number,
  ) => Promise<readonly Published[]>
  /** Events that are to be looked for by now, a batch, longest due first. */
  due: (now: Date, limit: number) => Promise<readonly Published[]>
  /** Records that these were found in the stream. */
  found: (ids: readonly string[]) => Promise<void>
  /** Records the new places of events that were told again, to be looked for at `check_at`. */
  moved: (told: readonly Published[], check_at: Date) => Promise<void>
}>

const toTold = ({ _id, subject, event, at, stream, seq }: JournalEntry): Published => ({
  id: _id,
  subject,
  event,
  at,
  stream,
  seq,
})

/** Opens the journal of one service, making its indexes. */
export const openJournal = async (db: Db): Promise<Journal> => {
  const { collection: entries } = await openCollection<JournalEntry>(db, JOURNAL, {
    indexes: [
      { key: { stream: 1, seq: 1 }, name: 'place' },
      { key: { check_at: 1 }, name: 'check', sparse: true },
      { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
    ],
  })
  const some = async (
    filter: Filter<JournalEntry>,
    limit: number,
    sort: Record<string, 1>,
  ): Promise<Published[]> => (await entries.find(filter).sort(sort).limit(limit).toArray()).map(toTold)
  const byPlace = { stream: 1, seq: 1 } as const
  return {
    add: (told, check_at) => {
      const documents = told.map(({ id, ...event }) => ({
        _id: id,
        ...event,
        check_at,
        expires_at: new Date(event.at.getTime() + JOURNAL_MS),
      }))
      return insertMissing(entries, documents)
    },
    elsewhere: (stream, limit) =>
      some({ $or: [{ stream: { $lt: stream } }, { stream: { $gt: stream } }] }, limit, byPlace),
    outside: (stream, first_seq, last_seq, limit) =>
      some({ stream, $or: [{ seq: { $lt: first_seq } }, { seq: { $gt: last_seq } }] }, limit, byPlace),
    due: (now, limit) => some({ check_at: { $lte: now } }, limit, { check_at: 1 }),
    found: async (ids) => {
      if (ids.length > 0) await entries.updateMany({ _id: { $in: [...ids] } }, { $unset: { check_at: '' } })
    },
    moved: async (told, check_at) => {
      if (told.length === 0) return
      await entries.bulkWrite(
        told.map(({ id, stream, seq }) => ({
          updateOne: { filter: { _id: id }, update: { $set: { stream, seq, check_at } } },
        })),
        { ordered: false },
      )
    },
  }
}

/** Has every told event of a service looked for in the stream again, by the service itself. @returns how many there are. */
export const recheckJournal = async (db: Db, now: Date): Promise<number> => {
  const { collection } = lookInto<JournalEntry>(db, JOURNAL)
  return (await collection.updateMany({}, { $set: { check_at: now } })).matchedCount
}
