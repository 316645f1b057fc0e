// Edges between tasks in MongoDB: blockers, dependents, and what is still to be compared.
import type { Collection, Filter, IndexDescription } from 'mongodb'
import type { TaskDoc } from './task-store.ts'

/** The indexes of edges. A task without edges is in none of them. */
export const BLOCKER_INDEXES: readonly IndexDescription[] = [
  // The dependents of a task.
  {
    key: { ws: 1, 'blocked_by.task_id': 1 },
    name: 'dependents',
    partialFilterExpression: { 'blocked_by.task_id': { $exists: true } },
  },
  // Tasks whose edges were left to be compared.
  {
    key: { 'pending_sync.at': 1 },
    name: 'pending_sync',
    partialFilterExpression: { 'pending_sync.at': { $exists: true } },
  },
]

/** A task as its dependents need it. */
export type BlockerDoc = Pick<TaskDoc, '_id' | 'v' | 'title' | 'status' | 'acl' | 'blocked_by' | 'deleted_at'>
const BLOCKER = { v: 1, title: 1, status: 1, acl: 1, blocked_by: 1, deleted_at: 1 } as const

/** Whether a task has been a blocker since it was read, as part of a query: an edge may have been made meanwhile. */
export const blocksAsBefore = ({ blocks }: Pick<TaskDoc, 'blocks'>): Filter<TaskDoc> => ({
  blocks: blocks ?? { $exists: false },
})

/** The same for many tasks at once. */
const manyAtOnce = (collection: Collection<TaskDoc>) => ({
  /** Notes that tasks have dependents, before the first edges to them are saved. @returns them; those that are gone are not among them */
  markAllBlocking: async (ws: string, ids: readonly string[]): Promise<TaskDoc[]> => {
    const these = { _id: { $in: [...ids] }, ws, deleted_at: { $exists: false } }
    await collection.updateMany({ ...these, blocks: { $exists: false } }, { $set: { blocks: true } })
    return await collection.find(these).toArray()
  },

  /** Those of these tasks that have edges to be compared, deleted or not. */
  findAllPendingSync: (ws: string, ids: readonly string[]): Promise<TaskDoc[]> =>
    collection.find({ _id: { $in: [...ids] }, ws, pending_sync: { $exists: true } }).toArray(),

  /** Notes that the edges of these versions were compared. */
  confirmAllSyncs: async (
    synced: readonly Readonly<{ ws: string; id: string; v: number }>[],
  ): Promise<void> => {
    await collection.bulkWrite(
      synced.map(({ ws, id, v }) => ({
        updateOne: {
          filter: { _id: id, ws, 'pending_sync.v': v },
          update: { $unset: { pending_sync: '' } },
        },
      })),
      { ordered: false },
    )
  },
})

/** Queries and writes of edges. The writes leave the version alone, since no reader sees them. */
export const blockerQueries = (collection: Collection<TaskDoc>) => ({
  ...manyAtOnce(collection),

  /** Those of these tasks that are stored, deleted ones too. */
  listBlockers: (ws: string, ids: readonly string[]): Promise<BlockerDoc[]> =>
    collection
      .find({ _id: { $in: [...ids] }, ws })
      .project<BlockerDoc>(BLOCKER)
      .toArray(),

  /**
   * Some dependents of a task whose edge to it is of an earlier version than this.
   * @param v undefined: the task is gone, and no edge to it is right.
   */
  listStaleDependents: async (
    ws: string,
    task_id: string,
    v: number | undefined,
    limit: number,
  ): Promise<string[]> => {
    const stale = v !== undefined && { blocked_by: { $elemMatch: { task_id, v: { $lt: v } } } }
    const found = await collection
      .find({ ws, 'blocked_by.task_id': task_id, ...stale } as Filter<TaskDoc>)
      .hint('dependents')
      .limit(limit)
      .project<{ _id: string }>({ _id: 1 })
      .toArray()
    return found.map(({ _id }) => _id)
  },

  /** Notes that a task has dependents, before the first edge to it is saved. @returns the task; null: it is gone. */
  markBlocking: (ws: string, id: string): Promise<TaskDoc | null> =>
    collection.findOneAndUpdate(
      { _id: id, ws, deleted_at: { $exists: false } },
      { $set: { blocks: true } },
      { returnDocument: 'after' },
    ),

  /** A task with edges to be compared, deleted or not; null: there is nothing to compare. */
  findPendingSync: (ws: string, id: string): Promise<TaskDoc | null> =>
    collection.findOne({ _id: id, ws, pending_sync: { $exists: true } }),

  /** Some tasks whose edges have waited since a moment. */
  listPendingSync: (before: Date, limit: number): Promise<Pick<TaskDoc, '_id' | 'ws'>[]> =>
    collection
      .find({ 'pending_sync.at': { $lte: before } })
      .hint('pending_sync')
      .limit(limit)
      .project<Pick<TaskDoc, '_id' | 'ws'>>({ ws: 1 })
      .toArray(),

  /** Notes that the edges of a version were compared. */
  confirmSync: async (ws: string, id: string, v: number): Promise<void> => {
    await collection.updateOne({ _id: id, ws, 'pending_sync.v': v }, { $unset: { pending_sync: '' } })
  },
})
