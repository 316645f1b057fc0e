// Leases: the one way to claim work, renew the claim, release it, and take it over.
//
// Only the database's clock says whether a lease has expired. A holder measures with its own monotonic clock, starting
// before it asked, and stops relying on a lease a margin before its end. So two holders never act at once, however wrong the
// clocks of their machines are.
import type { Collection, Document, Filter, MatchKeysAndValues, UpdateFilter } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { BY_ID, byIds } from './by-workspace.ts'
import type { DatabaseClock } from './database-clock.ts'

/** A document of any collection. */
export type Stored = Document & Readonly<{ _id: string }>

/** The fields of a document that hold its lease. */
export type LeaseFields = Readonly<{
  /** When the lease expires; on unclaimed work, when it may first be claimed. Absent: never. */
  until: string
  /** The id of the claim that holds the lease. No two claims share one. */
  claim: string
  /** How often the document was claimed: a fencing token, by which another system can refuse a holder that was replaced. */
  fence: string
}>

/**
 * How long a lease lasts unless it is renewed (ms). Much longer than MongoDB takes to elect a primary (10 s by default), so
 * that a holder that was cut off for half a minute can still record what it did.
 */
export const TERM_MS = 60_000
/** The last part of a term, in which the holder no longer relies on its lease: time for what it cannot call back. */
const MARGIN = 1 / 4

/** A document, and the claim that holds it. Those of a workspace name it, for a sharded database. */
export type Claim = Readonly<{ _id: string; claim: string; ws?: string | undefined }>
/** A document to be claimed. */
export type Candidate = Omit<Claim, 'claim'>

/** Which documents a holder has, and how long it may rely on that. */
export type Held = Readonly<{
  ids: ReadonlySet<string>
  /** From then on, by this process's monotonic clock, the holder begins nothing that it cannot call back. */
  until_ms: number
}>

export type Leases = Readonly<{
  /**
   * Claims those of the given documents that are claimable.
   * @param update what else to change in each document that is claimed.
   * @returns the id of the claim, and the documents it won.
   */
  claim: (
    candidates: readonly Candidate[],
    update?: UpdateFilter<Stored>,
  ) => Promise<Held & Readonly<{ claim: string }>>
  /**
   * Extends leases to a whole term from now. Never shortens one.
   * @param options.term_ms another term than the usual one.
   * @param options.noted_at a field in which the moment of the renewal is noted; otherwise nothing else changes.
   * @returns those that were still the holder's a moment ago, as a majority of the servers has confirmed.
   */
  renew: (
    claims: readonly Claim[],
    options?: Readonly<{ term_ms?: number; noted_at?: string }>,
  ) => Promise<Held>
  /** Matches documents while these claims hold them. Part of the filter of every write by a holder. */
  heldBy: (claims: readonly Claim[]) => Filter<Stored>
  /** Matches documents that were never claimed, were released, or whose lease has expired at `now` (database time). */
  claimable: (now: Date) => Filter<Stored>
  /** The `$unset` that releases a lease, for a write whose filter has `heldBy`. */
  released: Readonly<Record<string, ''>>
}>

/** Opens the leases of a collection. One of its indexes must contain the field `until`. */
export const openLeases = <T extends Readonly<{ _id: string }>>(
  collection: Collection<T>,
  { until, claim, fence }: LeaseFields,
  deps: Readonly<{ clock: DatabaseClock; ids: Pick<Ids, 'next'>; term_ms?: number | undefined }>,
): Leases => {
  const { clock, ids, term_ms = TERM_MS } = deps
  const documents = collection as unknown as Collection<Stored>

  /** A term that begins now: its end in the database, and the end that the holder goes by. */
  const beginTerm = async (length_ms = term_ms) => {
    // Before the question, because the time until its answer is not the holder's to use.
    const asked_ms = clock.monotonicMs()
    const now = await clock.sync()
    return {
      now,
      end: new Date(now.getTime() + length_ms),
      until_ms: asked_ms + length_ms * (1 - MARGIN),
    }
  }
  const idsOf = async (filter: Filter<Stored>): Promise<ReadonlySet<string>> => {
    const found = await documents.find(filter).hint(BY_ID).project<{ _id: string }>({ _id: 1 }).toArray()
    return new Set(found.map(({ _id }) => _id))
  }
  const heldBy = (claims: readonly Claim[]): Filter<Stored> => ({
    ...byIds(claims),
    [claim]: { $in: [...new Set(claims.map((one) => one.claim))] },
  })
  const claimable = (now: Date): Filter<Stored> => ({ [until]: { $lte: now } })

  return {
    claim: async (candidates, update = {}) => {
      const { now, end, until_ms } = await beginTerm()
      const id = ids.next()
      const { $set = {}, $inc = {}, ...others } = update
      const claimed = { ...byIds(candidates), ...claimable(now) }
      const change = {
        ...others,
        $set: { ...$set, [claim]: id, [until]: end },
        $inc: { ...$inc, [fence]: 1 },
      }
      await documents.updateMany(claimed, change as UpdateFilter<Stored>, { hint: BY_ID })
      // The update returns how many it changed, but not which.
      const won = await idsOf(heldBy(candidates.map((one) => ({ ...one, claim: id }))))
      return { claim: id, ids: won, until_ms }
    },
    renew: async (claims, options = {}) => {
      const { now, end, until_ms } = await beginTerm(options.term_ms)
      if (claims.length === 0) return { ids: new Set(), until_ms }
      const own = heldBy(claims)
      const ends = { [until]: end, ...(options.noted_at ? { [options.noted_at]: now } : {}) }
      await documents.updateMany(own, { $max: ends as MatchKeysAndValues<Stored> }, { hint: BY_ID })
      // Asking for the new end as well makes the answer a proof: a replaced primary, which lacks this write, has no match.
      return { ids: await idsOf({ ...own, [until]: { $gte: end } }), until_ms }
    },
    heldBy,
    claimable,
    released: { [claim]: '' },
  }
}
