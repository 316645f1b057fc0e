// Which documents the relay skips for a while, because their events could not be published.
//
// The pause grows with each failure, so that such documents hold nobody up.
import type { Clock } from '../process/clock.ts'

/** The pauses after each failure (ms); the last one repeats. */
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 15_000, 60_000] as const
/** How many documents can be skipped at once: their ids are part of a query. */
const MAX_SKIPPED = 1_000

export type Backoff = Readonly<{
  /** Records a failure. @returns how many there were in a row. */
  failed: (id: string) => number
  /** Ends the row of failures of these documents. */
  clear: (ids: readonly string[]) => void
  /** The documents to skip now. */
  skipped: () => readonly string[]
}>

/** Starts without failures. */
export const openBackoff = (clock: Pick<Clock, 'monotonicMs'>): Backoff => {
  const failing = new Map<string, { failures: number; until_ms: number }>()
  return {
    failed: (id) => {
      const failures = (failing.get(id)?.failures ?? 0) + 1
      const pause_ms = PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1] ?? 0
      failing.delete(id)
      failing.set(id, { failures, until_ms: clock.monotonicMs() + pause_ms })
      const [oldest] = failing.keys()
      if (failing.size > MAX_SKIPPED && oldest !== undefined) failing.delete(oldest)
      return failures
    },
    clear: (ids) => {
      for (const id of ids) failing.delete(id)
    },
    skipped: () => {
      const now_ms = clock.monotonicMs()
      return [...failing].filter(([, { until_ms }]) => until_ms > now_ms).map(([id]) => id)
    },
  }
}
