// A project of Todoist as the CSV that it exports as a template. Pure.
//
// Its rows have no ids. A task is known by its title and those that it is a part of, so under another title it is another.
import { createHash } from 'node:crypto'
import type { Priority } from '../contracts/define/common.ts'
import { type CsvRow, readCsv } from './csv-rules.ts'
import { readDate } from './date-rules.ts'
import {
  dueDate,
  facts,
  type Parsed,
  type ParsedComment,
  type ParsedTask,
  type Row,
  sections,
} from './shape-rules.ts'

const PRIORITIES: Readonly<Record<string, Priority>> = { 1: 'urgent', 2: 'high', 3: 'medium' }
const ID_CHARS = 20
const LABEL = /(?:^|\s)@([\p{L}\p{N}_-]+)/gu

/** The id of a task by the titles that lead to it; the second with the same has another. */
const idOf = (path: readonly string[], taken: Set<string>): string => {
  const id = createHash('sha256').update(path.join('\n')).digest('hex').slice(0, ID_CHARS)
  for (let n = 1; ; n += 1) {
    const free = n === 1 ? id : `${id}-${n}`
    if (taken.has(free)) continue
    taken.add(free)
    return free
  }
}

type Draft = Omit<ParsedTask, 'comments'> & { comments: ParsedComment[] }

const taskOf = (row: CsvRow, path: readonly string[], section: string, id: string): Draft => {
  const content = row.get('CONTENT')
  // When it must be done, rather than when somebody means to do it.
  const due = dueDate(row.get('DEADLINE', 'DATE'), readDate)
  return {
    ref: { source: 'todoist', id },
    title: content.replace(LABEL, '').trim() || content,
    body: sections([
      ['', row.get('DESCRIPTION')],
      [
        '',
        facts('Todoist', [
          ['Part of', path.at(-2) ?? ''],
          ['Date', due.notes[0]?.detail ?? ''],
        ]),
      ],
    ]),
    status: 'approved',
    priority: PRIORITIES[row.get('PRIORITY').trim()] ?? 'none',
    due_date: due.due_date,
    labels: [...(section ? [section] : []), ...[...content.matchAll(LABEL)].map(([, label = '']) => label)],
    comments: [],
    blocked_by: [],
    notes: due.notes,
  }
}

/** @throws AppError `invalid_argument` when it is no such export. */
export const parseTodoist = (text: string): Parsed => {
  const tasks: Draft[] = []
  const passed_over: Row[] = []
  const taken = new Set<string>()
  let section = ''
  let path: string[] = []
  for (const [n, row] of readCsv(text, ['TYPE', 'CONTENT']).entries()) {
    const [type, content] = [row.get('TYPE').trim().toLowerCase(), row.get('CONTENT')]
    if (type === '' && content === '') continue
    if (type === 'section') section = content
    else if (type === 'task') {
      const depth = Math.max(1, Number.parseInt(row.get('INDENT'), 10) || 1)
      path = [...path.slice(0, depth - 1), content]
      tasks.push(taskOf(row, path, section, idOf([section, ...path], taken)))
    } else if (type === 'note' && tasks.length > 0) tasks.at(-1)?.comments.push({ text: content })
    else passed_over.push({ id: `row ${n + 2}`, title: content, code: 'not_a_task', detail: type })
  }
  return { tasks, loops: [], passed_over }
}
