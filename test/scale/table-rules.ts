// The results of the simulation as a table in Markdown, with what a call costs and what to change. Pure.
import { type Costs, cpuOf, PLACES, type UnitCost, withEvents } from './costs-rules.ts'
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

/** The table of scenarios. The same costs give the same text. */
export const scenarioTable = (costs: Costs, scenarios: readonly Scenario[] = SCENARIOS): string =>
  [
    '| load | calls a second | p50 | p99 | used most | first queue | to change |',
    '|---|---|---|---|---|---|---|',
    ...scenarios.map((scenario) => row(scenario, simulate(modelOf(costs, scenario)))),
  ].join('\n')

/** What a million of each call cost, with the events that follow from them. */
export const priceTable = (costs: Costs): string =>
  [
    '| call | processor | kept for a million | dollars for a million |',
    '|---|---|---|---|',
    ...Object.entries(costs.calls).map(([name, cost]) => {
      const whole = withEvents(cost, costs.event)
      const kept = ((whole.kept_bytes * 1e6) / BYTES_PER_GB).toFixed(2)
      return `| ${name} | ${cpuOf(whole).toFixed(2)} ms | ${kept} GB | ${dollarsPerMillion(whole).toFixed(2)} |`
    }),
  ].join('\n')

/** What was measured: processor time in each place, and what went through. */
export const costTable = (costs: Costs): string => {
  const { event, mail, webhook, stream, wait_ms } = costs
  const rows = Object.entries({
    ...costs.calls,
    'an event': event,
    'a mail': mail,
    'a webhook call': webhook,
  })
  return [
    `| one | ${PLACES.join(' | ')} | commands of MongoDB | documents written | messages of NATS | events |`,
    `|---|${PLACES.map(() => '---|').join('')}---|---|---|---|`,
    ...rows.map(([name, cost]) => {
      const places = PLACES.map((place) => cost.cpu_ms[place].toFixed(2)).join(' | ')
      const rest = [cost.mongodb_commands, cost.writes, cost.nats_messages, cost.events]
      return `| ${name} | ${places} | ${rest.map((one) => one.toFixed(1)).join(' | ')} |`
    }),
    '',
    `Processor time in ms. A call is without what its events cost, which have a row of their own. An idle event stream takes ${Math.round(stream.memory_bytes / 1_024)} KiB of the gateway’s memory and ${stream.cpu_ms.gateway.toFixed(0)} ms of processor time an hour. A durable write takes ${wait_ms.write.toFixed(1)} ms, a mail server here ${wait_ms.smtp.toFixed(1)} ms.`,
  ].join('\n')
}

/** The tables of the simulation and of prices. */
export const tablesOf = (costs: Costs, scenarios: readonly Scenario[] = SCENARIOS): string =>
  [scenarioTable(costs, scenarios), '', priceTable(costs)].join('\n')
