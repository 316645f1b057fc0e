// A queue as a subscriber of its events keeps it: knows nothing of how the service orders loops.

/** What a queue.changed event says, as far as a replay needs it. */
export type QueueChange = Readonly<{
  change: string
  loop_ids: readonly string[]
  position: number | null
  order: readonly string[] | null
}>

/** The order after one told change; throws where the change does not fit the order before. */
export const replayed = (order: readonly string[], told: QueueChange): readonly string[] => {
  if (told.order) {
    const same = told.change === 'repaired' || [...told.order].sort().join() === [...order].sort().join()
    if (!same || new Set(told.order).size !== told.order.length)
      throw new Error(`${told.change} into an order of other loops`)
    return told.order
  }
  const [id] = told.loop_ids
  if (id === undefined || told.loop_ids.length !== 1)
    throw new Error('a change without an order names one loop')
  const there = order.includes(id)
  if ((told.change === 'added') === there)
    throw new Error(`${told.change} ${id}, which was ${there ? '' : 'not '}there`)
  const next = order.filter((other) => other !== id)
  if (told.change === 'removed') return next
  if (told.position === null || told.position > next.length)
    throw new Error(`${told.change} ${id} to nowhere`)
  next.splice(told.position, 0, id)
  return next
}
