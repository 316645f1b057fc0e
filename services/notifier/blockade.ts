// Whether the mail server takes mail at all. While it does not, one mail at a time probes it, at growing intervals, and
// the log says what to look at.
import type { Clock } from '../../shared/process/clock.ts'
import type { Log } from '../../shared/process/log.ts'
import { nextProbe } from './retries.ts'
import type { Outcome } from './smtp-faults.ts'

export type BlockadeDeps = Readonly<{
  clock: Pick<Clock, 'now'>
  random: () => number
  log: Log
  /** Called when mails have to wait, or wait again. */
  onBlocked: (until: Date) => void
}>

export type Blockade = Readonly<{
  /** How many mails may be under way, of `most`: none for a while after a refusal, then one as a probe. */
  room: (most: number) => number
  /** Takes the server's answer to one mail. @returns when the next one may be tried. */
  note: (said: Outcome) => Date
}>

/** Begins with a server that takes mail. */
export const openBlockade = ({ clock, random, log, onBlocked }: BlockadeDeps): Blockade => {
  let since: Readonly<{ failures: number; until: Date }> | null = null
  return {
    room: (most) => {
      if (!since) return most
      return clock.now() < since.until ? 0 : 1
    },
    note: (said) => {
      const now = clock.now()
      if (said.outcome !== 'blocked') {
        if (since) log.info('mails go out again')
        since = null
        return now
      }
      // Mails that were under way at the same time fail for the same reason.
      if (since && now < since.until) return since.until
      const failures = (since?.failures ?? 0) + 1
      const until = nextProbe(failures, now, random())
      since = { failures, until }
      const { by, advice, reason } = said
      log[by === 'ours' ? 'error' : 'warn'](`mails wait. ${advice}`, { reason, failures, until })
      onBlocked(until)
      return until
    },
  }
}
