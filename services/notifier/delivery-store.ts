// Notices and deliveries in MongoDB: one notice for each event, one delivery for each recipient.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import { DeliveryStatus, TEMPLATES } from '../../shared/contracts/notifier/shapes.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Ref } from '../../shared/storage/by-workspace.ts'
import { openCollection, type Upgrade } from '../../shared/storage/collection.ts'
import type { DatabaseClock } from '../../shared/storage/database-clock.ts'
import type { Share } from '../../shared/storage/fair.ts'
import { insertMissing, isDuplicateKey } from '../../shared/storage/mongo.ts'
import { openPendingWork, type PendingWork } from '../../shared/storage/pending-work.ts'
import { MAILS } from './mails.ts'
import { type Delivery, deliveryId, KEPT_MS, type Notice, type ShownTo } from './notice-rules.ts'

type NoticeDocument = Notice & {
  v: number
  /** Whether every recipient has a delivery. */
  expanded: boolean
  /** When it is deleted, unless a mail is still pending. */
  review_at?: Date
}

/** The notices of events, and what is deleted with them. */
type Notices = Readonly<{
  /** Records the notice. @returns whether all its deliveries exist: then the event was dealt with before. */
  begin: (notice: Notice) => Promise<boolean>
  /** Records that every recipient has a delivery. */
  finish: (notice: Notice) => Promise<void>
  findNotice: (ws: string, event_id: string) => Promise<Notice | null>
  /** Deletes old notices, except those of pending mails. */
  deleteOld: () => Promise<void>
}>

export type Deliveries = PendingWork<Delivery> &
  Notices &
  Readonly<{
    /** Adds deliveries; existing ones stay as they are. */
    add: (deliveries: readonly Delivery[]) => Promise<void>
    find: (ws: string, id: string) => Promise<Delivery | null>
    /** Removes those to a person, sent or not. */
    removeOf: (ws: string, user_id: string) => Promise<void>
    /** The delivery of an event to a person. */
    findFor: (ws: string, event_id: string, user_id: string) => Promise<Delivery | null>
    /** Makes a settled delivery pending again. @returns false when it has changed since. */
    retry: (settled: Delivery) => Promise<boolean>
    /** Deliveries of a workspace, newest first. */
    list: (query: DeliveryQuery) => Promise<readonly Delivery[]>
  }>

/** Which deliveries to list: those shown to some managers, or those to one person. */
export type DeliveryQuery = Readonly<{
  ws: string
  of: Readonly<{ shown_to: readonly ShownTo[] } | { user_id: string }>
  status?: DeliveryStatus | undefined
  event_id?: string | undefined
  limit: number
  /** The id that the page before ended with. */
  before?: string | undefined
}>

/** Mails that somebody is waiting for go before those that only inform. */
const LANES = [true, false].map((awaited) =>
  TEMPLATES.filter((template) => MAILS[template].awaited === awaited),
)
/** The most mails of one workspace that a sender holds, so that there is room for others. */
const MOST_OF_WORKSPACE = 150
export const SHARES: readonly Share[] = [{ field: 'ws', most: () => MOST_OF_WORKSPACE }]
/** Due deliveries that a claim chooses from, for each that it takes. */
const CHOICE = 3
/** Notices that `deleteOld` looks at in one go. */
const REVIEWED = 500
/** When to look again at an old notice whose mail is still pending (ms). */
const REVIEW_AGAIN_MS = 24 * 60 * 60 * 1_000

/** A filter for the deliveries of one event, and for those before an id. Ids begin with that of their event. */
const idRange = (event_id: string | undefined, before: string | undefined): Filter<Delivery> => {
  const end = before ?? (event_id === undefined ? undefined : deliveryId(event_id, '~'))
  const bounds = {
    ...(event_id === undefined ? {} : { $gte: deliveryId(event_id, '') }),
    ...(end === undefined ? {} : { $lt: end }),
  }
  return Object.keys(bounds).length === 0 ? {} : { _id: bounds }
}

const EXPIRY = { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 } as const
const NOTICE_INDEXES: readonly IndexDescription[] = [
  { key: { review_at: 1 }, name: 'review', sparse: true },
  { key: { ws: 1 }, name: 'workspace' },
  EXPIRY,
]
const DELIVERY_INDEXES: readonly IndexDescription[] = [
  {
    key: { template: 1, ws: 1, due_at: 1 },
    name: 'lane',
    partialFilterExpression: { due_at: { $exists: true } },
  },
  // What owner and admins see, newest first, of one status or of all.
  { key: { ws: 1, shown_to: 1, status: 1, _id: -1 }, name: 'shelf' },
  // A person's own, newest first.
  { key: { ws: 1, user_id: 1, _id: -1 }, name: 'person' },
  EXPIRY,
]
/** The changes of its shape so far. */
export const DELIVERY_UPGRADES: readonly Upgrade[] = [
  // Earlier releases stored neither since when a delivery is pending nor what it is about.
  (old) => ({ about: null, shown_to: 'nobody', owed_since: old.created_at, ...old }),
]

/** The notices, given the deliveries that may keep one from being deleted. */
const noticesIn = (
  notices: Collection<NoticeDocument>,
  deliveries: Collection<Delivery>,
  clock: DatabaseClock,
): Notices => {
  const isPending = async ({ _id: event_id, ws }: Ref): Promise<boolean> =>
    (await deliveries.findOne(
      { ...idRange(event_id, undefined), ws, due_at: { $exists: true } },
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
        return (await notices.findOne({ _id: notice._id, ws: notice.ws }))?.expanded === true
      }
    },
    finish: async ({ _id, ws }) => {
      await notices.updateOne({ _id, ws, v: 1 }, { $set: { expanded: true }, $inc: { v: 1 } })
    },
    findNotice: (ws, _id) => notices.findOne({ _id, ws }),
    // No versions in these filters: no decision rests on when a notice is deleted, and setting it twice does no harm.
    deleteOld: async () => {
      const now = await clock.sync()
      // In earlier releases the database itself deleted old notices and deliveries, also pending ones.
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
        .limit(REVIEWED)
        .project<Ref>({ ws: 1 })
        .toArray()
      const review_at = new Date(now.getTime() + REVIEW_AGAIN_MS)
      for (const { _id, ws } of old)
        if (await isPending({ _id, ws })) await notices.updateOne({ _id, ws }, { $set: { review_at } })
        else await notices.deleteOne({ _id, ws })
    },
  }
}

/** Which deliveries a query is for, and the index that has them in order. */
const selectionOf = ({ ws, of, status, event_id, before }: DeliveryQuery) => {
  const range = idRange(event_id, before)
  if ('user_id' in of)
    return { hint: 'person', filter: { ws, user_id: of.user_id, ...(status ? { status } : {}), ...range } }
  // Points, not ranges: only then does the index return the ids in order.
  const statuses = status ? [status] : DeliveryStatus.options
  const filter = { ws, shown_to: { $in: [...of.shown_to] }, status: { $in: statuses }, ...range }
  return { hint: 'shelf', filter }
}

/** Opens the collections and makes their indexes. Mails that an earlier release left pending stay pending. */
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
    upgrades: DELIVERY_UPGRADES,
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
  const find = async (ws: string, _id: string): Promise<Delivery | null> => {
    const found = await deliveries.findOne({ _id, ws })
    return found && read(found)
  }
  return {
    ...noticesIn(notices, deliveries, clock),
    ...pending,
    claim: async (room) => {
      const { claimed, more } = await pending.claim(room)
      return { claimed: claimed.map((one) => ({ ...one, work: read(one.work) })), more }
    },
    add: (added) =>
      insertMissing(
        deliveries,
        added.map((delivery) => ({ ...delivery, schema })),
      ),
    find,
    removeOf: async (ws, user_id) => void (await deliveries.deleteMany({ ws, user_id })),
    findFor: (ws, event_id, user_id) => find(ws, deliveryId(event_id, user_id)),
    retry: async ({ _id, ws, v }) => {
      const now = clock.now()
      const pendingAgain = { status: 'pending', attempts: 0, owed_since: now, due_at: now } as const
      const { matchedCount } = await deliveries.updateOne(
        { _id, ws, v },
        { $set: pendingAgain, $unset: { expires_at: '' }, $inc: { v: 1 } },
      )
      return matchedCount === 1
    },
    list: async (query) => {
      const { filter, hint } = selectionOf(query)
      const found = await deliveries.find(filter).sort({ _id: -1 }).limit(query.limit).hint(hint).toArray()
      return found.map((one) => read(one))
    },
  }
}
