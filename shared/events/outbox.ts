// The relay: moves events from the documents that they wait in to the stream, and records them in the journal.
//
// Any number of relays may run. Whoever writes an event publishes it at once; one relay at a time works off what is left
// behind. Events may be published twice: the stream drops repeats within its window, and consumers skip ids that they know.
import type { Bus } from '../bus/connect.ts'
import type { OutboxEvent } from '../contracts/define/cloud-event.ts'
import type { Clock } from '../process/clock.ts'
import type { FaultPoint } from '../process/fault-points.ts'
import { gather } from '../process/gather.ts'
import { repeat } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import type { OnCommit, Outbox } from '../storage/aggregate.ts'
import type { SweepTurns } from '../storage/sweep-turns.ts'
import type { Upkeep } from '../storage/upkeep.ts'
import type { Journal, Published } from './journal-store.ts'
import { openBackoff } from './outbox-backoff.ts'
import { isStreamThere, publish } from './publish.ts'

/** How often to look for waiting events that no write has reported (ms), and how often while nothing is written here. */
const POLL_MS = 500
const IDLE_POLL_MS = 2_000
/** Younger events are left to the process that wrote them (ms). */
const GRACE_MS = 1_000
/** Documents per batch, and batches per sweep: a backlog is worked off without a pause. */
const BATCH = 200
const MAX_BATCHES = 50
/** How many documents of a batch are published at once. */
const PARALLEL = 64
/**
 * How many reported documents are published at once; the next sweep finds the others. A server that writes each event to
 * disk takes some hundred a second, so it takes this many before a publish times out.
 */
const MAX_UNDER_WAY = 1_024
/** After how many failures in a row the log reports a document as an error. */
const REPORTED_FAILURES = 3
/** After how many sweeps in a row that reached no stream another relay goes first, and after how many more again: a minute. */
const STREAMLESS_SWEEPS = 3
const STREAMLESS_PERIOD = 120
/** How many documents are confirmed in one write. */
const CONFIRM_BATCH = 500

/** Keeps something of each published event, before the event leaves its document; it may come again. */
export type Recorder = (published: readonly Published[]) => Promise<void>

export type Relay = AsyncDisposable &
  Readonly<{
    onCommit: OnCommit
    watch: (outbox: Outbox) => void
    /** Those that are watched. */
    outboxes: () => readonly Outbox[]
    /** Has every event recorded from now on; call it before `watch`. */
    record: (recorder: Recorder) => void
  }>

export type RelayOptions = Readonly<{
  clock: Clock
  random: () => number
  journal: Journal
  /** Whose turn it is to sweep: after a stall, every replica would otherwise publish everything. */
  turns: Pick<SweepTurns, 'take' | 'release'>
  /** Has one of several relays sweep, and another if that one reaches no stream. Each of them sweeps when absent. */
  upkeep?: Pick<Upkeep, 'repeat' | 'passOn'>
  /** The present stream, by the moment of its creation. */
  stream: () => string
  /** When the installation was restored; undefined if it never was. */
  epoch?: string | undefined
  /** How long after publishing an event to look for it in the stream (ms). */
  check_after_ms: number
  /** Steps: `relay.published` (the stream has the event, nothing records that yet), `relay.recorded`, `relay.journaled`. */
  at: FaultPoint
}>

/** A document with events that wait. */
type Waiting = Readonly<{ id: string; events: readonly OutboxEvent[] }>
/** A document whose events the stream has acknowledged. */
type Acknowledged = Readonly<{ outbox: Outbox; id: string; published: readonly Published[] }>

/** Makes the function that confirms published events: writes them to the journal, then takes them out of their documents. */
const confirming = (options: RelayOptions, recorders: readonly Recorder[], log: Log) => {
  const confirmAll = async (batch: readonly Acknowledged[]): Promise<void> => {
    options.at('relay.published')
    const check_at = new Date(options.clock.now().getTime() + options.check_after_ms)
    const all = batch.flatMap(({ published }) => published)
    for (const record of recorders) await record(all)
    options.at('relay.recorded')
    await options.journal.add(all, check_at)
    options.at('relay.journaled')
    for (const [outbox, documents] of Map.groupBy(batch, (one) => one.outbox))
      await outbox.confirm(
        documents.map(({ id, published }) => ({
          id,
          ws: published[0]?.event.workspaceid ?? '',
          event_ids: published.map((one) => one.id),
        })),
      )
  }
  return gather<Acknowledged>(CONFIRM_BATCH, (batch) =>
    confirmAll(batch).catch((error: unknown) =>
      log.warn('published events could not be confirmed; they will be published again', { error }),
    ),
  )
}

/** Publishes the events of documents, and confirms what the stream has acknowledged. */
const openPublisher = (bus: Bus, options: RelayOptions, recorders: readonly Recorder[], log: Log) => {
  const confirm = confirming(options, recorders, log)
  const backoff = openBackoff(options.clock)
  const unconfirmed = new Set<Promise<void>>()
  /** The ids of events that are being published or confirmed here: a sweep leaves them alone. */
  const inHand = new Set<string>()
  const release = (events: readonly Readonly<{ id: string }>[]): void => {
    for (const { id } of events) inHand.delete(id)
  }
  return {
    backoff,
    /** Whether the document has events that are not in hand. */
    hasMore: ({ events }: Waiting): boolean => events.some(({ id }) => !inHand.has(id)),
    /** Publishes the events of one document in order. @returns false when one was not acknowledged. */
    publish: async (outbox: Outbox, { id, events: waiting }: Waiting): Promise<boolean> => {
      const events = waiting.filter((event) => !inHand.has(event.id))
      if (events.length === 0) return true
      for (const event of events) inHand.add(event.id)
      try {
        const published: Published[] = []
        for (const event of events) published.push(await publish(bus, event, options.stream(), options.epoch))
        backoff.clear([id])
        const work: Promise<void> = confirm({ outbox, id, published }).finally(() => {
          release(published)
          unconfirmed.delete(work)
        })
        unconfirmed.add(work)
        return true
      } catch (error) {
        release(events)
        const failures = backoff.failed(id)
        const facts = { outbox: outbox.name, id, failures, error }
        log.debug('events wait; they will be published again', facts)
        if (failures === REPORTED_FAILURES)
          log.error('the events of a document cannot be published; others can', facts)
        return false
      }
    },
    /** Waits until what has been published is confirmed. */
    confirmed: async (): Promise<void> => void (await Promise.all(unconfirmed)),
  }
}

/** Makes the function that publishes the events waiting in one outbox, as long as it is this relay's turn. */
const sweeping = (
  bus: Bus,
  { clock, turns, upkeep }: RelayOptions,
  publisher: ReturnType<typeof openPublisher>,
) => {
  const { backoff } = publisher
  /** Sweeps in a row that reached no stream. */
  let streamless = 0
  /** @returns false when this relay has to stop: it lost its turn, or nothing at all can be published now. */
  const publishAll = async (
    outbox: Outbox,
    documents: readonly Waiting[],
    signal: AbortSignal,
  ): Promise<boolean> => {
    for (let start = 0; start < documents.length; start += PARALLEL) {
      if (signal.aborted || !bus.connected() || !(await turns.take(outbox.name))) return false
      const some = documents.slice(start, start + PARALLEL)
      const published = await Promise.all(some.map((document) => publisher.publish(outbox, document)))
      if (published.includes(true) || (await isStreamThere(bus))) {
        streamless = 0
        continue
      }
      // The stream is to blame, not the documents.
      backoff.clear(some.map(({ id }) => id))
      streamless += 1
      if (streamless % STREAMLESS_PERIOD === STREAMLESS_SWEEPS) upkeep?.passOn()
      return false
    }
    return true
  }
  /** @returns whether events waited. */
  return async (outbox: Outbox, signal: AbortSignal): Promise<boolean> => {
    const before = new Date(clock.now().getTime() - GRACE_MS)
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const waiting = await outbox.pending(before, BATCH, backoff.skipped())
      const documents = waiting.filter(publisher.hasMore)
      if (documents.length === 0) return batch > 0 || waiting.length > 0
      // Another relay may reach the stream where this one does not.
      if (!(await publishAll(outbox, documents, signal))) {
        await turns.release(outbox.name)
        return true
      }
      if (waiting.length < BATCH) return true
      await publisher.confirmed()
    }
    return true
  }
}

/**
 * Starts the relay of one service. Pass `onCommit` to its aggregates, and each of their outboxes to `watch`.
 *
 * An event leaves its document only when the stream has acknowledged it and the journal has it. Documents are independent:
 * one whose events cannot be published is tried again now and then, and holds nobody up.
 */
export const startRelay = (bus: Bus, options: RelayOptions): Relay => {
  const log = bus.log.child('outbox')
  const outboxes: Outbox[] = []
  const underWay = new Set<Promise<void>>()
  const recorders: Recorder[] = []
  const publisher = openPublisher(bus, options, recorders, log)
  const sweepOne = sweeping(bus, options, publisher)
  /** Whether this process has written since the last sweep. */
  let written = false
  const sweep = async (signal: AbortSignal): Promise<boolean> => {
    let found = written
    written = false
    for (const outbox of outboxes)
      if (!signal.aborted && bus.connected() && (await sweepOne(outbox, signal))) found = true
    return found
  }
  const polling = (options.upkeep?.repeat ?? repeat)(sweep, {
    interval_ms: POLL_MS,
    idle_ms: IDLE_POLL_MS,
    log,
    random: options.random,
  })
  return {
    onCommit: (outbox, id, events) => {
      written = true
      if (underWay.size >= MAX_UNDER_WAY || !bus.connected()) return
      const work: Promise<void> = publisher
        .publish(outbox, { id, events })
        .then(() => void underWay.delete(work))
      underWay.add(work)
    },
    watch: (outbox) => void outboxes.push(outbox),
    outboxes: () => outboxes,
    record: (recorder) => void recorders.push(recorder),
    [Symbol.asyncDispose]: async () => {
      await polling[Symbol.asyncDispose]()
      await Promise.allSettled([...underWay])
      await publisher.confirmed()
      await Promise.allSettled(outboxes.map(({ name }) => options.turns.release(name)))
    },
  }
}
