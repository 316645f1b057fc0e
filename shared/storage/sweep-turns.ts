// Whose turn it is to work off a backlog that any of several replicas could: one at a time, so that it is done once. A turn
// lasts for seconds: that two overlap does no harm, and what a dead process has left must not wait for long.
import type { Db } from 'mongodb'
import type { Ids } from '../process/ids.ts'
import { openCollection } from './collection.ts'
import type { DatabaseClock } from './database-clock.ts'
import { openLeases } from './lease.ts'
import { insertMissing } from './mongo.ts'

/** How long a turn lasts that nobody takes again (ms). */
const TERM_MS = 5_000

type Turn = { _id: string; until: Date; fence: number; claim?: string }

/** The turns of one process. */
export type SweepTurns = Readonly<{
  /** Takes the turn with a backlog, or keeps it for a whole term from now. @returns false while another has it */
  take: (name: string) => Promise<boolean>
  /** Leaves the turn to whoever comes next. */
  giveBack: (name: string) => Promise<void>
}>

/** Opens the turns in a database. @returns what makes the turns of a process */
export const openSweepTurns = async (
  db: Db,
  deps: Readonly<{ clock: DatabaseClock; ids: Pick<Ids, 'next'> }>,
): Promise<() => SweepTurns> => {
  // One document per backlog, found by its id.
  const { collection } = await openCollection<Turn>(db, 'sweeps', { indexes: [] })
  const fields = { until: 'until', claim: 'claim', fence: 'fence' }
  const leases = openLeases(collection, fields, { ...deps, term_ms: TERM_MS })
  return () => {
    const held = new Map<string, string>()
    const known = new Set<string>()
    return {
      take: async (name) => {
        const claim = held.get(name)
        if (claim !== undefined && (await leases.renew([{ _id: name, claim }])).ids.has(name)) return true
        held.delete(name)
        if (!known.has(name)) await insertMissing(collection, [{ _id: name, until: new Date(0), fence: 0 }])
        known.add(name)
        const won = await leases.claim([name])
        if (won.ids.has(name)) held.set(name, won.claim)
        return held.has(name)
      },
      giveBack: async (name) => {
        const claim = held.get(name)
        if (claim === undefined) return
        held.delete(name)
        await collection.updateOne(leases.heldBy([{ _id: name, claim }]), {
          $set: { until: new Date(0) },
          $unset: leases.ended,
        })
      },
    }
  }
}
