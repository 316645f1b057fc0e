// Counts tries of passwords and of mails in the store, for all gateways together. What the counts mean is in throttle.ts.
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Deps } from '../deps.ts'
import type { Limit } from '../limits/limits.ts'
import { countTry, type Slowing } from './throttle-rules.ts'

/** Tries to count beside others who count at the same moment. */
const COUNT_TRIES = 8

type Counting = Pick<Deps, 'store' | 'clock'>

const tooMany = (wait_ms: number): AppError => {
  const wait_s = Math.ceil(wait_ms / 1_000)
  return new AppError('rate_limited', `Too many tries. Wait ${wait_s} s and try again.`, {
    retry_after_ms: wait_s * 1_000,
  })
}

/**
 * Refuses while a counter says to wait.
 * @throws AppError `rate_limited`.
 */
export const refuseBlocked = async ({ store, clock }: Counting, key: string): Promise<void> => {
  const wait = ((await store.throttles.find(key))?.blocked_until.getTime() ?? 0) - clock.now().getTime()
  if (wait > 0) throw tooMany(wait)
}

/**
 * Counts one more try of what `key` names, before it is made.
 * @returns how many there were lately, with this one.
 * @throws AppError `rate_limited` when it may not be made yet.
 */
export const count = async ({ store, clock }: Counting, key: string, slowing: Slowing): Promise<number> => {
  for (let tries = 0; tries < COUNT_TRIES; tries += 1) {
    const before = await store.throttles.find(key)
    const counted = countTry(before, slowing, clock.now())
    if (!counted.ok) throw tooMany(counted.retry_after_ms)
    if (await store.throttles.save(key, before, counted.next)) return counted.next.failures
  }
  throw tooMany(1_000)
}

/**
 * Spends one of the times that something may happen in a span of time, before it happens.
 * @throws AppError `rate_limited` when there is none left.
 */
export const spend = async ({ limits }: Pick<Deps, 'limits'>, key: string, limit: Limit): Promise<void> => {
  const wait_ms = await limits.spend(key, limit)
  if (wait_ms > 0) throw tooMany(wait_ms)
}
