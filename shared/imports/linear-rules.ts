// The CSV export of Linear. Pure.
import type { Priority } from '../contracts/define/common.ts'
import { type CsvRow, readCsv } from './csv-rules.ts'
import { readDate } from './date-rules.ts'
import { dueDate, facts, loopsOf, type Parsed, type ParsedTask, sections } from './shape-rules.ts'

const PRIORITIES: Readonly<Record<string, Priority>> = {
  urgent: 'urgent',
  high: 'high',
  medium: 'medium',
  normal: 'medium',
  low: 'low',
}

/** A value without the apostrophe that Linear sets before what a spreadsheet would take for a formula. */
const plain = (value: string): string => value.replace(/^'(?=[=+\-@\t\r])/, '')

const listed = (value: string): string[] =>
  plain(value)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

const statusOf = (row: CsvRow): ParsedTask['status'] => {
  const status = row.get('Status').toLowerCase()
  if (row.get('Canceled') !== '' || /^(cancell?ed|duplicate)$/.test(status)) return 'rejected'
  if (row.get('Completed') !== '' || /^(done|completed)$/.test(status)) return 'shipped'
  return status === 'triage' ? 'open' : 'approved'
}

const taskOf = (row: CsvRow): ParsedTask => {
  const due = dueDate(row.get('Due Date'), readDate)
  const loop = plain(row.get('Project')).trim()
  return {
    ref: { source: 'linear', id: row.get('ID').trim() },
    title: plain(row.get('Title')),
    body: sections([
      ['', plain(row.get('Description'))],
      [
        '',
        facts('Linear', [
          ['Issue', row.get('ID')],
          ['Creator', row.get('Creator')],
          ['Parent', row.get('Parent issue')],
        ]),
      ],
    ]),
    status: statusOf(row),
    priority: PRIORITIES[row.get('Priority').trim().toLowerCase()] ?? 'none',
    due_date: due.due_date,
    labels: listed(row.get('Labels')),
    comments: [],
    blocked_by: listed(row.get('Blocked by')).map((id) => ({ source: 'linear', id })),
    notes: [...row.notes, ...due.notes],
    ...(loop ? { loop } : {}),
  }
}

/** @throws AppError `invalid_argument` when it is no such export. */
export const parseLinear = (text: string): Parsed => {
  const tasks = readCsv(text, ['ID', 'Title', 'Status']).map(taskOf)
  return { tasks, loops: loopsOf(tasks), passed_over: [] }
}
