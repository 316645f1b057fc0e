// Slows down repeated tries, counted by all gateways together. Knows nothing of what is tried.
//
// Why not a window (limits.ts): a window that lets a person mistype a password lets an attacker use all of it at once, and
// once it is used up the person is locked out until it ends. Here each wait is longer than the last, the ceiling is low, and
// a success forgets the failures.
import type { Clock } from '../../../shared/process/clock.ts'
import type { ThrottleStore } from './limit-store.ts'
import { tooMany } from './limits.ts'
import type { Slowing } from './policies.ts'
import { countTry } from './throttle-rules.ts'

/** How often to count again after another gateway counted at the same moment. */
const COUNT_ATTEMPTS = 8

export type Throttle = Readonly<{
  /**
   * Counts one more try of `key`, before it is made.
   * @returns how many there were lately, with this one.
   * @throws AppError `rate_limited` when it may not be made yet.
   */
  count: (key: string, slowing: Slowing) => Promise<number>
  /** @throws AppError `rate_limited` when a try of `key` would be refused now. */
  refuseBlocked: (key: string) => Promise<void>
  /** Forgets the tries of `key`, after one that succeeded. */
  clear: (key: string) => Promise<void>
}>

/** Makes the throttle of one process. */
export const createThrottle = (
  deps: Readonly<{ store: ThrottleStore; clock: Pick<Clock, 'now'> }>,
): Throttle => {
  const { store, clock } = deps
  return {
    count: async (key, slowing) => {
      for (let attempt = 0; attempt < COUNT_ATTEMPTS; attempt += 1) {
        const before = await store.find(key)
        const counted = countTry(before, slowing, clock.now())
        if (!counted.ok) throw tooMany(counted.retry_after_ms)
        if (await store.save(key, before, counted.next)) return counted.next.failures
      }
      throw tooMany(1_000)
    },
    refuseBlocked: async (key) => {
      const wait_ms = ((await store.find(key))?.blocked_until.getTime() ?? 0) - clock.now().getTime()
      if (wait_ms > 0) throw tooMany(wait_ms)
    },
    clear: store.clear,
  }
}
