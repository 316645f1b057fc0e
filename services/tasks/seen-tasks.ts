// What whoever delivers events asks about their tasks: which of them the caller sees now. A leaf: it calls no other service.
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { SeenTask } from '../../shared/contracts/tasks/shapes.ts'
import { type Holder, holderOf, isHolder, liveClaim } from './claim-rules.ts'
import type { LeafDeps, Some } from './deps.ts'
import { isReady } from './ready-rules.ts'
import type { SeenDoc } from './seen-store.ts'
import { isSeen, seesThese } from './visibility-rules.ts'

/** The claim of this connection on a task, if it ends by itself. */
const ownClaim = (task: SeenDoc, by: Holder): SeenTask['own_claim'] => {
  const claim = liveClaim(task)
  if (!claim?.until || !isHolder(claim.holder, by)) return undefined
  const { agent } = claim.holder
  return { ...(agent === null ? {} : { agent }), expires_at: claim.until.toISOString() }
}

const toSeen = (task: SeenDoc, by: Holder): SeenTask => {
  const own_claim = ownClaim(task, by)
  return {
    id: task._id,
    title: task.title,
    priority: task.priority,
    ...(task.labels ? { labels: [...task.labels] } : {}),
    loop_id: task.loop_id,
    ready: isReady(task) && !task.move,
    ...(own_claim ? { own_claim } : {}),
  }
}

/** The handler of list_seen_tasks. */
export const seenHandlers = (deps: LeafDeps): Some<'list_seen_tasks'> => ({
  list_seen_tasks: async ({ task_ids, visible_private_loop_ids }, { caller }) => {
    if (!caller) throw new AppError('forbidden', 'This operation is only for a person’s request.')
    const sees = seesThese(visible_private_loop_ids)
    const found = await deps.tasks.findSeen(caller.workspace_id, task_ids)
    const by = holderOf(caller)
    return { tasks: found.filter((task) => isSeen(task, sees)).map((task) => toSeen(task, by)) }
  },
})
