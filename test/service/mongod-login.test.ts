// Access to the database of `npm start`. Only the login opens it, which is stored beside the data; nobody else on the
// machine gets in.
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { silentReport } from '../../infra/report.ts'
import type { Binary } from '../../infra/servers/binary.ts'
import { startMongod } from '../../infra/servers/mongod.ts'
import { untilAccepting } from '../../infra/servers/port.ts'
import { launch, runningProcess } from '../../infra/servers/process.ts'
import { ensureReplicaSet } from '../../infra/servers/replica-set.ts'
import { resolveMongod } from '../../infra/servers/resolve.ts'
import { freePort } from '../support/free-port.ts'
import { serverSearch } from '../support/images.ts'

const FETCH_TIMEOUT_MS = 180_000
const LIMIT_MS = 60_000
const MIGRATION = 'mongod: adding a login, so that nobody else on this machine can read the data'

let binary: Binary
let dataDir: string
let folder: string
let steps: string[]
let stack: AsyncDisposableStack

beforeAll(async () => {
  binary = await resolveMongod(serverSearch())
}, FETCH_TIMEOUT_MS)

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'login-'))
  folder = join(dataDir, 'mongod')
  steps = []
  stack = new AsyncDisposableStack()
})

afterEach(async () => {
  await stack.disposeAsync()
  await rm(dataDir, { recursive: true })
})

const start = async () =>
  stack.use(
    await startMongod({
      ...{ dataDir, binary, onLost: () => {} },
      report: { ...silentReport, step: (text) => void steps.push(text) },
    }),
  )
const clientOf = (url: string, more = {}) =>
  stack.adopt(new MongoClient(url, { serverSelectionTimeoutMS: 5_000, ...more }), (open) => open.close())
const notes = (url: string, more = {}) =>
  clientOf(url, more)
    .db('notes')
    .collection<{ _id: number }>('notes', { writeConcern: { w: 'majority' } })
const kept = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
const pidOf = () => runningProcess(join(folder, 'process.json'))
const portOf = () => Number(kept('port'))
const withoutLogin = (url: string) => `mongodb://${new URL(url).host}/?directConnection=true`

/** The data of an earlier release: a replica set of one without a login, stopped in order. */
const leaveOpenData = async (): Promise<void> => {
  const port = await freePort()
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'port'), `${port}\n`)
  const server = launch({
    path: binary.path,
    args: [
      ...['--dbpath', join(folder, 'data'), '--replSet', 'rs0', '--port', `${port}`],
      ...['--bind_ip', '127.0.0.1', '--nounixsocket', '--quiet'],
    ],
    logFile: join(folder, 'mongod.log'),
    pidFile: join(folder, 'process.json'),
  })
  await ensureReplicaSet({ port, replicaSet: 'rs0', signal: AbortSignal.timeout(LIMIT_MS) })
  await notes(`mongodb://127.0.0.1:${port}/?directConnection=true`).insertOne({ _id: 1 })
  await server.stop()
}

test('nobody_without_the_login_reads_writes_or_creates_a_user', async () => {
  const { url } = await start()
  await notes(url).insertOne({ _id: 1 })
  const stranger = clientOf(withoutLogin(url))
  const tries = [
    () => stranger.db('notes').collection('notes').findOne(),
    () => stranger.db('notes').collection('notes').insertOne({}),
    () => stranger.db('admin').command({ createUser: 'mallory', pwd: 'm', roles: ['root'] }),
    () => stranger.db('admin').command({ replSetGetStatus: 1 }),
  ]
  for (const trying of tries) await expect(trying()).rejects.toMatchObject({ codeName: 'Unauthorized' })
  const guess = new URL(url)
  guess.password = 'a guess'
  await expect(notes(guess.href).findOne()).rejects.toMatchObject({ codeName: 'AuthenticationFailed' })
})

test('nobody_is_let_in_before_the_login_is_set', async () => {
  const starting = start()
  let serves = false
  void starting.finally(() => (serves = true))
  await vi.waitFor(portOf, LIMIT_MS)
  await untilAccepting('127.0.0.1', portOf(), AbortSignal.timeout(LIMIT_MS))
  const admin = clientOf(`mongodb://127.0.0.1:${portOf()}/?directConnection=true`).db('admin')
  const makeUser = () => admin.command({ createUser: 'mallory', pwd: 'm', roles: ['root'] })
  do await expect(makeUser()).rejects.toMatchObject({ codeName: 'Unauthorized' })
  while (!serves)
  await starting
})

test('the_login_may_change_and_maintain_data_but_neither_users_nor_the_server', async () => {
  const client = clientOf((await start()).url)
  await client.db('notes').command({ profile: 0 })
  const admin = client.db('admin')
  for (const command of [{ createUser: 'mallory', pwd: 'm', roles: [] }, { shutdown: 1 }])
    await expect(admin.command(command)).rejects.toMatchObject({ codeName: 'Unauthorized' })
})

test('the_login_is_random_stays_across_starts_and_is_readable_by_its_owner_alone', async () => {
  const first = await start()
  expect(new URL(first.url).password).toBe(kept('login'))
  expect(kept('login')).toMatch(/^[\w-]{43}$/)
  for (const name of ['login', 'key']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  await first[Symbol.asyncDispose]()
  const second = await start()
  expect(new URL(second.url).password).toBe(new URL(first.url).password)
  expect(steps).not.toContain(MIGRATION)
})

test('neither_the_process_nor_the_log_shows_the_login', async () => {
  const { url, pid } = await start()
  await notes(url).insertOne({ _id: 1 })
  const shown = [
    kept('mongod.log'),
    kept('process.json'),
    ...(process.platform === 'linux'
      ? ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid()}/${file}`, 'utf8'))
      : []),
    ...steps,
  ]
  for (const secret of [kept('login'), kept('key')]) expect(shown.join('\n')).not.toContain(secret)
})

test('data_without_a_login_gets_one_and_one_line_says_so', async () => {
  await leaveOpenData()
  const { url } = await start()
  expect(steps.filter((line) => line === MIGRATION)).toHaveLength(1)
  expect(await notes(url).findOne()).toEqual({ _id: 1 })
  await expect(notes(withoutLogin(url)).findOne()).rejects.toMatchObject({ codeName: 'Unauthorized' })
})

const isPrimary = async () => {
  const url = `mongodb://127.0.0.1:${portOf()}/?directConnection=true`
  await using client = new MongoClient(url, { serverSelectionTimeoutMS: 1_000 })
  return (await client.db('admin').command({ hello: 1 })).isWritablePrimary
}

test.each([
  ['its_process_runs', async () => expect(pidOf()).toBeDefined()],
  ['it_takes_connections', () => untilAccepting('127.0.0.1', portOf(), AbortSignal.timeout(1_000))],
  ['it_is_primary', async () => expect(await isPrimary()).toBe(true)],
])('killed_when_%s_the_next_start_goes_on', async (_, moment) => {
  await leaveOpenData()
  const first = start().catch(() => undefined)
  await vi.waitFor(moment, { timeout: LIMIT_MS, interval: 5 })
  process.kill(pidOf() ?? Number.NaN, 'SIGKILL')
  await (await first)?.[Symbol.asyncDispose]()
  const { url } = await start()
  expect(await notes(url).findOne()).toEqual({ _id: 1 })
  await expect(notes(withoutLogin(url)).findOne()).rejects.toMatchObject({ codeName: 'Unauthorized' })
})

test('a_login_that_was_stored_but_not_set_is_set_by_the_next_start', async () => {
  await leaveOpenData()
  writeFileSync(join(folder, 'login'), 'written-down\n', { mode: 0o600 })
  const { url } = await start()
  expect(new URL(url).password).toBe('written-down')
  expect(await notes(url).findOne()).toEqual({ _id: 1 })
})

test('a_lost_login_is_recreated_and_a_careless_copy_of_the_folder_starts', async () => {
  const first = await start()
  await notes(first.url).insertOne({ _id: 1 })
  await first[Symbol.asyncDispose]()
  rmSync(join(folder, 'login'))
  chmodSync(join(folder, 'key'), 0o644)
  const { url } = await start()
  expect(url).not.toBe(first.url)
  expect(await notes(url).findOne()).toEqual({ _id: 1 })
})
