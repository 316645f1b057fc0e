// The collection of service accounts. It holds no secret, only the SHA-256 of each.
//
// service_accounts  _id = the client_id. Deleting one ends everything that works in its name.
import type { Db, IndexDescription } from 'mongodb'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted } from '../../../shared/storage/mongo.ts'
import type { ServiceAccount } from './service-account-rules.ts'

export type ServiceAccountStore = Readonly<{
  /** False when the workspace has one of this name. */
  insert: (account: ServiceAccount) => Promise<boolean>
  find: (id: string) => Promise<ServiceAccount | null>
  /** Those of a workspace, newest first. */
  list: (workspaceId: string, limit: number) => Promise<ServiceAccount[]>
  /** Writes the next version over the one that was read; false when it has changed since. */
  save: (before: ServiceAccount, next: ServiceAccount) => Promise<boolean>
  /** Deletes one of this workspace; false when there is none. */
  remove: (workspaceId: string, id: string) => Promise<boolean>
}>

const INDEXES: readonly IndexDescription[] = [
  { key: { ws: 1, name: 1 }, name: 'names', unique: true },
  { key: { ws: 1, _id: -1 }, name: 'list' },
]

/** Opens the collection and makes its indexes. */
export const openServiceAccountStore = async (db: Db): Promise<ServiceAccountStore> => {
  const { collection: accounts } = await openCollection<ServiceAccount>(db, 'service_accounts', {
    indexes: INDEXES,
  })
  return {
    insert: (account) => inserted(accounts.insertOne(account)),
    find: (id) => accounts.findOne({ _id: id }),
    list: (ws, limit) => accounts.find({ ws }).sort({ _id: -1 }).limit(limit).toArray(),
    save: async ({ _id, v }, { _id: _, ...next }) =>
      (await accounts.updateOne({ _id, v }, { $set: { ...next, v: v + 1 } })).matchedCount === 1,
    remove: async (ws, _id) => (await accounts.deleteOne({ _id, ws })).deletedCount === 1,
  }
}
