// The export of a workspace: JSON Lines, one object a line. The JSON schema of a line is made from these shapes. Pure.
import * as z from 'zod'
import * as c from '../contracts/define/common.ts'
import { ExternalRef } from '../contracts/tasks/imports.ts'
import { CommentKind } from '../contracts/tasks/shapes.ts'
import { readJsonLines } from './json-rules.ts'
import { refusal } from './refusals.ts'
import { type Parsed, type ParsedLoop, type ParsedTask, type Row, textOf } from './shape-rules.ts'

/** The format of the lines; a later one that readers of this one cannot read has another number. */
export const EXPORT_FORMAT = 1

const Written = z.object({
  author: z.string().optional(),
  at: z.string().optional(),
  kind: CommentKind.optional().describe('Absent: a note'),
  text: z.string().describe('Markdown'),
})

const WorkspaceLine = z.object({
  type: z.literal('workspace'),
  format: z.literal(EXPORT_FORMAT),
  name: z.string(),
  exported_at: c.Timestamp,
})

const LoopLine = z.object({
  type: z.literal('loop'),
  id: z.string().describe('By which tasks name it'),
  name: z.string(),
  description: z.string().optional(),
  ai_context: z.string().optional().describe('Instructions for agents'),
  status: c.LoopStatus,
  visibility: c.Visibility,
  comments: z.array(Written).optional().describe('Oldest first'),
})

const TaskLine = z.object({
  type: z.literal('task'),
  ref: ExternalRef.describe('Where it came from; `loops` and its id for what was filed in Loops'),
  title: z.string(),
  body: z.string().optional().describe('Markdown'),
  status: c.TaskStatus,
  priority: c.Priority,
  due_date: z.string().optional().describe('YYYY-MM-DD'),
  labels: z.array(z.string()).optional(),
  links: z.array(z.string()).optional().describe('Pull requests, commits and pages of its completions'),
  loop_id: z.string().optional().describe('Absent: in no loop'),
  blocked_by: z.array(ExternalRef).optional().describe('What must be done first'),
  comments: z.array(Written).optional().describe('Oldest first'),
  author: z.string().optional(),
  approved_by: z.string().optional(),
  created_at: z.string().optional(),
  updated_at: z.string().optional(),
})

/** A line of an export: first the workspace, then its loops in their order, then its tasks, oldest first. */
export const ExportLine = z.discriminatedUnion('type', [WorkspaceLine, LoopLine, TaskLine])
export type ExportLine = z.infer<typeof ExportLine>
export type ExportedLoop = z.infer<typeof LoopLine>
export type ExportedTaskLine = z.infer<typeof TaskLine>
export type WrittenComment = z.infer<typeof Written>

const loopOf = (line: ExportedLoop): ParsedLoop => ({
  key: line.id,
  name: line.name,
  description: line.description ?? '',
  ai_context: line.ai_context ?? '',
  visibility: line.visibility,
  on_hold: line.status === 'on_hold',
  shipped: line.status === 'shipped',
  comments: line.comments ?? [],
})

const taskOf = (line: ExportedTaskLine): ParsedTask => ({
  ref: line.ref,
  title: line.title,
  body: line.body ?? '',
  // Nobody holds it in the new place.
  status: line.status === 'in_progress' ? 'approved' : line.status,
  priority: line.priority,
  due_date: line.due_date ?? null,
  labels: line.labels ?? [],
  comments: line.comments ?? [],
  blocked_by: line.blocked_by ?? [],
  ...(line.links ? { links: line.links } : {}),
  ...(line.loop_id ? { loop: line.loop_id } : {}),
})

/** @throws AppError `invalid_argument` when it is no export of Loops, or one of a later format. */
export const parseLoops = (text: string): Parsed => {
  const { lines, broken } = readJsonLines(text)
  const format = lines.find(({ type }) => type === 'workspace')?.format
  if (format !== undefined && format !== EXPORT_FORMAT)
    throw refusal('later_format', { format: JSON.stringify(format), known: String(EXPORT_FORMAT) })
  const tasks: ParsedTask[] = []
  const loops: ParsedLoop[] = []
  const passed_over: Row[] = [...broken]
  for (const [n, line] of lines.entries()) {
    const read = ExportLine.safeParse(line)
    if (!read.success) {
      const detail = read.error.issues[0]?.path.join('.')
      passed_over.push({
        id: `object ${n + 1}`,
        title: textOf(line.title ?? line.name),
        code: 'broken',
        detail,
      })
    } else if (read.data.type === 'loop') loops.push(loopOf(read.data))
    else if (read.data.type === 'task') tasks.push(taskOf(read.data))
  }
  if (tasks.length + loops.length === 0 && format === undefined) throw refusal('no_export', {})
  return { tasks, loops, passed_over }
}
