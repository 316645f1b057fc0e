// Dead letters: events that a service gave up, kept with the reason until they are redriven or expire.
import { createHash } from 'node:crypto'
import type { Collection, Db, Filter, UpdateFilter } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { lookInto, openCollection } from '../storage/collection.ts'
import type { DatabaseClock } from '../storage/database-clock.ts'
import { type LeaseFields, openLeases, TERM_MS } from '../storage/lease.ts'
import { isDuplicateKey } from '../storage/mongo.ts'

/** A collection in the database of the service that gave the event up. */
export const DEAD_LETTERS = 'dead_letters'

/** How long a dead letter is kept (ms): three times as long as the stream keeps events. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1_000
/** The longest payload that is kept whole: by default the most that NATS takes. */
const MAX_PAYLOAD_BYTES = 1_048_576
const MAX_REASON_CHARS = 2_000
/** How often one request for a redrive tries a dead letter: one that kills every process that takes it must stop. */
const MAX_REDRIVES = 3
/** How many rows to choose from, so that processes that look at the same time each find one. */
const LOOK_ROWS = 20
/** A dead letter is to be redriven when its lease may be claimed: one field says both. */
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

/** A stored dead letter. `_id` is the same however often one consumer gives up the same event. */
export type DeadLetter = GivenUp &
  Readonly<{
    _id: string
    at: Date
    /** Whether the payload was too long to be kept whole, so that it cannot be redriven. */
    cut?: boolean
    /** When a redrive was asked for; while it is being redriven, when the lease expires; absent otherwise. */
    asked_at?: Date
    /** The claim that holds the lease. */
    claim?: string
    /** How often it was claimed. */
    fence?: number
    /** Tries since a redrive was asked for. */
    redrives?: number
    /** When a redrive succeeded. */
    redriven_at?: Date
    expires_at: Date
  }>

/** A dead letter that is being redriven, under a lease. */
export type Redrive = DeadLetter & Readonly<{ claim: string }>

export type DeadLetters = Readonly<{
  /**
   * Records a message that is given up; a repeat updates its row.
   * @param redrive whether to ask for a redrive at once.
   */
  put: (letter: GivenUp, redrive?: boolean) => Promise<void>
  /**
   * Claims the next dead letter to redrive; null when there is none. Its outcome is recorded only while the lease holds.
   * @param subjects the events that this process has reactions for: others are left to newer replicas.
   */
  claim: (subjects: readonly RegExp[]) => Promise<Redrive | null>
  /** Renews a lease, for a reaction that takes long. */
  renew: (redrive: Redrive) => Promise<void>
  /** How often to renew a lease (ms). */
  renew_ms: number
  /** Records why the reaction failed again. */
  refuse: (redrive: Redrive, reason: string) => Promise<void>
  /** Gives back a dead letter that could not be tried now; it may be claimed again when its lease would have expired. */
  release: (redrive: Redrive) => Promise<void>
  /** Records that the reaction succeeded. */
  succeed: (redrive: Redrive) => Promise<void>
  /** How many there are that were not redriven, at most `limit`. @param time_ms for the query. */
  backlog: (limit: number, time_ms: number) => Promise<number>
}>

/** The id of a dead letter: made from the event's id where it has one, else from a digest of subject and payload. */
const deadLetterId = ({
  durable,
  event_id,
  subject,
  payload,
}: Pick<GivenUp, 'durable' | 'event_id' | 'subject' | 'payload'>): string =>
  `${durable}/${event_id ?? createHash('sha256').update(`${subject}\n${payload}`).digest('hex').slice(0, 26)}`

/** The payload as it is kept, and whether it was cut. */
const kept = (payload: string): Pick<DeadLetter, 'payload' | 'cut'> =>
  Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES
    ? { payload }
    : { payload: Buffer.from(payload).subarray(0, MAX_PAYLOAD_BYTES).toString(), cut: true }

/** Matches dead letters that are being redriven at `now`. */
const beingRedriven = (now: Date): Filter<DeadLetter> => ({
  claim: { $exists: true },
  asked_at: { $gt: now },
})

type Opening = Readonly<{
  clock: DatabaseClock
  ids: Pick<Ids, 'next'>
  /** How long a claim lasts unless it is renewed (ms). */
  term_ms?: number
}>

/** The operations of a redrive. */
const redriving = (
  letters: Collection<DeadLetter>,
  { clock, ids, term_ms = TERM_MS }: Opening,
): Omit<DeadLetters, 'put' | 'backlog'> => {
  const leases = openLeases(letters, LEASE, { clock, ids, term_ms })
  const end = async (
    redrive: Redrive,
    outcome: Partial<DeadLetter>,
    $inc: UpdateFilter<DeadLetter>['$inc'] = {},
  ): Promise<void> => {
    await letters.updateOne(leases.heldBy([redrive]) as Filter<DeadLetter>, {
      $set: outcome,
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
        const { claim, ids: won } = await leases.claim([{ _id }], { $inc: { redrives: 1 } })
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
    succeed: (redrive) => end(redrive, { redriven_at: clock.now() }),
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
    // No index: they are few, and each of them is somebody's work to do.
    backlog: (limit, time_ms) =>
      letters.countDocuments({ redriven_at: { $exists: false } }, { limit, maxTimeMS: time_ms }),
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
        const past = { redrives: '', redriven_at: '', claim: '' } as const
        const $unset = redrive ? past : ({ ...past, asked_at: '' } as const)
        // One that is being redriven stays as it is, for its outcome to be recorded.
        await letters.updateOne({ _id, $nor: [beingRedriven(at)] }, { $set: row, $unset })
      }
    },
  }
}

/** Which dead letters an operator means. */
export type Chosen = Readonly<{
  /** These alone; absent: all. */
  ids?: readonly string[]
  /** Whether to include those that were redriven since. */
  redriven?: boolean
}>

/** What an operator does with the dead letters of one service. */
export type DeadLetterList = Readonly<{
  /** Newest first. */
  list: (chosen: Chosen, limit: number) => Promise<readonly DeadLetter[]>
  count: (chosen: Chosen) => Promise<number>
  /** Asks the service to redrive dead letters, except those that were cut. @returns how many. */
  ask: (chosen: Chosen) => Promise<number>
}>

/** Opens the dead letters of one service for an operator. Makes no index; the service does. */
export const openDeadLetterList = (db: Db, clock: DatabaseClock): DeadLetterList => {
  const { collection: letters } = lookInto<DeadLetter>(db, DEAD_LETTERS)
  const filterOf = ({ ids, redriven }: Chosen): Filter<DeadLetter> => ({
    ...(ids ? { _id: { $in: [...ids] } } : {}),
    ...(redriven ? {} : { redriven_at: { $exists: false } }),
  })
  return {
    list: (chosen, limit) => letters.find(filterOf(chosen)).sort({ at: -1 }).limit(limit).toArray(),
    count: (chosen) => letters.countDocuments(filterOf(chosen)),
    ask: async (chosen) => {
      const asked_at = await clock.sync()
      const whole: Filter<DeadLetter> = { ...filterOf(chosen), cut: { $exists: false } }
      // Asking for these again would start a second try beside the first.
      const claimed = await letters.countDocuments({ ...whole, ...beingRedriven(asked_at) })
      const { matchedCount } = await letters.updateMany(
        { ...whole, $nor: [beingRedriven(asked_at)] },
        { $set: { asked_at }, $unset: { claim: '', redrives: '', redriven_at: '' } },
      )
      return matchedCount + claimed
    },
  }
}
