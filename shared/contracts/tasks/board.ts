// Operations that the gateway's pages ask for, on behalf of whoever looks at them.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internalRead } from '../define/contract.ts'
import { HeldBy } from './shapes.ts'

/** The private loops that the caller sees, from `list_private_loops`; null: all of them. */
const visible_private_loop_ids = z.array(c.Id).nullable()

/** Loops of one page. */
const LOOPS = 100
/** Claims of one answer. */
const CLAIMS = 500

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
}
