// The rules of the order: who comes in, who leaves, who moves, and what of it a caller sees. Pure: knows no database,
// and nothing of a loop but its id.
import type { EventOf } from '../../shared/contract.ts'
import type { Actor } from '../../shared/contracts/common.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue.ts'

/** Changes remembered with the order, to tell a caller whose version is old what happened since. */
export const LOG_ENTRIES = 50
/** Loop ids that one remembered change names at most. */
export const LOG_IDS = 20
/** Loops of the order's beginning that an answer shows. */
export const HEAD_LOOPS = 20
/** Loops on hold that keep a place; beyond it those that left first lose theirs, and come back at the end. */
export const HELD_PLACES = 1_000

/**
 * All places of a queue. `slots` are the active loops in order and, among them, loops on hold where they would come
 * back; `held` names the latter, those that left first in front.
 */
export type Places = Readonly<{ slots: readonly string[]; held: readonly string[] }>

/** What happened to the order, as queue.changed tells it. */
export type Change = Readonly<{
  change: 'added' | 'removed' | 'moved' | 'reordered' | 'repaired'
  loop_ids: readonly string[]
  /** Where one loop was put, counted in the whole order. */
  position: number | null
  /** The whole new order, where the ids and the position do not say it. */
  order: readonly string[] | null
}>

/** A remembered change: the version that it made, by whom, and the first loops that it was about. */
export type LogEntry = Readonly<{
  v: number
  by: Actor | null
  change: Change['change']
  loop_ids: readonly string[]
}>

/** The queue of one workspace; `_id` and `ws` are the workspace's id. */
export type QueueState = { _id: string; ws: string; log: readonly LogEntry[] } & Places

type QueueEvent = Extract<EventOf<typeof loopsQueue>, { name: 'queue.changed' }>

/** The ids of the active loops, first = highest. */
export const orderOf = ({ slots, held }: Places): readonly string[] => {
  if (held.length === 0) return slots
  const away = new Set(held)
  return slots.filter((id) => !away.has(id))
}

/**
 * Brings the places in line with which loops are active now. One that is not active any more leaves the order, and
 * keeps its place if it is on hold; one that is missing comes back to the place it kept, else to the end (several in
 * the order of their ids, which is that of their making).
 * @returns the same object when nothing was out of line.
 */
export const settle = (
  places: Places,
  active: readonly string[],
  onHold: ReadonlySet<string> = new Set(),
): Places => {
  const wanted = new Set(active)
  const order = orderOf(places)
  const present = new Set(order)
  const gone = order.filter((id) => !wanted.has(id))
  const missing = active.filter((id) => !present.has(id)).sort()
  if (gone.length === 0 && missing.length === 0) return places
  const held = [...places.held.filter((id) => !wanted.has(id)), ...gone.filter((id) => onHold.has(id))].slice(
    -HELD_PLACES,
  )
  const kept = new Set([...wanted, ...held])
  const known = new Set(places.slots)
  return {
    slots: [...places.slots.filter((id) => kept.has(id)), ...missing.filter((id) => !known.has(id))],
    held,
  }
}

/** The places with the active loops in a new order; a loop on hold stays behind the one that it stood behind. */
export const weave = (places: Places, order: readonly string[]): Places => {
  if (places.held.length === 0) return { slots: order, held: places.held }
  const away = new Set(places.held)
  const behind = new Map<string | null, string[]>()
  let leader: string | null = null
  for (const id of places.slots) {
    if (away.has(id)) behind.set(leader, [...(behind.get(leader) ?? []), id])
    else leader = id
  }
  const slots = [...(behind.get(null) ?? []), ...order.flatMap((id) => [id, ...(behind.get(id) ?? [])])]
  return { slots, held: places.held }
}

/** The order as a caller sees it: without the loops hidden from them. */
export const visibleOrder = (order: readonly string[], hidden: ReadonlySet<string>): readonly string[] =>
  hidden.size === 0 ? order : order.filter((id) => !hidden.has(id))

/** Hidden loops keep their absolute places; the visible ones take the others in the order given. */
const arrange = (
  order: readonly string[],
  hidden: ReadonlySet<string>,
  visible: readonly string[],
): readonly string[] => {
  const rest = visible.values()
  return order.map((id) => (hidden.has(id) ? id : (rest.next().value as string)))
}

const insertAt = (ids: readonly string[], position: number, id: string): string[] => [
  ...ids.slice(0, position),
  id,
  ...ids.slice(position),
]

const without = (ids: readonly string[], id: string): readonly string[] => ids.filter((other) => other !== id)

/** The order after one visible loop was moved to a position among the visible ones; past the end means last. */
export const move = (
  order: readonly string[],
  hidden: ReadonlySet<string>,
  id: string,
  position: number,
): readonly string[] =>
  arrange(order, hidden, insertAt(without(visibleOrder(order, hidden), id), position, id))

/** The order after the given visible loops were put first; the other visible ones keep their order behind them. */
export const reorder = (
  order: readonly string[],
  hidden: ReadonlySet<string>,
  ids: readonly string[],
): readonly string[] => {
  const first = new Set(ids)
  return arrange(order, hidden, [...ids, ...visibleOrder(order, hidden).filter((id) => !first.has(id))])
}

/** Whether two orders are the same. */
export const sameOrder = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id, place) => id === b[place])

/**
 * How the move of one loop is told: as its new position where taking it out and putting it in again replays it, with
 * the whole order where loops hidden from the mover kept their places in between.
 */
export const movedChange = (before: readonly string[], after: readonly string[], id: string): Change => {
  const position = after.indexOf(id)
  return sameOrder(insertAt(without(before, id), position, id), after)
    ? { change: 'moved', loop_ids: [id], position, order: null }
    : reorderedChange(after, [id])
}

/** How a new order of many loops is told. */
export const reorderedChange = (after: readonly string[], ids: readonly string[]): Change => ({
  change: 'reordered',
  loop_ids: ids,
  position: null,
  order: after,
})

/** The next version of a queue: its places, the change remembered, and the one event that tells it. */
export const advance = (
  queue: QueueState & Readonly<{ v: number }>,
  places: Places,
  change: Change,
  by: Actor | null,
): { next: QueueState; events: readonly [QueueEvent] } => {
  const version = queue.v + 1
  const entry = { v: version, by, change: change.change, loop_ids: change.loop_ids.slice(0, LOG_IDS) }
  return {
    next: {
      _id: queue._id,
      ws: queue.ws,
      slots: places.slots,
      held: places.held,
      log: [...queue.log, entry].slice(-LOG_ENTRIES),
    },
    events: [
      {
        name: 'queue.changed',
        data: {
          workspace_id: queue.ws,
          version,
          change: change.change,
          loop_ids: [...change.loop_ids],
          position: change.position,
          order: change.order && [...change.order],
          by,
        },
      },
    ],
  }
}

/** Why an id cannot be put in order. An invisible loop is an unknown one. */
export type BadId = Readonly<{ loop_id: string; reason: 'duplicate' | 'not_found' | 'on_hold' | 'shipped' }>

/**
 * The ids of a wanted order that cannot be part of it, each once, in the order asked.
 * @param statusOf the status of a loop that the caller sees, undefined for any other id.
 */
export const badIds = (
  ids: readonly string[],
  statusOf: (id: string) => 'active' | 'on_hold' | 'shipped' | undefined,
): readonly BadId[] => {
  const times = new Map<string, number>()
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1)
  return [...times].flatMap(([loop_id, count]): BadId[] => {
    if (count > 1) return [{ loop_id, reason: 'duplicate' }]
    const status = statusOf(loop_id) ?? 'not_found'
    return status === 'active' ? [] : [{ loop_id, reason: status }]
  })
}
