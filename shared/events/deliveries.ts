// What happens to an event whose reaction failed: held, tried again or given up, and after which pause. Pure.
import { type AppError, ERROR_CODES } from '../contracts/define/errors.ts'

/**
 * How often one message is delivered. A delivery is used up by a fault of the message or its reaction, or by the death of a
 * process; not by an outage, during which the message is held. So few are enough, and a message that kills every process is
 * out of the way after eight of them.
 */
export const MAX_DELIVER = 8

/** The pauses before a message is delivered again after its reaction failed (ms); the last one repeats. Half an hour in all. */
const RETRY_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const

/**
 * The pauses before an event of an unknown kind is delivered again (ms): short, since a newer replica is there to take it. If
 * it meets only older ones for a minute, it becomes a dead letter until one knows it.
 */
const UNKNOWN_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000] as const

/** The pauses between tries during an outage (ms): short, so that work resumes soon after it. */
const HOLD_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const

/** How long one delivery is held (ms). All deliveries of one event together last a day, as long as a mail stays pending. */
export const MAX_HOLD_MS = 3 * 60 * 60 * 1_000

/** A message that can never be handled: it is given up at once. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
}

/**
 * An event of a kind that this process has no reaction to. A newer replica asked for it through the consumer that all
 * replicas share, so it is put back for that one.
 */
export class UnknownEventError extends Error {
  override readonly name = 'UnknownEventError'
}

/** Whether the same reaction may succeed after an outage; the event is not to blame. */
const isOutage = (error: AppError): boolean => ERROR_CODES[error.code].retryable

/** What to do about a failed delivery. */
export type Verdict = 'hold' | 'again' | 'give_up'

/**
 * Decides on a failed reaction.
 * @param fault the failure as an AppError; undefined for any other error.
 * @param deliveries how often the message was delivered, 1 or more.
 * @param held_ms how long this delivery has been held.
 */
export const verdictOn = (
  error: unknown,
  fault: AppError | undefined,
  deliveries: number,
  held_ms: number,
): Verdict => {
  if (error instanceof PoisonError) return 'give_up'
  if (fault && isOutage(fault) && held_ms < MAX_HOLD_MS) return 'hold'
  return deliveries >= MAX_DELIVER ? 'give_up' : 'again'
}

const pauseOf = (pauses: readonly number[], tries: number, random: number): number =>
  Math.round((pauses[Math.min(tries, pauses.length) - 1] ?? 0) * (1 + random / 4))

/** The pause before delivery number `deliveries` + 1 (ms). @param random in [0, 1): spreads it by up to a quarter. */
export const retryPause = (error: unknown, deliveries: number, random: number): number =>
  pauseOf(error instanceof UnknownEventError ? UNKNOWN_MS : RETRY_MS, deliveries, random)

/** The pause before try number `tries` + 1 of a held message (ms), spread likewise. */
export const holdPause = (tries: number, random: number): number => pauseOf(HOLD_MS, tries, random)
