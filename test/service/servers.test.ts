// The real servers of `npm start`: what was written survives kills and changes of port.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { MongoClient } from 'mongodb'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { silentReport } from '../../infra/report.ts'
import type { Binary } from '../../infra/servers/binary.ts'
import { checkedVersion, MONGOD } from '../../infra/servers/binary.ts'
import { startMongod } from '../../infra/servers/mongod.ts'
import { startNatsServer } from '../../infra/servers/nats-server.ts'
import { tryPort, untilAccepting } from '../../infra/servers/port.ts'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { canFillDisk, fillDisk } from '../support/chaos/full-disk.ts'
import { freePort } from '../support/free-port.ts'
import { serverSearch } from '../support/images.ts'

const SECRET = 'a secret of more than thirty-two characters'
const FETCH_TIMEOUT_MS = 180_000

let mongod: Binary
let natsServer: Binary
let dataDir: string
let stack: AsyncDisposableStack

beforeAll(async () => {
  const options = serverSearch()
  mongod = await resolveMongod(options)
  natsServer = await resolveNatsServer(options)
}, FETCH_TIMEOUT_MS)

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'servers-'))
  stack = new AsyncDisposableStack()
})

afterEach(async () => {
  await stack.disposeAsync()
  await rm(dataDir, { recursive: true })
})

const options = () => ({ dataDir, report: silentReport, onLost: () => {} })
const runMongod = async () => stack.use(await startMongod({ ...options(), binary: mongod }))
const runNats = async () => stack.use(await startNatsServer({ ...options(), binary: natsServer }, SECRET))
const portOf = (url: string) => Number(new URL(url).port)

const notes = async (url: string) => {
  const client = stack.adopt(new MongoClient(url), (open) => open.close())
  return client.db('notes').collection<{ _id: number }>('notes', { writeConcern: { w: 'majority' } })
}

test('mongod_data_survives_its_own_kill_without_a_new_start', async () => {
  const server = await runMongod()
  const collection = await notes(server.url)
  await collection.insertOne({ _id: 1 })
  process.kill(server.pid(), 'SIGKILL')
  await expect.poll(() => collection.countDocuments().catch(() => 0), { timeout: 20_000 }).toBe(1)
})

test('mongod_data_found_again_by_the_next_start_on_another_port', async () => {
  const first = await runMongod()
  await (await notes(first.url)).insertOne({ _id: 1 })
  await first[Symbol.asyncDispose]()
  const other = await freePort()
  await writeFile(join(dataDir, 'mongod', 'port'), `${other}\n`)
  const second = await runMongod()
  expect(portOf(second.url)).toBe(other)
  const collection = await notes(second.url)
  await collection.insertOne({ _id: 2 })
  expect(await collection.countDocuments()).toBe(2)
})

const putMessage = async (url: string): Promise<void> => {
  const publishing = await connect({ ...credentials(url), servers: hostOf(url) })
  await (await jetstreamManager(publishing)).streams.add({ name: 'KEPT', subjects: ['kept.>'] })
  await jetstream(publishing).publish('kept.one', 'hello')
  await publishing.close()
}
const keptMessage = async (url: string): Promise<string | undefined> => {
  const reading = await connect({ ...credentials(url), servers: hostOf(url) })
  const kept = await (await jetstreamManager(reading)).streams.getMessage('KEPT', { seq: 1 })
  await reading.close()
  return kept?.string()
}

test('nats_messages_found_again_by_the_next_start', async () => {
  const first = await runNats()
  await putMessage(first.url)
  process.kill(first.pid(), 'SIGKILL')
  await first[Symbol.asyncDispose]()
  expect(await keptMessage((await runNats()).url)).toBe('hello')
})

test('nats_messages_from_before_accounts_had_names_found_again', async () => {
  const first = await runNats()
  await putMessage(first.url)
  await first[Symbol.asyncDispose]()
  const folder = join(dataDir, 'nats', 'data', 'jetstream')
  await rename(join(folder, 'LOOPS'), join(folder, '$G'))
  expect(await keptMessage((await runNats()).url)).toBe('hello')
})

test('nats_refuses_who_does_not_know_the_password', async () => {
  const { url } = await runNats()
  await expect(connect({ servers: hostOf(url) })).rejects.toThrow(/authorization/i)
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)

// Without a network there is no address to reach.
test.skipIf(outside === undefined)('neither_server_reachable_from_other_machines', async () => {
  const ports = [portOf((await runMongod()).url), portOf((await runNats()).url)]
  for (const port of ports) {
    await untilAccepting('127.0.0.1', port, AbortSignal.timeout(5_000))
    // Only a server that listens on 127.0.0.1 alone leaves the port free on the other addresses.
    expect(await tryPort(outside?.address ?? '', port)).toBe(port)
  }
})

test.skipIf(process.platform !== 'linux')('binary_without_a_library_refused_with_its_package', async () => {
  const copy = join(dataDir, 'mongod')
  const bytes = await readFile(mongod.path)
  bytes.write('libcurl.so.9', bytes.indexOf('libcurl.so.4\0'))
  await writeFile(copy, bytes, { mode: 0o755 })
  await expect(checkedVersion(MONGOD, copy)).rejects.toThrow(
    'it needs libcurl.so.9 (package libcurl4, on Fedora libcurl)',
  )
})

const hostOf = (url: string) => new URL(url).host
const credentials = (url: string) => ({ user: new URL(url).username, pass: new URL(url).password })

test.skipIf(!canFillDisk())(
  'nats_that_a_full_disk_has_stopped_is_started_anew_and_takes_messages',
  async () => {
    const lines: string[] = []
    const report = { ...silentReport, step: (text: string) => void lines.push(text) }
    const server = stack.use(
      await startNatsServer({ ...options(), report, look_ms: 100, binary: natsServer }, SECRET),
    )
    await putMessage(server.url)
    await fillDisk(server.pid())
    await expect(putMessage(server.url)).rejects.toThrow('timeout')
    await expect.poll(() => lines, { timeout: 30_000 }).toContain('nats-server: serving again')
    expect(lines.join()).toMatch(/nats-server ended by itself \(write error: .*file too large\)/)
    await putMessage(server.url)
    expect(await keptMessage(server.url)).toBe('hello')
  },
)
