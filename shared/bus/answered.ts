// Waits for JetStream at a start: while a cluster elects a leader, it does not answer for some seconds.
import { JetStreamApiError } from '@nats-io/jetstream'
import { TimeoutError } from '@nats-io/nats-core'
import { AppError } from '../contracts/define/errors.ts'
import { pause } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import { LinkLostError } from './link.ts'

/** How long to wait for an answer (ms): an election takes seconds, even when a server comes back with much to read. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 500
/** "JetStream system temporarily unavailable", "JetStream cluster can not handle request" (nats-server, errors.json). */
const NOT_NOW: readonly number[] = [10_008, 10_009]

/** Whether JetStream did not answer, so that the same request may be answered soon. */
export const isSilence = (error: unknown): boolean =>
  error instanceof TimeoutError ||
  error instanceof LinkLostError ||
  (error instanceof JetStreamApiError && NOT_NOW.includes(error.code))

/**
 * Asks JetStream until it answers. Logs once that it waits.
 * @param ask sends the request; must be idempotent.
 * @param monotonicMs a monotonic clock of this process (ms).
 * @throws AppError `unavailable` when there is no answer for `patience_ms`; what `ask` throws when that is an answer.
 */
export const untilAnswered = async <T>(
  ask: () => Promise<T>,
  {
    log,
    monotonicMs,
    patience_ms = PATIENCE_MS,
  }: Readonly<{
    log: Log
    monotonicMs: () => number
    patience_ms?: number
  }>,
): Promise<T> => {
  const end_ms = monotonicMs() + patience_ms
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask()
    } catch (error) {
      if (!isSilence(error)) throw error
      if (monotonicMs() >= end_ms)
        throw new AppError(
          'unavailable',
          `NATS can be reached, but its JetStream has not answered for ${Math.round(patience_ms / 1_000)} seconds: check that most of the NATS servers run and reach each other, then start again.`,
          { cause: error },
        )
      if (tries === 1)
        log.warn('JetStream does not answer yet, as during an election; asking again', { error })
      await pause(PAUSE_MS, new AbortController().signal)
    }
  }
}
