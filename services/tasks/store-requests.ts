// Requests with an idempotency key that change several documents, so that none of those can hold their answer.
import type { Db, IndexDescription } from 'mongodb'
import type { Clock } from '../../shared/clock.ts'
import { findRepeat, type LedgerEntry, type Repeatable } from '../../shared/idempotency.ts'
import { ensureIndexes, isDuplicateKey } from '../../shared/mongo.ts'

type RequestDoc = LedgerEntry & { _id: string; ws: string }

/** How long a request is remembered (s). */
const KEPT_S = 48 * 60 * 60

/** The indexes of the requests, each with what it is for. */
const REQUEST_INDEXES: readonly IndexDescription[] = [
  // Forgets them.
  { key: { at: 1 }, name: 'at', expireAfterSeconds: KEPT_S },
]

/** Opens the requests of the service and makes their indexes. */
export const openRequests = async (db: Db, clock: Clock) => {
  const collection = db.collection<RequestDoc>('requests')
  await ensureIndexes(collection, REQUEST_INDEXES)
  return {
    /**
     * Records that a request has begun.
     * @returns the answer of an earlier one with the same key; null when there is none yet: then the work is to be done,
     * or done again, since whoever began it may have died.
     * @throws AppError `idempotency_conflict` when the key was used with other arguments.
     */
    begin: async (ws: string, request: Repeatable): Promise<unknown> => {
      try {
        await collection.insertOne({ _id: request.key, ws, ...request, at: clock.now(), result: null })
        return null
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
      }
      const earlier = await collection.findOne({ _id: request.key, ws })
      return findRepeat(earlier ? [earlier] : [], request)?.result ?? null
    },

    /** Records the answer; the first one stays. */
    finish: async (ws: string, request: Repeatable, result: unknown): Promise<void> => {
      await collection.updateOne({ _id: request.key, ws, result: null }, { $set: { result } })
    },
  }
}
export type RequestStore = Awaited<ReturnType<typeof openRequests>>
