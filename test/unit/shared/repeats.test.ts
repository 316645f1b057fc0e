// The window over the requests of one process, against a model that remembers all of them.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyWindow, MAX_AGE_MS, recordRequest, WINDOW } from '../../../shared/bus/repeats.ts'

test('first_once_and_repeated_ever_after_in_any_order', () => {
  const numbers = fc.array(fc.integer({ min: 1, max: WINDOW }), { maxLength: 300 })
  fc.assert(
    fc.property(numbers, (given) => {
      const window = emptyWindow()
      const seen = new Set<number>()
      for (const number of given) {
        expect(recordRequest(window, number, 0)).toBe(seen.has(number) ? 'repeated' : 'first')
        seen.add(number)
      }
    }),
  )
})

test('nothing_is_taken_twice_however_far_the_numbers_run_on', () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 * WINDOW }), fc.integer({ min: 0, max: 2 * WINDOW })),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(steps, (given) => {
      const window = emptyWindow()
      const taken = new Set<number>()
      let newest = 1
      for (const [forward, back] of given) {
        newest += forward
        for (const number of [newest, Math.max(1, newest - back)]) {
          const verdict = recordRequest(window, number, 0)
          if (taken.has(number)) expect(verdict).not.toBe('first')
          else if (newest - number < WINDOW) expect(verdict).toBe('first')
          if (verdict === 'first') taken.add(number)
        }
      }
    }),
  )
})

test('late_when_older_than_the_newest_by_more_than_a_call_may_take', () => {
  const window = emptyWindow()
  expect(recordRequest(window, 10, 100_000)).toBe('first')
  expect(recordRequest(window, 9, 100_000 - MAX_AGE_MS)).toBe('first')
  expect(recordRequest(window, 8, 100_000 - MAX_AGE_MS - 1)).toBe('late')
  expect(recordRequest(window, 10 + WINDOW, 100_000)).toBe('first')
  expect(recordRequest(window, 10, 100_000)).toBe('late')
})
