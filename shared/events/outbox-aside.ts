// Documents whose events could not be published: left out of the relay's looks for a while that grows with each failure, so
// that they hold nobody up.
import type { Clock } from '../process/clock.ts'

/** Pauses after each failure (ms), the last one repeating. */
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 15_000, 60_000] as const
/** Documents that can be left out at once: the ids are part of a query. */
const MAX_ASIDE = 1_000

export type AsideList = Readonly<{
  /** Records a failure. @returns how many there were in a row. */
  failed: (id: string) => number
  worked: (id: string) => void
  /** Takes these failures back: they had nothing to do with the documents. */
  blameNobody: (ids: readonly string[]) => void
  /** The documents to leave out now. */
  now: () => readonly string[]
}>

/** A list with nobody on it. */
export const asideList = (clock: Clock): AsideList => {
  const list = new Map<string, { tries: number; until_ms: number }>()
  return {
    failed: (id) => {
      const tries = (list.get(id)?.tries ?? 0) + 1
      const pause_ms = PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0
      list.delete(id)
      list.set(id, { tries, until_ms: clock.monotonicMs() + pause_ms })
      const [oldest] = list.keys()
      if (list.size > MAX_ASIDE && oldest !== undefined) list.delete(oldest)
      return tries
    },
    worked: (id) => void list.delete(id),
    blameNobody: (ids) => {
      for (const id of ids) list.delete(id)
    },
    now: () => {
      const now_ms = clock.monotonicMs()
      return [...list].filter(([, { until_ms }]) => until_ms > now_ms).map(([id]) => id)
    },
  }
}
