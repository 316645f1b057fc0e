// The issues of beads, as it keeps them in JSON Lines. Pure.
import { PRIORITIES, type TaskStatus } from '../contracts/define/common.ts'
import { readDate } from './date-rules.ts'
import { readJsonLines } from './json-rules.ts'
import {
  dueDate,
  facts,
  listOf,
  objectOf,
  type Parsed,
  type ParsedComment,
  type ParsedTask,
  type Row,
  sections,
  textOf,
} from './shape-rules.ts'

type Issue = Readonly<Record<string, unknown>>

const STATUSES: Readonly<Record<string, TaskStatus>> = { closed: 'shipped', deferred: 'on_hold' }

/** Comments, and the reason that an issue was closed with as its outcome. */
const commentsOf = (issue: Issue): ParsedComment[] => {
  const outcome = textOf(issue.close_reason)
  return [
    ...listOf(issue.comments).map((one) => {
      const { id, author, text, created_at } = objectOf(one)
      return { id: textOf(id), author: textOf(author), at: textOf(created_at), text: textOf(text) }
    }),
    ...(outcome
      ? [{ id: 'close_reason', kind: 'outcome' as const, at: textOf(issue.closed_at), text: outcome }]
      : []),
  ]
}

/** The ids of issues that an issue depends on in some way. */
const dependenciesOf = (issue: Issue, type: string): string[] =>
  listOf(issue.dependencies)
    .map(objectOf)
    .filter((one) => one.type === type)
    .map(({ depends_on_id }) => textOf(depends_on_id))

const taskOf = (issue: Issue): ParsedTask => {
  const due = dueDate(textOf(issue.due_at), readDate)
  const type = textOf(issue.issue_type)
  return {
    ref: { source: 'beads', id: textOf(issue.id) },
    title: textOf(issue.title),
    body: sections([
      ['', textOf(issue.description)],
      ['Design', textOf(issue.design)],
      ['Acceptance criteria', textOf(issue.acceptance_criteria)],
      ['Notes', textOf(issue.notes)],
      [
        '',
        facts('beads', [
          ['Parent', dependenciesOf(issue, 'parent-child').join(', ')],
          ['Related', dependenciesOf(issue, 'related').join(', ')],
          ['Found while working on', dependenciesOf(issue, 'discovered-from').join(', ')],
        ]),
      ],
    ]),
    status: STATUSES[textOf(issue.status)] ?? 'approved',
    // 0 is the highest, 4 the lowest, in the order of ours.
    priority: PRIORITIES[typeof issue.priority === 'number' ? issue.priority : -1] ?? 'none',
    due_date: due.due_date,
    labels: [...(type && type !== 'task' ? [type] : []), ...listOf(issue.labels).map(textOf)],
    comments: commentsOf(issue),
    blocked_by: dependenciesOf(issue, 'blocks').map((id) => ({ source: 'beads', id })),
    notes: due.notes,
  }
}

/** @throws AppError `invalid_argument` when it is no such file. */
export const parseBeads = (text: string): Parsed => {
  const { lines, broken } = readJsonLines(text)
  const tasks: ParsedTask[] = []
  const passed_over: Row[] = [...broken]
  for (const line of lines) {
    const type = textOf(line._type) || 'issue'
    const row = { id: textOf(line.id), title: textOf(line.title) }
    if (type !== 'issue') passed_over.push({ ...row, code: 'not_a_task', detail: type })
    else if (textOf(line.status) === 'tombstone')
      passed_over.push({ ...row, code: 'not_a_task', detail: 'deleted' })
    else tasks.push(taskOf(line))
  }
  return { tasks, loops: [], passed_over }
}
