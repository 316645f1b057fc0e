// Keeps the stream whole: tells again what it has lost, each event under its own id. Every service does so for its own
// events; that several instances do it, or one does it twice, is harmless. The stream itself is made by the keeper.

import type { Bus } from '../bus/connect.ts'
import type { Clock } from '../process/clock.ts'
import { repeat } from '../process/lifecycle.ts'
import { inParallel } from '../process/parallel.ts'
import type { Journal, Published } from './journal-store.ts'
import { isInStream, publish } from './publish.ts'
import { readStream, untilStream } from './streams.ts'

/** How often the stream is looked at (ms). */
const LOOK_MS = 5_000
/**
 * How long after it was published an event is looked for in the stream (ms). A server acknowledges before it writes to disk, up to
 * two minutes before unless configured otherwise: by now what it has is what it keeps. The stream's memory of message ids
 * (two minutes as well) is over too, so that an event can be published again.
 */
export const CHECK_AFTER_MS = 150_000
/** Events per batch, and batches of one look: the rest is for the next one. */
const BATCH = 500
const MAX_BATCHES = 40
/** Requests under way at once. */
const PARALLEL = 64

export type ReconcileOptions = Readonly<{
  clock: Clock
  random: () => number
  journal: Journal
  look_ms?: number
  check_after_ms?: number
}>

export type Reconciler = AsyncDisposable &
  Readonly<{
    /** The stream as it was last seen, by the moment of its creation. */
    stream: () => string
    check_after_ms: number
  }>

/** Waits for the stream and begins to watch over it. */
export const startReconciler = async (bus: Bus, options: ReconcileOptions): Promise<Reconciler> => {
  const { clock, random, journal, look_ms = LOOK_MS, check_after_ms = CHECK_AFTER_MS } = options
  const log = bus.log.child('reconcile')
  let seen = await untilStream(bus)

  /** One that the stream does not take keeps no other from being told. @throws when it takes none of some */
  const publishAll = async (events: readonly Published[]): Promise<Published[]> => {
    const told: Published[] = []
    for (let start = 0; start < events.length; start += PARALLEL) {
      const some = events.slice(start, start + PARALLEL)
      const sent = await Promise.allSettled(some.map((event) => publish(bus, event, seen.id)))
      const refused = sent.find((one) => one.status === 'rejected')
      const taken = sent.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      if (refused && taken.length === 0) throw refused.reason
      if (refused) log.error('a told event cannot be told again; others can', { error: refused.reason })
      told.push(...taken)
    }
    return told
  }
  const tellAgain = async (events: readonly Published[]): Promise<void> => {
    const told = await publishAll(events)
    await journal.moved(told, new Date(clock.now().getTime() + check_after_ms))
    log.warn('told events again that the stream did not have', { events: told.length })
  }
  /** Tells again what `find` finds, batch by batch: each batch leaves what it is looked for by. */
  const tellAll = async (signal: AbortSignal, find: () => Promise<readonly Published[]>): Promise<void> => {
    for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
      const events = await find()
      if (events.length > 0) await tellAgain(events)
      if (events.length < BATCH) return
    }
  }
  /** What the stream should have and has not, by its first and last number: cut off at its end, or emptied. */
  const outside = async (): Promise<readonly Published[]> => {
    const suspects = await journal.outside(seen.id, seen.first_seq, seen.last_seq, BATCH)
    if (suspects.length === 0) return []
    // Published since the stream was looked at, or really lost: these are in the stream when it is looked at now, or never.
    seen = (await readStream(bus)) ?? seen
    return suspects.filter(
      ({ stream, seq }) => stream === seen.id && (seq < seen.first_seq || seq > seen.last_seq),
    )
  }
  const checkDue = async (signal: AbortSignal): Promise<void> => {
    for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
      const events = await journal.due(clock.now(), BATCH)
      const there = await inParallel(events, PARALLEL, (event) => isInStream(bus, event.id, event))
      await journal.found(events.filter((_, index) => there[index]).map(({ id }) => id))
      const lost = events.filter((_, index) => !there[index])
      if (lost.length > 0) await tellAgain(lost)
      if (events.length < BATCH) return
    }
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    if (!bus.connected()) return
    const before = seen.id
    const found = await readStream(bus)
    if (!found) return log.warn('the stream of events is gone; waiting for the migrator to make it again')
    seen = found
    if (seen.id !== before) log.warn('the stream of events is a new one; telling it what is known')
    const steps = [
      () => tellAll(signal, () => journal.elsewhere(seen.id, BATCH)),
      () => tellAll(signal, outside),
      () => checkDue(signal),
    ]
    for (const step of steps)
      await step().catch((error: unknown) => log.warn('events could not be told again now', { error }))
  }
  const looking = repeat(look, { interval_ms: look_ms, log, random })
  return {
    stream: () => seen.id,
    check_after_ms,
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  }
}
