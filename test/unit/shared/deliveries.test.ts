// What becomes of an event whose reaction failed, and after which pauses.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError, ERROR_CODES, type ErrorCode } from '../../../shared/contracts/define/errors.ts'
import {
  holdPause,
  MAX_DELIVER,
  MAX_HOLD_MS,
  PoisonError,
  retryPause,
  UnknownEventError,
  verdictOn,
} from '../../../shared/events/deliveries.ts'

const bug = new Error('a bug')
const unknown = new UnknownEventError('of a newer release')
const pauseAfter = (error: Error) => (deliveries: number, random: number) =>
  retryPause(error, deliveries, random)
const away = new AppError('unavailable', 'Away.')

describe('a failed reaction', () => {
  test('is_tried_again_until_its_last_delivery', () => {
    expect(verdictOn(bug, undefined, 1, 0)).toBe('again')
    expect(verdictOn(bug, undefined, MAX_DELIVER - 1, 0)).toBe('again')
    expect(verdictOn(bug, undefined, MAX_DELIVER, 0)).toBe('give_up')
  })

  test('of_an_unknown_kind_of_event_is_given_up_at_its_last_delivery_only', () => {
    expect(verdictOn(unknown, undefined, 1, 0)).toBe('again')
    expect(verdictOn(unknown, undefined, MAX_DELIVER - 1, 0)).toBe('again')
    expect(verdictOn(unknown, undefined, MAX_DELIVER, 0)).toBe('give_up')
  })

  test('is_given_up_at_once_when_the_event_is_to_blame', () => {
    expect(verdictOn(new PoisonError('not JSON'), undefined, 1, 0)).toBe('give_up')
  })

  test('is_held_through_an_outage_whatever_delivery_it_is_but_not_for_ever', () => {
    expect(verdictOn(away, away, MAX_DELIVER, MAX_HOLD_MS - 1)).toBe('hold')
    expect(verdictOn(away, away, 1, MAX_HOLD_MS)).toBe('again')
    expect(verdictOn(away, away, MAX_DELIVER, MAX_HOLD_MS)).toBe('give_up')
  })

  test.each(Object.keys(ERROR_CODES) as ErrorCode[])('of_%s_is_held_when_a_repeat_may_help', (code) => {
    const fault = new AppError(code, '')
    expect(verdictOn(fault, fault, 1, 0)).toBe(ERROR_CODES[code].retryable ? 'hold' : 'again')
  })
})

describe('pauses', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('grow_and_are_spread_by_a_quarter_at_most', () => {
    const property = fc.property(fc.nat({ max: 30 }), chance, (n, random) => {
      for (const pauseOf of [pauseAfter(bug), pauseAfter(unknown), holdPause]) {
        const least = pauseOf(n + 1, 0)
        expect(pauseOf(n + 2, 0)).toBeGreaterThanOrEqual(least)
        expect(pauseOf(n + 1, random)).toBeGreaterThanOrEqual(least)
        expect(pauseOf(n + 1, random)).toBeLessThanOrEqual(Math.ceil(least * 1.25))
      }
    })
    fc.assert(property)
  })

  test('of_all_deliveries_leave_half_an_hour_to_mend_what_fails', () => {
    const all = Array.from({ length: MAX_DELIVER - 1 }, (_, n) => retryPause(bug, n + 1, 0))
    expect(all.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(30 * 60_000)
  })

  test('of_an_unknown_kind_of_event_are_short_since_a_newer_replica_is_there', () => {
    const all = Array.from({ length: MAX_DELIVER - 1 }, (_, n) => retryPause(unknown, n + 1, 0))
    expect(all[0]).toBeLessThanOrEqual(1_000)
    expect(all.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(2 * 60_000)
  })
})
