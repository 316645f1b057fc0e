// The one shape that every source is parsed into, and what is said of what did not fit. Pure.
import type { Priority, TaskStatus } from '../contracts/define/common.ts'
import type { ExternalRef } from '../contracts/tasks/imports.ts'
import type { CommentKind } from '../contracts/tasks/shapes.ts'

/** Where tasks can be imported from, as people name it. */
export const SOURCES = {
  github: 'GitHub issues (the output of gh issue list --json)',
  linear: 'Linear (CSV export)',
  jira: 'Jira (CSV export)',
  todoist: 'Todoist (CSV template)',
  backlog: 'Backlog.md (the backlog folder)',
  beads: 'beads (issues.jsonl)',
  taskmaster: 'Task Master (tasks.json)',
  loops: 'Loops (npm run export)',
} as const
export type Source = keyof typeof SOURCES

/** A comment as its source has it. */
export type ParsedComment = Readonly<{
  /** Its own among the comments of its task; absent: made from its text. */
  id?: string | undefined
  author?: string | undefined
  /** When it was written, ISO 8601. */
  at?: string | undefined
  kind?: CommentKind | undefined
  text: string
}>

/** A task as its source has it, before it is cut to what fits. */
export type ParsedTask = Readonly<{
  ref: ExternalRef
  title: string
  body: string
  /** What it becomes for somebody who may approve and asks for it. */
  status: TaskStatus
  priority: Priority
  due_date: string | null
  labels: readonly string[]
  comments: readonly ParsedComment[]
  blocked_by: readonly ExternalRef[]
  links?: readonly string[] | undefined
  /** The key of its loop. */
  loop?: string | undefined
  /** What the parser could not take over. */
  notes?: readonly Note[]
}>

/** A loop that a source names: a milestone, a project, a sprint. */
export type ParsedLoop = Readonly<{
  /** Its own within the file. */
  key: string
  name: string
  description?: string
  ai_context?: string
  visibility?: 'public' | 'private'
  on_hold?: boolean
  /** What is done is not made again. */
  shipped?: boolean
  comments?: readonly ParsedComment[]
}>

/** What a file holds. */
export type Parsed = Readonly<{
  tasks: readonly ParsedTask[]
  loops: readonly ParsedLoop[]
  /** What is no task, or a broken one. */
  passed_over: readonly Row[]
}>

/** What can be said of a row of a source. */
export const NOTES = {
  not_a_task: 'is not a task, so it was passed over',
  no_id: 'has no id, so it was passed over',
  no_title: 'has no title, so it was passed over',
  same_id: 'has the id of an earlier row, so it was passed over',
  broken: 'could not be read, so it was passed over',
  title_cut: 'has a title of more than 200 characters; it was cut, and stands whole in the body',
  body_cut: 'has a body of more than 64 KB; it was cut',
  labels_cut: 'has more than 20 labels; the first 20 were taken',
  label_cut: 'has a label of more than 50 characters; it was cut',
  comment_cut: 'has a comment of more than 16 KB; it was cut',
  date_unknown: 'has a due date that is not understood; it was left out',
  row_short: 'has fewer columns than the header',
  row_long: 'has more columns than the header; what is too much was left out',
  blocker_unknown: 'waits for something that is not in the file; that was left out',
  blockers_cut: 'waits for more than 50 others; the first 50 were taken',
  cycle: 'waits for something that waits for it; that was left out',
  blocker_finished: 'waits for something that is finished; that was left out',
  loop_shipped: 'is in a loop that has shipped; it came in without a loop',
  finished:
    'is finished there, so it was passed over; import with approval to file it as shipped or rejected',
  finished_since: 'is finished there, but not here; its status here was left',
  busy: 'is being moved into a loop at this moment; import it again',
  kept: 'changed there, but also here since the last import; what stands here was kept',
  in_work: 'has another text there, but somebody works from the text here; it was kept',
  exported_here: 'was exported from this workspace, where it still is; it was passed over',
  refused: 'was imported, but not all of it',
} as const
export type NoteCode = keyof typeof NOTES

/** One thing to say of a row; the detail is from the source. */
export type Note = Readonly<{ code: NoteCode; detail?: string | undefined }>

/** A row of a source, and something to say of it. */
export type Row = Readonly<{ id: string; title: string }> & Note

/** A value as text; what is no text and no number is none. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** A value as an object; anything else is an empty one. */
export const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

/** A value as a list; anything else is an empty one. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Sections of a body, each with its heading, without the empty ones. */
export const sections = (parts: readonly (readonly [heading: string, text: string])[]): string =>
  parts
    .filter(([, text]) => text.trim() !== '')
    .map(([heading, text]) => (heading === '' ? text.trim() : `## ${heading}\n\n${text.trim()}`))
    .join('\n\n')

/** Facts of the source that have no field here, as the end of a body. */
export const facts = (source: string, known: readonly (readonly [name: string, value: string])[]): string => {
  const lines = known
    .filter(([, value]) => value.trim() !== '')
    .map(([name, value]) => `- ${name}: ${value.trim()}`)
  return lines.length === 0 ? '' : `From ${source}:\n\n${lines.join('\n')}`
}

/** The loops that tasks name, in the order in which they do. */
export const loopsOf = (tasks: readonly Pick<ParsedTask, 'loop'>[]): readonly ParsedLoop[] =>
  [...new Set(tasks.flatMap(({ loop }) => loop ?? []))].map((name) => ({ key: name, name }))

/** A due date, and a note where the text is not understood. */
export const dueDate = (
  text: string,
  read: (text: string) => string | null | undefined,
): Readonly<{ due_date: string | null; notes: readonly Note[] }> => {
  const due_date = read(text)
  return due_date === undefined
    ? { due_date: null, notes: [{ code: 'date_unknown', detail: text.trim() }] }
    : { due_date, notes: [] }
}
