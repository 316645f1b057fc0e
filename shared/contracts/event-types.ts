// The types of event that agents can subscribe to over MCP (the Events extension, SEP-3415), each with the events of the bus
// that it follows from. Declared once: the list for clients, the checks and the documents are derived from it.
import * as z from 'zod'
import * as c from './define/common.ts'
import { events as ofLoops } from './loops-queue/events.ts'
import { events as ofTasks } from './tasks/events.ts'

/** A type of event. Subscriptions outlive a release: only optional arguments and members may be added. */
export type EventType = Readonly<{
  description: string
  /** The arguments of a subscription: each narrows it. */
  arguments: z.ZodObject
  /** What an occurrence says. */
  payload: z.ZodObject
  /** The events of the bus that it follows from, by the service that publishes them. */
  follows: Readonly<Record<string, readonly string[]>>
}>

const loop_id = c.Id.optional().describe('Only of this loop')
const label = c.TaskLabel.overwrite(c.normalizeLabel).optional().describe('Only of tasks with this label')
const task_id = c.Id.optional().describe('Only of this task')

/** A task as an occurrence names it, as it is when the occurrence is delivered. */
const NamedTask = z.object({
  task_id: c.Id,
  title: z.string(),
  priority: c.Priority,
  labels: z.array(z.string()).optional(),
  loop_id: c.Id.optional().describe('The loop that it is in; absent: none'),
})

const commented = ofTasks['comment.added'].data.shape
const warned = ofTasks['task.claim_warned'].data.shape
const shipped = ofLoops['loop.shipped'].data.shape

export const EVENT_TYPES = {
  'work.ready': {
    description:
      'Work may begin: a task in an active loop is approved and waits for nothing. Call claim_next_work to take it. Not told of a task that somebody has claimed meanwhile.',
    arguments: z.strictObject({ loop_id, label }),
    payload: NamedTask.partial().extend({
      loop_id: c.Id,
      task_id: c.Id.optional().describe(
        'Absent: a loop with work became active again; told whatever label was asked for',
      ),
    }),
    follows: { tasks: ['task.updated', 'task.unblocked'], 'loops-queue': ['loop.reopened'] },
  },
  'task.approved': {
    description: 'A task became approved, also again after it was on hold.',
    arguments: z.strictObject({ loop_id, label }),
    payload: NamedTask.extend({ by: c.Actor }),
    follows: { tasks: ['task.updated'] },
  },
  'task.commented': {
    description: 'Somebody wrote a comment on a task. get_task has its whole text.',
    arguments: z.strictObject({ task_id, loop_id, label }),
    payload: NamedTask.extend({
      comment_id: commented.comment_id,
      excerpt: commented.excerpt,
      kind: commented.kind,
      by: commented.by,
    }),
    follows: { tasks: ['comment.added'] },
  },
  'claim.expiring': {
    description:
      'A claim of this connection ends soon unless it is renewed. Call renew_claims. Not told of a claim that was renewed meanwhile.',
    arguments: z.strictObject({
      agent: c.Label.optional().describe('Only of claims with this label'),
    }),
    payload: NamedTask.extend({
      expires_at: warned.expires_at,
      agent: z.string().optional().describe('The label of the claim, if it has one'),
    }),
    follows: { tasks: ['task.claim_warned'] },
  },
  'loop.shipped': {
    description: 'A loop was shipped. get_loop has its tasks.',
    arguments: z.strictObject({ loop_id }),
    payload: z.object({
      loop_id: shipped.loop_id,
      name: shipped.name,
      shipped_at: shipped.shipped_at,
      task_counts: shipped.task_counts,
      by: shipped.by,
    }),
    follows: { 'loops-queue': ['loop.shipped'] },
  },
} as const satisfies Readonly<Record<string, EventType>>

/** The name of a type of event. */
export type EventTypeName = keyof typeof EVENT_TYPES

/** The arguments of a subscription to a type of event. */
export type ArgumentsOf<N extends EventTypeName> = z.output<(typeof EVENT_TYPES)[N]['arguments']>
/** What an occurrence of a type of event says. */
export type PayloadOf<N extends EventTypeName> = z.output<(typeof EVENT_TYPES)[N]['payload']>

/** Whether there is a type of event with this name. */
export const isEventTypeName = (name: string): name is EventTypeName => Object.hasOwn(EVENT_TYPES, name)
