// Who holds a task: how a claim begins, lasts and ends, and what it keeps others from. Pure.
//
// A claim is live as long as its task is in progress: no clock decides that. A claim that nobody renews is ended by a write
// of its own (`expireClaim`), and whoever is faster, that write or a renewal, wins.
import type { Actor, TaskStatus } from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import { type Approvals, revOf } from './approval-rules.ts'
import type { Standing } from './status-rules.ts'

/** Who holds a claim: a connection, and within it an agent, if it gave a label. `grant_id` is null in the browser. */
export type Holder = Readonly<{ actor: Actor; grant_id: string | null; agent: string | null }>

/** Work in somebody's hands, as it is stored in the task. */
export type Claim = Readonly<{
  /** Secret: only its holder knows it. */
  id: string
  /** Grows with each claim of the task. Whoever acts elsewhere can refuse a smaller number than one that it has seen. */
  fence: number
  holder: Holder
  since: Date
  /** When it ends unless it is renewed; null: never, as for people in the browser. */
  until: Date | null
  /** How long a renewal lasts (ms). */
  term_ms: number
  /** When it was last renewed. Claims of earlier releases do not say. */
  renewed_at?: Date | undefined
  /** 1 for the first claim, one more each time that a claim before it expired. */
  attempt: number
  /** What its holder said last. */
  progress: string | null
  /** The revision of the text that its holder was given. Claims of earlier releases do not say. */
  text_rev?: number | undefined
  /** Whether it counts against the bound of `claim_next_work`: claims by `update_task` do not. */
  bounded: boolean
}>

/** What others see of a claim. */
export type ShownClaim = Pick<Claim, 'holder' | 'since' | 'until'>

/** Why a claim ended. */
export type ClaimEnd = 'completed' | 'released' | 'withdrawn' | 'taken_over' | 'expired' | 'loop_shipped'
/** The last claim that ended, so that its holder can be told. */
export type EndedClaim = Pick<Claim, 'id' | 'holder' | 'progress'> & Readonly<{ why: ClaimEnd; at: Date }>

/** What a task says of its claims. Tasks of earlier releases say nothing. */
export type Claims = Readonly<{
  claim?: Claim | undefined
  ended_claim?: EndedClaim | undefined
  /** The fence of the last claim. */
  fence?: number | undefined
  /** The request that made the last claim, if it had a key. */
  claim_request?: Repeatable | undefined
  /** Claims that expired one after the other, without one that ended in another way. */
  expiries?: number | undefined
  /** The end of a claim for which it was published that it is near. */
  warned_until?: Date | undefined
}>

/** Expiries in a row after which a task is put on hold: work that kills its workers must not go round for ever. */
export const MAX_EXPIRIES = 3

/** What a new claim is made of. Moments are the database's time. */
export type NewClaim = Readonly<{
  id: string
  now: Date
  /** Null: it does not end by itself. */
  term_ms: number | null
  bounded: boolean
  request?: Repeatable | undefined
}>

/** Which revision of a task's text it has. */
type Revised = Pick<Approvals, 'text_rev'>

/** Who changes a claimed task. */
export type Claimant = Readonly<{
  holder: Holder
  may_approve: boolean
  /** Given by whoever wants to act only under this very claim. */
  claim_id?: string | undefined
}>

/** The holder that a call acts for. */
export const holderOf = (caller: Caller, agent?: string): Holder => ({
  actor: actorOf(caller),
  grant_id: caller.grant_id,
  agent: agent ?? null,
})

/** The claim of a task while it is live. */
export const liveClaim = ({ status, claim }: Pick<Standing, 'status'> & Claims): Claim | undefined =>
  status === 'in_progress' ? claim : undefined

/** Whether somebody is the holder: the same connection of the same person and, where a label is given, the same label. */
export const isHolder = (holder: Holder, by: Holder): boolean =>
  holder.actor.user_id === by.actor.user_id &&
  holder.grant_id === by.grant_id &&
  (by.agent === null || by.agent === holder.agent)

/** The refusal of what only the holder of a claim may do. */
const claimed = (claim: Claim, now: Date): AppError => {
  const { actor, agent } = claim.holder
  const left_ms = claim.until ? Math.max(1_000, claim.until.getTime() - now.getTime()) : undefined
  return new AppError('claimed', `${actor.name} is working on this task, through ${actor.client}.`, {
    hint: 'Take other work with claim_next_work; to take this task over, call claim_task with take_over.',
    ...(left_ms === undefined ? {} : { retry_after_ms: left_ms }),
    details: {
      held_by: { name: actor.name, client: actor.client, ...(agent === null ? {} : { agent }) },
      since: claim.since.toISOString(),
    },
  })
}

/** How a write changes who holds a task. */
export type ClaimChange = Readonly<{ begun: boolean; ended: ClaimEnd | undefined }>

/** Whether a claim begins with a change of a task, and why one ends. */
export const claimChange = (before: Claims, next: Claims): ClaimChange => ({
  begun: next.claim !== undefined && next.claim.id !== before.claim?.id,
  ended: next.ended_claim?.id === before.ended_claim?.id ? undefined : next.ended_claim?.why,
})

const HOW_IT_ENDED: Readonly<Record<ClaimEnd, string>> = {
  completed: 'the task is done',
  released: 'it was released',
  withdrawn: 'somebody who may approve stopped the work',
  taken_over: 'somebody else took the task over',
  expired: 'it was not renewed in time',
  loop_shipped: 'its loop shipped',
}

/** The refusal of a claim that is not live any more. */
export const claimLost = (ended: EndedClaim | undefined): AppError =>
  new AppError('claim_lost', `You no longer hold this task${ended ? `: ${HOW_IT_ENDED[ended.why]}` : ''}.`, {
    hint: 'Stop working on it. Write what you have as a comment, then call claim_next_work.',
    ...(ended ? { details: { reason: ended.why, ended_at: ended.at.toISOString() } } : {}),
  })

/**
 * Whether somebody holds a task.
 * @throws AppError `claim_lost` when they name a claim and it is not the live one.
 */
export const holds = (task: Pick<Standing, 'status'> & Claims, by: Claimant): boolean => {
  const live = liveClaim(task)
  if (by.claim_id === undefined) return live !== undefined && isHolder(live.holder, by.holder)
  if (live?.id === by.claim_id) return true
  throw claimLost(task.ended_claim?.id === by.claim_id ? task.ended_claim : undefined)
}

/** What a change does to a task that may be claimed: the new status if one is asked for, and whether it moves. */
export type FencedChange = Readonly<{ status?: TaskStatus | undefined; moves?: boolean }>

/** Statuses that only the holder can give to a claimed task. The others stop the work, which approvers may do. */
const OF_HOLDER: ReadonlySet<TaskStatus> = new Set(['in_progress', 'approved', 'shipped'])

/**
 * Lets a change of a claimed task through if its maker holds the claim, or stops the work and may approve.
 * @throws AppError `claimed`; `claim_lost` when the claim that they name is not the live one.
 */
export const fence = (
  task: Pick<Standing, 'status'> & Claims,
  { status, moves = false }: FencedChange,
  by: Claimant,
  now: Date,
): void => {
  const own = holds(task, by)
  const live = liveClaim(task)
  if (!live || own || (status === undefined && !moves)) return
  if (by.may_approve && !(status !== undefined && OF_HOLDER.has(status))) return
  throw claimed(live, now)
}

/** A new claim on a task that has none. */
export const beginClaim = (before: Claims & Revised, holder: Holder, made: NewClaim): Claims => {
  const { id, now, term_ms, bounded } = made
  const { fence: last = 0, expiries, ended_claim } = before
  return {
    fence: last + 1,
    expiries,
    ended_claim,
    claim_request: made.request,
    claim: {
      id,
      fence: last + 1,
      holder,
      since: now,
      until: term_ms === null ? null : new Date(now.getTime() + term_ms),
      term_ms: term_ms ?? 0,
      attempt: (expiries ?? 0) + 1,
      progress: ended_claim?.progress ?? null,
      text_rev: revOf(before),
      bounded,
    },
  }
}

/** Whether the text is another one than the holder of the claim was given. */
export const isRewritten = (task: Claims & Revised): boolean =>
  task.claim?.text_rev !== undefined && task.claim.text_rev !== revOf(task)

/** A task whose claim, if it has one, has ended. */
export const endClaim = (before: Claims, why: ClaimEnd, at: Date): Claims => {
  const { claim, ended_claim, fence: last, expiries } = before
  if (!claim) return { claim, ended_claim, fence: last, expiries }
  const { id, holder, progress } = claim
  return {
    claim: undefined,
    ended_claim: { id, holder, progress, why, at },
    fence: last,
    expiries: why === 'expired' ? (expiries ?? 0) + 1 : undefined,
  }
}

/** Why a claim ends with a change to a status. */
const endBy = (status: TaskStatus, own: boolean): ClaimEnd =>
  status === 'shipped' ? 'completed' : own ? 'released' : 'withdrawn'

/**
 * What a change of status does to the claims of a task: work begins with a claim, and whatever ends the work ends it.
 * @param status the status that was asked for; undefined: none.
 * @param made the claim of whoever begins work.
 * @throws AppError as `holds` does.
 */
export const claimsAfter = (
  before: Pick<Standing, 'status'> & Claims & Revised,
  status: TaskStatus | undefined,
  by: Claimant,
  made: NewClaim,
): Claims => {
  const { claim, ended_claim, fence: last, expiries, text_rev } = before
  const kept = { claim, ended_claim, fence: last, expiries }
  if (status === undefined) return kept
  if (status !== 'in_progress') return endClaim(kept, endBy(status, holds(before, by)), made.now)
  return liveClaim(before) ? kept : beginClaim({ ...kept, text_rev }, by.holder, made)
}

/**
 * A task taken from its holder by somebody who may: the same person through another connection, or an approver.
 * @throws AppError `claimed` for anybody else.
 */
export const takeOver = (
  before: Pick<Standing, 'status'> & Claims & Revised,
  by: Claimant,
  made: NewClaim,
): Claims => {
  const live = liveClaim(before)
  if (live && live.holder.actor.user_id !== by.holder.actor.user_id && !by.may_approve)
    throw claimed(live, made.now)
  const { text_rev } = before
  return beginClaim({ ...endClaim(before, 'taken_over', made.now), text_rev }, by.holder, made)
}

/** What becomes of a task whose claim was not renewed, or null when its claim has not ended. */
export const expireClaim = (
  before: Pick<Standing, 'status'> & Claims,
  now: Date,
): (Claims & Readonly<{ status: TaskStatus }>) | null => {
  const live = liveClaim(before)
  if (!live?.until || live.until > now) return null
  const after = endClaim(before, 'expired', now)
  return (after.expiries ?? 0) >= MAX_EXPIRIES
    ? { ...after, status: 'on_hold', expiries: undefined }
    : { ...after, status: 'approved' }
}

/**
 * Whether a renewal is worth a write: not in the first third of the term.
 * @param term_ms the term that is asked for.
 */
export const needsRenewal = ({ until }: Pick<Claim, 'until'>, term_ms: number, now: Date): boolean =>
  until !== null && until.getTime() - now.getTime() < (term_ms * 2) / 3
