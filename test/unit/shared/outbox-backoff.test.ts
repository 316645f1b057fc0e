// Which documents the relay skips, and for how long.
import { beforeEach, expect, test } from 'vitest'
import { type Backoff, openBackoff } from '../../../shared/events/outbox-backoff.ts'

let now_ms = 0
let backoff: Backoff

beforeEach(() => {
  now_ms = 0
  backoff = openBackoff({ monotonicMs: () => now_ms })
})

test('skipped_for_longer_with_each_failure', () => {
  const skipped_ms: number[] = []
  for (const _ of [1, 2, 3]) {
    backoff.failed('stuck')
    const since_ms = now_ms
    while (backoff.skipped().length > 0) now_ms += 100
    skipped_ms.push(now_ms - since_ms)
  }
  expect(skipped_ms).toEqual([500, 1_000, 2_000])
})

test('counts_failures_in_a_row_only', () => {
  expect([backoff.failed('a'), backoff.failed('a')]).toEqual([1, 2])
  backoff.clear(['a'])
  expect(backoff.skipped()).toEqual([])
  expect(backoff.failed('a')).toBe(1)
})

test('not_skipped_once_cleared', () => {
  for (const id of ['a', 'b', 'c']) backoff.failed(id)
  backoff.clear(['a', 'c'])
  expect(backoff.skipped()).toEqual(['b'])
})

test('never_skips_more_than_a_query_can_name', () => {
  for (let n = 0; n < 1_200; n += 1) backoff.failed(`document ${n}`)
  expect(backoff.skipped()).toHaveLength(1_000)
  expect(backoff.skipped()).toContain('document 1199')
})
