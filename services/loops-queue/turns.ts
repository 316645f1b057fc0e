// One at a time per key within this process, in the order of arrival and up to a bound. Only saves work: what is right
// rests on the versions in the database, since other instances take no notice of these turns.
import type { Call } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'

/** Takes turns. @see turns */
export type Turns = Readonly<{
  /**
   * Runs `work` when all earlier work of the key has ended. Not reentrant.
   * @throws AppError `unavailable` when too many wait, `timeout` when the call's time ended while it waited.
   */
  run: <R>(key: string, call: Pick<Call, 'remainingMs'>, work: () => Promise<R>) => Promise<R>
}>

/** @param max_waiting calls in one line, the one under way included; more are refused. */
export const turns = (max_waiting: number): Turns => {
  const lines = new Map<string, { last: Promise<void>; length: number }>()
  return {
    run: async (key, call, work) => {
      const line = lines.get(key) ?? { last: Promise.resolve(), length: 0 }
      if (line.length >= max_waiting)
        throw new AppError('unavailable', 'Too many changes of this queue wait; nothing was done.', {
          retry_after_ms: 500,
        })
      lines.set(key, line)
      const before = line.last
      const mine = Promise.withResolvers<void>()
      line.last = mine.promise
      line.length += 1
      try {
        await before
        if (call.remainingMs() <= 0)
          throw new AppError(
            'timeout',
            'The time of this request was over before its turn; nothing was done.',
          )
        return await work()
      } finally {
        line.length -= 1
        if (line.length === 0) lines.delete(key)
        mine.resolve()
      }
    },
  }
}
