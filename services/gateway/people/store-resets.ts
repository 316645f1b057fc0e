// The collection of requests for a new password.
//
// password_resets  one per request, also for an address that nobody has, so that both take the same time. Gone a day later.
import type { Db, IndexDescription } from 'mongodb'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  OUTBOX_INDEX,
} from '../../../shared/aggregate.ts'
import { ensureIndexes } from '../../../shared/mongo.ts'

/** A request for a new password. Its link is made from its id, so nothing secret is kept. */
export type PasswordReset = Aggregate & {
  /** Null: nobody has the address that was typed. */
  user_id: string | null
  /** The password that the person had when they asked: the link works while they have it, so only once. */
  password_version: number
  created_at: Date
  expires_at: Date
  purge_at: Date
}

export type ResetStore = Aggregates<PasswordReset> &
  Readonly<{ find: (id: string) => Promise<PasswordReset | null> }>

const INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  { key: { purge_at: 1 }, name: 'purge', expireAfterSeconds: 0 },
]

/** Opens the collection and makes its indexes. */
export const openResetStore = async (db: Db, deps: AggregateDeps): Promise<ResetStore> => {
  const resets = db.collection<PasswordReset>('password_resets')
  await ensureIndexes(resets, INDEXES)
  return { ...aggregates(resets, deps), find: (id) => resets.findOne({ _id: id }) }
}
