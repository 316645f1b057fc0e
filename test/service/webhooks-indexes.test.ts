// Every query of the webhooks service over thousands of calls uses an index. It reads hardly more than it needs, though
// one webhook has thousands of waiting calls, by the database's own profile.
import type { Db, Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Delivery } from '../../services/webhooks/delivery-rules.ts'
import { type Deliveries, openDeliveries } from '../../services/webhooks/delivery-store.ts'
import { openStanding } from '../../services/webhooks/standing.ts'
import { openWebhooks, type WebhookStore } from '../../services/webhooks/webhook-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { ids } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const MANY = 3_000
const PAGE = 20
const WS = ids.next()
const [SLOW, QUICK] = [ids.next(), ids.next()]
const NOW = clock.now()

let mongo: Mongo
let db: Db
let deliveries: Deliveries
let webhooks: WebhookStore

const deliveryOf = (webhook_id: string, status: 'pending' | 'failed' | 'delivered'): Delivery => {
  const event_id = ids.next()
  return {
    _id: `${event_id}:${webhook_id}`,
    ws: WS,
    v: 1,
    webhook_id,
    event_id,
    type: 'task.created',
    body: 'x'.repeat(500),
    status,
    attempts: 0,
    ...(status === 'pending' ? { due_at: NOW } : {}),
    happened_at: NOW,
    owed_since: NOW,
    delivered_at: null,
    answer: null,
    expires_at: new Date(NOW.getTime() + 60 * 60_000),
  }
}

beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  db = mongo.database('webhooks')
  const { shares } = openStanding('webhook_id')
  deliveries = await openDeliveries(db, { clock: await openDatabaseClock(db, clock), ids, shares })
  webhooks = await openWebhooks(db, { service: 'webhooks', clock, ids, onCommit: () => undefined })
  // The waiting calls of the slow one come first in the order of their times.
  await deliveries.add(Array.from({ length: MANY }, () => deliveryOf(SLOW, 'pending')))
  await deliveries.add(Array.from({ length: MANY }, () => deliveryOf(QUICK, 'delivered')))
  await deliveries.add(Array.from({ length: PAGE }, () => deliveryOf(QUICK, 'failed')))
  await db.command({ profile: 2 })
})
afterAll(() => mongo?.[Symbol.asyncDispose]())

/** What the commands of `work` read. */
const profiled = async (work: () => Promise<unknown>): Promise<{ plan: string; docs: number }[]> => {
  const marker = ids.next()
  await db.collection('deliveries').findOne({ _id: marker } as Document)
  await work()
  const entries = await db
    .collection('system.profile')
    .find({ ns: { $not: /system\.profile$/ }, op: { $ne: 'insert' } })
    .sort({ $natural: -1 })
    .limit(PAGE * 4)
    .toArray()
  const marked = entries.findIndex(({ command }) => command?.filter?._id === marker)
  return entries.slice(0, marked).map(({ planSummary, docsExamined }) => ({
    plan: String(planSummary ?? ''),
    docs: Number(docsExamined ?? 0),
  }))
}

/** There is room, though the slow webhook has its full share in hand. */
const pastSlow = () => ({ room: PAGE, reserve: 0, inHand: [deliveryOf(SLOW, 'pending')] })

const QUERIES: readonly (readonly [string, number, () => Promise<unknown>])[] = [
  ['webhooks.list', PAGE, () => webhooks.list(WS, PAGE)],
  ['webhooks.find', 1, () => webhooks.find(WS, SLOW)],
  ['deliveries.list', PAGE, () => deliveries.list(WS, QUICK, PAGE)],
  ['deliveries.list after one', PAGE, () => deliveries.list(WS, QUICK, PAGE, `${ids.next()}:${QUICK}`)],
  ['webhooks.findAll', 2, () => webhooks.findAll([SLOW, QUICK].map((_id) => ({ _id, ws: WS })))],
  ['deliveries.claim past a full webhook', 0, () => deliveries.claim(pastSlow())],
  // It chooses among the rows of one read.
  ['deliveries.claim', 200, () => deliveries.claim({ room: PAGE, reserve: 0, inHand: [] })],
]

test.each(QUERIES)('%s reads through an index and at most %i documents', async (_, documents, query) => {
  const commands = await profiled(query)
  expect(commands.length).toBeGreaterThan(0)
  for (const { plan, docs } of commands) {
    expect(plan).toMatch(/^(IXSCAN|IDHACK|EXPRESS|EOF)/)
    expect(docs).toBeLessThanOrEqual(documents)
  }
})

test('a call of another webhook is found behind thousands of a full one', async () => {
  const last = deliveryOf(QUICK, 'pending')
  await deliveries.add([last])
  const { claimed } = await deliveries.claim(pastSlow())
  expect(claimed.map(({ work }) => work._id)).toEqual([last._id])
})
