// The orders that this process has read, by the state of the queue that they belong to.
//
// A state never changes, so what is known of it holds for ever; only whether it is the present one has to be asked.
import type { OrderDoc, QueueHead } from './queue-store.ts'

/** Loop ids kept in memory, over all workspaces: some tens of megabytes. */
const MAX_IDS = 300_000

/** A queue as readers know it. */
export type KnownOrder = Readonly<{
  queue: OrderDoc
  /** Its public loops. */
  open: ReadonlySet<string>
  /** Ids of loops whose status the order does not have and that bear no mark, as an earlier release left them. */
  unmarked: readonly string[]
  /** When all active loops were last looked at, by the monotonic clock (ms). */
  looked_ms: number
}>

/** Keeps the orders used last. */
export const orderCache = (max_ids = MAX_IDS) => {
  const known = new Map<string, KnownOrder>()
  let held_ids = 0
  const remove = (ws: string): void => {
    held_ids -= known.get(ws)?.queue.slots.length ?? 0
    known.delete(ws)
  }
  return {
    /** What is known of a workspace's queue, of whatever state. */
    get: (ws: string): KnownOrder | undefined => {
      const found = known.get(ws)
      if (found) {
        known.delete(ws)
        known.set(ws, found)
      }
      return found
    },
    put: (ws: string, order: KnownOrder): void => {
      remove(ws)
      known.set(ws, order)
      held_ids += order.queue.slots.length
      for (const oldest of known.keys()) {
        if (held_ids <= max_ids || oldest === ws) break
        remove(oldest)
      }
    },
  }
}

export type OrderCache = ReturnType<typeof orderCache>

/** Whether a known order is of this state. */
export const isOf = ({ queue }: KnownOrder, head: QueueHead): boolean =>
  queue.v === head.v && queue.rev === head.rev
