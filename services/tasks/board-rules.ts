// Who works on what, and what waits for what, as the pages show it. Pure.
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { ShownClaim } from '../../shared/contracts/tasks/board.ts'
import type { FinishedTask } from '../../shared/events/activity-store.ts'
import { isOpen } from './blocker-rules.ts'
import type { ClaimedDoc, DependentDoc } from './board-store.ts'
import type { Claim } from './claim-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { toHeldBy } from './task-view.ts'

/** Holders that a loop is shown with. */
const HOLDERS = 3

/** Claims, the longest held first. */
export const longestFirst = (claims: readonly ClaimedDoc[]): readonly ClaimedDoc[] =>
  claims.toSorted((a, b) => a.claim.since.getTime() - b.claim.since.getTime() || (a._id < b._id ? -1 : 1))

/** Who works on the tasks of one loop: the first of these claims, and how many there are. */
export const toHolders = (claims: readonly ClaimedDoc[]) => ({
  holders: claims
    .slice(0, HOLDERS)
    .map(({ _id: task_id, title, claim }) => ({ task_id, title, ...toHeldBy(claim) })),
  holders_total: claims.length,
})

/** Whether somebody may know through which connection a claim was made. */
const knowsConnection = (
  caller: Pick<Caller, 'user_id' | 'role'>,
  { holder }: Pick<Claim, 'holder'>,
): boolean => caller.role === 'owner' || caller.role === 'admin' || holder.actor.user_id === caller.user_id

/** A claim as somebody who sees its task is shown it. */
export const toShownClaim = (
  { _id: task_id, title, loop_id, claim }: ClaimedDoc,
  caller: Pick<Caller, 'user_id' | 'role'>,
): ShownClaim => {
  const { actor, agent, grant_id } = claim.holder
  return {
    task_id,
    title,
    loop_id,
    by: actor,
    ...(agent === null ? {} : { agent }),
    ...(grant_id !== null && knowsConnection(caller, claim) ? { grant_id } : {}),
    since: claim.since.toISOString(),
    expires_at: claim.until?.toISOString() ?? null,
    heard_at: (claim.renewed_at ?? claim.since).toISOString(),
    ...(claim.progress ? { last_progress: claim.progress } : {}),
  }
}

/** A task as a link to it is named. */
export const toTaskLink = ({ _id, title, status }: Pick<TaskDoc, '_id' | 'title' | 'status'>) => ({
  id: _id,
  title,
  status,
})

/** Sorts tasks that wait for another: those that still do first, then by age. */
export const unfinishedFirst = (a: DependentDoc, b: DependentDoc): number =>
  Number(isOpen(b)) - Number(isOpen(a)) || (a._id < b._id ? -1 : 1)

/** How many tasks each person finished, by app and agent, most first. */
export const countFinished = (finished: readonly FinishedTask[]) => {
  const groups = Map.groupBy(finished, ({ by, agent }) => JSON.stringify([by.user_id, by.client, agent]))
  return [...groups.values()]
    .flatMap((group) => {
      const [last] = group
      if (!last) return []
      const { by, agent } = last
      const tasks = new Set(group.map(({ task_id }) => task_id)).size
      return [{ by, ...(agent === undefined ? {} : { agent }), tasks }]
    })
    .toSorted((a, b) => b.tasks - a.tasks)
}
