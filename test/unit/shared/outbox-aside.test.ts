// Which documents the relay leaves out of its looks, and for how long.
import { beforeEach, expect, test } from 'vitest'
import { type AsideList, asideList } from '../../../shared/events/outbox-aside.ts'

let now_ms = 0
let list: AsideList

beforeEach(() => {
  now_ms = 0
  list = asideList({ now: () => new Date(now_ms), monotonicMs: () => now_ms })
})

test('left_out_for_longer_with_each_failure', () => {
  const out_ms: number[] = []
  for (const _ of [1, 2, 3]) {
    list.failed('stuck')
    const since_ms = now_ms
    while (list.now().length > 0) now_ms += 100
    out_ms.push(now_ms - since_ms)
  }
  expect(out_ms).toEqual([500, 1_000, 2_000])
})

test('counts_failures_in_a_row_only', () => {
  expect([list.failed('a'), list.failed('a')]).toEqual([1, 2])
  list.worked('a')
  expect(list.now()).toEqual([])
  expect(list.failed('a')).toBe(1)
})

test('nobody_is_left_out_for_what_was_not_theirs', () => {
  for (const id of ['a', 'b', 'c']) list.failed(id)
  list.blameNobody(['a', 'c'])
  expect(list.now()).toEqual(['b'])
})

test('never_leaves_out_more_than_a_query_can_name', () => {
  for (let n = 0; n < 1_200; n += 1) list.failed(`document ${n}`)
  expect(list.now()).toHaveLength(1_000)
  expect(list.now()).toContain('document 1199')
})
