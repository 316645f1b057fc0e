// How a process ends in order when it gets a signal, and the waits and repetitions that end with it.
import type { Log } from './log.ts'

/** How long an orderly stop may take before the process ends anyway (ms). */
export const STOP_TIMEOUT_MS = 30_000

/**
 * Waits for SIGINT or SIGTERM (or `ended`), then disposes of `running`. A second signal ends the process at once.
 * @returns the exit code: 0 after an orderly stop, 1 when disposing failed or took too long.
 */
export const runUntilSignal = async (
  running: AsyncDisposable,
  log: Log,
  ended?: Promise<unknown>,
): Promise<number> => {
  const signalled = Promise.withResolvers<string>()
  let seen = false
  const onSignal = (signal: string): void => {
    if (seen) process.exit(1)
    seen = true
    signalled.resolve(signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    const why = await Promise.race([signalled.promise, ...(ended ? [ended.then(() => 'a part ended')] : [])])
    log.info('stopping', { why })
    return (await within(STOP_TIMEOUT_MS, running[Symbol.asyncDispose]())) ? 0 : 1
  } catch (error) {
    log.error('could not stop in order', { error })
    return 1
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

/** Waits for a promise, at most `timeout_ms`. @returns whether it resolved in time. @throws its rejection. */
export const within = async (timeout_ms: number, promise: PromiseLike<unknown>): Promise<boolean> => {
  const timer = Promise.withResolvers<boolean>()
  const handle = setTimeout(() => timer.resolve(false), timeout_ms)
  try {
    return await Promise.race([Promise.resolve(promise).then(() => true), timer.promise])
  } finally {
    clearTimeout(handle)
  }
}

/** Resolves after the time (ms), or as soon as the signal aborts. */
export const pause = (time_ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(handle)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const handle = setTimeout(end, time_ms)
    signal.addEventListener('abort', end, { once: true })
  })

/** Work that is repeated. `nudge` starts the next run at once, or after the one under way. */
export type Repeating = AsyncDisposable & { readonly nudge: () => void }

/** One run of repeated work. Resolves to false if it found nothing to do. */
export type Repeated = (signal: AbortSignal) => Promise<unknown>

export type RepeatOptions = Readonly<{
  /** The time between two runs (ms). A function is asked after each run. */
  interval_ms: number | (() => number)
  /** The longest time between two runs while there is nothing to do (ms); the interval when absent. */
  idle_ms?: number
  log: Log
  random: () => number
}>

/** How long to wait after so many runs in a row that found nothing: twice as long each time, `most_ms` at most. */
export const idleInterval = (interval_ms: number, idle_runs: number, most_ms: number): number =>
  Math.max(interval_ms, Math.min(most_ms, interval_ms * 2 ** Math.min(idle_runs, 20)))

/**
 * Runs `work` again and again, each time `interval_ms` after the last run ended, spread by up to a quarter so that replicas do
 * not run in step. Logs failures and goes on.
 * @returns disposing waits for the run under way.
 */
export const repeat = (work: Repeated, options: RepeatOptions): Repeating => {
  const stop = new AbortController()
  let wake: () => void = () => undefined
  let nudged = false
  let idle_runs = 0
  const waitMs = (): number => {
    const { interval_ms, idle_ms = 0, random } = options
    const next_ms = typeof interval_ms === 'number' ? interval_ms : interval_ms()
    return idleInterval(next_ms, idle_runs, idle_ms) * (1 + random() / 4)
  }
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      if (nudged || stop.signal.aborted) return resolve()
      const handle = setTimeout(resolve, waitMs())
      wake = () => {
        clearTimeout(handle)
        resolve()
      }
    })
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      nudged = false
      try {
        idle_runs = (await work(stop.signal)) === false ? idle_runs + 1 : 0
      } catch (error) {
        idle_runs = 0
        if (!stop.signal.aborted) options.log.warn('repeated work failed; it will be tried again', { error })
        nudged = false
      }
      await pause()
    }
  }
  const done = loop()
  return {
    nudge: () => {
      nudged = true
      idle_runs = 0
      wake()
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      wake()
      await done
    },
  }
}
