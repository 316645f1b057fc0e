// Reacts to this service's own events: keeps the index of the search up with tasks and comments.
import { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import { on, type Reaction } from '../../shared/events/reactions.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { TaskSearch } from './search-store.ts'

export type ReactionDeps = Readonly<{
  search: Pick<TaskSearch, 'indexTasks' | 'indexComments'>
  at: FaultPoint
}>

/** The reactions of this service. Each indexes what is there now, so they may be repeated, broken off or late. */
export const reactions = ({ search, at }: ReactionDeps): readonly Reaction[] => {
  const index = async (task_id: string): Promise<void> => {
    at('search.received')
    await search.indexTasks([task_id])
    at('search.indexed')
  }
  return [
    on(contract, 'task.created', ({ data }) => index(data.task_id)),
    on(contract, 'task.updated', async ({ data: { task_id, changed } }) => {
      if (changed.some((field) => field === 'title' || field === 'body' || field === 'loop_id'))
        await index(task_id)
    }),
    on(contract, 'task.deleted', ({ data }) => index(data.task_id)),
    on(contract, 'comment.added', async ({ data }) => {
      await search.indexComments([data.comment_id])
      at('search.comment_indexed')
    }),
  ]
}
