// What the tools and internal operations about claims have in common: how a claim is shown, renewed and begun, and the
// comments that are written with a change of their task.
import type { Call, Caller, MemberCall } from '../../shared/contracts/define/contract.ts'
import { cutText } from '../../shared/contracts/define/page-bytes.ts'
import type { ClaimedTask, HeldTask } from '../../shared/contracts/tasks/shapes.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import { type Claim, holderOf, isHolder, liveClaim, type NewClaim, needsRenewal } from './claim-rules.ts'
import type { LeafDeps } from './deps.ts'
import { termWithin } from './limit-rules.ts'
import type { PendingComment } from './task-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { toRow, writtenEvent } from './task-view.ts'
import { isPrivate } from './visibility-rules.ts'

/** Claims of one holder that are looked at. */
export const MAX_HELD = 100

/** A task that is in progress in somebody's hands. */
export type HeldDoc = TaskDoc & Readonly<{ claim: Claim }>

/** Whether a task is held by somebody. */
export const isHeld = (task: TaskDoc): task is HeldDoc => liveClaim(task) !== undefined

/** A new claim for a caller. In the browser it does not end by itself. */
export const newClaim = (
  { ids, database_clock }: Pick<LeafDeps, 'ids' | 'database_clock'>,
  { caller }: MemberCall,
  {
    ttl_seconds,
    bounded,
    request,
  }: Readonly<{
    ttl_seconds?: number | undefined
    bounded: boolean
    request?: Repeatable | undefined
  }>,
): NewClaim => ({
  id: ids.token(),
  now: database_clock.now(),
  term_ms: caller.grant_id === null ? null : termWithin(caller, ttl_seconds) * 1_000,
  bounded,
  request,
})

const claimFields = ({ claim }: HeldDoc) => ({
  claim_id: claim.id,
  fence: claim.fence,
  expires_at: claim.until?.toISOString() ?? null,
  attempt: claim.attempt,
  last_progress: claim.progress,
})

/** A held task as its holder sees it, in short. */
export const toHeldTask = (task: HeldDoc): HeldTask => ({
  task_id: task._id,
  title: task.title,
  loop_id: task.loop_id,
  ...(task.claim.holder.agent === null ? {} : { agent: task.claim.holder.agent }),
  ...claimFields(task),
})

/**
 * A held task as its holder sees it, whole.
 * @param bytes for the body; a longer one is cut.
 */
export const toClaimedTask = (task: HeldDoc, bytes: number): ClaimedTask => {
  const body = cutText(task.body, bytes)
  return {
    task: { ...toRow(task), body, ...(body === task.body ? {} : { body_truncated: true as const }) },
    ...claimFields(task),
  }
}

/**
 * Renews the claims of held tasks that are worth a write, each for its own term unless one is given.
 * @returns the tasks with their claims as they are now; those that were lost meanwhile are left out.
 */
export const renewHeld = async (
  deps: Pick<LeafDeps, 'tasks' | 'database_clock'>,
  held: readonly HeldDoc[],
  caller: Caller,
  ttl_seconds?: number,
): Promise<HeldDoc[]> => {
  const now = deps.database_clock.now()
  const termOf = ({ claim: { term_ms } }: HeldDoc): number =>
    termWithin(caller, ttl_seconds ?? (term_ms > 0 ? term_ms / 1_000 : undefined)) * 1_000
  const due = held.filter((task) => needsRenewal(task.claim, termOf(task), now))
  const renewed = new Map<string, HeldDoc>()
  for (const [term_ms, tasks] of Map.groupBy(due, termOf)) {
    const claims = tasks.map(({ _id, ws, claim }) => ({ id: _id, ws, claim_id: claim.id }))
    const kept = await deps.tasks.renew(claims, term_ms)
    const until = new Date(deps.database_clock.now().getTime() + term_ms)
    for (const task of tasks)
      if (kept.has(task._id)) renewed.set(task._id, { ...task, claim: { ...task.claim, until } })
  }
  const lost = new Set(due.filter(({ _id }) => !renewed.has(_id)).map(({ _id }) => _id))
  return held.filter(({ _id }) => !lost.has(_id)).map((task) => renewed.get(task._id) ?? task)
}

/** Renews the claim of a task that its holder has just written to: whoever writes is at work. */
export const renewByWrite = async (
  deps: Pick<LeafDeps, 'tasks' | 'database_clock'>,
  task: TaskDoc,
  caller: Caller,
): Promise<void> => {
  if (isHeld(task) && isHolder(task.claim.holder, holderOf(caller))) await renewHeld(deps, [task], caller)
}

/** A comment to be written with a change of its task. */
export const pendingComment = (
  { ids, clock }: Pick<LeafDeps, 'ids' | 'clock'>,
  author: PendingComment['author'],
  text: string,
  kind?: PendingComment['kind'],
): PendingComment => ({ id: ids.next(), ...(kind ? { kind } : {}), author, text, at: clock.now() })

/** Puts the pending comments of a task among the others. Repeats do no harm: a comment keeps its id. */
export const postComments = async (
  deps: Pick<LeafDeps, 'tasks' | 'comments' | 'counters'>,
  task: Pick<TaskDoc, '_id' | 'ws' | 'acl'>,
  comments: readonly PendingComment[],
  call: Call,
): Promise<void> => {
  for (const { id, kind, author, text, at } of comments) {
    const comment = {
      _id: id,
      ws: task.ws,
      parent: task._id,
      task_id: task._id,
      loop_id: null,
      ...(kind ? { kind } : {}),
      author,
      text,
      created_at: at,
      created: null,
    }
    const pending = await deps.comments.insert(comment, writtenEvent(comment, isPrivate(task)), { call })
    await deps.counters.count('post_comment', [pending])
  }
  await deps.tasks.confirmComments(
    task,
    comments.map(({ id }) => id),
  )
}
