// What the activity of tasks needs to know of them as they are now.
// Apart from the other queries, because task-store.ts is as long as a file may be.
import type { Collection } from 'mongodb'
import type { TaskDoc } from './task-store.ts'

/** Where a task is, and its title. */
export type TitledLocation = Pick<TaskDoc, 'title' | 'loop_id' | 'acl'>

/** Queries about where tasks are. */
export const locationQueries = (collection: Collection<TaskDoc>) => ({
  /** Where those of these tasks are that were not deleted, and their titles. */
  findLocations: async (ws: string, ids: readonly string[]): Promise<ReadonlyMap<string, TitledLocation>> => {
    const found = await collection
      .find({ _id: { $in: [...ids] }, ws, deleted_at: { $exists: false } })
      .project<TitledLocation & { _id: string }>({ title: 1, loop_id: 1, acl: 1 })
      .toArray()
    return new Map(found.map(({ _id, ...task }) => [_id, task]))
  },
})
