// The events that this service has reacted to.
//
// An operator may replay an event much later: the reaction must not undo what people did since.
import type { Db } from 'mongodb'
import type { Clock } from '../../shared/process/clock.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'

/** How long they are remembered: longer than the stream keeps an event (ms). */
const KEPT_MS = 90 * 24 * 60 * 60_000

export type Handled = Readonly<{
  has: (eventId: string) => Promise<boolean>
  /** Repeats do no harm. */
  add: (eventId: string) => Promise<void>
}>

/** Opens the collection and makes its index. */
export const openHandled = async (db: Db, { now }: Pick<Clock, 'now'>): Promise<Handled> => {
  const { collection: handled } = await openCollection<{ _id: string; expires_at: Date }>(
    db,
    'handled_events',
    { indexes: [{ key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 }] },
  )
  return {
    has: async (_id) => (await handled.findOne({ _id })) !== null,
    add: (_id) => insertMissing(handled, [{ _id, expires_at: new Date(now().getTime() + KEPT_MS) }]),
  }
}
