// Which event of the bus is an occurrence of a type of event, and what a subscriber is told of it. Pure.
//
// What is told comes from the task or loop as it is at delivery and as its reader sees it then, never from how it was: a
// task may have moved out of sight since, or may be in somebody's hands.
import type { CloudEvent } from '../contracts/define/cloud-event.ts'
import {
  type ArgumentsOf,
  EVENT_TYPES,
  type EventType,
  type EventTypeName,
  type PayloadOf,
} from '../contracts/event-types.ts'
import type { SeenTask } from '../contracts/tasks/shapes.ts'

/** The members of an event that decide. */
export type Happened = Pick<CloudEvent, 'id' | 'type' | 'time' | 'data'>

/** A subscription to one type of event. */
export type Subscription<N extends EventTypeName = EventTypeName> = {
  [K in N]: Readonly<{ name: K; arguments: ArgumentsOf<K> }>
}[N]

/** What has to be looked up before anybody is told of an event. */
export type About = Readonly<{ task_id: string } | { loop_id: string }>

/** What a reader sees of it at delivery. */
export type Seen = Readonly<{
  /** Undefined: there is no such task, or the reader does not see it. */
  task: (id: string) => SeenTask | undefined
  /** Whether a loop is active. */
  isActive: (loop_id: string) => boolean
  /** Whether a loop has tasks that are ready. */
  hasReady: (loop_id: string) => boolean
  /** Whether the reader sees a private loop. */
  sees: (loop_id: string) => boolean
}>

/** An occurrence as it is delivered (SEP-3415, Event Occurrences), without the cursor that some ways of delivery add. */
export type Occurrence = Readonly<{
  eventId: string
  name: EventTypeName
  timestamp: string
  data: Readonly<Record<string, unknown>>
}>

type Rules<N extends EventTypeName> = Readonly<{
  /** Whether an event may be an occurrence, going by the event alone. */
  isOne: (happened: Happened, asked: ArgumentsOf<N>) => boolean
  /** What the subscriber is told; undefined: nothing. */
  tell: (happened: Happened, asked: ArgumentsOf<N>, seen: Seen) => PayloadOf<N> | undefined
}>

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => String(value ?? '')

/** A task as occurrences name it. */
const named = ({ id, title, priority, labels, loop_id }: SeenTask) => ({
  task_id: id,
  title,
  priority,
  ...(labels ? { labels } : {}),
  ...(loop_id === null ? {} : { loop_id }),
})

/** Whether a task is among those that a subscription is about. */
const isAsked = (
  task: SeenTask,
  { loop_id, label }: Readonly<{ loop_id?: string | undefined; label?: string | undefined }>,
): boolean =>
  (loop_id === undefined || task.loop_id === loop_id) &&
  (label === undefined || (task.labels?.includes(label) ?? false))

/** Whether the reader may know what an event says of a private loop, whatever became of its task since. */
const mayKnow = ({ data }: Happened, { sees }: Seen): boolean => {
  const isPrivate = data.private === true || data.visibility === 'private'
  return !isPrivate || typeof data.loop_id !== 'string' || sees(data.loop_id)
}

/** The changes of a task by which work on it may become ready. */
const mayBecomeReady = ({ type, data }: Happened, label: string | undefined): boolean => {
  if (data.status !== 'approved') return false
  if (type !== 'task.updated') return true
  const changed = list(data.changed)
  return (
    changed.includes('status') ||
    changed.includes('loop_id') ||
    (label !== undefined && list(data.also_changed).includes('labels'))
  )
}

const RULES: { readonly [N in EventTypeName]: Rules<N> } = {
  'work.ready': {
    isOne: (happened, { label }) => happened.type === 'loop.reopened' || mayBecomeReady(happened, label),
    tell: ({ type, data }, asked, { task, isActive, hasReady }) => {
      if (type === 'loop.reopened') {
        const loop_id = text(data.loop_id)
        const isOf = asked.loop_id === undefined || asked.loop_id === loop_id
        return isOf && isActive(loop_id) && hasReady(loop_id) ? { loop_id } : undefined
      }
      const found = task(text(data.task_id))
      if (!found?.ready || found.loop_id === null || !isActive(found.loop_id)) return undefined
      return isAsked(found, asked) ? { ...named(found), loop_id: found.loop_id } : undefined
    },
  },
  'task.approved': {
    // Whoever gives a task back makes it approved too: nobody approved anything then.
    isOne: ({ data }) =>
      data.status === 'approved' &&
      data.status_before !== 'in_progress' &&
      list(data.changed).includes('status'),
    tell: ({ data }, asked, { task }) => {
      const found = task(text(data.task_id))
      if (!found || !isAsked(found, asked)) return undefined
      return { ...named(found), by: data.by as PayloadOf<'task.approved'>['by'] }
    },
  },
  'task.commented': {
    isOne: ({ data }, { task_id }) =>
      typeof data.task_id === 'string' && (task_id === undefined || task_id === data.task_id),
    tell: ({ data }, asked, { task }) => {
      const found = task(text(data.task_id))
      if (!found || !isAsked(found, asked)) return undefined
      const { comment_id, excerpt, by, kind } = data as PayloadOf<'task.commented'>
      return { ...named(found), comment_id, excerpt, by, ...(kind ? { kind } : {}) }
    },
  },
  'claim.expiring': {
    isOne: ({ data }, { agent }) => agent === undefined || agent === data.agent,
    tell: ({ data }, { agent }, { task }) => {
      const found = task(text(data.task_id))
      const claim = found?.own_claim
      if (!found || !claim || claim.expires_at !== data.expires_at) return undefined
      return agent === undefined || agent === claim.agent ? { ...named(found), ...claim } : undefined
    },
  },
  'loop.shipped': {
    isOne: ({ data }, { loop_id }) => loop_id === undefined || loop_id === data.loop_id,
    tell: ({ data }) => {
      const { loop_id, name, shipped_at, task_counts, by } = data as PayloadOf<'loop.shipped'>
      return { loop_id, name, shipped_at, task_counts, by }
    },
  },
}

/** The names of the events that a type of event follows from, by service. */
const followed = (name: EventTypeName): EventType['follows'] => EVENT_TYPES[name].follows

/** Every event that a type of event follows from. */
export const sourcesOf = (name: EventTypeName): readonly string[] => Object.values(followed(name)).flat()

const rulesOf = (subscription: Subscription): Rules<EventTypeName> =>
  // The table gives each name the rules for its own arguments.
  RULES[subscription.name] as unknown as Rules<EventTypeName>

/** What has to be looked up before a subscriber is told of an event; undefined: it is no occurrence for them. */
export const aboutOf = (happened: Happened, subscription: Subscription): About | undefined => {
  if (!sourcesOf(subscription.name).includes(happened.type)) return undefined
  if (!rulesOf(subscription).isOne(happened, subscription.arguments)) return undefined
  const { task_id, loop_id } = happened.data
  if (typeof task_id === 'string') return { task_id }
  return typeof loop_id === 'string' ? { loop_id } : undefined
}

/** The occurrence that a subscriber is told of; undefined: none that they may know of now. */
export const occurrenceOf = (
  happened: Happened,
  subscription: Subscription,
  seen: Seen,
): Occurrence | undefined => {
  if (aboutOf(happened, subscription) === undefined || !mayKnow(happened, seen)) return undefined
  const data = rulesOf(subscription).tell(happened, subscription.arguments, seen)
  if (!data) return undefined
  return { eventId: happened.id, name: subscription.name, timestamp: happened.time, data }
}
