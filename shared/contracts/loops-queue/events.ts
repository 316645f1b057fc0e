// What happens to loops and to their order.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { event } from '../define/contract.ts'

const EventLoop = z.object({
  loop_id: c.Id,
  name: z.string(),
  visibility: c.Visibility,
  status: c.LoopStatus,
  version: c.Version,
  member_ids: z
    .array(c.Id)
    .nullable()
    .optional()
    .describe('Members of a private loop; null: everybody in the workspace'),
  by: c.Actor,
})
const EventTaskLine = z.object({ task_id: c.Id, title: z.string(), status: c.TaskStatus })

/** Something that happened to a loop. It leaves the bus only if everybody in the workspace can see the loop. */
const loopEvent = <D extends z.ZodObject>(description: string, data: D, more: { record?: string } = {}) =>
  event({ description, subject: 'loop_id', data, public: { member: 'visibility', is: 'public' }, ...more })

export const events = {
  'loop.created': loopEvent('A loop was created and joined the queue.', EventLoop, {
    record: 'loop, of any `status`, also `on_hold` and `shipped`',
  }),
  'loop.updated': loopEvent(
    'The texts of a loop changed: its name as it is now, and the names of those that changed.',
    EventLoop.extend({ changed: z.array(z.enum(['name', 'description', 'ai_context'])) }),
  ),
  'loop.held': loopEvent('A loop was put on hold.', EventLoop),
  'loop.reopened': loopEvent('A loop on hold became active again.', EventLoop),
  'loop.members_changed': event({
    description: 'A person joined or left a private loop.',
    subject: 'loop_id',
    data: EventLoop.extend({ member_ids: z.array(c.Id) }),
  }),
  'loop.shipped': loopEvent(
    'A loop was shipped. Its members get an email.',
    EventLoop.extend({
      description: z.string(),
      shipped_at: c.Timestamp,
      member_ids: z.array(c.Id).nullable().describe('Who gets an email; null: every member of the workspace'),
      task_counts: c.TaskCounts,
      shipped_tasks: z.array(EventTaskLine).describe('The first 20'),
      unfinished_tasks: z.array(EventTaskLine).describe('The first 20'),
      unfinished_total: c.Count,
      people_ids: z
        .array(c.Id)
        .optional()
        .describe('Who created it, shipped it or filed one of its tasks; the first 1,000'),
    }),
  ),
  'queue.changed': event({
    description:
      'The order of the active loops changed. Each version has one event: a reader that keeps the order applies them one after the other, and waits for one that is missing.',
    subject: 'workspace_id',
    record: 'order of a workspace, whole in `order`, with the version that it has',
    data: z.object({
      workspace_id: c.Id,
      version: z.int().min(1),
      change: z
        .enum(['added', 'removed', 'moved', 'reordered', 'repaired'])
        .describe(
          'added: a loop was created or reopened; insert it at `position`. removed: a loop was put on hold or shipped. moved: remove the loop and insert it at `position`. reordered: `order` is the new order, and `loop_ids` are the loops that somebody named. repaired: `order` is the new order; `loop_ids` were missing from it, or were in it without being active.',
        ),
      loop_ids: z.array(c.Id).describe('The loops that the change is about'),
      position: z
        .int()
        .min(0)
        .nullable()
        .describe('The position in the whole order, for added and moved; else null'),
      order: z.array(c.Id).nullable().describe('The whole order, for reordered and repaired; else null'),
      by: c.Actor.nullable().describe('Null for repaired: nobody asked for it'),
    }),
  }),
}
