// What happens to tasks and comments.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { event } from '../define/contract.ts'
import { CommentKind } from './shapes.ts'

const EventTask = z.object({
  task_id: c.Id,
  title: z.string(),
  status: c.TaskStatus,
  priority: c.Priority,
  due_date: c.CalendarDate.nullable(),
  labels: z.array(z.string()).optional().describe('Absent: none'),
  loop_id: c.Id.nullable(),
  private: z.boolean().describe('True: in a private loop'),
  version: c.Version,
  by: c.Actor,
})

const NOT_PRIVATE = { member: 'private', is: false } as const

export const events = {
  'task.created': event({
    description: 'A task was filed.',
    subject: 'task_id',
    data: EventTask.extend({
      open_blockers: c.Count.optional().describe('How many tasks it waits for, if any'),
    }),
    public: NOT_PRIVATE,
    record: 'task, of any `status`',
  }),
  'task.updated': event({
    description:
      'A task changed: its fields as they are now, the names of those that changed, and its status and loop before.',
    subject: 'task_id',
    data: EventTask.extend({
      changed: z.array(z.enum(['title', 'body', 'status', 'priority', 'due_date', 'loop_id'])),
      also_changed: z.array(z.string()).optional().describe('Further fields that changed, such as labels'),
      status_before: c.TaskStatus,
      agent: z
        .string()
        .optional()
        .describe('The label of the agent that changed it, if it gave one for its claim'),
      approval_withdrawn: z
        .literal(true)
        .optional()
        .describe('A new text took the approval back: it waits for a new one'),
      loop_id_before: c.Id.nullable().describe('Also null when the task has left a private loop'),
      priority_before: c.Priority.optional().describe('If it changed'),
      due_date_before: c.CalendarDate.nullable().optional().describe('If it changed'),
      open_blockers: c.Count.optional().describe(
        'How many tasks it still waits for, if that may have changed',
      ),
    }),
    public: NOT_PRIVATE,
  }),
  'task.claimed': event({
    description: 'Somebody claimed a task: they are working on it, and nobody else does.',
    subject: 'task_id',
    data: EventTask.extend({
      agent: z.string().nullable().describe('The label of the agent, if it gave one'),
      fence: z.int().min(1).describe('Grows with each claim of the task'),
      expires_at: c.Timestamp.nullable().describe('When the claim ends unless it is renewed; null: never'),
      attempt: z.int().min(1).describe('More than 1: the claims before this one expired'),
      taken_over: z.boolean().describe('True: taken from whoever held it'),
    }),
    public: NOT_PRIVATE,
  }),
  'task.claim_expired': event({
    description:
      'A claim was not renewed in time. The task is approved again or, after the third time in a row, on hold.',
    subject: 'task_id',
    data: EventTask.extend({
      agent: z.string().nullable().describe('The label of the agent that held it'),
      attempt: z.int().min(1).describe('How many claims have expired in a row'),
      last_progress: z.string().nullable().describe('What the holder said last'),
      approved_by: c.Actor.optional().describe('Who approved it, if it is on hold now'),
    }),
    public: NOT_PRIVATE,
  }),
  'task.claim_warned': event({
    description:
      'The holder of a claim was warned: it ends soon unless it is renewed. Published once for each end that it had.',
    subject: 'task_id',
    data: EventTask.extend({
      agent: z.string().nullable().describe('The label of the agent that holds it'),
      expires_at: c.Timestamp.describe('When the claim ends'),
    }),
    public: NOT_PRIVATE,
  }),
  'task.unblocked': event({
    description:
      'A task waits for nothing any more: all that it was blocked by is done, or is no longer asked for. If it is approved, work on it may begin.',
    subject: 'task_id',
    data: EventTask,
    public: NOT_PRIVATE,
  }),
  'task.hidden': event({
    description:
      'A task that everybody could see moved into a private loop. Readers who see no private loops forget it. A later event about it means that everybody can see it again.',
    subject: 'task_id',
    data: z.object({ task_id: c.Id, version: c.Version }),
    public: true,
  }),
  'task.deleted': event({
    description: 'A task was removed for good.',
    subject: 'task_id',
    data: EventTask,
    public: NOT_PRIVATE,
  }),
  'comment.added': event({
    description: 'Somebody wrote a comment on a task or a loop.',
    subject: 'comment_id',
    data: z.object({
      comment_id: c.Id,
      task_id: c.Id.nullable(),
      loop_id: c.Id.nullable(),
      private: z.boolean(),
      by: c.Actor,
      excerpt: z.string().describe('The first 200 characters'),
      kind: CommentKind.optional().describe('Absent: a note'),
      may_mention: z
        .literal(true)
        .optional()
        .describe('The text has an @ that may mention a member of the workspace'),
    }),
    public: NOT_PRIVATE,
    record: 'comment',
  }),
}
