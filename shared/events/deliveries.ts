// What becomes of a delivered event whose reaction failed: held, tried again, or given up, and after which pause. Pure.
import { type AppError, ERROR_CODES } from '../contracts/define/errors.ts'

/**
 * How often one message is delivered. Each delivery is either a fault of the message or of its reaction, or the end of a
 * process: an outage around us uses none up, since the message is held meanwhile. So it may be few, and a message that
 * kills every process it meets is out of the way after eight of them.
 */
export const MAX_DELIVER = 8

/** Pauses before a failed reaction's message comes again (ms); the last one repeats. Half an hour in all. */
const RETRY_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const

/**
 * Pauses before an event of a kind that is not known here comes again (ms): short, since a newer replica is there to take it.
 * Should it meet only older ones for a minute, it waits as a dead letter for one that knows it.
 */
const UNKNOWN_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000] as const

/** Pauses between tries while something that the reaction needs is away (ms): short, so that all goes on soon after it is back. */
const HOLD_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const

/** How long one delivery is held. All deliveries of one event together: a day, as long as a mail stays owed. */
export const MAX_HOLD_MS = 3 * 60 * 60 * 1_000

/** A message that can never be handled: it is put aside at once instead of being tried again. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
}

/**
 * An event of a kind that nothing here reacts to. A newer replica of the service asked for it, with the consumer that all
 * replicas share: so it is put back for that one.
 */
export class UnknownEventError extends Error {
  override readonly name = 'UnknownEventError'
}

/** Whether the same reaction may succeed once something around us is back; the event itself is not to blame. */
const isOutage = (error: AppError): boolean => ERROR_CODES[error.code].retryable

/** What is done about a failed delivery. */
export type Verdict = 'hold' | 'again' | 'give_up'

/**
 * Decides on a failed reaction.
 * @param fault the failure as an AppError, or undefined for any other error.
 * @param deliveries of this message so far, 1 or more.
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

/** The pause before try number `tries` + 1 of a message that is held (ms), spread likewise. */
export const holdPause = (tries: number, random: number): number => pauseOf(HOLD_MS, tries, random)
