// Who works on a key now, within this process: one after the other.
//
// It only saves work. Correctness rests on the versions in the database, since other instances know nothing of this.
import type { Call } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'

/** Work that runs one at a time per key. @see turns */
export type Turns = Readonly<{
  /**
   * Runs `work` when all earlier work of the key has ended. Not reentrant.
   * @throws AppError `unavailable` when too many wait, `timeout` when the call's time ran out while it waited.
   */
  run: <R>(key: string, call: Pick<Call, 'remainingMs'>, work: () => Promise<R>) => Promise<R>
}>

/** @param max_waiting calls per key, including the one under way; more are refused. */
export const turns = (max_waiting: number): Turns => {
  const lines = new Map<string, { last: Promise<void>; length: number }>()
  return {
    run: async (key, call, work) => {
      const line = lines.get(key) ?? { last: Promise.resolve(), length: 0 }
      if (line.length >= max_waiting)
        throw new AppError('unavailable', 'Too many changes of this queue are waiting; nothing was done.', {
          retry_after_ms: 500,
        })
      lines.set(key, line)
      const before = line.last
      const turn = Promise.withResolvers<void>()
      line.last = turn.promise
      line.length += 1
      try {
        await before
        if (call.remainingMs() <= 0)
          throw new AppError(
            'timeout',
            'The time for this request ran out before its turn; nothing was done.',
          )
        return await work()
      } finally {
        line.length -= 1
        if (line.length === 0) lines.delete(key)
        turn.resolve()
      }
    },
  }
}
