// Reads what metrics say about a database. Of all replicas of a service one reads, now and then, whoever asks for metrics:
// so the cost grows with neither scrapes nor replicas.
import type { Clock } from '../process/clock.ts'
import { type Repeating, repeat } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import type { Metrics } from '../process/metrics.ts'
import type { Sample } from '../process/metrics-table.ts'
import type { SweepTurns } from './sweep-turns.ts'

/** How often to read (ms). */
export const SAMPLE_MS = 15_000
/** How long a turn lasts (ms): the same replica goes on, and another takes over soon after its death. */
export const SAMPLE_TERM_MS = 45_000
/** How long a query of a reading may take in the database (ms). */
export const SAMPLE_QUERY_MS = 2_000
/** What is older is not reported (ms): no figure is better than one that stood still. */
const FRESH_MS = 60_000
/** The name of the turn. */
const BACKLOG = 'metrics'

/** Reads some gauges. Each of its queries must be bounded, in rows and by SAMPLE_QUERY_MS. */
export type Reading = () => Promise<readonly Sample[]>

export type Samples = AsyncDisposable &
  Readonly<{
    /** Has something read from now on. */
    add: (reading: Reading) => void
    /** What was read last; empty while another replica reads. */
    fresh: () => readonly Sample[]
  }>

export type SampleOptions = Readonly<{
  service: string
  metrics: Metrics
  turns: Pick<SweepTurns, 'take' | 'release'>
  clock: Pick<Clock, 'monotonicMs'>
  random: () => number
  log: Log
}>

/** Starts to read. @returns disposing lets another replica read at once. */
export const startSamples = (options: SampleOptions): Samples => {
  const { service, metrics, turns, clock, random, log } = options
  const readings: Reading[] = []
  let last: Readonly<{ samples: readonly Sample[]; at_ms: number }> | undefined
  const count = (outcome: 'ok' | 'failed' | 'left'): void =>
    metrics.count('loops_samples_total', { service, outcome })
  const readAll = async (): Promise<void> => {
    const samples: Sample[] = []
    for (const reading of readings)
      try {
        samples.push(...(await reading()))
        count('ok')
      } catch (error) {
        count('failed')
        log.debug('something could not be read for the metrics', { error })
      }
    last = { samples, at_ms: clock.monotonicMs() }
  }
  const look = async (): Promise<void> => {
    if (await turns.take(BACKLOG)) return await readAll()
    last = undefined
    count('left')
  }
  const looking: Repeating = repeat(look, { interval_ms: SAMPLE_MS, log, random })
  const fresh = (): readonly Sample[] =>
    last && clock.monotonicMs() - last.at_ms < FRESH_MS ? last.samples : []
  const reporting = metrics.gauges(fresh)
  return {
    add: (reading) => {
      readings.push(reading)
      looking.nudge()
    },
    fresh,
    [Symbol.asyncDispose]: async () => {
      reporting[Symbol.dispose]()
      await looking[Symbol.asyncDispose]()
      await turns
        .release(BACKLOG)
        .catch((error: unknown) => log.debug('a turn was not given back', { error }))
    },
  }
}
