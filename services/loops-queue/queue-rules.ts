// The rules of the order: who comes in, who leaves, who moves, and what of it a caller sees. Pure: knows no database,
// and nothing of a loop but its id.

import type { Actor } from '../../shared/contracts/define/common.ts'
import type { EventOf } from '../../shared/contracts/define/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'

/** Changes remembered with the order, to tell a caller whose version is old what happened since. */
export const LOG_ENTRIES = 50
/** Loop ids that one remembered change names at most. */
export const LOG_IDS = 20
/** Loops of the order's beginning that an answer shows. */
export const HEAD_LOOPS = 20
/** Versions that one save makes: the events of two fit into the document. */
export const MAX_STEPS = 50
/** More loops than this out of line at once are no calls under way: one version repairs the order. */
export const LEFT_BEHIND = 1_000
/** Loop ids whose earlier places are remembered, so that pages hold on while the order changes. */
export const UNDO_ENTRIES = 1_000
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

/** Where a loop stood before a version of the order: at an index, or (-1) not in it. */
type Displaced = Readonly<{ v: number; id: string; at: number }>
/** What takes the versions after `since` back, up to `until`. */
export type Undo = Readonly<{ since: number; until: number; displaced: readonly Displaced[] }>

/** The queue of one workspace; `_id` and `ws` are the workspace's id. */
export type QueueState = {
  _id: string
  ws: string
  log: readonly LogEntry[]
  /** Of no use, or absent, where an earlier release wrote the last version. */
  undo?: Undo
  /** Another one for each save, so that what is known of a queue is not taken for that of a restored one. */
  rev?: string
} & Places

type QueueEvent = Extract<EventOf<typeof loopsQueue>, { name: 'queue.changed' }>

/** The ids of the active loops, first = highest. */
export const orderOf = ({ slots, held }: Places): readonly string[] => {
  if (held.length === 0) return slots
  const away = new Set(held)
  return slots.filter((id) => !away.has(id))
}

/**
 * Brings the places in line with which loops are active now. One that is not active any more leaves the order, and
 * keeps its place if it is on hold; one that is missing comes back to the place it kept, else to the end.
 * @returns the same object when nothing was out of line.
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

/** The places with the active loops in a new order; a loop on hold stays behind the one that it stood behind. */
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

/** The order after one loop of the visible ones was moved to a position among them; past the end means last. */
export const move = (
  order: readonly string[],
  hidden: ReadonlySet<string>,
  id: string,
  position: number,
): readonly string[] =>
  arrange(order, hidden, insertAt(without(visibleOrder(order, hidden), id), position, id))

/** The order after some of the visible loops were put first; the other visible ones keep their order behind them. */
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
 * How the event of one loop's move says it: as its new position where taking it out and putting it in again replays it, with
 * the whole order where loops hidden from the mover kept their places in between.
 */
export const movedChange = (before: readonly string[], after: readonly string[], id: string): Change => {
  const position = after.indexOf(id)
  return sameOrder(insertAt(without(before, id), position, id), after)
    ? { change: 'moved', loop_ids: [id], position, order: null }
    : reorderedChange(after, [id])
}

/** How the event of a new order of many loops says it. */
export const reorderedChange = (after: readonly string[], ids: readonly string[]): Change => ({
  change: 'reordered',
  loop_ids: ids,
  position: null,
  order: after,
})

const withoutAll = (ids: readonly string[], some: ReadonlySet<string>): readonly string[] =>
  ids.filter((id) => !some.has(id))

/** Which loops to take out so that the rest of an order is the same before and after; undefined: too many. */
const displaced = (
  before: readonly string[],
  after: readonly string[],
  named: readonly string[],
): ReadonlySet<string> | undefined => {
  const some = new Set(named)
  if (!sameOrder(withoutAll(before, some), withoutAll(after, some))) {
    // Those that came between others when hidden loops kept their places.
    const places = new Map(after.map((id, place) => [id, place]))
    let last = -1
    for (const id of withoutAll(before, some)) {
      const place = places.get(id) ?? -1
      if (place > last) last = place
      else some.add(id)
    }
    for (const id of withoutAll(after, new Set(before))) some.add(id)
  }
  return some.size <= UNDO_ENTRIES / 2 ? some : undefined
}

/** What takes the next version back, with those before it; as many as are remembered. */
const undoing = (
  queue: QueueState & Readonly<{ v: number }>,
  places: Places,
  named: readonly string[],
): Undo => {
  const until = queue.v + 1
  const before = orderOf(queue)
  const some = displaced(before, orderOf(places), named)
  if (!some) return { since: until, until, displaced: [] }
  const known = queue.undo?.until === queue.v ? queue.undo : { since: queue.v, displaced: [] }
  const was = new Map(before.map((id, at) => [id, at]))
  const all = [...known.displaced, ...[...some].map((id) => ({ v: until, id, at: was.get(id) ?? -1 }))]
  if (all.length <= UNDO_ENTRIES) return { since: known.since, until, displaced: all }
  // The oldest go by whole versions.
  const since = (all[all.length - UNDO_ENTRIES] as Displaced).v
  return { since, until, displaced: all.filter(({ v }) => v > since) }
}

/** The order at an earlier version; undefined when that is too long ago. */
export const orderAt = (
  queue: Places & Readonly<{ v: number; undo?: Undo | undefined }>,
  version: number,
): readonly string[] | undefined => {
  if (version === queue.v) return orderOf(queue)
  if (!queue.undo || queue.undo.until !== queue.v) return undefined
  if (version > queue.v || version < queue.undo.since) return undefined
  const later = Map.groupBy(queue.undo.displaced, ({ v }) => v)
  let order = orderOf(queue)
  for (let v = queue.v; v > version; v -= 1) {
    const entries = later.get(v) ?? []
    const before = [...withoutAll(order, new Set(entries.map(({ id }) => id)))]
    for (const { id, at } of entries.toSorted((a, b) => a.at - b.at)) if (at >= 0) before.splice(at, 0, id)
    order = before
  }
  return order
}

/** A version of an order: its places, what its event says, and who made it. */
export type Step = Readonly<{ places: Places; change: Change; by: Actor | null }>

/** What a loop says of itself to the order; `gone`: there is no such loop. */
export type Standing = Readonly<{
  _id: string
  status: 'active' | 'on_hold' | 'shipped' | 'gone'
  status_key: string
  status_by?: Actor
}>

const earlier = (a: Standing, b: Standing): number =>
  a.status_key === b.status_key ? (a._id < b._id ? -1 : 1) : a.status_key < b.status_key ? -1 : 1

const stepOf = (places: Places, { _id, status, status_by }: Standing): Step => {
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

/** What is out of line, in the order in which it came to be so. */
const outOfLine = (places: Places, standings: readonly Standing[]) => {
  // As for most readers: the order itself need not be looked at.
  if (standings.length === 0) return { out: [], broken: false }
  const present = new Set(orderOf(places))
  const out = standings
    .filter(({ _id, status }) => (status === 'active') !== present.has(_id))
    .toSorted(earlier)
  return { out, broken: out.length > LEFT_BEHIND || out.some(({ status }) => status === 'gone') }
}

const inLine = (places: Places, out: readonly Standing[]): Places => {
  if (out.length === 0) return places
  const idsOf = (status: Standing['status']) => out.flatMap((one) => (one.status === status ? [one._id] : []))
  const all = new Set(out.map(({ _id }) => _id))
  const rest = withoutAll(orderOf(places), all)
  return withActive(places, [...rest, ...idsOf('active')], new Set(idsOf('on_hold')))
}

/** An order in line with what loops say of themselves, and the version that it has once that is saved. */
export const broughtInLine = (
  queue: Places & Readonly<{ v: number }>,
  standings: readonly Standing[],
): Readonly<{ places: Places; version: number }> => {
  const { out, broken } = outOfLine(queue, standings)
  return { places: inLine(queue, out), version: queue.v + (broken ? 1 : out.length) }
}

/**
 * The versions that bring an order in line with what loops say of themselves, as whoever changed them would have made
 * them: the first ones, where they are too many for one save. Where loops are in it that do not exist, or so many are out
 * of line that it was left behind, one version repairs it.
 */
export const catchUp = (
  places: Places,
  standings: readonly Standing[],
  max_steps = MAX_STEPS,
): Readonly<{ steps: readonly Step[]; complete: boolean }> => {
  const { out, broken } = outOfLine(places, standings)
  if (broken) {
    const next = inLine(places, out)
    const loop_ids = out.map(({ _id }) => _id)
    const change = { change: 'repaired', loop_ids, position: null, order: orderOf(next) } as const
    return { steps: [{ places: next, change, by: null }], complete: true }
  }
  const steps: Step[] = []
  for (const standing of out.slice(0, max_steps)) steps.push(stepOf(steps.at(-1)?.places ?? places, standing))
  return { steps, complete: out.length <= max_steps }
}

/** The next version of a queue: its places, the change remembered, and the one event that tells it. */
const advance = (
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
      undo: undoing(queue, places, change.loop_ids),
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
    const one = advance(next, step)
    next = { ...one.next, v: next.v + 1 }
    return one.event
  })
  const { v: _, ...state } = next
  return { next: state, events }
}

/** What tells a reader that begins with it the whole order as it is now; nobody asked for it. */
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
