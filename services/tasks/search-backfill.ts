// Indexes the tasks and comments from before there was a search, a few at a time.
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Ref } from '../../shared/storage/by-workspace.ts'
import type { TaskSearch } from './search-store.ts'

/** Documents per step. */
const BATCH = 200

/** Makes the sweep: one step of each collection, by one replica at a time, until all is indexed. */
export const backfillSweep = ({
  search,
  at,
}: Readonly<{ search: TaskSearch; at: FaultPoint }>): (() => Promise<void>) => {
  const left = new Map<'tasks' | 'comments', (refs: readonly Ref[]) => Promise<void>>([
    ['tasks', search.indexTasks],
    ['comments', search.indexComments],
  ])
  return async () => {
    for (const [name, index] of [...left]) {
      const after = await search.index.backfill.take(name)
      if (after === undefined) left.delete(name)
      if (after === undefined || after === null) continue
      const found = await search.documents.after(name, after, BATCH)
      if (found.length > 0) await index(found)
      at('search.backfilled')
      await search.index.backfill.moveOn(
        name,
        after,
        found.length < BATCH ? null : (found.at(-1)?._id ?? null),
      )
    }
  }
}
