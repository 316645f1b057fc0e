// Events that a service could not react to, kept with the reason until an operator has them redriven. Knows MongoDB, and
// nothing of the bus.
import { createHash } from 'node:crypto'
import type { Collection, Db, Filter, UpdateFilter } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { lookInto, openCollection } from '../storage/collection.ts'
import type { DatabaseClock } from '../storage/database-clock.ts'
import { type LeaseFields, openLeases, TERM_MS } from '../storage/lease.ts'
import { isDuplicateKey } from '../storage/mongo.ts'

/** The collection in the database of the service that gave the event up. */
export const DEAD_LETTERS = 'dead_letters'

/** How long a row is kept (ms): three times as long as the stream keeps events. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1_000
/** The longest payload that is kept whole: the most that NATS takes unless configured otherwise. */
const MAX_PAYLOAD_BYTES = 1_048_576
const MAX_REASON_CHARS = 2_000
/** Redrives of one row that nobody asked for again: one that ends each process that takes it must not go on for ever. */
const MAX_REDRIVES = 3
/** Rows that one look for work chooses from: of instances that look at once, each finds one. */
const LOOK_ROWS = 20
/** The lease of a row that is being redriven. */
const LEASE: LeaseFields = { until: 'asked_at', claim: 'claim', fence: 'fence' }

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
    /**
     * From when on it is to be tried again, or when the lease of whoever tries it ends; absent when nobody asked for that,
     * or it was.
     */
    asked_at?: Date
    /** The lease: which claim holds it. */
    claim?: string
    /** How often it was claimed. */
    fence?: number
    /** Tries since it was asked for. */
    redrives?: number
    /** When a later try succeeded. */
    redriven_at?: Date
    expires_at: Date
  }>

/** A row that is being tried again, under a lease. */
export type Redrive = DeadLetter & Readonly<{ claim: string }>

export type DeadLetters = Readonly<{
  /**
   * Records a message that is given up; a repeat brings its row up to date.
   * @param redrive whether it is to be tried again by itself, apart from all others.
   */
  put: (letter: GivenUp, redrive?: boolean) => Promise<void>
  /**
   * Claims the next row that is to be tried again; null when there is none. What becomes of it is recorded only while its
   * lease holds; after that it is another's.
   * @param subjects of the events that can be tried here: all others are left to newer replicas.
   */
  claim: (subjects: readonly RegExp[]) => Promise<Redrive | null>
  /** Has a lease last on, for a reaction that takes long. */
  renew: (redrive: Redrive) => Promise<void>
  /** How often a lease is renewed (ms). */
  renew_ms: number
  /** Records why a redriven event's reaction failed again. */
  refuse: (redrive: Redrive, reason: string) => Promise<void>
  /** Lets go of a row whose try could not be made now; it comes again when its lease would have ended. */
  release: (redrive: Redrive) => Promise<void>
  /** Records that a redriven event's reaction succeeded. */
  settle: (redrive: Redrive) => Promise<void>
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

/** What is so of a row that is being tried. */
const claimedAt = (now: Date): Filter<DeadLetter> => ({ claim: { $exists: true }, asked_at: { $gt: now } })

type Opening = Readonly<{
  clock: DatabaseClock
  ids: Pick<Ids, 'next'>
  /** How long a row stays claimed that nobody renews. */
  term_ms?: number
}>

/** The ways in which rows are tried again. */
const redriving = (
  letters: Collection<DeadLetter>,
  { clock, ids, term_ms = TERM_MS }: Opening,
): Omit<DeadLetters, 'put'> => {
  const leases = openLeases(letters, LEASE, { clock, ids, term_ms })
  const end = async (
    redrive: Redrive,
    said: Partial<DeadLetter>,
    $inc: UpdateFilter<DeadLetter>['$inc'] = {},
  ): Promise<void> => {
    await letters.updateOne(leases.heldBy([redrive]) as Filter<DeadLetter>, {
      $set: said,
      $inc,
      $unset: { ...leases.released, asked_at: '' },
    })
  }
  return {
    claim: async (subjects) => {
      const now = await clock.sync()
      const due = await letters
        .find({ ...leases.claimable(now), subject: { $in: [...subjects] } } as Filter<DeadLetter>)
        .sort({ asked_at: 1 })
        .limit(LOOK_ROWS)
        .project<{ _id: string }>({ _id: 1 })
        .toArray()
      for (const { _id } of due) {
        const { claim, ids: won } = await leases.claim([_id], { $inc: { redrives: 1 } })
        const held = won.has(_id) ? await letters.findOne({ _id, claim }) : null
        if (!held) continue
        const redrive = { ...held, claim }
        if ((held.redrives ?? 0) <= MAX_REDRIVES) return redrive
        await end(redrive, {})
      }
      return null
    },
    renew: async (redrive) => void (await leases.renew([redrive])),
    renew_ms: term_ms / 4,
    refuse: (redrive, reason) =>
      end(redrive, { reason: reason.slice(0, MAX_REASON_CHARS), at: clock.now() }, { deliveries: 1 }),
    release: async (redrive) => {
      const update = { $unset: leases.released, $inc: { redrives: -1 } }
      await letters.updateOne(leases.heldBy([redrive]) as Filter<DeadLetter>, update)
    },
    settle: (redrive) => end(redrive, { redriven_at: clock.now() }),
  }
}

/** Opens the dead letters of one service, making their indexes. */
export const openDeadLetters = async (db: Db, opening: Opening): Promise<DeadLetters> => {
  const { collection: letters } = await openCollection<DeadLetter>(db, DEAD_LETTERS, {
    indexes: [
      { key: { asked_at: 1 }, name: 'asked', sparse: true },
      { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
    ],
  })
  return {
    ...redriving(letters, opening),
    put: async (letter, redrive = false) => {
      const at = opening.clock.now()
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
        const done = { redrives: '', redriven_at: '', claim: '' } as const
        const $unset = redrive ? done : ({ ...done, asked_at: '' } as const)
        // One that is being tried stays as it is: what comes of that is recorded.
        await letters.updateOne({ _id, $nor: [claimedAt(at)] }, { $set: row, $unset })
      }
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
export type DeadLetterList = Readonly<{
  /** Newest first. */
  list: (chosen: Chosen, limit: number) => Promise<readonly DeadLetter[]>
  count: (chosen: Chosen) => Promise<number>
  /** Asks for rows to be tried again by the service; those that were cut cannot be. @returns how many are asked for. */
  ask: (chosen: Chosen) => Promise<number>
}>

/** Opens the dead letters of one service for an operator; the service makes the indexes: no index is made here. */
export const openDeadLetterList = (db: Db, clock: DatabaseClock): DeadLetterList => {
  const { collection: letters } = lookInto<DeadLetter>(db, DEAD_LETTERS)
  const filterOf = ({ ids, settled }: Chosen): Filter<DeadLetter> => ({
    ...(ids ? { _id: { $in: [...ids] } } : {}),
    ...(settled ? {} : { redriven_at: { $exists: false } }),
  })
  return {
    list: (chosen, limit) => letters.find(filterOf(chosen)).sort({ at: -1 }).limit(limit).toArray(),
    count: (chosen) => letters.countDocuments(filterOf(chosen)),
    ask: async (chosen) => {
      const asked_at = await clock.sync()
      const whole: Filter<DeadLetter> = { ...filterOf(chosen), cut: { $exists: false } }
      // Those are being tried: a second try beside the first would do the work twice.
      const claimed = await letters.countDocuments({ ...whole, ...claimedAt(asked_at) })
      const { matchedCount } = await letters.updateMany(
        { ...whole, $nor: [claimedAt(asked_at)] },
        { $set: { asked_at }, $unset: { claim: '', redrives: '', redriven_at: '' } },
      )
      return matchedCount + claimed
    },
  }
}
