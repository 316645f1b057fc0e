// Moves events from the documents that they wait in to the stream. Any number of relays may run: the stream drops what
// it has seen within its window, and consumers skip an event id that they know.
import type { OnCommit, Outbox } from '../aggregate.ts'
import type { Clock } from '../clock.ts'
import type { OutboxEvent } from '../cloud-event.ts'
import { repeat } from '../lifecycle.ts'
import type { Bus } from './connect.ts'

/** How often waiting events are looked for when no write has told of them (ms). */
const POLL_MS = 500
/** Events younger than this are left to the instance that wrote them (ms). */
const GRACE_MS = 1_000
/** Documents per look. */
const BATCH = 200
/** Publishes under way at once; further ones are found by the next look. */
const MAX_UNDER_WAY = 512

export type Relay = AsyncDisposable & Readonly<{ onCommit: OnCommit; watch: (outbox: Outbox) => void }>

/**
 * Starts the relay of one service. Give `onCommit` to its aggregates and `watch` each of their outboxes.
 * An event is taken out of its document only when the stream has acknowledged it.
 */
export const startRelay = (bus: Bus, options: Readonly<{ clock: Clock; random: () => number }>): Relay => {
  const log = bus.log.child('outbox')
  const outboxes: Outbox[] = []
  const underWay = new Set<Promise<void>>()

  const send = async (outbox: Outbox, id: string, events: readonly OutboxEvent[]): Promise<void> => {
    for (const { id: msgID, subject, event } of events)
      await bus.js.publish(subject, JSON.stringify(event), { msgID })
    await outbox.confirm(
      id,
      events.map((event) => event.id),
    )
  }
  const start = (outbox: Outbox, id: string, events: readonly OutboxEvent[]): void => {
    const work = send(outbox, id, events)
      .catch((error: unknown) =>
        log.debug('events wait; they will be sent again', { outbox: outbox.name, error }),
      )
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }
  const sweep = async (signal: AbortSignal): Promise<void> => {
    for (const outbox of outboxes) {
      if (signal.aborted || !bus.connected()) return
      const before = new Date(options.clock.now().getTime() - GRACE_MS)
      for (const { id, events } of await outbox.pending(before, BATCH)) {
        if (signal.aborted) return
        await send(outbox, id, events)
      }
    }
  }
  const polling = repeat(sweep, { interval_ms: POLL_MS, log, random: options.random })
  return {
    onCommit: (outbox, id, events) => {
      if (underWay.size < MAX_UNDER_WAY && bus.connected()) start(outbox, id, events)
    },
    watch: (outbox) => void outboxes.push(outbox),
    [Symbol.asyncDispose]: async () => {
      await polling[Symbol.asyncDispose]()
      await Promise.allSettled([...underWay])
    },
  }
}
