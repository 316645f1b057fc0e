// The ledger of mails: one notice per event, one delivery per recipient. Knows MongoDB, and nothing of SMTP or of what a
// mail says.
import type { Db, Filter, IndexDescription } from 'mongodb'
import { DeliveryStatus } from '../../shared/contracts/notifier/shapes.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { openCollection, type Upgrade } from '../../shared/storage/collection.ts'
import type { DatabaseClock } from '../../shared/storage/database-clock.ts'
import type { Share } from '../../shared/storage/fair.ts'
import { insertMissing, isDuplicateKey } from '../../shared/storage/mongo.ts'
import { openPendingWork, type PendingWork } from '../../shared/storage/pending-work.ts'
import { type Delivery, deliveryId, KEPT_MS, type Notice, type ShownTo } from './notice-rules.ts'

type NoticeDocument = Notice & {
  v: number
  expanded: boolean
  /** When it may be forgotten, unless a mail still waits for it. */
  review_at?: Date
}

export type Deliveries = PendingWork<Delivery> &
  Readonly<{
    /** Records the notice; true when all its deliveries are there already, so that a repeated event is done with. */
    begin: (notice: Notice) => Promise<boolean>
    /** Adds deliveries; those that are there stay as they are. */
    add: (deliveries: readonly Delivery[]) => Promise<void>
    /** Records that every recipient has a delivery. */
    finish: (notice: Notice) => Promise<void>
    findNotice: (event_id: string) => Promise<Notice | null>
    find: (ws: string, id: string) => Promise<Delivery | null>
    /** The delivery that told a person of an event. */
    findTold: (ws: string, event_id: string, user_id: string) => Promise<Delivery | null>
    /** Owes a settled delivery anew; false when it has changed since. */
    retry: (settled: Delivery) => Promise<boolean>
    /** Deliveries of a workspace, newest first. */
    list: (asked: Listing) => Promise<readonly Delivery[]>
    /** Forgets old notices, but none that a mail waits for. */
    tend: () => Promise<void>
  }>

/** Which deliveries to list: of the given shelves, or to one person. */
export type Listing = Readonly<{
  ws: string
  of: Readonly<{ shelves: readonly ShownTo[] } | { user_id: string }>
  status?: DeliveryStatus | undefined
  event_id?: string | undefined
  limit: number
  /** Ids of the page before end here. */
  before?: string | undefined
}>

/** Whether somebody waits for a mail, or it only reports something. Every mail is one or the other. */
const LANE_OF: Readonly<Record<Notice['template'], 'waited_for' | 'told'>> = {
  'password-reset': 'waited_for',
  confirmation: 'waited_for',
  invitation: 'waited_for',
  'failed-sign-ins': 'told',
  'loop-shipped': 'told',
  'webhook-disabled': 'told',
}
const TEMPLATES = Object.keys(LANE_OF) as Notice['template'][]
/** Mails that somebody waits for go before those that only tell of something. */
const LANES = (['waited_for', 'told'] as const).map((lane) =>
  TEMPLATES.filter((template) => LANE_OF[template] === lane),
)
/** The most that one sender has in hand of one workspace: the rest is for others. */
const MOST_OF_WORKSPACE = 150
export const SHARES: readonly Share[] = [{ field: 'ws', most: () => MOST_OF_WORKSPACE }]
/** Due deliveries that a claim chooses from, for each that it takes. */
const CHOICE = 3
/** Notices that one look for old ones forgets at most, and how long one is kept on that a mail waits for (ms). */
const TENDED = 500
const KEPT_ON_MS = 24 * 60 * 60 * 1_000

/** Ids begin with that of their event. */
const idRange = (event_id: string | undefined, before: string | undefined) => {
  const bounds = {
    ...(event_id === undefined ? {} : { $gte: deliveryId(event_id, '') }),
    ...(before === undefined
      ? event_id === undefined
        ? {}
        : { $lt: deliveryId(event_id, '~') }
      : { $lt: before }),
  }
  return Object.keys(bounds).length === 0 ? {} : { _id: bounds }
}

const EXPIRY = { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 } as const
const NOTICE_INDEXES: readonly IndexDescription[] = [
  { key: { review_at: 1 }, name: 'review', sparse: true },
  EXPIRY,
]
const DELIVERY_INDEXES: readonly IndexDescription[] = [
  {
    key: { template: 1, ws: 1, due_at: 1 },
    name: 'lane',
    partialFilterExpression: { due_at: { $exists: true } },
  },
  // The view of owner and admins, newest first, of one status or of all.
  { key: { ws: 1, shown_to: 1, status: 1, _id: -1 }, name: 'shelf' },
  // A person's own, newest first.
  { key: { ws: 1, user_id: 1, _id: -1 }, name: 'person' },
  EXPIRY,
]
const UPGRADES: readonly Upgrade[] = [
  // Once a delivery said neither since when it is pending nor what it is about.
  (old) => ({ about: null, shown_to: 'nobody', owed_since: old.created_at, ...old }),
]

/** Opens the ledger, making its indexes; mails that an earlier release left pending are pending on. */
export const openDeliveries = async (
  db: Db,
  { clock, ids, term_ms }: Readonly<{ clock: DatabaseClock; ids: Ids; term_ms?: number }>,
): Promise<Deliveries> => {
  const { collection: notices } = await openCollection<NoticeDocument>(db, 'notices', {
    indexes: NOTICE_INDEXES,
  })
  const opened = await openCollection<Delivery>(db, 'deliveries', {
    indexes: DELIVERY_INDEXES,
    retired: ['due', 'event'],
    upgrades: UPGRADES,
  })
  const { collection: deliveries, schema, read } = opened
  const pending = openPendingWork(
    deliveries,
    { clock, ids },
    {
      lanes: LANES.map((templates) => ({ template: { $in: templates } })),
      index: 'lane',
      shares: SHARES,
      kept_ms: KEPT_MS,
      choice: CHOICE,
      ...(term_ms === undefined ? {} : { term_ms }),
    },
  )
  const findOne = async (filter: Filter<Delivery>): Promise<Delivery | null> => {
    const found = await deliveries.findOne(filter)
    return found && read(found)
  }
  const isWaitedFor = async (event_id: string): Promise<boolean> =>
    (await deliveries.findOne(
      { ...idRange(event_id, undefined), due_at: { $exists: true } } as Filter<Delivery>,
      { projection: { _id: 1 } },
    )) !== null
  return {
    begin: async (notice) => {
      const review_at = new Date(clock.now().getTime() + KEPT_MS)
      try {
        await notices.insertOne({ ...notice, v: 1, expanded: false, review_at })
        return false
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        return (await notices.findOne({ _id: notice._id }))?.expanded === true
      }
    },
    add: (all) =>
      insertMissing(
        deliveries,
        all.map((delivery) => ({ ...delivery, schema })),
      ),
    finish: async ({ _id, ws }) => {
      await notices.updateOne({ _id, ws, v: 1 }, { $set: { expanded: true }, $inc: { v: 1 } })
    },
    findNotice: (event_id) => notices.findOne({ _id: event_id }),
    ...pending,
    claim: async (room) => {
      const { claimed, more } = await pending.claim(room)
      return { claimed: claimed.map((one) => ({ ...one, work: read(one.work) })), more }
    },
    find: (ws, id) => findOne({ _id: id, ws }),
    findTold: (ws, event_id, user_id) => findOne({ _id: deliveryId(event_id, user_id), ws }),
    retry: async ({ _id, ws, v }) => {
      const now = clock.now()
      const { matchedCount } = await deliveries.updateOne(
        { _id, ws, v },
        {
          $set: { status: 'pending', attempts: 0, owed_since: now, due_at: now },
          $unset: { expires_at: '' },
          $inc: { v: 1 },
        },
      )
      return matchedCount === 1
    },
    list: async ({ ws, of, status, event_id, limit, before }) => {
      const found = await deliveries
        .find({
          ws,
          // Points, not ranges: only then do the ids come in order out of the index.
          ...('shelves' in of
            ? {
                shown_to: { $in: [...of.shelves] },
                status: { $in: status ? [status] : DeliveryStatus.options },
              }
            : { user_id: of.user_id, ...(status ? { status } : {}) }),
          ...idRange(event_id, before),
        })
        .sort({ _id: -1 })
        .limit(limit)
        .hint('shelves' in of ? 'shelf' : 'person')
        .toArray()
      return found.map((one) => read(one))
    },
    // No versions here: a time of forgetting is nobody's decision, and may be set twice.
    tend: async () => {
      const now = await clock.sync()
      // Earlier releases had the database forget by itself, whatever still waited.
      await notices.updateMany({ expires_at: { $exists: true } } as Filter<NoticeDocument>, {
        $rename: { expires_at: 'review_at' },
      })
      await deliveries.updateMany(
        { template: { $in: TEMPLATES }, due_at: { $exists: true }, expires_at: { $exists: true } },
        { $unset: { expires_at: '' } },
        { hint: 'lane' },
      )
      const old = await notices
        .find({ review_at: { $lte: now } })
        .sort({ review_at: 1 })
        .limit(TENDED)
        .project<{ _id: string }>({ _id: 1 })
        .toArray()
      for (const { _id } of old)
        if (await isWaitedFor(_id))
          await notices.updateOne({ _id }, { $set: { review_at: new Date(now.getTime() + KEPT_ON_MS) } })
        else await notices.deleteOne({ _id })
    },
  }
}
