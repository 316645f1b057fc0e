// The collections of the audit log. Nothing changes an entry; only its event leaves it once that is published.
//
// audit          _id = the record and the chain, so that no chain holds a record twice. Unique by chain and place.
// audit_pending  _id = the record. Written before the work, removed when the record is in its chains.
// audit_anchors  _id = the chain: its place before the oldest entry that is kept, since old ones are removed.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import { type OutboxEvent, stampEvents } from '../../../shared/contracts/define/cloud-event.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { type AggregateDeps, OUTBOX_INDEX, type Outbox, outboxOf } from '../../../shared/storage/aggregate.ts'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'
import {
  type AuditAction,
  type AuditEnd,
  type AuditEntry,
  type AuditRecord,
  CHAIN_START,
  type ChainEntry,
  type ChainPlace,
  chained,
  recordedEvent,
} from './audit-rules.ts'
import { inTurns } from './turns.ts'

/** An entry as it is stored. */
type StoredEntry = Omit<ChainEntry, 'at'> & { _id: string; at: Date; outbox: readonly OutboxEvent[] }

/** An action that is under way, or whose record is not in its chains yet. */
export type PendingEntry = AuditEntry &
  Partial<AuditEnd> & {
    _id: string
    at: Date
    /** From when on it counts as left behind. */
    due_at: Date
  }

/** Which entries of a chain to read. */
export type AuditFilter = Readonly<{
  user_id?: string | undefined
  action?: AuditAction | undefined
  /** From this moment on, and before that one. */
  from?: Date | undefined
  before?: Date | undefined
}>

/** Where an entry is by time. Entries are chained when what they tell of has ended, so their times are not in order. */
export type AuditMoment = Readonly<{ at: Date; seq: number }>

export type AuditStore = Readonly<{
  outbox: Outbox
  /** Notes an action before it is done. */
  begin: (pending: PendingEntry) => Promise<void>
  /** Notes how it ended, for whoever takes it up from `due_at` on. */
  settle: (id: string, end: AuditEnd, due_at: Date) => Promise<void>
  /** Removes what is in its chains. */
  end: (id: string) => Promise<void>
  /** What was left behind at `now`, oldest first. */
  leftBehind: (now: Date, limit: number) => Promise<PendingEntry[]>
  /**
   * Takes a record up into a chain; a repeat changes nothing.
   * @throws AppError `unavailable` when others kept writing to the chain; what the database throws.
   */
  append: (ws: string, record: AuditRecord) => Promise<void>
  /** Entries of a chain in their order, after a place. */
  read: (ws: string, after_seq: number, limit: number) => Promise<ChainEntry[]>
  /** Some entries of a chain by their time, after a moment of it. Whatever the filter, it reads hardly more than it gives. */
  byTime: (
    ws: string,
    filter: AuditFilter,
    order: 'newest first' | 'oldest first',
    limit: number,
    after?: AuditMoment,
  ) => Promise<ChainEntry[]>
  /** The place before the oldest entry that is kept. */
  anchor: (ws: string) => Promise<ChainPlace>
  /** Every chain. */
  chains: () => Promise<string[]>
  /** Removes entries from before a moment, at most `limit` of one chain. @returns how many. */
  forget: (before: Date, limit: number) => Promise<number>
}>

type AnchorDoc = ChainPlace & { _id: string }

const ENTRY_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  { key: { ws: 1, seq: 1 }, name: 'chain', unique: true },
  { key: { ws: 1, at: 1, seq: 1 }, name: 'days' },
  { key: { ws: 1, 'by.user_id': 1, at: 1, seq: 1 }, name: 'people_days' },
  { key: { ws: 1, action: 1, at: 1, seq: 1 }, name: 'action_days' },
  { key: { ws: 1, 'by.user_id': 1, action: 1, at: 1, seq: 1 }, name: 'people_action_days' },
  { key: { at: 1 }, name: 'age' },
]
/** They were sorted by place alone, so that a filter by days walked the chain. */
const RETIRED = ['people', 'actions']
const PENDING_INDEXES: readonly IndexDescription[] = [{ key: { due_at: 1 }, name: 'due' }]

/** How often to try again after another process wrote to the chain first, and the longest pause between (ms). */
const APPEND_TRIES = 40
const LONGEST_PAUSE_MS = 100

const entryOf = ({ _id, at, outbox: _, ...entry }: StoredEntry): ChainEntry => ({
  ...entry,
  at: at.toISOString(),
})

/** What passes a filter and comes after a moment, in this direction of time. */
const filterOf = (
  ws: string,
  { user_id, action, from, before }: AuditFilter,
  beyond: '$lt' | '$gt',
  after: AuditMoment | undefined,
): Filter<StoredEntry> => {
  const days = [
    ...(from ? [{ at: { $gte: from } }] : []),
    ...(before ? [{ at: { $lt: before } }] : []),
    // The first condition bounds what is read of the index.
    ...(after ? [{ at: { [`${beyond}e`]: after.at } }] : []),
    ...(after
      ? [{ $or: [{ at: { [beyond]: after.at } }, { at: after.at, seq: { [beyond]: after.seq } }] }]
      : []),
  ]
  return {
    ws,
    ...(user_id === undefined ? {} : { 'by.user_id': user_id }),
    ...(action === undefined ? {} : { action }),
    ...(days.length === 0 ? {} : { $and: days }),
  } as Filter<StoredEntry>
}

const reading = (
  entries: Collection<StoredEntry>,
  anchors: Collection<AnchorDoc>,
): Pick<AuditStore, 'read' | 'byTime' | 'anchor' | 'chains'> => ({
  read: async (ws, after_seq, limit) => {
    const found = entries.find({ ws, seq: { $gt: after_seq } })
    return (await found.sort({ seq: 1 }).limit(limit).toArray()).map(entryOf)
  },
  byTime: async (ws, filter, order, limit, after) => {
    const [beyond, direction] = order === 'newest first' ? (['$lt', -1] as const) : (['$gt', 1] as const)
    const found = entries.find(filterOf(ws, filter, beyond, after))
    return (await found.sort({ at: direction, seq: direction }).limit(limit).toArray()).map(entryOf)
  },
  anchor: async (ws) => {
    const { seq, hash } = (await anchors.findOne({ _id: ws })) ?? CHAIN_START
    return { seq, hash }
  },
  chains: async () => {
    const all = [...(await entries.distinct('ws')), ...(await anchors.distinct('_id'))]
    return [...new Set(all)].toSorted()
  },
})

const appending = (entries: Collection<StoredEntry>, anchors: Collection<AnchorDoc>, deps: AggregateDeps) => {
  const outbox = outboxOf(entries)
  const turns = inTurns()
  /** The newest place. Entries go after their place was noted as an anchor, so one of the two has it. */
  const head = async (ws: string): Promise<ChainPlace> => {
    const newest = await entries.findOne({ ws }, { sort: { seq: -1 }, projection: { seq: 1, hash: 1 } })
    return newest ?? (await anchors.findOne({ _id: ws })) ?? CHAIN_START
  }
  const appendOnce = async (ws: string, record: AuditRecord): Promise<boolean> => {
    const _id = `${record.id} ${ws}`
    if (await entries.findOne({ _id, ws }, { projection: { _id: 1 } })) return true
    const entry = chained(ws, await head(ws), record)
    const waiting = stampEvents([recordedEvent(entry)], {
      service: deps.service,
      workspace_id: ws,
      entity_id: ws,
      version: entry.seq,
      now: deps.clock.now(),
      nextId: deps.ids.next,
    })
    const stored = { ...entry, _id, at: new Date(entry.at), outbox: waiting }
    if (!(await inserted(entries.insertOne(stored)))) return false
    deps.onCommit(outbox, _id, waiting)
    return true
  }
  const append: AuditStore['append'] = (ws, record) =>
    // One after the other in this process, so that they do not compete with each other.
    turns(ws, async () => {
      for (let tries = 1; tries <= APPEND_TRIES; tries += 1) {
        if (await appendOnce(ws, record)) return
        const pause_ms = deps.ids.random() * Math.min(LONGEST_PAUSE_MS, 2 * 2 ** Math.min(tries, 10))
        await new Promise((resolve) => setTimeout(resolve, pause_ms))
      }
      throw new AppError('unavailable', 'Too much is being written to the audit log; try again.', {
        retry_after_ms: 1_000,
      })
    })
  return { outbox, append }
}

/** Removes old entries from the beginning of a chain, after noting the place of the last of them. */
const forgetting =
  (entries: Collection<StoredEntry>, anchors: Collection<AnchorDoc>): AuditStore['forget'] =>
  async (before, limit) => {
    const oldest = await entries.findOne({ at: { $lt: before } }, { sort: { at: 1 } })
    if (!oldest) return 0
    const { ws } = oldest
    const first = await entries.find({ ws }).sort({ seq: 1 }).limit(limit).toArray()
    const young = first.findIndex(({ at }) => at >= before)
    const old = young < 0 ? first : first.slice(0, young)
    const last = old.at(-1)
    if (!last) return 0
    const { seq, hash } = last
    // Without this condition, a slower gateway would take the anchor back to a place whose entries are gone.
    await inserted(
      anchors.updateOne({ _id: ws, seq: { $lt: seq } }, { $set: { seq, hash } }, { upsert: true }),
    )
    return (await entries.deleteMany({ ws, seq: { $lte: seq } })).deletedCount
  }

/** Opens the collections and makes their indexes. */
export const openAuditStore = async (db: Db, deps: AggregateDeps): Promise<AuditStore> => {
  const { collection: entries } = await openCollection<StoredEntry>(db, 'audit', {
    indexes: ENTRY_INDEXES,
    retired: RETIRED,
  })
  const { collection: pending } = await openCollection<PendingEntry>(db, 'audit_pending', {
    indexes: PENDING_INDEXES,
  })
  const { collection: anchors } = await openCollection<AnchorDoc>(db, 'audit_anchors', { indexes: [] })
  return {
    ...reading(entries, anchors),
    ...appending(entries, anchors, deps),
    begin: async (entry) => void (await pending.insertOne(entry)),
    settle: async (_id, end, due_at) => void (await pending.updateOne({ _id }, { $set: { ...end, due_at } })),
    end: async (_id) => void (await pending.deleteOne({ _id })),
    leftBehind: (now, limit) =>
      pending
        .find({ due_at: { $lte: now } })
        .sort({ due_at: 1 })
        .limit(limit)
        .toArray(),
    forget: forgetting(entries, anchors),
  }
}
