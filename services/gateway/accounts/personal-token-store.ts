// The collection of personal access tokens. It holds no token, only the SHA-256 of each.
//
// personal_tokens  _id = the connection. Revoking one deletes it. Gone a month after it expires.
import type { Db, IndexDescription } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'
import type { PersonalToken } from './personal-token-rules.ts'

export type PersonalTokenStore = Readonly<{
  /** False when the holder has a token of this name in the workspace. */
  insert: (token: PersonalToken) => Promise<boolean>
  /** The token of this hash, or the one that replaced it. */
  byHash: (hash: string) => Promise<PersonalToken | null>
  find: (id: string) => Promise<PersonalToken | null>
  /** A holder's tokens, newest first; of one workspace where one is given. */
  list: (userId: string, limit: number, workspaceId?: string) => Promise<PersonalToken[]>
  /** Ends a token of this holder; false when there is none. */
  remove: (userId: string, id: string) => Promise<boolean>
  /** Those of a workspace, newest first. */
  ofWorkspace: (workspaceId: string, limit: number) => Promise<PersonalToken[]>
  /** Writes a token over the one that was read; false when it has been replaced or ended since. */
  replace: (before: PersonalToken, next: PersonalToken) => Promise<boolean>
  /** Ends all tokens of a workspace. */
  removeOfWorkspace: (workspaceId: string) => Promise<void>
  /** Ends all tokens of this holder. */
  removeAll: (userId: string) => Promise<void>
  /** Tokens that end after `now`, by `soon`, and of whose end nobody was told; the first to end first. */
  endingSoon: (now: Date, soon: Date, limit: number) => Promise<PersonalToken[]>
  /** Notes that its end was told of, unless it has been replaced since it was read. */
  markWarned: (token: PersonalToken, at: Date) => Promise<void>
  /** Notes a day on which it was used. */
  markUsed: (id: string, day: string) => Promise<void>
}>

const INDEXES: readonly IndexDescription[] = [
  { key: { hash: 1 }, name: 'hash', unique: true },
  { key: { user_id: 1, ws: 1, name: 1 }, name: 'names', unique: true },
  { key: { user_id: 1, _id: -1 }, name: 'list' },
  { key: { ws: 1, _id: -1 }, name: 'of_workspace' },
  { key: { 'old.hash': 1 }, name: 'old_hash', sparse: true },
  { key: { warned_at: 1, expires_at: 1 }, name: 'ending_soon' },
  { key: { purge_at: 1 }, name: 'purge', expireAfterSeconds: 0 },
]

/** Opens the collection and makes its indexes. */
export const openPersonalTokenStore = async (db: Db): Promise<PersonalTokenStore> => {
  const { collection: tokens } = await openCollection<PersonalToken>(db, 'personal_tokens', {
    indexes: INDEXES,
  })
  return {
    insert: (token) => inserted(tokens.insertOne(token)),
    byHash: async (hash) => (await tokens.findOne({ hash })) ?? (await tokens.findOne({ 'old.hash': hash })),
    find: (_id) => tokens.findOne({ _id }),
    list: (user_id, limit, ws) =>
      tokens
        .find({ user_id, ...(ws === undefined ? {} : { ws }) })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray(),
    remove: async (user_id, _id) => (await tokens.deleteOne({ _id, user_id })).deletedCount === 1,
    ofWorkspace: (ws, limit) => tokens.find({ ws }).sort({ _id: -1 }).limit(limit).toArray(),
    replace: async ({ _id, hash }, { _id: _, ...next }) =>
      (await tokens.updateOne({ _id, hash }, { $set: next })).matchedCount === 1,
    removeOfWorkspace: async (ws) => void (await tokens.deleteMany({ ws })),
    removeAll: async (user_id) => void (await tokens.deleteMany({ user_id })),
    endingSoon: (now, soon, limit) =>
      tokens
        .find({ warned_at: null, expires_at: { $gt: now, $lte: soon } })
        .sort({ expires_at: 1 })
        .limit(limit)
        .toArray(),
    markWarned: async ({ _id, hash }, warned_at) => {
      await tokens.updateOne({ _id, hash }, { $set: { warned_at } })
    },
    markUsed: async (_id, day) => {
      await tokens.updateOne({ _id }, { $max: { last_used_on: day } })
    },
  }
}
