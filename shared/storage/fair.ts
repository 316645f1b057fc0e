// Who is served next when many wait: each in turn, and nobody more than their share. Pure.

/** A limit on how much of the work in hand may have the same value in a field. */
export type Share = Readonly<{
  field: string
  most: (value: string) => number
  /** Values that are limited together. */
  pool?: Readonly<{ values: ReadonlySet<string>; most: number }>
}>

type Row = Readonly<Record<string, unknown>>

/** Counts of the work in hand, which grow with what is taken. */
export type Counting = Readonly<{
  /** Whether every share has room for the row. */
  fits: (row: Row) => boolean
  /** Counts the row if it fits. @returns whether it did. */
  take: (row: Row) => boolean
  /** The values of a field that have reached their share. */
  full: (share: Share) => readonly string[]
  isAnyFull: () => boolean
  /** How much is in hand with this value. */
  of: (share: Share, value: string) => number
}>

/** Starts counting with the work already in hand. */
export const countFrom = (inHand: Iterable<Row>, shares: readonly Share[]): Counting => {
  const counts = new Map(shares.map(({ field }) => [field, new Map<string, number>()]))
  const pooled = new Map<string, number>()
  const of = ({ field }: Share, value: string): number => counts.get(field)?.get(value) ?? 0
  const isPoolFull = ({ field, pool }: Share): boolean =>
    pool !== undefined && (pooled.get(field) ?? 0) >= pool.most
  const add = (row: Row): void => {
    for (const share of shares) {
      const { field, pool } = share
      const value = String(row[field])
      counts.get(field)?.set(value, of(share, value) + 1)
      if (pool?.values.has(value)) pooled.set(field, (pooled.get(field) ?? 0) + 1)
    }
  }
  for (const row of inHand) add(row)
  const full = (share: Share): readonly string[] => {
    const values = [...(counts.get(share.field)?.keys() ?? [])]
    const reached = values.filter((value) => of(share, value) >= share.most(value))
    return isPoolFull(share) ? [...new Set([...reached, ...(share.pool?.values ?? [])])] : reached
  }
  const fits = (row: Row): boolean =>
    shares.every((share) => {
      const value = String(row[share.field])
      const inFullPool = isPoolFull(share) && share.pool?.values.has(value) === true
      return of(share, value) < share.most(value) && !inFullPool
    })
  return {
    of,
    full,
    fits,
    isAnyFull: () => shares.some((share) => full(share).length > 0),
    take: (row) => {
      const isTaken = fits(row)
      if (isTaken) add(row)
      return isTaken
    },
  }
}

/**
 * Chooses at most `room` of the rows: one for each value of the first share in turn, those with the least in hand first,
 * until there is no room or nothing more fits.
 */
export const deal = <T extends Row>(
  rows: readonly T[],
  room: number,
  shares: readonly Share[],
  counting: Counting,
): T[] => {
  const [first] = shares
  if (!first) return rows.slice(0, Math.max(0, room))
  const dealt: T[] = []
  let lines = [...Map.groupBy(rows, (row) => String(row[first.field]))]
    .toSorted(([a], [b]) => counting.of(first, a) - counting.of(first, b))
    .map(([, line]) => line.values())
  while (lines.length > 0 && dealt.length < room)
    lines = lines.filter((line) => {
      if (dealt.length >= room) return false
      const next = line.find(counting.take)
      if (next) dealt.push(next)
      return next !== undefined
    })
  return dealt
}
