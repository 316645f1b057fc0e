// Cursors: what they come back to, and which are refused.
import { expect, test } from 'vitest'
import { readCursor, resumeAt, writeCursor } from '../../../services/loops-queue/cursor.ts'

const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const other = '01ARZ3NDEKTSV4RRFFQ69G5FAW'
const refused = expect.objectContaining({ code: 'invalid_argument' })

test('read_as_written', () => {
  const place = { in: 'shipped', key: id } as const
  expect(readCursor(writeCursor(place))).toEqual(place)
  expect(readCursor(undefined)).toBeUndefined()
})

test.each([
  '',
  'nonsense',
  '🦉',
  'e30',
  Buffer.from('{"in":"active","id":{"$ne":1},"place":0}').toString('base64url'),
])('refused_when_it_is_not_ours %#', (text) => expect(() => readCursor(text)).toThrow(refused))

test('refused_when_it_is_of_another_section', () =>
  expect(() => readCursor(writeCursor({ in: 'shipped', key: id }), 'active')).toThrow(refused))

test('resumed_behind_the_loop_wherever_it_stands_now_and_at_its_place_when_it_left', () => {
  expect(resumeAt([other, id], { in: 'active', id, place: 0 })).toBe(2)
  expect(resumeAt([other], { in: 'active', id, place: 0 })).toBe(0)
  expect(resumeAt([other], { in: 'active', id, place: 9 })).toBe(1)
  expect(resumeAt([other], undefined)).toBe(0)
})
