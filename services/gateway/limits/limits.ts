// How often something may happen in a span of time, counted by all gateways together. Knows nothing of what is counted.
//
// What is seldom is counted in the store, one by one, before it happens. What is frequent is counted here, and told to the
// store a number at a time while it goes on happening: no call waits for that, and none is refused because the store is away.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { WindowStore } from './limit-store.ts'

/** So many in each span of so long, counted from the same moments everywhere. */
export type Limit = Readonly<{ count: number; window_ms: number }>

const DAY_MS = 24 * 60 * 60_000

/** Registrations of everybody, at once: what the database should have to take. */
export const REGISTRATIONS: Limit = { count: 600, window_ms: 10_000 }
/** The same in a day, which is as long as unused ones stay: what the database should have to keep. */
export const REGISTRATIONS_A_DAY: Limit = { count: 20_000, window_ms: DAY_MS }
/** Requests for authorization of everybody, each of which is kept until its person has decided. */
export const AUTHORIZATIONS: Limit = { count: 3_000, window_ms: 60_000 }
/** Requests of people and programs that are not known, from one address: an office and its apps, not a flood. */
export const STRANGERS_PER_ADDRESS: Limit = { count: 1_000, window_ms: 10_000 }
/**
 * Of a limit for everybody, one party may have had this part of what is left. So a party alone gets an eleventh of it, ten
 * of them leave a third, and whoever comes new gets something until all is gone (dynamic thresholds, Choudhury and Hahne
 * 1998).
 */
const SHARE = 0.1

/** Accounts made from one address where anybody may make one: each has a mail sent. A whole class may sit behind it. */
export const SIGN_UPS_PER_ADDRESS: Limit = { count: 100, window_ms: 60 * 60_000 }
/** Invitations of one workspace, and to one address from everywhere, whatever became of those before. */
export const INVITATIONS_PER_WORKSPACE: Limit = { count: 200, window_ms: 24 * 60 * 60_000 }
export const INVITATIONS_PER_ADDRESS: Limit = { count: 5, window_ms: 24 * 60 * 60_000 }

/** Mails to one person that say that somebody tries their passwords. */
export const TRIES_MAILED: Limit = { count: 1, window_ms: 24 * 60 * 60_000 }

/** Things that one process keeps count of; those that were counted least lately are forgotten. */
const COUNTED = 20_000
/** In how many parts a limit is reported to the store: each gateway may be one such part late. */
const PARTS = 100

export type Limits = Readonly<{
  /**
   * Counts one more of `key`, exactly.
   * @returns 0, or how long to wait until it may happen (ms).
   * @throws what the store throws: what is not counted must not happen.
   */
  spend: (key: string, limit: Limit) => Promise<number>
  /**
   * Counts one more of `key` for each of the parties it is done for, such as an address and its network: refused when it
   * is too much for everybody, or when one of them has had its share.
   * @returns 0, or how long to wait until it may happen (ms).
   * @throws what the store throws.
   */
  spendShare: (key: string, limit: Limit, parties: readonly string[]) => Promise<number>
  /**
   * Counts one more of `key` at once, and so as far as is known here.
   * @returns 0, or how long to wait until it may happen (ms).
   */
  count: (key: string, limit: Limit) => number
}>

/** What is known of a window: how many there were elsewhere or are reported, and how many are still to be. */
type Known = { start_ms: number; told: number; untold: number }

/** Starts counting. */
export const createLimits = (
  deps: Readonly<{ store: WindowStore; clock: Pick<Clock, 'now'>; log: Log }>,
): Limits => {
  const { store, clock, log } = deps
  const known = new LRUCache<string, Known>({ max: COUNTED })
  const windowOf = (key: string, { window_ms }: Limit): { window: Known; wait_ms: number } => {
    const now_ms = clock.now().getTime()
    const start_ms = now_ms - (now_ms % window_ms)
    const before = known.get(key)
    const window = before?.start_ms === start_ms ? before : { start_ms, told: 0, untold: 0 }
    if (window !== before) known.set(key, window)
    return { window, wait_ms: start_ms + window_ms - now_ms }
  }
  const tell = async (key: string, { window_ms }: Limit, window: Known, count: number): Promise<number> => {
    const ends = new Date(window.start_ms + window_ms)
    const sum = await store.add(`${key} ${window.start_ms}`, count, ends)
    window.told = Math.max(window.told, sum)
    return sum
  }
  const spendUpTo = async (key: string, limit: Limit, most: () => number): Promise<number> => {
    const { window, wait_ms } = windowOf(key, limit)
    // Who goes on when it is too much costs the store nothing.
    const full = window.told >= most() || (await tell(key, limit, window, 1)) > most()
    return full ? wait_ms : 0
  }
  return {
    spend: (key, limit) => spendUpTo(key, limit, () => limit.count),
    spendShare: async (key, limit, parties) => {
      const { window: all } = windowOf(key, limit)
      const share = (): number => Math.max(1, (limit.count - all.told) * SHARE)
      for (const party of new Set(parties)) {
        const wait_ms = await spendUpTo(`${key} of ${party}`, limit, share)
        if (wait_ms > 0) return wait_ms
      }
      return spendUpTo(key, limit, () => limit.count)
    },
    count: (key, limit) => {
      const { window, wait_ms } = windowOf(key, limit)
      if (window.told + window.untold >= limit.count) return wait_ms
      window.untold += 1
      if (window.untold >= limit.count / PARTS) {
        const { untold } = window
        window.told += untold
        window.untold = 0
        tell(key, limit, window, untold).catch((error: unknown) =>
          log.warn('a limit is counted by this process alone for now', { error }),
        )
      }
      return 0
    },
  }
}
