// The ledger of calls: one delivery per event and webhook, each transition a compare-and-set. Knows MongoDB, and nothing of
// HTTP.
import type { Db } from 'mongodb'
import type { Clock } from '../../shared/clock.ts'
import type { Ids } from '../../shared/ids.ts'
import { ensureIndexes, insertMissing } from '../../shared/mongo.ts'
import type { Delivery, Settlement } from './delivery.ts'

/** How long a sender may take over one call before others take it for dead (ms). Longer than a call may last. */
const LEASE_MS = 45_000

export type Claimed = Readonly<{ claimed: readonly Delivery[]; more: boolean }>

export type Deliveries = Readonly<{
  /** Adds deliveries; those that are there stay as they are. */
  add: (deliveries: readonly Delivery[]) => Promise<void>
  /**
   * Leases deliveries that are due: new ones, those to be tried again, and those whose sender has died. Nobody else gets
   * them before the lease ends. `roomOf` says how many more of a webhook are wanted; `full` are those with no room.
   */
  claim: (limit: number, full: readonly string[], roomOf: (webhookId: string) => number) => Promise<Claimed>
  /** Ends a lease; false when it had ended by itself and somebody else holds the delivery. */
  settle: (delivery: Delivery, settlement: Settlement) => Promise<boolean>
  find: (id: string) => Promise<Delivery | null>
  /** Those of a webhook, newest event first, after the given one. */
  list: (ws: string, webhook_id: string, limit: number, after?: string) => Promise<readonly Delivery[]>
  /** Owes one again; false when it has changed since. */
  replay: (delivery: Delivery) => Promise<boolean>
  /** Owes again all that failed of what happened since. @returns how many. */
  replayFailed: (ws: string, webhook_id: string, since: Date) => Promise<number>
  removeAll: (ws: string, webhook_id: string) => Promise<void>
}>

/** At most `roomOf` of each webhook, in the order given. */
const fitting = <T extends Pick<Delivery, 'webhook_id'>>(
  due: readonly T[],
  roomOf: (webhookId: string) => number,
): T[] => {
  const taken = new Map<string, number>()
  return due.filter(({ webhook_id }) => {
    const count = (taken.get(webhook_id) ?? 0) + 1
    taken.set(webhook_id, count)
    return count <= roomOf(webhook_id)
  })
}

/** Opens the ledger, making its indexes. */
export const openDeliveries = async (
  db: Db,
  { clock, ids }: Readonly<{ clock: Clock; ids: Ids }>,
): Promise<Deliveries> => {
  const deliveries = db.collection<Delivery>('deliveries')
  await ensureIndexes(deliveries, [
    // With the webhook in it, so that the waiting calls of one that is full are passed over without being read.
    {
      key: { due_at: 1, webhook_id: 1 },
      name: 'due',
      partialFilterExpression: { due_at: { $exists: true } },
    },
    { key: { ws: 1, webhook_id: 1, _id: -1 }, name: 'webhook' },
    { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
  ])
  const again = () => ({
    $set: { status: 'pending' as const, attempts: 0, due_at: clock.now(), owed_since: clock.now() },
    $unset: { claim: '' as const },
    $inc: { v: 1 },
  })
  return {
    add: (all) => insertMissing(deliveries, all),
    claim: async (limit, full, roomOf) => {
      const now = clock.now()
      const due = await deliveries
        .find({ due_at: { $lte: now }, webhook_id: { $nin: [...full] } })
        .hint('due')
        .sort({ due_at: 1 })
        .limit(limit)
        .project<Pick<Delivery, '_id' | 'ws' | 'v' | 'webhook_id'>>({ ws: 1, v: 1, webhook_id: 1 })
        .toArray()
      const wanted = fitting(due, roomOf)
      if (wanted.length === 0) return { claimed: [], more: false }
      const claim = ids.next()
      const leased = {
        $set: { status: 'sending' as const, claim, due_at: new Date(now.getTime() + LEASE_MS) },
        $inc: { v: 1, attempts: 1 },
      }
      await deliveries.bulkWrite(
        wanted.map(({ _id, ws, v }) => ({ updateOne: { filter: { _id, ws, v }, update: leased } })),
        { ordered: false },
      )
      // Which of them this claim won is read back: the driver's counts do not say.
      const claimed = await deliveries.find({ _id: { $in: wanted.map(({ _id }) => _id) }, claim }).toArray()
      return { claimed, more: due.length === limit }
    },
    settle: async ({ _id, ws, v }, settlement) => {
      const { status, answer } = settlement
      const pending = status === 'pending'
      const settled = await deliveries.updateOne(
        { _id, ws, v },
        {
          $set: {
            status,
            answer,
            ...(status === 'delivered' ? { delivered_at: clock.now() } : {}),
            ...(pending ? { due_at: settlement.due_at } : {}),
          },
          $unset: pending ? { claim: '' } : { claim: '', due_at: '' },
          $inc: { v: 1 },
        },
      )
      return settled.matchedCount === 1
    },
    find: (_id) => deliveries.findOne({ _id }),
    list: (ws, webhook_id, limit, after) =>
      deliveries
        .find({ ws, webhook_id, ...(after === undefined ? {} : { _id: { $lt: after } }) })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray(),
    replay: async ({ _id, ws, v }) =>
      (await deliveries.updateOne({ _id, ws, v }, again())).matchedCount === 1,
    replayFailed: async (ws, webhook_id, since) => {
      const failed = {
        ws,
        webhook_id,
        status: { $in: ['failed', 'gone'] as const },
        happened_at: { $gte: since },
      }
      return (await deliveries.updateMany(failed, again())).modifiedCount
    },
    removeAll: async (ws, webhook_id) => {
      await deliveries.deleteMany({ ws, webhook_id })
    },
  }
}
