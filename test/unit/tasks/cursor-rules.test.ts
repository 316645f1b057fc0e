// Cursors of tasks and comments: read back as written, and anything else is refused.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCursor, writeCursor } from '../../../services/tasks/cursor-rules.ts'
import { rankOf } from '../../../services/tasks/task-rules.ts'

const ID = '01JTEST0000000000000000000'
const RANK = rankOf({ _id: ID, priority: 'low', due_date: '2026-05-06' })
const UNDATED = rankOf({ _id: ID, priority: 'urgent', due_date: null })
const refusal = expect.objectContaining({ code: 'invalid_argument' })

test('read_back_as_written', () => {
  for (const [list, position] of [
    ['newest', ID],
    ['comments', ID],
    ['work', RANK],
    ['work', UNDATED],
  ] as const)
    expect(readCursor(list, writeCursor(list, position) ?? '')).toBe(position)
})

test('the_same_text_in_every_release', () => {
  expect(writeCursor('newest', ID)).toBe('bmV3ZXN0IDAxSlRFU1QwMDAwMDAwMDAwMDAwMDAwMDAw')
  expect(writeCursor('work', RANK)).toBe('d29yayAzOjIwMjYtMDUtMDY6MDFKVEVTVDAwMDAwMDAwMDAwMDAwMDAwMDA')
})

test('absent_at_the_first_page_and_null_after_the_last', () => {
  expect(readCursor('newest', undefined)).toBeUndefined()
  expect(writeCursor('newest', undefined)).toBeNull()
})

test('refused_for_another_list', () => {
  expect(() => readCursor('comments', writeCursor('newest', ID) ?? '')).toThrow(refusal)
  expect(() => readCursor('work', writeCursor('work', ID) ?? '')).toThrow(refusal)
})

test('refused_when_anything_is_added_to_it', () => {
  const cursor = writeCursor('newest', ID) ?? ''
  for (const text of [`${cursor}!`, ` ${cursor}`, `${cursor}AA`, cursor.slice(1)])
    expect(() => readCursor('newest', text)).toThrow(refusal)
})

test('refused_naming_the_parameter_when_it_is_anything_else', () => {
  const encoded = fc.string().map((text) => Buffer.from(text).toString('base64url'))
  const shaped = fc.string().map((text) => Buffer.from(`newest ${text}`).toString('base64url'))
  fc.assert(
    fc.property(fc.oneof(fc.string(), encoded, shaped), (text) => {
      expect(() => readCursor('newest', text, 'comments_cursor')).toThrow(refusal)
    }),
  )
  expect(() => readCursor('newest', '{"$gt":""}', 'comments_cursor')).toThrow(/^comments_cursor: /)
})
