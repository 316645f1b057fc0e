// Counts one by one what the counters say, and repairs counters that are wrong.
//
// Everything of one check is read from one snapshot of the database, so it is right while others write: pending increments
// are no fault. A repair adds what is missing, which commutes with every change.
import type { ClientSession, Collection, Db, Document } from 'mongodb'
import { BY_ID, type Ref, these } from '../../shared/storage/by-workspace.ts'
import { lookInto, openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import type { CommentDoc } from './comment-store.ts'
import { type CounterDoc, PENDING_INCREMENTS_INDEX } from './counter-reading-store.ts'
import {
  addTo,
  COMMENTS_PATH,
  counterOf,
  heldBackPath,
  missingCounts,
  type PendingIncrements,
  taskPath,
  WORKSPACE_LISTS,
} from './counter-rules.ts'
import { isHeldBack } from './ready-rules.ts'
import type { TaskDoc } from './task-store.ts'

/** A counter document that is wrong: what to add at which paths, and how often it was repaired before. */
export type Drift = Readonly<{
  counter: string
  ws: string
  repairs: number
  missing: Readonly<Record<string, number>>
}>
/** What one check found. `end`: the id behind which the next one begins; null: that was the last. */
export type Check = Readonly<{ checked: number; drifts: readonly Drift[]; end: string | null }>

/** Pending changes that one check takes into account at most. */
const MAX_PENDING = 10_000
/** Ids that are looked up at once among the counters. */
const IDS_AT_ONCE = 500

/** The collections as they were at one moment, for reading alone. */
const openSnapshot = (db: Db, session: ClientSession) => {
  const options = { readConcern: { level: 'snapshot' } } as const
  return {
    session,
    counters: lookInto<CounterDoc>(db, 'tallies', {}, options).collection,
    tasks: lookInto<TaskDoc>(db, 'tasks', {}, options).collection,
    comments: lookInto<CommentDoc>(db, 'comments', {}, options).collection,
  }
}
type Snapshot = ReturnType<typeof openSnapshot>

/** The counts of a counter document, to add to. */
type CountsOf = (counter: string) => Map<string, number>

const listCounters = ({ counters, session }: Snapshot, after: string, limit: number): Promise<CounterDoc[]> =>
  counters
    .find({ _id: { $gt: after } }, { session })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray()

/** Counts the tasks of these lists. */
const countTasks = async (
  { tasks, session }: Snapshot,
  ws: string,
  lists: readonly string[],
  countsOf: CountsOf,
): Promise<void> => {
  const onLists = { shelves: { $in: [...lists] } }
  const found = tasks.aggregate<{
    _id: Pick<TaskDoc, 'status' | 'priority' | 'ready'> & { list: string }
    count: number
  }>(
    [
      { $match: { ws, ...onLists } },
      { $project: { shelves: 1, status: 1, priority: 1, ready: 1 } },
      { $unwind: '$shelves' },
      { $match: onLists },
      {
        $group: {
          _id: { list: '$shelves', status: '$status', priority: '$priority', ready: '$ready' },
          count: { $sum: 1 },
        },
      },
    ],
    { session, allowDiskUse: true, hint: 'newest' },
  )
  for await (const { _id, count } of found) {
    const counts = countsOf(counterOf(ws, _id.list))
    addTo(counts, taskPath(_id.list, _id.status, _id.priority), count)
    if (isHeldBack(_id)) addTo(counts, heldBackPath(_id.list), count)
  }
}

/** Counts the comments on these tasks and loops. */
const countComments = async (
  { comments, session }: Snapshot,
  ws: string,
  parents: readonly string[],
  countsOf: CountsOf,
): Promise<void> => {
  const found = comments.aggregate<{ _id: string; count: number }>(
    [{ $match: { ws, parent: { $in: [...parents] } } }, { $group: { _id: '$parent', count: { $sum: 1 } } }],
    { session, allowDiskUse: true, hint: 'parent' },
  )
  for await (const { _id, count } of found) addTo(countsOf(_id), COMMENTS_PATH, count)
}

/** Which of these are deleted tasks: their counters go with them. */
const findDeleted = async ({ tasks, session }: Snapshot, refs: readonly Ref[]): Promise<Set<string>> =>
  new Set(
    await tasks
      .find({ ...these(refs), deleted_at: { $exists: true } }, { session })
      .hint(BY_ID)
      .project<{ _id: string }>({ _id: 1 })
      .map(({ _id }) => _id)
      .toArray(),
  )

/** The changes that are saved and perhaps not counted; undefined when there are too many to be sure. */
const listPending = async ({
  tasks,
  comments,
  session,
}: Snapshot): Promise<PendingIncrements[] | undefined> => {
  const changes: PendingIncrements[] = []
  for (const counted of [tasks, comments]) {
    const found = counted
      .find({ 'uncounted.at': { $gt: new Date(0) } } as Document, { session })
      .hint(PENDING_INCREMENTS_INDEX.name)
      .limit(MAX_PENDING)
      .project<{ uncounted: PendingIncrements[] }>({ uncounted: 1 })
    for await (const { uncounted } of found) changes.push(...uncounted)
  }
  return changes.length < MAX_PENDING ? changes : undefined
}

const findDrifts = async (snapshot: Snapshot, counters: readonly CounterDoc[]): Promise<Drift[]> => {
  const changes = await listPending(snapshot)
  if (!changes) return []
  const counted = new Map(counters.map(({ _id }) => [_id, new Map<string, number>()]))
  const countsOf: CountsOf = (counter) => counted.get(counter) ?? new Map()
  for (const [ws, own] of Map.groupBy(counters, (counter) => counter.ws)) {
    const ids = own.map(({ _id }) => _id)
    const loops = ids.filter((id) => id !== ws)
    if (loops.length > 0) await countTasks(snapshot, ws, loops, countsOf)
    if (loops.length < ids.length) await countTasks(snapshot, ws, WORKSPACE_LISTS, countsOf)
    await countComments(snapshot, ws, ids, countsOf)
  }
  const deleted = await findDeleted(snapshot, counters)
  return counters.flatMap((counter) => {
    const { _id, ws, seen = {}, repairs = 0 } = counter
    if (deleted.has(_id)) return []
    const pending = changes
      .filter(({ id }) => !(id in seen))
      .flatMap(({ sums }) => sums)
      .filter(({ tally }) => tally === _id)
    const missing = missingCounts(countsOf(_id), counter, pending)
    return Object.keys(missing).length > 0 ? [{ counter: _id, ws, repairs, missing }] : []
  })
}

type Counter = Readonly<{ _id: string; ws: string }>

/** Inserts an empty counter document for everything that an aggregation names and that has none. */
const insertMissingCounters = async (
  counters: Collection<CounterDoc>,
  named: AsyncIterable<{ _id: { ws: string; id: string } }>,
): Promise<void> => {
  const insert = async (batch: readonly Counter[]): Promise<void> => {
    const found = await counters.find(these(batch)).hint(BY_ID).project<{ _id: string }>({ _id: 1 }).toArray()
    const known = new Set(found.map(({ _id }) => _id))
    await insertMissing(
      counters,
      batch.filter(({ _id }) => !known.has(_id)),
    )
  }
  let batch: Counter[] = []
  for await (const { _id } of named) {
    batch.push({ _id: _id.id, ws: _id.ws })
    if (batch.length < IDS_AT_ONCE) continue
    await insert(batch)
    batch = []
  }
  await insert(batch)
}

/** How far the replicas together have come with checking all counters. */
type PositionDoc = { _id: string; after: string; next_at: Date }
const POSITION = 'position'

const sharedPosition = (positions: Collection<PositionDoc>) => ({
  /**
   * Takes the next check of the slow pass, for one replica alone.
   * @param until when another may take it, should this one not finish.
   * @returns the id behind which it begins; null when it is not time.
   */
  take: async (now: Date, until: Date): Promise<string | null> => {
    await insertMissing(positions, [{ _id: POSITION, after: '', next_at: new Date(0) }])
    const taken = await positions.findOneAndUpdate(
      { _id: POSITION, next_at: { $lte: now } },
      { $set: { next_at: until } },
    )
    return taken?.after ?? null
  },

  /** Says where and when the pass goes on; does nothing where another replica has taken it since. */
  moveOn: async (until: Date, after: string, next_at: Date): Promise<void> => {
    await positions.updateOne({ _id: POSITION, next_at: until }, { $set: { after, next_at } })
  },
})

/** Opens the ways to check the counters and to repair them. */
export const openRecount = async (db: Db) => {
  const { collection } = lookInto<CounterDoc>(db, 'tallies')
  const { collection: positions } = await openCollection<PositionDoc>(db, 'recounts', { indexes: [] })
  const insertFor = (source: string, pipeline: Document[], hint: string): Promise<void> => {
    const options = { hint, allowDiskUse: true }
    const named = lookInto(db, source).collection.aggregate<{ _id: { ws: string; id: string } }>(
      pipeline,
      options,
    )
    return insertMissingCounters(collection, named)
  }
  return {
    ...sharedPosition(positions),

    /**
     * Checks some counter documents behind an id.
     * @throws MongoError where the database has no snapshots to read from (it is no replica set).
     */
    check: async (after: string, limit: number): Promise<Check> => {
      await using session = db.client.startSession({ snapshot: true })
      const snapshot = openSnapshot(db, session)
      const counters = await listCounters(snapshot, after, limit)
      const drifts = await findDrifts(snapshot, counters)
      return { checked: counters.length, drifts, end: counters[limit - 1]?._id ?? null }
    },

    /** Repairs a counter document; false when somebody else did, or it is gone. */
    repair: async ({ counter, ws, repairs, missing }: Drift): Promise<boolean> => {
      const { matchedCount } = await collection.updateOne(
        { _id: counter, ws, repairs: repairs === 0 ? { $exists: false } : repairs } as Document,
        { $inc: { ...missing, repairs: 1 } } as Document,
      )
      return matchedCount === 1
    },

    /** Inserts empty counters for every workspace, loop and commented thing that has none, for `check` to find. */
    insertMissing: async (): Promise<void> => {
      const group = (ws: string, id: string): Document => ({ $group: { _id: { ws, id } } })
      await insertFor('tasks', [group('$ws', '$ws')], 'newest')
      await insertFor('tasks', [{ $match: { loop_id: { $gt: '' } } }, group('$ws', '$loop_id')], 'work')
      await insertFor('comments', [group('$ws', '$parent')], 'parent')
    },
  }
}
export type Recount = Awaited<ReturnType<typeof openRecount>>
