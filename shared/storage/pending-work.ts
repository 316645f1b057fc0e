// Work that waits in a collection until a worker does it, such as mails and outgoing calls.
//
// Claims it by lease, fairly among workspaces, and records how each try ended. Does not know what the work is.
import type { Collection, Filter } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { BY_ID } from './by-workspace.ts'
import type { DatabaseClock } from './database-clock.ts'
import { countFrom, deal, type Share } from './fair.ts'
import { type Claim, type Held, type LeaseFields, type Leases, openLeases, type Stored } from './lease.ts'

/** The fields that every piece of work has besides its own. */
export type Work = Readonly<{
  _id: string
  ws: string
  v: number
  /** `pending`: waits. `sending`: claimed. Anything else: finished. */
  status: string
  /** Tries so far; while it is claimed, the present one too. */
  attempts: number
  /** When the next try is due; while it is claimed, when the lease expires; absent once it is finished. */
  due_at?: Date
  /** The claim that holds the lease. */
  claim?: string
  /** How often it was claimed. */
  fence?: number
  /** When it is deleted. Only on finished work: what is pending must never vanish. */
  expires_at?: Date
}>

/** Claimed work: until when the claim may be relied on (monotonic, ms), and the index of the lane that it came from. */
export type Claimed<T> = Readonly<{ work: T; until_ms: number; lane: number }>

/** How a try of claimed work ended. */
export type Ending<T> = Readonly<{
  work: T
  /** The fields to record, `status` among them. */
  set: Partial<T>
  /** When to try again; absent: the work is finished. */
  due_at?: Date
  /** Whether this counts as a try. */
  counted: boolean
}>

/** How much may be claimed. */
export type Room = Readonly<{
  room: number
  /** Further room for the first lane alone. */
  reserve: number
  /** What the worker holds already: it counts against the shares. */
  inHand: Iterable<Work>
}>

export type PendingWork<T extends Work> = Readonly<{
  /**
   * Claims work that is due: new work, retries, and work whose holder died.
   * @returns `more`: further work may be due.
   */
  claim: (room: Room) => Promise<Readonly<{ claimed: readonly Claimed<T>[]; more: boolean }>>
  /** Extends leases to a whole term from now. What is missing from the answer has another holder. */
  renew: (held: readonly T[]) => Promise<Held>
  /** Gives back claimed work that was not tried; it may be claimed again from `due_at` on. */
  release: (untried: readonly T[], due_at: Date) => Promise<void>
  /** Records endings and releases their leases. @returns how many were not recorded, because the lease was lost. */
  record: (endings: readonly Ending<T>[]) => Promise<number>
  /**
   * How much is not finished, at most `limit` in each lane, and since when the oldest of the first OLDEST_OF has been pending.
   * @param time_ms for each query.
   */
  backlog: (limit: number, time_ms: number) => Promise<Backlog>
}>

/** What waits or is under way. */
export type Backlog = Readonly<{ count: number; oldest?: Date | undefined }>

/** Among how many pieces of work of each lane the oldest is looked for: their documents are read. */
const OLDEST_OF = 1_000

export type PendingWorkOptions = Readonly<{
  /** Which work belongs to which lane. An earlier lane is claimed from first. */
  lanes: readonly Filter<Stored>[]
  /** The name of the index on the fields of the lanes, then those of the shares, then `due_at`. */
  index: string
  /** The first one is by workspace. */
  shares: readonly Share[]
  /** How long finished work is kept (ms). */
  kept_ms: number
  /** How many due rows to choose from for each one claimed: with more, workers that look at once rarely choose the same. */
  choice: number
  term_ms?: number | undefined
}>

/** Pending work is due when its lease may be claimed: one field says both. */
const FIELDS: LeaseFields = { until: 'due_at', claim: 'claim', fence: 'fence' }
/** Rows per query, and queries per lane and claim. Workspaces beyond these are reached by the next claim. */
const QUERY_ROWS = 200
const MAX_QUERIES = 8

type Row = Readonly<{ _id: string; ws: string }> & Readonly<Record<string, unknown>>

const shuffled = <T>(rows: readonly T[], random: () => number): T[] =>
  rows
    .map((row) => ({ row, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ row }) => row)

/**
 * Makes the search for due rows of one lane. It takes a share of each workspace and starts after the workspace where the
 * last search stopped. The index skips workspaces and values that have reached their share, however many rows they have.
 */
const searchFrom = (find: (filter: Filter<Stored>, limit: number) => Promise<Row[]>) => {
  let cursor = ''
  return async (shares: readonly Share[], inHand: readonly Row[], enough: number) => {
    const counting = countFrom(inHand, shares)
    // At most half comes from one workspace, so that others are looked for too.
    const half: readonly Share[] = [{ field: 'ws', most: () => Math.ceil(enough / 2) }]
    const found: Row[] = []
    const countingFound = countFrom([], half)
    const start = cursor
    let range: Filter<Stored> = start === '' ? {} : { $gt: start }
    let wrapped = start === ''
    for (let queries = 0; queries < MAX_QUERIES && found.length < enough; queries += 1) {
      const [workspace, ...others] = shares.map((share) => ({ share, full: counting.full(share) }))
      const rows = await find(
        {
          ws: {
            ...range,
            ...(wrapped && start !== '' ? { $lte: start } : {}),
            $nin: [...(workspace?.full ?? []), ...half.flatMap(countingFound.full)],
          },
          ...Object.fromEntries(
            others.flatMap(({ share, full }) => (full.length > 0 ? [[share.field, { $nin: full }]] : [])),
          ),
        },
        QUERY_ROWS,
      )
      found.push(...rows.filter((row) => counting.fits(row) && countingFound.take(row) && counting.take(row)))
      const last = rows.at(-1)
      if (last && rows.length === QUERY_ROWS) {
        cursor = last.ws
        range = { $gte: last.ws }
      } else if (wrapped) {
        cursor = ''
        return { found, more: [counting, countingFound].some(({ isAnyFull }) => isAnyFull()) }
      } else {
        range = {}
        wrapped = true
      }
    }
    return { found, more: true }
  }
}

/** Makes the choice of what to claim, lane by lane, within the shares. */
const chooser = (
  work: Collection<Stored>,
  leases: Pick<Leases, 'claimable'>,
  { clock, ids }: Readonly<{ clock: DatabaseClock; ids: Pick<Ids, 'random'> }>,
  { lanes, index, shares, choice }: PendingWorkOptions,
) => {
  const fields = Object.fromEntries(
    [...shares.map(({ field }) => field), 'due_at'].map((field) => [field, 1]),
  )
  const searches = lanes.map((lane) =>
    searchFrom((filter, limit) =>
      work
        .find({ ...lane, ...leases.claimable(clock.now()), ...filter })
        .hint(index)
        .sort(fields as Record<string, 1>)
        .limit(limit)
        .project<Row>(fields)
        .toArray(),
    ),
  )
  return async ({ room, reserve, inHand }: Room) => {
    const held = [...inHand]
    const chosen: { row: Row; lane: number }[] = []
    let more = false
    for (const [lane, search] of searches.entries()) {
      const left = room + (lane === 0 ? reserve : 0) - chosen.length
      if (left <= 0) return { chosen, more: true }
      const taken = [...held, ...chosen.map(({ row }) => row)]
      const due = await search(shares, taken, left * choice)
      const candidates = choice > 1 ? shuffled(due.found, ids.random) : due.found
      const dealt = deal(candidates, left, shares, countFrom(taken, shares))
      chosen.push(...dealt.map((row) => ({ row, lane })))
      more ||= due.more || dealt.length < due.found.length
    }
    return { chosen, more }
  }
}

const claimOf = ({ _id, ws, claim = '' }: Work): Claim => ({ _id, ws, claim })

/** Makes the function that reads how much is not finished. */
const counting =
  (work: Collection<Stored>, { lanes, index }: Pick<PendingWorkOptions, 'lanes' | 'index'>) =>
  async (limit: number, time_ms: number): Promise<Backlog> => {
    let count = 0
    let oldest: Date | undefined
    const options = { hint: index, maxTimeMS: time_ms }
    for (const lane of lanes) {
      const unfinished = { ...lane, due_at: { $gte: new Date(0) } }
      count += await work.countDocuments(unfinished, { ...options, limit })
      const first = work
        .find(unfinished, options)
        .limit(OLDEST_OF)
        .project<{ owed_since?: Date }>({ owed_since: 1 })
      for (const { owed_since } of await first.toArray())
        if (owed_since && (!oldest || owed_since < oldest)) oldest = owed_since
    }
    return { count, oldest }
  }

/** Opens the pending work of a collection. */
export const openPendingWork = <T extends Work>(
  collection: Collection<T>,
  deps: Readonly<{ clock: DatabaseClock; ids: Pick<Ids, 'next' | 'random'> }>,
  options: PendingWorkOptions,
): PendingWork<T> => {
  const { clock } = deps
  const leases = openLeases(collection, FIELDS, { ...deps, term_ms: options.term_ms })
  const documents = collection as unknown as Collection<Stored>
  const choose = chooser(documents, leases, deps, options)
  return {
    claim: async (room) => {
      const { chosen, more } = await choose(room)
      if (chosen.length === 0) return { claimed: [], more }
      const { claim, ids, until_ms } = await leases.claim(
        chosen.map(({ row: { _id, ws } }) => ({ _id, ws })),
        { $set: { status: 'sending' }, $inc: { v: 1, attempts: 1 }, $unset: { expires_at: '' } },
      )
      const ours = chosen
        .filter(({ row }) => ids.has(row._id))
        .map(({ row: { _id, ws } }) => ({ _id, ws, claim }))
      // Another worker was first with all of them.
      if (ours.length === 0) return { claimed: [], more }
      const won = await documents.find(leases.heldBy(ours)).hint(BY_ID).toArray()
      const byId = new Map(won.map((one) => [one._id, one as unknown as T]))
      const claimed = chosen.flatMap(({ row, lane }) => {
        const work = byId.get(row._id)
        return work ? [{ work, until_ms, lane }] : []
      })
      return { claimed, more }
    },
    renew: (held) => leases.renew(held.map(claimOf)),
    release: async (untried, due_at) => {
      if (untried.length === 0) return
      const update = {
        $set: { status: 'pending', due_at },
        $unset: leases.released,
        $inc: { v: 1, attempts: -1 },
      }
      await documents.updateMany(leases.heldBy(untried.map(claimOf)), update, { hint: BY_ID })
    },
    record: async (endings) => {
      if (endings.length === 0) return 0
      const expires_at = new Date(clock.now().getTime() + options.kept_ms)
      const writes = endings.map(({ work, set, due_at, counted }) => ({
        updateOne: {
          filter: { ...leases.heldBy([claimOf(work)]), ws: work.ws },
          update: {
            $set: { ...set, ...(due_at ? { due_at } : { expires_at }) },
            $unset: due_at ? leases.released : { ...leases.released, due_at: '' },
            $inc: { v: 1, attempts: counted ? 0 : -1 },
          },
        },
      }))
      const { matchedCount } = await documents.bulkWrite(writes, { ordered: false })
      return endings.length - matchedCount
    },
    backlog: counting(documents, options),
  }
}
