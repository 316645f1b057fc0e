// The Markdown files of Backlog.md, each a task with YAML before it. Pure.
import { parse } from 'yaml'
import { PRIORITIES, type Priority, type TaskStatus } from '../contracts/define/common.ts'
import { readDate } from './date-rules.ts'
import {
  dueDate,
  facts,
  listOf,
  loopsOf,
  objectOf,
  type Parsed,
  type ParsedTask,
  type Row,
  sections,
  textOf,
} from './shape-rules.ts'

/** A file of a folder, by its path within it. */
export type TextFile = Readonly<{ path: string; text: string }>

const FRONT_MATTER = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)([\s\S]*)$/
const MARKER = /^[ \t]*<!-- (?:SECTION:[\w:-]+|[A-Z]+):(?:BEGIN|END) -->[ \t]*\r?\n?/gm
const DONE = /^(done|complete|completed|closed|shipped)$/i

/** Ids and the names of dependencies differ in case. */
const refOf = (id: string) => ({ source: 'backlog', id: id.trim().toLowerCase() })

const textsOf = (value: unknown): string[] =>
  (typeof value === 'string' ? value.split(',') : listOf(value).map(textOf)).filter(
    (text) => text.trim() !== '',
  )

const statusOf = (path: string, status: string): TaskStatus => {
  if (DONE.test(status.trim()) || /(^|\/)completed\//.test(path)) return 'shipped'
  if (/(^|\/)archive\//.test(path)) return 'rejected'
  return /(^|\/)drafts\//.test(path) || /^draft$/i.test(status.trim()) ? 'open' : 'approved'
}

const priorityOf = (value: string): Priority =>
  PRIORITIES.find((one) => one === value.trim().toLowerCase()) ?? 'none'

const headOf = (yaml: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    // Without aliases, a few lines cannot become gigabytes. Dates stay texts.
    return objectOf(parse(yaml, { schema: 'failsafe', maxAliasCount: 0, logLevel: 'error' }))
  } catch {
    return undefined
  }
}

const taskOf = (path: string, head: Readonly<Record<string, unknown>>, content: string): ParsedTask => {
  const due = dueDate(textOf(head.due_date ?? head.dueDate), readDate)
  const loop = textOf(head.milestone).trim()
  return {
    ref: refOf(textOf(head.id)),
    title: textOf(head.title),
    body: sections([
      ['', content.replaceAll(MARKER, '')],
      [
        '',
        facts('Backlog.md', [
          ['Task', textOf(head.id)],
          ['Parent', textOf(head.parent_task_id)],
          ['References', textsOf(head.references).join(', ')],
        ]),
      ],
    ]),
    status: statusOf(path, textOf(head.status)),
    priority: priorityOf(textOf(head.priority)),
    due_date: due.due_date,
    labels: textsOf(head.labels),
    comments: [],
    blocked_by: textsOf(head.dependencies).map(refOf),
    notes: due.notes,
    ...(loop ? { loop } : {}),
  }
}

/** Reads the files of a folder. What is no task, such as a README or a decision, is passed over. */
export const parseBacklog = (files: readonly TextFile[]): Parsed => {
  const passed_over: Row[] = []
  const tasks = files.flatMap(({ path, text }): ParsedTask[] => {
    const [, yaml, content = ''] = FRONT_MATTER.exec(text) ?? []
    const head = yaml === undefined ? {} : headOf(yaml)
    if (head && textOf(head.id) !== '' && !/(^|\/)(docs|decisions|milestones)\//.test(path))
      return [taskOf(path, head, content)]
    passed_over.push({
      id: path,
      title: head ? textOf(head.title) : '',
      code: head ? 'not_a_task' : 'broken',
    })
    return []
  })
  return { tasks, loops: loopsOf(tasks), passed_over }
}
