// Backup and restore by MONGODB_URL: a replica set of three beside NATS with infra/nats.conf, the keys of subscribers in a
// folder, and a MongoDB that is no replica set.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Manifest, readManifest } from '../../infra/backup/manifest-rules.ts'
import { RSEQ_FOR_GLIBC } from '../../infra/servers/mongod.ts'
import { untilAccepting } from '../../infra/servers/port.ts'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { type Started, startServices } from '../../services/start.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { type MongoServers, startMongoServers } from '../support/chaos/mongo-servers.ts'
import { type NatsServers, OBSERVER, startNatsServers } from '../support/chaos/nats-servers.ts'
import { openProcesses, type Processes } from '../support/chaos/processes.ts'
import { freePort } from '../support/free-port.ts'
import { serverSearch } from '../support/images.ts'
import { runInfra } from '../support/infra-command.ts'
import { addToFolder } from '../support/subscribers.ts'

const LIMIT_MS = 180_000
const SECRET = 'the secret of an installation that is restored'
const TASKS = 30
const DATABASES = /^loops_/

const stack = new AsyncDisposableStack()
let folder: string
let processes: Processes
let nats: NatsServers
let mongo: MongoServers
let services: Started | undefined
let url: string
let account: Account
let task_id: string

const installation = () => ({ MONGODB_URL: mongo.url, LOOPS_SECRET: SECRET })
const backup = (): string => join(folder, 'backup')
const manifestOf = async (path: string): Promise<Manifest> => {
  const read = readManifest(await readFile(join(path, 'manifest.json'), 'utf8'), path)
  if ('fault' in read) throw new Error(read.fault)
  return read.manifest
}

const start = async (): Promise<void> => {
  services = await startServices({
    ...installation(),
    NATS_URL: nats.urlOf(OBSERVER),
    HOST: '127.0.0.1',
    PORT: new URL(url).port,
    PUBLIC_URL: url,
    SIGN_UP: 'open',
    LOG: 'error',
  })
}
const stop = async (): Promise<void> => {
  await services?.[Symbol.asyncDispose]()
  services = undefined
}

const dropAll = async (): Promise<void> => {
  await using client = new MongoClient(mongo.url)
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true })
  for (const { name } of databases) if (DATABASES.test(name)) await client.db(name).dropDatabase()
}
const deleteStream = async (): Promise<void> => {
  const log = createLog({ filter: 'error', topic: OBSERVER })
  await using bus = await connectBus(nats.urlOf(OBSERVER), OBSERVER, log)
  await bus.jsm.streams.delete(EVENTS_STREAM)
}

/** The version of the task, as it is read, or after it was changed. */
const versionBy = async (tool: 'get_task' | 'update_task'): Promise<number> => {
  await using agent = await agentOf({ url }, account)
  const { task } =
    tool === 'get_task'
      ? await agent.call('get_task', { task_id })
      : await agent.call('update_task', { task_id, title: 'Changed after the restore' })
  return task.version
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-servers-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  processes = stack.use(openProcesses())
  const found = serverSearch()
  const [binary, { path: nats_server }] = [(await resolveMongod(found)).path, await resolveNatsServer(found)]
  for (const name of ['nats', 'mongod']) await mkdir(join(folder, name))
  nats = stack.use(
    await startNatsServers({ folder: join(folder, 'nats'), size: 1, processes, binary: nats_server }),
  )
  mongo = stack.use(await startMongoServers({ folder: join(folder, 'mongod'), size: 3, processes, binary }))
  await nats.allReady()
  url = `http://localhost:${await freePort()}`
  stack.defer(stop)
  await start()
  account = await signUp({ url }, { name: 'Ada', workspace: 'Engine' })
  await using agent = await agentOf({ url }, account)
  for (let n = 1; n <= TASKS; n += 1) {
    const { task } = await agent.call('create_task', { title: `Kept ${n}` })
    task_id = task.id
  }
  await addToFolder(join(folder, 'nats-users'), 'reports')
}, LIMIT_MS)
afterAll(() => stack.disposeAsync())

test('a_replica_set_is_backed_up_by_its_address_with_the_keys_of_subscribers', async () => {
  const args = [backup(), '--subscribers', join(folder, 'nats-users')]
  const { code, said } = await runInfra('backup', args, installation())
  expect(code, said).toBe(0)
  expect(said).toContain('It holds no LOOPS_SECRET: keep the one of your configuration too')
  const { moment, files, collections } = await manifestOf(backup())
  expect(moment).not.toBeNull()
  expect(files.map(({ path }) => path)).toEqual(['subscribers.json'])
  const tasks = collections.find(({ service, name }) => service === 'tasks' && name === 'tasks')
  expect(tasks?.documents).toBe(TASKS)
})

test('another_secret_is_refused_and_leaves_no_folder', async () => {
  const other = { ...installation(), LOOPS_SECRET: 'another secret, which is long enough as well' }
  const { code, said } = await runInfra('backup', [join(folder, 'other')], other)
  expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('LOOPS_SECRET') })
  expect(existsSync(join(folder, 'other'))).toBe(false)
})

test('databases_and_streams_that_are_not_empty_are_left_as_they_are', async () => {
  const version = await versionBy('get_task')
  await stop()
  const env = { ...installation(), NATS_URL: nats.urlOf('operator') }
  const full = await runInfra('restore', [backup()], { ...installation() })
  expect(full).toEqual({
    code: 1,
    said: expect.stringContaining('is not empty, and a restore overwrites nothing'),
  })
  const streaming = await runInfra('restore', [backup()], env)
  expect(streaming).toEqual({ code: 1, said: expect.stringContaining('NATS has the stream EVENTS') })
  await start()
  expect(await versionBy('get_task')).toBe(version)
  await stop()
})

test('a_backup_is_restored_into_empty_servers_and_work_goes_on', async () => {
  await dropAll()
  await deleteStream()
  const users = join(folder, 'restored-users')
  const env = { ...installation(), NATS_URL: nats.urlOf('operator') }
  const { code, said } = await runInfra('restore', [backup(), '--subscribers', users], env)
  expect(code, said).toBe(0)
  expect(await readFile(join(users, 'subscribers.conf'), 'utf8')).toContain('reports')
  const again = await runInfra('restore', [backup()], env)
  expect(again).toEqual({ code: 1, said: expect.stringContaining('was restored here already: start Loops') })
  await start()
  expect(await versionBy('update_task')).toBe(2)
})

test('a_mongod_that_is_no_replica_set_is_backed_up_when_stopped', async () => {
  await stop()
  const port = await freePort()
  await mkdir(join(folder, 'alone'))
  const listening = ['--port', `${port}`, '--bind_ip', '127.0.0.1', '--nounixsocket']
  processes.keep({
    name: 'alone',
    command: (await resolveMongod(serverSearch())).path,
    args: ['--dbpath', join(folder, 'alone'), ...listening, '--quiet'],
    env: RSEQ_FOR_GLIBC,
    logFile: join(folder, 'alone.log'),
  })
  await untilAccepting('127.0.0.1', port, AbortSignal.timeout(LIMIT_MS))
  const env = { ...installation(), MONGODB_URL: `mongodb://127.0.0.1:${port}/loops?directConnection=true` }
  const restored = await runInfra('restore', [backup()], env)
  expect(restored.code, restored.said).toBe(0)
  const path = join(folder, 'at-rest')
  const running = await runInfra('backup', [path], env)
  expect(running).toEqual({
    code: 1,
    said: expect.stringContaining('stop Loops, then run the backup again with --stopped'),
  })
  expect(existsSync(path)).toBe(false)
  const { code, said } = await runInfra('backup', [path, '--stopped'], env)
  expect(code, said).toBe(0)
  expect(said).toContain('It is right only if nothing of Loops ran meanwhile.')
  expect((await manifestOf(path)).moment).toBeNull()
})
