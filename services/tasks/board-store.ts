// What the pages need of many tasks at once, in MongoDB: the oldest ready ones, and claims.
import type { Collection, IndexDescription } from 'mongodb'
import type { Claim } from './claim-rules.ts'
import { ROW } from './list-store.ts'
import { READY, READY_STATUS } from './ready-rules.ts'
import type { RowDoc, TaskDoc } from './task-store.ts'
import { PUBLIC } from './visibility-rules.ts'

/** The indexes of these queries, each with what it is for. */
export const BOARD_INDEXES: readonly IndexDescription[] = [
  // Which loops have ready tasks, and the first filed of each: answered from the index alone.
  {
    key: { ws: 1, status: 1, loop_id: 1, ready: 1, _id: 1 },
    name: 'ready_oldest',
    partialFilterExpression: { status: READY_STATUS },
  },
]

/** Claims that are read for one answer; no counter knows them. */
export const MAX_CLAIMS = 1_000

/** A claim with what a page shows of its task. */
export type ClaimedDoc = Pick<TaskDoc, '_id' | 'title' | 'loop_id'> &
  Readonly<{ claim: Pick<Claim, 'holder' | 'since' | 'until' | 'renewed_at' | 'progress'> }>

/** A row, and who sees its task. */
export type LocatedRow = RowDoc & Pick<TaskDoc, 'acl'>

/** A task that waits for another, as a list shows it. */
export type DependentDoc = Pick<TaskDoc, '_id' | 'title' | 'status' | 'loop_id' | 'acl'>

const CLAIMED = {
  title: 1,
  loop_id: 1,
  'claim.holder': 1,
  'claim.since': 1,
  'claim.until': 1,
  'claim.renewed_at': 1,
  'claim.progress': 1,
} as const

/** Tasks in all workspaces, bounded: at most `limit` are read, by indexes alone, each query for `time_ms` at most. */
export const totals = (collection: Collection<TaskDoc>) => ({
  /** How many tasks are ready, and the first id among them: ids are in the order of filing. */
  countReady: async (
    limit: number,
    time_ms: number,
  ): Promise<Readonly<{ count: number; first?: string }>> => {
    const [found] = await collection
      .aggregate<{ count: number; first: string }>(
        [
          // The range of workspaces lets the index be searched, and gives its keys in order.
          { $match: { ws: { $gt: '' }, ...READY } },
          { $limit: limit },
          { $group: { _id: null, count: { $sum: 1 }, first: { $min: '$_id' } } },
        ],
        { hint: 'ready_oldest', maxTimeMS: time_ms },
      )
      .toArray()
    return found ?? { count: 0 }
  },

  /** How many claims there are that end unless they are renewed. */
  countClaims: (limit: number, time_ms: number): Promise<number> =>
    collection.countDocuments(
      { 'claim.until': { $gte: new Date(0) } },
      { hint: 'claimed_until', limit, maxTimeMS: time_ms },
    ),
})

/** Queries for the pages. */
export const boardQueries = (collection: Collection<TaskDoc>) => ({
  /** When the first filed of the ready tasks of each of these loops was filed, by loop; those without ready ones are absent. */
  findOldestReady: async (ws: string, loop_ids: readonly string[]): Promise<ReadonlyMap<string, Date>> => {
    const found = await collection
      .aggregate<{ _id: string; at: Date }>([
        { $match: { ws, ...READY, loop_id: { $in: [...loop_ids] } } },
        // The order of the index, so that it gives the first of each loop and skips the others.
        { $sort: { ws: 1, status: 1, loop_id: 1, ready: 1, _id: 1 } },
        { $group: { _id: '$loop_id', at: { $first: '$created_at' } } },
      ])
      .toArray()
    return new Map(found.map(({ _id, at }) => [_id, at]))
  },

  /**
   * Claims that somebody sees, in no order; at most MAX_CLAIMS.
   * @param privateLoops the private loops that they see; null: all of them.
   * @param loop_ids only those on tasks in these loops.
   */
  listClaims: (
    ws: string,
    privateLoops: readonly string[] | null,
    loop_ids?: readonly string[],
  ): Promise<ClaimedDoc[]> =>
    collection
      .find({
        ws,
        ...(privateLoops === null ? {} : { acl: { $in: [PUBLIC, ...privateLoops] } }),
        ...(loop_ids === undefined ? {} : { loop_id: { $in: [...loop_ids] } }),
        'claim.id': { $exists: true },
        status: 'in_progress',
      })
      .hint('claimed')
      .limit(MAX_CLAIMS)
      .project<ClaimedDoc>(CLAIMED)
      .toArray(),

  /** Some tasks with an edge to a task. */
  listDependents: (ws: string, task_id: string, limit: number): Promise<DependentDoc[]> =>
    collection
      .find({ ws, 'blocked_by.task_id': task_id })
      .hint('dependents')
      .limit(limit)
      .project<DependentDoc>({ title: 1, status: 1, loop_id: 1, acl: 1 })
      .toArray(),

  /** The rows of those of these tasks that exist, whoever sees them, by id. */
  findRows: async (ws: string, ids: readonly string[]): Promise<ReadonlyMap<string, LocatedRow>> => {
    const found = await collection
      .find({ _id: { $in: [...ids] }, ws, deleted_at: { $exists: false } })
      .project<LocatedRow>({ ...ROW, acl: 1 })
      .toArray()
    return new Map(found.map((task) => [task._id, task]))
  },
})
