// The shapes that the operations of the loops-queue service share.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { ClaimedTask, HeldTask } from '../tasks/shapes.ts'

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

/** The workspace as next work shows it. */
export const WorkspaceContext = z.object({
  id: c.Id,
  name: z.string(),
  ai_context: z.string(),
  ai_context_truncated: z.literal(true).optional().describe('Cut here; get_workspace has all of it'),
})

/** What claiming the next work gives. */
export const NextWork = z.object({
  claims: z.array(ClaimedTask).describe('What you took now, or what you hold, if you may hold no more'),
  loop: Loop.nullable().describe('The loop of what you took'),
  workspace: WorkspaceContext,
  holding: z.array(HeldTask).describe('What else you hold'),
  holding_total: z.int().optional().describe('If holding has not all'),
  reason: z
    .enum(['at_capacity', 'nothing_ready', 'all_claimed', 'all_blocked', 'all_on_hold', 'queue_empty'])
    .optional()
    .describe('Why nothing was taken'),
  retry_after_ms: z.int().min(0).optional().describe('When to ask again, if nothing was taken'),
})
export type NextWork = z.infer<typeof NextWork>
