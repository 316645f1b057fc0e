// When a mail that could not be handed over is tried again. Pure.

/** Pauses between tries (ms), the last one repeating: short at first for a hiccup, then those that greylisting expects. */
const PAUSES_MS = [2_000, 10_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000] as const

/** How long a mail stays owed. Somebody who reads it later is told nothing new. */
export const OWED_MS = 24 * 60 * 60 * 1_000

/**
 * The moment of the next try, or null when the mail is given up.
 * @param attempts made so far, 1 or more.
 * @param random in [0, 1): spreads the tries by up to a quarter, so that a server that was away is not met by all at once.
 */
export const nextTry = (attempts: number, owedSince: Date, now: Date, random: number): Date | null => {
  const pause_ms = PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1] ?? PAUSES_MS[0]
  const at = now.getTime() + pause_ms * (1 + random / 4)
  return at > owedSince.getTime() + OWED_MS ? null : new Date(at)
}
