// The events of the stream one after the other, for somebody who looks: no consumer is made and nothing is acknowledged.

import type { Bus } from '../bus/connect.ts'
import { pause } from '../process/lifecycle.ts'
import { EVENTS_STREAM } from './streams.ts'

/** How often the stream is asked for more (ms). */
const POLL_MS = 500

/** What is looked at. */
export type Look = Readonly<{
  /** The subject of the events, with `*` for any part. */
  filter: string
  /** From when on; absent: what comes from now on. */
  since?: Date
  /** Whether it ends when all that is there was shown. */
  once: boolean
}>

const startOf = async (bus: Bus, since: Date | undefined): Promise<number> => {
  const first = since && (await bus.jsm.direct.getMessage(EVENTS_STREAM, { start_time: since.toISOString() }))
  return first?.seq ?? (await bus.jsm.streams.info(EVENTS_STREAM)).state.last_seq + 1
}

/** The payload of each event that is looked for, in the order of the stream, until the signal. */
export async function* tailEvents(
  bus: Bus,
  { filter, since, once }: Look,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let seq = await startOf(bus, since)
  while (!signal.aborted) {
    const found = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq, next_by_subj: filter })
    if (found) {
      yield found.string()
      seq = found.seq + 1
    } else if (once) return
    else await pause(POLL_MS, signal)
  }
}
