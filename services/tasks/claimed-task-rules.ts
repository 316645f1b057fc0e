// What can be done with a task that is, or is to be, in somebody's hands, as decisions. Pure.
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import {
  type Claimant,
  type Claims,
  claimLost,
  claimsAfter,
  expireClaim,
  fence,
  isHolder,
  type NewClaim,
  takeOver,
} from './claim-rules.ts'
import type { Editor } from './status-rules.ts'
import {
  type Decision,
  editTask,
  eventData,
  type PendingComment,
  type TaskChange,
  type Versioned,
} from './task-rules.ts'

/** The event of a claim that has just begun. */
const claimedEvent = (after: Versioned, taken_over: boolean): PlainEvent[] =>
  after.claim
    ? [
        {
          name: 'task.claimed',
          data: {
            ...eventData(after, after.v, after.claim.holder.actor),
            agent: after.claim.holder.agent,
            fence: after.claim.fence,
            expires_at: after.claim.until?.toISOString() ?? null,
            attempt: after.claim.attempt,
            taken_over,
          },
        },
      ]
    : []

/** The label under which somebody acts: of the claim that they have, or that they begin now. */
const labelOf = (before: Versioned, after: Claims, { holder, claim_id }: Claimant): string | null => {
  const had = before.claim
  const isTheirs = had && (claim_id === undefined ? isHolder(had.holder, holder) : had.id === claim_id)
  return (isTheirs ? had : after.claim !== had ? after.claim : undefined)?.holder.agent ?? null
}

/** The events of a change, which tell the label of the agent that made it. */
const signed = (events: readonly PlainEvent[], agent: string | null): PlainEvent[] =>
  events.map((one) =>
    agent === null || one.name !== 'task.updated' ? one : { ...one, data: { ...one.data, agent } },
  )

/**
 * The task after a change by somebody who holds it or may hold it, or null when it is like that already.
 * @throws AppError `claimed` or `claim_lost` as `fence` does; `invalid_transition` or `forbidden` as `editTask` does.
 */
export const editClaimed = (
  before: Versioned,
  change: TaskChange,
  by: Editor & Claimant,
  made: NewClaim,
  now: Date,
): Decision<Versioned> | null => {
  const { status, location } = change
  fence(
    before,
    { status, moves: location !== undefined && location.loop_id !== before.loop_id },
    by,
    made.now,
  )
  const claims = claimsAfter(before, status, by, made)
  const begun = claims.claim !== undefined && claims.claim !== before.claim
  const decision = editTask(before, change, by, now)
  // Work in progress of an earlier release has no holder: beginning it changes nothing else.
  if (!decision && !begun) return null
  const next = { ...(decision?.next ?? before), ...claims }
  const events = begun ? claimedEvent({ ...next, v: before.v + 1 }, false) : []
  return { next, events: [...signed(decision?.events ?? [], labelOf(before, claims, by)), ...events] }
}

/**
 * A task in progress in the hands of somebody else than before.
 * @throws AppError `claimed` for whoever may not take it.
 */
export const takeTaskOver = (
  before: Versioned,
  by: Claimant,
  made: NewClaim,
  comment: PendingComment,
): Decision<Versioned> => {
  const next = { ...before, ...takeOver(before, by, made), updated_at: made.now }
  return {
    next,
    comment,
    events: claimedEvent({ ...next, v: before.v + 1 }, true),
  }
}

/**
 * A task that its holder is done with, or null when they had completed it before.
 * @throws AppError `claimed` or `claim_lost` for whoever does not hold it; `invalid_transition` where work never began.
 */
export const completeTask = (
  before: Versioned,
  by: Editor & Claimant,
  made: NewClaim,
  comment: PendingComment | undefined,
  links: readonly string[] = [],
): Decision<Versioned> | null => {
  const { ended_claim } = before
  const own =
    ended_claim !== undefined &&
    (by.claim_id === undefined ? isHolder(ended_claim.holder, by.holder) : ended_claim.id === by.claim_id)
  if (own && before.status === 'shipped' && ended_claim.why === 'completed') return null
  if (own && before.status !== 'in_progress') throw claimLost(ended_claim)
  // Else they would believe that their outcome stands there.
  if (before.status === 'shipped' && ended_claim) throw claimLost(undefined)
  const decision = editClaimed(before, { status: 'shipped' }, by, made, made.now)
  if (!decision || links.length === 0) return decision && { ...decision, comment }
  const all = [...new Set([...(before.links ?? []), ...links])].slice(-LIMITS.links)
  return { ...decision, next: { ...decision.next, links: all }, comment }
}

/**
 * A task put on hold by a question, or null when it is on hold already.
 * @throws AppError `claimed` for whoever may not stop the work; `invalid_transition` where there is nothing to hold.
 */
export const holdForQuestion = (
  before: Versioned,
  by: Editor & Claimant,
  made: NewClaim,
  comment: PendingComment,
  now: Date,
): Decision<Versioned> | null => {
  const decision = editClaimed(before, { status: 'on_hold' }, by, made, now)
  return decision && { ...decision, next: { ...decision.next, question_id: comment.id }, comment }
}

/** What becomes of a task whose claim was not renewed in time; null when its claim has not ended. */
export const expireTask = (before: Versioned, now: Date): Decision<Versioned> | null => {
  const expired = expireClaim(before, now)
  const { claim } = before
  if (!expired || !claim) return null
  const { status, ...claims } = expired
  const editor = { actor: claim.holder.actor, may_approve: false }
  const decision = editTask(before, { status }, editor, now)
  if (!decision) return null
  const next = { ...decision.next, ...claims }
  const data = {
    ...eventData(next, before.v + 1, claim.holder.actor),
    agent: claim.holder.agent,
    attempt: claim.attempt,
    last_progress: claim.progress,
    ...(status === 'on_hold' && next.approved_by ? { approved_by: next.approved_by } : {}),
  }
  const events = signed(decision.events, claim.holder.agent)
  return { next, events: [...events, { name: 'task.claim_expired', data }] }
}
