// Imported tasks in MongoDB: found by where they came from.
import type { Collection, Filter, IndexDescription } from 'mongodb'
import type { ExternalRef } from '../../shared/contracts/tasks/imports.ts'
import type { Imported } from './import-rules.ts'
import type { TaskDoc } from './task-store.ts'

/** The index of imported tasks. One that was filed here is not in it. */
export const IMPORT_INDEXES: readonly IndexDescription[] = [
  // Each task of a source once, for those who see it.
  {
    key: { ws: 1, 'imported.source': 1, 'imported.id': 1, 'imported.n': 1 },
    name: 'imported',
    unique: true,
    partialFilterExpression: { 'imported.source': { $exists: true } },
  },
]

/** A task as an export names it. */
export type RefDoc = Pick<TaskDoc, '_id' | 'acl' | 'imported'>

/** Queries and writes of imported tasks. The writes leave the version alone, since no reader sees what they write. */
export const importQueries = (collection: Collection<TaskDoc>) => ({
  /** The tasks with these refs, deleted ones never: they have none. */
  findImported: async (ws: string, refs: readonly ExternalRef[]): Promise<TaskDoc[]> => {
    const bySource = Map.groupBy(refs, ({ source }) => source)
    const found: TaskDoc[] = []
    for (const [source, group] of bySource)
      found.push(
        ...(await collection
          .find({
            ws,
            'imported.source': source,
            'imported.id': { $in: group.map(({ id }) => id) },
          } as Filter<TaskDoc>)
          .hint('imported')
          .toArray()),
      )
    return found
  },

  /** These tasks, deleted ones left out. */
  findWhole: (ws: string, ids: readonly string[]): Promise<TaskDoc[]> =>
    collection.find({ _id: { $in: [...ids] }, ws, deleted_at: { $exists: false } }).toArray(),

  /** Where these tasks came from and who sees them, deleted ones left out. */
  findRefs: (ws: string, ids: readonly string[]): Promise<RefDoc[]> =>
    collection
      .find({ _id: { $in: [...ids] }, ws, deleted_at: { $exists: false } })
      .project<RefDoc>({ acl: 1, imported: 1 })
      .toArray(),

  /** Notes what the source said last of a task that stays as it is; false when it has changed since. */
  noteImported: async ({ _id, ws, v }: TaskDoc, imported: Imported): Promise<boolean> => {
    const { matchedCount } = await collection.updateOne({ _id, ws, v }, { $set: { imported } })
    return matchedCount === 1
  },

  /** Releases the reservations of new tasks in a loop that was found open after they came. */
  releaseArrival: async (ws: string, loop_id: string, arrival: string): Promise<void> => {
    await collection.updateMany(
      { ws, 'move.loop_id': loop_id, 'move.entering': arrival },
      { $set: { move: null } },
      { hint: 'reserved' },
    )
  },
})
