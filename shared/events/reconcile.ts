// Keeps the stream whole: publishes events again that it has lost, each under its own id.
//
// Every service does this for its own events, by one of its replicas. Doing it twice is harmless. The keeper makes the stream
// itself.
import type { Bus } from '../bus/connect.ts'
import type { Clock } from '../process/clock.ts'
import { repeat } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import { inParallel } from '../process/parallel.ts'
import type { Journal, Published } from './journal-store.ts'
import { isInStream, publish } from './publish.ts'
import { readStream, untilStream } from './streams.ts'

/** How often to look at the stream (ms). */
const LOOK_MS = 5_000
/**
 * How long after publishing an event to look for it in the stream (ms). A server acknowledges before it writes to disk, by
 * default up to two minutes before; by now it keeps what it has. The stream has also forgotten the message id by then (two
 * minutes), so the event can be published again.
 */
export const CHECK_AFTER_MS = 150_000
/** Events per batch, and batches per look: the next look takes the rest. */
const BATCH = 500
const MAX_BATCHES = 40
/** How many requests are under way at once. */
const PARALLEL = 64

export type ReconcileOptions = Readonly<{
  clock: Clock
  random: () => number
  journal: Journal
  /** When the installation was restored; undefined if it never was. */
  epoch?: string | undefined
  /** Whether it is this process that publishes again what was lost; every process knows the stream. Always when absent. */
  isOurs?: () => boolean
  look_ms?: number
  check_after_ms?: number
}>

export type Reconciler = AsyncDisposable &
  Readonly<{
    /** The stream as it was last seen, by the moment of its creation. */
    stream: () => string
    check_after_ms: number
  }>

type Republish = (events: readonly Published[]) => Promise<void>

/** Makes the function that publishes events again and records their new places. @param stream the present one. */
const republishing = (
  bus: Bus,
  { clock, journal, epoch, check_after_ms }: ReconcileOptions & Readonly<{ check_after_ms: number }>,
  stream: () => string,
  log: Log,
): Republish => {
  /** An event that is refused stops no other. @throws when all of some that were tried together are refused. */
  const publishAll = async (events: readonly Published[]): Promise<Published[]> => {
    const published: Published[] = []
    for (let start = 0; start < events.length; start += PARALLEL) {
      const some = events.slice(start, start + PARALLEL)
      const tries = await Promise.allSettled(some.map((event) => publish(bus, event, stream(), epoch)))
      const refused = tries.find((one) => one.status === 'rejected')
      const taken = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      if (refused && taken.length === 0) throw refused.reason
      if (refused) log.error('a lost event cannot be published again; others can', { error: refused.reason })
      published.push(...taken)
    }
    return published
  }
  return async (events) => {
    const published = await publishAll(events)
    await journal.moved(published, new Date(clock.now().getTime() + check_after_ms))
    log.warn('published events again that the stream did not have', { events: published.length })
  }
}

/** Looks in the stream for events that are due for a check, and publishes again what is not there. */
const checkDue = async (
  bus: Bus,
  { journal, clock }: ReconcileOptions,
  republish: Republish,
  signal: AbortSignal,
): Promise<void> => {
  for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
    const events = await journal.due(clock.now(), BATCH)
    const there = await inParallel(events, PARALLEL, (event) => isInStream(bus, event.id, event))
    await journal.found(events.filter((_, index) => there[index]).map(({ id }) => id))
    const lost = events.filter((_, index) => !there[index])
    if (lost.length > 0) await republish(lost)
    if (events.length < BATCH) return
  }
}

/** Waits for the stream, and starts to watch over it. */
export const startReconciler = async (bus: Bus, options: ReconcileOptions): Promise<Reconciler> => {
  const { random, journal, isOurs = () => true, look_ms = LOOK_MS, check_after_ms = CHECK_AFTER_MS } = options
  const log = bus.log.child('reconcile')
  let seen = await untilStream(bus)
  const stream = (): string => seen.id
  const republish = republishing(bus, { ...options, check_after_ms }, stream, log)

  /** Publishes again what `find` returns, batch by batch. Its search no longer matches what was published. */
  const republishFound = async (
    signal: AbortSignal,
    find: () => Promise<readonly Published[]>,
  ): Promise<void> => {
    for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
      const events = await find()
      if (events.length > 0) await republish(events)
      if (events.length < BATCH) return
    }
  }
  /** Events that lie outside the numbers of the stream: it was cut off at its end, or emptied. */
  const outside = async (): Promise<readonly Published[]> => {
    const suspects = await journal.outside(seen.id, seen.first_seq, seen.last_seq, BATCH)
    if (suspects.length === 0) return []
    // They may only have been published since the last look. Another look tells: what is lost is still not there.
    seen = (await readStream(bus)) ?? seen
    return suspects.filter(
      ({ stream: at, seq }) => at === seen.id && (seq < seen.first_seq || seq > seen.last_seq),
    )
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    if (!bus.connected()) return
    const before = seen.id
    const found = await readStream(bus)
    if (!found) return log.warn('the stream of events is gone; waiting for the migrator to make it again')
    seen = found
    if (!isOurs()) return
    if (seen.id !== before) log.warn('the stream of events is a new one; publishing to it what is known')
    const steps = [
      () => republishFound(signal, () => journal.elsewhere(seen.id, BATCH)),
      () => republishFound(signal, outside),
      () => checkDue(bus, options, republish, signal),
    ]
    for (const step of steps)
      await step().catch((error: unknown) => log.warn('events could not be published again now', { error }))
  }
  const looking = repeat(look, { interval_ms: look_ms, log, random })
  return {
    stream,
    check_after_ms,
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  }
}
