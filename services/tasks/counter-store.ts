// The counts of tasks and comments in MongoDB, kept as counters so that no list or statistic ever scans for its total.
//
// A change and its counters are different documents. So the change is saved together with what it adds where (a list
// `uncounted` in the changed document), then added to the counters, then taken off that list. Each counter document
// knows the changes that it has `seen` until they are off the list: adding one again does nothing. So a change that its
// maker left half counted can be finished by any sweeper, at a cost that does not grow with the workspace.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { ReadyMark } from '../../shared/contracts/tasks/internals.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Log } from '../../shared/process/log.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import {
  type CounterFields,
  type CountersById,
  mergeIncrements,
  movesReady,
  type PendingIncrements,
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

/** Counters are found by their ids alone, but for what has changed lately. */
const TALLY_INDEXES: readonly IndexDescription[] = [
  {
    key: { ws: 1, ready_changed_at: 1 },
    name: 'ready_changed',
    partialFilterExpression: { ready_changed_at: { $exists: true } },
  },
]

/** What a collection needs for its changes to be counted. */
export type CountedCollection = Collection<{
  _id: string
  ws: string
  uncounted: readonly PendingIncrements[]
}>
/** A saved change, and where its list is. */
export type Entry = Readonly<{ home: CountedCollection; id: string; ws: string; change: PendingIncrements }>

/** Finds changes that nobody finished; part of the indexes of every collection whose changes are counted. */
export const PENDING_INCREMENTS_INDEX = {
  key: { 'uncounted.at': 1 },
  name: 'uncounted',
  partialFilterExpression: { 'uncounted.at': { $exists: true } },
} as const

/** Changes older than this have been left by their maker (ms). */
const LEFT_AFTER_MS = 5_000
/** Documents per look for them. */
const BATCH = 100
/** A seen change may be forgotten so long after the moment before which nothing is uncounted (ms). */
const FORGET_AFTER_MS = 60 * 60 * 1_000
/** Changes from so long before the last one known are given again: what was saved first may be seen last (ms). */
const OVERLAP_MS = 5_000
/** Loops with changes that are given at a time. */
const MAX_CHANGED = 1_000
/** Counter documents about which this process remembers what may be forgotten; the rest is forgotten by age. */
const MAX_REMEMBERED = 10_000

/** Changes that counter documents need not know any more, until the next write to them takes those out. */
const forgetting = () => {
  const byTally = new Map<string, string[]>()
  return {
    put: (tally: string, changes: readonly string[]): void => {
      if (changes.length === 0) return
      byTally.set(tally, [...(byTally.get(tally) ?? []), ...changes])
      const oldest = byTally.size > MAX_REMEMBERED ? byTally.keys().next().value : undefined
      if (oldest !== undefined) byTally.delete(oldest)
    },
    take: (tally: string): string[] => {
      const changes = byTally.get(tally) ?? []
      byTally.delete(tally)
      return changes
    },
  }
}

const paths = <V>(names: readonly string[], value: V): Record<string, V> =>
  Object.fromEntries(names.map((name) => [`seen.${name}`, value]))

/** Adds changes to counter documents, each at most once however often it is tried. */
const adding = (
  collection: Collection<CounterDoc>,
  forget: ReturnType<typeof forgetting>,
  old: () => Date | undefined,
) => {
  // Inserted, not upserted: of upserts at the same moment, not every database keeps both (documentdb#295).
  const make = (ws: string, tally: string): Promise<void> => insertMissing(collection, [{ _id: tally, ws }])
  const add = async (
    ws: string,
    tally: string,
    changes: readonly PendingIncrements[],
    made = false,
  ): Promise<void> => {
    const ids = changes.map(({ id }) => id)
    const done = forget.take(tally)
    const sums = mergeIncrements(changes.flatMap((change) => change.sums)).filter(
      (sum) => sum.tally === tally,
    )
    const before = await collection.findOneAndUpdate(
      { _id: tally, ws, ...paths(ids, { $exists: false }) },
      {
        $inc: Object.fromEntries(sums.map(({ path, by }) => [path, by])),
        $set: Object.fromEntries(changes.map(({ id, at }) => [`seen.${id}`, at])),
        // Each change by itself: two that cancel out may have been seen one by one.
        ...(changes.some((change) => movesReady(change, tally))
          ? { $currentDate: { ready_changed_at: true } }
          : {}),
        $unset: paths(done, ''),
      },
      { projection: { seen: 1 } },
    )
    if (before) {
      const limit = old()
      const aged = Object.entries(before.seen ?? {}).filter(([, at]) => limit !== undefined && at < limit)
      forget.put(
        tally,
        aged.map(([id]) => id),
      )
      return
    }
    forget.put(tally, done)
    if (!made) {
      await make(ws, tally)
      return await add(ws, tally, changes, true)
    }
    // It exists, so it has seen some of them. One that it has seen is done.
    if (changes.length > 1) for (const change of changes) await add(ws, tally, [change], true)
  }
  return add
}

type Adding = ReturnType<typeof adding>
type Options = Readonly<{ clock: Clock; log: Log; at: FaultPoint }>

/** The two ways for a change to get counted: by whoever made it, and by a sweeper that takes it over. */
const settling = (add: Adding, forget: ReturnType<typeof forgetting>, { log, at }: Options) => {
  const addAll = async (ws: string, changes: readonly PendingIncrements[]): Promise<void> => {
    const tallies = new Set(changes.flatMap(({ sums }) => sums.map(({ tally }) => tally)))
    const concerning = (tally: string): PendingIncrements[] =>
      changes.filter(({ sums }) => sums.some((sum) => sum.tally === tally))
    await Promise.all(
      [...tallies].map(async (tally) => {
        await add(ws, tally, concerning(tally))
        at('tallies.added')
      }),
    )
  }
  return {
    addAll,

    /** Takes a counted change off the list of its document. */
    clear: async ({ home, id, ws, change }: Entry): Promise<void> => {
      const { modifiedCount } = await home.updateOne(
        { _id: id, ws, uncounted: { $elemMatch: { id: change.id, claimed: { $exists: false } } } },
        { $pull: { uncounted: { id: change.id } } },
      )
      // Unless a sweeper has taken it over: it may still be about to add it, and must find it seen.
      if (modifiedCount === 0) return
      for (const tally of new Set(change.sums.map((sum) => sum.tally))) forget.put(tally, [change.id])
    },

    /** Takes over a left change and finishes it. */
    finish: async ({ home, id, ws, change }: Entry): Promise<void> => {
      const { matchedCount } = await home.updateOne(
        { _id: id, ws, 'uncounted.id': change.id },
        { $set: { 'uncounted.$.claimed': true } },
      )
      if (matchedCount === 0) return
      await addAll(ws, [change])
      await home.updateOne({ _id: id, ws }, { $pull: { uncounted: { id: change.id } } })
      log.info('counted a change that was left half done', { id, change: change.id })
    },
  }
}

const reading = (collection: Collection<CounterDoc>) => ({
  /** The counters with these ids; what has none has counted nothing. */
  read: async (ws: string, ids: readonly string[]): Promise<CountersById> => {
    const found = await collection
      .find({ _id: { $in: [...new Set(ids)] }, ws })
      .project<CounterDoc>({ tasks: 1, held_back: 1, comments: 1 })
      .toArray()
    return new Map(found.map((tally) => [tally._id, tally]))
  },

  /**
   * The loops in which ready tasks may have come or gone since a mark, and the next mark. Some are given again.
   * `complete` is false where there are too many, and where the mark's own change is not there: the data was restored.
   * @param since null: only the mark is wanted.
   */
  listReadyChanges: async (
    ws: string,
    since: ReadyMark | null,
  ): Promise<{ loop_ids: string[]; complete: boolean; mark: ReadyMark }> => {
    const known = new Date(since?.at ?? 0)
    const found = await collection
      .find({ ws, ready_changed_at: { $gte: new Date(known.getTime() - OVERLAP_MS) } })
      .sort({ ready_changed_at: -1 })
      .limit(since ? MAX_CHANGED + 1 : 1)
      .project<Required<Pick<CounterDoc, '_id' | 'ready_changed_at'>>>({ ready_changed_at: 1 })
      .toArray()
    const [newest] = found
    const isThere = (loop_id: string): boolean =>
      found.some(({ _id, ready_changed_at }) => _id === loop_id && ready_changed_at >= known)
    return {
      loop_ids: since ? found.map(({ _id }) => _id) : [],
      complete: found.length <= MAX_CHANGED && (!since?.loop_id || isThere(since.loop_id)),
      mark: newest
        ? { at: newest.ready_changed_at.toISOString(), loop_id: newest._id }
        : { at: new Date(0).toISOString(), loop_id: null },
    }
  },
})

/** Documents with changes from before a moment that are not counted; some of them. */
const listLeft = (home: CountedCollection, before: Date) =>
  home
    .find({ 'uncounted.at': { $lte: before } })
    .hint(PENDING_INCREMENTS_INDEX.name)
    .limit(BATCH)
    .project<{ _id: string; ws: string; uncounted: PendingIncrements[] }>({ ws: 1, uncounted: 1 })
    .toArray()

/** The counters of the service, and the work of keeping them exact. */
export const openCounters = async (db: Db, options: Options) => {
  const { clock, log, at } = options
  const { collection } = await openCollection<CounterDoc>(db, 'tallies', { indexes: TALLY_INDEXES })
  const homes: CountedCollection[] = []
  const clearing = new Set<Promise<unknown>>()
  const forget = forgetting()
  /** Nothing from before this moment is uncounted. */
  let countedUntil: Date | undefined
  const old = (): Date | undefined => countedUntil && new Date(countedUntil.getTime() - FORGET_AFTER_MS)
  const { addAll, clear, finish } = settling(adding(collection, forget, old), forget, options)

  const clearLater = (entry: Entry): void => {
    const work = clear(entry)
      .catch((error: unknown) => log.debug('a counted change stays listed for a sweeper', { error }))
      .finally(() => clearing.delete(work))
    clearing.add(work)
  }

  return {
    ...reading(collection),

    /** Has the changes of this collection finished by `sweep`. */
    watch: (home: CountedCollection): void => void homes.push(home),

    /**
     * Counts saved changes of one workspace. A failure is only logged: the changes are saved, and a sweeper counts them.
     * @param step begins the names of the fault points: `<step>.saved` and `<step>.counted`.
     */
    count: async (step: string, entries: readonly (Entry | null)[]): Promise<void> => {
      at(`${step}.saved`)
      const some = entries.filter((entry) => entry !== null)
      const changes = some.map(({ change }) => change)
      if (some[0] === undefined) return
      try {
        await addAll(some[0].ws, changes)
        at(`${step}.counted`)
        // Nobody waits for this: it tells sweepers only that there is nothing to do.
        some.forEach(clearLater)
      } catch (error) {
        log.warn('changes could not be counted at once; a sweeper will', { error })
      }
    },

    /** Finishes the changes that were left before now. */
    sweep: async (): Promise<void> => {
      const left = new Date(clock.now().getTime() - LEFT_AFTER_MS)
      let all = true
      for (const home of homes) {
        const found = await listLeft(home, left)
        all &&= found.length < BATCH
        for (const { _id: id, ws, uncounted } of found)
          for (const change of uncounted) if (change.at <= left) await finish({ home, id, ws, change })
      }
      if (all) countedUntil = left
    },

    /** Removes the counters of what is gone. */
    remove: async (ws: string, id: string): Promise<void> => {
      await collection.deleteOne({ _id: id, ws })
    },

    [Symbol.asyncDispose]: async (): Promise<void> => {
      await Promise.allSettled([...clearing])
    },
  }
}
export type CounterStore = Awaited<ReturnType<typeof openCounters>>
