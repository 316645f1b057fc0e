// The page of a loop as text: how large it grows, and that it says everything in each language.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { columnsView } from '../../../services/gateway/web/board/loop-columns-view.ts'
import { type LoopFacts, type LoopReader, loopBody } from '../../../services/gateway/web/board/loop-view.ts'
import { TASK_STATUSES } from '../../../shared/contracts/define/common.ts'
import { LANGUAGES, type Language } from '../../../shared/contracts/define/language.ts'
import type { TaskRow } from '../../../shared/contracts/tasks/shapes.ts'
import { systemIds } from '../../../shared/process/ids.ts'

const ids = systemIds()
const ANN = { user_id: ids.next(), name: 'Ann', client: 'Loops in the browser' }
const AT = '2026-11-01T10:00:00.000Z'

const reader = (language: Language = 'en', more: Partial<LoopReader> = {}): LoopReader => ({
  language,
  reading: { locale: language, time_zone: 'UTC' },
  now: new Date('2026-11-02T10:00:00Z'),
  may_write: true,
  may_approve: true,
  ...more,
})

const task = (title: string, status: TaskRow['status'], more: Partial<TaskRow> = {}): TaskRow => ({
  id: ids.next(),
  title,
  status,
  priority: 'high',
  due_date: '2026-12-01',
  loop_id: ids.next(),
  author: ANN,
  approved_by: null,
  created_at: AT,
  updated_at: AT,
  version: 1,
  ...more,
})

const facts = (tasksOf: (status: TaskRow['status']) => readonly TaskRow[], total = 5_000): LoopFacts => {
  const loop_id = ids.next()
  const counts = { total, open: 0, approved: 0, in_progress: 0, on_hold: 0, shipped: 0, rejected: 0 }
  for (const status of TASK_STATUSES) counts[status] = Math.floor(total / 6)
  return {
    loop: {
      id: loop_id,
      name: 'Search',
      description: 'Find *it*',
      ai_context: 'Run the tests',
      visibility: 'public',
      status: 'active',
      priority: 0,
      created_by: ANN,
      created_at: AT,
      updated_at: AT,
      shipped_at: null,
      shipped_by: null,
      version: 3,
      member_ids: null,
    },
    counts,
    progress: { ready: 2, blocked: 1 },
    columns: {
      loop_id,
      from: `/loops/${loop_id}`,
      counts,
      may_change: true,
      columns: TASK_STATUSES.map((status) => ({ status, tasks: tasksOf(status), next_cursor: 'next' })),
    },
    members: null,
    members_total: 0,
    others: [],
    comments: [],
    comments_total: 0,
    comments_next_cursor: null,
    activity: [],
    once: { comment: ids.next(), task: ids.next() },
  }
}

const textOf = async (of: LoopFacts, by: LoopReader = reader()): Promise<string> =>
  String(await loopBody(of, by))

/** Words that compress badly, as titles of real tasks do. */
const words = (count: number): string =>
  Array.from({ length: count }, () => ids.next().slice(-6).toLowerCase()).join(' ')

test('a_loop_with_thousands_of_tasks_stays_small', async () => {
  const many = facts((status) =>
    Array.from({ length: 20 }, () => task(words(8), status, { labels: [words(1), words(1)] })),
  )
  expect(gzipSync(await textOf(many)).length).toBeLessThan(50 * 1024)
})

test('a_due_date_that_has_passed_is_marked_until_the_task_is_finished', async () => {
  const due_date = '2026-11-01'
  const text = await textOf(facts((status) => [task(status, status, { due_date })]))
  expect(text.match(/overdue since/g)).toHaveLength(4)
  expect(text.match(/due Nov 1, 2026/g)).toHaveLength(2)
})

test('the_columns_offer_only_what_the_reader_may_do', async () => {
  const { columns } = facts((status) => [task(status, status)])
  const offered = async (by: LoopReader) => String(await columnsView(columns, by))
  expect(await offered(reader())).toContain('name="status" value="approved"')
  expect(await offered(reader('en', { may_approve: false }))).not.toContain('name="status" value="approved"')
  expect(String(await columnsView({ ...columns, may_change: false }, reader()))).not.toContain('<form')
})

describe('in', () => {
  test.each(Object.keys(LANGUAGES) as Language[])('%s_nothing_is_left_unsaid', async (language) => {
    const shown = facts((status) => [
      task('T', status, {
        open_blockers: 2,
        question_id: ids.next(),
        held_by: { name: 'Bo', client: 'agent', agent: 'one', since: AT, expires_at: null },
      }),
    ])
    const text = await textOf(shown, reader(language))
    expect(text).not.toMatch(/undefined|\{\w+\}|\[object/)
    if (language !== 'en') expect(text).not.toMatch(/>(Approve|Put on hold|Comments|Add task)</)
  })
})
