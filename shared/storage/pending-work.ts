// Work that waits in a collection until somebody does it: mails, calls. Claims it by lease, fairly, and records what became
// of it. Knows MongoDB, and nothing of what the work is.
import type { Collection, Filter } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import type { DatabaseClock } from './database-clock.ts'
import { countFrom, deal, type Share } from './fair.ts'
import { type LeaseFields, openLeases, type Stored } from './lease.ts'

/** What every piece of work has besides its own fields. */
export type Work = Readonly<{
  _id: string
  ws: string
  v: number
  /** Pending: waits. Sending: claimed. Anything else: at its end. */
  status: string
  /** Tries, this one too while it is claimed. */
  attempts: number
  /** When it is to be done: the next try, or the end of the lease of whoever has it in hand; absent at its end. */
  due_at?: Date
  /** The lease: which claim holds it. */
  claim?: string
  /** How often it was claimed. */
  fence?: number
  /** When it is forgotten; only at its end, for what waits must never vanish. */
  expires_at?: Date
}>

/** Work that was claimed, until when, and in which lane it came. */
export type Claimed<T> = Readonly<{ work: T; until_ms: number; lane: number }>

/** What became of work that was claimed. */
export type Ending<T> = Readonly<{
  work: T
  /** What is recorded of it, its status among it. */
  set: Partial<T>
  /** When it is tried again; absent: it is at its end. */
  due_at?: Date
  /** Whether this was a try of this very work. */
  counted: boolean
}>

/** How much may be claimed, beside what is in hand. */
export type Room = Readonly<{
  room: number
  /** Further room for the first lane alone. */
  beyond: number
  inHand: Iterable<Work>
}>

export type PendingWork<T extends Work> = Readonly<{
  /**
   * Claims what is due: new work, what is to be tried again, and what was in the hands of somebody who died. `more` says
   * that further work may be due.
   */
  claim: (room: Room) => Promise<Readonly<{ claimed: readonly Claimed<T>[]; more: boolean }>>
  /** Has leases last for a whole term from now; what is missing in `ids` is somebody else's. */
  renew: (held: readonly T[]) => Promise<Readonly<{ ids: ReadonlySet<string>; until_ms: number }>>
  /** Gives back what was claimed and not tried, to be claimed from `due_at` on. */
  release: (untried: readonly T[], due_at: Date) => Promise<void>
  /** Ends leases; gives how many were somebody else's by then. */
  settle: (endings: readonly Ending<T>[]) => Promise<number>
}>

export type PendingWorkOptions = Readonly<{
  /** Claimed one after the other: what is in an earlier one comes first. */
  lanes: readonly Filter<Stored>[]
  /** The name of the index: the fields of the lanes, then those of the shares, then `due_at`. */
  index: string
  /** By workspace first. */
  shares: readonly Share[]
  /** How long work is kept after its end (ms). */
  kept_ms: number
  /** How many due rows are chosen from for each that is claimed: instances that look at once rarely choose the same. */
  choice: number
  term_ms?: number
}>

/** The lease of pending work. */
const FIELDS: LeaseFields = { until: 'due_at', claim: 'claim', fence: 'fence' }
/** Rows of one look, and looks of one claim in one lane: workspaces with more than these hold come at the next claim. */
const LOOK_ROWS = 200
const MAX_LOOKS = 8

type Row = Readonly<{ _id: string; ws: string }> & Readonly<Record<string, unknown>>

/** In another order, by chance. */
const shuffled = <T>(rows: readonly T[], random: () => number): T[] =>
  rows
    .map((row) => ({ row, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ row }) => row)

/**
 * Finds due rows of one lane, a share of each workspace, beginning behind the one where the last search ended. The index
 * leads from one workspace to the next past all that is not wanted, however much of it waits.
 */
const searchFrom = (find: (filter: Filter<Stored>, rows: number) => Promise<Row[]>) => {
  let cursor = ''
  return async (shares: readonly Share[], inHand: readonly Row[], enough: number) => {
    const counting = countFrom(inHand, shares)
    // Half of what is enough at most of one workspace, so that another is looked for.
    const half: readonly Share[] = [{ field: 'ws', most: () => Math.ceil(enough / 2) }]
    const here = countFrom([], half)
    const found: Row[] = []
    const begin = cursor
    let [from, wrapped]: [Filter<Stored>, boolean] = [begin === '' ? {} : { $gt: begin }, begin === '']
    for (let look = 0; look < MAX_LOOKS && found.length < enough; look += 1) {
      const [workspace, ...others] = shares.map((share) => ({ share, full: counting.full(share) }))
      const rows = await find(
        {
          ws: {
            ...from,
            ...(wrapped && begin !== '' ? { $lte: begin } : {}),
            $nin: [...(workspace?.full ?? []), ...half.flatMap(here.full)],
          },
          ...Object.fromEntries(
            others.flatMap(({ share, full }) => (full.length > 0 ? [[share.field, { $nin: full }]] : [])),
          ),
        },
        LOOK_ROWS,
      )
      found.push(...rows.filter((row) => counting.fits(row) && here.take(row) && counting.take(row)))
      const last = rows.at(-1)
      if (last && rows.length === LOOK_ROWS) {
        cursor = last.ws
        from = { $gte: last.ws }
      } else if (wrapped) {
        cursor = ''
        return { found, more: [counting, here].some(({ isAnyFull }) => isAnyFull()) }
      } else [from, wrapped] = [{}, true]
    }
    return { found, more: true }
  }
}

/** Opens the pending work of a collection. */
export const openPendingWork = <T extends Work>(
  collection: Collection<T>,
  deps: Readonly<{ clock: DatabaseClock; ids: Pick<Ids, 'next' | 'random'> }>,
  options: PendingWorkOptions,
): PendingWork<T> => {
  const { clock, ids } = deps
  const { lanes, index, shares, kept_ms, choice, term_ms } = options
  const leases = openLeases(collection, FIELDS, { clock, ids, ...(term_ms === undefined ? {} : { term_ms }) })
  const work = collection as unknown as Collection<Stored>
  const fields = [...shares.map(({ field }) => field), 'due_at']
  const searches = lanes.map((lane) =>
    searchFrom((filter, limit) =>
      work
        .find({ ...lane, ...leases.over(clock.now()), ...filter })
        .hint(index)
        .sort(Object.fromEntries(fields.map((field) => [field, 1])))
        .limit(limit)
        .project<Row>(Object.fromEntries(fields.map((field) => [field, 1])))
        .toArray(),
    ),
  )
  const choose = async ({ room, beyond, inHand }: Room) => {
    const held = [...inHand]
    const chosen: { row: Row; lane: number }[] = []
    let more = false
    for (const [lane, search] of searches.entries()) {
      const left = room + (lane === 0 ? beyond : 0) - chosen.length
      if (left <= 0) return { chosen, more: true }
      const taken = [...held, ...chosen.map(({ row }) => row)]
      const due = await search(shares, taken, left * choice)
      const some = choice > 1 ? shuffled(due.found, ids.random) : due.found
      const dealt = deal(some, left, shares, countFrom(taken, shares))
      chosen.push(...dealt.map((row) => ({ row, lane })))
      more ||= due.more || dealt.length < due.found.length
    }
    return { chosen, more }
  }
  return {
    claim: async (asked) => {
      const { chosen, more } = await choose(asked)
      if (chosen.length === 0) return { claimed: [], more }
      const won = await leases.claim(
        chosen.map(({ row }) => row._id),
        { $set: { status: 'sending' }, $inc: { v: 1, attempts: 1 }, $unset: { expires_at: '' } },
      )
      const held = [...won.ids].map((_id) => ({ _id, claim: won.claim }))
      const found = await work.find(leases.heldBy(held)).toArray()
      const byId = new Map(found.map((one) => [one._id, one as unknown as T]))
      const claimed = chosen.flatMap(({ row, lane }) => {
        const one = byId.get(row._id)
        return one ? [{ work: one, until_ms: won.until_ms, lane }] : []
      })
      return { claimed, more }
    },
    renew: (held) => leases.renew(held.map(claimOf)),
    release: async (untried, due_at) => {
      if (untried.length === 0) return
      await work.updateMany(leases.heldBy(untried.map(claimOf)), {
        $set: { status: 'pending', due_at },
        $unset: leases.ended,
        $inc: { v: 1, attempts: -1 },
      })
    },
    settle: async (endings) => {
      if (endings.length === 0) return 0
      const expires_at = new Date(clock.now().getTime() + kept_ms)
      const writes = endings.map(({ work: one, set, due_at, counted }) => ({
        updateOne: {
          filter: { ...leases.heldBy([claimOf(one)]), ws: one.ws },
          update: {
            $set: { ...set, ...(due_at ? { due_at } : { expires_at }) },
            $unset: due_at ? leases.ended : { ...leases.ended, due_at: '' },
            $inc: { v: 1, attempts: counted ? 0 : -1 },
          },
        },
      }))
      const { matchedCount } = await work.bulkWrite(writes, { ordered: false })
      return endings.length - matchedCount
    },
  }
}

const claimOf = ({ _id, claim = '' }: Work) => ({ _id, claim })
