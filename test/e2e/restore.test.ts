// A backup of an installation holds everything. It is either the data folder, copied while stopped, or the documents
// with the secret and the list of subscribers. mongodump and mongorestore are in no package registry, so the test copies
// documents as those two do: one by one and without indexes.
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BSON, MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { silentReport } from '../../infra/report.ts'
import { startMongod } from '../../infra/servers/mongod.ts'
import { resolveMongod } from '../../infra/servers/resolve.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Account, agentOf, openBrowser, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { serverSearch } from '../support/images.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type NpmStart, npmStart } from '../support/npm-start.ts'
import { subscriberCommand } from '../support/subscribers.ts'
import type { Mail } from '../support/system.ts'

const SETUP_LIMIT_MS = 240_000
const WAIT = { timeout: 60_000, interval: 200 }
const LOOPS_DATABASE = /^loops_/
const log = createLog({ filter: 'error', topic: 'test' })

type Documents = ReadonlyMap<string, ReadonlyMap<string, readonly BSON.Document[]>>
type Kept = Readonly<{ answers: unknown; mails: readonly Mail[]; events: ReadonlyMap<string, string> }>

let folder: string
let PORT: string
let owner: Account
let agent: McpClient
let before: Kept
let documents: Documents
const runs: NpmStart[] = []

const start = async (name: string): Promise<NpmStart> => {
  const run = npmStart({ DATA_DIR: join(folder, name), PORT })
  runs.push(run)
  await run.ready()
  return run
}
const stop = async (run: NpmStart): Promise<void> => {
  run.npm.kill('SIGTERM')
  expect(await run.ended, run.output()).toBe(0)
}

/** Everything that an agent can see. */
const answersOf = async () => {
  const { tasks } = await agent.call('list_tasks', { scope: 'all' })
  const { loops } = await agent.call('list_loops', {})
  return {
    workspace: await agent.call('get_workspace', {}),
    tasks: await Promise.all(tasks.map(({ id }) => agent.call('get_task', { task_id: id }))),
    loops: await Promise.all(loops.map(({ id }) => agent.call('get_loop', { loop_id: id }))),
    queue: await agent.call('get_loop_queue', {}),
    next: await agent.call('get_next_work', {}),
    stats: await agent.call('get_queue_stats', {}),
  }
}
const mailsOf = async ({ url }: NpmStart) =>
  (await (await fetch(`${url}/dev/mail.json`)).json()) as readonly Mail[]
const serversOf = async ({ dataDir }: NpmStart) =>
  JSON.parse(await readFile(join(dataDir, 'running.json'), 'utf8')) as Record<
    'NATS_URL' | 'MONGODB_URL',
    string
  >

/** All events in the stream by their ids, with their types, and how many events wait at consumers. */
const streamOf = async (run: NpmStart) => {
  await using bus = await connectBus((await serversOf(run)).NATS_URL, 'looker', log)
  const { state } = await bus.jsm.streams.info(EVENTS_STREAM)
  const events = new Map<string, string>()
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq })
    if (!message) continue
    const { id, type } = message.json<{ id: string; type: string }>()
    events.set(id, type)
  }
  let waiting = 0
  for await (const one of bus.jsm.consumers.list(EVENTS_STREAM))
    waiting += one.num_pending + one.num_ack_pending
  return { events, waiting }
}

/** How many documents have unpublished events. */
const unpublished = async (run: NpmStart): Promise<number> => {
  await using client = new MongoClient((await serversOf(run)).MONGODB_URL)
  let count = 0
  for (const name of await databasesOf(client))
    for (const collection of await client.db(name).collections())
      count += await collection.countDocuments({ 'outbox.0': { $exists: true } })
  return count
}

const databasesOf = async (client: MongoClient): Promise<readonly string[]> => {
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true })
  return databases.map(({ name }) => name).filter((name) => LOOPS_DATABASE.test(name))
}

const takeDocuments = async (run: NpmStart): Promise<Documents> => {
  await using client = new MongoClient((await serversOf(run)).MONGODB_URL, { promoteValues: false })
  const taken = new Map<string, Map<string, BSON.Document[]>>()
  for (const name of await databasesOf(client)) {
    const collections = new Map<string, BSON.Document[]>()
    for (const { collectionName } of await client.db(name).collections())
      collections.set(collectionName, await client.db(name).collection(collectionName).find().toArray())
    taken.set(name, collections)
  }
  return taken
}

/** Inserts documents into the database of a data folder where nothing was started yet. */
const putDocuments = async (dataDir: string): Promise<void> => {
  const binary = await resolveMongod(serverSearch())
  await using server = await startMongod({ dataDir, binary, report: silentReport, onLost: () => undefined })
  await using client = new MongoClient(server.url)
  for (const [database, collections] of documents)
    for (const [name, rows] of collections)
      if (rows.length > 0)
        await client
          .db(database)
          .collection(name)
          .insertMany([...rows])
}

const work = async (): Promise<void> => {
  const ids: string[] = []
  for (const title of ['Quarry', 'Cut', 'Polish', 'Sell'])
    ids.push((await agent.call('create_task', { title, body: `How to ${title}`, priority: 'high' })).task.id)
  const [first = '', second = '', third = ''] = ids
  const { loop } = await agent.call('create_loop_from_tasks', {
    task_ids: [first, second],
    loop_name: 'Granite',
    visibility: 'private',
    ai_context: 'Hard.',
  })
  const other = (await agent.call('create_loop', { name: 'Slate' })).loop
  await agent.call('create_loop', { name: 'Marble' })
  await agent.call('update_task', { task_id: third, loop_id: other.id, status: 'approved' })
  await agent.call('add_comment', { task_id: first, text: 'Done by noon.' })
  await agent.call('set_loop_priority', { loop_id: other.id, priority: 0 })
  await agent.call('ship_loop', { loop_id: loop.id })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restore-'))
  PORT = String(await freePort())
  const first = await start('first')
  owner = await signUp(first, { name: 'Ada', workspace: 'Engine' })
  agent = await agentOf(first, owner)
  await subscriberCommand(['add', 'reports'], { DATA_DIR: first.dataDir })
  await work()
  // One about the app that was connected, and one about the loop.
  await vi.waitFor(async () => expect(await mailsOf(first)).toHaveLength(2), WAIT)
  await vi.waitFor(async () => expect(await unpublished(first)).toBe(0), WAIT)
  await vi.waitFor(async () => expect((await streamOf(first)).waiting).toBe(0), WAIT)
  const [answers, mails, { events }] = [await answersOf(), await mailsOf(first), await streamOf(first)]
  before = { answers, mails, events }
  documents = await takeDocuments(first)
  await stop(first)
}, SETUP_LIMIT_MS)
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await Promise.all(runs.map((run) => run.kill()))
  await rm(folder, { recursive: true, force: true })
})

/** Checks that everything is there again, for old and new connections, and that no mail is sent twice. */
const expectAll = async (run: NpmStart): Promise<void> => {
  expect(await answersOf()).toEqual(before.answers)
  const { email, password } = owner
  const arrived = await openBrowser(run.url).submit('/sign-in', { email, password })
  expect(arrived.url.pathname).toBe('/')
  expect(await subscriberCommand(['list'], { DATA_DIR: run.dataDir })).toContain('reports')
  const compared = async () => {
    const { events, waiting } = await streamOf(run)
    const lost = [...before.events.keys()].filter((id) => !events.has(id))
    const added = [...events].filter(([id]) => !before.events.has(id)).map(([, type]) => type)
    return { lost, added: added.toSorted(), waiting }
  }
  // The sign-in is in the audit log, and its person is told of the new browser.
  const added = ['audit.recorded', 'person.account_mail_requested']
  await expect.poll(compared, WAIT).toEqual({ lost: [], added, waiting: 0 })
  const isNews = ({ subject }: Mail): boolean => /new browser/.test(subject)
  expect((await mailsOf(run)).filter((mail) => !isNews(mail))).toEqual(before.mails)
  const { task } = await agent.call('create_task', { title: 'And on' })
  expect(await agent.call('delete_task', { task_id: task.id })).toMatchObject({ deleted: true })
}

test('a_copy_of_the_data_folder_serves_everything_elsewhere', async () => {
  await cp(join(folder, 'first'), join(folder, 'copy'), { recursive: true })
  const run = await start('copy')
  await expectAll(run)
  await stop(run)
})

test('the_documents_the_secret_and_the_subscribers_restore_everything_and_refill_the_stream', async () => {
  const dataDir = join(folder, 'documents')
  await mkdir(join(dataDir, 'nats'), { recursive: true })
  for (const file of ['secret', 'nats/subscribers.json'])
    await cp(join(folder, 'first', file), join(dataDir, file))
  await putDocuments(dataDir)
  const run = await start('documents')
  await expectAll(run)
  await stop(run)
})
