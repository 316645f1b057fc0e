// The life of one loop: created, renamed, held, reopened, shipped, and its members. Pure.
//
// The members of a loop are the people whom a private loop names: they and the owner of the workspace see it. A public loop
// has no members of its own (null): everybody in the workspace sees it. Being shipped is final; of a shipped loop only the
// members of a private one can still change, because they decide who sees it. The order of loops is in queue-rules.ts.

import {
  type Actor,
  LIMITS,
  type LoopStatus,
  type TaskCounts,
  type Visibility,
} from '../../shared/contracts/define/common.ts'
import type { EventOf } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'

/** The reader of a public loop, in place of its members. */
export const EVERYBODY = 'public'
/** Most members of a private loop. */
export const LOOP_MEMBERS = 1_000
/** Most tasks that a ship report names: of those shipped, and of those unfinished. */
const REPORTED_TASKS = 20
/** Most people that it names: its event stays far below the largest message of the bus. */
const REPORTED_PEOPLE = 1_000

/** A task that a loop was made from, and the loop that it was in before. */
export type FormedFrom = Readonly<{ task_id: string; moved_from: string | null }>

/** A loop's own fields. */
export type LoopState = {
  _id: string
  ws: string
  name: string
  description: string
  ai_context: string
  visibility: Visibility
  /** Who sees it besides the owner of the workspace: `public` alone, or the members of a private loop by their ids. */
  readers: readonly string[]
  /** When the members were added who were not members from the beginning. */
  added_at?: Readonly<Record<string, Date>>
  /** `forming`: tasks are being moved into it; nobody sees it, and it is removed if that does not end soon. */
  status: 'forming' | LoopStatus
  /** A ULID of the moment of its last change of status: lists sort and page by it. */
  status_key: string
  /** Who changed its status last; absent where an earlier release did. */
  status_by?: Actor
  /** The mark: the `status_key` of a change that the order may not have yet. */
  unqueued?: string
  created_by: Actor
  created_at: Date
  updated_at: Date
  shipped_at: Date | null
  shipped_by: Actor | null
  /** Since when a shipped loop owes its report, loop.shipped; null once that is published. */
  report_due?: Date | null
  /** The scoped idempotency key of the request that created it. */
  create_key?: string
  /** Of a loop made from tasks: those tasks. */
  formed_from?: readonly FormedFrom[]
}

/** A loop that is no longer forming: what callers see and change. */
export type StandingLoop = LoopState & { status: LoopStatus }
/** A loop with its version, as decisions and views take it. */
export type Versioned<L extends LoopState = StandingLoop> = L & Readonly<{ v: number }>
/** A decision: the next state of the loop, and its events. Null in its place: nothing to change. */
export type Decision = Readonly<{ next: StandingLoop; events: readonly EventOf<typeof loopsQueue>[] }>

/** When and by whom a loop is changed, and the new `status_key`. */
export type Moment = Readonly<{ by: Actor; now: Date; key: string }>

/**
 * Checks that one more loop may be active. Instances that count at the same moment may together pass the limit by one each;
 * nothing breaks then.
 * @throws AppError `limit_exceeded`.
 */
export const requireActiveRoom = (active: number): void => {
  if (active < LIMITS.active_loops) return
  throw new AppError(
    'limit_exceeded',
    `This workspace has ${active} active loops; the limit is ${LIMITS.active_loops}.`,
    {
      hint: 'Ship loops that are done with ship_loop, or put some on hold with close_loop.',
      details: { field: 'active loops', limit: LIMITS.active_loops, size: active + 1 },
    },
  )
}

/** What a new loop is asked to be. */
export type NewLoop = Readonly<{
  name: string
  description: string
  ai_context: string
  visibility: Visibility
  /** Members of a private loop besides its creator. */
  member_ids: readonly string[]
  create_key?: string
}>

/** What the events of a loop say about it. */
type EventLoop = Pick<StandingLoop, '_id' | 'name' | 'visibility' | 'readers' | 'status' | 'created_by'>

/** The members of a private loop by their ids; null for a public one, which everybody in the workspace sees. */
export const membersOf = (loop: Pick<LoopState, 'visibility' | 'readers'>): string[] | null =>
  loop.visibility === 'private' ? [...loop.readers] : null

/** What every event of a loop says; `version` is that of the change. */
const eventData = (loop: EventLoop, version: number, by: Actor) => ({
  loop_id: loop._id,
  name: loop.name,
  visibility: loop.visibility,
  status: loop.status,
  version,
  member_ids: membersOf(loop),
  by,
})

/** What a change of status writes besides the status. */
const statusChange = (by: Actor, key: string) => ({ status_key: key, status_by: by, unqueued: key })

/** A new loop before it is stored: active, or forming while tasks are moved into it. */
export const newLoop = <S extends 'active' | 'forming'>(
  id: string,
  ws: string,
  status: S,
  asked: NewLoop,
  { by, now, key }: Moment,
): LoopState & { status: S } => ({
  _id: id,
  ws,
  name: asked.name,
  description: asked.description,
  ai_context: asked.ai_context,
  visibility: asked.visibility,
  readers: asked.visibility === 'public' ? [EVERYBODY] : [...new Set([by.user_id, ...asked.member_ids])],
  status,
  ...(status === 'active' ? statusChange(by, key) : { status_key: key }),
  created_by: by,
  created_at: now,
  updated_at: now,
  shipped_at: null,
  shipped_by: null,
  ...(asked.create_key === undefined ? {} : { create_key: asked.create_key }),
})

/** The event of a new loop that is stored at `version`, or of one as it is then for a reader that begins with it. */
export const createdEvents = (loop: EventLoop, version: number): Decision['events'] => [
  { name: 'loop.created', data: eventData(loop, version, loop.created_by) },
]

/** A forming loop becomes active: from this moment its forming is a fact. */
export const formed = (
  loop: Versioned<LoopState>,
  from: readonly FormedFrom[],
  { now, key }: Omit<Moment, 'by'>,
): Decision => {
  const next = {
    ...loop,
    status: 'active' as const,
    ...statusChange(loop.created_by, key),
    updated_at: now,
    formed_from: from,
  }
  return { next, events: createdEvents(next, loop.v + 1) }
}

const refuseShipped = (loop: LoopState, what: string): never => {
  throw new AppError(
    'invalid_transition',
    `Loop ${loop._id} is shipped, which is final; it cannot be ${what}.`,
    {
      hint: 'For further work, make a new loop with create_loop.',
      details: { loop_id: loop._id, status: 'shipped', allowed: [] },
    },
  )
}

/** The texts of a loop that can change; absent ones stay as they are. */
export type LoopTexts = Readonly<{
  name?: string | undefined
  description?: string | undefined
  ai_context?: string | undefined
}>
const TEXTS = ['name', 'description', 'ai_context'] as const

/**
 * Changes the texts of a loop, active or on hold. What is said of a shipped loop stands in its report.
 * @throws AppError `invalid_transition` when it is shipped.
 */
export const editTexts = (
  loop: Versioned,
  texts: LoopTexts,
  { by, now }: Omit<Moment, 'key'>,
): Decision | null => {
  const { name = loop.name, description = loop.description, ai_context = loop.ai_context } = texts
  const asked = { name, description, ai_context }
  const changed = TEXTS.filter((text) => asked[text] !== loop[text])
  if (changed.length === 0) return null
  if (loop.status === 'shipped') return refuseShipped(loop, 'changed')
  const next = { ...loop, ...asked, updated_at: now }
  return { next, events: [{ name: 'loop.updated', data: { ...eventData(next, loop.v + 1, by), changed } }] }
}

/**
 * Puts an active loop on hold: `close_loop` asks for it.
 * @throws AppError `invalid_transition` when it is shipped.
 */
export const hold = (loop: Versioned, { by, now, key }: Moment): Decision | null => {
  if (loop.status === 'on_hold') return null
  if (loop.status === 'shipped') return refuseShipped(loop, 'put on hold')
  const next = { ...loop, status: 'on_hold' as const, ...statusChange(by, key), updated_at: now }
  return { next, events: [{ name: 'loop.held', data: eventData(next, loop.v + 1, by) }] }
}

/**
 * Brings a loop back from hold.
 * @throws AppError `invalid_transition` when it is shipped.
 */
export const reopen = (loop: Versioned, { by, now, key }: Moment): Decision | null => {
  if (loop.status === 'active') return null
  if (loop.status === 'shipped') return refuseShipped(loop, 'reopened')
  const next = { ...loop, status: 'active' as const, ...statusChange(by, key), updated_at: now }
  return { next, events: [{ name: 'loop.reopened', data: eventData(next, loop.v + 1, by) }] }
}

/** What the tasks service says about a loop that is shipped. */
export type ShipSummary = Readonly<{
  counts: TaskCounts
  shipped: readonly TaskRow[]
  unfinished: readonly TaskRow[]
  unfinished_total: number
  /** Who filed its tasks. */
  author_ids: readonly string[]
}>

const taskLines = (rows: readonly TaskRow[]) =>
  rows.slice(0, REPORTED_TASKS).map(({ id, title, status }) => ({ task_id: id, title, status }))

const participants = (loop: LoopState, { author_ids }: ShipSummary, by: Actor): string[] =>
  [...new Set([loop.created_by.user_id, by.user_id, ...author_ids])].slice(0, REPORTED_PEOPLE)

/**
 * Ships a loop, active or on hold, for good. What it ships with is known only when nothing can be moved into it any more:
 * the report follows.
 */
export const ship = (loop: Versioned, { by, now, key }: Moment): Decision | null => {
  if (loop.status === 'shipped') return null
  const status = 'shipped' as const
  const next = {
    ...loop,
    status,
    ...statusChange(by, key),
    updated_at: now,
    shipped_at: now,
    shipped_by: by,
    report_due: now,
  }
  return { next, events: [] }
}

/** A loop that is shipped and owes its report. */
export type UnreportedLoop = StandingLoop & { shipped_at: Date; shipped_by: Actor; report_due: Date }

/** Whether a loop still owes its report. */
export const owesReport = <L extends StandingLoop>(loop: L): loop is L & UnreportedLoop =>
  loop.status === 'shipped' && loop.shipped_by !== null && !!loop.shipped_at && !!loop.report_due

/** The report of a shipped loop: the event from which every mail about it is made. */
export const shipReport = (
  loop: Versioned<UnreportedLoop>,
  summary: ShipSummary,
): EventOf<typeof loopsQueue> & { name: 'loop.shipped' } => ({
  name: 'loop.shipped',
  data: {
    ...eventData(loop, loop.v, loop.shipped_by),
    description: loop.description,
    shipped_at: loop.shipped_at.toISOString(),
    member_ids: membersOf(loop),
    task_counts: summary.counts,
    shipped_tasks: taskLines(summary.shipped),
    unfinished_tasks: taskLines(summary.unfinished),
    unfinished_total: summary.unfinished_total,
    people_ids: participants(loop, summary, loop.shipped_by),
  },
})

/**
 * Adds a person to the members of a private loop, of any status, or removes one; null when there is nothing to change.
 * @throws AppError `invalid_argument` for a public loop, `limit_exceeded` when it has LOOP_MEMBERS members.
 */
export const setMember = (
  loop: Versioned,
  user_id: string,
  member: boolean,
  { by, now }: Omit<Moment, 'key'>,
): Decision | null => {
  if (loop.visibility === 'public')
    throw new AppError('invalid_argument', 'A public loop has no members of its own: everybody sees it.')
  if (loop.readers.includes(user_id) === member) return null
  if (member && loop.readers.length >= LOOP_MEMBERS)
    throw new AppError('limit_exceeded', `A private loop has at most ${LOOP_MEMBERS} members.`, {
      details: { field: 'members', limit: LOOP_MEMBERS, size: loop.readers.length + 1 },
    })
  const readers = member ? [...loop.readers, user_id] : loop.readers.filter((id) => id !== user_id)
  const { [user_id]: _, ...others } = loop.added_at ?? {}
  const added_at = member ? { ...others, [user_id]: now } : others
  const next = { ...loop, readers, added_at, updated_at: now }
  return {
    next,
    events: [
      { name: 'loop.members_changed', data: { ...eventData(next, loop.v + 1, by), member_ids: readers } },
    ],
  }
}

/** Whether somebody has been a member of a private loop since before a moment. */
export const wasMemberBefore = (loop: LoopState, user_id: string, moment: Date): boolean =>
  loop.readers.includes(user_id) && (loop.added_at?.[user_id] ?? loop.created_at) <= moment
