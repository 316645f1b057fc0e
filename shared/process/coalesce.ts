// Runs work once for all who ask for it at the same time, within this process.

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
