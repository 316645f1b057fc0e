// The counters of tasks and comments in MongoDB, so that no list or statistic ever scans for its total.
//
// A change and its counters are different documents. So the change is saved together with its pending increments (the
// list `uncounted` of the changed document); then they are added to the counters; then they leave that list. A counter
// document knows the changes that it has `seen` until they have left the list, so adding one again does nothing.
// Therefore any sweeper can finish a change that was left half counted, at a cost that does not grow with the workspace.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { ReadyMark } from '../../shared/contracts/tasks/internals.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import { gatherBy } from '../../shared/process/gather.ts'
import type { Log } from '../../shared/process/log.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import {
  type CounterFields,
  type CountersById,
  changesReady,
  mergeIncrements,
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

/** Counters are found by their ids, except for those that changed lately, and those of a deleted workspace. */
const COUNTER_INDEXES: readonly IndexDescription[] = [
  {
    key: { ws: 1, ready_changed_at: 1 },
    name: 'ready_changed',
    partialFilterExpression: { ready_changed_at: { $exists: true } },
  },
  { key: { ws: 1 }, name: 'workspace' },
]

/** A collection whose changes are counted. */
export type CountedCollection = Collection<{
  _id: string
  ws: string
  uncounted: readonly PendingIncrements[]
}>
/** A saved change whose increments are pending, and the document that lists it. */
export type PendingChange = Readonly<{
  collection: CountedCollection
  id: string
  ws: string
  change: PendingIncrements
}>

/** Finds changes that nobody finished; part of the indexes of every counted collection. */
export const PENDING_INCREMENTS_INDEX = {
  key: { 'uncounted.at': 1 },
  name: 'uncounted',
  partialFilterExpression: { 'uncounted.at': { $exists: true } },
} as const

/** Whoever made a change older than this has left it (ms). */
const LEFT_AFTER_MS = 5_000
/** Documents with such changes that are read at once. */
const BATCH = 100
/** Calls whose changes are added to a counter document, or taken off their lists, by one write. */
const AT_ONCE = 32
/** How long before the oldest pending change a seen one must be to be forgotten (ms). */
const FORGET_AFTER_MS = 60 * 60 * 1_000
/** Changes from so long before the last one known are given again: what was saved first may be seen last (ms). */
const OVERLAP_MS = 5_000
/** Loops with changes that are given at a time. */
const MAX_CHANGED = 1_000
/** Counter documents for which this process remembers what can be forgotten; the rest is forgotten by age. */
const MAX_REMEMBERED = 10_000

/** Seen changes that counter documents can forget: the next write to each takes them out. */
const forgettableChanges = () => {
  const byCounter = new Map<string, string[]>()
  return {
    put: (counter: string, changes: readonly string[]): void => {
      if (changes.length === 0) return
      byCounter.set(counter, [...(byCounter.get(counter) ?? []), ...changes])
      const oldest = byCounter.size > MAX_REMEMBERED ? byCounter.keys().next().value : undefined
      if (oldest !== undefined) byCounter.delete(oldest)
    },
    take: (counter: string): string[] => {
      const changes = byCounter.get(counter) ?? []
      byCounter.delete(counter)
      return changes
    },
  }
}
type Forgettable = ReturnType<typeof forgettableChanges>

const seenPaths = <V>(changes: readonly string[], value: V): Record<string, V> =>
  Object.fromEntries(changes.map((change) => [`seen.${change}`, value]))

/**
 * Adds changes to one counter document, each at most once however often it is tried.
 * @param forgetBefore seen changes from before this moment can be forgotten; undefined: not known.
 */
const incrementing = (
  collection: Collection<CounterDoc>,
  forgettable: Forgettable,
  forgetBefore: () => Date | undefined,
) => {
  const listUnseen = async (
    ws: string,
    counter: string,
    changes: readonly PendingIncrements[],
  ): Promise<readonly PendingIncrements[]> => {
    const { seen = {} } = (await collection.findOne({ _id: counter, ws }, { projection: { seen: 1 } })) ?? {}
    return changes.filter(({ id }) => seen[id] === undefined)
  }
  const increment = async (
    ws: string,
    counter: string,
    changes: readonly PendingIncrements[],
    exists = false,
  ): Promise<void> => {
    const ids = changes.map(({ id }) => id)
    const forgotten = forgettable.take(counter)
    const increments = mergeIncrements(changes.flatMap(({ sums }) => sums)).filter(
      ({ tally }) => tally === counter,
    )
    const before = await collection.findOneAndUpdate(
      { _id: counter, ws, ...seenPaths(ids, { $exists: false }) },
      {
        $inc: Object.fromEntries(increments.map(({ path, by }) => [path, by])),
        $set: Object.fromEntries(changes.map(({ id, at }) => [`seen.${id}`, at])),
        // Each change by itself: of two that cancel out, somebody may have seen the first alone.
        ...(changes.some((change) => changesReady(change, counter))
          ? { $currentDate: { ready_changed_at: true } }
          : {}),
        $unset: seenPaths(forgotten, ''),
      },
      { projection: { seen: 1 } },
    )
    if (before) {
      const limit = forgetBefore()
      const old = Object.entries(before.seen ?? {}).filter(([, at]) => limit !== undefined && at < limit)
      forgettable.put(
        counter,
        old.map(([id]) => id),
      )
      return
    }
    forgettable.put(counter, forgotten)
    if (!exists) {
      // Inserted, not upserted: of upserts at the same moment, not every database keeps both (documentdb#295).
      await insertMissing(collection, [{ _id: counter, ws }])
      return await increment(ws, counter, changes, true)
    }
    // It exists, so it has seen some of the changes. A single one that it has seen is done.
    if (changes.length === 1) return
    const unseen = await listUnseen(ws, counter, changes)
    const parts = unseen.length < changes.length ? [unseen] : changes.map((change) => [change])
    for (const part of parts) if (part.length > 0) await increment(ws, counter, part, true)
  }
  return increment
}

/** Changes to be added to one counter document. */
type Addition = Readonly<{ ws: string; counter: string; changes: readonly PendingIncrements[] }>

/**
 * Adds changes to counter documents. All calls of a workspace change the same ones, so those that come during one write share
 * the next. A change may be among them twice: its maker and a sweeper that takes it over.
 */
const adding = (increment: ReturnType<typeof incrementing>) =>
  gatherBy<Addition>(
    AT_ONCE,
    ({ counter }) => counter,
    async (additions) => {
      const [{ ws, counter }] = additions
      const changes = additions.flatMap((one) => one.changes.map((change) => [change.id, change] as const))
      await increment(ws, counter, [...new Map(changes).values()])
    },
  )

/** Takes counted changes off the lists of their documents. */
const takingOff = (forgettable: Forgettable) =>
  gatherBy<PendingChange>(
    AT_ONCE,
    ({ collection }) => collection.collectionName,
    async (counted) => {
      const [{ collection }] = counted
      const { modifiedCount } = await collection.bulkWrite(
        counted.map(({ id, ws, change }) => ({
          updateOne: {
            filter: {
              _id: id,
              ws,
              uncounted: { $elemMatch: { id: change.id, claimed: { $exists: false } } },
            },
            update: { $pull: { uncounted: { id: change.id } } },
          },
        })),
        { ordered: false },
      )
      // Unless a sweeper has taken one over: it may still be about to add it, and must find it seen.
      if (modifiedCount < counted.length) return
      for (const { change } of counted)
        for (const counter of new Set(change.sums.map(({ tally }) => tally)))
          forgettable.put(counter, [change.id])
    },
  )

type Options = Readonly<{ clock: Clock; log: Log; at: FaultPoint }>

/** The two ways for a change to be counted: by whoever made it, and by a sweeper that takes it over. */
const counting = (
  increment: ReturnType<typeof incrementing>,
  forgettable: Forgettable,
  { log, at }: Options,
) => {
  const add = adding(increment)
  const addAll = async (ws: string, changes: readonly PendingIncrements[]): Promise<void> => {
    const counters = new Set(changes.flatMap(({ sums }) => sums.map(({ tally }) => tally)))
    const concerning = (counter: string): PendingIncrements[] =>
      changes.filter(({ sums }) => sums.some(({ tally }) => tally === counter))
    await Promise.all(
      [...counters].map(async (counter) => {
        await add({ ws, counter, changes: concerning(counter) })
        at('counters.added')
      }),
    )
  }
  return {
    addAll,

    /** Takes a counted change off the list of its document. */
    clear: takingOff(forgettable),

    /** Takes over a change that its maker left, and finishes it. */
    finish: async ({ collection, id, ws, change }: PendingChange): Promise<void> => {
      const { matchedCount } = await collection.updateOne(
        { _id: id, ws, 'uncounted.id': change.id },
        { $set: { 'uncounted.$.claimed': true } },
      )
      if (matchedCount === 0) return
      await addAll(ws, [change])
      await collection.updateOne({ _id: id, ws }, { $pull: { uncounted: { id: change.id } } })
      log.info('counted a change that was left half done', { id, change: change.id })
    },
  }
}

const reading = (collection: Collection<CounterDoc>) => ({
  /** The counters with these ids; where there is none, nothing was counted. */
  read: async (ws: string, ids: readonly string[]): Promise<CountersById> => {
    const found = await collection
      .find({ _id: { $in: [...new Set(ids)] }, ws })
      .project<CounterDoc>({ tasks: 1, held_back: 1, comments: 1 })
      .toArray()
    return new Map(found.map((counter) => [counter._id, counter]))
  },

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

/** The changes from before a moment that are still pending, of some documents; whether these are all. */
const listLeft = async (
  collection: CountedCollection,
  before: Date,
): Promise<{ left: PendingChange[]; all: boolean }> => {
  const found = await collection
    .find({ 'uncounted.at': { $lte: before } })
    .hint(PENDING_INCREMENTS_INDEX.name)
    .limit(BATCH)
    .project<{ _id: string; ws: string; uncounted: PendingIncrements[] }>({ ws: 1, uncounted: 1 })
    .toArray()
  const left = found.flatMap(({ _id: id, ws, uncounted }) =>
    uncounted.filter(({ at }) => at <= before).map((change) => ({ collection, id, ws, change })),
  )
  return { left, all: found.length < BATCH }
}

/** Takes counted changes off their lists. Nobody waits for that until the service ends: it only spares the sweepers a look. */
const clearing = (clear: (pending: PendingChange) => Promise<void>, log: Log) => {
  const underWay = new Set<Promise<void>>()
  return {
    clearLater: (pending: PendingChange): void => {
      const work = clear(pending)
        .catch((error: unknown) => log.debug('a counted change stays listed for a sweeper', { error }))
        .finally(() => underWay.delete(work))
      underWay.add(work)
    },
    allCleared: async (): Promise<void> => void (await Promise.allSettled([...underWay])),
  }
}

/** The counters of the service, and the work of keeping them exact. */
export const openCounters = async (db: Db, options: Options) => {
  const { clock, log, at } = options
  const { collection } = await openCollection<CounterDoc>(db, 'tallies', { indexes: COUNTER_INDEXES })
  const counted: CountedCollection[] = []
  const forgettable = forgettableChanges()
  /** Nothing from before this moment is pending. */
  let countedUntil: Date | undefined
  const forgetBefore = () => countedUntil && new Date(countedUntil.getTime() - FORGET_AFTER_MS)
  const increment = incrementing(collection, forgettable, forgetBefore)
  const { addAll, clear, finish } = counting(increment, forgettable, options)
  const { clearLater, allCleared } = clearing(clear, log)
  return {
    ...reading(collection),

    /** Has `sweep` finish the changes of this collection. */
    watch: (changed: CountedCollection): void => void counted.push(changed),

    /**
     * Counts saved changes of one workspace. A failure is only logged: a sweeper counts them then.
     * @param step begins the names of the fault points: `<step>.saved` and `<step>.counted`.
     */
    count: async (step: string, changes: readonly (PendingChange | null)[]): Promise<void> => {
      at(`${step}.saved`)
      const pending = changes.filter((change) => change !== null)
      if (pending[0] === undefined) return
      try {
        await addAll(
          pending[0].ws,
          pending.map(({ change }) => change),
        )
        at(`${step}.counted`)
        pending.forEach(clearLater)
      } catch (error) {
        log.warn('changes could not be counted at once; a sweeper will', { error })
      }
    },

    /** Finishes the changes that were left half counted. */
    sweep: async (): Promise<void> => {
      const before = new Date(clock.now().getTime() - LEFT_AFTER_MS)
      let complete = true
      for (const changed of counted) {
        const { left, all } = await listLeft(changed, before)
        for (const pending of left) await finish(pending)
        complete &&= all
      }
      if (complete) countedUntil = before
    },

    /** Removes the counters of a deleted task. */
    remove: async (ws: string, id: string): Promise<void> => {
      await collection.deleteOne({ _id: id, ws })
    },

    [Symbol.asyncDispose]: allCleared,
  }
}
export type CounterStore = Awaited<ReturnType<typeof openCounters>>
