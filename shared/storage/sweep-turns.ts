// Whose turn it is to work off a backlog, so that of several replicas one does it.
//
// Two turns may overlap without harm. So a turn lasts only seconds, and the backlog of a dead process does not wait long.
import type { Db } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { openCollection } from './collection.ts'
import type { DatabaseClock } from './database-clock.ts'
import { openLeases } from './lease.ts'
import { insertMissing } from './mongo.ts'

/** How long a turn lasts unless it is taken again (ms). */
const TERM_MS = 5_000

type Turn = { _id: string; until: Date; fence: number; claim?: string }

/** The turns of one process. */
export type SweepTurns = Readonly<{
  /** Takes the turn for a backlog, or renews it for a whole term. @returns false while another process has it. */
  take: (backlog: string) => Promise<boolean>
  /** Ends the turn, so that another process can take it at once. */
  release: (backlog: string) => Promise<void>
}>

/** Opens the turns in a database. @returns a function that makes the turns of one process. */
export const openSweepTurns = async (
  db: Db,
  deps: Readonly<{
    clock: DatabaseClock
    ids: Pick<Ids, 'next'>
    /** How long a turn lasts unless it is taken again (ms). */
    term_ms?: number
  }>,
): Promise<() => SweepTurns> => {
  // One document per backlog, found by its id.
  const { collection } = await openCollection<Turn>(db, 'sweeps', { indexes: [] })
  const fields = { until: 'until', claim: 'claim', fence: 'fence' }
  const leases = openLeases(collection, fields, { term_ms: TERM_MS, ...deps })
  return () => {
    const claims = new Map<string, string>()
    const known = new Set<string>()
    return {
      take: async (backlog) => {
        const claim = claims.get(backlog)
        if (claim !== undefined && (await leases.renew([{ _id: backlog, claim }])).ids.has(backlog))
          return true
        claims.delete(backlog)
        if (!known.has(backlog))
          await insertMissing(collection, [{ _id: backlog, until: new Date(0), fence: 0 }])
        known.add(backlog)
        const won = await leases.claim([{ _id: backlog }])
        if (won.ids.has(backlog)) claims.set(backlog, won.claim)
        return claims.has(backlog)
      },
      release: async (backlog) => {
        const claim = claims.get(backlog)
        if (claim === undefined) return
        claims.delete(backlog)
        await collection.updateOne(leases.heldBy([{ _id: backlog, claim }]), {
          $set: { until: new Date(0) },
          $unset: leases.released,
        })
      },
    }
  }
}
