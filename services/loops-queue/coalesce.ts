// One run of a work for all who ask for it before it begins.

/**
 * `work` for a key, shared: whoever asks while it waits for the run before gets the same run, which begins after they
 * asked. At most one runs and one waits per key.
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
