// The one way to change a document: state, version, ledger and outbox, in one guarded update.
//
// The version is in the filter, and one update is atomic. So no transaction is needed, and a crash leaves all of a change or
// none of it.
import { isDeepStrictEqual } from 'node:util'
import type { Collection, Filter, OptionalUnlessRequiredId, UpdateFilter } from 'mongodb'
import { type OutboxEvent, stampEvents } from '../contracts/define/cloud-event.ts'
import type { Call, PlainEvent } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import type { Ids } from '../process/ids.ts'
import type { Opened } from './collection.ts'
import type { LedgerEntry, Repeatable } from './idempotency.ts'
import { type Answered, type Ledger, openLedger } from './ledger.ts'
import { insertEach, inserted } from './mongo.ts'
import type { RequestStore } from './request-store.ts'

/** The fields that every changing document has besides its own. */
export type Aggregate = {
  _id: string
  /** Workspace; the shard key. */
  ws: string
  /** Version: in the filter of every write. */
  v: number
  /** The number of its stored shape; absent: the first. @see openCollection */
  schema?: number
  /** Events that wait to be published. */
  outbox: readonly OutboxEvent[]
  /** Answered requests. */
  ledger: readonly LedgerEntry[]
}

/** A document's own fields: what pure code decides on. */
export type State<T extends Aggregate> = Omit<T, 'v' | 'schema' | 'outbox' | 'ledger'>

/** How many events may wait in one document; a write that adds more is refused. */
export const OUTBOX_EVENTS = 100

/**
 * Checks that a document has room for the events of one more write.
 * @throws AppError `unavailable` when too many would wait in it.
 */
export const requireOutboxRoom = (waiting: readonly unknown[], added: readonly unknown[]): void => {
  if (waiting.length + added.length <= OUTBOX_EVENTS) return
  throw new AppError('unavailable', 'Too many earlier changes are waiting to be published. Try again soon.', {
    retry_after_ms: 1_000,
  })
}

/** Access to the events that wait in the documents of a collection. */
export type Outbox = Readonly<{
  name: string
  /** Documents with events that have waited since `before`, oldest first, without the documents in `except`. */
  pending: (
    before: Date,
    limit: number,
    except?: readonly string[],
  ) => Promise<readonly Readonly<{ id: string; events: readonly OutboxEvent[] }>[]>
  /** How many documents have waiting events, at most `limit`, and since when the oldest waits. @param time_ms for each query. */
  backlog: (
    limit: number,
    time_ms: number,
  ) => Promise<Readonly<{ documents: number; oldest?: Date | undefined }>>
  /** Takes published events out of their documents; repeating it does no harm. `ws`: the workspace that they name. */
  confirm: (
    published: readonly Readonly<{ id: string; ws: string; event_ids: readonly string[] }>[],
  ) => Promise<void>
}>

/** Called after each write with events, so that they are published at once instead of at the next poll. */
export type OnCommit = (outbox: Outbox, id: string, events: readonly OutboxEvent[]) => void

export type AggregateDeps = Readonly<{
  service: string
  clock: Clock
  ids: Ids
  onCommit: OnCommit
  /** Where answered requests go; needed by collections whose writes record requests. */
  requests?: RequestStore
}>

/** Why a write happens: the call, for its trace, and the request to record with its answer. */
export type Because = Answered & Readonly<{ call?: Call }>

/** What a save can do besides writing the next state. */
export type Beside<T extends Aggregate> = Readonly<{
  /** A further condition; a document that does not meet it counts as stale. */
  where?: Filter<T>
  /**
   * Entries to append to lists from which others remove entries without a version, as the relay does with the outbox.
   * Writing such a list back as it was read would restore entries that were removed meanwhile.
   */
  push?: Readonly<Record<string, readonly unknown[]>>
  /** Gives each event a version of its own, from the next one on; otherwise all events have the next version. */
  version_per_event?: boolean
}>

export type Aggregates<T extends Aggregate> = Readonly<{
  outbox: Outbox
  /** Inserts at version 1; null when the id or another unique key is taken. */
  insert: (
    state: State<T>,
    events: readonly PlainEvent[],
    because?: Because,
    beside?: Pick<Beside<T>, 'version_per_event'>,
  ) => Promise<T | null>
  /** Inserts several in one write. @returns each as `insert` does */
  insertAll: (
    additions: readonly Readonly<{ state: State<T>; events: readonly PlainEvent[] }>[],
    because?: Because,
  ) => Promise<(T | null)[]>
  /**
   * Writes the top-level fields in which `next` differs from `before`; null when the version has changed since. Fields that
   * others write without a version stay as they are, as long as they are the same in `before` and `next`.
   * @throws AppError `unavailable` when too many events wait in the document.
   */
  save: (
    before: T,
    next: State<T>,
    events: readonly PlainEvent[],
    because?: Because,
    beside?: Beside<T>,
  ) => Promise<T | null>
  /**
   * The entry of a request that was answered on this document before; undefined when it is new. Pass the document as it was
   * loaded before the decision: entries leave it only after they were copied.
   * @throws AppError `idempotency_conflict` when the key was used with other arguments.
   */
  findRepeat: (before: T, request: Repeatable | undefined) => Promise<LedgerEntry | undefined>
  /**
   * Adds events of the present version, and sets fields; the version stays.
   * @returns null when the document has changed since `before`, or does not match `where`.
   */
  publish: (
    before: T,
    set: Partial<State<T>>,
    events: readonly PlainEvent[],
    because: Because,
    where: Filter<T>,
  ) => Promise<T | null>
  /**
   * Records a request that changed nothing, so that its repeat changes nothing either; the version stays.
   * @returns false when the document has changed since `before`.
   */
  remember: (before: T, because: Because) => Promise<boolean>
}>

/** The index that the relay reads by; one of the indexes of every collection of aggregates. */
export const OUTBOX_INDEX = { key: { 'outbox.at': 1 }, name: 'outbox', sparse: true } as const

/**
 * The events that wait in the documents of a collection, which needs OUTBOX_INDEX.
 * @param options.by_workspace whether each document has the workspace that its events name in `ws`.
 */
export const outboxOf = <T extends Readonly<{ _id: string }>>(
  collection: Collection<T>,
  { by_workspace = false }: Readonly<{ by_workspace?: boolean }> = {},
): Outbox => ({
  name: collection.namespace,
  pending: async (before, limit, except = []) => {
    const others = except.length > 0 ? { _id: { $nin: [...except] } } : {}
    const found = await collection
      .find({ 'outbox.at': { $lte: before }, ...others } as unknown as Filter<T>)
      // The index returns the oldest first. A sort would read every waiting document into memory, because the server does
      // not use an index over a list to sort documents.
      .hint(OUTBOX_INDEX.name)
      .limit(limit)
      .project<{ _id: string; outbox: OutboxEvent[] }>({ outbox: 1 })
      .toArray()
    return found.map(({ _id, outbox }) => ({ id: _id, events: outbox }))
  },
  backlog: async (limit, time_ms) => {
    const waiting = { 'outbox.at': { $gte: new Date(0) } } as unknown as Filter<T>
    const options = { hint: OUTBOX_INDEX.name, maxTimeMS: time_ms }
    const documents = await collection.countDocuments(waiting, { ...options, limit })
    const [first] = await collection
      .find(waiting, options)
      .limit(1)
      .project<{ outbox: OutboxEvent[] }>({ 'outbox.at': 1 })
      .toArray()
    return { documents, oldest: first?.outbox[0]?.at }
  },
  confirm: async (published) => {
    if (published.length === 0) return
    // Without a version: removing by event id is right whatever else has changed, and must not make writers stale.
    await collection.bulkWrite(
      published.map(({ id, ws, event_ids }) => ({
        updateOne: {
          filter: { _id: id, ...(by_workspace ? { ws } : {}) } as unknown as Filter<T>,
          update: { $pull: { outbox: { id: { $in: [...event_ids] } } } } as unknown as UpdateFilter<T>,
        },
      })),
      { ordered: false },
    )
  },
})

/** The fields that are present, since an undefined field counts as absent in the state as in the database. */
const present = (fields: Readonly<Record<string, unknown>>, without: ReadonlySet<string>) =>
  Object.entries(fields).filter(([name, value]) => value !== undefined && !without.has(name))

/**
 * Which top-level fields to set and to unset for `before` to become `next`.
 * @param without fields that are written in another way.
 */
const difference = (
  before: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
  without: ReadonlySet<string>,
) => {
  const kept = present(next, without)
  const names = new Set(kept.map(([name]) => name))
  return {
    set: Object.fromEntries(kept.filter(([name, value]) => !isDeepStrictEqual(before[name], value))),
    unset: Object.fromEntries(
      present(before, without).flatMap(([name]) => (names.has(name) ? [] : [[name, '']])),
    ),
  }
}

/** Fields that a save writes itself, not from the state. */
const OWN_FIELDS = ['_id', 'v', 'schema', 'outbox', 'ledger'] as const

/** What the writes of a collection share: its documents, their ledger, and their events. */
type Writing<T extends Aggregate> = Omit<Opened<T>, 'read'> &
  Readonly<{
    outbox: Outbox
    ledger: Ledger<T>
    /** Events as the outbox holds them. @param each whether each makes a version, the first one `version`. */
    stamp: (
      document: Pick<T, '_id' | 'ws'>,
      version: number,
      events: readonly PlainEvent[],
      because: Because,
      each?: boolean,
    ) => readonly OutboxEvent[]
    /** Reports a write. */
    committed: (id: string, events: readonly OutboxEvent[]) => void
  }>

const openWriting = <T extends Aggregate>(
  { collection, schema }: Opened<T>,
  deps: AggregateDeps,
): Writing<T> => {
  const outbox = outboxOf(collection, { by_workspace: true })
  return {
    collection,
    schema,
    outbox,
    ledger: openLedger(collection, deps),
    stamp: ({ _id, ws }, version, events, { call }, each = false) => {
      const { service, clock, ids } = deps
      const stamp = { service, workspace_id: ws, entity_id: _id, now: clock.now(), nextId: ids.next }
      return events.flatMap((event, n) =>
        stampEvents([event], { ...stamp, version: each ? version + n : version, ...(call ? { call } : {}) }),
      )
    },
    committed: (id, events) => {
      if (events.length > 0) deps.onCommit(outbox, id, events)
    },
  }
}

const inserting = <T extends Aggregate>({
  collection,
  schema,
  ledger,
  stamp,
  committed,
}: Writing<T>): Pick<Aggregates<T>, 'insert' | 'insertAll'> => {
  const documentOf = (
    state: State<T>,
    events: readonly PlainEvent[],
    because: Because,
    each?: boolean,
  ): OptionalUnlessRequiredId<T> =>
    ({
      ...state,
      ...(schema === undefined ? {} : { schema }),
      v: each ? events.length : 1,
      outbox: stamp(state, 1, events, because, each),
      ledger: ledger.entries(because),
    }) as unknown as OptionalUnlessRequiredId<T>
  const report = (document: OptionalUnlessRequiredId<T>): T => {
    const saved = document as T
    committed(saved._id, saved.outbox)
    return saved
  }
  return {
    insert: async (state, events, because = {}, { version_per_event } = {}) => {
      const document = documentOf(state, events, because, version_per_event)
      return (await inserted(collection.insertOne(document))) ? report(document) : null
    },
    insertAll: async (additions, because = {}) => {
      const documents = additions.map(({ state, events }) => documentOf(state, events, because))
      const saved = await insertEach(collection, documents)
      return documents.map((document, n) => (saved[n] ? report(document) : null))
    },
  }
}

const saving =
  <T extends Aggregate>({
    collection,
    schema,
    ledger,
    stamp,
    committed,
  }: Writing<T>): Aggregates<T>['save'] =>
  async (before, next, events, because = {}, { where, push = {}, version_per_event } = {}) => {
    const { _id, ws, v } = before
    requireOutboxRoom(before.outbox, events)
    const waiting = stamp(before, v + 1, events, because, version_per_event)
    const entries = ledger.entries(because)
    // An upgraded document is written whole, because the stored one has another shape than `before`.
    const stored = before.schema === schema ? before : {}
    const { set, unset } = difference(stored, next, new Set([...OWN_FIELDS, ...Object.keys(push)]))
    await ledger.makeRoom(before, because)
    const saved = await collection.findOneAndUpdate(
      { ...where, ...ledger.unanswered(because), _id, ws, v } as unknown as Filter<T>,
      {
        $set: {
          ...set,
          ...(schema === undefined ? {} : { schema }),
          v: v + (version_per_event ? events.length : 1),
        },
        ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}),
        $push: {
          outbox: { $each: waiting },
          // Also without entries, because a document of an older shape may have no such list yet.
          ledger: { $each: entries },
          ...Object.fromEntries(Object.entries(push).map(([list, added]) => [list, { $each: added }])),
        },
      } as unknown as UpdateFilter<T>,
      { returnDocument: 'after' },
    )
    if (saved) committed(_id, waiting)
    return saved as T | null
  }

/** The writes of one collection, as `openCollection` returns it. */
export const aggregates = <T extends Aggregate>(opened: Opened<T>, deps: AggregateDeps): Aggregates<T> => {
  const { collection, read } = opened
  const writing = openWriting(opened, deps)
  const { outbox, ledger, stamp, committed } = writing
  return {
    outbox,
    findRepeat: ledger.findRepeat,
    ...inserting(writing),
    save: saving(writing),
    publish: async (before, set, events, because, where) => {
      const { _id, ws, v } = before
      const waiting = stamp(before, v, events, because)
      const saved = await collection.findOneAndUpdate(
        { ...where, _id, ws, v } as unknown as Filter<T>,
        { $set: set, $push: { outbox: { $each: waiting } } } as unknown as UpdateFilter<T>,
        { returnDocument: 'after' },
      )
      if (saved) committed(_id, waiting)
      return saved && read(saved as T)
    },
    remember: async (before, because) => {
      const { _id, ws, v } = before
      await ledger.makeRoom(before, because)
      const { matchedCount } = await collection.updateOne(
        { ...ledger.unanswered(because), _id, ws, v } as unknown as Filter<T>,
        { $push: { ledger: { $each: ledger.entries(because) } } } as unknown as UpdateFilter<T>,
      )
      return matchedCount === 1
    },
  }
}
