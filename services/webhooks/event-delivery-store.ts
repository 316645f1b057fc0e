// The calls to subscriptions in MongoDB: one delivery for each event and subscription.
import type { Db, IndexDescription } from 'mongodb'
import { SUBSCRIPTION_MS } from '../../shared/contracts/webhooks/subscriptions.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import type { DatabaseClock } from '../../shared/storage/database-clock.ts'
import type { Share } from '../../shared/storage/fair.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import { openPendingWork, type PendingWork } from '../../shared/storage/pending-work.ts'
import type { EventDelivery } from './event-delivery-rules.ts'

export type EventDeliveries = PendingWork<EventDelivery> &
  Readonly<{
    /** Adds deliveries; existing ones stay as they are. */
    add: (deliveries: readonly EventDelivery[]) => Promise<void>
  }>

/** How long a finished delivery is kept (ms): longer than an event can be old that still gets one, so it gets no second. */
const KEPT_MS = SUBSCRIPTION_MS.most + 60 * 60_000

const INDEXES: readonly IndexDescription[] = [
  {
    key: { ws: 1, subscription_id: 1, due_at: 1 },
    name: 'turn',
    partialFilterExpression: { due_at: { $exists: true } },
  },
  { key: { ws: 1 }, name: 'workspace' },
  { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
]

/** Opens the collection and makes its indexes. */
export const openEventDeliveries = async (
  db: Db,
  deps: Readonly<{ clock: DatabaseClock; ids: Ids; shares: readonly Share[]; term_ms?: number }>,
): Promise<EventDeliveries> => {
  const { clock, ids, ...options } = deps
  const { collection } = await openCollection<EventDelivery>(db, 'event_deliveries', { indexes: INDEXES })
  const lanes = { lanes: [{}], index: 'turn', kept_ms: KEPT_MS, choice: 1 }
  return {
    ...openPendingWork(collection, { clock, ids }, { ...lanes, ...options }),
    add: (added) => insertMissing(collection, added),
  }
}
