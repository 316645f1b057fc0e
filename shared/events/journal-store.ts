// The journal: the events that a service has published, kept for when the stream loses them.
//
// NATS may lose its last seconds or all its data. The reconciler then publishes the events again from here.
import type { Db, Filter } from 'mongodb'
import type { OutboxEvent } from '../contracts/define/cloud-event.ts'
import { lookInto, openCollection } from '../storage/collection.ts'
import { insertMissing } from '../storage/mongo.ts'

/** A collection in the database of the service that publishes the events. */
export const JOURNAL = 'events'

/**
 * How long an event is kept (ms). For three days it is here or in its document's outbox, since a stream that is lost on
 * Friday evening may be noticed on Monday.
 */
const JOURNAL_MS = 72 * 60 * 60 * 1_000

/** The place of an event: the stream, by the moment of its creation because a new one starts at 1 again, and its number. */
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
  /** When to look for it in the stream; absent once it was found there. */
  check_at?: Date
  expires_at: Date
}>

export type Journal = Readonly<{
  /** Adds published events, to be looked for at `check_at`; those that are there stay as they are. */
  add: (published: readonly Published[], check_at: Date) => Promise<void>
  /** A batch of events that were published to another stream than this one. */
  elsewhere: (stream: string, limit: number) => Promise<readonly Published[]>
  /** A batch of events whose number lies outside those of this stream. */
  outside: (
    stream: string,
    first_seq: number,
    last_seq: number,
    limit: number,
  ) => Promise<readonly Published[]>
  /** A batch of events that are due for a check, the longest due first. */
  due: (now: Date, limit: number) => Promise<readonly Published[]>
  /** Records that these were found in the stream. */
  found: (ids: readonly string[]) => Promise<void>
  /** Records the new places of events that were published again, to be looked for at `check_at`. */
  moved: (published: readonly Published[], check_at: Date) => Promise<void>
}>

const toPublished = ({ _id, subject, event, at, stream, seq }: JournalEntry): Published => ({
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
  const findBatch = async (
    filter: Filter<JournalEntry>,
    limit: number,
    sort: Record<string, 1>,
  ): Promise<Published[]> => (await entries.find(filter).sort(sort).limit(limit).toArray()).map(toPublished)
  const byPlace = { stream: 1, seq: 1 } as const
  return {
    add: (published, check_at) => {
      const documents = published.map(({ id, ...event }) => ({
        _id: id,
        ...event,
        check_at,
        expires_at: new Date(event.at.getTime() + JOURNAL_MS),
      }))
      return insertMissing(entries, documents)
    },
    elsewhere: (stream, limit) =>
      findBatch({ $or: [{ stream: { $lt: stream } }, { stream: { $gt: stream } }] }, limit, byPlace),
    outside: (stream, first_seq, last_seq, limit) =>
      findBatch({ stream, $or: [{ seq: { $lt: first_seq } }, { seq: { $gt: last_seq } }] }, limit, byPlace),
    due: (now, limit) => findBatch({ check_at: { $lte: now } }, limit, { check_at: 1 }),
    found: async (ids) => {
      if (ids.length > 0) await entries.updateMany({ _id: { $in: [...ids] } }, { $unset: { check_at: '' } })
    },
    moved: async (published, check_at) => {
      if (published.length === 0) return
      await entries.bulkWrite(
        published.map(({ id, stream, seq }) => ({
          updateOne: { filter: { _id: id }, update: { $set: { stream, seq, check_at } } },
        })),
        { ordered: false },
      )
    },
  }
}

/** Makes every event in a service's journal due for a check, which the service itself does. @returns how many. */
export const recheckJournal = async (db: Db, now: Date): Promise<number> => {
  const { collection } = lookInto<JournalEntry>(db, JOURNAL)
  return (await collection.updateMany({}, { $set: { check_at: now } })).matchedCount
}
