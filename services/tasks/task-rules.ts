// What can be done with a task, as decisions: the task before in, the task after and its events out. Pure.

import {
  type Actor,
  LIMITS,
  PRIORITIES,
  type Priority,
  type TaskStatus,
} from '../../shared/contracts/define/common.ts'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import type { CommentKind } from '../../shared/contracts/tasks/shapes.ts'
import type { LedgerEntry } from '../../shared/storage/idempotency.ts'
import { type Approvals, approvalAfter, withdrawsApproval } from './approval-rules.ts'
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
import type { Countable, PendingIncrements } from './counter-rules.ts'
import { labelledOf, labelsOf, sameLabels } from './label-rules.ts'
import { type Readiness, storedReady } from './ready-rules.ts'
import type { Editor, Standing } from './status-rules.ts'
import { isPrivate, type List, type Location, listsOf, NOWHERE } from './visibility-rules.ts'

/**
 * A reservation of a task for a loop. Without `entering`, the loop is being formed, and nothing else changes the task until
 * that is over. With it (an id of its own), one task moves into a loop that exists: a task is reserved before it moves, a
 * new one is inserted in the loop with its reservation, which goes when the loop is found not to have shipped meanwhile.
 */
export type Reservation = Readonly<{ loop_id: string; at: Date; by: Actor; entering?: string }>

/** A comment that belongs to a change of its task, until it stands among the comments. */
export type PendingComment = Readonly<{
  id: string
  kind?: CommentKind | undefined
  author: Actor
  text: string
  at: Date
}>

/** A task without what its storage adds. */
export type TaskState = Location &
  Standing &
  Countable &
  Claims &
  Approvals &
  Readonly<{
    _id: string
    ws: string
    title: string
    body: string
    priority: Priority
    due_date: string | null
    /** Absent: none. */
    labels?: readonly string[] | undefined
    /** What it is found by: its labels, each with each of its lists. */
    labelled?: readonly string[] | undefined
    /** Sorts it in the order of work; unique, so that a page begins with one comparison. */
    rank: string
    shelves: readonly List[]
    author: Actor
    created_at: Date
    updated_at: Date
    /** The request that made it, if that had a key, with its answer. */
    created: LedgerEntry | null
    move: Reservation | null
    uncounted: readonly PendingIncrements[]
    /** Written with the change that they belong to. Tasks of earlier releases have no such list. */
    pending_comments?: readonly PendingComment[]
    /** The comment with the question that it is on hold for. */
    question_id?: string | undefined
    /** Pull requests, commits and pages that its completions named. */
    links?: readonly string[] | undefined
    /** Set on the tombstone of a deleted task. */
    deleted_at?: Date
    /** When the tombstone goes; set once the comments are gone and the events are published. */
    expires_at?: Date
  }>

/** A task and the version that it has. */
export type Versioned<T = TaskState> = T & Readonly<{ v: number }>

/** What to write and what to publish. */
export type Decision<T = TaskState> = Readonly<{
  next: T
  events: readonly PlainEvent[]
  /** A comment that is written with it. */
  comment?: PendingComment | undefined
}>

/** Order within a loop: most urgent first, then by due date with none last, then by age. */
export const rankOf = ({
  _id,
  priority,
  due_date,
}: Readonly<{ _id: string; priority: Priority; due_date: string | null }>): string =>
  `${PRIORITIES.indexOf(priority)}:${due_date ?? '~'}:${_id}`

/** The stored fields that follow from the others: part of every decision that changes a task. */
const derived = (task: Location & Readiness & Pick<TaskState, 'labels'> & Parameters<typeof rankOf>[0]) => ({
  rank: rankOf(task),
  shelves: listsOf(task),
  labelled: labelledOf(listsOf(task), task.labels),
  ready: storedReady(task),
})

/** What the events of a task say about it. */
type EventTask = Pick<
  TaskState,
  '_id' | 'title' | 'status' | 'priority' | 'due_date' | 'labels' | 'loop_id' | 'acl' | 'author'
>

const eventData = (task: EventTask, version: number, by: Actor): PlainEvent['data'] => ({
  task_id: task._id,
  title: task.title,
  status: task.status,
  priority: task.priority,
  due_date: task.due_date,
  ...(task.labels ? { labels: task.labels } : {}),
  loop_id: task.loop_id,
  private: isPrivate(task),
  version,
  by,
})

/** The event of a new task, or of one as it is now for a reader that begins with it. */
export const createdEvent = (task: Versioned<EventTask>): PlainEvent => ({
  name: 'task.created',
  data: eventData(task, task.v, task.author),
})

/** What a new task is made of. */
export type NewTask = Readonly<{
  id: string
  ws: string
  title: string
  body: string
  priority: Priority
  due_date: string | null
  labels?: readonly string[] | undefined
  location: Location
  by: Actor
  now: Date
}>

/** A new task, open. */
export const createTask = (task: NewTask): Decision => {
  const { id: _id, ws, title, body, priority, due_date, location, by, now } = task
  const labels = labelsOf(task.labels)
  const next: TaskState = {
    _id,
    ws,
    title,
    body,
    status: 'open',
    priority,
    due_date,
    ...(labels && { labels }),
    ...location,
    ...derived({ _id, status: 'open', priority, due_date, labels, ...location }),
    author: by,
    approved_by: null,
    created_at: now,
    updated_at: now,
    created: null,
    move: null,
    uncounted: [],
  }
  return { next, events: [createdEvent({ ...next, v: 1 })] }
}

/** What to change; absent members stay as they are. */
export type TaskChange = Readonly<{
  title?: string | undefined
  body?: string | undefined
  status?: TaskStatus | undefined
  priority?: Priority | undefined
  due_date?: string | null | undefined
  /** All of them; an empty list takes them off. */
  labels?: readonly string[] | undefined
  location?: Location | undefined
}>

/** The loop before, as those who see the task now may know it: a private loop is named only to those who see it. */
const nameableBefore = (before: Location, after: Location): string | null =>
  !isPrivate(before) || before.acl === after.acl ? before.loop_id : null

/** The last event for readers who saw the task and do not see it any more; it does not say where the task is. */
const hiddenEvents = (before: TaskState, after: Location, version: number): PlainEvent[] =>
  !isPrivate(before) && isPrivate(after)
    ? [{ name: 'task.hidden', data: { task_id: before._id, version } }]
    : []

const CHANGEABLE = ['title', 'body', 'status', 'priority', 'due_date', 'loop_id'] as const

/**
 * The task after a change, or null when it is like that already. A task in a shipped loop can be changed like any other.
 * @throws AppError `invalid_transition` or `forbidden` as approvalAfter does.
 */
export const editTask = (
  before: Versioned,
  change: TaskChange,
  by: Editor,
  now: Date,
): Decision<Versioned> | null => {
  const { status, location = before, title, body, priority, due_date } = change
  const texts = { title: title ?? before.title, body: body ?? before.body }
  const fields = {
    ...texts,
    ...approvalAfter(before, { ...texts, status }, by, now),
    priority: priority ?? before.priority,
    due_date: due_date === undefined ? before.due_date : due_date,
    loop_id: location.loop_id,
    acl: location.acl,
    labels: change.labels ? labelsOf(change.labels) : before.labels,
  }
  const changed = CHANGEABLE.filter((name) => fields[name] !== before[name])
  // Readers of `changed` know its names; what later releases made changeable has a list of its own.
  const also_changed = sameLabels(fields.labels, before.labels) ? [] : ['labels']
  if (changed.length + also_changed.length === 0) return null
  const next = {
    ...before,
    ...fields,
    ...derived({ ...before, ...fields }),
    question_id: fields.status === 'on_hold' ? before.question_id : undefined,
    updated_at: now,
  }
  const data = {
    ...eventData(next, before.v + 1, by.actor),
    changed,
    ...(also_changed.length > 0 ? { also_changed } : {}),
    status_before: before.status,
    ...(withdrawsApproval(before, next) ? { approval_withdrawn: true } : {}),
    loop_id_before: nameableBefore(before, next),
    ...(changed.includes('priority') ? { priority_before: before.priority } : {}),
    ...(changed.includes('due_date') ? { due_date_before: before.due_date } : {}),
  }
  const version = before.v + 1
  return { next, events: [{ name: 'task.updated', data }, ...hiddenEvents(before, next, version)] }
}

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
  return { next, events: [...(decision?.events ?? []), ...events] }
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
  }
  return { next, events: [...decision.events, { name: 'task.claim_expired', data }] }
}

/** Deletes a task: what is left has no text, is on no list and in no loop. */
export const deleteTask = (before: Versioned, by: Actor, now: Date): Decision<Versioned> => ({
  next: {
    ...before,
    ...NOWHERE,
    title: '',
    body: '',
    shelves: [],
    labels: undefined,
    labelled: undefined,
    claim: undefined,
    ended_claim: undefined,
    claim_request: undefined,
    approved_text: undefined,
    links: undefined,
    created: before.created && { ...before.created, result: null },
    updated_at: now,
    deleted_at: now,
  },
  events: [{ name: 'task.deleted', data: eventData(before, before.v + 1, by) }],
})

/** Deletes a new task whose loop had shipped before it came: the idempotency key of its request can be used again. */
export const withdrawTask = (before: Versioned, by: Actor, now: Date): Decision<Versioned> => {
  const { next, events } = deleteTask(before, by, now)
  return { next: { ...next, created: null }, events }
}
