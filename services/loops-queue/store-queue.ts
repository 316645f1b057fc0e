// The queue documents in MongoDB: one per workspace, read and written whole.
import type { Db, IndexDescription } from 'mongodb'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  type Because,
  OUTBOX_INDEX,
  type Outbox,
} from '../../shared/aggregate.ts'
import { AppError } from '../../shared/errors.ts'
import { openCollection } from '../../shared/store-collection.ts'
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
}> &
  Pick<Aggregates<QueueDoc>, 'findRepeat' | 'remember'>

/** Opens the collection of queues and makes its indexes. */
export const openQueues = async (db: Db, deps: AggregateDeps): Promise<QueueStore> => {
  const { collection, schema } = await openCollection<QueueDoc>(db, 'queues', { indexes: QUEUE_INDEXES })
  const { insert, save, outbox, findRepeat, remember } = aggregates(collection, { ...deps, schema })
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
    findRepeat,
    remember,
  }
}
