// The collection of assertions that were used. Each works once, whichever gateway it is shown to.
//
// assertions  _id = SHA-256 of who made it and its `jti`. Gone once the assertion has expired anyway.
import type { Db, IndexDescription } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'

export type AssertionStore = Readonly<{
  /**
   * Uses up an assertion; false when it was used before.
   * @param until when it has expired.
   */
  use: (id: string, until: Date) => Promise<boolean>
}>

type Used = { _id: string; expires_at: Date }

const INDEXES: readonly IndexDescription[] = [
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
]

/** Opens the collection and makes its index. */
export const openAssertionStore = async (db: Db): Promise<AssertionStore> => {
  const { collection } = await openCollection<Used>(db, 'assertions', { indexes: INDEXES })
  return { use: (_id, expires_at) => inserted(collection.insertOne({ _id, expires_at })) }
}
