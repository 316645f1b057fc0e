// The filter of the activity page in an address, and the days of the reader, also where the clocks change.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  activityPath,
  isBackwards,
  periodOf,
  readFilter,
} from '../../../services/gateway/web/board/activity-filter-rules.ts'
import { dayOf, daysAfter, startOfDay } from '../../../services/gateway/web/moments.ts'

const ID = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const reading = (time_zone: string) => ({ locale: 'en', time_zone })
const filterOf = (query: string) => {
  const asked = new URLSearchParams(query)
  return readFilter((name) => asked.get(name) ?? undefined)
}
const day = fc
  .date({ min: new Date('2024-01-01'), max: new Date('2035-12-31'), noInvalidDate: true })
  .map((at) => at.toISOString().slice(0, 10))
const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))

describe('the filter', () => {
  test('is_read_from_the_address_that_it_is_written_into', () => {
    const text = fc
      .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
      .filter((one) => one.trim() !== '')
    const filter = fc.record(
      {
        task: fc.constant(ID),
        loop: fc.constant(ID),
        person: fc.constant(ID),
        client: text,
        agent: text,
        since: day,
        until: day,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(filter, (asked) => {
        const path = activityPath(asked, ID)
        expect(filterOf(path.slice(path.indexOf('?')))).toEqual(asked)
        expect(new URL(path, 'http://loops.example').searchParams.get('before')).toBe(ID)
      }),
    )
  })

  test('leaves_out_what_cannot_be_meant', () => {
    expect(filterOf('task=nonsense&person=&client=&agent=%20&since=2026-02-30&until=tomorrow')).toEqual({})
    expect(filterOf('since=0001-01-01&until=9999-12-31')).toEqual({})
    expect(filterOf(`client=${'x'.repeat(513)}&agent=${'x'.repeat(101)}`)).toEqual({})
    expect(filterOf(`person=${ID.toLowerCase()}`)).toEqual({ person: ID })
    expect(activityPath({})).toBe('/activity')
  })

  test('is_backwards_where_the_last_day_is_before_the_first', () => {
    expect(isBackwards({ since: '2026-01-02', until: '2026-01-01' })).toBe(true)
    expect(isBackwards({ since: '2026-01-02', until: '2026-01-02' })).toBe(false)
    expect(isBackwards({ until: '2026-01-02' })).toBe(false)
  })
})

describe('a day', () => {
  test('holds_the_moments_that_have_its_date_in_every_time_zone', () => {
    fc.assert(
      fc.property(day, zone, fc.integer({ min: -26 * 60, max: 50 * 60 }), (date, time_zone, minutes) => {
        const { since = '', until = '' } = periodOf({ since: date, until: date }, reading(time_zone))
        const at = new Date(Date.parse(`${date}T00:00:00Z`) + minutes * 60_000)
        const isIn = at.toISOString() >= since && at.toISOString() < until
        expect(isIn).toBe(dayOf(at, reading(time_zone)) === date)
      }),
      { numRuns: 2_000 },
    )
  })

  test('ends_where_the_next_begins', () => {
    fc.assert(
      fc.property(day, zone, (date, time_zone) => {
        const end = startOfDay(daysAfter(date, 1), reading(time_zone))
        expect(dayOf(end, reading(time_zone))).toBe(daysAfter(date, 1))
        expect(dayOf(new Date(end.getTime() - 1), reading(time_zone))).toBe(date)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['an_ordinary_one', '2026-11-27', 'Europe/Zurich', '2026-11-26T23:00:00.000Z', 24],
    ['one_that_loses_an_hour', '2026-03-29', 'Europe/Zurich', '2026-03-28T23:00:00.000Z', 23],
    ['one_that_gains_an_hour', '2026-10-25', 'Europe/Zurich', '2026-10-24T22:00:00.000Z', 25],
    ['one_without_midnight', '2026-04-24', 'Africa/Cairo', '2026-04-23T22:00:00.000Z', 23],
    [
      'one_that_comes_after_a_second_eleven_at_night',
      '2026-10-30',
      'Africa/Cairo',
      '2026-10-29T22:00:00.000Z',
      24,
    ],
    ['one_with_midnight_twice', '2026-11-01', 'America/Havana', '2026-11-01T04:00:00.000Z', 25],
    ['one_that_gains_half_an_hour', '2026-04-05', 'Australia/Lord_Howe', '2026-04-04T13:00:00.000Z', 24.5],
    ['the_first_one_to_begin', '2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00.000Z', 24],
    ['the_last_one_to_begin', '2026-01-01', 'Etc/GMT+12', '2026-01-01T12:00:00.000Z', 24],
    ['one_that_never_was', '2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z', 0],
  ])('%s', (_, date, time_zone, start, hours) => {
    const { since = '', until = '' } = periodOf({ since: date, until: date }, reading(time_zone))
    expect(since).toBe(start)
    expect((Date.parse(until) - Date.parse(since)) / 3_600_000).toBe(hours)
  })
})
