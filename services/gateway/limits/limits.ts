// How often something may happen in a span of time, counted by all gateways together. Knows nothing of what is counted.
//
// What is seldom is counted in the store, one by one, before it happens. What is frequent is counted here, and told to the
// store a number at a time while it goes on happening: no call waits for that, and none is refused because the store is away.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/clock.ts'
import type { Log } from '../../../shared/log.ts'
import type { WindowStore } from './store.ts'

/** So many in each span of so long, counted from the same moments everywhere. */
export type Limit = Readonly<{ count: number; window_ms: number }>

/** Registrations from one address: services share addresses, and some apps register at each start. */
export const REGISTRATIONS_PER_ADDRESS: Limit = { count: 60, window_ms: 10_000 }
/** Registrations from everywhere: what the database should have to take. */
export const REGISTRATIONS: Limit = { count: 600, window_ms: 10_000 }
/** Requests of people and programs that are not known, from one address: an office and its apps, not a flood. */
export const STRANGERS_PER_ADDRESS: Limit = { count: 1_000, window_ms: 10_000 }
/** Requests for authorization from one address, each of which is kept until its person has decided. */
export const AUTHORIZATIONS_PER_ADDRESS: Limit = { count: 300, window_ms: 60_000 }

/** Accounts made from one address where anybody may make one: each has a mail sent. A whole class may sit behind it. */
export const SIGN_UPS_PER_ADDRESS: Limit = { count: 100, window_ms: 60 * 60_000 }
/** Invitations of one workspace, and to one address from everywhere, whatever became of those before. */
export const INVITATIONS_PER_WORKSPACE: Limit = { count: 200, window_ms: 24 * 60 * 60_000 }
export const INVITATIONS_PER_ADDRESS: Limit = { count: 5, window_ms: 24 * 60 * 60_000 }

/** Mails to one person that say that somebody tries their passwords. */
export const TRIES_TOLD: Limit = { count: 1, window_ms: 24 * 60 * 60_000 }

/** Things that one process keeps count of; those that were counted least lately are forgotten. */
const COUNTED = 20_000
/** How many parts of a limit are told to the store: each gateway may be one such part late. */
const PARTS = 100

export type Limits = Readonly<{
  /**
   * Counts one more of `key`, exactly.
   * @returns 0, or how long to wait until it may happen (ms).
   * @throws what the store throws: what is not counted must not happen.
   */
  spend: (key: string, limit: Limit) => Promise<number>
  /**
   * Counts one more of `key` at once, and so as far as is known here.
   * @returns 0, or how long to wait until it may happen (ms).
   */
  count: (key: string, limit: Limit) => number
}>

/** What is known of a window: how many there were elsewhere or are told already, and how many are still to be told. */
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
  return {
    spend: async (key, limit) => {
      const { window, wait_ms } = windowOf(key, limit)
      // Who goes on when it is too much costs the store nothing.
      const full = window.told >= limit.count || (await tell(key, limit, window, 1)) > limit.count
      return full ? wait_ms : 0
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
