// The counters of tasks and comments in MongoDB, so that no list or statistic ever scans for its total.
//
// A change and its counters are different documents. So the change is saved together with its pending increments (the
// list `uncounted` of the changed document) and its call is answered; then they are added to the counters, many at once; then
// they leave that list. A counter document knows the changes that it has `seen` until some time after they have left the
// list, so adding one again does nothing. Therefore any sweeper can finish a change that was left half counted, at a cost
// that does not grow with the workspace, and readers find what is not counted yet (counter-reading-store.ts).
import { setTimeout } from 'node:timers/promises'
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import { gatherBy } from '../../shared/process/gather.ts'
import type { Log } from '../../shared/process/log.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import {
  type CountedCollection,
  type CounterDoc,
  GRACE_MS,
  PENDING_INCREMENTS_INDEX,
  reading,
} from './counter-reading-store.ts'
import { changesReady, mergeIncrements, type PendingIncrements } from './counter-rules.ts'

/** Counters are found by their ids, except for those that changed lately, and those of a deleted workspace. */
const COUNTER_INDEXES: readonly IndexDescription[] = [
  {
    key: { ws: 1, ready_changed_at: 1 },
    name: 'ready_changed',
    partialFilterExpression: { ready_changed_at: { $exists: true } },
  },
  { key: { ws: 1 }, name: 'workspace' },
]

/** A saved change whose increments are pending, and the document that lists it. */
export type PendingChange = Readonly<{
  collection: CountedCollection
  id: string
  ws: string
  change: PendingIncrements
}>

/** Whoever made a change older than this has left it (ms). */
const LEFT_AFTER_MS = 5_000
/** Documents with such changes that are read at once. */
const BATCH = 100
/** Calls whose changes are added to a counter document, or taken off their lists, by one write. */
const AT_ONCE = 100
/** How long a write of a counter document waits for more changes to add: no call waits for it (ms). */
const LINGER_MS = 10
/** Changes on their way to the counters in this process; a call that brings one beyond waits until its own are counted. */
const MAX_UNDER_WAY = 1_000
/** How long before the oldest pending change a seen one must be to be forgotten (ms). */
const FORGET_AFTER_MS = 60 * 60 * 1_000
/** Counter documents for which this process remembers what can be forgotten; the rest is forgotten by age. */
const MAX_REMEMBERED = 10_000

/**
 * Seen changes that counter documents can forget: a write to each takes them out, GRACE_MS after they have left the list of
 * their document.
 */
const forgettableChanges = (clock: Clock) => {
  type Left = Readonly<{ change: string; at_ms: number }>
  const byCounter = new Map<string, readonly Left[]>()
  return {
    put: (counter: string, changes: readonly string[]): void => {
      if (changes.length === 0) return
      const at_ms = clock.monotonicMs()
      const left = changes.map((change) => ({ change, at_ms }))
      byCounter.set(counter, [...(byCounter.get(counter) ?? []), ...left])
      const oldest = byCounter.size > MAX_REMEMBERED ? byCounter.keys().next().value : undefined
      if (oldest !== undefined) byCounter.delete(oldest)
    },
    take: (counter: string): string[] => {
      const until_ms = clock.monotonicMs() - GRACE_MS
      const { settled = [], fresh } = Object.groupBy(byCounter.get(counter) ?? [], ({ at_ms }) =>
        at_ms <= until_ms ? 'settled' : 'fresh',
      )
      if (fresh) byCounter.set(counter, fresh)
      else byCounter.delete(counter)
      return settled.map(({ change }) => change)
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
    LINGER_MS,
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
    LINGER_MS,
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

    /** Takes over changes that their makers left, and finishes them. */
    finish: async (left: readonly PendingChange[]): Promise<void> => {
      const counted: PendingChange[] = []
      for (const pending of left) {
        const { collection, id, ws, change } = pending
        const { matchedCount } = await collection.updateOne(
          { _id: id, ws, 'uncounted.id': change.id },
          { $set: { 'uncounted.$.claimed': true } },
        )
        if (matchedCount === 0) continue
        await addAll(ws, [change])
        counted.push(pending)
      }
      if (counted.length > 0) await setTimeout(GRACE_MS)
      for (const { collection, id, ws, change } of counted) {
        await collection.updateOne({ _id: id, ws }, { $pull: { uncounted: { id: change.id } } })
        log.info('counted a change that was left half done', { id, change: change.id })
      }
    },
  }
}

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

/** Changes on their way to the counters. Nobody waits for them until the service ends. */
const inBackground = () => {
  const underWay = new Set<Promise<void>>()
  let changes = 0
  return {
    /** Whether so many more are too many. */
    isFull: (more: number): boolean => changes + more > MAX_UNDER_WAY,
    /** @param work must not throw. */
    run: (size: number, work: () => Promise<void>): Promise<void> => {
      changes += size
      const done = work().finally(() => {
        changes -= size
        underWay.delete(done)
      })
      underWay.add(done)
      return done
    },
    allDone: async (): Promise<void> => void (await Promise.all(underWay)),
  }
}

/** Counts changes after their calls were answered. A failure is only logged: a sweeper counts them then. */
const countingLater = ({ addAll, clear }: ReturnType<typeof counting>, { log, at }: Options) => {
  const { isFull, run, allDone } = inBackground()
  const countAll = async (step: string, pending: readonly [PendingChange, ...PendingChange[]]) => {
    try {
      await addAll(
        pending[0].ws,
        pending.map(({ change }) => change),
      )
      at(`${step}.counted`)
    } catch (error) {
      log.warn('changes could not be counted at once; a sweeper will', { error })
      return
    }
    // Readers that are under way may have seen the counters before.
    await setTimeout(GRACE_MS)
    try {
      await Promise.all(pending.map(clear))
    } catch (error) {
      log.debug('a counted change stays listed for a sweeper', { error })
    }
  }
  return {
    allDone,

    /**
     * Has saved changes of one workspace counted. Returns before they are, unless very many wait: readers add what is not
     * counted yet.
     * @param step begins the names of the fault points: `<step>.saved` now, and `<step>.counted` when they are.
     */
    count: async (step: string, changes: readonly (PendingChange | null)[]): Promise<void> => {
      at(`${step}.saved`)
      const [first, ...others] = changes.filter((change) => change !== null)
      if (first === undefined) return
      const size = others.length + 1
      const isWaiting = isFull(size)
      const done = run(size, () => countAll(step, [first, ...others]))
      if (isWaiting) await done
    },
  }
}

/** The counters of the service, and the work of keeping them exact. */
export const openCounters = async (db: Db, options: Options) => {
  const { clock } = options
  const { collection } = await openCollection<CounterDoc>(db, 'tallies', { indexes: COUNTER_INDEXES })
  const counted = new Map<string, CountedCollection>()
  const forgettable = forgettableChanges(clock)
  /** Nothing from before this moment is pending. */
  let countedUntil: Date | undefined
  const forgetBefore = () => countedUntil && new Date(countedUntil.getTime() - FORGET_AFTER_MS)
  const both = counting(incrementing(collection, forgettable, forgetBefore), forgettable, options)
  const { count, allDone } = countingLater(both, options)
  return {
    ...reading({ collection, counted, clock }),
    count,

    /** Has the changes of this collection added by readers, and finished by `sweep`. */
    watch: (changed: CountedCollection): void => void counted.set(changed.collectionName, changed),

    /** Finishes the changes that were left half counted. */
    sweep: async (): Promise<void> => {
      const before = new Date(clock.now().getTime() - LEFT_AFTER_MS)
      let complete = true
      for (const changed of counted.values()) {
        const { left, all } = await listLeft(changed, before)
        await both.finish(left)
        complete &&= all
      }
      if (complete) countedUntil = before
    },

    /** Removes the counters of a deleted task. */
    remove: async (ws: string, id: string): Promise<void> => {
      await collection.deleteOne({ _id: id, ws })
    },

    [Symbol.asyncDispose]: allDone,
  }
}
export type CounterStore = Awaited<ReturnType<typeof openCounters>>
