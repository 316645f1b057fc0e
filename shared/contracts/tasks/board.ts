// Operations that the gateway's pages ask for, on behalf of whoever looks at them.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internalRead } from '../define/contract.ts'
import { HeldBy, TaskRow } from './shapes.ts'

/** The private loops that the caller sees, from `list_private_loops`; null: all of them. */
const visible_private_loop_ids = z.array(c.Id).nullable()

/** Loops of one page. */
const LOOPS = 100
/** Claims of one answer. */
const CLAIMS = 500

/** Questions of one page. */
const QUESTIONS = 50
const QUESTIONS_DEFAULT = 20

/** Who works on a task, as a list of loops shows it. */
const LoopHolder = HeldBy.extend({ task_id: c.Id, title: c.Name })

/** A claim as those see it who see its task. */
export const ShownClaim = z.object({
  task_id: c.Id,
  title: c.Name,
  loop_id: c.Id.nullable(),
  by: c.Actor,
  agent: z.string().optional(),
  grant_id: c.Id.optional().describe(
    'The connection: only for its own person, the owner and admins. Absent in the browser too',
  ),
  since: c.Timestamp,
  expires_at: c.Timestamp.nullable().describe('Null: it does not end by itself'),
  heard_at: c.Timestamp.describe('Its holder was heard of then, or later'),
  last_progress: c.Sentence.optional(),
})
export type ShownClaim = z.infer<typeof ShownClaim>

/** What somebody asked on a task, and nobody has answered since. */
export const OpenQuestion = z.object({
  task: TaskRow,
  question: z.object({
    id: c.Id,
    by: c.Actor,
    at: c.Timestamp,
    text: z.string().describe('Markdown, written by its author'),
    text_truncated: z.literal(true).optional().describe('Cut here; get_task has all of it'),
  }),
})
export type OpenQuestion = z.infer<typeof OpenQuestion>

/** A task as a link to it is named. */
const TaskLink = z.object({ id: c.Id, title: c.Name, status: c.TaskStatus })

export const boardInternals = {
  describe_loops: internalRead({
    description:
      'How far the work on loops is, besides the counts by status. Only for loops that the caller sees.',
    input: z.object({ loop_ids: z.array(c.Id).max(LOOPS) }),
    output: z.object({
      loops: z
        .array(
          z.object({
            loop_id: c.Id,
            ready: c.Count.describe('Tasks on which work may begin now'),
            blocked: c.Count.describe('Approved tasks that wait for others'),
            oldest_ready_at: c.Timestamp.optional().describe(
              'When the first filed of the ready ones was filed',
            ),
            holders: z.array(LoopHolder).describe('The first 3 who work on one, longest first'),
            holders_total: c.Count.describe('Of the first 1,000 of all these loops'),
          }),
        )
        .describe('Each loop once, in the order asked'),
    }),
    errors: ['forbidden'],
  }),
  list_claims: internalRead({
    description: 'Who works on what in the workspace, out of what the caller sees, longest first.',
    input: z.object({ visible_private_loop_ids, limit: z.int().min(1).max(CLAIMS).default(CLAIMS) }),
    output: z.object({
      claims: z.array(ShownClaim),
      total: c.Count.describe('At most 1,000'),
    }),
    errors: ['forbidden'],
  }),
  list_open_questions: internalRead({
    description:
      'Tasks that somebody asked a question on, newest question first: nobody else, nor they through another client, has commented since, and the task is neither shipped nor rejected. A page may be short or empty although there are more.',
    input: z.object({
      visible_private_loop_ids,
      limit: z.int().min(1).max(QUESTIONS).default(QUESTIONS_DEFAULT),
      before: c.Id.optional().describe('`next` of the page before'),
    }),
    output: z.object({ questions: z.array(OpenQuestion), next: c.Id.nullable() }),
    errors: ['forbidden'],
  }),
  list_neighbours: internalRead({
    description:
      'The tasks before and behind a position in the list of one status of the whole workspace, newest first, out of what the caller sees.',
    input: z.object({
      position: c.Id.describe('The id of a task, which need not be on the list any more; it grants nothing'),
      status: c.TaskStatus.default('open'),
      visible_private_loop_ids,
    }),
    output: z.object({
      previous: TaskLink.optional().describe('The next newer one'),
      next: TaskLink.optional().describe('The next older one'),
    }),
    errors: ['forbidden'],
  }),
  list_blocked: internalRead({
    description: 'The tasks that wait for a task, unfinished ones first, out of what the caller sees.',
    input: z.object({ task_id: c.Id, visible_private_loop_ids }),
    output: z.object({
      tasks: z.array(TaskLink.extend({ loop_id: c.Id.nullable() })).describe('The first 50'),
      total: c.Count.describe('Counted up to 1,000'),
    }),
    errors: ['forbidden', 'not_found'],
  }),
  count_finished: internalRead({
    description:
      'How many of the tasks that the caller sees each person finished since a moment, by app and agent, most first. A task counts once for each who finished it.',
    input: z.object({ visible_private_loop_ids, since: c.Timestamp }),
    output: z.object({
      finished: z.array(z.object({ by: c.Actor, agent: z.string().optional(), tasks: c.Count })),
      complete: z.boolean().describe('False: only the last 2,000 times that a task was finished are counted'),
    }),
    errors: ['forbidden'],
  }),
}
