// Reacts to events: keeps the index of the search up with tasks and comments, and gives back what people hold who may not
// work any more.
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import { type Erasing, onDeletion } from '../../shared/events/erase-workspaces.ts'
import { on, type Reaction } from '../../shared/events/reactions.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import { gather } from '../../shared/process/gather.ts'
import type { Ref } from '../../shared/storage/by-workspace.ts'
import { type HeldDeps, releaseHeld } from './release-held.ts'
import type { TaskSearch } from './search-store.ts'

export type ReactionDeps = HeldDeps &
  Readonly<{
    search: Pick<TaskSearch, 'indexTasks' | 'indexComments'>
    at: FaultPoint
    erasing: Pick<Erasing, 'note'>
  }>

/** The most documents that are indexed at once. */
const BATCH = 100

/** Indexes what comes at the same time together; where that fails, each alone, so that one cannot hold up the others. */
const together = (index: (refs: readonly Ref[]) => Promise<void>): ((ref: Ref) => Promise<void>) => {
  const all = gather<Ref>(BATCH, (refs) => index([...new Map(refs.map((ref) => [ref._id, ref])).values()]))
  return (ref) => all(ref).catch(() => index([ref]))
}

/** The reactions of this service. Each indexes what is there now, so they may be repeated, broken off or late. */
export const reactions = (deps: ReactionDeps): readonly Reaction[] => {
  const { search, at } = deps
  const indexTask = together((refs) => search.indexTasks(refs))
  const indexComment = together((refs) => search.indexComments(refs))
  const index = async (ws: string, task_id: string): Promise<void> => {
    at('search.received')
    await indexTask({ _id: task_id, ws })
    at('search.indexed')
  }
  return [
    on(contract, 'task.created', ({ workspaceid, data }) => index(workspaceid, data.task_id)),
    on(contract, 'task.updated', async ({ workspaceid, data: { task_id, changed } }) => {
      if (changed.some((field) => field === 'title' || field === 'body' || field === 'loop_id'))
        await index(workspaceid, task_id)
    }),
    on(contract, 'task.deleted', ({ workspaceid, data }) => index(workspaceid, data.task_id)),
    on(contract, 'comment.added', async ({ workspaceid, data }) => {
      await indexComment({ _id: data.comment_id, ws: workspaceid })
      at('search.comment_indexed')
    }),
    on(gateway, 'person.left', ({ time, workspaceid, data: { user_id } }) =>
      releaseHeld(deps, workspaceid, user_id, new Date(time)),
    ),
    on(gateway, 'person.deactivated', ({ time, workspaceid, data: { user_id } }) =>
      releaseHeld(deps, workspaceid, user_id, new Date(time)),
    ),
    onDeletion(deps.erasing),
  ]
}
