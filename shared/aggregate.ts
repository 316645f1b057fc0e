// The one way to write: state, version, ledger and outbox change together in one update of one document, guarded by its
// version. So nothing here needs a transaction, and a crash leaves either all of a change or none of it.
import type { Collection, Filter, MatchKeysAndValues, OptionalUnlessRequiredId, UpdateFilter } from 'mongodb'
import type { Clock } from './clock.ts'
import { type OutboxEvent, stampEvents } from './cloud-event.ts'
import type { Call, PlainEvent } from './contract.ts'
import { AppError } from './errors.ts'
import type { LedgerEntry, Repeatable } from './idempotency.ts'
import type { Ids } from './ids.ts'
import { isDuplicateKey } from './mongo.ts'

/** What every document that changes has besides its own fields. */
export type Aggregate = {
  _id: string
  /** Workspace; the shard key. */
  ws: string
  /** Version: in the filter of every write. */
  v: number
  outbox: readonly OutboxEvent[]
  ledger: readonly LedgerEntry[]
}

/** Its own fields: what pure code decides on. */
export type State<T extends Aggregate> = Omit<T, 'v' | 'outbox' | 'ledger'>

/** Requests remembered per document, newest kept. */
export const LEDGER_ENTRIES = 50
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

export type AggregateDeps = Readonly<{ service: string; clock: Clock; ids: Ids; onCommit: OnCommit }>

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
}>

export type Aggregates<T extends Aggregate> = Readonly<{
  outbox: Outbox
  /** Inserts at version 1; null when the id or another unique key is taken. */
  insert: (state: State<T>, events: readonly PlainEvent[], because?: Because) => Promise<T | null>
  /**
   * Writes the next state over `before`; null when it has changed since.
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

/** The writes of one collection. */
export const aggregates = <T extends Aggregate>(
  collection: Collection<T>,
  deps: AggregateDeps,
): Aggregates<T> => {
  const outbox = outboxOf(collection)
  const entry = (because: Because): LedgerEntry[] =>
    because.request ? [{ ...because.request, at: deps.clock.now(), result: because.result ?? null }] : []
  const stamped = (
    id: string,
    ws: string,
    version: number,
    events: readonly PlainEvent[],
    because: Because,
  ) =>
    stampEvents(events, {
      service: deps.service,
      workspace_id: ws,
      entity_id: id,
      version,
      now: deps.clock.now(),
      nextId: deps.ids.next,
      ...(because.call ? { call: because.call } : {}),
    })
  return {
    outbox,
    insert: async (state, events, because = {}) => {
      const waiting = stamped(state._id, state.ws, 1, events, because)
      const document = { ...state, v: 1, outbox: waiting, ledger: entry(because) } as unknown as T
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
      const waiting = stamped(_id, ws, v + 1, events, because)
      const { _id: _, ...fields } = next as State<T> & Partial<Aggregate>
      const lists = Object.entries(beside.push ?? {})
      for (const own of ['v', 'outbox', 'ledger', ...lists.map(([list]) => list)])
        delete (fields as Record<string, unknown>)[own]
      const saved = await collection.findOneAndUpdate(
        { ...beside.where, _id, ws, v } as unknown as Filter<T>,
        {
          $set: { ...fields, v: v + 1 } as unknown as MatchKeysAndValues<T>,
          $push: {
            outbox: { $each: waiting },
            ledger: { $each: entry(because), $slice: -LEDGER_ENTRIES },
            ...Object.fromEntries(lists.map(([list, entries]) => [list, { $each: entries }])),
          },
        } as unknown as UpdateFilter<T>,
        { returnDocument: 'after' },
      )
      if (saved && waiting.length > 0) deps.onCommit(outbox, _id, waiting)
      return saved as T | null
    },
    remember: async ({ _id, ws, v }, because) => {
      const { matchedCount } = await collection.updateOne(
        { _id, ws, v } as unknown as Filter<T>,
        {
          $push: { ledger: { $each: entry(because), $slice: -LEDGER_ENTRIES } },
        } as unknown as UpdateFilter<T>,
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

/**
 * Runs load–decide–save until the save finds the version that was loaded (at most MAX_TRIES, pausing a little longer
 * each time with full jitter).
 * @param attempt gives undefined when the save was stale, else the command's result.
 * @throws AppError `unavailable` when every try was stale.
 */
export const untilSaved = async <R>(
  attempt: (tries: number) => Promise<R | undefined>,
  random: () => number,
): Promise<R> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const result = await attempt(tries)
    if (result !== undefined) return result
    await new Promise((resolve) => setTimeout(resolve, random() * Math.min(50, 4 * 2 ** tries)))
  }
  throw new AppError('unavailable', 'Others changed it again and again meanwhile; try again.', {
    retry_after_ms: 250,
  })
}
