// Counts the shipped loops of a workspace.
//
// Shipping is final, so a count stays true: only loops shipped since are counted again.
import type { Collection, Db } from 'mongodb'
import type { Clock } from '../../shared/process/clock.ts'
import { idFloor } from '../../shared/process/ids.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import { EVERYBODY } from './loop-rules.ts'
import type { LoopDoc } from './loop-store.ts'

/** How many loops were shipped before the moment `upto` (a `status_key`): all of them, and the public ones (`open`). */
type CountDoc = Readonly<{ _id: string; ws: string; upto: string; all: number; open: number }>

/** Loops shipped in this last time are counted each time: clocks differ, and saves may come late (ms). */
const LATELY_MS = 60 * 60_000
/** Loops counted again before the stored count is carried forward. */
const MAX_RECENT = 100

/** Counts shipped loops. @see openShippedCounts */
export type ShippedCounts = Readonly<{
  /** How many are shipped: all, or only the public ones. */
  count: (ws: string, which: 'all' | 'open') => Promise<number>
}>

/** Opens the counts of the loops in a collection. */
export const openShippedCounts = async (
  db: Db,
  loops: Collection<LoopDoc>,
  { now }: Pick<Clock, 'now'>,
): Promise<ShippedCounts> => {
  const { collection } = await openCollection<CountDoc>(db, 'shipped_counts', { indexes: [] })
  const countBetween = (ws: string, which: 'all' | 'open', from: string, to?: string): Promise<number> =>
    loops.countDocuments({
      ws,
      status: 'shipped',
      ...(which === 'open' ? { readers: EVERYBODY } : {}),
      status_key: { $gte: from, ...(to === undefined ? {} : { $lt: to }) },
    })
  /** Any number of instances may do this at once: each counts the same. */
  const carryForward = async (before: CountDoc): Promise<void> => {
    const { _id, ws, upto } = before
    const next = idFloor(new Date(now().getTime() - LATELY_MS))
    const [all, open] = await Promise.all([
      countBetween(ws, 'all', upto, next),
      countBetween(ws, 'open', upto, next),
    ])
    if (next <= upto || all <= MAX_RECENT) return
    await insertMissing(collection, [before])
    const counted = { upto: next, all: before.all + all, open: before.open + open }
    await collection.updateOne({ _id, ws, upto }, { $set: counted })
  }
  return {
    count: async (ws, which) => {
      const before = (await collection.findOne({ _id: ws, ws })) ?? { _id: ws, ws, upto: '', all: 0, open: 0 }
      const recent = await countBetween(ws, which, before.upto)
      // Nobody waits for this: it only makes the next count cheaper.
      if (recent > MAX_RECENT) carryForward(before).catch(() => undefined)
      return before[which] + recent
    },
  }
}
