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
  type ParsedComment,
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

/** Names of people stand there without quotation marks, which YAML does not allow for what begins with an @. */
const UNQUOTED = /^([ \t]*(?:-|[\w-]+:)[ \t]+)(@[^\r\n]*?)[ \t]*(\r?)$/gm

const headOf = (yaml: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const quoted = yaml.replaceAll(
      UNQUOTED,
      (_, key: string, name: string, end: string) => `${key}${JSON.stringify(name)}${end}`,
    )
    // Without aliases, a few lines cannot become gigabytes. Dates stay texts.
    return objectOf(parse(quoted, { schema: 'failsafe', maxAliasCount: 0, logLevel: 'error' }))
  } catch {
    return undefined
  }
}

/** The section of comments; each is some lines about it, a rule, its text and a rule. */
const COMMENTS =
  /^## Comments[ \t]*\r?\n\s*<!-- COMMENTS:BEGIN -->([\s\S]*?)^[ \t]*<!-- COMMENTS:END -->[ \t]*(?:\r?\n|$)/m
const RULE = /^---[ \t]*$/m
const ABOUT = /^(?:(?:index|author|created):[^\n]*\s*)+$/

/** The comments of a file, and what is left of it; a section that is not as it should be stays in the text. */
const commentsOf = (content: string): Readonly<{ comments: ParsedComment[]; rest: string }> => {
  const [section, listed = ''] = COMMENTS.exec(content) ?? []
  const parts = listed.split(RULE).map((part) => part.trim())
  if (parts.at(-1) === '') parts.pop()
  const whole = parts.length % 2 === 0 && parts.every((part, n) => n % 2 === 1 || ABOUT.test(part))
  if (section === undefined || !whole) return { comments: [], rest: content }
  const comments = parts.flatMap((about, n): ParsedComment[] => {
    if (n % 2 === 1) return []
    const known = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(about)?.[1]?.trim()
    return [{ author: known('author'), at: known('created'), text: parts[n + 1] ?? '' }]
  })
  return { comments, rest: content.replace(section, () => '') }
}

const taskOf = (path: string, head: Readonly<Record<string, unknown>>, content: string): ParsedTask => {
  const due = dueDate(textOf(head.due_date ?? head.dueDate), readDate)
  const loop = textOf(head.milestone).trim()
  const { comments, rest } = commentsOf(content)
  return {
    ref: refOf(textOf(head.id)),
    title: textOf(head.title),
    body: sections([
      ['', rest.replaceAll(MARKER, '')],
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
    comments,
    blocked_by: textsOf(head.dependencies).map(refOf),
    notes: due.notes,
    ...(loop ? { loop } : {}),
  }
}

type Read = Readonly<{ rank: number; task: ParsedTask }>

/** Of files with the same id one counts: what is worked on before what is done, and that before what was put away. */
const rankOf = (path: string): number => {
  const folders = path.split('/').slice(0, -1)
  return folders.includes('archive')
    ? 3
    : folders.includes('drafts')
      ? 2
      : folders.includes('completed')
        ? 1
        : 0
}

const numberOf = (id: string): string => (id.startsWith('draft') ? '' : (/\d[\d.]*$/.exec(id)?.[0] ?? ''))

/** Follows dependencies on ids of before a project gave its tasks another prefix: `task-7` is `back-7` then. */
const withBlockers = (tasks: readonly ParsedTask[]): ParsedTask[] => {
  const known = new Set(tasks.map(({ ref }) => ref.id))
  const byNumber = Map.groupBy(known, numberOf)
  return tasks.map((task) => ({
    ...task,
    blocked_by: task.blocked_by.map((ref) => {
      const [only, more] = known.has(ref.id) ? [] : (byNumber.get(numberOf(ref.id) || '-') ?? [])
      return only !== undefined && more === undefined ? { ...ref, id: only } : ref
    }),
  }))
}

/** Reads the files of a folder. What is no task, such as a README or a decision, is passed over. */
export const parseBacklog = (files: readonly TextFile[]): Parsed => {
  const passed_over: Row[] = []
  const milestones = new Map<string, string>()
  const read = files.flatMap(({ path, text }): Read[] => {
    const [, yaml, content = ''] = FRONT_MATTER.exec(text) ?? []
    const head = yaml === undefined ? {} : headOf(yaml)
    if (head && textOf(head.id) !== '' && !/(^|\/)(docs|decisions|milestones)\//.test(path))
      return [{ rank: rankOf(path), task: taskOf(path, head, content) }]
    if (head && /(^|\/)milestones\//.test(path)) milestones.set(textOf(head.id), textOf(head.title))
    passed_over.push({
      id: path,
      title: head ? textOf(head.title) : '',
      code: head ? 'not_a_task' : 'broken',
    })
    return []
  })
  const best = new Map<string, Read>()
  for (const one of read) {
    const other = best.get(one.task.ref.id)
    if (!other || one.rank < other.rank) best.set(one.task.ref.id, one)
  }
  for (const { task } of read.filter((one) => best.get(one.task.ref.id) !== one))
    passed_over.push({ id: task.ref.id, title: task.title, code: 'same_id' })
  const tasks = withBlockers(read.filter((one) => best.get(one.task.ref.id) === one).map(({ task }) => task))
  const loops = loopsOf(tasks).map((loop) => ({ ...loop, name: milestones.get(loop.key) || loop.name }))
  return { tasks, loops, passed_over }
}
