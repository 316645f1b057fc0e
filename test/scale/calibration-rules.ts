// The simulation of a real run, and how far it is from it. Pure.
import { type CalibrationRow, type CallName, type Costs, PLACES } from './costs-rules.ts'
import { simulate } from './engine-rules.ts'
import { modelOf } from './scenarios-rules.ts'

/** The simulation counts as true while it is this near to what was measured. */
export const WITHIN = 0.2
/** What the callers of a real run do in turn; `test/bench/replicas.ts` makes these calls. */
const MIX: readonly CallName[] = ['create_task', 'get_task', 'list_tasks', 'get_next_work', 'update_task']

/** What a real run says of itself. */
export type Measured = Readonly<{
  replicas: number
  cores: number
  callers: number
  per_second: number
  p50_ms: number
  caller_ms: number
  others_cores: number
  machine_cores: number
}>

/** Simulates a run, with what its callers and others took of the machine, and puts both beside each other. */
export const calibrationRow = (costs: Costs, run: Measured): CalibrationRow => {
  const { replicas, cores, callers, caller_ms, others_cores, machine_cores } = run
  const idle = PLACES.reduce(
    (sum, name) => sum + costs.idle_cores[name] * (name === 'mongodb' || name === 'nats' ? 1 : replicas),
    0,
  )
  const left = Math.max(0.1, machine_cores - others_cores - idle)
  const simulated = simulate(
    modelOf(costs, {
      name: `${replicas} replicas`,
      setup: {
        replicas,
        cores,
        shards: 1,
        mongodb_cores: machine_cores,
        nats_cores: machine_cores,
        smtp_connections: 5,
        workspaces: 1,
        machine: { cores: left, caller_ms },
      },
      slice: 1,
      sources: [{ type: 'closed', kinds: MIX, keys: 1, count: callers, pause_ms: 0 }],
      warm_ms: 5_000,
      until_ms: 65_000,
    }),
  )
  return {
    replicas,
    cores,
    others_cores,
    real_per_second: run.per_second,
    simulated_per_second: simulated.per_second,
    real_p50_ms: run.p50_ms,
    simulated_p50_ms: simulated.p50_ms,
    used_most: simulated.bottleneck,
  }
}

const off = (real: number, simulated: number): number => simulated / real - 1
const signed = (share: number): string => `${share > 0 ? '+' : ''}${Math.round(share * 100)} %`

/** Whether all rows are near enough in calls a second. */
export const isCalibrated = (rows: readonly CalibrationRow[]): boolean =>
  rows.every((row) => Math.abs(off(row.real_per_second, row.simulated_per_second)) <= WITHIN)

/** The rows as a table in Markdown. */
export const calibrationTable = (rows: readonly CalibrationRow[]): string =>
  [
    '| replicas | cores of each process | calls a second, measured | simulated | off | p50, measured | simulated | used most | cores that others took |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) =>
      [
        `| ${row.replicas}`,
        row.cores,
        row.real_per_second.toFixed(1),
        row.simulated_per_second.toFixed(1),
        signed(off(row.real_per_second, row.simulated_per_second)),
        `${Math.round(row.real_p50_ms)} ms`,
        `${Math.round(row.simulated_p50_ms)} ms`,
        row.used_most,
        `${row.others_cores.toFixed(1)} |`,
      ].join(' | '),
    ),
  ].join('\n')
