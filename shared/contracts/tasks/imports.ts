// Operations that import tasks from elsewhere, and export them. A person may repeat an import as often as they like.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internal, internalRead } from '../define/contract.ts'
import { REPLY_BYTES } from '../define/page-bytes.ts'
import { CommentKind } from './shapes.ts'

/** Limits on one call about imports. */
export const IMPORT_LIMITS = { batch: 100, source_chars: 40, ref_chars: 300 } as const

/** Where something came from: its source, and its id there. */
export const ExternalRef = z.object({
  source: z.string().min(1).max(IMPORT_LIMITS.source_chars),
  id: z.string().min(1).max(IMPORT_LIMITS.ref_chars),
})
export type ExternalRef = z.infer<typeof ExternalRef>

/** The fields of a task that an import writes, and writes again where they changed in the source. */
export const IMPORTED_FIELDS = ['title', 'body', 'priority', 'due_date', 'labels'] as const
export type ImportedField = (typeof IMPORTED_FIELDS)[number]

/** A task of an import, cut to what fits. */
export const ImportedTask = z.object({
  ref: ExternalRef,
  title: c.Name,
  body: c.Body,
  priority: c.Priority,
  due_date: c.CalendarDate.nullable(),
  labels: z.array(c.TaskLabel).max(c.LIMITS.task_labels),
  links: z.array(c.Link).max(c.LIMITS.links).optional(),
  finished: z.boolean().describe('Done or given up in the source: without `approve` it is not filed anew'),
  further: z.boolean().describe('True: finish_import follows, with its status or with what it waits for'),
})
export type ImportedTask = z.infer<typeof ImportedTask>

/** What became of a task of an import. */
export const ImportOutcome = z.enum(['created', 'updated', 'unchanged', 'finished', 'busy', 'exported_here'])
export type ImportOutcome = z.infer<typeof ImportOutcome>

const visible_private_loop_ids = z.array(c.Id).nullable()

/** A comment of an import; its key is its own within what it is on. */
const ImportedComment = z.object({
  task_id: c.Id.optional(),
  loop: z.object({ id: c.Id, visibility: c.Visibility }).optional(),
  key: z.string().min(1).max(IMPORT_LIMITS.ref_chars),
  text: c.CommentText,
  kind: CommentKind.optional(),
})

/** What an export knows of a task besides its row. */
export const ExportedTask = z.object({
  task_id: c.Id,
  ref: ExternalRef.describe('Where it came from, or its own id'),
  body: z.string(),
  links: z.array(z.string()).optional(),
  blocked_by: z.array(ExternalRef).optional(),
  has_comments: z.literal(true).optional(),
})
export type ExportedTask = z.infer<typeof ExportedTask>

export const imports = {
  import_tasks: internal({
    description:
      'Files tasks from elsewhere, each once, or updates those that came before. What a person changed here since is kept.',
    input: z.object({
      tasks: z.array(ImportedTask).min(1).max(IMPORT_LIMITS.batch),
      loop: z
        .object({ id: c.Id, visibility: c.Visibility })
        .optional()
        .describe('For those that are new; confirm_import follows'),
      visible_private_loop_ids,
      approve: z.boolean(),
      dry_run: z.boolean(),
    }),
    output: z.object({
      results: z.array(
        z.object({
          outcome: ImportOutcome,
          task_id: c.Id.optional().describe('Absent: there is none'),
          status: c.TaskStatus.optional().describe('Of one that came before'),
          kept: z
            .array(z.enum(['text', ...IMPORTED_FIELDS]))
            .optional()
            .describe('Changed in the source and here; text: somebody works from it'),
        }),
      ),
      arrival: z.string().optional().describe('For confirm_import, if something is in the loop now'),
    }),
    errors: ['forbidden', 'unavailable'],
  }),
  confirm_import: internal({
    description: 'The loop was found open after these tasks came into it: they stay.',
    input: z.object({ loop_id: c.Id, arrival: z.string() }),
    output: z.object({}),
    errors: ['forbidden'],
  }),
  import_comments: internal({
    description: 'Adds comments from elsewhere, each once.',
    input: z.object({
      comments: z.array(ImportedComment).min(1).max(IMPORT_LIMITS.batch),
      visible_private_loop_ids,
    }),
    output: z.object({ added: c.Count }),
    errors: ['forbidden'],
  }),
  finish_import: internal({
    description:
      'What imported tasks wait for, and with `status` the status of those that were never finished before.',
    input: z.object({
      tasks: z
        .array(
          z.object({
            task_id: c.Id,
            blocked_by: z.array(c.Id).max(c.LIMITS.blockers),
            status: c.TaskStatus.optional(),
          }),
        )
        .min(1)
        .max(IMPORT_LIMITS.batch),
      visible_private_loop_ids,
    }),
    output: z.object({
      results: z.array(z.object({ refused: z.string().optional().describe('Why the task is as it was') })),
    }),
    errors: ['forbidden'],
  }),
  list_whole_tasks: internalRead({
    description:
      'Tasks that the caller sees, whole: the first of these that fit. One that is not there is left out.',
    input: z.object({
      task_ids: z.array(c.Id).min(1).max(c.LIMITS.page),
      max_bytes: z.int().default(REPLY_BYTES).describe('The largest size of the tasks as JSON'),
      visible_private_loop_ids,
    }),
    output: z.object({
      tasks: z.array(ExportedTask),
      next: c.Id.optional().describe('The first of these ids that did not fit'),
    }),
    errors: ['forbidden'],
  }),
}
