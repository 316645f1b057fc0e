// When something that failed is tried again. Pure.

/** The pauses between tries (ms), the last of which repeats, and how long to go on trying (ms). */
export type Schedule = Readonly<{ pauses_ms: readonly [number, ...number[]]; pending_ms: number }>

/** What has been tried: the number of tries, 1 or more, and since when it has been pending. */
export type Tried = Readonly<{ attempts: number; owed_since: Date }>

/** The moment `pause_ms` after `now`, or up to a quarter later, so that what failed together is not retried together. */
export const spread = (now: Date, pause_ms: number, random: number): Date =>
  new Date(now.getTime() + pause_ms * (1 + random / 4))

/**
 * The moment of the next try; null to give up. The last try is at the end of `pending_ms`.
 * @param random in [0, 1).
 * @param least_ms the shortest pause, as the other side asked (ms).
 */
export const nextTry = (
  { pauses_ms, pending_ms }: Schedule,
  { attempts, owed_since }: Tried,
  now: Date,
  random: number,
  least_ms = 0,
): Date | null => {
  const end_ms = owed_since.getTime() + pending_ms
  if (now.getTime() >= end_ms) return null
  const pause_ms = pauses_ms[Math.min(attempts, pauses_ms.length) - 1] ?? pauses_ms[0]
  const at_ms = Math.max(spread(now, pause_ms, random).getTime(), now.getTime() + least_ms)
  return new Date(Math.min(end_ms, at_ms))
}
