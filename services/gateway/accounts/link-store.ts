// The collections of mailed links, one document each. A link is made from the document's id, so nothing secret is stored.
//
// account_mails    one per mail about an account to its own address. Gone a day after it expires.
// password_resets  one per request for a new password. An address without an account has one too, so that both take the same
//                  time. Gone after a day.
import type { Db, Filter, IndexDescription } from 'mongodb'
import {
  type Aggregate,
  type AggregateDeps,
  type Aggregates,
  aggregates,
  OUTBOX_INDEX,
} from '../../../shared/storage/aggregate.ts'
import { openCollection } from '../../../shared/storage/collection.ts'

type Link = Aggregate & { created_at: Date; expires_at: Date; purge_at: Date }

/** A mail about an account. */
export type AccountMail = Link & {
  /** What it is about: to confirm the present address, or a new one; or what happened to the account. */
  kind:
    | 'confirmation'
    | 'failed_sign_ins'
    | 'password_changed'
    | 'second_factor_changed'
    | 'app_connected'
    | 'new_address'
    | 'address_changed'
    | 'provider_changed'
    | 'provider_link'
    | 'token_expiring'
    | 'new_browser'
    | 'account_deleted'
    | 'workspace_deleted'
  user_id: string
  /** The address that it goes to. */
  email: string
  /** For a new address: the one that it replaces. */
  email_before?: string
  /** For a new address: the password version at the request. A new password ends it. */
  password_version?: number
  /** How its reader reads, for one whose account is not there to say it. */
  reading?: Readonly<{ locale: string; time_zone: string }>
  /** What it says besides. */
  facts?: Readonly<Record<string, string>>
}

/** A request for a new password. */
export type PasswordReset = Link & {
  /** Null: nobody has the address that was entered. */
  user_id: string | null
  /** The person's password version at the request. The link works while it is current, and so only once. */
  password_version: number
}

export type LinkStore<T extends Link> = Aggregates<T> &
  Readonly<{
    find: (id: string) => Promise<T | null>
    /** Removes those of a person, but those of one kind. */
    removeOf: (userId: string, kept?: string) => Promise<void>
  }>

export type LinkStores = Readonly<{
  accountMails: LinkStore<AccountMail>
  resets: LinkStore<PasswordReset>
}>

const INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  { key: { user_id: 1 }, name: 'person' },
  { key: { purge_at: 1 }, name: 'purge', expireAfterSeconds: 0 },
]

const openLinks = async <T extends Link>(
  db: Db,
  name: string,
  deps: AggregateDeps,
): Promise<LinkStore<T>> => {
  const links = await openCollection<T>(db, name, { indexes: INDEXES })
  return {
    ...aggregates(links, deps),
    find: async (id) => (await links.collection.findOne({ _id: id } as Filter<T>)) as T | null,
    removeOf: async (user_id, kept) =>
      void (await links.collection.deleteMany({
        user_id,
        ...(kept === undefined ? {} : { kind: { $ne: kept } }),
      } as unknown as Filter<T>)),
  }
}

/** Opens the collections and makes their indexes. */
export const openLinkStores = async (db: Db, deps: AggregateDeps): Promise<LinkStores> => ({
  accountMails: await openLinks<AccountMail>(db, 'account_mails', deps),
  resets: await openLinks<PasswordReset>(db, 'password_resets', deps),
})
