// The collections of second factors.
//
// second_factors      _id = the person. Absent for those who have none. Secrets are sealed, recovery codes hashed.
// pending_sign_ins    _id = SHA-256 of the cookie's token. Whoever proved a first factor and owes the second. Gone when expired.
// passkey_challenges  _id = the challenge. Taken by the first answer. Gone when expired.
import type { Db, IndexDescription } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'
import type { ProviderSession } from './account-store.ts'
import type { Factors } from './factor-rules.ts'
import type { SignInMethod } from './session-rules.ts'

/** A sign-in that waits for its second factor. It is of one browser, which holds its token. */
export type PendingSignIn = {
  _id: string
  user_id: string
  password_version: number
  method: SignInMethod
  /** The session at an identity provider that the sign-in ends with. */
  provider?: ProviderSession
  /** What waits behind the sign-in; see Waiting. */
  waiting: Readonly<Record<string, string>>
  created_at: Date
  expires_at: Date
}

/** What a challenge is for: an answer for one purpose is none for another. */
export type ChallengePurpose = 'add' | 'sign_in' | 'second_step' | 'again'

/** A challenge for a passkey. */
export type Challenge = {
  _id: string
  purpose: ChallengePurpose
  /** The session, pending sign-in or browser that asked for it. */
  bound_to: string
  expires_at: Date
}

export type FactorStore = Readonly<{
  find: (userId: string) => Promise<Factors | null>
  /** Replaces the factors of a person as they were read; false when they have changed since. */
  save: (before: Factors, next: Factors) => Promise<boolean>
  remove: (userId: string) => Promise<void>
  /** Those of these people who have a factor. */
  have: (userIds: readonly string[]) => Promise<ReadonlySet<string>>
  /** Factors with an app for codes, in order of person, after that one. */
  page: (limit: number, after?: string) => Promise<Factors[]>
}>

export type PendingSignInStore = Readonly<{
  insert: (pending: PendingSignIn) => Promise<void>
  find: (id: string, now: Date) => Promise<PendingSignIn | null>
  /** Ends it; false when somebody else did first. */
  take: (id: string) => Promise<boolean>
  /** Ends those of a person. There are few at a time, so this needs no index. */
  removeOf: (userId: string) => Promise<void>
}>

export type ChallengeStore = Readonly<{
  insert: (challenge: Challenge) => Promise<void>
  /** Ends it; false unless it was made for this and is not over. */
  take: (challenge: Omit<Challenge, 'expires_at'>, now: Date) => Promise<boolean>
}>

export type FactorStores = Readonly<{
  factors: FactorStore
  pendingSignIns: PendingSignInStore
  challenges: ChallengeStore
}>

const EXPIRES: readonly IndexDescription[] = [
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
]

/** Opens the collections and makes their indexes. */
export const openFactorStores = async (db: Db): Promise<FactorStores> => {
  // A passkey is looked up by its person, who is named in it, so its id needs no index.
  const { collection: factors } = await openCollection<Factors>(db, 'second_factors', { indexes: [] })
  const { collection: pending } = await openCollection<PendingSignIn>(db, 'pending_sign_ins', {
    indexes: EXPIRES,
  })
  const { collection: challenges } = await openCollection<Challenge>(db, 'passkey_challenges', {
    indexes: EXPIRES,
  })
  return {
    factors: {
      find: (_id) => factors.findOne({ _id }),
      save: async ({ _id, v }, next) =>
        v === 0
          ? inserted(factors.insertOne(next))
          : (await factors.replaceOne({ _id, v }, next)).matchedCount === 1,
      remove: async (_id) => void (await factors.deleteOne({ _id })),
      have: async (ids) => {
        const found = await factors
          .find({ _id: { $in: [...ids] } }, { projection: { 'passkeys.id': 1, 'code_app.created_at': 1 } })
          .toArray()
        return new Set(
          found.flatMap(({ _id, passkeys, code_app }) => (passkeys.length > 0 || code_app ? [_id] : [])),
        )
      },
      page: (limit, after) =>
        factors
          .find({ code_app: { $ne: null }, ...(after === undefined ? {} : { _id: { $gt: after } }) })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
    },
    pendingSignIns: {
      insert: async (one) => void (await pending.insertOne(one)),
      find: (_id, now) => pending.findOne({ _id, expires_at: { $gt: now } }),
      take: async (_id) => (await pending.deleteOne({ _id })).deletedCount === 1,
      removeOf: async (user_id) => void (await pending.deleteMany({ user_id })),
    },
    challenges: {
      insert: async (one) => void (await challenges.insertOne(one)),
      take: async ({ _id, purpose, bound_to }, now) =>
        (await challenges.deleteOne({ _id, purpose, bound_to, expires_at: { $gt: now } })).deletedCount === 1,
    },
  }
}
