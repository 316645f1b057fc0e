// The scenarios and their table, with costs made up for this test: they say nothing of a real installation.
import { describe, expect, test } from 'vitest'
import { CALLS, type Costs, PLACES, readCosts, type UnitCost } from '../../scale/costs-rules.ts'
import { simulate } from '../../scale/engine-rules.ts'
import { modelOf, QUEUE, SCENARIOS, type Scenario } from '../../scale/scenarios-rules.ts'
import { adviceFor, dollarsPerMillion, tablesOf } from '../../scale/table-rules.ts'

const MADE_UP: UnitCost = {
  cpu_ms: Object.fromEntries(PLACES.map((name) => [name, 1])) as UnitCost['cpu_ms'],
  mongodb_commands: 2,
  mongodb_bytes: 1_000,
  nats_messages: 2,
  nats_bytes: 1_000,
  writes: 1,
  events: 1,
  sent_bytes: 1_000,
  kept_bytes: 1_000,
}
const COSTS: Costs = {
  measured: { on: '2000-01-01', machine: 'made up for a test' },
  calls: Object.fromEntries(CALLS.map((name) => [name, MADE_UP])) as Costs['calls'],
  event: MADE_UP,
  mail: MADE_UP,
  webhook: MADE_UP,
  stream: { ...MADE_UP, memory_bytes: 10_000 },
  idle_cores: Object.fromEntries(PLACES.map((name) => [name, 0.01])) as Costs['idle_cores'],
  wait_ms: { write: 5, smtp: 20 },
}

const ONE = SCENARIOS[0] as Scenario
/** A second of it is enough to see who waits. */
const short = (scenario: Scenario): Scenario => ({ ...scenario, warm_ms: 200, until_ms: 1_200 })
const inWorkspaces = (workspaces: number): Scenario => ({
  ...short(ONE),
  setup: { ...ONE.setup, replicas: 10, workspaces },
  sources: [{ type: 'closed', kinds: ['claim_next_work'], keys: workspaces, count: 100, pause_ms: 0 }],
})

describe('the scenarios', () => {
  test('find that callers of one workspace wait for its queue, and those of many do not', () => {
    const [alone, many] = [inWorkspaces(1), inWorkspaces(10_000)]
    const [first, second] = [simulate(modelOf(COSTS, alone)), simulate(modelOf(COSTS, many))]
    expect(first.bottleneck).toBe(QUEUE)
    expect(adviceFor(alone, first)).toBe('Spread the work over more workspaces.')
    expect(second.bottleneck).not.toBe(QUEUE)
    expect(second.per_second).toBeGreaterThan(first.per_second)
  })

  test('advise more of what is used up', () => {
    const result = simulate(modelOf(COSTS, short(ONE)))
    expect(result.bottleneck).not.toBe(QUEUE)
    expect(adviceFor(ONE, result)).toMatch(/^2 replicas of /)
  })

  test('make the same table each time', () => {
    const table = tablesOf(COSTS, [short(ONE)])
    expect(table).toBe(tablesOf(COSTS, [short(ONE)]))
    expect(table).toContain('| 1 replica |')
    for (const call of CALLS) expect(table).toContain(`| ${call} | 14.00 ms | 2.00 GB |`)
  })

  test('count the processor, the memory beside it and what is sent in the price of a call', () => {
    const hours = 7_000 / 3_600 / 0.6
    expect(dollarsPerMillion(MADE_UP)).toBeCloseTo(hours * (0.04048 + 4 * 0.004445) + 0.09, 6)
  })
})

describe('a file of costs', () => {
  test('is read as it was written', () => {
    expect(readCosts(JSON.stringify(COSTS))).toEqual(COSTS)
  })

  test('is refused when it is not whole', () => {
    const { event: _event, ...rest } = COSTS
    expect(() => readCosts(JSON.stringify(rest))).toThrow('Measure them again')
    expect(() => readCosts('{')).toThrow('Measure them again')
    expect(() => readCosts(JSON.stringify({ ...COSTS, event: { ...MADE_UP, writes: -1 } }))).toThrow('event')
  })
})
