// What was used between two readings, for one of something: differences and shares of costs. Pure.
import { PLACES, type PlaceName, type UnitCost } from './costs-rules.ts'

/** All that an installation has used since it started: processor time of each place (ms), and what passed through. */
export type Totals = Readonly<{ at_ms: number; used: UnitCost }>

const FIGURES = [
  'mongodb_commands',
  'mongodb_bytes',
  'nats_messages',
  'nats_bytes',
  'writes',
  'events',
  'sent_bytes',
  'kept_bytes',
] as const

const combine = (one: UnitCost, other: UnitCost, by: (a: number, b: number) => number): UnitCost => ({
  cpu_ms: Object.fromEntries(
    PLACES.map((name) => [name, by(one.cpu_ms[name], other.cpu_ms[name])]),
  ) as Record<PlaceName, number>,
  ...(Object.fromEntries(FIGURES.map((name) => [name, by(one[name], other[name])])) as Record<
    (typeof FIGURES)[number],
    number
  >),
})

/** One cost without another, times so many; never less than nothing. */
export const less = (one: UnitCost, other: UnitCost, times = 1): UnitCost =>
  combine(one, other, (a, b) => Math.max(0, a - times * b))

/** A cost times so many. */
export const scaled = (cost: UnitCost, times: number): UnitCost => combine(cost, cost, (a) => a * times)

/** What each of `count` used between two readings, without what is used while nothing happens: `idle` in so many ms. */
export const shareOf = (
  before: Totals,
  after: Totals,
  idle: Readonly<{ ms: number; used: UnitCost }>,
  count: number,
): UnitCost => {
  const spent = combine(after.used, before.used, (a, b) => a - b)
  const rest = less(spent, idle.used, (after.at_ms - before.at_ms) / idle.ms)
  return scaled(rest, 1 / count)
}

/** Calls without what their events cost, which is counted apart. */
export const withoutEvents = <T extends Readonly<Record<string, UnitCost>>>(calls: T, event: UnitCost): T =>
  Object.fromEntries(
    Object.entries(calls).map(([name, cost]) => {
      const { events, sent_bytes } = cost
      return [name, { ...less(cost, event, events), events, sent_bytes }]
    }),
  ) as T
