// The verdicts of a soak: what rises over its window fails, what only wobbles or keeps a history does not.
import { expect, test } from 'vitest'
import {
  allowedFor,
  hasFailed,
  judgeSeries,
  type Kind,
  type Point,
  quantile,
  slopeOf,
  tableOf,
  warmUpOf,
} from '../../soak/soak-rules.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A figure each minute of an hour. */
const hourOf = (value: (minute: number) => number): Point[] =>
  Array.from({ length: 61 }, (_, minute) => ({ at_ms: minute * MINUTE_MS, value: value(minute) }))
const judged = (kind: Kind, value: (minute: number) => number) =>
  judgeSeries({ name: 'figure', kind, points: hourOf(value) }, HOUR_MS)

test('the_warm_up_takes_ten_minutes_and_of_a_short_run_a_sixth', () => {
  expect(warmUpOf(HOUR_MS)).toBe(10 * MINUTE_MS)
  expect(warmUpOf(3 * HOUR_MS)).toBe(10 * MINUTE_MS)
  expect(warmUpOf(12 * MINUTE_MS)).toBe(2 * MINUTE_MS)
})

test('the_slope_of_a_line_is_found_and_a_few_odd_points_do_not_bend_it', () => {
  const line = hourOf((minute) => 100 + 2 * minute)
  expect(slopeOf(line) * MINUTE_MS).toBeCloseTo(2)
  const odd = line.map((point, index) => (index % 10 === 0 ? { ...point, value: 5_000 } : point))
  expect(slopeOf(odd) * MINUTE_MS).toBeCloseTo(2, 0)
  expect(slopeOf([])).toBe(0)
  expect(slopeOf(line.slice(0, 1))).toBe(0)
})

test('a_leak_grows_and_a_heap_that_breathes_is_flat', () => {
  expect(judged('memory', (minute) => 100 + minute)).toMatchObject({ verdict: 'grows', per_hour: 60 })
  expect(judged('memory', (minute) => 100 + 30 * (minute % 5))).toMatchObject({ verdict: 'flat' })
  expect(judged('memory', (minute) => 200 - minute)).toMatchObject({ verdict: 'flat' })
})

test('what_rises_in_the_warm_up_alone_is_flat', () => {
  expect(judged('memory', (minute) => 100 + 20 * Math.min(minute, 9))).toMatchObject({ verdict: 'flat' })
})

test('each_kind_allows_a_share_and_some', () => {
  expect(allowedFor('handles', 20)).toBe(12)
  expect(allowedFor('handles', 1_000)).toBe(100)
  expect(judged('handles', (minute) => 20 + minute / 10).verdict).toBe('flat')
  expect(judged('handles', (minute) => 20 + minute).verdict).toBe('grows')
  expect(judged('pending', (minute) => minute * 3).verdict).toBe('grows')
  expect(judged('p50', (minute) => 20 + minute).verdict).toBe('grows')
})

test('history_is_shown_and_not_judged', () => {
  expect(judged('history', (minute) => minute * 1_000)).toMatchObject({
    verdict: 'history',
    per_hour: 60_000,
  })
})

test('a_run_fails_when_something_grows_or_nothing_was_judged', () => {
  const [flat, grows] = [judged('memory', () => 100), judged('memory', (minute) => 100 + minute)]
  const short = judgeSeries({ name: 'few', kind: 'memory', points: hourOf(() => 1).slice(0, 12) }, HOUR_MS)
  expect(short.verdict).toBe('too short')
  expect(hasFailed([flat])).toBe(false)
  expect(hasFailed([flat, grows])).toBe(true)
  expect(hasFailed([short])).toBe(true)
  expect(hasFailed([flat, short])).toBe(false)
})

test('the_table_has_what_grows_first', () => {
  const [flat, grows] = [judged('memory', () => 100), judged('memory', (minute) => 100 + minute)]
  const rows = tableOf([flat, { ...grows, name: 'worse' }]).split('\n')
  expect(rows[2]).toBe('| worse | 135 MB | 60 | 50 | 24 | grows |')
  expect(rows[3]).toBe('| figure | 100 MB | 0 | 0 | 24 | flat |')
})

test('quantiles_are_values_of_the_sample', () => {
  const values = Array.from({ length: 100 }, (_, index) => index)
  expect([quantile(values, 0.5), quantile(values, 0.99), quantile([], 0.5)]).toEqual([50, 99, undefined])
})
