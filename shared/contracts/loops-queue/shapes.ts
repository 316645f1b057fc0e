// The shapes that the operations of the loops-queue service share.
import * as z from 'zod'
import * as c from '../define/common.ts'

/** `ai_context` of a row is cut to this many characters; get_loop has it whole. */
export const AI_CONTEXT_EXCERPT_CHARS = 300

const loopFields = {
  id: c.Id,
  name: c.Name,
  description: c.Description,
  ai_context: c.AiContext.describe('Instructions for agents working on this loop, written by its people'),
  visibility: c.Visibility,
  status: c.LoopStatus,
  priority: z
    .int()
    .min(0)
    .nullable()
    .describe('Position in the queue as you see it, 0 = highest; null: not active'),
  created_by: c.Actor,
  created_at: c.Timestamp,
  updated_at: c.Timestamp,
  shipped_at: c.Timestamp.nullable(),
  shipped_by: c.Actor.nullable(),
  version: c.Version,
}

/** A whole loop, without its tasks. `member_ids` is null for a public loop. */
export const Loop = z.object({
  ...loopFields,
  member_ids: z.array(c.Id).nullable(),
  ai_context_truncated: z.literal(true).optional().describe('Cut here; get_loop has all of it'),
  description_truncated: z.literal(true).optional().describe('Cut here; list_loops has all of it'),
  members_total: c.Count.optional().describe('How many members there are, where member_ids has not all'),
})
export type Loop = z.infer<typeof Loop>

/** A loop as lists show it: counts, and a beginning of `ai_context`. */
export const LoopRow = z.object({
  ...loopFields,
  ai_context: z.string(),
  ai_context_truncated: z.boolean().describe('True: get_loop has the rest'),
  task_counts: c.TaskCounts,
})
export type LoopRow = z.infer<typeof LoopRow>
