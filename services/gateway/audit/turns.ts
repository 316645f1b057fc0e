// Work that must not run at the same time in one process: by key, each after the one before. It stands alone because it knows
// nothing of the log.

/**
 * Makes a function that runs work of the same key one after the other, and work of different keys at once.
 * @returns what the work returns. @throws what the work throws; the next one runs all the same.
 */
export const inTurns = (): (<T>(key: string, work: () => Promise<T>) => Promise<T>) => {
  const last = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve()
    const run = before.then(work, work)
    last.set(key, run)
    const forget = (): void => {
      if (last.get(key) === run) last.delete(key)
    }
    run.then(forget, forget)
    return run
  }
}
