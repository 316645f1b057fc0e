// The ledger of mails: one notice per event, one delivery per recipient, each transition a compare-and-set on its
// version. Knows MongoDB, and nothing of SMTP or of what a mail says.
import type { Db } from 'mongodb'
import type { Clock } from '../../shared/clock.ts'
import type { Ids } from '../../shared/ids.ts'
import { ensureIndexes, isDuplicateKey } from '../../shared/mongo.ts'
import { type Delivery, KEPT_MS, type Notice } from './notices.ts'

type NoticeDocument = Notice & { v: number; expanded: boolean; expires_at: Date }

/** What became of a try. */
export type Settlement =
  | Readonly<{ status: 'sent'; at: Date }>
  | Readonly<{ status: 'failed' | 'suppressed'; reason: string }>
  | Readonly<{ status: 'pending'; reason: string; due_at: Date }>

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
   * them before the lease ends. `more` says that further ones may be due.
   */
  claim: (limit: number) => Promise<Readonly<{ claimed: readonly Delivery[]; more: boolean }>>
  /** Ends a lease; false when it had ended by itself and somebody else holds the delivery. */
  settle: (delivery: Delivery, settlement: Settlement) => Promise<boolean>
  /** Deliveries of one event by id, after the given one. */
  list: (ws: string, event_id: string, limit: number, after?: string) => Promise<readonly Delivery[]>
}>

/**
 * How long a sender may take over one mail before others take it for dead (ms). Longer than SEND_TIMEOUT_MS of the
 * mailer, so that a live sender never loses its lease.
 */
const LEASE_MS = 75_000

/** Opens the ledger, making its indexes. */
export const openDeliveries = async (
  db: Db,
  { clock, ids }: Readonly<{ clock: Clock; ids: Ids }>,
): Promise<Deliveries> => {
  const notices = db.collection<NoticeDocument>('notices')
  const deliveries = db.collection<Delivery>('deliveries')
  const expiry = { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 } as const
  await ensureIndexes(notices, [expiry])
  await ensureIndexes(deliveries, [
    { key: { due_at: 1 }, name: 'due', sparse: true },
    { key: { ws: 1, event_id: 1, _id: 1 }, name: 'event' },
    expiry,
  ])
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
    add: async (all) => {
      if (all.length === 0) return
      try {
        await deliveries.insertMany([...all], { ordered: false })
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
      }
    },
    finish: async ({ _id, ws }) => {
      await notices.updateOne({ _id, ws, v: 1 }, { $set: { expanded: true }, $inc: { v: 1 } })
    },
    findNotice: (event_id) => notices.findOne({ _id: event_id }),
    claim: async (limit) => {
      const now = clock.now()
      const due = await deliveries
        .find({ due_at: { $lte: now } })
        .sort({ due_at: 1 })
        .limit(limit)
        .project<Pick<Delivery, '_id' | 'ws' | 'v'>>({ ws: 1, v: 1 })
        .toArray()
      if (due.length === 0) return { claimed: [], more: false }
      const claim = ids.next()
      const leased = {
        $set: { status: 'sending' as const, claim, due_at: new Date(now.getTime() + LEASE_MS) },
        $inc: { v: 1, attempts: 1 },
      }
      await deliveries.bulkWrite(
        due.map(({ _id, ws, v }) => ({ updateOne: { filter: { _id, ws, v }, update: leased } })),
        { ordered: false },
      )
      // Which of them this claim won is read back: the driver's counts do not say.
      const claimed = await deliveries.find({ _id: { $in: due.map(({ _id }) => _id) }, claim }).toArray()
      return { claimed, more: due.length === limit }
    },
    settle: async ({ _id, ws, v }, settlement) => {
      const { status } = settlement
      const sent_at = status === 'sent' ? settlement.at : null
      const last_error = status === 'sent' ? null : settlement.reason
      const settled = await deliveries.updateOne(
        { _id, ws, v },
        {
          $set: {
            status,
            sent_at,
            last_error,
            ...(status === 'pending' ? { due_at: settlement.due_at } : {}),
          },
          $unset: status === 'pending' ? { claim: '' } : { claim: '', due_at: '' },
          $inc: { v: 1 },
        },
      )
      return settled.matchedCount === 1
    },
    list: (ws, event_id, limit, after) =>
      deliveries
        .find({ ws, event_id, ...(after === undefined ? {} : { _id: { $gt: after } }) })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),
  }
}
