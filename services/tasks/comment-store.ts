// Comments in MongoDB: their indexes, and every query and write of them.
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Actor } from '../../shared/contracts/define/common.ts'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import { jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import type { CommentKind } from '../../shared/contracts/tasks/shapes.ts'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  type Because,
  OUTBOX_INDEX,
} from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import type { LedgerEntry } from '../../shared/storage/idempotency.ts'
import {
  type CountedCollection,
  PENDING_IN_WORKSPACE_INDEX,
  PENDING_INCREMENTS_INDEX,
} from './counter-reading-store.ts'
import { commentIncrement, type PendingIncrements } from './counter-rules.ts'
import type { PendingChange } from './counter-store.ts'
import { QUESTION_INDEX, questionQueries } from './question-store.ts'

/** A comment as it is stored; `parent` is the task or loop that it is on. */
export type CommentDoc = Aggregate &
  Readonly<{
    parent: string
    task_id: string | null
    loop_id: string | null
    author: Actor
    text: string
    /** Absent: a note. */
    kind?: CommentKind | undefined
    created_at: Date
    /** Of a question: it is known not to be open any more. */
    settled?: true
    created: LedgerEntry | null
    uncounted: readonly PendingIncrements[]
  }>
/** A comment before it is stored. */
export type NewComment = Omit<CommentDoc, keyof Aggregate | 'uncounted'> &
  Readonly<{ _id: string; ws: string }>
/** A comment as pages read it. */
export type CommentRow = Pick<CommentDoc, '_id' | 'author' | 'text' | 'kind' | 'created_at'>

/** The indexes of the comments, each with what it is for. */
const COMMENT_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  PENDING_INCREMENTS_INDEX,
  PENDING_IN_WORKSPACE_INDEX,
  // Pages, oldest first.
  { key: { ws: 1, parent: 1, _id: 1 }, name: 'parent' },
  QUESTION_INDEX,
  // One comment per idempotency key.
  {
    key: { ws: 1, 'created.key': 1 },
    name: 'created',
    unique: true,
    partialFilterExpression: { 'created.key': { $exists: true } },
  },
]

/** Comments on a page; fewer where they would be too large. */
const PAGE_COMMENTS = 100
/** Comments fetched at a time: four of the longest fill a page. */
const FETCH = 25
/** Comments of a deleted task that are removed at a time. */
const PURGE_BATCH = 500

/**
 * A page of comments behind the id `after`, oldest first, and whether there are more.
 * @param bytes for all of them as JSON.
 * @param least comments that are read however large they are.
 */
const readPage = async (
  collection: Collection<CommentDoc>,
  { ws, parent }: Pick<CommentDoc, 'ws' | 'parent'>,
  after: string | undefined,
  bytes: number,
  least: number,
): Promise<{ rows: CommentRow[]; more: boolean }> => {
  await using found = collection
    .find({ ws, parent, ...(after === undefined ? {} : { _id: { $gt: after } }) })
    .sort({ _id: 1 })
    .limit(PAGE_COMMENTS + 1)
    .batchSize(FETCH)
    .project<CommentRow>({ author: 1, text: 1, kind: 1, created_at: 1 })
  const rows: CommentRow[] = []
  let left = bytes
  for await (const row of found) {
    left -= jsonBytes(row) + 1
    if (rows.length === PAGE_COMMENTS || (rows.length >= least && left < 0)) return { rows, more: true }
    rows.push(row)
  }
  return { rows, more: false }
}

/** Inserts of comments, each with its pending increment. */
const inserting = (
  { insert, insertAll }: Pick<Aggregates<CommentDoc>, 'insert' | 'insertAll'>,
  counted: CountedCollection,
  deps: Pick<AggregateDeps, 'ids' | 'clock'>,
) => {
  const addition = (comment: NewComment) => {
    const change = { id: deps.ids.next(), at: deps.clock.now(), sums: commentIncrement(comment.parent) }
    return { change, state: { ...comment, uncounted: [change] } }
  }
  return {
    /** Inserts a comment; null when another has its idempotency key. */
    insert: async (
      comment: NewComment,
      event: PlainEvent,
      because: Because,
    ): Promise<PendingChange | null> => {
      const { change, state } = addition(comment)
      const saved = await insert(state, [event], because)
      return saved && { collection: counted, id: saved._id, ws: saved.ws, change }
    },

    /** Inserts comments in one write; null in the place of each whose idempotency key another has. */
    insertAll: async (
      comments: readonly Readonly<{ comment: NewComment; event: PlainEvent }>[],
      because: Because,
    ): Promise<(PendingChange | null)[]> => {
      const additions = comments.map(({ comment, event }) => ({ ...addition(comment), events: [event] }))
      const saved = await insertAll(additions, because)
      return additions.map(({ change, state }, n) =>
        saved[n] ? { collection: counted, id: state._id, ws: state.ws, change } : null,
      )
    },
  }
}

/** Opens the comments of the service and makes their indexes. */
export const openComments = async (db: Db, deps: AggregateDeps) => {
  const opened = await openCollection<CommentDoc>(db, 'comments', { indexes: COMMENT_INDEXES })
  const { collection } = opened
  const writes = aggregates(opened, deps)
  const counted = collection as unknown as CountedCollection
  return {
    ...questionQueries(collection),
    ...inserting(writes, counted, deps),
    outbox: writes.outbox,
    counted,

    /** The comment that a request with this key created. */
    findCreated: (ws: string, key: string): Promise<CommentDoc | null> =>
      collection.findOne({ ws, 'created.key': key }),

    /** Which of these tasks and loops have comments. */
    findParents: async (ws: string, parents: readonly string[]): Promise<Set<string>> =>
      new Set(await collection.distinct('parent', { ws, parent: { $in: [...parents] } })),

    /** A comment by its id. */
    find: (ws: string, id: string): Promise<CommentDoc | null> => collection.findOne({ _id: id, ws }),

    /** A page of the comments on a task or loop. @see readPage */
    page: (ws: string, parent: string, after: string | undefined, bytes: number, least: number) =>
      readPage(collection, { ws, parent }, after, bytes, least),

    /** Removes some comments on a deleted task, those whose events are published; whether none is left. */
    purge: async (ws: string, parent: string): Promise<boolean> => {
      const found = await collection
        .find({ ws, parent })
        .sort({ _id: 1 })
        .limit(PURGE_BATCH)
        .project<{ _id: string }>({ _id: 1 })
        .toArray()
      const { deletedCount } = await collection.deleteMany({
        _id: { $in: found.map(({ _id }) => _id) },
        ws,
        outbox: { $size: 0 },
      })
      return deletedCount === found.length && found.length < PURGE_BATCH
    },
  }
}
export type CommentStore = Awaited<ReturnType<typeof openComments>>
