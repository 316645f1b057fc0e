// What can be done with a task, as decisions: the task before in, the task after and the events to publish. Pure.

import {
  type Actor,
  PRIORITIES,
  type Priority,
  type TaskStatus,
} from '../../shared/contracts/define/common.ts'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { LoopRef } from '../../shared/contracts/tasks/shapes.ts'
import type { LedgerEntry } from '../../shared/storage/idempotency.ts'
import {
  type Countable,
  type List,
  type Location,
  listsOf,
  type PendingIncrements,
  PUBLIC,
} from './counter-rules.ts'
import { type Readiness, storedReady } from './ready-rules.ts'
import { changeStatus, type Editor, type Standing } from './status-rules.ts'

/**
 * A reservation for a loop. While the loop is being formed, the task changes for nothing else. With `entering`, an id of
 * its own, it is that of one task into a loop that stands, until it is seen that the loop has not shipped meanwhile: put
 * on a task before it moves, and on a new one that is in the loop already.
 */
export type Move = Readonly<{ loop_id: string; at: Date; by: Actor; entering?: string }>

/** A task without what its storage adds. */
export type TaskState = Location &
  Standing &
  Countable &
  Readonly<{
    _id: string
    ws: string
    title: string
    body: string
    priority: Priority
    due_date: string | null
    /** Its place in the order of work, unique, so that a page begins with one comparison. */
    rank: string
    shelves: readonly List[]
    author: Actor
    created_at: Date
    updated_at: Date
    /** The request that made it, if that had a key, with its answer. */
    created: LedgerEntry | null
    move: Move | null
    uncounted: readonly PendingIncrements[]
    /** Set on what is left of a deleted task. */
    deleted_at?: Date
    /** When that goes too; set once its comments are gone and its events are out. */
    expires_at?: Date
  }>

/** A task and the version that it has. */
export type Versioned<T = TaskState> = T & Readonly<{ v: number }>

/** What to write and what to tell. */
export type Decision<T = TaskState> = Readonly<{ next: T; events: readonly PlainEvent[] }>

/** Order within a loop: most urgent first, then by due date with none last, then by age. */
export const rankOf = ({
  _id,
  priority,
  due_date,
}: Readonly<{ _id: string; priority: Priority; due_date: string | null }>): string =>
  `${PRIORITIES.indexOf(priority)}:${due_date ?? '~'}:${_id}`

/** What is stored of a task because it follows from the rest: part of every decision. */
const derived = (task: Location & Readiness & Parameters<typeof rankOf>[0]) => ({
  rank: rankOf(task),
  shelves: listsOf(task),
  ready: storedReady(task),
})

/** Out of any loop: for everyone in the workspace. */
export const NOWHERE: Location = { loop_id: null, acl: PUBLIC }

/** Being in a loop: as visible as that loop is, whose visibility never changes. */
export const locationIn = (loop: Pick<LoopRef, 'id' | 'visibility'>): Location => ({
  loop_id: loop.id,
  acl: loop.visibility === 'private' ? loop.id : PUBLIC,
})

/**
 * The place in a loop that a person names.
 * @throws AppError `invalid_transition` when the loop is shipped.
 */
export const openLocationIn = (
  loop: Pick<LoopRef, 'id' | 'visibility'> & Readonly<{ status: string }>,
): Location => {
  if (loop.status === 'shipped')
    throw new AppError('invalid_transition', 'This loop is shipped; no task can be added to it.', {
      hint: 'Name a loop that is active or on hold, or make a new one with create_loop.',
      details: { loop_id: loop.id, status: loop.status },
    })
  return locationIn(loop)
}

/** What the events of a task tell of it. */
type Tellable = Pick<
  TaskState,
  '_id' | 'title' | 'status' | 'priority' | 'due_date' | 'loop_id' | 'acl' | 'author'
>

const eventData = (task: Tellable, version: number, by: Actor): PlainEvent['data'] => ({
  task_id: task._id,
  title: task.title,
  status: task.status,
  priority: task.priority,
  due_date: task.due_date,
  loop_id: task.loop_id,
  private: task.acl !== PUBLIC,
  version,
  by,
})

/** What tells of a task that is like this: of a new one, or to a reader that begins with it as it is now. */
export const createdEvent = (task: Versioned<Tellable>): PlainEvent => ({
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
  place: Location
  by: Actor
  now: Date
}>

/** A new task, open. */
export const createTask = (task: NewTask): Decision => {
  const { id: _id, ws, title, body, priority, due_date, place, by, now } = task
  const next: TaskState = {
    _id,
    ws,
    title,
    body,
    status: 'open',
    priority,
    due_date,
    ...place,
    ...derived({ _id, status: 'open', priority, due_date, ...place }),
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
  place?: Location | undefined
}>

/** The loop before, for whoever sees the task now: a private loop is named only to those who see what is in it. */
const nameableBefore = (before: Location, after: Location): string | null =>
  before.acl === PUBLIC || before.acl === after.acl ? before.loop_id : null

/** The last word to readers who saw the task and do not see where it is now; it says nothing of that place. */
const hiddenEvents = (before: TaskState, after: Location, version: number): PlainEvent[] =>
  before.acl === PUBLIC && after.acl !== PUBLIC
    ? [{ name: 'task.hidden', data: { task_id: before._id, version } }]
    : []

const CHANGEABLE = ['title', 'body', 'status', 'priority', 'due_date', 'loop_id'] as const

/**
 * The task after a change, or null when it is like that already.
 * @throws AppError `invalid_transition` or `forbidden` as changeStatus does.
 */
export const editTask = (
  before: Versioned,
  change: TaskChange,
  by: Editor,
  now: Date,
): Decision<Versioned> | null => {
  const { status, place = before, title, body, priority, due_date } = change
  const standing = changeStatus(before, status ?? before.status, by)
  const fields = {
    title: title ?? before.title,
    body: body ?? before.body,
    priority: priority ?? before.priority,
    due_date: due_date === undefined ? before.due_date : due_date,
    loop_id: place.loop_id,
    acl: place.acl,
    status: standing.status,
    approved_by: standing.approved_by,
  }
  const changed = CHANGEABLE.filter((name) => fields[name] !== before[name])
  if (changed.length === 0) return null
  const next = {
    ...before,
    ...fields,
    ...derived({ ...before, ...fields }),
    updated_at: now,
  }
  const data = {
    ...eventData(next, before.v + 1, by.actor),
    changed,
    status_before: before.status,
    loop_id_before: nameableBefore(before, next),
  }
  const version = before.v + 1
  return { next, events: [{ name: 'task.updated', data }, ...hiddenEvents(before, next, version)] }
}

/** What is left of a task when it is deleted: no text, on no list, in no loop. */
export const deleteTask = (before: Versioned, by: Actor, now: Date): Decision<Versioned> => ({
  next: {
    ...before,
    ...NOWHERE,
    title: '',
    body: '',
    shelves: [],
    created: before.created && { ...before.created, result: null },
    updated_at: now,
    deleted_at: now,
  },
  events: [{ name: 'task.deleted', data: eventData(before, before.v + 1, by) }],
})

/** What is left of a new task whose loop had shipped when it came: the key of its request is free again. */
export const withdrawTask = (before: Versioned, by: Actor, now: Date): Decision<Versioned> => {
  const { next, events } = deleteTask(before, by, now)
  return { next: { ...next, created: null }, events }
}
