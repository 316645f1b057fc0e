// Webhooks in MongoDB. Every change has the version in its filter.
import type { Db, IndexDescription } from 'mongodb'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import {
  type Aggregate,
  type AggregateDeps,
  aggregates,
  OUTBOX_INDEX,
  type Outbox,
} from '../../shared/storage/aggregate.ts'
import { BY_ID, type Ref, these } from '../../shared/storage/by-workspace.ts'
import { lookInto, openCollection, type Upgrade } from '../../shared/storage/collection.ts'
import type { Webhook } from './webhook-rules.ts'

/** Webhooks of all workspaces, in order of id, after that id. */
export type WebhookPages = (limit: number, after?: string) => Promise<readonly Webhook[]>

export type WebhookStore = Readonly<{
  page: WebhookPages
  /** Webhooks of a workspace, in order of id, after that id. */
  list: (ws: string, limit: number, after?: string) => Promise<readonly Webhook[]>
  find: (ws: string, id: string) => Promise<Webhook | null>
  /** Webhooks by id; those that do not exist are missing. */
  findAll: (refs: readonly Ref[]) => Promise<ReadonlyMap<string, Webhook>>
  /** @returns false when the slot or the address is taken. */
  insert: (webhook: Webhook) => Promise<boolean>
  /** Replaces `before` and publishes the events. @returns null when it has changed since. */
  save: (before: Webhook, next: Webhook, events?: readonly PlainEvent[]) => Promise<Webhook | null>
  /** @returns false when it has changed since. */
  remove: (before: Webhook) => Promise<boolean>
  /** For the relay. */
  outbox: Outbox
}>

type WebhookDoc = Aggregate & Webhook

const INDEXES: readonly IndexDescription[] = [
  { key: { ws: 1, slot: 1 }, name: 'slot', unique: true },
  { key: { ws: 1, url: 1 }, name: 'url', unique: true },
  { key: { ws: 1, _id: 1 }, name: 'workspace' },
  OUTBOX_INDEX,
]
/** The changes of its shape so far. */
export const WEBHOOK_UPGRADES: readonly Upgrade[] = [
  // Webhooks of earlier releases had no events to publish.
  (old) => ({ outbox: [], ledger: [], ...old }),
]

/** Reads the webhooks of all workspaces, page by page. */
export const webhookPages = (db: Db): WebhookPages => {
  const { collection: webhooks, read } = lookInto<WebhookDoc>(db, 'webhooks', { upgrades: WEBHOOK_UPGRADES })
  return async (limit, after) => {
    const found = webhooks.find(after === undefined ? {} : { _id: { $gt: after } })
    return (await found.sort({ _id: 1 }).limit(limit).toArray()).map((one) => read(one))
  }
}

/** Opens the collection and makes its indexes. */
export const openWebhooks = async (db: Db, deps: AggregateDeps): Promise<WebhookStore> => {
  const opened = await openCollection<WebhookDoc>(db, 'webhooks', {
    indexes: INDEXES,
    upgrades: WEBHOOK_UPGRADES,
  })
  const { collection: webhooks, read } = opened
  const writes = aggregates(opened, deps)
  return {
    outbox: writes.outbox,
    page: webhookPages(db),
    list: async (ws, limit, after) => {
      const found = await webhooks
        .find({ ws, ...(after === undefined ? {} : { _id: { $gt: after } }) })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      return found.map((one) => read(one))
    },
    find: async (ws, _id) => {
      const found = await webhooks.findOne({ _id, ws })
      return found && read(found)
    },
    findAll: async (refs) => {
      if (refs.length === 0) return new Map()
      const found = await webhooks.find(these(refs)).hint(BY_ID).toArray()
      return new Map(found.map((one) => [one._id, read(one)]))
    },
    insert: async ({ v: _, ...webhook }) => (await writes.insert(webhook, [])) !== null,
    // Every stored webhook has an outbox and a ledger, though its type does not show them.
    save: (before, next, events = []) => writes.save(before as WebhookDoc, next, events),
    remove: async ({ _id, ws, v }) => (await webhooks.deleteOne({ _id, ws, v })).deletedCount === 1,
  }
}
