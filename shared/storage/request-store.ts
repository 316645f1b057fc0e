// Answered requests with an idempotency key that no document holds.
//
// They have been moved out of a full document, or they change several documents, of which none can hold the answer.
import type { Db, IndexDescription } from 'mongodb'
import type { Clock } from '../process/clock.ts'
import { openCollection } from './collection.ts'
import { findRepeat, type LedgerEntry, type Repeatable } from './idempotency.ts'
import { insertMissing, isDuplicateKey } from './mongo.ts'

type RequestDoc = LedgerEntry & { _id: string; ws: string }

/** How long a request is kept (s): twice what `IdempotencyKey` promises, since clocks differ. */
const KEPT_S = 48 * 60 * 60
/** The most bytes of the answer of a request that changes several documents, as JSON. */
const ANSWER_BYTES = 256 * 1024

const REQUEST_INDEXES: readonly IndexDescription[] = [
  { key: { at: 1 }, name: 'at', expireAfterSeconds: KEPT_S },
  { key: { ws: 1 }, name: 'workspace' },
]

/** The id of an entry. It names the document as well: a request that changes several has an entry for each. */
const idOf = (document_id: string, key: string): string => `${key}:${document_id}`

/** The answered requests of a service. */
export type RequestStore = Readonly<{
  /** The entry that was kept of a document's request, as a list of one; an empty list when there is none. */
  find: (ws: string, document_id: string, request: Repeatable) => Promise<readonly LedgerEntry[]>
  /** Keeps the entries of a document; those that are there stay as they are. */
  keep: (ws: string, document_id: string, entries: readonly LedgerEntry[]) => Promise<void>
  /**
   * Records that a request on several documents has begun.
   * @returns the answer of an earlier request with the same key. Null when there is none yet: do the work, even if an
   * earlier request began it, since its process may have died.
   * @throws AppError `idempotency_conflict` when the key was used with other arguments.
   */
  begin: (ws: string, request: Repeatable) => Promise<unknown>
  /** Records the answer; the first one stays. */
  finish: (ws: string, request: Repeatable, result: unknown) => Promise<void>
}>

/** Opens the request store of a service and makes its indexes. */
export const openRequests = async (db: Db, clock: Clock): Promise<RequestStore> => {
  const { collection } = await openCollection<RequestDoc>(db, 'requests', { indexes: REQUEST_INDEXES })
  return {
    find: async (ws, document_id, { key }) => {
      const found = await collection.findOne({ _id: idOf(document_id, key), ws })
      return found ? [found] : []
    },

    keep: (ws, document_id, entries) =>
      insertMissing(
        collection,
        entries.map((entry) => ({ ...entry, _id: idOf(document_id, entry.key), ws })),
      ),

    begin: async (ws, request) => {
      try {
        await collection.insertOne({ _id: request.key, ws, ...request, at: clock.now(), result: null })
        return null
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
      }
      const earlier = await collection.findOne({ _id: request.key, ws })
      return findRepeat(earlier ? [earlier] : [], request)?.result ?? null
    },

    finish: async (ws, request, result) => {
      const bytes = Buffer.byteLength(JSON.stringify(result))
      if (bytes > ANSWER_BYTES) throw new Error(`an answer of ${bytes} bytes is too large to be kept`)
      await collection.updateOne({ _id: request.key, ws, result: null }, { $set: { result } })
    },
  }
}
