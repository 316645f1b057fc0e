// What can be done with a task, as decisions: the task before in, the task after and its events out. Pure.

import {
  type Actor,
  PRIORITIES,
  type Priority,
  type TaskStatus,
} from '../../shared/contracts/define/common.ts'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import type { CommentKind } from '../../shared/contracts/tasks/shapes.ts'
import type { LedgerEntry } from '../../shared/storage/idempotency.ts'
import { type Approvals, approvalAfter, withdrawsApproval } from './approval-rules.ts'
import { type Blocking, type Edge, edgeFields, pendingSync } from './blocker-rules.ts'
import type { Claims } from './claim-rules.ts'
import type { Countable, PendingIncrements } from './counter-rules.ts'
import type { Imported } from './import-rules.ts'
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
  Blocking &
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
    /** Where it was imported from. */
    imported?: Imported | undefined
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

/** What every event of a task says about it. */
export const eventData = (task: EventTask, version: number, by: Actor): PlainEvent['data'] => ({
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
export const createdEvent = (task: Versioned<EventTask & Pick<TaskState, 'open_blockers'>>): PlainEvent => ({
  name: 'task.created',
  data: {
    ...eventData(task, task.v, task.author),
    ...(task.open_blockers ? { open_blockers: task.open_blockers } : {}),
  },
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
  /** What it is to wait for. */
  blocked_by?: readonly Edge[] | undefined
  location: Location
  by: Actor
  now: Date
}>

/** A new task, open. */
export const createTask = (task: NewTask): Decision => {
  const { id: _id, ws, title, body, priority, due_date, location, by, now } = task
  const labels = labelsOf(task.labels)
  const edges = edgeFields(task.blocked_by)
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
    ...edges,
    pending_sync: pendingSync({ status: 'open', v: 0 }, { status: 'open', ...edges }, by, now),
    ...derived({ _id, status: 'open', priority, due_date, labels, ...location, ...edges }),
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
  /** All that it is to wait for. */
  blocked_by?: readonly Edge[] | undefined
}>

/** The loop before, as those who see the task now may know it: a private loop is named only to those who see it. */
const nameableBefore = (before: Location, after: Location): string | null =>
  !isPrivate(before) || before.acl === after.acl ? before.loop_id : null

/** The last event for readers who saw the task and do not see it any more; it does not say where the task is. */
const hiddenEvents = (before: TaskState, after: Location, version: number): PlainEvent[] =>
  !isPrivate(before) && isPrivate(after)
    ? [{ name: 'task.hidden', data: { task_id: before._id, version } }]
    : []

/** The event of a task that waits for nothing any more. */
const unblockedEvents = (before: TaskState, after: TaskState, version: number, by: Actor): PlainEvent[] =>
  before.open_blockers && !after.open_blockers
    ? [{ name: 'task.unblocked', data: eventData(after, version, by) }]
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
  const { blocked_by = before.blocked_by } = change
  const edges = blocked_by === before.blocked_by ? {} : edgeFields(blocked_by)
  const changed = CHANGEABLE.filter((name) => fields[name] !== before[name])
  // Readers of `changed` know its names; what later releases made changeable has a list of its own.
  const also_changed = sameLabels(fields.labels, before.labels) ? [] : ['labels']
  if (changed.length + also_changed.length === 0 && blocked_by === before.blocked_by) return null
  const next = {
    ...before,
    ...fields,
    ...edges,
    ...derived({ ...before, ...fields, ...edges }),
    pending_sync: pendingSync(before, { ...fields, blocked_by }, by.actor, now),
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
    ...(next.blocked_by === before.blocked_by ? {} : { open_blockers: next.open_blockers ?? 0 }),
  }
  const version = before.v + 1
  const further = [
    ...hiddenEvents(before, next, version),
    ...unblockedEvents(before, next, version, by.actor),
  ]
  return { next, events: [{ name: 'task.updated', data }, ...further] }
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
    imported: undefined,
    ...edgeFields(),
    pending_sync: pendingSync(before, { status: before.status, deleted_at: now }, by, now),
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
