// The collection of what is counted for all gateways together.
//
// windows  one per thing that is counted and span of time; _id = both. Gone when its span is over.
import type { Db } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { isDuplicateKey } from '../../../shared/storage/mongo.ts'

export type WindowStore = Readonly<{
  /** Adds to a count and gives the sum; the document goes at `expires_at`. */
  add: (id: string, count: number, expires_at: Date) => Promise<number>
}>

/** Opens the collection and makes its index. */
export const openWindowStore = async (db: Db): Promise<WindowStore> => {
  const { collection: windows } = await openCollection<{ _id: string; count: number; expires_at: Date }>(
    db,
    'windows',
    { indexes: [{ key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 }] },
  )
  const add = async (_id: string, count: number, expires_at: Date): Promise<number> => {
    const sum = await windows.findOneAndUpdate(
      { _id },
      { $inc: { count }, $setOnInsert: { expires_at } },
      { upsert: true, returnDocument: 'after' },
    )
    return sum?.count ?? count
  }
  return {
    add: async (...asked) => {
      try {
        return await add(...asked)
      } catch (error) {
        // Another gateway made the document at the same moment; now it is there.
        if (isDuplicateKey(error)) return add(...asked)
        throw error
      }
    },
  }
}
