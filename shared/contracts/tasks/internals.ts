// Operations that other services call.
import * as z from 'zod'
import { ActivityPage, activityFilters } from '../activity.ts'
import * as c from '../define/common.ts'
import { GATEWAY, internal, internalRead } from '../define/contract.ts'
import { REPLY_BYTES } from '../define/page-bytes.ts'
import { FoundText, TASK_KINDS } from './search.ts'
import {
  AgentLabel,
  ClaimedTask,
  ClaimId,
  CommentsCursor,
  commentPage,
  HeldTask,
  SeenTask,
  TaskRow,
  TtlSeconds,
  Unblocked,
} from './shapes.ts'

const workspace_id = c.Id
/** A page ends early rather than be larger than this. */
const MaxBytes = z.int().default(REPLY_BYTES).describe('The largest size of the rows as JSON')
/** The last change to readiness that a reader knows: its moment, and its loop. */
const ReadyMark = z.object({ at: c.Timestamp, loop_id: c.Id.nullable() })
export type ReadyMark = z.infer<typeof ReadyMark>

export const internals = {
  prepare_move: internal({
    asked_by: ['loops-queue'],
    description:
      'First half of moving tasks into a loop that is being created: reserves all of them for it, or none.',
    input: z.object({
      task_ids: z.array(c.Id).min(1).max(c.LIMITS.bulk_tasks),
      loop_id: c.Id,
      visible_private_loop_ids: z.array(c.Id).nullable(),
    }),
    output: z.object({ moved: z.array(z.object({ task_id: c.Id, moved_from: c.Id.nullable() })) }),
    errors: ['not_found', 'claimed', 'version_conflict'],
  }),
  finish_move: internal({
    asked_by: ['loops-queue'],
    description:
      'Second half: moves the reserved tasks into the loop (commit), or frees them. Repeats do no harm.',
    input: z.object({ workspace_id, loop_id: c.Id, commit: z.boolean(), visibility: c.Visibility }),
    output: z.object({ tasks: c.Count }),
    errors: [],
  }),
  list_loop_tasks: internalRead({
    asked_by: ['loops-queue', GATEWAY],
    description:
      'Tasks of one loop that the caller sees, in order of work, a page at a time, and its counts.',
    input: z.object({
      workspace_id,
      loop_id: c.Id,
      limit: c.Limit,
      cursor: c.Cursor,
      status: c.TaskStatus.optional().describe('Only tasks of this status'),
      ready_only: z.boolean().default(false),
      max_bytes: MaxBytes,
    }),
    output: z.object({
      tasks: z.array(TaskRow),
      total: c.Count.describe('How many match, on all pages'),
      next_cursor: c.NextCursor,
      counts: c.TaskCounts,
    }),
    errors: ['invalid_argument'],
  }),
  list_loop_comments: internalRead({
    asked_by: ['loops-queue'],
    description: 'Comments on one loop, oldest first, a page at a time.',
    input: z.object({ workspace_id, loop_id: c.Id, cursor: CommentsCursor, max_bytes: MaxBytes }),
    output: z.object(commentPage),
    errors: ['invalid_argument'],
  }),
  count_loops: internalRead({
    asked_by: ['loops-queue'],
    description: 'Task counts of the named loops.',
    input: z.object({ workspace_id, loop_ids: z.array(c.Id).max(c.LIMITS.page) }),
    output: z.object({ loops: z.array(z.object({ loop_id: c.Id, counts: c.TaskCounts })) }),
    errors: [],
  }),
  count_workspace: internalRead({
    asked_by: ['loops-queue'],
    description:
      'Task counts of the workspace as one caller sees it. Without a list, every private loop is visible.',
    input: z.object({ workspace_id, visible_private_loop_ids: z.array(c.Id).nullable() }),
    output: z.object({
      all: c.TaskCounts,
      unassigned: c.TaskCounts,
      blocked: c.Count.optional().describe('Approved tasks in loops that wait for others, if any'),
      claimed: c.Count.optional().describe('Tasks in loops that somebody holds, if any; counted up to 1,000'),
    }),
    errors: [],
  }),
  list_locations: internalRead({
    asked_by: ['notifier'],
    description: 'Where tasks are now. One that is not there any more is left out.',
    input: z.object({ workspace_id, task_ids: z.array(c.Id).max(c.LIMITS.page) }),
    output: z.object({
      tasks: z.array(z.object({ id: c.Id, loop_id: c.Id.nullable(), private: z.boolean() })),
    }),
    errors: [],
  }),
  get_comment: internalRead({
    asked_by: ['notifier'],
    description:
      'A comment with its whole text, and the task or loop that it is on; not_found once it is gone.',
    input: z.object({ workspace_id, comment_id: c.Id }),
    output: z.object({
      text: z.string(),
      task: z
        .object({ id: c.Id, title: z.string(), loop_id: c.Id.nullable(), private: z.boolean() })
        .nullable()
        .describe('As it is now; null: the comment is on a loop'),
      loop_id: c.Id.nullable().describe('The loop that it is on; null: it is on a task'),
    }),
    errors: ['not_found'],
  }),
  list_held: internalRead({
    description: 'What the connection of the caller holds, oldest first, out of what they see.',
    input: z.object({ visible_private_loop_ids: z.array(c.Id).nullable(), max_bytes: MaxBytes }),
    output: z.object({
      holding: z.array(HeldTask).describe('The first that fit'),
      total: c.Count.describe('At most 100'),
    }),
    errors: [],
  }),
  find_ready: internalRead({
    asked_by: ['loops-queue', GATEWAY, 'webhooks'],
    description:
      'The first of these loops, in this order, that has ready tasks, and how many of them have some. With `since`, also the loops whose readiness may have changed since then.',
    input: z.object({
      workspace_id,
      loop_ids: z.array(c.Id).max(c.LIMITS.active_loops),
      since: ReadyMark.nullable().optional().describe('`mark` of the answer before; null: there was none'),
    }),
    output: z.object({
      first: c.Id.nullable(),
      ready_loops: c.Count,
      followed: z
        .object({
          ready_loop_ids: z
            .array(c.Id)
            .describe('Loops with ready tasks, out of those asked about and those changed'),
          changed_loop_ids: z.array(c.Id),
          complete: z.boolean().describe('False: others may have changed too, so forget what you know'),
          mark: ReadyMark,
        })
        .optional()
        .describe('With `since`'),
    }),
    errors: [],
  }),
  summarize_loop: internalRead({
    asked_by: ['loops-queue', GATEWAY],
    description:
      'What the report of a shipped loop needs: counts, the first shipped and unfinished tasks, and who filed its tasks. Moves into the loop that are under way are finished first.',
    input: z.object({
      workspace_id,
      loop_id: c.Id,
      limit: c.Limit,
      visibility: c.Visibility.optional().describe(
        'Of the loop; absent: moves that are under way are left alone',
      ),
    }),
    output: z.object({
      counts: c.TaskCounts,
      shipped: z.array(TaskRow),
      unfinished: z.array(TaskRow),
      unfinished_total: c.Count,
      author_ids: z.array(c.Id).describe('At most 1,000'),
    }),
    errors: [],
  }),
  list_seen_tasks: internalRead({
    asked_by: [GATEWAY, 'webhooks'],
    description: 'Those of these tasks that the caller sees now, and what they hold of them themselves.',
    input: z.object({
      task_ids: z.array(c.Id).max(c.LIMITS.page),
      visible_private_loop_ids: z.array(c.Id).nullable(),
    }),
    output: z.object({ tasks: z.array(SeenTask) }),
    errors: ['forbidden'],
  }),
  list_activity: internalRead({
    asked_by: ['loops-queue', GATEWAY],
    description: 'Who did what to the tasks and comments that the caller sees now, newest first.',
    input: z.object({
      workspace_id,
      task_id: c.Id.optional(),
      loop_id: c.Id.optional(),
      ...activityFilters,
      visible_private_loop_ids: z.array(c.Id).nullable(),
    }),
    output: ActivityPage,
    errors: ['not_found'],
  }),
  find_tasks: internalRead({
    asked_by: ['loops-queue'],
    description:
      'Tasks and comments that have all words of a query, best first. Without a list, every private loop is visible.',
    input: z.object({
      workspace_id,
      query: z.string(),
      kinds: z.array(z.enum(TASK_KINDS)),
      status: c.TaskStatus.optional(),
      visible_private_loop_ids: z.array(c.Id).nullable(),
      before: z.string().optional().describe('Only what ranks behind this'),
      limit: c.Limit,
    }),
    output: z.object({
      found: z.array(FoundText.extend({ rank: z.string() })),
      more: z.boolean(),
      truncated: z.boolean(),
    }),
    errors: ['invalid_argument', 'timeout'],
  }),
  claim_ready: internal({
    asked_by: ['loops-queue'],
    description:
      'Claims, for the caller, the first ready tasks of the first of these loops that has some. A repeat with the same key gives what the first call claimed and is still held.',
    input: z.object({
      loop_ids: z.array(c.Id).max(c.LIMITS.active_loops),
      max_tasks: z.int().min(1),
      agent: AgentLabel.optional(),
      ttl_seconds: TtlSeconds,
      visible_private_loop_ids: z.array(c.Id).nullable(),
      request: z.object({ key: z.string(), hash: z.string() }).optional(),
    }),
    output: z.object({
      loop_id: c.Id.nullable(),
      claims: z.array(ClaimedTask),
      at_capacity: z.boolean().describe('True: the caller holds as much as they may'),
      holding: z.array(HeldTask).describe('What the caller holds besides `claims`, as far as there is room'),
      holding_total: c.Count.optional().describe('If `holding` has not all'),
    }),
    errors: ['invalid_argument', 'idempotency_conflict', 'version_conflict'],
  }),
  complete: internal({
    asked_by: ['loops-queue'],
    description: 'Completes a task that the caller holds: outcome, status and end of the claim in one write.',
    input: z.object({
      task_id: c.Id,
      outcome: c.CommentText.optional(),
      claim_id: ClaimId.optional(),
      agent: AgentLabel.optional(),
      links: z.array(z.string()),
      visible_private_loop_ids: z.array(c.Id).nullable(),
    }),
    output: z.object({
      task: TaskRow,
      changed: z.boolean(),
      comment_id: c.Id.nullable(),
      unblocked: Unblocked.optional(),
    }),
    errors: ['not_found', 'forbidden', 'invalid_transition', 'claimed', 'claim_lost', 'version_conflict'],
  }),
}
