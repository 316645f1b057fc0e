// How often something may happen: counted exactly over several gateways, or as far as one knows while the store is away.

import { describe, expect, test } from 'vitest'
import { callCounter } from '../../../services/gateway/limits/calls.ts'
import type { WindowStore } from '../../../services/gateway/limits/limit-store.ts'
import type { Limit } from '../../../services/gateway/limits/policies.ts'
import { countWindows, type Windows } from '../../../services/gateway/limits/windows.ts'
import { createLog } from '../../../shared/process/log.ts'

const LIMIT: Limit = { count: 200, window_ms: 60_000 }
const START = new Date('2026-11-22T12:00:15Z')

/** Gateways on one store, which can be away, and a clock that the test moves. */
const setting = (gateways: number) => {
  const sums = new Map<string, number>()
  const state = { now: START, away: false, writes: 0 }
  const windows: WindowStore = {
    add: async (id, count) => {
      state.writes += 1
      if (state.away) throw new Error('away')
      sums.set(id, (sums.get(id) ?? 0) + count)
      return sums.get(id) ?? 0
    },
  }
  const log = createLog({ filter: 'error', topic: 'test' })
  const made = Array.from({ length: gateways }, () =>
    countWindows({ store: windows, clock: { now: () => state.now }, log }),
  )
  return { state, limits: made as [Windows, ...Windows[]] }
}
const turns = <T>(times: number, work: (turn: number) => T): T[] =>
  Array.from({ length: times }, (_, turn) => work(turn))
const allowed = (waits: readonly number[]): number => waits.filter((wait) => wait === 0).length

describe('counted exactly', () => {
  test('allowed_up_to_the_limit_over_all_gateways_until_the_span_is_over', async () => {
    const { state, limits } = setting(3)
    const waits = await Promise.all(turns(300, (turn) => (limits[turn % 3] as Windows).spend('a', LIMIT)))
    expect(allowed(waits)).toBe(LIMIT.count)
    expect(waits.find((wait) => wait > 0)).toBe(45_000)
    expect(await limits[0].spend('b', LIMIT)).toBe(0)
    state.now = new Date(START.getTime() + 45_000)
    expect(await limits[0].spend('a', LIMIT)).toBe(0)
  })
  test('what_is_over_the_limit_costs_the_store_nothing', async () => {
    const { state, limits } = setting(1)
    for (let turn = 0; turn < LIMIT.count; turn += 1) await limits[0].spend('a', LIMIT)
    const { writes } = state
    for (let turn = 0; turn < 50; turn += 1) expect(await limits[0].spend('a', LIMIT)).toBeGreaterThan(0)
    expect(state.writes).toBe(writes)
  })
  test('refused_when_it_cannot_be_counted', async () => {
    const { state, limits } = setting(1)
    state.away = true
    await expect(limits[0].spend('a', LIMIT)).rejects.toThrow('away')
  })
})

describe('shared by all', () => {
  const BUDGET: Limit = { count: 600, window_ms: 60_000 }
  const flood = async (limits: readonly Windows[], parties: readonly string[]): Promise<number> => {
    const waits = await Promise.all(
      turns(200, (turn) => (limits[turn % limits.length] as Windows).spendShare('a', BUDGET, parties)),
    )
    return allowed(waits)
  }
  test('one_party_gets_a_part_however_many_gateways_it_asks', async () => {
    const { limits } = setting(3)
    const got = await flood(limits, ['x'])
    expect(got).toBeGreaterThan(40)
    expect(got).toBeLessThanOrEqual(60)
  })
  test('ten_that_take_what_they_can_leave_a_third_and_a_newcomer_gets_in', async () => {
    const { limits } = setting(2)
    let got = 0
    for (let round = 0; round < 3; round += 1)
      for (let party = 0; party < 10; party += 1) got += await flood(limits, [`address ${party}`])
    expect(got).toBeLessThanOrEqual((BUDGET.count * 2) / 3)
    expect(await flood(limits, ['somebody new'])).toBeGreaterThan(15)
  })
  test('a_network_of_many_addresses_is_one_party', async () => {
    const { limits } = setting(1)
    let got = 0
    for (let address = 0; address < 200; address += 1)
      got += await flood(limits, [`address ${address}`, 'network'])
    expect(got).toBeLessThanOrEqual(60)
  })
  test('everybody_together_gets_no_more_than_there_is', async () => {
    const { limits } = setting(2)
    const waits: number[] = []
    for (let party = 0; party < 2 * BUDGET.count; party += 1)
      waits.push(await (limits[party % 2] as Windows).spendShare('a', BUDGET, [`address ${party}`]))
    expect(allowed(waits)).toBe(BUDGET.count)
  })
})

describe('counted as far as is known', () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  test('exactly_by_one_gateway_in_few_writes', () => {
    const { state, limits } = setting(1)
    expect(allowed(turns(300, () => limits[0].count('a', LIMIT)))).toBe(LIMIT.count)
    expect(state.writes).toBe(100)
  })
  test('by_several_gateways_together_except_for_what_is_not_reported_yet', async () => {
    const { limits } = setting(3)
    let sum = 0
    for (let turn = 0; turn < 300; turn += 1) {
      sum += limits[turn % 3]?.count('a', LIMIT) === 0 ? 1 : 0
      await settled()
    }
    expect(sum).toBeGreaterThanOrEqual(LIMIT.count)
    expect(sum).toBeLessThanOrEqual(LIMIT.count + 3 * (LIMIT.count / 100))
  })
  test('by_each_gateway_alone_while_the_store_is_away', async () => {
    const { state, limits } = setting(2)
    state.away = true
    for (const gateway of limits)
      expect(allowed(turns(300, () => gateway.count('a', LIMIT)))).toBe(LIMIT.count)
    await settled()
  })
})

describe('the calls of agents', () => {
  const counter = () => {
    const { limits } = setting(1)
    return callCounter(limits[0], { of_connection: 2, of_workspace: 3 })
  }
  test('of_one_connection_and_of_all_of_a_workspace_have_a_limit_each', () => {
    const count = counter()
    const calls = ['a', 'a', 'a', 'b', 'b'].map((grant_id) => count({ grant_id, workspace_id: 'w' })?.of)
    expect(calls).toEqual([undefined, undefined, 'connection', undefined, 'workspace'])
  })
  test('of_another_workspace_go_on', () => {
    const count = counter()
    for (const grant_id of ['a', 'a', 'b', 'b', 'c']) count({ grant_id, workspace_id: 'w' })
    expect(count({ grant_id: 'd', workspace_id: 'v' })).toBeUndefined()
    expect(count({ grant_id: 'c', workspace_id: 'w' })).toMatchObject({ retry_after_ms: 45_000 })
  })
})
