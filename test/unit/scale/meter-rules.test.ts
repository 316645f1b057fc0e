// Costs as shares of what was used between two readings, and the page that is made of them.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isCalibrated } from '../../scale/calibration-rules.ts'
import { type Costs, PLACES, readCosts, type UnitCost } from '../../scale/costs-rules.ts'
import { less, shareOf, withoutEvents } from '../../scale/meter-rules.ts'
import { fillPage, pageParts } from '../../scale/page-rules.ts'
import { SCENARIOS } from '../../scale/scenarios-rules.ts'

const all = (value: number): UnitCost => ({
  cpu_ms: Object.fromEntries(PLACES.map((name) => [name, value])) as UnitCost['cpu_ms'],
  mongodb_commands: value,
  mongodb_bytes: value,
  nats_messages: value,
  nats_bytes: value,
  writes: value,
  events: value,
  sent_bytes: value,
  kept_bytes: value,
})
const at = (at_ms: number, value: number) => ({ at_ms, used: all(value) })

describe('a cost', () => {
  test('is its share of what was used, without what is used while nothing happens', () => {
    const idle = { ms: 1_000, used: all(10) }
    expect(shareOf(at(0, 100), at(2_000, 220), idle, 50)).toEqual(all(2))
  })

  test('is never less than nothing', () => {
    expect(less(all(1), all(2))).toEqual(all(0))
  })

  test('of a call is without its events, which are counted', () => {
    const call = { ...all(10), events: 2 }
    expect(withoutEvents({ call }, all(3)).call).toEqual({ ...all(4), events: 2, sent_bytes: 10 })
  })
})

describe('the page of the model', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  const costs: Costs = readCosts(read('../../scale/costs.json'))
  const page = read('../../../infra/docs/scaling-model.md')

  test('says what the committed costs give; if not: npm run scale -- page', () => {
    // The scenarios take long to simulate; their part is only looked through.
    const { scenarios: _, ...parts } = pageParts(costs, [])
    expect(fillPage(page, parts)).toBe(page)
    for (const { name } of SCENARIOS) expect(page).toContain(`| ${name} |`)
  })

  test('without its markers is refused', () => {
    expect(() => fillPage('# Nothing', { costs: '' })).toThrow('no markers costs:begin')
  })
})

test('a simulation is calibrated within a fifth, and not past it', () => {
  const row = { replicas: 1, cores: 1, others_cores: 0, real_p50_ms: 1, simulated_p50_ms: 1, used_most: 'x' }
  const near = { ...row, real_per_second: 100, simulated_per_second: 119 }
  expect(isCalibrated([near])).toBe(true)
  expect(isCalibrated([near, { ...near, simulated_per_second: 79 }])).toBe(false)
})
