// The collections in which all gateways count together.
//
// windows    _id = what is counted and when its span began. Gone when the span is over.
// throttles  _id = what is tried; see throttle-rules.ts. Gone when the tries are forgotten.
import type { Collection, Db, IndexDescription } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted, isDuplicateKey } from '../../../shared/storage/mongo.ts'
import type { Tries } from './throttle-rules.ts'

export type WindowStore = Readonly<{
  /** Adds to a count and gives the sum; the document goes at `expires_at`. */
  add: (id: string, count: number, expires_at: Date) => Promise<number>
}>

export type ThrottleStore = Readonly<{
  find: (id: string) => Promise<Tries | null>
  /** Writes the next count over the one that was read (null: none); false when it has changed since. */
  save: (id: string, before: Tries | null, next: Tries) => Promise<boolean>
  clear: (id: string) => Promise<void>
}>

type WindowDoc = { _id: string; count: number; expires_at: Date }
type TriesDoc = Tries & { _id: string }

const EXPIRES: readonly IndexDescription[] = [
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
]

const windowsOf = (windows: Collection<WindowDoc>): WindowStore => {
  const add: WindowStore['add'] = async (_id, count, expires_at) => {
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

const throttlesOf = (throttles: Collection<TriesDoc>): ThrottleStore => ({
  find: (id) => throttles.findOne({ _id: id }),
  save: async (id, before, next) => {
    if (before) {
      const { matchedCount } = await throttles.updateOne(
        { _id: id, failures: before.failures, blocked_until: before.blocked_until },
        { $set: next },
      )
      return matchedCount === 1
    }
    return await inserted(throttles.insertOne({ _id: id, ...next }))
  },
  clear: async (id) => void (await throttles.deleteOne({ _id: id })),
})

/** All that limits are counted in. */
export type LimitStore = Readonly<{ windows: WindowStore; throttles: ThrottleStore }>

/** Opens the collections and makes their indexes. */
export const openLimitStore = async (db: Db): Promise<LimitStore> => {
  const windows = await openCollection<WindowDoc>(db, 'windows', { indexes: EXPIRES })
  const throttles = await openCollection<TriesDoc>(db, 'throttles', { indexes: EXPIRES })
  return { windows: windowsOf(windows.collection), throttles: throttlesOf(throttles.collection) }
}
