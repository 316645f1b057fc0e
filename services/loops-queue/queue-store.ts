// The queue documents in MongoDB: one per workspace, read and written whole.
import type { Db, IndexDescription } from 'mongodb'
import { AppError } from '../../shared/contracts/define/errors.ts'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  type Because,
  OUTBOX_INDEX,
  type Outbox,
} from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import type { QueueState, withVersions } from './queue-rules.ts'

/** A queue as it is stored; version 0 is one that nothing was put into yet. */
export type QueueDoc = QueueState & Aggregate

/** Which state of a queue. */
export type QueueHead = Readonly<{ v: number; rev?: string }>
/** A queue as readers need it. */
export type OrderDoc = Omit<QueueState, 'log'> & Readonly<{ v: number; log: readonly [] }>

/** The indexes of the queues besides the one on their id. */
const QUEUE_INDEXES: readonly IndexDescription[] = [OUTBOX_INDEX]

/** Loop ids in events that may wait in one document: some megabytes, well below MongoDB's 16. */
const WAITING_IDS = 100_000

const idsIn = (data: Readonly<Record<string, unknown>>): number =>
  [data.order, data.loop_ids].reduce((sum: number, ids) => sum + (Array.isArray(ids) ? ids.length : 0), 0)

const nothing = (ws: string) => ({ _id: ws, ws, v: 0, slots: [], held: [], log: [] as const })

/** The reads and writes of the queues. @see openQueues */
export type QueueStore = Readonly<{
  outbox: Outbox
  load: (ws: string) => Promise<QueueDoc>
  /** Which queue it is now: what is known of one with the same version and `rev` still holds. */
  loadHead: (ws: string) => Promise<QueueHead>
  /** The queue without what only writers need. */
  loadOrder: (ws: string) => Promise<OrderDoc>
  /**
   * Writes the next versions; null when another writer was first.
   * @throws AppError `unavailable` when so many events wait that the document would grow too large.
   */
  save: (
    before: QueueDoc,
    changed: ReturnType<typeof withVersions>,
    because: Because,
  ) => Promise<QueueDoc | null>
  /**
   * Says that the queue was found in line: whoever decided on an older look at the loops finds it changed. The version
   * stays; null when another writer was first.
   */
  confirm: (before: QueueDoc) => Promise<QueueDoc | null>
}> &
  Pick<Aggregates<QueueDoc>, 'findRepeat' | 'remember'>

/** Opens the collection of queues and makes its indexes. */
export const openQueues = async (db: Db, deps: AggregateDeps): Promise<QueueStore> => {
  const opened = await openCollection<QueueDoc>(db, 'queues', { indexes: QUEUE_INDEXES })
  const { collection, read } = opened
  const { insert, save, publish, outbox, findRepeat, remember } = aggregates(opened, deps)
  const isStored = ({ v, rev }: QueueDoc): boolean => v > 0 || rev !== undefined
  const unchanged = ({ rev }: QueueDoc) => ({ rev: rev ?? { $exists: false } })
  const each = { version_per_event: true }
  return {
    outbox,
    load: async (ws) => {
      const found = await collection.findOne({ _id: ws })
      return found ? read(found) : { ...nothing(ws), outbox: [], ledger: [] }
    },
    loadHead: async (ws) =>
      (await collection.findOne({ _id: ws }, { projection: { _id: 0, v: 1, rev: 1 } })) ?? { v: 0 },
    loadOrder: async (ws) => {
      const projection = { log: 0, outbox: 0, ledger: 0 }
      const found = await collection.findOne({ _id: ws }, { projection })
      return found ? { ...read(found), log: [] } : nothing(ws)
    },
    save: async (before, { next, events }, because) => {
      const waiting = [...before.outbox.map(({ event }) => event.data), ...events.map(({ data }) => data)]
      if (before.outbox.length > 0 && waiting.reduce((sum, data) => sum + idsIn(data), 0) > WAITING_IDS)
        throw new AppError('unavailable', 'Too many changes of the order wait to be told; try again soon.', {
          retry_after_ms: 1_000,
        })
      const state = { ...next, rev: deps.ids.next() }
      return isStored(before)
        ? await save(before, state, events, because, { ...each, where: unchanged(before) })
        : await insert(state, events, because, each)
    },
    confirm: async (before) => {
      const rev = deps.ids.next()
      return isStored(before)
        ? await publish(before, { rev }, [], {}, unchanged(before))
        : await insert({ ...nothing(before.ws), rev }, [], {}, each)
    },
    findRepeat,
    remember,
  }
}
