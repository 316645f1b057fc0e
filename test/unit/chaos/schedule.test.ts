// Schedules of chaos: the same seed gives the same one, every way comes up, and no group has two faults at a time.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupOf, type ScheduledFault, scheduleOf, WAYS, type Way } from '../../chaos/schedule.ts'

const ALL = ['tasks-1', 'tasks-2', 'nats-1', 'nats-2', 'nats-3', 'mongod-1']
const LINKS = ['nats-1', 'nats-2', 'nats-3', 'mongod-1', 'smtp-1']
const ROSTER = {
  ...Object.fromEntries((Object.keys(WAYS) as Way[]).map((way) => [way, LINKS])),
  kill: ALL,
  stop: ALL,
  lose_stream: ['nats'],
}

const overlap = (a: ScheduledFault, b: ScheduledFault): boolean =>
  a.at_ms < b.at_ms + b.length_ms && b.at_ms < a.at_ms + a.length_ms

test('the_same_for_the_same_seed_and_another_for_another', () => {
  expect(scheduleOf(7, 60_000, ROSTER)).toEqual(scheduleOf(7, 60_000, ROSTER))
  expect(scheduleOf(7, 60_000, ROSTER)).not.toEqual(scheduleOf(8, 60_000, ROSTER))
})

test('within_its_time_and_never_one_group_twice_at_a_time', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1_000, max: 600_000 }), (seed, duration_ms) => {
      const schedule = scheduleOf(seed, duration_ms, ROSTER, 1_000)
      expect(schedule.filter(({ at_ms, length_ms }) => at_ms + length_ms > duration_ms)).toEqual([])
      const twice = schedule.filter((one, index) =>
        schedule
          .slice(0, index)
          .some((other) => groupOf(one.target) === groupOf(other.target) && overlap(one, other)),
      )
      expect(twice).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('every_way_there_is_something_for_in_a_long_run', () => {
  const ways = new Set(scheduleOf(1, 600_000, ROSTER).map(({ way }) => way))
  expect([...ways].sort()).toEqual(Object.keys(WAYS).sort())
})

test('nothing_that_is_not_there', () => {
  const schedule = scheduleOf(1, 600_000, { kill: ['tasks-1'] })
  expect(schedule.length).toBeGreaterThan(10)
  expect(new Set(schedule.map(({ way, target }) => `${way} ${target}`))).toEqual(new Set(['kill tasks-1']))
})
