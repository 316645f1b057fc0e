// What follows from the mail server's answer: the mail is sent, given up, or tried again. Pure.
import { nextTry, type Schedule, spread, type Tried } from '../../shared/process/retries.ts'
import type { Mailbox } from './addresses.ts'
import type { Outcome } from './smtp-faults.ts'

/** How long a mail is tried (ms). Later than that, it is no longer news. */
export const PENDING_MS = 24 * 60 * 60 * 1_000

/** When a mail is tried again: soon at first, for a hiccup, then with the pauses that greylisting expects. */
export const SCHEDULE: Schedule = {
  pauses_ms: [2_000, 10_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000],
  pending_ms: PENDING_MS,
}

/** Longest pause between two probes of a server that takes no mail at all (ms). */
const MAX_PROBE_PAUSE_MS = 30_000

/** Given up, or held back. `to`: the address, where the delivery does not have it. */
type Ended = Readonly<{ status: 'failed' | 'suppressed'; reason: string; to?: Mailbox }>

/** What became of a try. */
export type NextState =
  | Readonly<{ status: 'sent'; at: Date }>
  | Ended
  /** Not `counted`: the try said nothing about this mail. */
  | Readonly<{ status: 'pending'; reason: string; due_at: Date; counted: boolean }>

/** When one mail may probe a server that takes none: at growing intervals, at most half a minute. `failures`: 1 or more. */
export const nextProbe = (failures: number, now: Date, random: number): Date =>
  spread(now, Math.min(1_000 * 2 ** (failures - 1), MAX_PROBE_PAUSE_MS), random)

/** Tried again later, or given up when it has been pending for too long. */
export const later = (tried: Tried, reason: string, now: Date, random: number): NextState => {
  const due_at = nextTry(SCHEDULE, tried, now, random)
  return due_at ? { status: 'pending', reason, due_at, counted: true } : { status: 'failed', reason }
}

/**
 * What is recorded about a mail after the server's answer. Where a setting of this installation is wrong, the mail waits for
 * as long as it takes to correct it.
 * @param probe_at when the server is tried again, if it takes no mail at all.
 */
export const nextStateOf = (
  said: Outcome,
  tried: Tried,
  now: Date,
  probe_at: Date,
  random: number,
): NextState => {
  if (said.outcome === 'accepted') return { status: 'sent', at: now }
  const { reason } = said
  if (said.outcome === 'refused') return { status: 'failed', reason }
  if (said.outcome === 'deferred') return later(tried, reason, now, random)
  const tooLong = probe_at.getTime() > tried.owed_since.getTime() + PENDING_MS
  return said.by === 'away' && tooLong
    ? { status: 'failed', reason }
    : { status: 'pending', reason, due_at: probe_at, counted: false }
}
