// Documents of an earlier release of the webhooks service are understood, whenever they were written.
import type { Db, Document } from 'mongodb'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { openDeliveries } from '../../services/webhooks/delivery-store.ts'
import { openWebhooks } from '../../services/webhooks/webhook-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { ids } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const stack = new AsyncDisposableStack()
let db: Db
beforeEach(async () => {
  const log = createLog({ filter: 'error', topic: 'test' })
  db = stack.use(await connectMongo(freshStack().mongodbUrl, log)).database('webhooks')
})
afterAll(() => stack.disposeAsync())

/** A webhook of the release before webhooks published events. */
const insertOld = async (slot: number): Promise<string> => {
  const _id = ids.next()
  const url = `https://example.com/${slot}`
  const old: Document & { _id: string } = { _id, ws: 'W', v: 1, slot, url, status: 'active', secrets: [] }
  await db.collection<Document & { _id: string }>('webhooks').insertOne(old)
  return _id
}

test('a_webhook_without_events_is_read_and_saved_with_them_whenever_it_was_made', async () => {
  await insertOld(0)
  const store = await openWebhooks(db, { service: 'webhooks', clock, ids, onCommit: () => undefined })
  const id = await insertOld(1)
  const lists = { outbox: [], ledger: [] }
  expect(await store.list('W', 10)).toMatchObject([lists, lists])
  expect(await store.page(10)).toMatchObject([lists, lists])
  expect((await store.findAll([{ _id: id, ws: 'W' }])).get(id)).toMatchObject(lists)
  const before = await store.find('W', id)
  if (!before) throw new Error('it was not found')
  const events = [{ name: 'webhook.disabled', data: { webhook_id: id } }]
  await store.save(before, { ...before, status: 'disabled' }, events)
  const stored = await db.collection<Document & { _id: string }>('webhooks').findOne({ _id: id })
  expect(stored).toMatchObject({ schema: 2, status: 'disabled', url: before.url, ledger: [] })
  expect(stored?.outbox).toHaveLength(1)
})

test('the_former_index_of_calls_is_dropped', async () => {
  const deliveries = db.collection('deliveries')
  await deliveries.createIndex({ due_at: 1, webhook_id: 1 }, { name: 'due' })
  await openDeliveries(db, { clock: await openDatabaseClock(db, clock), ids, shares: [] })
  const names = (await deliveries.indexes()).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['_id_', 'expiry', 'turn', 'webhook'])
})
