// The order of loops as a subscriber of its events keeps it. Knows nothing of how the service orders loops.

/** What a queue.changed event says, as far as a replay needs it. */
export type QueueChange = Readonly<{
  change: string
  loop_ids: readonly string[]
  position: number | null
  order: readonly string[] | null
}>

/** The order after one published change; throws where the change does not fit the order before. */
export const replayed = (order: readonly string[], published: QueueChange): readonly string[] => {
  if (published.order) {
    const same =
      published.change === 'repaired' || [...published.order].sort().join() === [...order].sort().join()
    if (!same || new Set(published.order).size !== published.order.length)
      throw new Error(`${published.change} into an order of other loops`)
    return published.order
  }
  const [id] = published.loop_ids
  if (id === undefined || published.loop_ids.length !== 1)
    throw new Error('a change without an order names one loop')
  const there = order.includes(id)
  if ((published.change === 'added') === there)
    throw new Error(`${published.change} ${id}, which was ${there ? '' : 'not '}there`)
  const next = order.filter((other) => other !== id)
  if (published.change === 'removed') return next
  if (published.position === null || published.position > next.length)
    throw new Error(`${published.change} ${id} to nowhere`)
  next.splice(published.position, 0, id)
  return next
}
