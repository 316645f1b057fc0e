// The collections of the authorization server. They hold no secret: request ids and client secrets are stored as SHA-256,
// codes and refresh tokens not at all (they are recomputed, see tokens.ts), signing keys encrypted.
//
// clients       one per registration, and one per metadata document that was read. Gone when expired: an unused one after a
//               day, see clients.ts.
// requests      one per authorization request, until its person has decided. Gone after REQUEST_MS.
// grants        one per consent: what was allowed, its code, and the generation of its refresh token. Every change is one
//               compare-and-set on this document, so refresh, replay and revocation cannot interleave.
// signing_keys  numbered; one signs, all verify, see key-schedule.ts. Private parts encrypted with a key from LOOPS_SECRET.
import type { Collection, Db, IndexDescription, UpdateFilter } from 'mongodb'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'
import { type AssertionStore, openAssertionStore } from './assertion-store.ts'
import type { AuthorizationRequest, Client, Decision, Grant, RevokeReason, SigningKey } from './model.ts'

export type ClientStore = Readonly<{
  insert: (client: Client) => Promise<void>
  /** Writes what a document says now over what it said before. Never shortens how long the client is kept. */
  put: (client: Client) => Promise<void>
  /** The client, unless it has expired at `now`. */
  find: (id: string, now: Date) => Promise<Client | null>
  /** Keeps the client at least until then. */
  keep: (id: string, until: Date) => Promise<void>
  /** Removes the client. What it was allowed is ended by its grants. */
  remove: (id: string) => Promise<void>
}>

export type RequestStore = Readonly<{
  insert: (request: AuthorizationRequest) => Promise<void>
  find: (id: string, now: Date) => Promise<AuthorizationRequest | null>
  /** Binds an undecided request to the session that now has it open. */
  bind: (id: string, sessionId: string) => Promise<void>
  /** Records the session's decision if it is the first. Gives the request as decided; null when bound to another session. */
  decide: (id: string, sessionId: string, decision: Decision) => Promise<AuthorizationRequest | null>
}>

export type GrantStore = Readonly<{
  /** False when it exists already. */
  insert: (grant: Grant) => Promise<boolean>
  /** Makes the grant of a service account, or keeps it as long as this one says. What was ended stays ended. */
  keep: (grant: Grant) => Promise<void>
  find: (id: string) => Promise<Grant | null>
  /** A person's grants that are in force at `now`, newest first. */
  inForce: (userId: string, now: Date, limit: number) => Promise<Grant[]>
  /** The one that an identity provider allowed a client for a person in a workspace, unless it was ended. */
  enterprise: (userId: string, clientId: string, workspaceId: string) => Promise<Grant | null>
  /** Those of a workspace, newest first. */
  ofWorkspace: (workspaceId: string, now: Date, limit: number) => Promise<Grant[]>
  /** One of a client in a workspace, in force or not. */
  ofClient: (workspaceId: string, clientId: string) => Promise<Grant | null>
  /** Ends all of a client in a workspace. */
  revokeClient: (workspaceId: string, clientId: string, now: Date) => Promise<void>
  /** Uses up the code and starts the refresh tokens; null when it was used or revoked meanwhile. */
  useCode: (
    id: string,
    change: Pick<Grant, 'expires_at' | 'purge_at'> & { now: Date },
  ) => Promise<Grant | null>
  /** Moves from generation `gen` to the next; null when `gen` is no longer the current one. */
  rotate: (
    id: string,
    gen: number,
    change: Pick<Grant, 'expires_at' | 'purge_at'> & { now: Date },
  ) => Promise<Grant | null>
  /** Removes all of a person. */
  removeOf: (userId: string) => Promise<void>
  /** Ends the grant for good. Repeats keep the first reason. */
  revoke: (id: string, reason: RevokeReason, now: Date) => Promise<void>
  /** Ends one access token; false when too many have been ended already. */
  endToken: (id: string, jti: string, expires_at: Date, now: Date) => Promise<boolean>
  /** Sets the allowed scopes; false when the grant has been revoked. */
  setScopes: (id: string, scopes: readonly Scope[]) => Promise<boolean>
  /** Notes that its client was challenged to ask for more scopes. Gives the grant as it was before. */
  noteChallenge: (id: string, challenged: Grant['challenged'] & object) => Promise<Grant | null>
  /** Notes that an access token of this generation was used. */
  markUsed: (id: string, gen: number, now: Date) => Promise<void>
}>

export type KeyStore = Readonly<{
  /** All keys, the newest first. */
  list: () => Promise<SigningKey[]>
  /** False when another gateway made that number first. */
  insert: (key: SigningKey) => Promise<boolean>
  /** Replaces a key's sealed private part; false when it has changed since. */
  reseal: (before: SigningKey, private_jwe: string, sealed_at: Date) => Promise<boolean>
  remove: (ids: readonly string[]) => Promise<void>
}>

export type OAuthStores = Readonly<{
  clients: ClientStore
  requests: RequestStore
  grants: GrantStore
  keys: KeyStore
  assertions: AssertionStore
}>

/** How many live access tokens of a grant can be ended one by one; to end one more, the grant is revoked. */
const ENDED_TOKENS = 100

const EXPIRES: readonly IndexDescription[] = [
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
]
const GRANT_INDEXES: readonly IndexDescription[] = [
  { key: { purge_at: 1 }, name: 'purge', expireAfterSeconds: 0 },
  { key: { user_id: 1, _id: -1 }, name: 'connections' },
  { key: { ws: 1, _id: -1 }, name: 'of_workspace' },
  { key: { ws: 1, client_id: 1 }, name: 'of_client' },
]
const KEY_INDEXES: readonly IndexDescription[] = [{ key: { number: 1 }, name: 'number', unique: true }]

const clientsOf = (clients: Collection<Client>): ClientStore => ({
  insert: async (client) => void (await clients.insertOne(client)),
  put: async ({ _id, created_at, expires_at, ...described }) => {
    await inserted(
      clients.updateOne(
        { _id },
        { $set: described, $max: { expires_at }, $setOnInsert: { created_at } },
        { upsert: true },
      ),
    )
  },
  find: (id, now) => clients.findOne({ _id: id, expires_at: { $gt: now } }),
  keep: async (id, until) => {
    await clients.updateOne({ _id: id, expires_at: { $lt: until } }, { $set: { expires_at: until } })
  },
  remove: async (id) => void (await clients.deleteOne({ _id: id })),
})

const requestsOf = (requests: Collection<AuthorizationRequest>): RequestStore => ({
  insert: async (request) => void (await requests.insertOne(request)),
  find: (id, now) => requests.findOne({ _id: id, expires_at: { $gt: now } }),
  bind: async (id, session_id) => {
    await requests.updateOne({ _id: id, decision: null }, { $set: { session_id } })
  },
  decide: async (id, session_id, decision) => {
    await requests.updateOne({ _id: id, session_id, decision: null }, { $set: { decision } })
    return requests.findOne({ _id: id, session_id })
  },
})

/** What owners, admins and identity providers find and end of a workspace. */
const inWorkspace = (
  grants: Collection<Grant>,
): Pick<GrantStore, 'enterprise' | 'ofWorkspace' | 'ofClient' | 'revokeClient'> => ({
  enterprise: (user_id, client_id, ws) =>
    grants.findOne(
      { user_id, client_id, ws, enterprise: { $exists: true }, revoked: null },
      { sort: { _id: -1 } },
    ),
  ofWorkspace: (ws, now, limit) =>
    grants
      .find({ ws, revoked: null, gen: { $gte: 1 }, expires_at: { $gt: now } })
      .sort({ _id: -1 })
      .limit(limit)
      .toArray(),
  ofClient: (ws, client_id) => grants.findOne({ ws, client_id }),
  revokeClient: async (ws, client_id, at) => {
    const revoked = { reason: 'revoked_by_manager' as const, at }
    await grants.updateMany({ ws, client_id, revoked: null }, { $set: { revoked } })
  },
})

const grantsOf = (grants: Collection<Grant>): GrantStore => {
  const change = (filter: Readonly<Record<string, unknown>>, update: UpdateFilter<Grant>) =>
    grants.findOneAndUpdate(filter, update, { returnDocument: 'after' })
  return {
    insert: (grant) => inserted(grants.insertOne(grant)),
    keep: async ({ _id, gen, rotated_at, ends_at, expires_at, purge_at, ...made }) => {
      const $set = { gen, rotated_at, ends_at, expires_at, purge_at }
      // Of two that make it at once one fails; the other has made the same.
      await inserted(grants.updateOne({ _id }, { $set, $setOnInsert: made }, { upsert: true }))
    },
    find: (id) => grants.findOne({ _id: id }),
    inForce: (user_id, now, limit) =>
      grants
        .find({ user_id, revoked: null, gen: { $gte: 1 }, expires_at: { $gt: now } })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray(),
    ...inWorkspace(grants),
    useCode: (_id, { now, ...dates }) =>
      change(
        { _id, 'code.used_at': null, revoked: null },
        { $set: { ...dates, 'code.used_at': now, gen: 1, rotated_at: now } },
      ),
    rotate: (_id, gen, { now, ...dates }) =>
      change({ _id, gen, revoked: null }, { $set: { ...dates, gen: gen + 1, rotated_at: now } }),
    removeOf: async (user_id) => void (await grants.deleteMany({ user_id })),
    revoke: async (_id, reason, at) => {
      await grants.updateOne({ _id, revoked: null }, { $set: { revoked: { reason, at } } })
    },
    endToken: async (_id, jti, expires_at, now) => {
      // Expired tokens need no ending, so they make room.
      await grants.updateOne({ _id }, { $pull: { ended_tokens: { expires_at: { $lte: now } } } })
      const { matchedCount } = await grants.updateOne(
        { _id, [`ended_tokens.${ENDED_TOKENS - 1}`]: { $exists: false } },
        { $push: { ended_tokens: { jti, expires_at } } },
      )
      return matchedCount === 1
    },
    setScopes: async (_id, scopes) => {
      const { matchedCount } = await grants.updateOne(
        { _id, revoked: null },
        { $set: { scopes: [...scopes] } },
      )
      return matchedCount === 1
    },
    noteChallenge: (_id, challenged) => grants.findOneAndUpdate({ _id }, { $set: { challenged } }),
    markUsed: async (_id, gen, now) => {
      await grants.updateOne({ _id }, { $max: { used_gen: gen, last_used_at: now } })
    },
  }
}

/** Opens the collections and makes their indexes. */
export const openOAuthStores = async (db: Db): Promise<OAuthStores> => {
  const clients = await openCollection<Client>(db, 'clients', { indexes: EXPIRES })
  const requests = await openCollection<AuthorizationRequest>(db, 'requests', { indexes: EXPIRES })
  const grants = await openCollection<Grant>(db, 'grants', { indexes: GRANT_INDEXES, retired: ['person'] })
  const { collection: keys } = await openCollection<SigningKey>(db, 'signing_keys', { indexes: KEY_INDEXES })
  return {
    clients: clientsOf(clients.collection),
    requests: requestsOf(requests.collection),
    grants: grantsOf(grants.collection),
    assertions: await openAssertionStore(db),
    keys: {
      list: () => keys.find().sort({ number: -1 }).limit(20).toArray(),
      insert: (key) => inserted(keys.insertOne(key)),
      reseal: async ({ _id, private_jwe }, sealed, sealed_at) =>
        (await keys.updateOne({ _id, private_jwe }, { $set: { private_jwe: sealed, sealed_at } }))
          .modifiedCount === 1,
      remove: async (ids) => void (await keys.deleteMany({ _id: { $in: [...ids] } })),
    },
  }
}
