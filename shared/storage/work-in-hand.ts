// The work that one worker has claimed: what waits for a proof of its claim, what may begin, and what has begun.
import type { Clock } from '../process/clock.ts'
import { countFrom, deal, type Share } from './fair.ts'
import type { Claimed, PendingWork, Work } from './pending-work.ts'

/** How long the proof of a claim is good enough to begin its work without another one (ms). */
const FRESH_MS = 1_000

/** A piece of claimed work. */
export type Item<T, P> = {
  readonly work: T
  readonly prepared: P
  /** The index of the lane that it came from. */
  readonly lane: number
  /** Until when the claim may be relied on, by the monotonic clock. */
  until_ms: number
  /** When the claim was last proven, by the monotonic clock. */
  proven_ms: number
}

export type WorkInHandDeps<T extends Work> = Readonly<{
  pending: Pick<PendingWork<T>, 'renew'>
  clock: Pick<Clock, 'monotonicMs'>
  /** The first one is by workspace. */
  shares: readonly Share[]
  /** How many items are worked on at once. */
  parallel: number
}>

export type WorkInHand<T extends Work, P> = Readonly<{
  size: () => number
  works: () => readonly T[]
  /** Adds claimed work, with what was prepared for each piece of it, in the same order. */
  add: (claimed: readonly Claimed<T>[], prepared: readonly P[], proven_ms: number) => void
  /** Takes an item whose claim is proven; undefined when there is none now. */
  take: () => Item<T, P> | undefined
  /** Takes everything that `take` has not returned, and drops it. */
  takeUnbegun: () => readonly T[]
  /** Forgets an item that is finished or lost. */
  drop: (item: Item<T, P>) => void
  /**
   * Proves the claims of the next few items, unless a proof is under way or not needed yet. Drops items that were lost.
   * @returns whether there is something new to take.
   * @throws when the database does not answer: the items wait, and their leases expire.
   */
  confirm: () => Promise<boolean>
  /** Renews every lease. Lost items stay: they are noticed when their claim is to be proven or recorded. */
  renew: () => Promise<void>
}>

/** Work that has not begun: items that wait for a proof of their claims, and those that have one. */
const openQueue = <T extends Work, P>({ shares, parallel }: WorkInHandDeps<T>) => {
  let waiting: readonly Item<T, P>[] = []
  let ready: readonly Item<T, P>[] = []
  const inTurn = shares.slice(0, 1).map(({ field }) => ({ field, most: () => Number.POSITIVE_INFINITY }))
  return {
    needsMore: (): boolean => waiting.length > 0 && ready.length < parallel,
    /** The next few to prove, workspace by workspace, from the first lane that has any. */
    next: (): readonly Item<T, P>[] => {
      const lane = Math.min(...waiting.map((item) => item.lane))
      const rows = waiting.flatMap((item) => (item.lane === lane ? [{ ...item.work, item }] : []))
      return deal(rows, 2 * parallel, inTurn, countFrom([], inTurn)).map(({ item }) => item)
    },
    add: (items: readonly Item<T, P>[]): void => {
      waiting = [...waiting, ...items]
    },
    take: (): Item<T, P> | undefined => {
      const [first, ...others] = ready
      ready = others
      return first
    },
    takeAll: (): readonly Item<T, P>[] => {
      const all = [...waiting, ...ready]
      waiting = []
      ready = []
      return all
    },
    /** Makes the proven items of a batch ready and returns the lost ones. Items given back meanwhile are neither. */
    pass: (batch: readonly Item<T, P>[], isOwn: (item: Item<T, P>) => boolean): readonly Item<T, P>[] => {
      const [here, passed] = [new Set(waiting), new Set(batch)]
      const present = batch.filter((item) => here.has(item))
      waiting = waiting.filter((item) => !passed.has(item))
      ready = [...ready, ...present.filter(isOwn)]
      return present.filter((item) => !isOwn(item))
    },
  }
}

/** Opens the work in hand of one worker. */
export const openWorkInHand = <T extends Work, P>(deps: WorkInHandDeps<T>): WorkInHand<T, P> => {
  const { pending, clock } = deps
  const held = new Map<string, Item<T, P>>()
  const queue = openQueue<T, P>(deps)
  let confirming = false
  const drop = ({ work }: Item<T, P>): void => void held.delete(work._id)

  /** Renews some leases. @returns the ids of those that are still this worker's. */
  const prove = async (items: readonly Item<T, P>[]): Promise<ReadonlySet<string>> => {
    const proven_ms = clock.monotonicMs()
    const { ids, until_ms } = await pending.renew(items.map(({ work }) => work))
    for (const item of items) if (ids.has(item.work._id)) Object.assign(item, { until_ms, proven_ms })
    return ids
  }
  return {
    size: () => held.size,
    works: () => [...held.values()].map(({ work }) => work),
    add: (claimed, prepared, proven_ms) => {
      const items = claimed.map((one, index) => ({ ...one, prepared: prepared[index] as P, proven_ms }))
      for (const item of items) held.set(item.work._id, item)
      queue.add(items)
    },
    take: queue.take,
    takeUnbegun: () => {
      const items = queue.takeAll()
      items.forEach(drop)
      return items.map(({ work }) => work)
    },
    drop,
    confirm: async () => {
      if (confirming || !queue.needsMore()) return false
      const batch = queue.next()
      const stale = batch.filter(({ proven_ms }) => proven_ms + FRESH_MS < clock.monotonicMs())
      confirming = true
      try {
        const own = stale.length > 0 ? await prove(stale) : new Set<string>()
        queue.pass(batch, (item) => !stale.includes(item) || own.has(item.work._id)).forEach(drop)
        return true
      } finally {
        confirming = false
      }
    },
    renew: async () => void (held.size > 0 && (await prove([...held.values()]))),
  }
}
