// Tasks in MongoDB: their indexes, and every query and write of them. A deleted task is on no list and in no loop, so
// only queries by id or by key have to exclude it.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import type { TaskCounts, TaskStatus } from '../../shared/contracts/define/common.ts'
import { inParallel, partsOf } from '../../shared/process/parallel.ts'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  type Because,
  OUTBOX_INDEX,
} from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import type { DatabaseClock } from '../../shared/storage/database-clock.ts'
import { type Leases, openLeases } from '../../shared/storage/lease.ts'
import { locationQueries } from './activity-store.ts'
import type { Approvals } from './approval-rules.ts'
import type { Blocking } from './blocker-rules.ts'
import { BLOCKER_INDEXES, blockerQueries, blocksAsBefore } from './blocker-store.ts'
import { BOARD_INDEXES, boardQueries, totals } from './board-store.ts'
import { type ClaimChange, type Claims, claimChange, type ShownClaim } from './claim-rules.ts'
import {
  CLAIM_INDEXES,
  CLAIM_LEASE,
  claimQueries,
  claimWrites,
  leftClaimQueries,
  pendingCommentQueries,
} from './claim-store.ts'
import {
  type CountedCollection,
  PENDING_IN_WORKSPACE_INDEX,
  PENDING_INCREMENTS_INDEX,
} from './counter-reading-store.ts'
import { type Countable, differenceOf, taskCounts } from './counter-rules.ts'
import type { PendingChange } from './counter-store.ts'
import { IMPORT_INDEXES, importQueries } from './import-store.ts'
import { LIST_INDEXES, PARALLEL, ROW, taskLists } from './list-store.ts'
import { READY } from './ready-rules.ts'
import { seenQueries } from './seen-store.ts'
import type { Decision, Reservation, TaskState } from './task-rules.ts'
import { tombstones } from './tombstone-store.ts'

/** A task as it is stored. */
export type TaskDoc = TaskState & Aggregate
/** A task as lists read it. */
export type RowDoc = Omit<
  TaskDoc,
  | keyof Claims
  | keyof Approvals
  | keyof Blocking
  | 'body'
  | 'links'
  | 'imported'
  | 'outbox'
  | 'ledger'
  | 'created'
  | 'uncounted'
  | 'shelves'
  | 'labelled'
  | 'move'
  | 'acl'
  | 'rank'
  | 'ready'
> &
  Readonly<{ rank: string; claim?: ShownClaim | undefined; open_blockers?: number | undefined }>
/** A task reserved for a loop. */
export type ReservedDoc = Pick<TaskDoc, '_id' | 'ws' | 'loop_id'> & Readonly<{ move: Reservation }>

/** The indexes of the tasks, each with what it is for. */
const TASK_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  PENDING_INCREMENTS_INDEX,
  PENDING_IN_WORKSPACE_INDEX,
  ...CLAIM_INDEXES,
  ...LIST_INDEXES,
  ...BLOCKER_INDEXES,
  ...BOARD_INDEXES,
  ...IMPORT_INDEXES,
  // The tasks of a loop in order of work, whole or by status.
  {
    key: { ws: 1, loop_id: 1, status: 1, rank: 1 },
    name: 'work',
    partialFilterExpression: { loop_id: { $gt: '' } },
  },
  // Who filed the tasks of a loop, each person found once from the index alone.
  {
    key: { ws: 1, loop_id: 1, 'author.user_id': 1 },
    name: 'authors',
    partialFilterExpression: { loop_id: { $gt: '' } },
  },
  // One task per idempotency key.
  {
    key: { ws: 1, 'created.key': 1 },
    name: 'created',
    unique: true,
    partialFilterExpression: { 'created.key': { $exists: true } },
  },
  // Tasks reserved for a loop, and reservations that somebody left.
  {
    key: { ws: 1, 'move.loop_id': 1 },
    name: 'reserved',
    partialFilterExpression: { 'move.loop_id': { $exists: true } },
  },
  { key: { 'move.at': 1 }, name: 'reserved_at', partialFilterExpression: { 'move.at': { $exists: true } } },
  // Tombstones of deleted tasks, and when they go.
  {
    key: { expires_at: 1, deleted_at: 1 },
    name: 'deleted',
    partialFilterExpression: { deleted_at: { $exists: true } },
  },
  {
    key: { expires_at: 1 },
    name: 'expires',
    expireAfterSeconds: 0,
    partialFilterExpression: { expires_at: { $exists: true } },
  },
]

/** Loops of one query about many. */
const LOOPS_AT_ONCE = 500

/** One task, by its id or by the request that created it. */
const oneTask = (collection: Collection<TaskDoc>) => ({
  /** A task, or null when there is none or it was deleted. */
  get: (ws: string, id: string): Promise<TaskDoc | null> =>
    collection.findOne({ _id: id, ws, deleted_at: { $exists: false } }),

  /** The task that a request with this key created, deleted or not. */
  findCreated: (ws: string, key: string): Promise<TaskDoc | null> =>
    collection.findOne({ ws, 'created.key': key }),
})

/** The tasks of loops: in order of work, and counted. */
const loopTasks = (collection: Collection<TaskDoc>) => ({
  /** Tasks of one loop with these statuses, or the ready ones, behind the rank `after`, in order of work. */
  listWork: (
    ws: string,
    loop_id: string,
    which: readonly TaskStatus[] | 'ready',
    after: string | undefined,
    limit: number,
  ): Promise<RowDoc[]> =>
    collection
      .find({
        ws,
        loop_id,
        ...(which === 'ready' ? READY : { status: { $in: [...which] } }),
        ...(after === undefined ? {} : { rank: { $gt: after } }),
      })
      .sort({ rank: 1 })
      .limit(limit)
      .hint('work')
      .project<RowDoc>(ROW)
      .toArray(),

  /** How many tasks of a loop have each status, counted one by one. */
  countLoop: async (ws: string, loop_id: string): Promise<TaskCounts> => {
    const found = await collection
      .aggregate<{ _id: TaskStatus; count: number }>(
        [{ $match: { ws, loop_id } }, { $group: { _id: '$status', count: { $sum: 1 } } }],
        { hint: 'work' },
      )
      .toArray()
    const counts = new Map(found.map(({ _id, count }) => [_id, count]))
    return taskCounts((status) => counts.get(status) ?? 0)
  },

  /** The first people by id who filed tasks of a loop. */
  listAuthors: async (ws: string, loop_id: string, limit: number): Promise<string[]> =>
    (await collection.distinct('author.user_id', { ws, loop_id })).slice(0, limit),
})

/** The ready tasks of loops. */
const readyTasks = (collection: Collection<TaskDoc>) => ({
  /**
   * The first ready tasks of one loop in order of work, whole.
   * @param except tasks to leave out, by id; those that are reserved for another loop are left out too.
   */
  listReady: (ws: string, loop_id: string, except: readonly string[], limit: number): Promise<TaskDoc[]> =>
    collection
      .find({
        ws,
        loop_id,
        ...READY,
        move: null,
        ...(except.length === 0 ? {} : { _id: { $nin: [...except] } }),
      })
      .sort({ rank: 1 })
      .limit(limit)
      .hint('work')
      .toArray(),

  /** Which of these loops have ready tasks. */
  findReadyLoops: async (ws: string, loopIds: readonly string[]): Promise<Set<string>> => {
    const found = await inParallel(partsOf(loopIds, LOOPS_AT_ONCE), PARALLEL, (part) =>
      collection.distinct('loop_id', { ws, ...READY, loop_id: { $in: part } }),
    )
    return new Set(found.flat().filter((id) => id !== null))
  },
})

/** Whether a task has this reservation, as part of a query. */
const isReserved = ({ loop_id, entering }: Reservation): Filter<TaskDoc> =>
  entering === undefined
    ? { 'move.loop_id': loop_id, 'move.entering': { $exists: false } }
    : { 'move.loop_id': loop_id, 'move.entering': entering }

/** What must still be so of a task besides its version, which these writes leave alone, as part of a query. */
const isAsBefore = (before: TaskDoc, reservation: Reservation | null): Filter<TaskDoc> => ({
  ...blocksAsBefore(before),
  ...(reservation ? isReserved(reservation) : { move: null }),
})

/** Reservations. They change nothing that a reader sees, so they leave the version alone and have no events. */
const reservations = (collection: Collection<TaskDoc>) => ({
  /** The tasks reserved for a loop, those that are in it already too. */
  listReserved: (ws: string, loop_id: string, limit: number): Promise<ReservedDoc[]> =>
    collection
      .find({ ws, 'move.loop_id': loop_id })
      .limit(limit)
      .hint('reserved')
      .project<ReservedDoc>({ ws: 1, loop_id: 1, move: 1 })
      .toArray(),

  /** Some of the reservations from before a moment. */
  listReservedBefore: (moment: Date, limit: number): Promise<ReservedDoc[]> =>
    collection
      .find({ 'move.at': { $lte: moment } })
      .sort({ 'move.at': 1 })
      .limit(limit)
      .project<ReservedDoc>({ ws: 1, loop_id: 1, move: 1 })
      .toArray(),

  /** Reserves a task for a loop; false when it has changed since `before`. Writers find it reserved from then on. */
  reserve: async ({ _id, ws, v }: TaskDoc, reservation: Reservation): Promise<boolean> => {
    const { matchedCount } = await collection.updateOne(
      { _id, ws, v, move: null },
      { $set: { move: reservation } },
    )
    return matchedCount === 1
  },

  /** Releases all reservations for a loop that will not be formed. */
  releaseAll: async (ws: string, loop_id: string): Promise<void> => {
    await collection.updateMany({ ws, 'move.loop_id': loop_id }, { $set: { move: null } })
  },

  /** Releases one reservation; false when another call was first. Whoever releases it decides what comes of the task. */
  release: async (ws: string, id: string, reservation: Reservation): Promise<boolean> => {
    const { matchedCount } = await collection.updateOne(
      { _id: id, ws, ...isReserved(reservation) },
      { $set: { move: null } },
    )
    return matchedCount === 1
  },
})

/** Every query of tasks, and the writes that change no counter. */
const uncountedQueries = (
  collection: Collection<TaskDoc>,
  leases: Leases,
  publish: Aggregates<TaskDoc>['publish'],
) => ({
  ...oneTask(collection),
  ...taskLists(collection),
  ...loopTasks(collection),
  ...readyTasks(collection),
  ...reservations(collection),
  ...tombstones(collection),
  ...locationQueries(collection),
  ...claimQueries(collection, leases),
  ...leftClaimQueries(collection),
  ...claimWrites(collection, leases),
  ...pendingCommentQueries(collection),
  ...blockerQueries(collection),
  ...importQueries(collection),
  ...seenQueries(collection, publish),
  ...boardQueries(collection),
  ...totals(collection),
})

/** Inserts of tasks, each with its pending increments. */
const inserting = (
  { insert, insertAll }: Pick<Aggregates<TaskDoc>, 'insert' | 'insertAll'>,
  counted: CountedCollection,
  incrementsOf: (ws: string, before: null, after: Countable) => PendingChange['change'] | null,
) => {
  const addition = (next: TaskState) => {
    const change = incrementsOf(next.ws, null, next)
    return { change, state: { ...next, uncounted: change ? [change] : [] } }
  }
  return {
    /** Inserts a task; null when another has its idempotency key. */
    insert: async ({ next, events }: Decision, because: Because): Promise<PendingChange | null> => {
      const { change, state } = addition(next)
      const saved = await insert(state, events, because)
      return saved && change && { collection: counted, id: saved._id, ws: saved.ws, change }
    },

    /** Inserts tasks in one write; null in the place of each whose ref another has. */
    insertAll: async (
      decisions: readonly Decision[],
      because: Because,
    ): Promise<({ pending: PendingChange | null } | null)[]> => {
      const additions = decisions.map(({ next, events }) => ({ ...addition(next), events }))
      const saved = await insertAll(additions, because)
      return saved.map((task, n) => {
        const change = additions[n]?.change
        return task && { pending: change ? { collection: counted, id: task._id, ws: task.ws, change } : null }
      })
    },
  }
}

/** Opens the tasks of the service and makes their indexes. */
export const openTasks = async (
  db: Db,
  deps: AggregateDeps & Readonly<{ database_clock: DatabaseClock; onClaim?: (change: ClaimChange) => void }>,
) => {
  const opened = await openCollection<TaskDoc>(db, 'tasks', {
    indexes: TASK_INDEXES,
    retired: ['ready', 'ready_loops'],
  })
  const { collection } = opened
  const { insert, insertAll, save, publish, ...others } = aggregates(opened, deps)
  const counted = collection as unknown as CountedCollection
  const leases = openLeases(collection, CLAIM_LEASE, { clock: deps.database_clock, ids: deps.ids })

  const incrementsOf = (ws: string, before: Countable | null, after: Countable) => {
    const sums = differenceOf(ws, before, after)
    return sums.length === 0 ? null : { id: deps.ids.next(), at: deps.clock.now(), sums }
  }
  return {
    ...uncountedQueries(collection, leases, publish),
    ...others,
    ...inserting({ insert, insertAll }, counted, incrementsOf),
    counted,

    /**
     * Writes a decision over `before`; null when it has changed since, or has another reservation than this one, or is not
     * as `where` asks.
     * @returns the change to count, null inside when the counts stay; and whether edges are to be compared.
     */
    save: async (
      before: TaskDoc,
      { next, events, comment }: Decision,
      because: Because,
      reservation: Reservation | null = null,
      where: Filter<TaskDoc> = {},
    ): Promise<{ pending: PendingChange | null; unsynced: boolean } | null> => {
      const change = incrementsOf(before.ws, before, next)
      // As it is stored: what differs from this is written, and so the reservation goes.
      const reserved = { ...before, move: reservation }
      const saved = await save(reserved, { ...next, move: null }, events, because, {
        where: { ...where, ...isAsBefore(before, reservation) },
        push: { uncounted: change ? [change] : [], ...(comment ? { pending_comments: [comment] } : {}) },
      })
      if (saved) deps.onClaim?.(claimChange(before, next))
      const pending = change && { collection: counted, id: before._id, ws: before.ws, change }
      return saved && { pending, unsynced: saved.pending_sync !== undefined }
    },
  }
}
export type TaskStore = Awaited<ReturnType<typeof openTasks>>
