// The queues in MongoDB: one document per workspace, read and written whole.
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

/** A queue as it is stored; it has version 0 before the first loop. */
export type QueueDoc = QueueState & Aggregate

/** Names a state of a queue. */
export type QueueHead = Readonly<{ v: number; rev?: string }>
/** A queue as readers need it. */
export type OrderDoc = Omit<QueueState, 'log'> & Readonly<{ v: number; log: readonly [] }>

/** The indexes of the queues besides the one on their id. */
const QUEUE_INDEXES: readonly IndexDescription[] = [OUTBOX_INDEX]

/** Loop ids in events that may wait in one document: some megabytes, well below MongoDB's 16. */
const WAITING_IDS = 100_000

const idsIn = (data: Readonly<Record<string, unknown>>): number =>
  [data.order, data.loop_ids].reduce((sum: number, ids) => sum + (Array.isArray(ids) ? ids.length : 0), 0)

const emptyQueue = (ws: string) => ({ _id: ws, ws, v: 0, slots: [], held: [], log: [] as const })

/** The reads and writes of the queues. @see openQueues */
export type QueueStore = Readonly<{
  outbox: Outbox
  load: (ws: string) => Promise<QueueDoc>
  /** The present state: what is known of a queue with the same version and `rev` still holds. */
  loadHead: (ws: string) => Promise<QueueHead>
  /** The queue without what writers alone need. */
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
   * Gives the queue a new `rev`, because it was found up to date: whoever decided on older loops finds it changed. The
   * version stays; null when another writer was first.
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
  const perEvent = { version_per_event: true }
  return {
    outbox,
    load: async (ws) => {
      const found = await collection.findOne({ _id: ws, ws })
      return found ? read(found) : { ...emptyQueue(ws), outbox: [], ledger: [] }
    },
    loadHead: async (ws) =>
      (await collection.findOne({ _id: ws, ws }, { projection: { _id: 0, v: 1, rev: 1 } })) ?? { v: 0 },
    loadOrder: async (ws) => {
      const projection = { log: 0, outbox: 0, ledger: 0 }
      const found = await collection.findOne({ _id: ws, ws }, { projection })
      return found ? { ...read(found), log: [] } : emptyQueue(ws)
    },
    save: async (before, { next, events }, because) => {
      const waiting = [...before.outbox.map(({ event }) => event.data), ...events.map(({ data }) => data)]
      if (before.outbox.length > 0 && waiting.reduce((sum, data) => sum + idsIn(data), 0) > WAITING_IDS)
        throw new AppError(
          'unavailable',
          'Too many changes of the order are waiting to be published; try again soon.',
          {
            retry_after_ms: 1_000,
          },
        )
      const state = { ...next, rev: deps.ids.next() }
      return isStored(before)
        ? await save(before, state, events, because, { ...perEvent, where: unchanged(before) })
        : await insert(state, events, because, perEvent)
    },
    confirm: async (before) => {
      const rev = deps.ids.next()
      return isStored(before)
        ? await publish(before, { rev }, [], {}, unchanged(before))
        : await insert({ ...emptyQueue(before.ws), rev }, [], {}, perEvent)
    },
    findRepeat,
    remember,
  }
}
