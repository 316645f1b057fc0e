// Webhooks in MongoDB, each transition a compare-and-set on its version.
import type { Db } from 'mongodb'
import { ensureIndexes, isDuplicateKey } from '../../shared/mongo.ts'
import type { Webhook } from './webhook.ts'

export type WebhookStore = Readonly<{
  /** Those of a workspace by id, after the given one. */
  list: (ws: string, limit: number, after?: string) => Promise<readonly Webhook[]>
  find: (id: string) => Promise<Webhook | null>
  /** False when the slot or the address is taken. */
  insert: (webhook: Webhook) => Promise<boolean>
  /** Writes over `before`; null when it has changed since. */
  save: (before: Webhook, next: Webhook) => Promise<Webhook | null>
  /** False when it has changed since. */
  remove: (before: Webhook) => Promise<boolean>
}>

/** Opens the collection, making its indexes. */
export const openWebhooks = async (db: Db): Promise<WebhookStore> => {
  const webhooks = db.collection<Webhook>('webhooks')
  await ensureIndexes(webhooks, [
    { key: { ws: 1, slot: 1 }, name: 'slot', unique: true },
    { key: { ws: 1, url: 1 }, name: 'url', unique: true },
    { key: { ws: 1, _id: 1 }, name: 'workspace' },
  ])
  return {
    list: (ws, limit, after) =>
      webhooks
        .find({ ws, ...(after === undefined ? {} : { _id: { $gt: after } }) })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),
    find: (_id) => webhooks.findOne({ _id }),
    insert: async (webhook) => {
      try {
        await webhooks.insertOne(webhook)
        return true
      } catch (error) {
        if (isDuplicateKey(error)) return false
        throw error
      }
    },
    save: ({ _id, ws, v }, { _id: _, ws: __, ...next }) =>
      webhooks.findOneAndUpdate({ _id, ws, v }, { $set: { ...next, v: v + 1 } }, { returnDocument: 'after' }),
    remove: async ({ _id, ws, v }) => (await webhooks.deleteOne({ _id, ws, v })).deletedCount === 1,
  }
}
