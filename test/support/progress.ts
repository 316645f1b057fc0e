// How a test run says what it is doing: one line when a step begins, one with its duration when it is done. Knows nothing
// of the steps.

/** Takes one line that a person reads while the run goes on. */
export type Say = (line: string) => void

/** Writes a line to standard output, between the test runner's own. */
export const say: Say = (line) => {
  process.stdout.write(`${line}\n`)
}

const QUIET_MS = 10_000

/**
 * Does one step and says so: its name at once, again every ten seconds while it lasts, its duration at the end.
 * Returns what the step returns; its error passes through unchanged.
 */
export const step = async <T>(name: string, work: () => Promise<T>, out: Say = say): Promise<T> => {
  const started = performance.now()
  const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
  out(`  ${name} …`)
  const reminder = setInterval(() => out(`  ${name} … ${elapsed()} so far`), QUIET_MS)
  try {
    const result = await work()
    out(`  ${name}: ${elapsed()}`)
    return result
  } catch (error) {
    out(`  ${name}: failed after ${elapsed()}`)
    throw error
  } finally {
    clearInterval(reminder)
  }
}
