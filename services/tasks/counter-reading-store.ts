// How counters are read: exactly, although a change is counted only after its call was answered.
//
// A reader asks for the changes that are still listed as pending and, in the same command, for the counters, and adds those
// changes that a counter has not seen. A counted change stays listed for GRACE_MS, and stays seen for as long after it left
// the list. So of two reads within that time at least one knows of a change, and where both do, the counter says so. A
// reader that took longer asks for the list again afterwards: what is still on it was not forgotten in between.
import type { Collection, Document } from 'mongodb'
import type { ReadyMark } from '../../shared/contracts/tasks/internals.ts'
import type { Clock } from '../../shared/process/clock.ts'
import {
  type CounterFields,
  type CountersById,
  isForgotten,
  loopsWithReady,
  type PendingIncrements,
  type SeenCounter,
  withPending,
} from './counter-rules.ts'

/** A counter document as it is stored. */
export type CounterDoc = CounterFields & {
  _id: string
  ws: string
  seen?: Readonly<Record<string, Date>>
  /** When a change that may have made or ended ready tasks of this loop was counted, by the database's clock. */
  ready_changed_at?: Date
  /** How often a recount has corrected it. */
  repairs?: number
}

/** A collection whose changes are counted. */
export type CountedCollection = Collection<{
  _id: string
  ws: string
  uncounted: readonly PendingIncrements[]
}>
/** Finds changes that nobody finished; part of the indexes of every counted collection. */
export const PENDING_INCREMENTS_INDEX = {
  key: { 'uncounted.at': 1 },
  name: 'uncounted',
  partialFilterExpression: { 'uncounted.at': { $exists: true } },
} as const

/** Finds those of one workspace; part of the indexes of every counted collection. */
export const PENDING_IN_WORKSPACE_INDEX = {
  key: { ws: 1, 'uncounted.at': 1 },
  name: 'uncounted_in_workspace',
  partialFilterExpression: { 'uncounted.at': { $exists: true } },
} as const

/** How long a counted change stays on the list of its document, and then among those that its counters have seen (ms). */
export const GRACE_MS = 50
/** How long a read of both may take: less than that, for timers may fire early (ms). */
const TOGETHER_MS = GRACE_MS - 10
/** Documents of a workspace with pending changes that one read takes into account: more than its writers let wait. */
const MAX_PENDING = 10_000
/** Tries of a slow read. */
const TRIES = 5
/** Changes from so long before the last one known are given again: what was saved first may be seen last (ms). */
const OVERLAP_MS = 5_000
/** Loops with changes that are given at a time. */
const MAX_CHANGED = 1_000

/** What a counter counts, and so whose changes may be pending. */
export type Counted = 'tasks' | 'comments'

type Pending = Readonly<{ uncounted: readonly PendingIncrements[] }>

const pendingIn = (ws: string): Document => ({ ws, 'uncounted.at': { $gt: new Date(0) } })

/** The changes of a workspace that may not be counted yet; whether these are all. */
const listPending = async (
  collection: CountedCollection | undefined,
  ws: string,
): Promise<{ changes: PendingIncrements[]; all: boolean }> => {
  if (!collection) return { changes: [], all: true }
  const found = await collection
    .find(pendingIn(ws))
    .hint(PENDING_IN_WORKSPACE_INDEX.name)
    .limit(MAX_PENDING)
    .project<Pending>({ _id: 0, uncounted: 1 })
    .toArray()
  return { changes: found.flatMap(({ uncounted }) => uncounted), all: found.length < MAX_PENDING }
}

const COUNTS = { tasks: 1, held_back: 1, comments: 1, seen: 1 } as const

/** What the reads share. `counted`: the collections whose changes are counted, by what they hold. */
type Reading = Readonly<{
  collection: Collection<CounterDoc>
  counted: ReadonlyMap<string, CountedCollection>
  clock: Clock
}>

const countReads = ({ collection, counted, clock }: Reading) => {
  const listStored = (ws: string, ids: readonly string[]): Promise<SeenCounter[]> =>
    collection
      .find({ _id: { $in: ids }, ws })
      .project<SeenCounter>(COUNTS)
      .toArray()

  const readTogether = async (changed: CountedCollection, ws: string, ids: readonly string[]) => {
    const found = await changed
      .aggregate<Pending | SeenCounter>(
        [
          { $match: pendingIn(ws) },
          { $limit: MAX_PENDING },
          { $project: { _id: 0, uncounted: 1 } },
          {
            $unionWith: {
              coll: collection.collectionName,
              pipeline: [{ $match: { _id: { $in: ids }, ws } }, { $project: COUNTS }],
            },
          },
        ],
        { hint: PENDING_IN_WORKSPACE_INDEX.name },
      )
      .toArray()
    return {
      changes: found.flatMap((one) => ('uncounted' in one ? one.uncounted : [])),
      stored: found.filter((one) => '_id' in one),
    }
  }

  const readSlowly = async (changed: CountedCollection, ws: string, ids: readonly string[]) => {
    let { changes } = await listPending(changed, ws)
    for (let tries = 1; ; tries += 1) {
      const stored = await listStored(ws, ids)
      const later = await listPending(changed, ws)
      if (tries === TRIES || !isForgotten(ids, stored, changes, later.changes)) return { changes, stored }
      changes = later.changes
    }
  }

  return {
    /**
     * The counters with these ids, with every change that was saved before; where there is none, nothing was counted.
     * @param of what is read of them; the rest may be a moment behind.
     */
    read: async (ws: string, ids: readonly string[], of: Counted): Promise<CountersById> => {
      const asked = [...new Set(ids)]
      const changed = counted.get(of)
      if (!changed) return withPending(asked, await listStored(ws, asked), [])
      const begun_ms = clock.monotonicMs()
      const together = await readTogether(changed, ws, asked)
      const isSlow = clock.monotonicMs() - begun_ms >= TOGETHER_MS
      const { stored, changes } = isSlow ? await readSlowly(changed, ws, asked) : together
      return withPending(asked, stored, changes)
    },
  }
}

const readyReads = ({ collection, counted }: Omit<Reading, 'clock'>) => ({
  /**
   * The loops in which ready tasks may have come or gone since a mark, and the next mark. Some are given again.
   * `complete` is false where there are too many, and where the mark's own change is missing: the data was restored.
   * @param since null: only the mark is needed.
   */
  listReadyChanges: async (
    ws: string,
    since: ReadyMark | null,
  ): Promise<{ loop_ids: string[]; complete: boolean; mark: ReadyMark }> => {
    const known = new Date(since?.at ?? 0)
    const list = () =>
      collection
        .find({ ws, ready_changed_at: { $gte: new Date(known.getTime() - OVERLAP_MS) } })
        .sort({ ready_changed_at: -1 })
        .limit(since ? MAX_CHANGED + 1 : 1)
        .project<Required<Pick<CounterDoc, '_id' | 'ready_changed_at'>>>({ ready_changed_at: 1 })
        .toArray()
    // First what is pending: what leaves that list since is found by its time.
    const { changes, all } = await listPending(since ? counted.get('tasks') : undefined, ws)
    const found = await list()
    const [newest] = found
    const isThere = (loop_id: string): boolean =>
      found.some(({ _id, ready_changed_at }) => _id === loop_id && ready_changed_at >= known)
    const loop_ids = new Set([...found.map(({ _id }) => _id), ...loopsWithReady(changes)])
    return {
      loop_ids: since ? [...loop_ids] : [],
      complete: all && loop_ids.size <= MAX_CHANGED && (!since?.loop_id || isThere(since.loop_id)),
      mark: newest
        ? { at: newest.ready_changed_at.toISOString(), loop_id: newest._id }
        : { at: new Date(0).toISOString(), loop_id: null },
    }
  },
})

/** The reads of the counters. */
export const reading = (given: Reading) => ({ ...countReads(given), ...readyReads(given) })
