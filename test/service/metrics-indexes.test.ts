// What the metrics read from the databases: each query uses an index, reads a bounded number of its keys, and ends in time.
import type { Db, Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { SAMPLE_QUERY_MS } from '../../shared/storage/samples.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { expectBounded } from '../support/profile.ts'
import { type System, startSystem } from '../support/system.ts'

/** The figures are read every 15 s. */
const WAIT = { timeout: 60_000, interval: 250 } as const
const SERVICES = ['tasks', 'loops-queue', 'notifier', 'webhooks', 'gateway'] as const
const TASKS = 200
/** The most keys that one query may read of so little: each key once, and one beyond the end. */
const MOST_KEYS = 2 * TASKS
/** Those that read documents one by one: there is work for somebody in each. */
const FEW = 'dead_letters'

let port: number
let system: System
let mongo: Mongo

beforeAll(async () => {
  port = await freePort()
  system = await startSystem({ env: { METRICS_PORT: `${port}` } })
  mongo = await connectMongo(system.stack.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const owner = await signUp(system, { name: 'Olga' })
  await using agent = await agentOf(system, owner)
  const filed = async () => (await agent.call('create_task', { title: 'Paint' })).task.id
  const task_ids = await Promise.all(Array.from({ length: TASKS }, filed))
  for (let from = 0; from < TASKS; from += 50)
    await agent.call('bulk_update_tasks', { task_ids: task_ids.slice(from, from + 50), status: 'approved' })
  await agent.call('claim_task', { task_id: task_ids[0] as string })
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** The queries of a reading in a database: only they are bounded by this time. */
const queriesIn = (db: Db): Promise<Document[]> =>
  db
    .collection('system.profile')
    .find({ 'command.maxTimeMS': SAMPLE_QUERY_MS, op: { $ne: 'getmore' } })
    .toArray()

const collectionIn =
  (db: Db) =>
  ({ ns }: Document): string =>
    String(ns).slice(db.databaseName.length + 1)
const of =
  (service: string) =>
  (collection: string): string =>
    `${service} ${collection}`

/** The collections that are read, of every service. */
const READ = [
  ...['account_mails', 'audit', 'invitations', 'password_resets', 'people', 'workspaces'].map(of('gateway')),
  ...['dead_letters', 'loops', 'queues'].map(of('loops-queue')),
  ...['dead_letters', 'deliveries'].map(of('notifier')),
  ...['comments', 'dead_letters', 'tasks'].map(of('tasks')),
  ...['dead_letters', 'deliveries', 'event_deliveries', 'webhooks'].map(of('webhooks')),
]

test('every_query_of_a_reading_uses_an_index_and_is_bounded', async () => {
  const databases = SERVICES.map((service) => [service, mongo.database(service)] as const)
  for (const [, db] of databases) await db.command({ profile: 2 })
  const read = async (): Promise<string[]> => {
    const found = await Promise.all(
      databases.map(async ([service, db]) => (await queriesIn(db)).map(collectionIn(db)).map(of(service))),
    )
    return [...new Set(found.flat())].toSorted()
  }
  await expect.poll(read, WAIT).toEqual(READ)
  for (const [, db] of databases) {
    await db.command({ profile: 0 })
    const queries = await queriesIn(db)
    expectBounded(
      queries.filter((query) => collectionIn(db)(query) !== FEW),
      MOST_KEYS,
    )
  }
})
