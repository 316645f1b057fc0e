// The order of a queue, now and as it was some versions ago. Pure.
//
// Pages follow the order as it was when their list began. So a queue remembers, for its last changes, where the loops that
// changed places stood before.

/** Loop ids whose earlier places are remembered. */
export const UNDO_ENTRIES = 1_000

/**
 * All places of a queue. `slots` are the active loops in order and, among them, loops on hold where they would come
 * back; `held` names the latter, those that left first in front.
 */
export type Places = Readonly<{ slots: readonly string[]; held: readonly string[] }>

/** Where a loop stood before a version of the order: at an index, or (-1) not in it. */
type Displaced = Readonly<{ v: number; id: string; at: number }>
/** What undoes the versions after `since`, up to `until`. */
export type Undo = Readonly<{ since: number; until: number; displaced: readonly Displaced[] }>

/** The ids of the active loops, first = highest. */
export const orderOf = ({ slots, held }: Places): readonly string[] => {
  if (held.length === 0) return slots
  const away = new Set(held)
  return slots.filter((id) => !away.has(id))
}

/** Whether two orders are the same. */
export const sameOrder = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id, place) => id === b[place])

/** Ids without some of them. */
export const withoutAll = (ids: readonly string[], some: ReadonlySet<string>): readonly string[] =>
  ids.filter((id) => !some.has(id))

/** Loops without which an order is the same before and after; undefined: too many. */
const displaced = (
  before: readonly string[],
  after: readonly string[],
  named: readonly string[],
): ReadonlySet<string> | undefined => {
  const some = new Set(named)
  if (!sameOrder(withoutAll(before, some), withoutAll(after, some))) {
    // Others moved as well: hidden loops kept their places between them.
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

/**
 * What undoes the next version of a queue, and as many before it as are remembered.
 * @param places those of the next version.
 * @param named the loops that its change names.
 */
export const undoNext = (
  queue: Places & Readonly<{ v: number; undo?: Undo | undefined }>,
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

/** The order as it was at an earlier version; undefined when that is too long ago. */
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
