// Who did what: the shape that the services answer with which keep it.
import * as z from 'zod'
import * as c from './define/common.ts'

/** A field that changed. Of texts it is only said that they did. */
const Change = z.object({
  field: z.string(),
  before: z.string().nullable().optional(),
  after: z.string().nullable().optional(),
})
export type Change = z.infer<typeof Change>

/** One thing that somebody did, as a reader is shown it. */
export const ShownActivity = z.object({
  at: c.Timestamp,
  type: z.string().describe('What happened, by the name of its event'),
  by: c.Actor,
  agent: c.Label.optional().describe('The label of the agent, if it gave one'),
  task_id: c.Id.optional(),
  title: z.string().optional().describe('Of the task or loop, as it is now'),
  loop_id: c.Id.optional(),
  changes: z.array(Change).optional(),
})
export type ShownActivity = z.infer<typeof ShownActivity>

/** The same between services, with the id that it is sorted by. */
export const ActivityEntry = ShownActivity.extend({ id: c.Id })
export type ActivityEntry = z.infer<typeof ActivityEntry>

/** A page of activity, newest first; `next`: look on before this id. */
export const ActivityPage = z.object({ entries: z.array(ActivityEntry), next: c.Id.nullable() })
export type ActivityPage = z.infer<typeof ActivityPage>

/** The longest name of a client (UTF-16 units): clients register with up to 256 characters. */
const CLIENT_UNITS = 512

/**
 * Whose activity a page is of, and when: beside the task or loop that it may be of. Where several are given, a page may be
 * short or empty although there are more.
 */
export const activityFilters = {
  user_id: c.Id.optional(),
  client: z.string().max(CLIENT_UNITS).optional().describe('The app or agent, by its name'),
  agent: c.Label.optional().describe('The label of the agent'),
  since: c.Timestamp.optional(),
  until: c.Timestamp.optional().describe('Only what was done before'),
  before: c.Id.optional().describe('`next` of the page before'),
  limit: c.Limit,
}
