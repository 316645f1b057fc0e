// How replicas share the look for one turn: simulated, however many there are.
import { expect, test } from 'vitest'
import {
  afterFailure,
  afterLook,
  BEGINNING,
  isHeld,
  type Standing,
  sharedInterval,
  stoodBack,
  UPKEEP_TERM_MS,
} from '../../../shared/storage/upkeep-rules.ts'

/** A holder that renews: most of its turn is left whenever somebody looks. */
const ENDS_IN_MS = UPKEEP_TERM_MS - 500

/** Has so many replicas look for a turn that another holds, for a time. @returns the looks in the second half, per minute. */
const looksPerMinute = (replicas: number, time_ms: number): number => {
  const standings = Array.from({ length: replicas }, (_, n) => ({ standing: BEGINNING, at_ms: n }))
  let looks = 0
  let counted = 0
  for (;;) {
    const next = standings.reduce((a, b) => (b.at_ms < a.at_ms ? b : a))
    if (next.at_ms > time_ms) return (counted * 60_000) / (time_ms / 2)
    looks += 1
    if (next.at_ms > time_ms / 2) counted += 1
    next.standing = afterLook(next.standing, { until_ms: undefined, looks, ends_in_ms: ENDS_IN_MS })
    next.at_ms += next.standing.wait_ms
  }
}

test('many_replicas_look_about_as_often_as_one', () => {
  const alone = looksPerMinute(1, 600_000)
  for (const replicas of [2, 4, 12]) {
    const ratio = looksPerMinute(replicas, 600_000) / alone
    expect(ratio, `${replicas} replicas`).toBeGreaterThan(0.5)
    expect(ratio, `${replicas} replicas`).toBeLessThan(1.5)
  }
})

test('no_replica_waits_for_longer_than_its_bound_however_many_have_looked', () => {
  const first = afterLook(BEGINNING, { until_ms: undefined, looks: 1, ends_in_ms: ENDS_IN_MS })
  const second = afterLook(first, { until_ms: undefined, looks: 1_000, ends_in_ms: ENDS_IN_MS })
  expect(second.wait_ms).toBe(30_000)
})

test('those_that_are_left_look_more_often_after_others_have_gone', () => {
  const many = afterLook(
    { ...BEGINNING, looks: 0 },
    { until_ms: undefined, looks: 12, ends_in_ms: ENDS_IN_MS },
  )
  expect(many.standbys).toBe(12)
  const few = afterLook(many, { until_ms: undefined, looks: 13, ends_in_ms: ENDS_IN_MS })
  expect(few.standbys).toBe(1)
  expect(few.wait_ms).toBeLessThan(many.wait_ms)
})

test('whoever_sees_that_the_holder_is_late_looks_again_when_its_turn_ends', () => {
  const many = afterLook(
    { ...BEGINNING, looks: 0 },
    { until_ms: undefined, looks: 12, ends_in_ms: ENDS_IN_MS },
  )
  const late = afterLook(many, { until_ms: undefined, looks: 24, ends_in_ms: 700 })
  expect(late.wait_ms).toBe(700)
  // Lost to another that looked at the same moment.
  const lost = afterLook(late, { until_ms: undefined, looks: 25, ends_in_ms: 0 })
  expect(isHeld(lost, 0)).toBe(false)
  expect(lost.wait_ms).toBeGreaterThan(0)
})

test('a_holder_goes_on_until_the_end_of_its_turn_even_if_a_renewal_fails_and_no_longer', () => {
  const held = afterLook(BEGINNING, { until_ms: 4_500 })
  const failed = afterFailure(held, 2_500)
  // Waits are spread by up to a quarter; even so there is time for a second try.
  expect(1.25 * (held.wait_ms + failed.wait_ms)).toBeLessThan(4_500)
  expect(isHeld(failed, 4_499)).toBe(true)
  expect(isHeld(failed, 4_500)).toBe(false)
  expect(afterFailure(held, 4_500).until_ms).toBeUndefined()
})

test('a_replica_that_stood_back_has_no_turn_and_waits_as_told', () => {
  const back = stoodBack(afterLook(BEGINNING, { until_ms: 4_500 }), 9_000)
  expect(isHeld(back, 0)).toBe(false)
  expect(back.wait_ms).toBe(9_000)
})

test('shared_work_is_looked_for_by_the_holder_at_its_interval_and_by_all_others_together_once_more', () => {
  const held = afterLook(BEGINNING, { until_ms: 4_500 })
  expect(sharedInterval(held, 1_000, 0)).toBe(1_000)
  const other: Standing = { ...BEGINNING, standbys: 11 }
  expect(sharedInterval(other, 1_000, 0)).toBe(11_000)
})
