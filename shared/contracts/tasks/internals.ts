// What other services ask of the tasks service.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internal, internalRead } from '../define/contract.ts'
import { REPLY_BYTES } from '../define/page-bytes.ts'
import { CommentsCursor, commentPage, TaskRow } from './shapes.ts'

const workspace_id = c.Id
/** A page of rows ends early where it would be larger. */
const MaxBytes = z.int().default(REPLY_BYTES).describe('The largest size of the rows as JSON')
/** How far a reader has followed which loops have ready tasks: the moment of the last change that it knows, and its loop. */
const ReadyMark = z.object({ at: c.Timestamp, loop_id: c.Id.nullable() })
export type ReadyMark = z.infer<typeof ReadyMark>

export const internals = {
  prepare_move: internal({
    asked_by: ['loops-queue'],
    description:
      'First half of moving tasks into a loop that is being formed: reserves every task for it, or none.',
    input: z.object({
      task_ids: z.array(c.Id).min(1).max(c.LIMITS.bulk_tasks),
      loop_id: c.Id,
      visible_private_loop_ids: z.array(c.Id).nullable(),
    }),
    output: z.object({ moved: z.array(z.object({ task_id: c.Id, moved_from: c.Id.nullable() })) }),
    errors: ['not_found', 'version_conflict'],
  }),
  finish_move: internal({
    asked_by: ['loops-queue'],
    description:
      'Second half: moves the tasks reserved for the loop into it (commit) or frees them (not). Repeats do no harm.',
    input: z.object({ workspace_id, loop_id: c.Id, commit: z.boolean(), visibility: c.Visibility }),
    output: z.object({ tasks: c.Count }),
    errors: [],
  }),
  list_loop_tasks: internalRead({
    asked_by: ['loops-queue'],
    description: 'Tasks of one loop in order of work, a page at a time, and its counts.',
    input: z.object({
      workspace_id,
      loop_id: c.Id,
      limit: c.Limit,
      cursor: c.Cursor,
      ready_only: z.boolean().default(false),
      max_bytes: MaxBytes,
    }),
    output: z.object({
      tasks: z.array(TaskRow),
      total: c.Count,
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
    description: 'Task counts of the workspace as one caller sees it; null: every private loop is visible.',
    input: z.object({ workspace_id, visible_private_loop_ids: z.array(c.Id).nullable() }),
    output: z.object({ all: c.TaskCounts, unassigned: c.TaskCounts }),
    errors: [],
  }),
  find_ready: internalRead({
    asked_by: ['loops-queue'],
    description:
      'Of these loops, in this order: the first that has ready tasks, and how many have some. With `since` also what a reader needs to go on knowing which: the loops where that may have changed since.',
    input: z.object({
      workspace_id,
      loop_ids: z.array(c.Id).max(c.LIMITS.active_loops),
      since: ReadyMark.nullable().optional().describe('From the answer before; null: there was none'),
    }),
    output: z.object({
      first: c.Id.nullable(),
      ready_loops: c.Count,
      followed: z
        .object({
          ready_loop_ids: z
            .array(c.Id)
            .describe('Those asked about, and those changed, that have ready tasks'),
          changed_loop_ids: z.array(c.Id),
          complete: z.boolean().describe('False: more may have changed; forget what is known'),
          mark: ReadyMark,
        })
        .optional()
        .describe('With `since`'),
    }),
    errors: [],
  }),
  summarize_loop: internalRead({
    asked_by: ['loops-queue'],
    description:
      'What a ship report tells of a loop: its counts, the first shipped and the first unfinished tasks, and who filed its tasks. What is on its way into the loop is settled first.',
    input: z.object({
      workspace_id,
      loop_id: c.Id,
      limit: c.Limit,
      visibility: c.Visibility.optional().describe('Of the loop; absent: nothing is settled'),
    }),
    output: z.object({
      counts: c.TaskCounts,
      shipped: z.array(TaskRow),
      unfinished: z.array(TaskRow),
      unfinished_total: c.Count,
      author_ids: z.array(c.Id).describe('1,000 at most'),
    }),
    errors: [],
  }),
}
