// Slows down repeated tries: one of the two ways in which limits.ts counts. Knows nothing of what is tried.
//
// Why not a window (windows.ts): a window that lets a person mistype a password lets an attacker use all of it at once, and
// once it is used up the person is locked out until it ends. Here each wait is longer than the last, the ceiling is low, and
// a success forgets the failures.
import type { Clock } from '../../../shared/process/clock.ts'
import type { ThrottleStore } from './limit-store.ts'
import type { Slowing } from './policies.ts'
import { countTry } from './throttle-rules.ts'

/** How often to count again after another gateway counted at the same moment. */
const COUNT_ATTEMPTS = 8
/** The wait after as many vain attempts (ms). */
const BUSY_MS = 1_000

/** How many tries there were lately, or how long to wait until the next (ms). */
type Counted = Readonly<{ ok: true; tries: number }> | Readonly<{ ok: false; retry_after_ms: number }>

type Throttle = Readonly<{
  /** Counts one more try of `key`, before it is made. */
  count: (key: string, slowing: Slowing) => Promise<Counted>
  /** How long a try of `key` would have to wait now (ms); 0 or less: not at all. */
  waitOf: (key: string) => Promise<number>
}>

/** Makes the throttle of one process. */
export const slowTries = (deps: Readonly<{ store: ThrottleStore; clock: Pick<Clock, 'now'> }>): Throttle => {
  const { store, clock } = deps
  return {
    count: async (key, slowing) => {
      for (let attempt = 0; attempt < COUNT_ATTEMPTS; attempt += 1) {
        const before = await store.find(key)
        const counted = countTry(before, slowing, clock.now())
        if (!counted.ok) return counted
        if (await store.save(key, before, counted.next)) return { ok: true, tries: counted.next.failures }
      }
      return { ok: false, retry_after_ms: BUSY_MS }
    },
    waitOf: async (key) => {
      const blocked_until = (await store.find(key))?.blocked_until.getTime() ?? 0
      return blocked_until - clock.now().getTime()
    },
  }
}
