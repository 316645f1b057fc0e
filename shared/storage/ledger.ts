// The answered requests that a document holds, and their way out of it before they become too many.
import type { Collection, Filter, UpdateFilter } from 'mongodb'
import type { Clock } from '../process/clock.ts'
import { findRepeat, type LedgerEntry, type Repeatable } from './idempotency.ts'
import type { RequestStore } from './request-store.ts'

/** How many answered requests a document holds before they are moved to the request store. */
export const LEDGER_ENTRIES = 10
/** The most bytes of one recorded answer, as JSON: a document holds several. */
export const RESULT_BYTES = 8 * 1024

/** A document with a ledger. */
type Holder = { _id: string; ws: string; ledger: readonly LedgerEntry[] }

/** The request to record with a write, and its answer; no request: nothing is recorded. */
export type Answered = Readonly<{ request?: Repeatable | undefined; result?: unknown }>

export type Ledger<T extends Holder> = Readonly<{
  /** What a write that records a request adds to the ledger. @throws Error when the answer is too large. */
  entries: (answered: Answered) => readonly LedgerEntry[]
  /** Matches a document in which nobody has recorded the same key since. Part of the filter of the same write. */
  unanswered: (answered: Answered) => Readonly<Record<string, unknown>>
  /** Moves the entries of a full document to the request store: copied first, then taken out, so that none is lost. */
  makeRoom: (document: T, answered: Answered) => Promise<void>
  /** The entry of a request that was answered on this document before; undefined when it is new. */
  findRepeat: (document: T, request: Repeatable | undefined) => Promise<LedgerEntry | undefined>
}>

/**
 * Opens the ledgers in the documents of a collection.
 * @param requests needed as soon as a request is recorded.
 */
export const openLedger = <T extends Holder>(
  collection: Collection<T>,
  { clock, requests }: Readonly<{ clock: Clock; requests?: RequestStore }>,
): Ledger<T> => {
  const store = (): RequestStore => {
    if (!requests) throw new Error(`${collection.collectionName} has no request store`)
    return requests
  }
  return {
    entries: ({ request, result = null }) => {
      if (!request) return []
      const bytes = Buffer.byteLength(JSON.stringify(result))
      if (bytes > RESULT_BYTES) throw new Error(`an answer of ${bytes} bytes is too large to be recorded`)
      return [{ ...request, at: clock.now(), result }]
    },
    unanswered: ({ request }) => (request ? { 'ledger.key': { $ne: request.key } } : {}),
    makeRoom: async ({ _id, ws, ledger }, { request }) => {
      if (!request || ledger.length < LEDGER_ENTRIES) return
      await store().keep(ws, _id, ledger)
      const keys = ledger.map(({ key }) => key)
      await collection.updateOne(
        { _id, ws } as unknown as Filter<T>,
        { $pull: { ledger: { key: { $in: keys } } } } as unknown as UpdateFilter<T>,
      )
    },
    findRepeat: async ({ _id, ws, ledger }, request) =>
      request && (findRepeat(ledger, request) ?? findRepeat(await store().find(ws, _id, request), request)),
  }
}
