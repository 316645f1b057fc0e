// Counting one by one what the counters say, to find those that are wrong and mend them. Everything of one look is read
// from one snapshot of the database, so that it is right while others write: what a counter lacks of changes that are
// saved and not counted yet is no fault. Mending adds what is missing, which commutes with every change.
import type { ClientSession, Db, Document } from 'mongodb'
import { lookInto, openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import type { CommentDoc } from './comment-store.ts'
import {
  type CounterFields,
  counterOf,
  heldBackPath,
  type Increment,
  OF_WORKSPACE,
  type PendingIncrements,
} from './counter-rules.ts'
import { type CounterDoc, PENDING_INCREMENTS_INDEX } from './counter-store.ts'
import { isHeldBack } from './ready-rules.ts'
import type { TaskDoc } from './task-store.ts'

/** Counters that are wrong: what each is to get added. `repairs` is how often they were mended before. */
export type Drift = Readonly<{
  tally: string
  ws: string
  repairs: number
  missing: Readonly<Record<string, number>>
}>
/** What one look has found, and behind which id the next begins; null: that was the last. */
export type Look = Readonly<{ checked: number; drifts: readonly Drift[]; end: string | null }>

/** Changes that are saved and not counted, which one look takes into account at most. */
const MAX_UNCOUNTED = 10_000
/** Ids of which it is asked at once whether they have counters. */
const IDS_AT_ONCE = 500

type Numbers = Map<string, number>
const add = (numbers: Numbers, path: string, by: number): void =>
  void numbers.set(path, (numbers.get(path) ?? 0) + by)

/** All counters of a document by their paths. */
const stored = ({ tasks = {}, held_back = {}, comments }: CounterFields): Numbers => {
  const numbers: Numbers = new Map(comments === undefined ? [] : [['comments', comments]])
  for (const [shelf, statuses] of Object.entries(tasks))
    for (const [status, priorities] of Object.entries(statuses))
      for (const [priority, count] of Object.entries(priorities ?? {}))
        numbers.set(`tasks.${shelf}.${status}.${priority}`, count ?? 0)
  for (const [shelf, count] of Object.entries(held_back)) numbers.set(heldBackPath(shelf), count)
  return numbers
}

/** What is missing where: what was counted, less what is stored, less what is still to be added. */
const missingIn = (
  counted: Numbers,
  tally: CounterDoc,
  uncounted: readonly Increment[],
): Record<string, number> => {
  const missing: Numbers = new Map(counted)
  for (const [path, count] of stored(tally)) add(missing, path, -count)
  for (const { path, by } of uncounted) add(missing, path, -by)
  return Object.fromEntries([...missing].filter(([, by]) => by !== 0))
}

const counting = (db: Db, session: ClientSession) => {
  const options = { readConcern: { level: 'snapshot' } } as const
  const { collection: tallies } = lookInto<CounterDoc>(db, 'tallies', {}, options)
  const { collection: tasks } = lookInto<TaskDoc>(db, 'tasks', {}, options)
  const { collection: comments } = lookInto<CommentDoc>(db, 'comments', {}, options)
  const read = { session, allowDiskUse: true } as const
  return {
    /** Counter documents behind an id. */
    tallies: (after: string, limit: number): Promise<CounterDoc[]> =>
      tallies
        .find({ _id: { $gt: after } }, { session })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),

    /** The tasks of these lists, counted into the documents that count them. */
    tasks: async (
      ws: string,
      shelves: readonly string[],
      into: (tally: string) => Numbers,
    ): Promise<void> => {
      const found = tasks.aggregate<{
        _id: Pick<TaskDoc, 'status' | 'priority' | 'ready'> & { shelf: string }
        count: number
      }>(
        [
          { $match: { ws, shelves: { $in: [...shelves] } } },
          { $project: { shelves: 1, status: 1, priority: 1, ready: 1 } },
          { $unwind: '$shelves' },
          { $match: { shelves: { $in: [...shelves] } } },
          {
            $group: {
              _id: { shelf: '$shelves', status: '$status', priority: '$priority', ready: '$ready' },
              count: { $sum: 1 },
            },
          },
        ],
        { ...read, hint: 'newest' },
      )
      for await (const { _id, count } of found) {
        const numbers = into(counterOf(ws, _id.shelf))
        add(numbers, `tasks.${_id.shelf}.${_id.status}.${_id.priority}`, count)
        if (isHeldBack(_id)) add(numbers, heldBackPath(_id.shelf), count)
      }
    },

    /** The comments on these, but for those of deleted tasks, whose counters go with them. */
    comments: async (
      ws: string,
      parents: readonly string[],
      into: (tally: string) => Numbers,
    ): Promise<void> => {
      const found = comments.aggregate<{ _id: string; count: number }>(
        [
          { $match: { ws, parent: { $in: [...parents] } } },
          { $group: { _id: '$parent', count: { $sum: 1 } } },
        ],
        { ...read, hint: 'parent' },
      )
      for await (const { _id, count } of found) add(into(_id), 'comments', count)
    },

    deleted: async (ids: readonly string[]): Promise<Set<string>> =>
      new Set(
        await tasks
          .find({ _id: { $in: [...ids] }, deleted_at: { $exists: true } }, { session })
          .project<{ _id: string }>({ _id: 1 })
          .map(({ _id }) => _id)
          .toArray(),
      ),

    /** Changes that are saved and perhaps not counted; undefined when there are too many to be sure. */
    uncounted: async (): Promise<PendingIncrements[] | undefined> => {
      const changes: PendingIncrements[] = []
      for (const home of [tasks, comments]) {
        const found = home
          .find({ 'uncounted.at': { $gt: new Date(0) } } as Document, { session })
          .hint(PENDING_INCREMENTS_INDEX.name)
          .limit(MAX_UNCOUNTED)
          .project<{ uncounted: PendingIncrements[] }>({ uncounted: 1 })
        for await (const { uncounted } of found) changes.push(...uncounted)
      }
      return changes.length < MAX_UNCOUNTED ? changes : undefined
    },
  }
}

const checkTallies = async (
  count: ReturnType<typeof counting>,
  tallies: readonly CounterDoc[],
): Promise<Drift[]> => {
  const uncounted = await count.uncounted()
  if (!uncounted) return []
  const numbers = new Map<string, Numbers>(tallies.map(({ _id }) => [_id, new Map()]))
  const into = (tally: string): Numbers => numbers.get(tally) ?? new Map()
  for (const [ws, own] of Map.groupBy(tallies, (tally) => tally.ws)) {
    const ids = own.map(({ _id }) => _id)
    const loops = ids.filter((id) => id !== ws)
    if (loops.length > 0) await count.tasks(ws, loops, into)
    if (loops.length < ids.length) await count.tasks(ws, OF_WORKSPACE, into)
    await count.comments(ws, ids, into)
  }
  const deleted = await count.deleted(tallies.map(({ _id }) => _id))
  return tallies.flatMap((tally) => {
    const { _id, ws, seen = {}, repairs = 0 } = tally
    if (deleted.has(_id)) return []
    const open = uncounted.filter(({ id }) => !(id in seen))
    const sums = open.flatMap((change) => change.sums).filter((sum) => sum.tally === _id)
    const missing = missingIn(into(_id), tally, sums)
    return Object.keys(missing).length > 0 ? [{ tally: _id, ws, repairs, missing }] : []
  })
}

/** How far the checking has come, over all replicas. */
type PositionDoc = { _id: string; after: string; next_at: Date }
const POSITION = 'position'

/** Opens the ways to check the counters. */
export const openRecount = async (db: Db) => {
  const { collection } = lookInto<CounterDoc>(db, 'tallies')
  const { collection: positions } = await openCollection<PositionDoc>(db, 'recounts', { indexes: [] })

  /** Makes the counters that are not there at all, for what these commands name. */
  const makeMissing = async (source: string, pipeline: Document[], hint: string): Promise<void> => {
    const found = lookInto(db, source).collection.aggregate<{ _id: { ws: string; id: string } }>(pipeline, {
      hint,
      allowDiskUse: true,
    })
    let batch: { _id: string; ws: string }[] = []
    const flush = async (): Promise<void> => {
      const there = await collection
        .find({ _id: { $in: batch.map(({ _id }) => _id) } })
        .project<{ _id: string }>({ _id: 1 })
        .toArray()
      const known = new Set(there.map(({ _id }) => _id))
      await insertMissing(
        collection,
        batch.filter(({ _id }) => !known.has(_id)),
      )
      batch = []
    }
    for await (const { _id } of found) {
      batch.push({ _id: _id.id, ws: _id.ws })
      if (batch.length === IDS_AT_ONCE) await flush()
    }
    await flush()
  }

  return {
    /**
     * Checks some counter documents behind an id.
     * @throws MongoError where the database has no snapshots to read from (it is no replica set).
     */
    look: async (after: string, limit: number): Promise<Look> => {
      await using session = db.client.startSession({ snapshot: true })
      const count = counting(db, session)
      const tallies = await count.tallies(after, limit)
      const drifts = await checkTallies(count, tallies)
      return { checked: tallies.length, drifts, end: tallies[limit - 1]?._id ?? null }
    },

    /** Mends counters; false when somebody else did, or they are gone. */
    repair: async ({ tally, ws, repairs, missing }: Drift): Promise<boolean> => {
      const mended = repairs === 0 ? { $exists: false } : repairs
      const { matchedCount } = await collection.updateOne(
        { _id: tally, ws, repairs: mended } as Document,
        { $inc: { ...missing, repairs: 1 } } as Document,
      )
      return matchedCount === 1
    },

    /**
     * Takes the next look of the slow pass, for one replica alone.
     * @param until when another may take it, should this one not come to its end.
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

    /** Where and when the pass goes on; nothing where another has taken it meanwhile. */
    goOn: async (until: Date, after: string, next_at: Date): Promise<void> => {
      await positions.updateOne({ _id: POSITION, next_at: until }, { $set: { after, next_at } })
    },

    /** Makes counters, at zero, for every workspace, loop and parent of comments that has none; a look then finds them. */
    make: async (): Promise<void> => {
      const group = (ws: string, id: string): Document => ({ $group: { _id: { ws, id } } })
      await makeMissing('tasks', [group('$ws', '$ws')], 'newest')
      await makeMissing('tasks', [{ $match: { loop_id: { $gt: '' } } }, group('$ws', '$loop_id')], 'work')
      await makeMissing('comments', [group('$ws', '$parent')], 'parent')
    },
  }
}
export type Recount = Awaited<ReturnType<typeof openRecount>>
