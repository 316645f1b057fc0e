// The ledger of mails: one notice per event, one delivery per recipient, each transition a compare-and-set on its
// version. Knows MongoDB, and nothing of SMTP or of what a mail says.
import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb'
import type { Clock } from '../../shared/clock.ts'
import { DeliveryStatus } from '../../shared/contracts/notifier.ts'
import type { Ids } from '../../shared/ids.ts'
import { ensureIndexes, insertMissing, isDuplicateKey } from '../../shared/mongo.ts'
import { type Delivery, deliveryId, KEPT_MS, type Notice, type ShownTo } from './notices.ts'
import type { Settlement } from './retries.ts'

type NoticeDocument = Notice & { v: number; expanded: boolean; expires_at: Date }

export type Deliveries = Readonly<{
  /** Records the notice; true when all its deliveries are there already, so that a repeated event is done with. */
  begin: (notice: Notice) => Promise<boolean>
  /** Adds deliveries; those that are there stay as they are. */
  add: (deliveries: readonly Delivery[]) => Promise<void>
  /** Records that every recipient has a delivery. */
  finish: (notice: Notice) => Promise<void>
  findNotice: (event_id: string) => Promise<Notice | null>
  /**
   * Leases deliveries that are due: new ones, those to be tried again, and those whose sender has died. Nobody else gets
   * them before the lease ends, at the `due_at` of what was claimed. `more` says that further ones may be due.
   */
  claim: (limit: number) => Promise<Readonly<{ claimed: readonly Delivery[]; more: boolean }>>
  /** Leases that have not ended yet last anew from now; gives when they will end. */
  renew: (held: readonly Delivery[]) => Promise<Date>
  /** Ends leases; gives how many had ended by themselves, so that somebody else holds those deliveries. */
  settle: (settled: readonly Settled[]) => Promise<number>
  /** Gives back what was claimed and not tried, to be claimed from `due_at` on. */
  release: (untried: readonly Delivery[], due_at: Date) => Promise<void>
  find: (ws: string, id: string) => Promise<Delivery | null>
  /** The delivery that told a person of an event. */
  findTold: (ws: string, event_id: string, user_id: string) => Promise<Delivery | null>
  /** Owes a settled delivery anew; false when it has changed since. */
  retry: (settled: Delivery) => Promise<boolean>
  /** Deliveries of a workspace, newest first. */
  list: (asked: Listing) => Promise<readonly Delivery[]>
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

/** What became of a delivery that was claimed. */
export type Settled = Readonly<{ delivery: Delivery; settlement: Settlement }>

/**
 * How long a sender that is heard of no more keeps what it has claimed (ms): what it held then waits for as long. A live
 * one renews in time, however long a server takes over a mail.
 */
export const LEASE_MS = 10_000
/** Due deliveries that a claim chooses from, for each that it takes: senders that look at once rarely choose the same. */
const CHOICE = 3

/** As many of the items, chosen by chance. */
const some = <T>(items: readonly T[], count: number, random: () => number): T[] => {
  const left = [...items]
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat()
}

/** Deliveries as long as they are under the leases that they were claimed with. */
const claimedIn = (held: readonly Delivery[]) => ({
  _id: { $in: held.map(({ _id }) => _id) },
  claim: { $in: [...new Set(held.flatMap(({ claim }) => claim ?? []))] },
})

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

/** Whether the claim came to a try of this very mail. */
const isTry = (settlement: Settlement): boolean =>
  settlement.status === 'pending' ? settlement.counted : settlement.status !== 'suppressed'

const settling = ({ delivery: { _id, ws, v }, settlement }: Settled): AnyBulkWriteOperation<Delivery> => {
  const { status } = settlement
  const waits = status === 'pending'
  return {
    updateOne: {
      filter: { _id, ws, v },
      update: {
        $set: {
          status,
          sent_at: status === 'sent' ? settlement.at : null,
          last_error: status === 'sent' ? null : settlement.reason,
          ...('to' in settlement && settlement.to ? { to: settlement.to } : {}),
          ...(waits ? { due_at: settlement.due_at } : {}),
        },
        $unset: waits ? { claim: '' as const } : { claim: '' as const, due_at: '' as const },
        $inc: { v: 1, attempts: isTry(settlement) ? 0 : -1 },
      },
    },
  }
}

/** Mails that an earlier release still owed said neither since when nor what they are about. */
const upgrade = async (deliveries: Collection<Delivery>, now: Date): Promise<void> => {
  await deliveries.updateMany(
    { due_at: { $exists: true }, owed_since: { $exists: false } },
    { $set: { owed_since: now, about: null, shown_to: 'nobody' }, $inc: { v: 1 } },
  )
}

/** Opens the ledger, making its indexes; mails that an earlier release owed are owed on. */
export const openDeliveries = async (
  db: Db,
  { clock, ids, lease_ms = LEASE_MS }: Readonly<{ clock: Clock; ids: Ids; lease_ms?: number }>,
): Promise<Deliveries> => {
  const leaseEnd = (): Date => new Date(clock.now().getTime() + lease_ms)
  const notices = db.collection<NoticeDocument>('notices')
  const deliveries = db.collection<Delivery>('deliveries')
  const expiry = { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 } as const
  await ensureIndexes(notices, [expiry])
  await ensureIndexes(deliveries, [
    { key: { due_at: 1 }, name: 'due', sparse: true },
    // The view of owner and admins, newest first, of one status or of all.
    { key: { ws: 1, shown_to: 1, status: 1, _id: -1 }, name: 'shelf' },
    // A person's own, newest first.
    { key: { ws: 1, user_id: 1, _id: -1 }, name: 'person' },
    expiry,
  ])
  await upgrade(deliveries, clock.now())
  return {
    begin: async (notice) => {
      const expires_at = new Date(clock.now().getTime() + KEPT_MS)
      try {
        await notices.insertOne({ ...notice, v: 1, expanded: false, expires_at })
        return false
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
        return (await notices.findOne({ _id: notice._id }))?.expanded === true
      }
    },
    add: (all) => insertMissing(deliveries, all),
    finish: async ({ _id, ws }) => {
      await notices.updateOne({ _id, ws, v: 1 }, { $set: { expanded: true }, $inc: { v: 1 } })
    },
    findNotice: (event_id) => notices.findOne({ _id: event_id }),
    claim: async (limit) => {
      const now = clock.now()
      const due = await deliveries
        .find({ due_at: { $lte: now } })
        .sort({ due_at: 1 })
        .limit(limit * CHOICE)
        .project<Pick<Delivery, '_id'>>({ _id: 1 })
        .toArray()
      if (due.length === 0) return { claimed: [], more: false }
      const chosen = some(due, limit, ids.random).map(({ _id }) => _id)
      const claim = ids.next()
      // Being due is the guard: whoever comes first moves that on.
      await deliveries.updateMany(
        { _id: { $in: chosen }, due_at: { $lte: now } },
        { $set: { status: 'sending', claim, due_at: leaseEnd() }, $inc: { v: 1, attempts: 1 } },
      )
      // Which of them this claim won is read back: the driver's counts do not say.
      const claimed = await deliveries.find({ _id: { $in: chosen }, claim }).toArray()
      return { claimed, more: due.length > chosen.length }
    },
    renew: async (held) => {
      const until = leaseEnd()
      if (held.length > 0)
        // The version stays, for settling goes by it. A lease that has ended may be somebody else's by now.
        await deliveries.updateMany(
          { ...claimedIn(held), due_at: { $gt: clock.now() } },
          { $set: { due_at: until } },
        )
      return until
    },
    settle: async (settled) => {
      if (settled.length === 0) return 0
      const { matchedCount } = await deliveries.bulkWrite(settled.map(settling), { ordered: false })
      return settled.length - matchedCount
    },
    release: async (untried, due_at) => {
      if (untried.length === 0) return
      await deliveries.updateMany(claimedIn(untried), {
        $set: { status: 'pending', due_at },
        $unset: { claim: '' },
        $inc: { v: 1, attempts: -1 },
      })
    },
    find: (ws, id) => deliveries.findOne({ _id: id, ws }),
    findTold: (ws, event_id, user_id) => deliveries.findOne({ _id: deliveryId(event_id, user_id), ws }),
    retry: async ({ _id, ws, v }) => {
      const now = clock.now()
      const { matchedCount } = await deliveries.updateOne(
        { _id, ws, v },
        { $set: { status: 'pending', attempts: 0, owed_since: now, due_at: now }, $inc: { v: 1 } },
      )
      return matchedCount === 1
    },
    list: ({ ws, of, status, event_id, limit, before }) =>
      deliveries
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
        .toArray(),
  }
}
