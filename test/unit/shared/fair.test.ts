// Who is served next: nobody waits for others' plenty, and nobody gets more than their share.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countFrom, deal, type Share } from '../../../shared/storage/fair.ts'

type Row = Readonly<{ ws: string; hook: string }>
const rows = (ws: string, count: number, hook = ws): Row[] =>
  Array.from({ length: count }, () => ({ ws, hook }))
const tally = (dealt: readonly Row[], field: keyof Row = 'ws'): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(dealt, (row) => row[field])].map(([key, all]) => [key, all.length]))

describe('dealing', () => {
  const shares: readonly Share[] = [{ field: 'ws', most: () => 10 }]

  it('one_of_each_in_turn_however_many_the_others_have', () => {
    const dealt = deal(
      [...rows('A', 1_000), ...rows('B', 1), ...rows('C', 3)],
      6,
      shares,
      countFrom([], shares),
    )
    expect(tally(dealt)).toEqual({ A: 3, B: 1, C: 2 })
  })
  it('first_to_those_with_least_in_hand', () => {
    const counting = countFrom(rows('A', 5), shares)
    expect(tally(deal([...rows('A', 9), ...rows('B', 9)], 1, shares, counting))).toEqual({ B: 1 })
  })
  it('no_more_than_a_share_with_what_is_in_hand', () => {
    const counting = countFrom(rows('A', 7), shares)
    expect(tally(deal(rows('A', 20), 20, shares, counting))).toEqual({ A: 3 })
    expect(counting.full(shares[0] as Share)).toEqual(['A'])
  })
  it('what_has_no_room_is_passed_over_for_what_has', () => {
    const two: readonly Share[] = [...shares, { field: 'hook', most: (hook) => (hook === 'slow' ? 1 : 4) }]
    const waiting = [...rows('A', 50, 'slow'), ...rows('A', 50, 'quick')]
    expect(tally(deal(waiting, 20, two, countFrom([], two)), 'hook')).toEqual({ slow: 1, quick: 4 })
  })
  it('some_together_no_more_than_their_pool', () => {
    const failing = new Set(['x', 'y', 'z'])
    const pooled: readonly Share[] = [{ field: 'ws', most: () => 9, pool: { values: failing, most: 2 } }]
    const counting = countFrom(rows('x', 1), pooled)
    expect(tally(deal([...rows('y', 5), ...rows('z', 5), ...rows('A', 5)], 20, pooled, counting))).toEqual({
      y: 1,
      A: 5,
    })
    expect(new Set(counting.full(pooled[0] as Share))).toEqual(failing)
  })
  it('everything_that_fits_and_nothing_else', () => {
    const some = fc.array(fc.record({ ws: fc.constantFrom('A', 'B', 'C'), hook: fc.constantFrom('p', 'q') }))
    const limits: readonly Share[] = [
      { field: 'ws', most: () => 5 },
      { field: 'hook', most: () => 7 },
    ]
    fc.assert(
      fc.property(some, fc.nat(20), (waiting, room) => {
        const dealt = deal(waiting, room, limits, countFrom([], limits))
        expect(dealt.length).toBeLessThanOrEqual(room)
        for (const count of Object.values(tally(dealt))) expect(count).toBeLessThanOrEqual(5)
        for (const count of Object.values(tally(dealt, 'hook'))) expect(count).toBeLessThanOrEqual(7)
        const left = waiting.filter((row) => !dealt.includes(row))
        const counting = countFrom(dealt, limits)
        if (dealt.length < room) expect(left.some(counting.take)).toBe(false)
      }),
    )
  })
})
