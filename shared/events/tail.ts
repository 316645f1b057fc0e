// Reads the events of the stream one after the other, without a consumer: nothing is acknowledged.
import type { Bus } from '../bus/connect.ts'
import { pause } from '../process/lifecycle.ts'
import { EVENTS_STREAM } from './streams.ts'

/** How often to ask the stream for more (ms). */
const POLL_MS = 500

/** Which events to read. */
export type Look = Readonly<{
  /** Their subject, with `*` for any part. */
  filter: string
  /** The moment to start from; absent: now. */
  since?: Date
  /** Whether to end after what is there now. */
  once: boolean
}>

const startOf = async (bus: Bus, since: Date | undefined): Promise<number> => {
  const first = since && (await bus.jsm.direct.getMessage(EVENTS_STREAM, { start_time: since.toISOString() }))
  return first?.seq ?? (await bus.jsm.streams.info(EVENTS_STREAM)).state.last_seq + 1
}

/** The payloads of the events, in the order of the stream, until the signal aborts. */
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
