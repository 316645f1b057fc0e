// The collections of single sign-on. Tokens are stored as SHA-256; each document is used once and is gone within minutes.
//
// oidc_sign_ins  one per browser that was sent to a provider, until it comes back.
// oidc_links     one per account that waits for the proof that it is the person's own.
// oidc_logouts   one per logout token, so that none works twice.
import type { Collection, Db, Filter, IndexDescription } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'

/** What ties a step to the browser that it began in. */
type OfBrowser = {
  _id: string
  /** SHA-256 of the browser's cookie. */
  browser: string
  provider: string
  /** Where the person goes on afterwards, as a query. */
  waiting: string
  created_at: Date
  expires_at: Date
}

/** A browser that was sent to a provider. `_id` is the SHA-256 of its state. */
export type PendingSignIn = OfBrowser & {
  nonce: string
  code_verifier: string
  /** Who asked to connect the provider with their account; null: somebody who signs in. */
  user_id: string | null
}

/** A verified identity that waits for its account’s proof. */
export type PendingLink = OfBrowser & {
  user_id: string
  iss: string
  sub: string
  sid: string | null
  /** What the provider calls the person, shown before they agree. */
  shown: string
  groups: string[]
  second_factor: boolean
  /** The address that the provider has verified, by which the account was found. Absent or null: its person chose it. */
  email?: string | null
  /** The mail with the link that proves it. Absent: none was asked for. */
  mail_id?: string
}

type Once<T extends OfBrowser> = Readonly<{
  insert: (pending: T) => Promise<void>
  find: (id: string, browser: string, now: Date) => Promise<T | null>
  /** Uses it up: of several at once one gets it. */
  take: (id: string, browser: string, now: Date) => Promise<T | null>
  /** Ends those of a person. There are few at a time, so this needs no index. */
  removeOf: (userId: string) => Promise<void>
}>

export type OidcStores = Readonly<{
  oidcSignIns: Once<PendingSignIn>
  oidcLinks: Once<PendingLink> &
    Readonly<{
      /** Notes the mail that proves it, in place of an earlier one; false when it has ended. */
      noteMail: (
        id: string,
        browser: string,
        now: Date,
        mail: Readonly<Required<Pick<PendingLink, 'mail_id' | 'expires_at'>>>,
      ) => Promise<boolean>
    }>
  oidcLogouts: Readonly<{
    /** Notes a logout token; false when it was seen before. */
    note: (id: string, expires_at: Date) => Promise<boolean>
    forget: (id: string) => Promise<void>
  }>
}>

const EXPIRES: readonly IndexDescription[] = [
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
]

const once = <T extends OfBrowser>(collection: Collection<OfBrowser>): Once<T> => {
  const filter = (_id: string, browser: string, now: Date) => ({ _id, browser, expires_at: { $gt: now } })
  return {
    insert: async (pending) => void (await collection.insertOne(pending)),
    find: async (...of) => (await collection.findOne(filter(...of))) as T | null,
    take: async (...of) => (await collection.findOneAndDelete(filter(...of))) as T | null,
    removeOf: async (user_id) => void (await collection.deleteMany({ user_id } as Filter<OfBrowser>)),
  }
}

/** Opens the collections and makes their indexes. */
export const openOidcStores = async (db: Db): Promise<OidcStores> => {
  const signIns = await openCollection<OfBrowser>(db, 'oidc_sign_ins', { indexes: EXPIRES })
  const links = await openCollection<OfBrowser>(db, 'oidc_links', { indexes: EXPIRES })
  const logouts = await openCollection<{ _id: string; expires_at: Date }>(db, 'oidc_logouts', {
    indexes: EXPIRES,
  })
  return {
    oidcSignIns: once<PendingSignIn>(signIns.collection),
    oidcLinks: {
      ...once<PendingLink>(links.collection),
      noteMail: async (_id, browser, now, mail) => {
        const filter = { _id, browser, expires_at: { $gt: now } }
        return (await links.collection.updateOne(filter, { $set: mail })).matchedCount === 1
      },
    },
    oidcLogouts: {
      note: (_id, expires_at) => inserted(logouts.collection.insertOne({ _id, expires_at })),
      forget: async (_id) => void (await logouts.collection.deleteOne({ _id })),
    },
  }
}
