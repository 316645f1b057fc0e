// When something that failed is tried again. Pure.

/** How often: the pauses between tries (ms), the last one repeating, and how long it is tried (ms). */
export type Schedule = Readonly<{ pauses_ms: readonly [number, ...number[]]; pending_ms: number }>

/** How long something has been pending: the tries made so far, 1 or more, and since when. */
export type Tried = Readonly<{ attempts: number; owed_since: Date }>

/** A moment so long after `now`, spread by up to a quarter: what failed at once is not tried again at once. */
export const spread = (now: Date, pause_ms: number, random: number): Date =>
  new Date(now.getTime() + pause_ms * (1 + random / 4))

/**
 * The moment of the next try, or null when it is given up. The last try is at the end of the time.
 * @param random in [0, 1).
 * @param least_ms the shortest pause, as the other side asked for.
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
