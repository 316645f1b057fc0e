// Erases what a service keeps of deleted workspaces: in batches, again after a crash, and again for what comes late.
//
// A call may be under way when the deletion comes, and an event may come days later from a stream that was restored. Asking
// at each write whether the workspace is still there would cost every call a read, and the answer could still be late. So
// nothing is asked: a small tombstone of each deleted workspace stays, by which it is erased again and again, until no event
// of it can come any more.
import type { Collection, Db, Document, Filter, IndexDescription } from 'mongodb'
import type { Clock } from '../process/clock.ts'
import type { FaultPoint } from '../process/fault-points.ts'
import type { Log } from '../process/log.ts'
import { lookInto, openCollection } from './collection.ts'
import { insertMissing } from './mongo.ts'

/** A collection of a service that has documents of workspaces. */
export type ErasedCollection = Readonly<{
  name: string
  /** Which documents are a workspace's; when absent, those with it in `ws`. */
  of?: (ws: string) => Document
  /** Documents that stay until a late pass, because what waits in them is still to be done. */
  waiting?: Document
}>

/** What a service keeps: what is erased with a workspace, first to last, and what is not, each with the reason. */
export type Erasures = Readonly<{
  erased: readonly ErasedCollection[]
  /** By the name of the collection. */
  kept: Readonly<Record<string, string>>
}>

/** Of documents with events that wait to be published: the events say what happened before the deletion. */
export const UNPUBLISHED: Document = { 'outbox.0': { $exists: true } }

/** The collections that every service has, and why nothing in them is erased. */
export const KEPT_EVERYWHERE: Erasures['kept'] = {
  deleted_workspaces: 'the tombstones themselves: an id and moments',
  events: 'the journal has the events of three days, for when the stream loses them; they expire',
  restores: 'says from which backup the database was restored',
  schemas: 'says of each collection in which shape it is',
  sweeps: 'says whose turn it is',
}

/** The dead letters of a service, which name the workspace at the end of their subject. */
export const DEAD_LETTERS_OF: ErasedCollection = {
  name: 'dead_letters',
  of: (ws) => ({ subject: { $regex: `\\.${ws}$` } }),
}

/** A deleted workspace: its id, and when it is erased again. Without `due_at` it never is. */
type Tombstone = { _id: string; deleted_at: Date; passes: number; due_at?: Date }

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The pauses between the passes (ms). The last one is after the stream has let go of every event of the workspace. */
const AGAIN_MS = [MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 7 * DAY_MS, 35 * DAY_MS] as const
/**
 * From this pass on, an hour after the deletion, nothing waits. It came over the same bus on which the events wait to be
 * published, so one that has not left by then never will, and its readers were told to drop it.
 */
const LATE_PASS = 3
/** Documents that are erased at once, and batches of a collection in one turn: others wait meanwhile. */
const BATCH = 500
const BATCHES = 20
/** Workspaces that are looked at in one turn. */
const WORKSPACES = 10
/** How long a process has for a turn before another may take it (ms). Two at once do no harm. */
const TURN_MS = 30_000

const INDEXES: readonly IndexDescription[] = [{ key: { due_at: 1 }, name: 'due', sparse: true }]

/** The documents that a pass erases from a collection. */
export const erasedBy = ({ of, waiting }: ErasedCollection, ws: string, pass: number): Document => {
  const own = of?.(ws) ?? { ws }
  return waiting && pass < LATE_PASS ? { $and: [own, { $nor: [waiting] }] } : own
}

/** Erases a collection's documents that a filter finds. @returns whether none is left. */
const eraseAll = async (
  collection: Collection<{ _id: string }>,
  filter: Document,
  after: () => void,
): Promise<boolean> => {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const found = await collection
      .find(filter, { projection: { _id: 1 } })
      .limit(BATCH)
      .toArray()
    if (found.length === 0) return true
    // With the filter, so that a document in which something waits by now stays.
    await collection.deleteMany({ $and: [filter, { _id: { $in: found.map(({ _id }) => _id) } }] } as Filter<{
      _id: string
    }>)
    after()
    if (found.length < BATCH) return true
  }
  return false
}

export type Erasure = Readonly<{
  /** Records that a workspace was deleted; from then on it is erased. Repeats do no harm. */
  mark: (ws: string, deleted_at: Date) => Promise<void>
  /** Whether a workspace is known to be deleted. */
  isDeleted: (ws: string) => Promise<boolean>
  /**
   * Erases the workspaces that are due, as far as one turn goes. Meant to be called repeatedly.
   * @param before what comes before a pass; false: it has not come to its end, and goes on in the next turn.
   * @returns whether any was due.
   */
  sweep: (before?: (ws: string) => Promise<boolean>) => Promise<boolean>
}>

/** Opens the tombstones of a service. Steps: `erase.batch`, and `erase.pass` when one is done but not noted yet. */
export const openErasure = async (
  db: Db,
  { erased }: Erasures,
  { clock, at, log }: Readonly<{ clock: Clock; at: FaultPoint; log: Log }>,
): Promise<Erasure> => {
  const opened = await openCollection<Tombstone>(db, 'deleted_workspaces', { indexes: INDEXES })
  const { collection: tombstones } = opened

  const pass = async ({ _id: ws, passes }: Tombstone): Promise<boolean> => {
    let done = true
    for (const one of erased) {
      const filter = erasedBy(one, ws, passes)
      if (
        !(await eraseAll(lookInto<{ _id: string }>(db, one.name).collection, filter, () => at('erase.batch')))
      )
        done = false
    }
    return done
  }

  const finish = async ({ _id, passes, deleted_at }: Tombstone): Promise<void> => {
    at('erase.pass')
    const pause_ms = AGAIN_MS[passes]
    const next = pause_ms === undefined ? undefined : new Date(clock.now().getTime() + pause_ms)
    await tombstones.updateOne(
      { _id, passes },
      next === undefined
        ? { $unset: { due_at: '' }, $inc: { passes: 1 } }
        : { $set: { due_at: next }, $inc: { passes: 1 } },
    )
    if (passes === 0) log.info('a deleted workspace is erased', { workspace: _id, deleted_at })
  }

  return {
    mark: (_id, deleted_at) =>
      insertMissing(tombstones, [{ _id, deleted_at, passes: 0, due_at: clock.now() }]),

    isDeleted: async (_id) => (await tombstones.findOne({ _id }, { projection: { _id: 1 } })) !== null,

    sweep: async (before = async () => true) => {
      const now = clock.now()
      const found = tombstones.find({ due_at: { $lte: now } }).sort({ due_at: 1 })
      const due = await found.limit(WORKSPACES).toArray()
      for (const tombstone of due) {
        const { _id, due_at, passes } = tombstone
        const until = new Date(clock.now().getTime() + TURN_MS)
        const taken = await tombstones.updateOne({ _id, due_at: due_at as Date }, { $set: { due_at: until } })
        if (taken.matchedCount === 0) continue
        if ((await before(_id)) && (await pass(tombstone))) await finish(tombstone)
        else await tombstones.updateOne({ _id, passes, due_at: until }, { $set: { due_at: clock.now() } })
      }
      return due.length > 0
    },
  }
}
