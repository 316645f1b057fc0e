// Who works on a key now, within this process: one after the other (turns), or once for many (coalesced).
//
// Both only save work. Correctness rests on the versions in the database, since other instances know nothing of this.
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

/**
 * `work` for a key, shared: whoever asks while a run waits for the one before gets that run, which begins after they
 * asked. Per key, at most one runs and one waits.
 */
export const coalesced = <R>(work: (key: string) => Promise<R>): ((key: string) => Promise<R>) => {
  const waiting = new Map<string, Promise<R>>()
  const running = new Map<string, Promise<R>>()
  const runNext = async (key: string): Promise<R> => {
    await running.get(key)?.catch(() => undefined)
    waiting.delete(key)
    const run = work(key)
    running.set(key, run)
    try {
      return await run
    } finally {
      if (running.get(key) === run) running.delete(key)
    }
  }
  return (key) => {
    const found = waiting.get(key)
    if (found) return found
    const next = runNext(key)
    waiting.set(key, next)
    return next
  }
}
