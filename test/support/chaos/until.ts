// Waits for a condition, with a bound. Knows no condition.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock as clock } from '../../../shared/process/clock.ts'

const POLL_MS = 100

/**
 * Polls until the answer is true. A rejection counts as false.
 * @throws Error that says what never became so
 */
export const until = async (what: string, limit_ms: number, isSo: () => Promise<boolean>): Promise<void> => {
  const end = clock.monotonicMs() + limit_ms
  while (!(await isSo().catch(() => false))) {
    if (clock.monotonicMs() > end) throw new Error(`Not so within ${limit_ms / 1_000} s: ${what}.`)
    await sleep(POLL_MS)
  }
}
