// Subscriptions to types of event in MongoDB. Every change has the version in its filter.
import type { Db, IndexDescription } from 'mongodb'
import { MAX_SUBSCRIPTIONS } from '../../shared/contracts/webhooks/subscriptions.ts'
import { BY_ID, type Ref, these } from '../../shared/storage/by-workspace.ts'
import { lookInto, openCollection } from '../../shared/storage/collection.ts'
import { inserted } from '../../shared/storage/mongo.ts'
import type { Subscription } from './subscription-rules.ts'

export type SubscriptionStore = Readonly<{
  find: (ws: string, id: string) => Promise<Subscription | null>
  /** Subscriptions by id; those that do not exist are missing. */
  findAll: (refs: readonly Ref[]) => Promise<ReadonlyMap<string, Subscription>>
  /** The subscriptions of a workspace that are in force at `now`; to these types of event, where they are given. */
  listLive: (ws: string, now: Date, names?: readonly string[]) => Promise<readonly Subscription[]>
  /** Subscriptions of all workspaces, in order of id, after that id. */
  page: (limit: number, after?: string) => Promise<readonly Subscription[]>
  /** @returns false when it exists already, or its slot is taken. */
  insert: (subscription: Subscription) => Promise<boolean>
  /** Replaces `before`. @returns false when it has changed since. */
  save: (before: Subscription, next: Subscription) => Promise<boolean>
  /** @returns false when there is none. */
  remove: (ws: string, id: string) => Promise<boolean>
  /** Removes what has expired in a workspace at once, so that it takes no room. */
  removeExpired: (ws: string, now: Date) => Promise<void>
}>

const INDEXES: readonly IndexDescription[] = [
  { key: { ws: 1, slot: 1 }, name: 'slot', unique: true },
  // A connection is of one workspace. With it in front, the index may be unique on a sharded database.
  { key: { ws: 1, grant_id: 1, slot_of_grant: 1 }, name: 'slot_of_connection', unique: true },
  { key: { ws: 1, 'listening.name': 1, expires_at: 1 }, name: 'listening' },
  { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
]

/** Reads the subscriptions of all workspaces, page by page. */
export const subscriptionPages = (db: Db): SubscriptionStore['page'] => {
  const { collection } = lookInto<Subscription>(db, 'subscriptions')
  return (limit, after) =>
    collection
      .find(after === undefined ? {} : { _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray()
}

/** Opens the collection and makes its indexes. */
export const openSubscriptions = async (db: Db): Promise<SubscriptionStore> => {
  const { collection } = await openCollection<Subscription>(db, 'subscriptions', {
    indexes: INDEXES,
    retired: ['slot_of_grant'],
  })
  return {
    find: (ws, _id) => collection.findOne({ _id, ws }),
    findAll: async (refs) => {
      if (refs.length === 0) return new Map()
      const found = await collection.find(these(refs)).hint(BY_ID).toArray()
      return new Map(found.map((one) => [one._id, one]))
    },
    listLive: (ws, now, names) =>
      collection
        .find({
          ws,
          expires_at: { $gt: now },
          ...(names ? { 'listening.name': { $in: [...names] } } : {}),
        } as object)
        .limit(MAX_SUBSCRIPTIONS.workspace)
        .toArray(),
    page: subscriptionPages(db),
    insert: (subscription) => inserted(collection.insertOne(subscription)),
    save: async ({ _id, ws, v }, next) =>
      (await collection.replaceOne({ _id, ws, v }, { ...next, v: v + 1 })).matchedCount === 1,
    remove: async (ws, _id) => (await collection.deleteOne({ _id, ws })).deletedCount === 1,
    removeExpired: async (ws, now) => void (await collection.deleteMany({ ws, expires_at: { $lte: now } })),
  }
}
