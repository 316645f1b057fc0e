// The collections of a running system as a sharded MongoDB would have them, the guard that reads their commands, and the
// page that says how to shard them.
import { readFile } from 'node:fs/promises'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { collectionsOf } from '../support/erased-places.ts'
import { openEnvironment, type TestEnvironment } from '../support/service-environment.ts'
import { databaseOf, SHARDED, WHOLE_PLACES } from '../support/sharding/collections.ts'
import { mayBeUnique } from '../support/sharding/command-rules.ts'
import { EXCEPTIONS } from '../support/sharding/exceptions.ts'
import { heardOf, watchCommands } from '../support/sharding/guard.ts'

const PAGE = new URL('../../infra/docs/scaling.md', import.meta.url)

let env: TestEnvironment
let mongo: Mongo
const stack = new AsyncDisposableStack()
beforeAll(async () => {
  env = stack.use(await openEnvironment({ SIGN_UP: 'open', SMTP_URL: 'smtp://127.0.0.1:9' }))
  mongo = stack.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
  for (const service of ['gateway', 'loops-queue', 'tasks', 'notifier', 'webhooks']) await env.start(service)
})
afterAll(() => stack.disposeAsync())

/** The indexes of a sharded collection. */
const indexesOf = async (place: string) => {
  const [service = '', name = ''] = place.split('.')
  const collection = mongo.database(service).collection(name)
  return await collection.indexes().catch(() => [])
}

test('of_every_collection_something_says_whether_it_is_sharded', async () => {
  const known = [...SHARDED.map(({ place }) => place), ...WHOLE_PLACES.keys()]
  const places = [...(await collectionsOf(mongo)).keys()]
  expect(places.length).toBeGreaterThan(30)
  expect(places.filter((place) => !known.includes(place))).toEqual([])
})

test.each(SHARDED)('unique indexes of $place begin with its shard key', async (sharded) => {
  const unique = (await indexesOf(sharded.place)).filter((index) => index.unique)
  expect(unique.filter(({ key }) => !mayBeUnique(key, sharded))).toEqual([])
})

test('the_guard_reads_what_services_of_the_tests_send', async () => {
  // The sweeps of each service come by themselves.
  const swept = [
    'gateway.events',
    'loops-queue.loops',
    'tasks.tasks',
    'notifier.deliveries',
    'webhooks.webhooks',
  ]
  await expect.poll(() => [...heardOf]).toEqual(expect.arrayContaining(swept))
})

test('a_command_of_a_service_that_goes_to_every_shard_is_reported_and_one_that_does_not_is_not', async () => {
  await using client = new MongoClient(env.mongodbUrl)
  const faults: string[] = []
  watchCommands(client, (fault) => faults.push(fault))
  const tasks = client.db(mongo.database('tasks').databaseName).collection('tasks')
  await tasks.findOne({ ws: 'W' })
  expect(faults).toEqual([])
  await tasks.findOne({ status: 'open' })
  expect(faults).toEqual([expect.stringContaining('tasks.tasks: find by { status } goes to every shard')])
})

test('the_page_has_a_command_for_each_sharded_collection_and_a_row_for_each_exception', async () => {
  const page = await readFile(PAGE, 'utf8')
  const command = ({ place, key }: (typeof SHARDED)[number]): string => {
    const [service = '', name = ''] = place.split('.')
    const [[field, kind] = []] = Object.entries(key)
    return `sh.shardCollection("loops_${databaseOf(service)}.${name}", { ${field}: ${JSON.stringify(kind)} })`
  }
  const commands = page.split('\n').filter((line) => line.startsWith('sh.shardCollection('))
  expect(commands).toEqual(SHARDED.map(command))
  const rows = page.split('\n').filter((line) => EXCEPTIONS.some(({ reason }) => line.includes(reason)))
  expect(rows).toEqual(
    EXCEPTIONS.map(({ places, reason, cost }) => `| ${places.join(', ')} | ${reason} | ${cost} |`),
  )
})

test('the_page_makes_the_index_of_the_shard_key_where_a_collection_has_none', async () => {
  const page = await readFile(PAGE, 'utf8')
  const without: string[] = []
  for (const { place, key } of SHARDED) {
    if (!('ws' in key)) continue
    const indexes = await indexesOf(place)
    const isWhole = indexes.some(
      (index) => Object.keys(index.key)[0] === 'ws' && !index.sparse && !index.partialFilterExpression,
    )
    if (!isWhole) without.push(place)
  }
  const made = page.split('\n').flatMap((line) => {
    const found = /^db\.getSiblingDB\("loops_(\w+)"\)\.(\w+)\.createIndex\(\{ ws: 1 \}\)$/.exec(line)
    return found ? [`${String(found[1]).replaceAll('_', '-')}.${found[2]}`] : []
  })
  expect(made).toEqual(without)
})
