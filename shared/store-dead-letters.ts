// Events that a service could not react to, kept with the reason until an operator has them redriven. Knows MongoDB, and
// nothing of the bus.
import { createHash } from 'node:crypto'
import type { Db } from 'mongodb'
import type { Clock } from './clock.ts'
import { isDuplicateKey } from './mongo.ts'
import { lookInto, openCollection } from './store-collection.ts'

/** The collection in the database of the service that gave the event up. */
export const DEAD_LETTERS = 'dead_letters'

/** How long a row is kept (ms): three times as long as the stream keeps events. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1_000
/** The longest payload that is kept whole: the most that NATS takes unless it is told otherwise. */
const MAX_PAYLOAD_BYTES = 1_048_576
const MAX_REASON_CHARS = 2_000
/** How long one instance may take over a redriven event before another takes it (ms). */
const LEASE_MS = 60_000
/** Redrives of one row that nobody asked for again: one that ends each process that takes it must not go on for ever. */
const MAX_REDRIVES = 3

/** A message that was given up. */
export type GivenUp = Readonly<{
  /** The consumer that gave it up. */
  durable: string
  subject: string
  stream_seq: number
  /** Null when the message is not a CloudEvent. */
  event_id: string | null
  payload: string
  reason: string
  /** How often it was delivered. */
  deliveries: number
}>

/** A row: `_id` is the same however often the same event is given up by the same consumer. */
export type DeadLetter = GivenUp &
  Readonly<{
    _id: string
    at: Date
    /** The payload is longer than what is kept, so it cannot be redriven from here. */
    cut?: boolean
    /** From when on it is to be tried again; absent when nobody asked for that, or it was. */
    asked_at?: Date
    /** Tries since it was asked for. */
    redrives?: number
    /** When a later try succeeded. */
    redriven_at?: Date
    expires_at: Date
  }>

export type DeadLetters = Readonly<{
  /**
   * Records a message that is given up; a repeat brings its row up to date.
   * @param redrive whether it is to be tried again by itself, apart from all others.
   */
  put: (letter: GivenUp, redrive?: boolean) => Promise<void>
  /**
   * Takes the next row that is to be tried again, for a minute; null when there is none.
   * @param subjects of the events that can be tried here: all others are left to newer replicas.
   */
  claim: (subjects: readonly RegExp[]) => Promise<DeadLetter | null>
  /** Records why a redriven event's reaction failed again. */
  refuse: (id: string, reason: string) => Promise<void>
  /** Lets go of a row whose try could not be made now; it comes again when its minute is over. */
  giveBack: (id: string) => Promise<void>
  /** Records that a redriven event's reaction succeeded. */
  settle: (id: string) => Promise<void>
}>

/** The row's id: the event's own where it has one, else a digest of what came. */
const deadLetterId = ({
  durable,
  event_id,
  subject,
  payload,
}: Pick<GivenUp, 'durable' | 'event_id' | 'subject' | 'payload'>): string =>
  `${durable}/${event_id ?? createHash('sha256').update(`${subject}\n${payload}`).digest('hex').slice(0, 26)}`

/** As much of the payload as is kept, and whether that is less than all. */
const kept = (payload: string): Pick<DeadLetter, 'payload' | 'cut'> =>
  Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES
    ? { payload }
    : { payload: Buffer.from(payload).subarray(0, MAX_PAYLOAD_BYTES).toString(), cut: true }

/** Opens the dead letters of one service, making their indexes. */
export const openDeadLetters = async (db: Db, clock: Clock): Promise<DeadLetters> => {
  const { collection: letters } = await openCollection<DeadLetter>(db, DEAD_LETTERS, {
    indexes: [
      { key: { asked_at: 1 }, name: 'asked', sparse: true },
      { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
    ],
  })
  return {
    put: async (letter, redrive = false) => {
      const at = clock.now()
      const row = {
        ...letter,
        ...kept(letter.payload),
        reason: letter.reason.slice(0, MAX_REASON_CHARS),
        at,
        expires_at: new Date(at.getTime() + KEPT_MS),
        ...(redrive ? { asked_at: at } : {}),
      }
      const _id = deadLetterId(letter)
      try {
        await letters.insertOne({ _id, ...row })
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        const done = { redrives: '', redriven_at: '' } as const
        const $unset = redrive ? done : ({ ...done, asked_at: '' } as const)
        await letters.updateOne({ _id }, { $set: row, $unset })
      }
    },
    claim: async (subjects) => {
      for (;;) {
        const now = clock.now()
        const taken = await letters.findOneAndUpdate(
          { asked_at: { $lte: now }, subject: { $in: [...subjects] } },
          { $set: { asked_at: new Date(now.getTime() + LEASE_MS) }, $inc: { redrives: 1 } },
          { sort: { asked_at: 1 }, returnDocument: 'after' },
        )
        if (!taken || (taken.redrives ?? 0) <= MAX_REDRIVES) return taken
        await letters.updateOne({ _id: taken._id }, { $unset: { asked_at: '' } })
      }
    },
    refuse: async (_id, reason) => {
      const told = { reason: reason.slice(0, MAX_REASON_CHARS), at: clock.now() }
      await letters.updateOne({ _id }, { $set: told, $inc: { deliveries: 1 }, $unset: { asked_at: '' } })
    },
    giveBack: async (_id) => {
      await letters.updateOne({ _id }, { $inc: { redrives: -1 } })
    },
    settle: async (_id) => {
      await letters.updateOne({ _id }, { $set: { redriven_at: clock.now() }, $unset: { asked_at: '' } })
    },
  }
}

/** Which rows an operator means. */
export type Chosen = Readonly<{
  /** These alone; absent: all. */
  ids?: readonly string[]
  /** Also those that were redriven since. */
  settled?: boolean
}>

/** What an operator does with the dead letters of one service. */
export type DeadLetterDesk = Readonly<{
  /** Newest first. */
  list: (chosen: Chosen, limit: number) => Promise<readonly DeadLetter[]>
  count: (chosen: Chosen) => Promise<number>
  /** Asks for rows to be tried again by the service; those that were cut cannot be. @returns how many are asked for. */
  ask: (chosen: Chosen) => Promise<number>
}>

/** Opens the dead letters of one service for an operator; the service makes the indexes: no index is made here. */
export const deadLetterDesk = (db: Db, clock: Clock): DeadLetterDesk => {
  const { collection: letters } = lookInto<DeadLetter>(db, DEAD_LETTERS)
  const filterOf = ({ ids, settled }: Chosen) => ({
    ...(ids ? { _id: { $in: [...ids] } } : {}),
    ...(settled ? {} : { redriven_at: { $exists: false } }),
  })
  return {
    list: (chosen, limit) => letters.find(filterOf(chosen)).sort({ at: -1 }).limit(limit).toArray(),
    count: (chosen) => letters.countDocuments(filterOf(chosen)),
    ask: async (chosen) => {
      const whole = { ...filterOf(chosen), cut: { $exists: false } }
      const asked = { $set: { asked_at: clock.now() }, $unset: { redrives: '', redriven_at: '' } } as const
      return (await letters.updateMany(whole, asked)).matchedCount
    },
  }
}
