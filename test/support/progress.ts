// The progress of a test run's preparations: slow steps, and why it cannot go on. Knows nothing of the steps.
import { formatMs, type Report, StartFault } from '../../infra/report.ts'
import { systemClock } from '../../shared/process/clock.ts'

const BEAT_MS = 1_000

/**
 * Runs one step and shows it: its name at once, the time so far, its duration at the end.
 * Returns what the step returns; its error passes through unchanged.
 */
export const step = async <T>(report: Report, name: string, work: () => Promise<T>): Promise<T> => {
  const started = systemClock.monotonicMs()
  const elapsed = () => formatMs(systemClock.monotonicMs() - started)
  report.step(`  ${name} …`)
  const beat = setInterval(() => report.progress(`  ${name} … ${elapsed()}`), BEAT_MS)
  try {
    const result = await work()
    report.step(`  ${name}: ${elapsed()}`)
    return result
  } catch (error) {
    report.step(`  ${name}: failed after ${elapsed()}`)
    throw error
  } finally {
    clearInterval(beat)
  }
}

/**
 * Ends the run with the sentence that says what to do, which Vitest would bury.
 * @throws any other error
 */
export const giveUp = (error: unknown): never => {
  if (!(error instanceof StartFault)) throw error
  process.stderr.write(`\n${[error.message, ...error.details].join('\n')}\n\n`)
  process.exit(1)
}
