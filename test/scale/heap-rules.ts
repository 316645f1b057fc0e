// What happens next of all that is to happen: a binary heap by time, the first in first out among equals. Pure.

type Entry<T> = Readonly<{ at: number; order: number; what: T }>

const isBefore = <T>(one: Entry<T>, other: Entry<T>): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** An empty heap; times are ms since the beginning of the run. */
export const createHeap = <T>() => {
  const entries: Entry<T>[] = []
  let order = 0
  const rise = (entry: Entry<T>): void => {
    let index = entries.length
    entries.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = entries[parent] as Entry<T>
      if (!isBefore(entry, above)) break
      entries[index] = above
      index = parent
    }
    entries[index] = entry
  }
  const sink = (entry: Entry<T>): void => {
    let index = 0
    for (let child = 1; child < entries.length; child = 2 * index + 1) {
      const [left, right] = [entries[child] as Entry<T>, entries[child + 1]]
      const least = right && isBefore(right, left) ? right : left
      if (!isBefore(least, entry)) break
      entries[index] = least
      index = least === left ? child : child + 1
    }
    entries[index] = entry
  }
  return {
    push: (at: number, what: T): void => rise({ at, order: order++, what }),
    /** The time of the next; infinite where there is none. */
    least: (): number => entries[0]?.at ?? Number.POSITIVE_INFINITY,
    /** Takes the next out. */
    pop: (): T | undefined => {
      const [first, last] = [entries[0], entries.pop()]
      if (entries.length > 0 && last) sink(last)
      return first?.what
    },
  }
}
