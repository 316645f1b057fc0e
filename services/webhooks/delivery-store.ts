// The calls to webhooks in MongoDB: one delivery for each event and webhook.
import type { Db, IndexDescription } from 'mongodb'
import type { Ids } from '../../shared/process/ids.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import type { DatabaseClock } from '../../shared/storage/database-clock.ts'
import type { Share } from '../../shared/storage/fair.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import { openPendingWork, type PendingWork } from '../../shared/storage/pending-work.ts'
import { type Delivery, KEPT_MS } from './delivery-rules.ts'

export type Deliveries = PendingWork<Delivery> &
  Readonly<{
    /** Adds deliveries; existing ones stay as they are. */
    add: (deliveries: readonly Delivery[]) => Promise<void>
    find: (ws: string, id: string) => Promise<Delivery | null>
    /** Deliveries of a webhook, newest event first, after that id. */
    list: (ws: string, webhook_id: string, limit: number, after?: string) => Promise<readonly Delivery[]>
    /** Makes one pending again. @returns false when it has changed since. */
    replay: (delivery: Delivery) => Promise<boolean>
    /** Makes all that failed pending again, for events since then. @returns how many. */
    replayFailed: (ws: string, webhook_id: string, since: Date) => Promise<number>
    removeAll: (ws: string, webhook_id: string) => Promise<void>
  }>

const INDEXES: readonly IndexDescription[] = [
  // By workspace and webhook, so that a claim skips those with enough calls under way without reading them.
  {
    key: { ws: 1, webhook_id: 1, due_at: 1 },
    name: 'turn',
    partialFilterExpression: { due_at: { $exists: true } },
  },
  { key: { ws: 1, webhook_id: 1, _id: -1 }, name: 'webhook' },
  { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
]

/** Opens the collection and makes its indexes. */
export const openDeliveries = async (
  db: Db,
  deps: Readonly<{ clock: DatabaseClock; ids: Ids; shares: readonly Share[]; term_ms?: number }>,
): Promise<Deliveries> => {
  const { clock, ids, ...options } = deps
  const { collection: deliveries } = await openCollection<Delivery>(db, 'deliveries', {
    indexes: INDEXES,
    retired: ['due'],
  })
  const pendingAgain = () => ({
    $set: { status: 'pending' as const, attempts: 0, due_at: clock.now(), owed_since: clock.now() },
    $unset: { claim: '' as const, expires_at: '' as const },
    $inc: { v: 1 },
  })
  const pending = openPendingWork(
    deliveries,
    { clock, ids },
    { lanes: [{}], index: 'turn', kept_ms: KEPT_MS, choice: 1, ...options },
  )
  return {
    ...pending,
    add: (added) => insertMissing(deliveries, added),
    find: (ws, _id) => deliveries.findOne({ _id, ws }),
    list: (ws, webhook_id, limit, after) =>
      deliveries
        .find({ ws, webhook_id, ...(after === undefined ? {} : { _id: { $lt: after } }) })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray(),
    replay: async ({ _id, ws, v }) =>
      (await deliveries.updateOne({ _id, ws, v }, pendingAgain())).matchedCount === 1,
    replayFailed: async (ws, webhook_id, since) => {
      const failed = {
        ws,
        webhook_id,
        status: { $in: ['failed', 'gone'] as const },
        happened_at: { $gte: since },
      }
      return (await deliveries.updateMany(failed, pendingAgain())).modifiedCount
    },
    removeAll: async (ws, webhook_id) => {
      await deliveries.deleteMany({ ws, webhook_id })
    },
  }
}
