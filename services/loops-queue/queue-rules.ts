// The order of loops: which come, leave and move, and what of it a caller sees. Pure: knows only the ids of loops.

import type { Actor } from '../../shared/contracts/define/common.ts'
import type { EventOf } from '../../shared/contracts/define/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { orderOf, type Places, sameOrder, type Undo, undoNext, withoutAll } from './queue-history-rules.ts'

/** Changes remembered with the order, for a caller whose version is old. */
export const LOG_ENTRIES = 50
/** Loop ids that a remembered change names at most. */
export const LOG_IDS = 20
/** Loops at the head of the order that an answer shows. */
export const HEAD_LOOPS = 20
/** Versions that one save makes: the document has room for the events of two such saves. */
export const MAX_STEPS = 50
/** More unapplied loops than this are no calls under way: one version repairs the order. */
export const LEFT_BEHIND = 1_000
/** Loops on hold that keep a place. Beyond that, those that left first lose theirs and come back at the end. */
export const HELD_PLACES = 1_000

/** What happened to the order, as the event queue.changed says it. */
export type Change = Readonly<{
  change: 'added' | 'removed' | 'moved' | 'reordered' | 'repaired'
  loop_ids: readonly string[]
  /** Where one loop was put, in the whole order. */
  position: number | null
  /** The whole new order, where ids and position are not enough. */
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
export type QueueState = {
  _id: string
  ws: string
  log: readonly LogEntry[]
  /** Outdated, or absent, where an earlier release wrote the last version. */
  undo?: Undo
  /** New with each save, so that a cached queue is not mistaken for one restored from a backup. */
  rev?: string
} & Places

type QueueEvent = Extract<EventOf<typeof loopsQueue>, { name: 'queue.changed' }>

/**
 * The places with exactly these loops active. A loop that is not active any more leaves the order, and keeps its place if
 * it is on hold; one that is missing comes back to the place it kept, or else to the end.
 * @returns the same object when nothing changes.
 */
export const withActive = (
  places: Places,
  active: readonly string[],
  onHold: ReadonlySet<string> = new Set(),
): Places => {
  const wanted = new Set(active)
  const order = orderOf(places)
  const present = new Set(order)
  const gone = order.filter((id) => !wanted.has(id))
  const missing = active.filter((id) => !present.has(id))
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

/** The places with the active loops in a new order; a loop on hold stays behind the loop that it stood behind. */
export const withOrder = (places: Places, order: readonly string[]): Places => {
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

/** The order with the visible loops in the order given; hidden ones keep their absolute places. */
const reorderVisible = (
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

/** The order after a visible loop was moved to a position among the visible ones; past the end means last. */
export const move = (
  order: readonly string[],
  hidden: ReadonlySet<string>,
  id: string,
  position: number,
): readonly string[] =>
  reorderVisible(order, hidden, insertAt(without(visibleOrder(order, hidden), id), position, id))

/** The order after some visible loops were put first; the other visible ones keep their order behind them. */
export const reorder = (
  order: readonly string[],
  hidden: ReadonlySet<string>,
  ids: readonly string[],
): readonly string[] => {
  const first = new Set(ids)
  return reorderVisible(order, hidden, [
    ...ids,
    ...visibleOrder(order, hidden).filter((id) => !first.has(id)),
  ])
}

/**
 * The change of one loop's move: its new position, where taking it out and putting it in there replays the move; the whole
 * order, where loops hidden from the mover kept their places in between.
 */
export const movedChange = (before: readonly string[], after: readonly string[], id: string): Change => {
  const position = after.indexOf(id)
  return sameOrder(insertAt(without(before, id), position, id), after)
    ? { change: 'moved', loop_ids: [id], position, order: null }
    : reorderedChange(after, [id])
}

/** The change of a new order of many loops. */
export const reorderedChange = (after: readonly string[], ids: readonly string[]): Change => ({
  change: 'reordered',
  loop_ids: ids,
  position: null,
  order: after,
})

/** The next version of an order: its places, its change, and who made it. */
export type Step = Readonly<{ places: Places; change: Change; by: Actor | null }>

/** The status of a loop as the loop has it, which the order follows; `gone`: there is no such loop. */
export type Standing = Readonly<{
  _id: string
  status: 'active' | 'on_hold' | 'shipped' | 'gone'
  status_key: string
  status_by?: Actor
}>

const byMoment = (a: Standing, b: Standing): number =>
  a.status_key === b.status_key ? (a._id < b._id ? -1 : 1) : a.status_key < b.status_key ? -1 : 1

const applyOne = (places: Places, { _id, status, status_by }: Standing): Step => {
  const [loop_ids, by] = [[_id], status_by ?? null]
  const order = orderOf(places)
  if (status === 'active') {
    const next = withActive(places, [...order, _id])
    const position = orderOf(next).indexOf(_id)
    return { places: next, change: { change: 'added', loop_ids, position, order: null }, by }
  }
  const next = withActive(places, without(order, _id), new Set(status === 'on_hold' ? loop_ids : []))
  return { places: next, change: { change: 'removed', loop_ids, position: null, order: null }, by }
}

/** The loops whose status the order does not have yet, in the order in which they changed; whether the order is broken. */
const unapplied = (places: Places, standings: readonly Standing[]) => {
  // The common case, for which the order need not be read.
  if (standings.length === 0) return { changed: [], broken: false }
  const present = new Set(orderOf(places))
  const changed = standings
    .filter(({ _id, status }) => (status === 'active') !== present.has(_id))
    .toSorted(byMoment)
  const broken = changed.length > LEFT_BEHIND || changed.some(({ status }) => status === 'gone')
  return { changed, broken }
}

const applyAll = (places: Places, changed: readonly Standing[]): Places => {
  if (changed.length === 0) return places
  const idsOf = (status: Standing['status']) =>
    changed.flatMap((one) => (one.status === status ? [one._id] : []))
  const all = new Set(changed.map(({ _id }) => _id))
  const rest = withoutAll(orderOf(places), all)
  return withActive(places, [...rest, ...idsOf('active')], new Set(idsOf('on_hold')))
}

/** An order with the present status of its loops, and the version that it has once that is saved. */
export const upToDate = (
  queue: Places & Readonly<{ v: number }>,
  standings: readonly Standing[],
): Readonly<{ places: Places; version: number }> => {
  const { changed, broken } = unapplied(queue, standings)
  return { places: applyAll(queue, changed), version: queue.v + (broken ? 1 : changed.length) }
}

/**
 * The versions that bring an order up to date with its loops, as whoever changed the loops would have made them: only the
 * first ones, where there are too many for one save. An order that was left far behind, or that has loops which do not
 * exist, is repaired by one version.
 */
export const catchUp = (
  places: Places,
  standings: readonly Standing[],
  max_steps = MAX_STEPS,
): Readonly<{ steps: readonly Step[]; complete: boolean }> => {
  const { changed, broken } = unapplied(places, standings)
  if (broken) {
    const next = applyAll(places, changed)
    const loop_ids = changed.map(({ _id }) => _id)
    const change = { change: 'repaired', loop_ids, position: null, order: orderOf(next) } as const
    return { steps: [{ places: next, change, by: null }], complete: true }
  }
  const steps: Step[] = []
  for (const standing of changed.slice(0, max_steps))
    steps.push(applyOne(steps.at(-1)?.places ?? places, standing))
  return { steps, complete: changed.length <= max_steps }
}

/** The next version of a queue, with its change remembered, and its event. */
const nextVersion = (
  queue: QueueState & Readonly<{ v: number }>,
  { places, change, by }: Step,
): { next: QueueState; event: QueueEvent } => {
  const version = queue.v + 1
  const entry = { v: version, by, change: change.change, loop_ids: change.loop_ids.slice(0, LOG_IDS) }
  return {
    next: {
      _id: queue._id,
      ws: queue.ws,
      slots: places.slots,
      held: places.held,
      log: [...queue.log, entry].slice(-LOG_ENTRIES),
      undo: undoNext(queue, places, change.loop_ids),
    },
    event: {
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
  }
}

/** A queue after these versions, and the event of each. */
export const withVersions = (
  queue: QueueState & Readonly<{ v: number }>,
  steps: readonly Step[],
): { next: QueueState; events: readonly QueueEvent[] } => {
  let next: QueueState & { v: number } = queue
  const events = steps.map((step) => {
    const one = nextVersion(next, step)
    next = { ...one.next, v: next.v + 1 }
    return one.event
  })
  const { v: _, ...state } = next
  return { next: state, events }
}

/** The event of the whole order as it is now, for a reader that begins with it. */
export const orderEvent = (queue: Pick<QueueState, 'ws'> & Places & Readonly<{ v: number }>): QueueEvent => ({
  name: 'queue.changed',
  data: {
    workspace_id: queue.ws,
    version: queue.v,
    change: 'repaired',
    loop_ids: [],
    position: null,
    order: [...orderOf(queue)],
    by: null,
  },
})

/** Why an id cannot be put in order. A hidden loop is as unknown as one that never was. */
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
