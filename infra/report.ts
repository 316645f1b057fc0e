// Progress on the terminal, and faults told in one sentence. Knows nothing about the work itself.

import { AppError, textOf } from '../shared/contracts/define/errors.ts'
import type { Clock } from '../shared/process/clock.ts'
import { ConfigError } from '../shared/process/config.ts'

/** Reports the steps of a long job. */
export type Report = Readonly<{
  /** A line that stays. */
  step: (text: string) => void
  /** The progress of the current step: overwritten by the next on a terminal, thinned out in a file. */
  progress: (text: string) => void
}>

/** A report that shows nothing. */
export const silentReport: Report = { step: () => {}, progress: () => {} }

const TERMINAL_EVERY_MS = 100
const FILE_EVERY_MS = 5_000
const CLEAR_LINE = '\r\x1b[2K'

/** A report on a stream. Progress overwrites itself on a terminal, and appears every 5 s elsewhere. */
export const streamReport = (
  stream: { isTTY?: boolean; write: (text: string) => unknown },
  clock: Clock,
): Report => {
  const terminal = stream.isTTY === true
  let lastProgress = clock.monotonicMs()
  return {
    step: (text) => {
      lastProgress = clock.monotonicMs()
      stream.write(`${terminal ? CLEAR_LINE : ''}${text}\n`)
    },
    progress: (text) => {
      if (clock.monotonicMs() - lastProgress < (terminal ? TERMINAL_EVERY_MS : FILE_EVERY_MS)) return
      lastProgress = clock.monotonicMs()
      stream.write(terminal ? `${CLEAR_LINE}${text}` : `${text}\n`)
    },
  }
}

/** A size for people, in decimal units: `42.0 MB`. */
export const formatBytes = (bytes: number): string => {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(0)} kB` : `${bytes} bytes`
}

/** A duration for people: `3.5 s`, `2 min 5 s`. */
export const formatMs = (ms: number): string => {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** A fault for the person at the terminal. `message` is one sentence that says what to do; `details` are lines below it. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
  readonly details: readonly string[]

  constructor(sentence: string, details: readonly string[] = []) {
    super(sentence)
    this.details = details
  }
}

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Says in one sentence what went wrong; an unexpected error shows its stack. @returns the exit code */
export const explain = (error: unknown, say: (line: string) => void): number => {
  if (error instanceof ConfigError) {
    for (const fault of error.faults) say(fault)
    return 2
  }
  if (error instanceof StartFault) {
    say(error.message)
    for (const line of error.details) say(`  ${line}`)
  } else if (error instanceof AppError) say(textOf(error))
  else say(`Unexpected error: ${error instanceof Error ? error.stack : error}`)
  return 1
}
