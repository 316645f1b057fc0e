// The results of the simulation as a table in Markdown, with what a call costs and what to change. Pure.
import { type Costs, cpuOf, type UnitCost } from './costs-rules.ts'
import { type Result, simulate } from './engine-rules.ts'
import { PRICES } from './prices.ts'
import { modelOf, QUEUE, SCENARIOS, type Scenario } from './scenarios-rules.ts'

const MS_PER_HOUR = 3_600_000
/** Servers are paid for when they wait too. This much of them is to be used, so that a burst finds room. */
export const USED = 0.6

const BYTES_PER_GB = 1e9
/** The memory that is paid for with each core (GB), as most instances for general use have it. */
const GB_PER_CORE = 4

/**
 * The processor, the memory beside it and the sent bytes of a million of these in US dollars, where {@link USED} of what
 * is paid for is used.
 */
export const dollarsPerMillion = (cost: UnitCost): number => {
  const hours = (cpuOf(cost) * 1e6) / MS_PER_HOUR / USED
  const core = PRICES.vcpu_hour.usd + GB_PER_CORE * PRICES.memory_gb_hour.usd
  return hours * core + ((cost.sent_bytes * 1e6) / BYTES_PER_GB) * PRICES.sent_gb.usd
}

/** What to change first, in a sentence, from the station that is used most. */
export const adviceFor = ({ setup }: Scenario, { bottleneck, stations }: Result): string => {
  const hottest = stations.find(({ name }) => name === bottleneck)?.hottest ?? 0
  if (hottest <= USED) return 'Enough of everything.'
  if (bottleneck === QUEUE) return 'Spread the work over more workspaces.'
  const times = hottest / USED
  if (bottleneck === 'mongodb') return `${Math.ceil(setup.shards * times)} shards, or larger primaries.`
  if (bottleneck === 'nats') return `${Math.ceil(setup.nats_cores * times)} cores for NATS.`
  return `${Math.ceil(setup.replicas * times)} replicas of ${bottleneck}.`
}

const shown = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(1))
const percent = (share: number): string => `${Math.round(share * 100)} %`

const row = (scenario: Scenario, result: Result): string => {
  const { per_second, p50_ms, p99_ms, bottleneck, stations, first_queue } = result
  const used = stations.find(({ name }) => name === bottleneck)?.hottest ?? 0
  const first = first_queue
    ? `${first_queue.station}, after ${shown(first_queue.at_ms / 1_000)} s`
    : 'nowhere'
  const cells = [
    scenario.name + (result.is_cut ? ' (cut short)' : ''),
    shown(per_second * scenario.slice),
    `${shown(p50_ms)} ms`,
    `${shown(p99_ms)} ms`,
    `${bottleneck} ${percent(used)}`,
    first,
    adviceFor(scenario, result),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The table of all scenarios, and that of the price of each call. The same costs give the same text. */
export const tablesOf = (costs: Costs, scenarios: readonly Scenario[] = SCENARIOS): string =>
  [
    '| load | calls a second | p50 | p99 | used most | first queue | to change |',
    '|---|---|---|---|---|---|---|',
    ...scenarios.map((scenario) => row(scenario, simulate(modelOf(costs, scenario)))),
    '',
    '| call | processor | kept for a million | dollars for a million |',
    '|---|---|---|---|',
    ...Object.entries(costs.calls).map(
      ([name, cost]) =>
        `| ${name} | ${cpuOf(cost).toFixed(2)} ms | ${((cost.kept_bytes * 1e6) / BYTES_PER_GB).toFixed(2)} GB | ${dollarsPerMillion(cost).toFixed(2)} |`,
    ),
  ].join('\n')
