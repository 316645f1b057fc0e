// Tries dead letters again that an operator, or the service itself, has asked for.
import type { Log } from '../process/log.ts'
import type { DeadLetters, Redrive } from './dead-letter-store.ts'
import { type Reaction, reactTo } from './reactions.ts'

export type RedriveOptions = Readonly<{
  deadLetters: Pick<DeadLetters, 'claim' | 'renew' | 'renew_ms' | 'release' | 'refuse' | 'succeed'>
  /** Whether a failure says that something the reaction needs is away. */
  isOutage: (error: unknown) => boolean
  log: Log
}>

/** Renews the lease of a dead letter until it is disposed of. */
const keepClaimed = (deadLetters: RedriveOptions['deadLetters'], row: Redrive, log: Log): Disposable => {
  const renew = () =>
    deadLetters
      .renew(row)
      .catch((error: unknown) => log.debug('the lease of a dead letter was not renewed', { error }))
  const handle = setInterval(renew, deadLetters.renew_ms)
  return { [Symbol.dispose]: () => clearInterval(handle) }
}

/**
 * Tries the dead letters that these reactions can handle, one after the other, until none is left or the signal aborts.
 * @throws what a reaction throws during an outage; the letter has been released then.
 */
export const redriveAll = async (
  reactions: readonly Reaction[],
  { deadLetters, isOutage, log }: RedriveOptions,
  signal: AbortSignal,
): Promise<void> => {
  const subjects = reactions.map((reaction) => reaction.subjects)
  while (!signal.aborted) {
    const row = await deadLetters.claim(subjects)
    if (!row) return
    using _ = keepClaimed(deadLetters, row, log)
    try {
      await reactTo(reactions, row)
      await deadLetters.succeed(row)
      log.info('dead letter redriven', { subject: row.subject, event: row.event_id })
    } catch (error) {
      if (isOutage(error)) {
        await deadLetters.release(row)
        throw error
      }
      await deadLetters.refuse(row, error instanceof Error ? error.message : String(error))
    }
  }
}
