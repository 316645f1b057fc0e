// The shapes that the operations of the tasks service share.
import * as z from 'zod'
import { CLAIM_LIMITS } from '../define/claim-limits.ts'
import * as c from '../define/common.ts'

/** Who is working on a task. */
export const HeldBy = z.object({
  name: z.string(),
  client: z.string(),
  agent: z.string().optional(),
  since: c.Timestamp,
  expires_at: c.Timestamp.nullable(),
})
export type HeldBy = z.infer<typeof HeldBy>

/** A task as lists show it: no body. */
export const TaskRow = z.object({
  id: c.Id,
  title: c.Name,
  status: c.TaskStatus,
  priority: c.Priority,
  due_date: c.CalendarDate.nullable(),
  labels: z.array(z.string()).optional(),
  loop_id: c.Id.nullable(),
  author: c.Actor,
  approved_by: c.Actor.nullable().describe('Who approved it'),
  held_by: HeldBy.optional().describe('Who is working on it now'),
  question_id: c.Id.optional(),
  open_blockers: c.Count.optional().describe('How many unfinished tasks it waits for, if any'),
  created_at: c.Timestamp,
  updated_at: c.Timestamp,
  version: c.Version,
})
export type TaskRow = z.infer<typeof TaskRow>

/** What a task waits for, as one reader sees it. */
export const Blockers = z.object({
  tasks: z.array(z.object({ id: c.Id, title: c.Name, status: c.TaskStatus })),
  others: c.Count.optional().describe('How many more there are that you do not see'),
})
export type Blockers = z.infer<typeof Blockers>

/** Tasks that wait for nothing any more. */
export const Unblocked = z.array(z.object({ id: c.Id, title: c.Name }))

/** A task whole. */
export const Task = TaskRow.extend({
  body: c.Body.describe('The agent prompt, Markdown, written by its author'),
  links: z.array(z.string()).optional(),
})
export type Task = z.infer<typeof Task>

/** The text that was approved last, where the present one is another. */
export const ApprovedText = z.object({
  title: c.Name,
  diff: z.string().optional().describe('What changed in the body since, as a unified diff'),
  body: c.Body.optional().describe('Instead of a diff where that is longer; neither: the body is the same'),
  body_truncated: z.literal(true).optional(),
  approved_by: c.Actor,
  approved_at: c.Timestamp.optional(),
})
export type ApprovedText = z.infer<typeof ApprovedText>

/** What a comment is, besides a note. */
export const CommentKind = z.enum(['question', 'outcome'])
export type CommentKind = z.infer<typeof CommentKind>

export const Comment = z.object({
  id: c.Id,
  kind: CommentKind.optional(),
  author: c.Actor,
  text: c.CommentText.describe('Markdown, written by its author'),
  created_at: c.Timestamp,
})
export type Comment = z.infer<typeof Comment>

/** A page of comments, oldest first. */
export const commentPage = {
  comments: z.array(Comment),
  comments_total: c.Count,
  comments_next_cursor: c.NextCursor,
}

/** A loop as a task names it. */
export const LoopRef = z.object({ id: c.Id, name: c.Name, status: c.LoopStatus, visibility: c.Visibility })
export type LoopRef = z.infer<typeof LoopRef>

export const CommentsCursor = c.Cursor.describe('comments_next_cursor of the page before')

/** A label by which several agents that share one connection are told apart. */
export const AgentLabel = c.Label.describe('Your name, always the same, if agents share this connection')

/** The secret id of a claim, as proof that the caller holds it. */
export const ClaimId = c.Label.describe('From the claim: refused unless you still hold it')

/** How long a claim can last without renewal (s), in any workspace. */
export const TTL_SECONDS = {
  min: CLAIM_LIMITS.max_ttl_seconds.least,
  max: CLAIM_LIMITS.max_ttl_seconds.most,
} as const
export const TtlSeconds = z
  .int()
  .min(TTL_SECONDS.min)
  .max(TTL_SECONDS.max)
  .optional()
  .describe('Time until it must be renewed (seconds)')

/** A claim as its holder sees it. */
const claimFields = {
  claim_id: z.string().describe('Proof that you hold it; give it to complete_task'),
  fence: z.int().min(1).describe('Grows with each claim of the task'),
  expires_at: c.Timestamp.nullable().describe('When it ends unless you renew it; null: never'),
  attempt: z.int().min(1).describe('More than 1: claims before this one expired'),
  last_progress: z.string().nullable().describe('What was said of it last'),
}

/** A task that the caller holds, whole. */
export const ClaimedTask = z.object({
  task: Task.extend({
    body_truncated: z.literal(true).optional().describe('Cut here; get_task has all of it'),
  }),
  ...claimFields,
})
export type ClaimedTask = z.infer<typeof ClaimedTask>

/** A task that the caller holds, in short. */
export const HeldTask = z.object({
  task_id: c.Id,
  title: c.Name,
  loop_id: c.Id.nullable(),
  agent: z.string().optional(),
  ...claimFields,
})
export type HeldTask = z.infer<typeof HeldTask>

/** A task as whoever delivers its events asks about it: what it is now, for one who sees it. */
export const SeenTask = TaskRow.pick({
  id: true,
  title: true,
  priority: true,
  labels: true,
  loop_id: true,
}).extend({
  ready: z.boolean().describe('Whether work on it may begin, if its loop is active'),
  own_claim: z
    .object({ agent: z.string().optional(), expires_at: c.Timestamp })
    .optional()
    .describe('The claim of the caller on it, if it ends by itself'),
})
export type SeenTask = z.infer<typeof SeenTask>
