// What is left of deleted tasks in MongoDB.
// Apart from the other queries, because task-store.ts is as long as a file may be.
import type { Collection } from 'mongodb'
import type { TaskDoc } from './task-store.ts'

/** How long the id and key of a deleted task are kept, so that a late repeat of its creation does not create it again (ms). */
const TOMBSTONE_MS = 24 * 60 * 60 * 1_000

/** What is left of deleted tasks. */
export const tombstones = (collection: Collection<TaskDoc>) => ({
  /** Some of the tasks deleted before a moment that are more than a tombstone yet. */
  listUnpurged: (moment: Date, limit: number): Promise<Pick<TaskDoc, '_id' | 'ws'>[]> =>
    collection
      .find({ expires_at: { $exists: false }, deleted_at: { $lte: moment } })
      .sort({ deleted_at: 1 })
      .limit(limit)
      .hint('deleted')
      .project<Pick<TaskDoc, '_id' | 'ws'>>({ ws: 1 })
      .toArray(),

  /** Lets a deleted task expire; does nothing while events or increments are pending. */
  expire: async ({ _id, ws }: Pick<TaskDoc, '_id' | 'ws'>, now: Date): Promise<void> => {
    await collection.updateOne(
      { _id, ws, deleted_at: { $exists: true }, outbox: { $size: 0 }, uncounted: { $size: 0 } },
      // The ledger holds answers, and with them the title.
      { $set: { ledger: [], expires_at: new Date(now.getTime() + TOMBSTONE_MS) } },
    )
  },
})
