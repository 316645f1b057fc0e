// Whose turn it is to work off a backlog, so that of several replicas one does it.
//
// Two turns may overlap without harm. So a turn lasts only seconds, and the backlog of a dead process does not wait long.
import type { Collection, Db } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { openCollection } from './collection.ts'
import type { DatabaseClock } from './database-clock.ts'
import { type Leases, openLeases } from './lease.ts'
import { insertMissing } from './mongo.ts'
import type { Look } from './upkeep-rules.ts'

/** How long a turn lasts unless it is taken again (ms). */
const TERM_MS = 5_000

type Turn = { _id: string; until: Date; fence: number; claim?: string; looks?: number }

/** The turns of one process. */
export type SweepTurns = Readonly<{
  /** Takes the turn for a backlog, or renews it for a whole term. @returns false while another process has it. */
  take: (backlog: string) => Promise<boolean>
  /**
   * Takes the turn or renews it, like `take`, for a holder that acts between two calls: it says how long that may last. A look
   * that finds the turn taken costs two commands, and is counted.
   */
  look: (backlog: string) => Promise<Look>
  /** Ends the turn, so that another process can take it at once. */
  release: (backlog: string) => Promise<void>
}>

type TurnDeps = Readonly<{
  clock: DatabaseClock
  ids: Pick<Ids, 'next'>
  /** How long a turn lasts unless it is taken again (ms). */
  term_ms?: number
}>

/** Makes the documents of turns, and counts in them how often processes without the turn look. */
const openNotes = (collection: Collection<Turn>, clock: DatabaseClock) => {
  const known = new Set<string>()
  return {
    /** Makes the document of a turn, unless it is there. */
    make: async (backlog: string): Promise<void> => {
      if (known.has(backlog)) return
      await insertMissing(collection, [{ _id: backlog, until: new Date(0), fence: 0 }])
      known.add(backlog)
    },
    /** Notes that a process looked. @returns what it found. */
    note: async (backlog: string): Promise<Readonly<{ looks: number; ends_in_ms: number }>> => {
      const options = { projection: { until: 1, looks: 1 }, returnDocument: 'after' } as const
      const [now, turn] = await Promise.all([
        clock.sync(),
        collection.findOneAndUpdate({ _id: backlog }, { $inc: { looks: 1 } }, options),
      ])
      // Somebody may have emptied the collection.
      if (!turn) known.delete(backlog)
      const ends_in_ms = turn ? Math.max(0, turn.until.getTime() - now.getTime()) : 0
      return { looks: turn?.looks ?? 1, ends_in_ms }
    },
  }
}

/** The turns of one process. */
const turnsOf = (
  collection: Collection<Turn>,
  leases: Leases,
  { make, note }: ReturnType<typeof openNotes>,
): SweepTurns => {
  const claims = new Map<string, string>()
  /** Renews the turn. @returns until when it is this process's, if it still is. */
  const renew = async (backlog: string): Promise<number | undefined> => {
    const claim = claims.get(backlog)
    if (claim === undefined) return undefined
    const { ids, until_ms } = await leases.renew([{ _id: backlog, claim }])
    if (ids.has(backlog)) return until_ms
    claims.delete(backlog)
    return undefined
  }
  const claim = async (backlog: string): Promise<number | undefined> => {
    const won = await leases.claim([{ _id: backlog }])
    if (!won.ids.has(backlog)) return undefined
    claims.set(backlog, won.claim)
    return won.until_ms
  }
  return {
    take: async (backlog) => {
      if ((await renew(backlog)) !== undefined) return true
      await make(backlog)
      return (await claim(backlog)) !== undefined
    },
    look: async (backlog) => {
      const kept_ms = await renew(backlog)
      if (kept_ms !== undefined) return { until_ms: kept_ms }
      await make(backlog)
      const found = await note(backlog)
      const won_ms = found.ends_in_ms === 0 ? await claim(backlog) : undefined
      return won_ms === undefined ? { until_ms: undefined, ...found } : { until_ms: won_ms }
    },
    release: async (backlog) => {
      const own = claims.get(backlog)
      if (own === undefined) return
      claims.delete(backlog)
      await collection.updateOne(leases.heldBy([{ _id: backlog, claim: own }]), {
        $set: { until: new Date(0) },
        $unset: leases.released,
      })
    },
  }
}

/**
 * Opens the turns in a database.
 * @returns a function that makes the turns of one process. They last for its argument (ms), or else as given here.
 */
export const openSweepTurns = async (db: Db, deps: TurnDeps): Promise<(term_ms?: number) => SweepTurns> => {
  // One document per backlog, found by its id.
  const { collection } = await openCollection<Turn>(db, 'sweeps', { indexes: [] })
  const fields = { until: 'until', claim: 'claim', fence: 'fence' }
  const notes = openNotes(collection, deps.clock)
  return (term_ms = deps.term_ms ?? TERM_MS) =>
    turnsOf(collection, openLeases(collection, fields, { ...deps, term_ms }), notes)
}
