// The one way to write: state, version, ledger and outbox change together in one update of one document, guarded by its
// version. So nothing here needs a transaction, and a crash leaves either all of a change or none of it.
import { isDeepStrictEqual } from 'node:util'
import type { Collection, Filter, OptionalUnlessRequiredId, UpdateFilter } from 'mongodb'
import { type OutboxEvent, stampEvents } from '../contracts/define/cloud-event.ts'
import type { Call, PlainEvent } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import type { Ids } from '../process/ids.ts'
import type { Opened } from './collection.ts'
import { findRepeat, type LedgerEntry, type Repeatable } from './idempotency.ts'
import { isDuplicateKey } from './mongo.ts'
import type { RequestStore } from './request-store.ts'

/** What every document that changes has besides its own fields. */
export type Aggregate = {
  _id: string
  /** Workspace; the shard key. */
  ws: string
  /** Version: in the filter of every write. */
  v: number
  /** The number of its shape as stored; none: the first one. @see openCollection */
  schema?: number
  outbox: readonly OutboxEvent[]
  ledger: readonly LedgerEntry[]
}

/** Its own fields: what pure code decides on. */
export type State<T extends Aggregate> = Omit<T, 'v' | 'schema' | 'outbox' | 'ledger'>

/** Answered requests that a document holds before they are moved to where requests are kept. */
export const LEDGER_ENTRIES = 10
/** Bytes of one remembered answer, as JSON: a document holds several. */
export const RESULT_BYTES = 8 * 1024
/** Events that may wait in one document; more is refused, never dropped. */
export const OUTBOX_EVENTS = 100

/** Where the relay finds waiting events. */
export type Outbox = Readonly<{
  name: string
  /** Documents with events that have waited since before `before`, oldest first, but for those of these ids. */
  pending: (
    before: Date,
    limit: number,
    except?: readonly string[],
  ) => Promise<readonly Readonly<{ id: string; events: readonly OutboxEvent[] }>[]>
  /** Takes events out of their documents that the stream has; repeats do no harm. */
  confirm: (sent: readonly Readonly<{ id: string; event_ids: readonly string[] }>[]) => Promise<void>
}>

/** Told of each write, so that events leave at once instead of at the next poll. */
export type OnCommit = (outbox: Outbox, id: string, events: readonly OutboxEvent[]) => void

export type AggregateDeps = Readonly<{
  service: string
  clock: Clock
  ids: Ids
  onCommit: OnCommit
  /** Where answered requests are kept; needed by collections that remember requests. */
  requests?: RequestStore
}>

/** What a write is for: the call's trace, and the request to remember with its result. */
export type Because = Readonly<{ call?: Call; request?: Repeatable | undefined; result?: unknown }>

/** What a save may ask and add beyond the version and the outbox. */
export type Beside<T extends Aggregate> = Readonly<{
  /** What must also be so, or the save counts as stale. */
  where?: Filter<T>
  /**
   * Entries for lists that others take out of without a version, as the relay does with the outbox. Such a list is only
   * appended to: writing back what was read would bring entries back that are done with.
   */
  push?: Readonly<Record<string, readonly unknown[]>>
  /** Each event makes a version of its own, the first one the next; otherwise all tell of the same one. */
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
  /**
   * Writes what differs between `before` and the next state; null when the version has changed since. A field that
   * others write without a version stays as they left it, as long as `next` has it as `before` had it.
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
   * The entry of a request that was answered on this document before; undefined when it is new. Ask with the document as
   * it was loaded before the decision: an entry leaves the document only after it was copied.
   * @throws AppError `idempotency_conflict` when the key was used with other arguments.
   */
  findRepeat: (before: T, request: Repeatable | undefined) => Promise<LedgerEntry | undefined>
  /**
   * Publishes what was still to be said of the version that stands, and sets fields with it; the version stays.
   * @returns null when the document has changed since `before`, or is not as `where` asks.
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

/** The index that the relay reads; part of every aggregate collection's indexes. */
export const OUTBOX_INDEX = { key: { 'outbox.at': 1 }, name: 'outbox', sparse: true } as const

/** The events that wait in the documents of a collection; it needs OUTBOX_INDEX. */
export const outboxOf = <T extends Readonly<{ _id: string }>>(collection: Collection<T>): Outbox => ({
  name: collection.namespace,
  pending: async (before, limit, except = []) => {
    const others = except.length > 0 ? { _id: { $nin: [...except] } } : {}
    const found = await collection
      .find({ 'outbox.at': { $lte: before }, ...others } as unknown as Filter<T>)
      // Oldest first, as the index lies. Asked to sort, the server would read every waiting document into memory: it does
      // not take the order of an index over a list for the order of documents.
      .hint(OUTBOX_INDEX.name)
      .limit(limit)
      .project<{ _id: string; outbox: OutboxEvent[] }>({ outbox: 1 })
      .toArray()
    return found.map(({ _id, outbox }) => ({ id: _id, events: outbox }))
  },
  confirm: async (sent) => {
    if (sent.length === 0) return
    // No version guard: taking out by event id is right whatever else has changed, and must not disturb writers.
    await collection.bulkWrite(
      sent.map(({ id, event_ids }) => ({
        updateOne: {
          filter: { _id: id } as Filter<T>,
          update: { $pull: { outbox: { id: { $in: [...event_ids] } } } } as unknown as UpdateFilter<T>,
        },
      })),
      { ordered: false },
    )
  },
})

/** The answered request of a write, as the document holds it. */
const entriesOf = ({ request, result = null }: Because, at: Date): LedgerEntry[] => {
  if (!request) return []
  const bytes = Buffer.byteLength(JSON.stringify(result))
  if (bytes > RESULT_BYTES) throw new Error(`an answer of ${bytes} bytes is too large to be remembered`)
  return [{ ...request, at, result }]
}

/** A field that is undefined is as if absent, in the state as in the database. */
const present = (fields: Readonly<Record<string, unknown>>, without: ReadonlySet<string>) =>
  Object.entries(fields).filter(([name, value]) => value !== undefined && !without.has(name))

/**
 * What has to be set and what to be taken away for `before` to become `next`, by top-level fields.
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

const OWN_FIELDS = ['_id', 'v', 'schema', 'outbox', 'ledger'] as const

/** How requests are remembered in the documents of a collection, and moved to where they are kept. */
const remembering = <T extends Aggregate>(
  collection: Collection<T>,
  { clock, requests }: Pick<AggregateDeps, 'clock' | 'requests'>,
) => {
  const kept = (): RequestStore => {
    if (!requests) throw new Error(`${collection.collectionName} remembers no requests`)
    return requests
  }
  return {
    /** What a write with a request asks of the document, besides its version: nobody recorded the same key meanwhile. */
    unanswered: ({ request }: Because) => (request ? { 'ledger.key': { $ne: request.key } } : {}),
    /** Moves the entries of a full document: copied first, then taken out by their keys, so that none is ever lost. */
    makeRoom: async ({ _id, ws, ledger }: T, { request }: Because): Promise<void> => {
      if (!request || ledger.length < LEDGER_ENTRIES) return
      await kept().keep(ws, _id, ledger)
      const keys = ledger.map(({ key }) => key)
      await collection.updateOne(
        { _id, ws } as unknown as Filter<T>,
        { $pull: { ledger: { key: { $in: keys } } } } as unknown as UpdateFilter<T>,
      )
    },
    findRepeat: async ({ _id, ledger }: T, request: Repeatable | undefined) =>
      request && (findRepeat(ledger, request) ?? findRepeat(await kept().find(_id, request), request)),
    entries: (because: Because) => entriesOf(because, clock.now()),
  }
}

/** The writes of one collection, as `openCollection` gives it. */
export const aggregates = <T extends Aggregate>(
  { collection, schema, read }: Opened<T>,
  deps: AggregateDeps,
): Aggregates<T> => {
  const outbox = outboxOf(collection)
  const shape = schema === undefined ? {} : { schema }
  const { unanswered, makeRoom, entries, findRepeat: find } = remembering(collection, deps)
  const stamped = (
    { _id, ws }: Pick<T, '_id' | 'ws'>,
    version: number,
    events: readonly PlainEvent[],
    { call }: Because,
    each?: boolean,
  ): OutboxEvent[] => {
    const stamp = { service: deps.service, workspace_id: ws, entity_id: _id, now: deps.clock.now() }
    return events.flatMap((event, n) =>
      stampEvents([event], {
        ...stamp,
        version: each ? version + n : version,
        nextId: deps.ids.next,
        ...(call ? { call } : {}),
      }),
    )
  }
  return {
    outbox,
    findRepeat: find,
    insert: async (state, events, because = {}, { version_per_event } = {}) => {
      const waiting = stamped(state, 1, events, because, version_per_event)
      const v = version_per_event ? events.length : 1
      const document = {
        ...state,
        ...shape,
        v,
        outbox: waiting,
        ledger: entries(because),
      } as unknown as T
      try {
        await collection.insertOne(document as OptionalUnlessRequiredId<T>)
      } catch (error) {
        if (isDuplicateKey(error)) return null
        throw error
      }
      if (waiting.length > 0) deps.onCommit(outbox, state._id, waiting)
      return document
    },
    save: async (before, next, events, because = {}, beside = {}) => {
      const { _id, ws, v } = before
      if (before.outbox.length + events.length > OUTBOX_EVENTS)
        throw new AppError('unavailable', 'Too many events of this wait to be sent; try again soon.', {
          retry_after_ms: 1_000,
        })
      const waiting = stamped(before, v + 1, events, because, beside.version_per_event)
      const remembered = entries(because)
      const lists = Object.entries(beside.push ?? {})
      // An upgraded document is written whole: what is stored has another shape than `before`.
      const stored = before.schema === schema ? before : {}
      const without = new Set([...OWN_FIELDS, ...lists.map(([list]) => list)])
      const { set, unset } = difference(stored, next, without)
      await makeRoom(before, because)
      const saved = await collection.findOneAndUpdate(
        { ...beside.where, ...unanswered(because), _id, ws, v } as unknown as Filter<T>,
        {
          $set: { ...set, ...shape, v: v + (beside.version_per_event ? events.length : 1) },
          ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}),
          $push: {
            outbox: { $each: waiting },
            // Also when there is nothing to remember: a document of an older shape may have no such list yet.
            ledger: { $each: remembered },
            ...Object.fromEntries(lists.map(([list, added]) => [list, { $each: added }])),
          },
        } as unknown as UpdateFilter<T>,
        { returnDocument: 'after' },
      )
      if (saved && waiting.length > 0) deps.onCommit(outbox, _id, waiting)
      return saved as T | null
    },
    publish: async (before, set, events, because, where) => {
      const { _id, ws, v } = before
      const waiting = stamped(before, v, events, because)
      const saved = await collection.findOneAndUpdate(
        { ...where, _id, ws, v } as unknown as Filter<T>,
        { $set: set, $push: { outbox: { $each: waiting } } } as unknown as UpdateFilter<T>,
        { returnDocument: 'after' },
      )
      if (saved && waiting.length > 0) deps.onCommit(outbox, _id, waiting)
      return saved && read(saved as T)
    },
    remember: async (before, because) => {
      const { _id, ws, v } = before
      await makeRoom(before, because)
      const { matchedCount } = await collection.updateOne(
        { ...unanswered(because), _id, ws, v } as unknown as Filter<T>,
        { $push: { ledger: { $each: entries(because) } } } as unknown as UpdateFilter<T>,
      )
      return matchedCount === 1
    },
  }
}

/** Tries of a command on newer and newer versions before it gives up. */
export const MAX_TRIES = 8

/** The answer to a writer whose named version is no longer the current one. */
export const versionConflict = (
  expected: number,
  current: number,
  details: Record<string, unknown> = {},
): AppError =>
  new AppError('version_conflict', `It has version ${current} now, not ${expected}; nothing was changed.`, {
    hint: `Read it again, then call with expected_version ${current}.`,
    details: { ...details, expected, current },
  })

/** How long a command is tried. */
export type Patience = Readonly<{
  max_tries?: number
  /** Time left (ms); a new try is not begun when little of it is left. */
  remainingMs?: () => number
}>

/** Time that a further try and its answer need (ms). */
const LAST_TRY_MS = 250
/** Longest pause between two tries (ms). */
const LONGEST_PAUSE_MS = 200

/**
 * Runs load–decide–save until the save finds the version that was loaded, pausing a little longer each time with full
 * jitter.
 * @param attempt gives undefined when the save was stale, else the command's result.
 * @throws AppError `unavailable` when every try was stale.
 */
export const untilSaved = async <R>(
  attempt: (tries: number) => Promise<R | undefined>,
  random: () => number,
  { max_tries = MAX_TRIES, remainingMs = () => Number.POSITIVE_INFINITY }: Patience = {},
): Promise<R> => {
  for (let tries = 0; tries < max_tries && (tries === 0 || remainingMs() > LAST_TRY_MS); tries += 1) {
    const result = await attempt(tries)
    if (result !== undefined) return result
    await new Promise((resolve) => setTimeout(resolve, random() * Math.min(LONGEST_PAUSE_MS, 4 * 2 ** tries)))
  }
  throw new AppError('unavailable', 'Others changed it again and again meanwhile; try again.', {
    retry_after_ms: 250,
  })
}
