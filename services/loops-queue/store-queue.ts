// The queue documents in MongoDB: one per workspace, read and written whole.
import type { Db, IndexDescription } from 'mongodb'
import {
  type Aggregate,
  type AggregateDeps,
  aggregates,
  type Because,
  LEDGER_ENTRIES,
  OUTBOX_INDEX,
  type Outbox,
} from '../../shared/aggregate.ts'
import { AppError } from '../../shared/errors.ts'
import type { Repeatable } from '../../shared/idempotency.ts'
import { ensureIndexes } from '../../shared/mongo.ts'
import type { advance, QueueState } from './queue.ts'

/** A queue as it is stored; version 0 is one that nothing was put into yet. */
export type QueueDoc = QueueState & Aggregate

/** The indexes of the queues besides the one on their id. */
const QUEUE_INDEXES: readonly IndexDescription[] = [OUTBOX_INDEX]

/** Loop ids in events that may wait in one document: some megabytes, well below MongoDB's 16. */
const WAITING_IDS = 100_000

const idsIn = (data: Readonly<Record<string, unknown>>): number =>
  [data.order, data.loop_ids].reduce((sum: number, ids) => sum + (Array.isArray(ids) ? ids.length : 0), 0)

/** The reads and writes of the queues. @see openQueues */
export type QueueStore = Readonly<{
  outbox: Outbox
  load: (ws: string) => Promise<QueueDoc>
  /**
   * Writes the next version; null when another writer was first.
   * @throws AppError `unavailable` when so many events wait that the document would grow too large.
   */
  save: (before: QueueDoc, advanced: ReturnType<typeof advance>, because: Because) => Promise<QueueDoc | null>
  /**
   * Remembers the answer to a request that changed nothing, so that its repeat changes nothing either.
   * @returns false when the queue has changed since.
   */
  remember: (queue: QueueDoc, request: Repeatable, result: unknown) => Promise<boolean>
}>

/** Opens the collection of queues and makes its indexes. */
export const openQueues = async (db: Db, deps: AggregateDeps): Promise<QueueStore> => {
  const collection = db.collection<QueueDoc>('queues')
  await ensureIndexes(collection, QUEUE_INDEXES)
  const { insert, save, outbox } = aggregates(collection, deps)
  return {
    outbox,
    load: async (ws) =>
      (await collection.findOne({ _id: ws })) ?? {
        _id: ws,
        ws,
        v: 0,
        slots: [],
        held: [],
        log: [],
        outbox: [],
        ledger: [],
      },
    save: async (before, { next, events }, because) => {
      const waiting = [...before.outbox.map(({ event }) => event.data), ...events.map(({ data }) => data)]
      if (before.outbox.length > 0 && waiting.reduce((sum, data) => sum + idsIn(data), 0) > WAITING_IDS)
        throw new AppError('unavailable', 'Too many changes of the order wait to be told; try again soon.', {
          retry_after_ms: 1_000,
        })
      return before.v === 0 ? await insert(next, events, because) : await save(before, next, events, because)
    },
    remember: async ({ _id, ws, v }, request, result) => {
      const entry = { ...request, at: deps.clock.now(), result }
      const { matchedCount } = await collection.updateOne(
        { _id, ws, v },
        { $push: { ledger: { $each: [entry], $slice: -LEDGER_ENTRIES } } },
      )
      return matchedCount === 1
    },
  }
}
