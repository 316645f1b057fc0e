// How often something may happen, counted by all gateways together: by address, account, connection and workspace. Knows
// nothing of what is counted.
//
// There are two ways to count. Spans of time (windows.ts) bound what anybody does in good faith. Tries (throttle.ts) slow
// down what may be guessing, such as passwords: each wait is longer than the last, and a success forgets them.
//
// How much one process does at once is bounded where it does it: mcp/load.ts, accounts/passwords.ts, oauth/documents.ts.
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import { translatedError } from '../translated-errors.ts'
import type { LimitStore } from './limit-store.ts'
import type { Limit, Slowing } from './policies.ts'
import { slowTries } from './throttle.ts'
import { countWindows, type Windows } from './windows.ts'

export type Limits = Windows &
  Readonly<{
    /**
     * Counts one more try of `key`, before it is made.
     * @returns how many there were lately, with this one.
     * @throws AppError `rate_limited` when it may not be made yet.
     */
    countTry: (key: string, slowing: Slowing) => Promise<number>
    /** @throws AppError `rate_limited` when a try of `key` would be refused now. */
    refuseBlocked: (key: string) => Promise<void>
    /** Forgets the tries of `key`, after one that succeeded. */
    forgetTries: (key: string) => Promise<void>
  }>

/** The refusal of what was tried too often. `wait_ms` is rounded up to whole seconds. */
export const tooMany = (wait_ms: number): AppError => {
  const wait_s = Math.ceil(wait_ms / 1_000)
  return translatedError('rate_limited', (words) => words.say('too_many', { seconds: String(wait_s) }), {
    retry_after_ms: wait_s * 1_000,
  })
}

/** Makes the limits of one process. */
export const createLimits = (
  deps: Readonly<{ store: LimitStore; clock: Pick<Clock, 'now'>; log: Log }>,
): Limits => {
  const { store, clock, log } = deps
  const tries = slowTries({ store: store.throttles, clock })
  return {
    ...countWindows({ store: store.windows, clock, log }),
    countTry: async (key, slowing) => {
      const counted = await tries.count(key, slowing)
      if (!counted.ok) throw tooMany(counted.retry_after_ms)
      return counted.tries
    },
    refuseBlocked: async (key) => {
      const wait_ms = await tries.waitOf(key)
      if (wait_ms > 0) throw tooMany(wait_ms)
    },
    forgetTries: store.throttles.clear,
  }
}

/**
 * Counts one more of `key`, exactly, before it happens.
 * @throws AppError `rate_limited` when the limit is used up; what the store throws.
 */
export const spendOrRefuse = async (
  limits: Pick<Limits, 'spend'>,
  key: string,
  limit: Limit,
): Promise<void> => {
  const wait_ms = await limits.spend(key, limit)
  if (wait_ms > 0) throw tooMany(wait_ms)
}
