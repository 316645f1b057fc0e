// Rows of answers: what is left out of them, and what never is.
import { expect, test } from 'vitest'
import { compact } from '../../../services/gateway/mcp/compact.ts'

const ann = { user_id: '01JA', name: 'Ann', client: 'Claude Code' }
const at = '2026-11-27T08:00:00.000Z'
const row = { id: '01J1', author: ann, loop_id: null, due_date: null, created_at: at, updated_at: at }

test('rows_lose_what_is_null_empty_or_said_before', () => {
  const later = '2026-11-27T09:00:00.000Z'
  const rows = [row, { ...row, id: '01J2', approved_by: ann, description: '', updated_at: later }]
  expect(compact({ tasks: rows, total: 2, next_cursor: null })).toEqual({
    tasks: [
      { id: '01J1', author: ann, created_at: at },
      {
        id: '01J2',
        author: { name: 'Ann' },
        approved_by: { name: 'Ann' },
        created_at: at,
        updated_at: later,
      },
    ],
    total: 2,
    next_cursor: null,
  })
})

test('people_of_one_name_are_told_apart_and_so_are_the_apps_of_one_person', () => {
  const others = [
    { ...ann, user_id: '01JB' },
    { ...ann, client: 'Cursor' },
  ]
  const authors = [ann, ...others].map((author, n) => ({ id: `${n}`, author }))
  expect(compact({ tasks: authors })).toEqual({ tasks: authors })
})

test('what_is_no_row_of_a_list_stays_as_it_is', () => {
  const answer = { task: row, results: [{ task_id: '01J1', moved_from: null }], words: ['', 'a'], empty: [] }
  expect(compact(answer)).toEqual(answer)
})

test('zero_false_and_empty_lists_stay', () => {
  const kept = { id: '01J1', priority: 0, changed: false, member_ids: [] }
  expect(compact({ loops: [kept] })).toEqual({ loops: [kept] })
})
