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
import { loopsForServices } from './loop-state-store.ts'
import { openShippedCounts, type ShippedCounts } from './shipped-count-store.ts'

/** A loop as it is stored. */
export type LoopDoc = LoopState & Aggregate
/** A stored loop that is no longer forming. */
export type StandingDoc = StandingLoop & Aggregate
/** A loop as lists read it: of `ai_context` the excerpt, and one character more. */
export type LoopRowDoc = StandingLoop & Readonly<{ v: number }>
/** An active loop as the order needs it. */
export type ActiveLoop = Readonly<{ _id: string; visibility: Visibility }>

/** A loop's status, as the order needs it. */
export type StandingRow = Pick<StandingLoop, '_id' | 'status' | 'visibility' | 'status_key'> &
  Pick<LoopState, 'status_by' | 'unqueued'>

/** A loop with a mark, and its workspace. */
type UnqueuedLoop = Required<Pick<LoopDoc, '_id' | 'ws' | 'unqueued'>>

/** Some readers of a loop, and how many it has. */
type FirstReaders = Pick<LoopDoc, '_id' | 'visibility' | 'readers'> & Readonly<{ readers_total: number }>

/** Private loops of one person that a list of tasks can take into account. */
const PRIVATE_LOOPS = 20_000

/** The indexes of the loops, each with what it is for. */
const LOOP_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  // The active loops with their visibility, and counts of public loops: answered from the index alone.
  { key: { ws: 1, status: 1, visibility: 1, _id: 1 }, name: 'visibility' },
  // Loops whose change the order may not have yet: few, and only for a moment.
  {
    key: { ws: 1, unqueued: 1 },
    name: 'unqueued',
    partialFilterExpression: { unqueued: { $gt: '' } },
  },
  // The same of all workspaces, the oldest first.
  { key: { unqueued: 1 }, name: 'unqueued_oldest', partialFilterExpression: { unqueued: { $gt: '' } } },
  // Lists and counts as a member of the workspace sees them; somebody's private loops, from the index alone.
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
  // Loops whose forming was broken off.
  { key: { created_at: 1 }, name: 'forming', partialFilterExpression: { status: 'forming' } },
  // Shipped loops that owe their report.
  {
    key: { report_due: 1 },
    name: 'report_due',
    partialFilterExpression: { report_due: { $gt: new Date(0) } },
  },
]

/** The fields of a row of a list. */
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

/** What the order needs of a loop. */
const STANDING = { status: 1, visibility: 1, status_key: 1, status_by: 1, unqueued: 1 } as const

/** The person whose view a query takes. */
export type Viewer = Pick<Caller, 'workspace_id' | 'user_id' | 'role'>

/** What a person sees: the owner of the workspace all loops, everybody else those that they are a reader of. */
const visibleTo = (viewer: Viewer): Filter<LoopDoc> =>
  viewer.role === 'owner'
    ? { ws: viewer.workspace_id }
    : { ws: viewer.workspace_id, readers: { $in: [EVERYBODY, viewer.user_id] } }

/** Loops that are no longer forming, as part of a query. */
const STANDS = { status: { $in: [...LOOP_STATUSES] } }

const oneLoop = (collection: Collection<LoopDoc>) => ({
  /**
   * A loop that the viewer sees.
   * @throws AppError `not_found` for an unknown and for a hidden one alike.
   */
  get: async (viewer: Viewer, id: string): Promise<StandingDoc> => {
    const found = await collection.findOne({ _id: id, ...STANDS, ...visibleTo(viewer) })
    if (!found) throw notFound('loop', id)
    return found as StandingDoc
  },

  /** A loop that is no longer forming, whoever sees it. */
  find: async (ws: string, _id: string): Promise<StandingDoc | null> =>
    (await collection.findOne({ _id, ws, ...STANDS })) as StandingDoc | null,

  /** A private loop that somebody is a member of. */
  findPrivateOf: async (ws: string, id: string, user_id: string): Promise<StandingDoc | null> => {
    const filter = { _id: id, ws, ...STANDS, readers: user_id }
    return (await collection.findOne(filter)) as StandingDoc | null
  },

  /** The loop that a request with this key created or is creating. */
  findCreated: (ws: string, create_key: string): Promise<LoopDoc | null> =>
    collection.findOne({ ws, create_key }),
})

/** What the order needs of loops. */
const loopsForOrder = (collection: Collection<LoopDoc>) => ({
  /** The active loops of a workspace, whoever sees them; the limit on active loops bounds their number. */
  listActive: (ws: string): Promise<ActiveLoop[]> =>
    collection
      .find({ ws, status: 'active' })
      .project<ActiveLoop>({ _id: 1, visibility: 1 })
      .hint('visibility')
      .toArray(),

  /** The active private loops that somebody is a member of; not for the owner, who sees all. */
  listActivePrivate: ({ workspace_id: ws, user_id }: Viewer): Promise<string[]> =>
    collection
      .find({ ws, status: 'active', readers: user_id })
      .project<{ _id: string }>({ _id: 1 })
      .limit(LIMITS.active_loops)
      .map(({ _id }) => _id)
      .toArray(),

  /** The loops whose change the order may not have yet. */
  listUnqueued: (ws: string): Promise<StandingRow[]> =>
    collection
      .find({ ws, unqueued: { $gt: '' } })
      .sort({ unqueued: 1 })
      .limit(LIMITS.active_loops)
      .project<StandingRow>(STANDING)
      .toArray(),

  /** The same of all workspaces, the oldest first. */
  listUnqueuedOfAll: (limit: number): Promise<UnqueuedLoop[]> =>
    collection
      .find({ unqueued: { $gt: '' } })
      .sort({ unqueued: 1 })
      .limit(limit)
      .project<UnqueuedLoop>({ ws: 1, unqueued: 1 })
      .toArray(),

  /** The status of those of these loops that are no longer forming, whoever sees them. */
  listStandings: async (ws: string, among: readonly string[]): Promise<StandingRow[]> =>
    among.length === 0
      ? []
      : await collection
          .find({ _id: { $in: [...among] }, ws, ...STANDS })
          .project<StandingRow>(STANDING)
          .toArray(),
})

/** Loops as lists show them. */
const loopRows = (collection: Collection<LoopDoc>) => ({
  /** The status of those of these loops that the viewer sees. */
  listStatuses: async (viewer: Viewer, among: readonly string[]): Promise<Map<string, LoopStatus>> => {
    const found = await collection
      .find({ _id: { $in: [...among] }, ...STANDS, ...visibleTo(viewer) })
      .project<{ _id: string; status: LoopStatus }>({ status: 1 })
      .toArray()
    return new Map(found.map(({ _id, status }) => [_id, status]))
  },

  /** The names of those of these loops that the viewer sees. */
  listNames: async (viewer: Viewer, among: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const found = await collection
      .find({ _id: { $in: [...among] }, ...STANDS, ...visibleTo(viewer) })
      .project<{ _id: string; name: string }>({ name: 1 })
      .toArray()
    return new Map(found.map(({ _id, name }) => [_id, name]))
  },

  /** The first readers of each of these loops that the viewer sees, and how many it has. */
  listFirstReaders: (viewer: Viewer, among: readonly string[], limit: number): Promise<FirstReaders[]> =>
    collection
      .find({ _id: { $in: [...among] }, ...STANDS, ...visibleTo(viewer) })
      .project<FirstReaders>({
        visibility: 1,
        readers: { $slice: ['$readers', limit] },
        readers_total: { $size: '$readers' },
      })
      .toArray(),

  /** The rows of these loops as far as they are still active, in the order given. */
  listRows: async (ws: string, loopIds: readonly string[]): Promise<LoopRowDoc[]> => {
    const found = await collection
      .find({ _id: { $in: [...loopIds] }, ws, status: 'active' })
      .project<LoopRowDoc>(ROW)
      .toArray()
    const byId = new Map(found.map((row) => [row._id, row]))
    return loopIds.flatMap((id) => byId.get(id) ?? [])
  },

  /** Rows of one status, the latest to come to it first, behind the moment `before`. */
  listByStatus: (
    viewer: Viewer,
    status: LoopStatus,
    before: string | undefined,
    limit: number,
  ): Promise<LoopRowDoc[]> =>
    collection
      .find({
        ...visibleTo(viewer),
        status,
        ...(before === undefined ? {} : { status_key: { $lt: before } }),
      })
      .sort({ status_key: -1 })
      .limit(limit)
      .project<LoopRowDoc>(ROW)
      .toArray(),
})

/** Which loops a person sees, and how many. */
const visibleLoops = (collection: Collection<LoopDoc>, shipped: ShippedCounts) => ({
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
   * The private loops that the viewer sees; null: all of them. Where these are too many to hand around, the loops that
   * were shipped first are left out.
   */
  listPrivate: async (viewer: Viewer): Promise<string[] | null> => {
    if (viewer.role === 'owner') return null
    const read = async (statuses: readonly LoopStatus[], limit: number): Promise<string[]> => {
      const filter = { ws: viewer.workspace_id, status: { $in: [...statuses] }, readers: viewer.user_id }
      const rows = collection.find(filter).sort({ status_key: -1 }).limit(limit)
      return (await rows.project<{ _id: string }>({ _id: 1 }).toArray()).map(({ _id }) => _id)
    }
    const all = await read(LOOP_STATUSES, PRIVATE_LOOPS)
    if (all.length < PRIVATE_LOOPS) return all
    const found: string[] = []
    for (const status of LOOP_STATUSES)
      if (found.length < PRIVATE_LOOPS) found.push(...(await read([status], PRIVATE_LOOPS - found.length)))
    return found
  },

  /** The private loops, of every status, that somebody is a member of; ids behind the id `after`. */
  listPrivateOf: (ws: string, user_id: string, after: string | undefined, limit: number): Promise<string[]> =>
    collection
      .find({ ws, ...STANDS, readers: user_id, ...(after === undefined ? {} : { _id: { $gt: after } }) })
      .sort({ _id: 1 })
      .limit(limit)
      .project<{ _id: string }>({ _id: 1 })
      .map(({ _id }) => _id)
      .toArray(),
})

/** What commands leave half done when their process dies. */
const leftLoops = (collection: Collection<LoopDoc>) => ({
  /** Shipped loops whose report has been due since before a moment. */
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
})

const reading = (collection: Collection<LoopDoc>, shipped: ShippedCounts) => ({
  ...oneLoop(collection),
  ...loopsForOrder(collection),
  ...loopRows(collection),
  ...visibleLoops(collection, shipped),
  ...loopsForServices(collection),
  ...leftLoops(collection),
})

const writing = (opened: Opened<LoopDoc>, deps: AggregateDeps) => {
  const { collection } = opened
  const { insert, save, publish, findRepeat, remember, outbox } = aggregates(opened, deps)
  return {
    outbox,
    findRepeat: findRepeat as Aggregates<StandingDoc>['findRepeat'],
    remember: remember as Aggregates<StandingDoc>['remember'],

    /** Inserts a loop; null when its id or its create_key is taken. */
    insert: async <L extends LoopState>(
      loop: L,
      events: Decision['events'],
      because: Because,
    ): Promise<(L & Aggregate) | null> => (await insert(loop, events, because)) as (L & Aggregate) | null,

    /** Writes a decision over `before`; null when that has changed since. */
    save: async (
      before: LoopDoc,
      { next, events }: Decision,
      because: Because,
    ): Promise<StandingDoc | null> => (await save(before, next, events, because)) as StandingDoc | null,

    /** Publishes the report of a shipped loop; null when somebody else did, or the loop has changed since. */
    report: async (
      loop: StandingDoc,
      event: Decision['events'][number],
      because: Because,
    ): Promise<StandingDoc | null> =>
      (await publish(loop, { report_due: null }, [event], because, {
        report_due: { $gt: new Date(0) },
      })) as StandingDoc | null,

    /** Removes the marks of these changes, which the order has; a loop that changed again keeps its new mark. */
    markQueued: async (ws: string, queued: readonly StandingRow[]): Promise<void> => {
      const marked = queued.filter(({ unqueued }) => unqueued !== undefined)
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

    /** Removes a loop that never became active; false when it has, or is gone already. */
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
