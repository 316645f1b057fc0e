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
    .describe('Who sees a private loop; null: everybody of the workspace'),
  by: c.Actor,
})
const EventTaskLine = z.object({ task_id: c.Id, title: z.string(), status: c.TaskStatus })

/** Something that happened to a loop; sent to teams where everybody of the workspace sees the loop. */
const loopEvent = <D extends z.ZodObject>(description: string, data: D, more: { record?: string } = {}) =>
  event({ description, subject: 'loop_id', data, public: { member: 'visibility', is: 'public' }, ...more })

export const events = {
  'loop.created': loopEvent('A loop was made and joined the queue.', EventLoop, {
    record: 'loop, of any `status`, also `on_hold` and `shipped`',
  }),
  'loop.held': loopEvent('A loop was put on hold.', EventLoop),
  'loop.reopened': loopEvent('A loop came back from hold.', EventLoop),
  'loop.members_changed': event({
    description: 'A person joined or left a private loop.',
    subject: 'loop_id',
    data: EventLoop.extend({ member_ids: z.array(c.Id) }),
  }),
  'loop.shipped': loopEvent(
    'A loop was shipped; every member is owed an email.',
    EventLoop.extend({
      description: z.string(),
      shipped_at: c.Timestamp,
      member_ids: z.array(c.Id).nullable().describe('Who is told: null means every member of the workspace'),
      task_counts: c.TaskCounts,
      shipped_tasks: z.array(EventTaskLine).describe('The first 20'),
      unfinished_tasks: z.array(EventTaskLine).describe('The first 20'),
      unfinished_total: c.Count,
      people_ids: z
        .array(c.Id)
        .optional()
        .describe('Who took part: made it, shipped it, or filed one of its tasks; the first 1,000'),
    }),
  ),
  'queue.changed': event({
    description:
      'The order of the active loops changed: one event for each version, so that whoever keeps the order applies one after the other, and waits for one that is missing.',
    subject: 'workspace_id',
    record: 'order of a workspace, whole in `order`, with the version that it has',
    data: z.object({
      workspace_id: c.Id,
      version: z.int().min(1),
      change: z
        .enum(['added', 'removed', 'moved', 'reordered', 'repaired'])
        .describe(
          'added: a loop was made or reopened, and is put in at `position`. removed: a loop was put on hold or shipped. moved: a loop is taken out and put in again at `position`. reordered: `order` is the order now, and `loop_ids` are those that somebody named. repaired: `order` is the order now; a fault had left it without `loop_ids`, or with them though they are not active.',
        ),
      loop_ids: z.array(c.Id).describe('The loops that the change is about'),
      position: z
        .int()
        .min(0)
        .nullable()
        .describe('Where the loop was put, counted in the whole order, after added and moved; else null'),
      order: z.array(c.Id).nullable().describe('The whole order after reordered and repaired; else null'),
      by: c.Actor.nullable().describe('Null after repaired: nobody asked for it'),
    }),
  }),
}
