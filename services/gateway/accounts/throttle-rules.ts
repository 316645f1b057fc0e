// How failed tries of a password slow down further ones: a growing wait, never a lock-out (OWASP ASVS 6.3.1). Pure.

/** Failed tries of one account or from one address. */
export type Tries = {
  failures: number
  /** No try counts before this moment. */
  blocked_until: Date
  /** When it is forgotten. */
  expires_at: Date
}

/** How a kind of counter slows: tries without a wait, then waits that double up to a ceiling. */
export type Slowing = Readonly<{ free: number; max_wait_ms: number }>

/** Guesses at one account. The ceiling is low: the person it belongs to must still get in while it is under attack. */
export const PER_ACCOUNT: Slowing = { free: 5, max_wait_ms: 30_000 }
/** Failed tries of one account after which its person gets a mail, once a day at most. */
export const MAILED_AFTER = 10
/** Guesses from one address; a whole office may share one. */
export const PER_ADDRESS: Slowing = { free: 30, max_wait_ms: 5 * 60_000 }
/** Mails for a new password to one account: enough to try again, too few to be a nuisance. */
export const RESETS_PER_ACCOUNT: Slowing = { free: 3, max_wait_ms: 10 * 60_000 }
/** Mails that confirm an address. */
export const CONFIRMATIONS_PER_ACCOUNT: Slowing = { free: 3, max_wait_ms: 10 * 60_000 }
export const RESETS_PER_ADDRESS: Slowing = { free: 20, max_wait_ms: 10 * 60_000 }

const FORGET_MS = 60 * 60_000

const waitAfter = (failures: number, { free, max_wait_ms }: Slowing): number =>
  failures < free ? 0 : Math.min(max_wait_ms, 1_000 * 2 ** Math.min(failures - free, 20))

/** What to write for one more failed try, or how long to wait before it may be made (ms). */
export const countTry = (
  before: Tries | null,
  slowing: Slowing,
  now: Date,
): { ok: true; next: Tries } | { ok: false; retry_after_ms: number } => {
  const at = now.getTime()
  const known = before && before.expires_at.getTime() > at ? before : null
  const wait = (known?.blocked_until.getTime() ?? 0) - at
  if (wait > 0) return { ok: false, retry_after_ms: wait }
  const failures = (known?.failures ?? 0) + 1
  const next = {
    failures,
    blocked_until: new Date(at + waitAfter(failures, slowing)),
    expires_at: new Date(at + FORGET_MS),
  }
  return { ok: true, next }
}
