// How repeated tries slow down: a wait that grows with each, never a lock-out (OWASP ASVS 6.3.1). Pure.
import type { Slowing } from './policies.ts'

/** What is known of the tries of one account or from one address. */
export type Tries = {
  failures: number
  /** The next try is refused before this moment. */
  blocked_until: Date
  /** When these tries are forgotten. */
  expires_at: Date
}

/** How long after the last try all of them are forgotten (ms). */
const FORGET_MS = 60 * 60_000

const waitAfter = (failures: number, { free, max_wait_ms }: Slowing): number =>
  failures < free ? 0 : Math.min(max_wait_ms, 1_000 * 2 ** Math.min(failures - free, 20))

/** Counts one more try: what to store for it, or how long to wait until it may be made (ms). */
export const countTry = (
  before: Tries | null,
  slowing: Slowing,
  now: Date,
): { ok: true; next: Tries } | { ok: false; retry_after_ms: number } => {
  const now_ms = now.getTime()
  const known = before && before.expires_at.getTime() > now_ms ? before : null
  const wait_ms = (known?.blocked_until.getTime() ?? 0) - now_ms
  if (wait_ms > 0) return { ok: false, retry_after_ms: wait_ms }
  const failures = (known?.failures ?? 0) + 1
  const next = {
    failures,
    blocked_until: new Date(now_ms + waitAfter(failures, slowing)),
    expires_at: new Date(now_ms + FORGET_MS),
  }
  return { ok: true, next }
}
