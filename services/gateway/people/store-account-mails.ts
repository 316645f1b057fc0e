// The collection of mails about accounts themselves, each to the account's own address.
//
// account_mails  one per mail. Gone a day after it has nothing more to tell.
import type { Db, IndexDescription } from 'mongodb'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  OUTBOX_INDEX,
} from '../../../shared/aggregate.ts'
import { ensureIndexes } from '../../../shared/mongo.ts'

/** A mail about an account. The link of one is made from its id, so nothing secret is kept. */
export type AccountMail = Aggregate & {
  /** To prove that the address is the person's own, or to say that somebody tries passwords. */
  kind: 'confirmation' | 'failed_sign_ins'
  user_id: string
  /** The address that it is about. */
  email: string
  created_at: Date
  expires_at: Date
  purge_at: Date
}

export type AccountMailStore = Aggregates<AccountMail> &
  Readonly<{ find: (id: string) => Promise<AccountMail | null> }>

const INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  { key: { purge_at: 1 }, name: 'purge', expireAfterSeconds: 0 },
]

/** Opens the collection and makes its indexes. */
export const openAccountMailStore = async (db: Db, deps: AggregateDeps): Promise<AccountMailStore> => {
  const mails = db.collection<AccountMail>('account_mails')
  await ensureIndexes(mails, INDEXES)
  return { ...aggregates(mails, deps), find: (id) => mails.findOne({ _id: id }) }
}
