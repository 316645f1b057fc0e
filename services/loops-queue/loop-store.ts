// Loops in MongoDB: their indexes, and every query and write of them. Who may see a loop is part of each query.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import {
  LIMITS,
  LOOP_STATUSES,
  type LoopStatus,
  type Visibility,
} from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { notFound } from '../../shared/contracts/define/errors.ts'
import { AI_CONTEXT_EXCERPT_CHARS } from '../../shared/contracts/loops-queue/shapes.ts'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  type Because,
  OUTBOX_INDEX,
} from '../../shared/storage/aggregate.ts'
import { type Opened, openCollection } from '../../shared/storage/collection.ts'
import { type Decision, EVERYBODY, type LoopState, type StandingLoop } from './loop-rules.ts'
import { openShippedCounts, type ShippedCounts } from './shipped-count-store.ts'

/** A loop as it is stored. */
export type LoopDoc = LoopState & Aggregate
/** A stored loop that is not forming any more. */
export type StandingDoc = StandingLoop & Aggregate
/** A loop as lists read it: `ai_context` only as far as the excerpt shows it, and one character more. */
export type LoopRowDoc = StandingLoop & Readonly<{ v: number }>
/** An active loop as the order needs it. */
export type ActiveLoop = Readonly<{ _id: string; visibility: Visibility }>

/** What one loop says of itself to the order. */
export type StandingRow = Pick<StandingLoop, '_id' | 'status' | 'visibility' | 'status_key'> &
  Pick<LoopState, 'status_by' | 'unqueued'>

/** Private loops of one person at most that a list of tasks can take into account. */
const PRIVATE_LOOPS = 20_000

/** The indexes of the loops, each with what it is for. */
const LOOP_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  // The active loops with their visibility, and counts of public loops: answered from the index alone.
  { key: { ws: 1, status: 1, visibility: 1, _id: 1 }, name: 'visibility' },
  // Loops with a change that the order may not have yet: few, and only for a moment.
  {
    key: { ws: 1, unqueued: 1 },
    name: 'unqueued',
    partialFilterExpression: { unqueued: { $gt: '' } },
  },
  // The same of all workspaces, the oldest first.
  { key: { unqueued: 1 }, name: 'unqueued_oldest', partialFilterExpression: { unqueued: { $gt: '' } } },
  // Lists and counts as a member sees them; which private loops are a person's, from the index alone.
  { key: { ws: 1, status: 1, readers: 1, status_key: -1, _id: 1 }, name: 'readers' },
  // Lists and counts as the workspace's owner sees them.
  { key: { ws: 1, status: 1, status_key: -1 }, name: 'status' },
  // One loop per idempotency key.
  {
    key: { ws: 1, create_key: 1 },
    name: 'create_key',
    unique: true,
    partialFilterExpression: { create_key: { $exists: true } },
  },
  // Loops whose making was broken off.
  { key: { created_at: 1 }, name: 'forming', partialFilterExpression: { status: 'forming' } },
  // Shipped loops that owe their report.
  {
    key: { report_due: 1 },
    name: 'report_due',
    partialFilterExpression: { report_due: { $gt: new Date(0) } },
  },
]

/** What a row of a list is made of. */
const ROW = {
  v: 1,
  ws: 1,
  name: 1,
  description: 1,
  visibility: 1,
  readers: 1,
  status: 1,
  status_key: 1,
  created_by: 1,
  created_at: 1,
  updated_at: 1,
  shipped_at: 1,
  shipped_by: 1,
  ai_context: { $substrCP: ['$ai_context', 0, AI_CONTEXT_EXCERPT_CHARS + 1] },
} as const

/** What the order wants to know of a loop. */
const STANDING = { status: 1, visibility: 1, status_key: 1, status_by: 1, unqueued: 1 } as const

/** Whose eyes a query has. */
export type Viewer = Pick<Caller, 'workspace_id' | 'user_id' | 'role'>

/** Members see public loops and their own private ones, the owner all. Everything else is as if it were not there. */
const seenBy = (viewer: Viewer): Filter<LoopDoc> =>
  viewer.role === 'owner'
    ? { ws: viewer.workspace_id }
    : { ws: viewer.workspace_id, readers: { $in: [EVERYBODY, viewer.user_id] } }

const reading = (collection: Collection<LoopDoc>, shipped: ShippedCounts) => {
  const ids = async (filter: Filter<LoopDoc>, limit: number): Promise<string[]> => {
    const found = await collection.find(filter).project<{ _id: string }>({ _id: 1 }).limit(limit).toArray()
    return found.map(({ _id }) => _id)
  }
  return {
    /**
     * A loop that the viewer sees.
     * @throws AppError `not_found` for an unknown and for an invisible one alike.
     */
    get: async (viewer: Viewer, id: string): Promise<StandingDoc> => {
      const found = await collection.findOne({
        _id: id,
        status: { $in: [...LOOP_STATUSES] },
        ...seenBy(viewer),
      })
      if (!found) throw notFound('loop', id)
      return found as StandingDoc
    },

    /** A standing loop, seen or not. */
    find: async (ws: string, _id: string): Promise<StandingDoc | null> =>
      (await collection.findOne({ _id, ws, status: { $in: [...LOOP_STATUSES] } })) as StandingDoc | null,

    /** The active loops of a workspace, seen or not; their number is bounded by the limit on active loops. */
    listActive: (ws: string): Promise<ActiveLoop[]> =>
      collection
        .find({ ws, status: 'active' })
        .project<ActiveLoop>({ _id: 1, visibility: 1 })
        .hint('visibility')
        .toArray(),

    /** Which private loops among the active ones a member sees; not for the owner, who sees all. */
    listOwnActive: (viewer: Viewer): Promise<string[]> =>
      ids({ ws: viewer.workspace_id, status: 'active', readers: viewer.user_id }, LIMITS.active_loops),

    /** The loops with a change that the order may not have yet. */
    listUnqueued: (ws: string): Promise<StandingRow[]> =>
      collection
        .find({ ws, unqueued: { $gt: '' } })
        .sort({ unqueued: 1 })
        .limit(LIMITS.active_loops)
        .project<StandingRow>(STANDING)
        .toArray(),

    /** The oldest loops of all workspaces with a change that the order may not have yet. */
    listOwed: (limit: number): Promise<Required<Pick<LoopDoc, '_id' | 'ws' | 'unqueued'>>[]> =>
      collection
        .find({ unqueued: { $gt: '' } })
        .sort({ unqueued: 1 })
        .limit(limit)
        .project<Required<Pick<LoopDoc, '_id' | 'ws' | 'unqueued'>>>({ ws: 1, unqueued: 1 })
        .toArray(),

    /** What those of these loops say of themselves that stand, seen or not. */
    listStandings: async (ws: string, among: readonly string[]): Promise<StandingRow[]> =>
      among.length === 0
        ? []
        : await collection
            .find({ _id: { $in: [...among] }, ws, status: { $in: [...LOOP_STATUSES] } })
            .project<StandingRow>(STANDING)
            .toArray(),

    /** The status of those of these loops that the viewer sees. */
    listStatuses: async (viewer: Viewer, among: readonly string[]): Promise<Map<string, LoopStatus>> => {
      const found = await collection
        .find({ _id: { $in: [...among] }, status: { $in: [...LOOP_STATUSES] }, ...seenBy(viewer) })
        .project<{ _id: string; status: LoopStatus }>({ status: 1 })
        .toArray()
      return new Map(found.map(({ _id, status }) => [_id, status]))
    },

    /** Status and visibility of these loops, forming ones too, seen or not. */
    listStates: (
      ws: string,
      among: readonly string[],
    ): Promise<Pick<LoopDoc, '_id' | 'status' | 'visibility'>[]> =>
      collection
        .find({ _id: { $in: [...among] }, ws })
        .project<Pick<LoopDoc, '_id' | 'status' | 'visibility'>>({ status: 1, visibility: 1 })
        .toArray(),

    /** Who may see these loops, whoever asks. */
    listReaders: (
      ws: string,
      among: readonly string[],
    ): Promise<Pick<LoopDoc, '_id' | 'visibility' | 'readers'>[]> =>
      collection
        .find({ _id: { $in: [...among] }, ws })
        .project<Pick<LoopDoc, '_id' | 'visibility' | 'readers'>>({ visibility: 1, readers: 1 })
        .toArray(),

    /** The rows of these loops as far as they are still active, in the order given. */
    listRows: async (ws: string, wanted: readonly string[]): Promise<LoopRowDoc[]> => {
      const found = await collection
        .find({ _id: { $in: [...wanted] }, ws, status: 'active' })
        .project<LoopRowDoc>(ROW)
        .toArray()
      const byId = new Map(found.map((row) => [row._id, row]))
      return wanted.flatMap((id) => byId.get(id) ?? [])
    },

    /** Rows of one status, those that came to it last first, behind the moment `before`. */
    listByStatus: (
      viewer: Viewer,
      status: LoopStatus,
      before: string | undefined,
      limit: number,
    ): Promise<LoopRowDoc[]> =>
      collection
        .find({ ...seenBy(viewer), status, ...(before === undefined ? {} : { status_key: { $lt: before } }) })
        .sort({ status_key: -1 })
        .limit(limit)
        .project<LoopRowDoc>(ROW)
        .toArray(),

    /** How many loops of a status the viewer sees. */
    count: async (viewer: Viewer, status: LoopStatus): Promise<number> => {
      const ws = viewer.workspace_id
      const isShipped = status === 'shipped'
      if (viewer.role === 'owner')
        return isShipped ? await shipped.count(ws, 'all') : await collection.countDocuments({ ws, status })
      const [open, own] = await Promise.all([
        isShipped
          ? shipped.count(ws, 'open')
          : collection.countDocuments({ ws, status, visibility: 'public' }, { hint: 'visibility' }),
        collection.countDocuments({ ws, status, readers: viewer.user_id }, { hint: 'readers' }),
      ])
      return open + own
    },

    /**
     * The private loops that the viewer sees; null: all of them. Of more than can be handed around, the shipped ones that
     * were shipped first are left out.
     */
    listPrivate: async (viewer: Viewer): Promise<string[] | null> => {
      if (viewer.role === 'owner') return null
      const found: string[] = []
      for (const status of LOOP_STATUSES) {
        const filter = { ws: viewer.workspace_id, status, readers: viewer.user_id }
        const rows = collection
          .find(filter)
          .sort({ status_key: -1 })
          .limit(PRIVATE_LOOPS - found.length)
          .project<{ _id: string }>({ _id: 1 })
        found.push(...(await rows.toArray()).map(({ _id }) => _id))
        if (found.length >= PRIVATE_LOOPS) break
      }
      return found
    },

    /** Ids of the private loops that somebody is a member of, in every status, behind the id `after`. */
    listOfMember: (
      ws: string,
      user_id: string,
      after: string | undefined,
      limit: number,
    ): Promise<string[]> =>
      collection
        .find({
          ws,
          status: { $in: [...LOOP_STATUSES] },
          readers: user_id,
          ...(after === undefined ? {} : { _id: { $gt: after } }),
        })
        .sort({ _id: 1 })
        .limit(limit)
        .project<{ _id: string }>({ _id: 1 })
        .map(({ _id }) => _id)
        .toArray(),

    /** A private loop that somebody is a member of. */
    findOfMember: async (ws: string, id: string, user_id: string): Promise<StandingDoc | null> => {
      const filter = { _id: id, ws, status: { $in: [...LOOP_STATUSES] }, readers: user_id }
      return (await collection.findOne(filter)) as StandingDoc | null
    },

    /** The loop that a request with this key made or is making. */
    findMade: (ws: string, create_key: string): Promise<LoopDoc | null> =>
      collection.findOne({ ws, create_key }),

    /** Shipped loops that have owed their report since before `before`. */
    listUnreported: async (before: Date, limit: number): Promise<StandingDoc[]> =>
      (await collection
        .find({ report_due: { $gt: new Date(0), $lt: before } })
        .sort({ report_due: 1 })
        .limit(limit)
        .hint('report_due')
        .toArray()) as StandingDoc[],

    /** Loops that are forming, the oldest first. */
    listForming: (limit: number): Promise<LoopDoc[]> =>
      collection.find({ status: 'forming' }).hint('forming').sort({ created_at: 1 }).limit(limit).toArray(),
  }
}

const writing = (opened: Opened<LoopDoc>, deps: AggregateDeps) => {
  const { collection } = opened
  const { insert, save, publish, findRepeat, remember, outbox } = aggregates(opened, deps)
  return {
    outbox,
    findRepeat: findRepeat as Aggregates<StandingDoc>['findRepeat'],
    remember: remember as Aggregates<StandingDoc>['remember'],

    /** Stores a new loop; null when its id or its create_key is taken. */
    insert: async <L extends LoopState>(
      loop: L,
      events: Decision['events'],
      because: Because,
    ): Promise<(L & Aggregate) | null> => (await insert(loop, events, because)) as (L & Aggregate) | null,

    /** Stores a decision over the loop that it was made on; null when that has changed since. */
    save: async (
      before: LoopDoc,
      { next, events }: Decision,
      because: Because,
    ): Promise<StandingDoc | null> => (await save(before, next, events, because)) as StandingDoc | null,

    /** Publishes the report of a shipped loop; null when another did, or the loop has changed since. */
    report: async (
      loop: StandingDoc,
      event: Decision['events'][number],
      because: Because,
    ): Promise<StandingDoc | null> =>
      (await publish(loop, { report_due: null }, [event], because, {
        report_due: { $gt: new Date(0) },
      })) as StandingDoc | null,

    /** Takes the mark from loops whose change the order has; one that changed again keeps its new one. */
    markQueued: async (ws: string, told: readonly StandingRow[]): Promise<void> => {
      const marked = told.filter(({ unqueued }) => unqueued !== undefined)
      if (marked.length === 0) return
      await collection.bulkWrite(
        marked.map(({ _id, unqueued }) => ({
          updateOne: {
            filter: { _id, ws, unqueued: unqueued as string },
            update: { $unset: { unqueued: '' } },
          },
        })),
        { ordered: false },
      )
    },

    /** Takes a loop away that never became active; false when it has, or is gone already. */
    removeForming: async ({ _id, ws, v }: LoopDoc): Promise<boolean> => {
      const { deletedCount } = await collection.deleteOne({ _id, ws, v, status: 'forming' })
      return deletedCount === 1
    },
  }
}

/** Every query and write of the loops. @see openLoops */
export type LoopStore = ReturnType<typeof reading> & ReturnType<typeof writing>

/** Opens the collection of loops and makes its indexes. */
export const openLoops = async (db: Db, deps: AggregateDeps): Promise<LoopStore> => {
  const opened = await openCollection<LoopDoc>(db, 'loops', { indexes: LOOP_INDEXES })
  const shipped = await openShippedCounts(db, opened.collection, deps.clock)
  return { ...reading(opened.collection, shipped), ...writing(opened, deps) }
}
