// Leases: the one way in which work is claimed, kept, given back and taken over. The database's clock alone says whether a
// lease has ended; its holder counts by a monotonic clock from before it asked, and stops a margin earlier. So two holders
// never act at once, wherever the clocks of their machines stand.
import type { Collection, Document, Filter, MatchKeysAndValues, UpdateFilter } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import type { DatabaseClock } from './database-clock.ts'

/** A document of any collection. */
export type Stored = Document & Readonly<{ _id: string }>

/** Where a document keeps its lease. */
export type LeaseFields = Readonly<{
  /** When the lease ends; of free work, from when on it may be claimed. Absent: never. */
  until: string
  /** The id of the claim that holds it; no two claims have the same. */
  claim: string
  /** How often it was claimed: whoever acts elsewhere can refuse a smaller number than one that it has seen. */
  fence: string
}>

/**
 * How long work stays claimed that nobody renews (ms). Much longer than MongoDB takes to elect a primary (10 s by default),
 * so that a holder which is cut off for half a minute still records what it did.
 */
export const TERM_MS = 60_000
/** How long before its end a holder stops to rely on a lease, as a share of the term: for what it cannot call back. */
const MARGIN = 1 / 4

/** Work in somebody's hands. */
export type Claim = Readonly<{ _id: string; claim: string }>

/** How far a holder may rely on its leases. */
export type Kept = Readonly<{
  /** Ids of those that are still its own. */
  ids: ReadonlySet<string>
  /** By the monotonic clock of this process: nothing that cannot be called back is begun from then on. */
  until_ms: number
}>

export type Leases = Readonly<{
  /**
   * Claims the free ones among some documents: those never claimed, given back, or whose lease has ended.
   * @param beside what else changes in each.
   */
  claim: (
    ids: readonly string[],
    beside?: UpdateFilter<Stored>,
  ) => Promise<Kept & Readonly<{ claim: string }>>
  /**
   * Has leases last for a whole term from now, never shorter than they did. What comes back is proof that they were still
   * the holder's own a moment ago: a majority of the servers has written it. Nothing else of the documents changes.
   */
  renew: (held: readonly Claim[]) => Promise<Kept>
  /** What is true of a document as long as one of these claims holds it; part of the filter of every write by a holder. */
  heldBy: (held: readonly Claim[]) => Filter<Stored>
  /** What is true of a document whose lease has ended at `now`, by the database's clock. */
  over: (now: Date) => Filter<Stored>
  /** Ends a lease: as part of a write whose filter has `heldBy`. */
  ended: Readonly<Record<string, ''>>
}>

/** Opens the leases of a collection; `until` belongs into one of its indexes. */
export const openLeases = <T extends Readonly<{ _id: string }>>(
  collection: Collection<T>,
  { until, claim, fence }: LeaseFields,
  deps: Readonly<{ clock: DatabaseClock; ids: Pick<Ids, 'next'>; term_ms?: number }>,
): Leases => {
  const { clock, ids, term_ms = TERM_MS } = deps
  const documents = collection as unknown as Collection<Stored>
  /** The ends of a lease that begins now: in the database, and for its holder. */
  const term = async () => {
    // Before the question: the time until the answer comes is not the holder's.
    const asked_ms = clock.monotonicMs()
    const now = await clock.sync()
    return {
      now,
      end: new Date(now.getTime() + term_ms),
      until_ms: asked_ms + term_ms * (1 - MARGIN),
    }
  }
  const idsOf = async (filter: Filter<Stored>): Promise<ReadonlySet<string>> => {
    const found = await documents.find(filter).project<{ _id: string }>({ _id: 1 }).toArray()
    return new Set(found.map(({ _id }) => _id))
  }
  const heldBy = (held: readonly Claim[]): Filter<Stored> => ({
    _id: { $in: held.map(({ _id }) => _id) },
    [claim]: { $in: [...new Set(held.map((one) => one.claim))] },
  })
  const over = (now: Date): Filter<Stored> => ({ [until]: { $lte: now } })
  return {
    claim: async (wanted, beside = {}) => {
      const { now, end, until_ms } = await term()
      const id = ids.next()
      const { $set = {}, $inc = {}, ...others } = beside
      await documents.updateMany({ _id: { $in: [...wanted] }, ...over(now) }, {
        ...others,
        $set: { ...$set, [claim]: id, [until]: end },
        $inc: { ...$inc, [fence]: 1 },
      } as UpdateFilter<Stored>)
      // Which of them this claim won is read back: the driver's counts do not say.
      const won = await idsOf({ _id: { $in: [...wanted] }, [claim]: id } as Filter<
        Document & { _id: string }
      >)
      return { claim: id, ids: won, until_ms }
    },
    renew: async (held) => {
      const { end, until_ms } = await term()
      if (held.length === 0) return { ids: new Set(), until_ms }
      const own = heldBy(held)
      await documents.updateMany(own, {
        $max: { [until]: end } as MatchKeysAndValues<Stored>,
      })
      // The new end is in the question: a server that has not seen this write, for it was replaced, cannot answer it.
      return { ids: await idsOf({ ...own, [until]: { $gte: end } }), until_ms }
    },
    heldBy,
    over,
    ended: { [claim]: '' },
  }
}
