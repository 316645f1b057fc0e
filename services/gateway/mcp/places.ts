// Counts what waits in this process, by connection and by workspace, and refuses more than it can hold.

/** Who takes a place. */
export type Taker = Readonly<{ grant_id: string; workspace_id: string }>

export type Places = Readonly<{
  /** Takes a place. @returns gives it back, any number of times; undefined: there is none free. */
  take: (taker: Taker) => (() => void) | undefined
  /** How many are taken. */
  count: () => number
  /** A pause (ms) that grows with how many of a workspace wait, so that not all act on one event at once. */
  spread_ms: (workspace_id: string) => number
}>

/** Those of a workspace act this far apart on average (ms). */
const SPREAD_MS = 10
/** The longest such pause (ms). */
const MAX_SPREAD_MS = 2_000

/** Starts with all places free. */
export const createPlaces = ({
  max,
  max_of_connection,
  random,
}: Readonly<{ max: number; max_of_connection: number; random: () => number }>): Places => {
  const taken = new Map<string, number>()
  let total = 0
  const countOf = (key: string): number => taken.get(key) ?? 0
  const add = (key: string, change: 1 | -1): void => {
    const count = countOf(key) + change
    if (count === 0) taken.delete(key)
    else taken.set(key, count)
  }
  return {
    take: ({ grant_id, workspace_id }) => {
      const keys = [`grant ${grant_id}`, `workspace ${workspace_id}`] as const
      if (total >= max || countOf(keys[0]) >= max_of_connection) return undefined
      const change = (by: 1 | -1): void => {
        total += by
        for (const key of keys) add(key, by)
      }
      change(1)
      let isTaken = true
      return () => {
        if (isTaken) change(-1)
        isTaken = false
      }
    },
    count: () => total,
    spread_ms: (workspace_id) =>
      random() * Math.min(MAX_SPREAD_MS, countOf(`workspace ${workspace_id}`) * SPREAD_MS),
  }
}
