// Moves events from the documents that they wait in to the stream, and from there to the journal. Any number of relays may
// run: whoever writes an event publishes it at once, what is left behind one of them works off at a time, the stream drops
// what it has seen within its window, and consumers skip an event id that they know.

import type { Bus } from '../bus/connect.ts'
import type { OutboxEvent } from '../contracts/define/cloud-event.ts'
import type { Clock } from '../process/clock.ts'
import type { FaultPoint } from '../process/fault-points.ts'
import { repeat } from '../process/lifecycle.ts'
import type { OnCommit, Outbox } from '../storage/aggregate.ts'
import type { SweepTurns } from '../storage/sweep-turns.ts'
import type { Journal, Published } from './journal-store.ts'
import { asideList } from './outbox-aside.ts'
import { isStreamThere, publish } from './publish.ts'

/** How often waiting events are looked for when no write has reported them (ms). */
const POLL_MS = 500
/** Events younger than this are left to the instance that wrote them (ms). */
const GRACE_MS = 1_000
/** Documents per batch, and batches per look: a backlog is worked off without a pause. */
const BATCH = 200
const MAX_BATCHES = 50
/** Documents of a look whose events are published at once. */
const PARALLEL = 64
/**
 * Documents whose events are published at once when a write reports them; further ones are found by the next look. A server
 * that writes each to disk takes some hundred a second, so these are taken before a publish is given up.
 */
const MAX_UNDER_WAY = 1_024
/** Failed tries of one document's events after which the log says so. */
const TELLING_TRIES = 3
/** Documents that are confirmed in one write. */
const CONFIRM_BATCH = 500

export type Relay = AsyncDisposable & Readonly<{ onCommit: OnCommit; watch: (outbox: Outbox) => void }>

export type RelayOptions = Readonly<{
  clock: Clock
  random: () => number
  journal: Journal
  /** Whose turn it is to publish what was left behind: after a stall every replica would publish all of it. */
  turns: SweepTurns
  /** The stream as it is now, by the moment of its creation. */
  stream: () => string
  /** How long after it was published an event is looked for in the stream (ms). */
  check_after_ms: number
  /** Steps: `relay.told` (the stream has the event, nobody knows yet), `relay.journaled`. */
  at: FaultPoint
}>

/** A document with events that wait. */
type Waiting = Readonly<{ id: string; events: readonly OutboxEvent[] }>
/** A document whose events the stream has. */
type Acknowledged = Readonly<{ outbox: Outbox; id: string; told: readonly Published[] }>

/**
 * Starts the relay of one service. Give `onCommit` to its aggregates and `watch` each of their outboxes.
 * An event is taken out of its document only when the stream has acknowledged it and the journal has it. Documents are
 * independent of each other: one whose events cannot be published is tried again now and then, and holds nobody up.
 */
export const startRelay = (bus: Bus, options: RelayOptions): Relay => {
  const { clock, random, journal, turns } = options
  const log = bus.log.child('outbox')
  const outboxes: Outbox[] = []
  const underWay = new Set<Promise<void>>()
  /** Events that are being published or confirmed here: a look leaves them alone. */
  const inHand = new Set<string>()
  const aside = asideList(clock)
  const acknowledged: Acknowledged[] = []
  let confirming: Promise<void> | undefined

  const confirmBatch = async (batch: readonly Acknowledged[]): Promise<void> => {
    options.at('relay.told')
    const check_at = new Date(clock.now().getTime() + options.check_after_ms)
    await journal.add(
      batch.flatMap(({ told }) => told),
      check_at,
    )
    options.at('relay.journaled')
    for (const [outbox, sent] of Map.groupBy(batch, (one) => one.outbox))
      await outbox.confirm(sent.map(({ id, told }) => ({ id, event_ids: told.map((event) => event.id) })))
  }
  /** Confirms what has been acknowledged meanwhile, in one write after the other: the busier, the larger each is. */
  const confirmAll = async (): Promise<void> => {
    while (acknowledged.length > 0) {
      const batch = acknowledged.splice(0, CONFIRM_BATCH)
      await confirmBatch(batch).catch((error: unknown) =>
        log.warn('told events could not be confirmed; they will be sent again', { error }),
      )
      for (const { told } of batch) for (const { id } of told) inHand.delete(id)
    }
    confirming = undefined
  }

  const send = async (outbox: Outbox, id: string, waiting: readonly OutboxEvent[]): Promise<boolean> => {
    const events = waiting.filter((event) => !inHand.has(event.id))
    if (events.length === 0) return true
    for (const event of events) inHand.add(event.id)
    try {
      const told: Published[] = []
      for (const event of events) told.push(await publish(bus, event, options.stream()))
      aside.worked(id)
      acknowledged.push({ outbox, id, told })
      confirming ??= confirmAll()
      return true
    } catch (error) {
      for (const event of events) inHand.delete(event.id)
      const tries = aside.failed(id)
      log.debug('events wait; they will be sent again', { outbox: outbox.name, id, tries, error })
      if (tries === TELLING_TRIES)
        log.error('the events of a document cannot be sent; others can', { outbox: outbox.name, id, error })
      return false
    }
  }

  const isFresh = ({ events }: Waiting): boolean => events.some(({ id }) => !inHand.has(id))
  /** Sends what waits, as long as it is this relay's turn; false when it is not, or nothing gets through, whatever it is. */
  const sendAll = async (
    outbox: Outbox,
    waiting: readonly Waiting[],
    signal: AbortSignal,
  ): Promise<boolean> => {
    for (let start = 0; start < waiting.length; start += PARALLEL) {
      if (signal.aborted || !bus.connected() || !(await turns.take(outbox.name))) return false
      const some = waiting.slice(start, start + PARALLEL)
      const sent = await Promise.all(some.map(({ id, events }) => send(outbox, id, events)))
      if (sent.includes(true) || (await isStreamThere(bus))) continue
      aside.blameNobody(some.map(({ id }) => id))
      return false
    }
    return true
  }
  const look = async (outbox: Outbox, signal: AbortSignal): Promise<void> => {
    const before = new Date(clock.now().getTime() - GRACE_MS)
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const waiting = await outbox.pending(before, BATCH, aside.now())
      const fresh = waiting.filter(isFresh)
      if (fresh.length === 0) return
      // Another may get through where this one does not.
      if (!(await sendAll(outbox, fresh, signal))) return await turns.release(outbox.name)
      if (waiting.length < BATCH) return
      await confirming
    }
  }
  const sweep = async (signal: AbortSignal): Promise<void> => {
    for (const outbox of outboxes) if (!signal.aborted && bus.connected()) await look(outbox, signal)
  }
  const polling = repeat(sweep, { interval_ms: POLL_MS, log, random })
  return {
    onCommit: (outbox, id, events) => {
      if (underWay.size >= MAX_UNDER_WAY || !bus.connected()) return
      const work: Promise<void> = send(outbox, id, events).then(() => void underWay.delete(work))
      underWay.add(work)
    },
    watch: (outbox) => void outboxes.push(outbox),
    [Symbol.asyncDispose]: async () => {
      await polling[Symbol.asyncDispose]()
      await Promise.allSettled([...underWay])
      await confirming
      await Promise.allSettled(outboxes.map(({ name }) => turns.release(name)))
    },
  }
}
