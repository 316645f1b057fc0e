// The CSV export of Jira. Pure.
import type { Priority } from '../contracts/define/common.ts'
import { type CsvRow, readCsv } from './csv-rules.ts'
import { readDate } from './date-rules.ts'
import {
  dueDate,
  facts,
  loopsOf,
  type Parsed,
  type ParsedComment,
  type ParsedTask,
  sections,
} from './shape-rules.ts'

const PRIORITIES: Readonly<Record<string, Priority>> = {
  blocker: 'urgent',
  highest: 'urgent',
  critical: 'urgent',
  high: 'high',
  major: 'high',
  medium: 'medium',
  low: 'low',
  minor: 'low',
  lowest: 'low',
  trivial: 'low',
}
const GIVEN_UP = /^(won['’]?t (do|fix)|duplicate|cannot reproduce|declined|rejected|cancell?ed)$/i
const DONE = /^(done|closed|resolved)$/i

/** `09/Jan/24 3:55 PM;account;text`: when, who, and what. */
const commentOf = (value: string): ParsedComment => {
  const [, at, author, text] = /^([^;]{1,40});([^;]{0,200});([\s\S]*)$/.exec(value) ?? []
  return text === undefined || at === undefined ? { text: value } : { at, author, text }
}

const statusOf = (row: CsvRow): ParsedTask['status'] => {
  const resolution = row.get('Resolution').trim()
  if (GIVEN_UP.test(resolution)) return 'rejected'
  return DONE.test(row.get('Status Category', 'Status').trim()) ? 'shipped' : 'approved'
}

const taskOf = (row: CsvRow): ParsedTask => {
  const due = dueDate(row.get('Due date'), readDate)
  // A task that moved on from sprint to sprint has a column for each; the last is where it is.
  const loop = (row.all('Sprint').at(-1) ?? row.get('Fix versions', 'Fix Version/s')).trim()
  return {
    ref: { source: 'jira', id: row.get('Issue key').trim() },
    title: row.get('Summary'),
    body: sections([
      ['', row.get('Description')],
      [
        '',
        facts('Jira', [
          ['Issue', row.get('Issue key')],
          ['Type', row.get('Issue Type')],
          ['Reporter', row.get('Reporter')],
          ['Parent', row.get('Parent key', 'Parent')],
        ]),
      ],
    ]),
    status: statusOf(row),
    priority: PRIORITIES[row.get('Priority').trim().toLowerCase()] ?? 'none',
    due_date: due.due_date,
    labels: row.all('Labels').flatMap((value) => value.split(/\s+/)),
    comments: [...row.all('Comment'), ...row.all('Comments')].map(commentOf),
    blocked_by: row.all('Inward issue link (Blocks)').map((id) => ({ source: 'jira', id: id.trim() })),
    notes: [...row.notes, ...due.notes],
    ...(loop ? { loop } : {}),
  }
}

/** @throws AppError `invalid_argument` when it is no such export. */
export const parseJira = (text: string): Parsed => {
  const tasks = readCsv(text, ['Issue key', 'Summary']).map(taskOf)
  return { tasks, loops: loopsOf(tasks), passed_over: [] }
}
