// What search asks for, and the rows that it answers with.
import * as z from 'zod'
import * as c from '../define/common.ts'

/** What the tasks service finds. */
export const TASK_KINDS = ['task', 'comment'] as const
export const KINDS = [...TASK_KINDS, 'loop'] as const

/** Words of a query that count. */
export const QUERY_WORDS = 8

export const SearchQuery = c.SearchText.describe('Words, or beginnings of words; all must be in the text')

/** A text that was found. */
export const FoundText = z.object({
  kind: z.enum(KINDS),
  id: c.Id,
  title: z.string().optional().describe('Of the task or loop, also for a comment on it'),
  status: z.enum([...c.TASK_STATUSES, 'active']).optional(),
  task_id: c.Id.optional().describe('What a comment is on'),
  loop_id: c.Id.optional().describe('The loop that it is in or on'),
  found_in: z.enum(['title', 'body', 'comment', 'name', 'description', 'ai_context']),
  snippet: z.string().optional().describe('Words around the hit'),
})
export type FoundText = z.infer<typeof FoundText>
