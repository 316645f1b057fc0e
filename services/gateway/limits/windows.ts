// Counts how often something happens in spans of time: one of the two ways in which limits.ts counts.
//
// What is rare is counted in the store, one by one, before it happens. What is frequent is counted in this process and
// reported to the store in batches: no call waits for that, and none is refused because the store is away.
//
// How much one process does at once is bounded where it does it: mcp/load.ts, accounts/passwords.ts, oauth/documents.ts.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { WindowStore } from './limit-store.ts'
import type { Limit } from './policies.ts'

/**
 * The part of what is left of a shared limit that one party may use up. One party alone gets an eleventh of the limit, ten
 * of them leave a third, and a newcomer gets something until all is gone (dynamic thresholds, Choudhury and Hahne 1998).
 */
const SHARE = 0.1
/** Counts that one process keeps; the least recently used ones are forgotten. */
const COUNTED = 20_000
/** A process reports to the store in batches of one such part of a limit, so it may lag behind by one. */
const PARTS = 100

export type Windows = Readonly<{
  /**
   * Counts one more of `key`, exactly.
   * @returns 0, or how long to wait until it may happen (ms).
   * @throws what the store throws: what is not counted must not happen.
   */
  spend: (key: string, limit: Limit) => Promise<number>
  /**
   * Counts one more of `key`, exactly, on behalf of several parties such as an address and its network. Refused when the
   * limit is used up, or when one of the parties has had its share.
   * @returns 0, or how long to wait until it may happen (ms).
   * @throws what the store throws.
   */
  spendShare: (key: string, limit: Limit, parties: readonly string[]) => Promise<number>
  /**
   * Counts one more of `key` at once, as exactly as this process knows.
   * @returns 0, or how long to wait until it may happen (ms).
   */
  count: (key: string, limit: Limit) => number
}>

/** One window as this process knows it: `reported` is the sum in the store, `pending` is not reported yet. */
type Known = { start_ms: number; reported: number; pending: number }

/** Makes the counting of one process. */
export const countWindows = (
  deps: Readonly<{ store: WindowStore; clock: Pick<Clock, 'now'>; log: Log }>,
): Windows => {
  const { store, clock, log } = deps
  const known = new LRUCache<string, Known>({ max: COUNTED })
  const windowOf = (key: string, { window_ms }: Limit): { window: Known; wait_ms: number } => {
    const now_ms = clock.now().getTime()
    const start_ms = now_ms - (now_ms % window_ms)
    const before = known.get(key)
    const window = before?.start_ms === start_ms ? before : { start_ms, reported: 0, pending: 0 }
    if (window !== before) known.set(key, window)
    return { window, wait_ms: start_ms + window_ms - now_ms }
  }
  const report = async (key: string, limit: Limit, window: Known, count: number): Promise<number> => {
    const ends = new Date(window.start_ms + limit.window_ms)
    const sum = await store.add(`${key} ${window.start_ms}`, count, ends)
    window.reported = Math.max(window.reported, sum)
    return sum
  }
  const spendUpTo = async (key: string, limit: Limit, most: () => number): Promise<number> => {
    const { window, wait_ms } = windowOf(key, limit)
    // A count that is known to be used up costs the store nothing.
    const full = window.reported >= most() || (await report(key, limit, window, 1)) > most()
    return full ? wait_ms : 0
  }
  return {
    spend: (key, limit) => spendUpTo(key, limit, () => limit.count),
    spendShare: async (key, limit, parties) => {
      const { window: all } = windowOf(key, limit)
      const share = (): number => Math.max(1, (limit.count - all.reported) * SHARE)
      for (const party of new Set(parties)) {
        const wait_ms = await spendUpTo(`${key} of ${party}`, limit, share)
        if (wait_ms > 0) return wait_ms
      }
      return spendUpTo(key, limit, () => limit.count)
    },
    count: (key, limit) => {
      const { window, wait_ms } = windowOf(key, limit)
      if (window.reported + window.pending >= limit.count) return wait_ms
      window.pending += 1
      if (window.pending >= limit.count / PARTS) {
        const { pending } = window
        window.reported += pending
        window.pending = 0
        report(key, limit, window, pending).catch((error: unknown) =>
          log.warn('a limit is counted by this process alone for now', { error }),
        )
      }
      return 0
    },
  }
}
