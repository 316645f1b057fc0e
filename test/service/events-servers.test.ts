// Events over servers of their own: one that loses all its data at run time, and a cluster of three of which one fails.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageType } from '@nats-io/jetstream'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { resolveNatsServer } from '../../infra/servers/resolve.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { startKeeper } from '../../shared/events/keeper.ts'
import {
  ADVISORIES_STREAM,
  EVENTS_STREAM,
  migrateStreams,
  untilConsumers,
} from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { type NatsServers, OBSERVER, startNatsServers } from '../support/chaos/nats-servers.ts'
import { openProcesses } from '../support/chaos/processes.ts'
import {
  type EventsEnvironment,
  eventsOf,
  openEventsEnvironment,
  thing,
} from '../support/events-environment.ts'
import { serverSearch } from '../support/images.ts'
import { freshStack } from '../support/stack.ts'

const LIMIT = { timeout: 40_000 }
let binary: string
let stack: AsyncDisposableStack

beforeAll(async () => {
  binary = (await resolveNatsServer(serverSearch())).path
}, 180_000)
beforeEach(() => {
  stack = new AsyncDisposableStack()
})
afterEach(() => stack.disposeAsync())

const startServers = async (size: number): Promise<NatsServers> => {
  const folder = await mkdtemp(join(tmpdir(), 'events-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const processes = stack.use(openProcesses())
  const nats = stack.use(await startNatsServers({ binary, folder, size, processes }))
  for (const { process } of nats.servers) process.start()
  await nats.allReady()
  return nats
}
const openAgainst = async (nats: NatsServers): Promise<EventsEnvironment> =>
  stack.use(
    await openEventsEnvironment({ natsUrl: nats.urlOf(OBSERVER), mongodbUrl: freshStack().mongodbUrl }),
  )
const copies = async (env: EventsEnvironment, stream = EVENTS_STREAM): Promise<number> =>
  (await env.bus.jsm.streams.info(stream)).config.num_replicas

test('everything_is_republished_and_read_on_when_the_server_comes_back_empty', async () => {
  const nats = await startServers(1)
  const env = await openAgainst(nats)
  const seen = new Set<string>()
  await env.consuming('reader', async ({ id }) => void seen.add(id))
  await env.publish(20)
  await expect.poll(() => seen.size, LIMIT).toBe(20)
  const { store } = env.relaying()
  await nats.loseEverything()
  const meanwhile = Array.from({ length: 5 }, (_, n) => thing(`meanwhile ${n}`))
  for (const one of meanwhile) await store.insert(one, eventsOf(one))
  seen.clear()
  for (const { process } of nats.servers) process.start()
  await expect.poll(() => seen.size, LIMIT).toBe(25)
  await expect.poll(env.waiting, LIMIT).toBe(0)
  expect((await env.inStream()).toSorted()).toEqual(await env.journaledIds())
  await env.publish(1)
  await expect.poll(() => seen.size, LIMIT).toBe(26)
}, 120_000)

test('a_server_that_restarts_with_its_data_loses_nothing_and_is_read_on', async () => {
  const nats = await startServers(1)
  const env = await openAgainst(nats)
  const seen: string[] = []
  await env.consuming('reader', async ({ id }) => void seen.push(id))
  await env.publish(10)
  await expect.poll(() => seen.length, LIMIT).toBe(10)
  const [server] = nats.servers
  await server?.process.kill()
  server?.process.start()
  await env.publish(10)
  await expect.poll(() => new Set(seen).size, LIMIT).toBe(20)
  expect(await env.inStream()).toHaveLength(20)
}, 120_000)

test('three_servers_hold_three_copies_and_one_may_fail', async () => {
  const nats = await startServers(3)
  const env = await openAgainst(nats)
  // The servers may have found each other only after the streams were made; the keeper asks again, as here.
  const raised = async () => {
    await migrateStreams(env.bus, undefined)
    return copies(env)
  }
  await expect.poll(raised, LIMIT).toBe(3)
  const seen = new Set<string>()
  await env.consuming('reader', async ({ id }) => void seen.add(id))
  await env.publish(10)
  const { cluster } = await env.bus.jsm.streams.info(EVENTS_STREAM)
  const leader = nats.servers.find(({ process }) => process.name === cluster?.leader)
  await leader?.process.kill()
  await env.publish(10)
  await expect.poll(() => seen.size, LIMIT).toBe(20)
  leader?.process.start()
  await nats.allReady()
  expect((await env.inStream()).toSorted()).toEqual(await env.journaledIds())
}, 120_000)

test('a_start_waits_for_an_election_and_says_so_once', async () => {
  const nats = await startServers(3)
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = createLog({ filter: 'warn', topic: 'test', pretty: false, write })
  const waits = () => lines.filter((line) => line.includes('JetStream does not answer yet')).length
  const bus = stack.use(await connectBus(nats.urlOf(OBSERVER), 'test', log))
  await bus.answered(() => migrateStreams(bus, undefined))
  const { cluster } = await bus.jsm.streams.info(EVENTS_STREAM)
  const others = nats.servers.filter(({ process }) => process.name !== cluster?.leader)
  // Without a majority, no server can answer.
  for (const { process } of others) await process.kill()
  const durables = () => [{ durable: 'reader', subjects: ['evt.things.>'] }]
  const keeping = startKeeper(bus, { random: () => 0, replicas: undefined, durables })
  const connecting = connectBus(nats.urlOf(OBSERVER), 'another', log)
  // The leader may still answer one of them before it notices that it is alone.
  await expect.poll(waits, LIMIT).toBeGreaterThanOrEqual(1)
  for (const { process } of others) process.start()
  stack.use(await keeping)
  const another = stack.use(await connecting)
  await untilConsumers(another, 'reader')
  // Three are asked for: a manager of the streams, the streams, the consumers. Each says once that it waits.
  expect(waits()).toBeLessThanOrEqual(3)
  expect(lines.filter((line) => line.includes('repeated work failed'))).toEqual([])
}, 180_000)

test('streams_are_updated_to_their_declaration_and_a_refused_setting_is_reported_with_what_to_do', async () => {
  const nats = await startServers(3)
  const env = await openAgainst(nats)
  const { jsm } = env.bus
  const max_age = (await jsm.streams.info(EVENTS_STREAM)).config.max_age
  await migrateStreams(env.bus, 1)
  await jsm.streams.update(EVENTS_STREAM, { max_age: max_age / 2 })
  expect(await copies(env)).toBe(1)
  await env.publish(3)
  // A cluster that has only just changed a stream may refuse to change it again yet; the reconciler asks again too.
  await expect.poll(() => migrateStreams(env.bus, undefined), LIMIT).toBe(true)
  await expect.poll(() => copies(env), LIMIT).toBe(3)
  await expect.poll(() => copies(env, ADVISORIES_STREAM), LIMIT).toBe(3)
  expect((await jsm.streams.info(EVENTS_STREAM)).config.max_age).toBe(max_age)
  await migrateStreams(env.bus, 5)
  expect(await copies(env)).toBe(3)
  expect(env.lines.join()).toContain('STREAM_REPLICAS')
  await expect.poll(async () => (await env.inStream()).length, LIMIT).toBe(3)
}, 120_000)

test('a_setting_that_cannot_be_changed_does_not_block_the_others', async () => {
  const nats = await startServers(1)
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = createLog({ filter: 'info', topic: 'test', pretty: false, write })
  const bus = stack.use(await connectBus(nats.urlOf(OBSERVER), 'test', log))
  const memory = StorageType.Memory
  await bus.jsm.streams.add({ name: EVENTS_STREAM, subjects: ['evt.>'], storage: memory })
  await migrateStreams(bus, undefined)
  const { config } = await bus.jsm.streams.info(EVENTS_STREAM)
  expect(config).toMatchObject({ storage: memory, allow_direct: true })
  expect(config.max_age).toBeGreaterThan(0)
  const refused = lines.filter((line) => line.includes('left as it is'))
  expect(refused).toEqual([expect.stringContaining('another storage')])
}, 120_000)

test('more_copies_than_servers_are_refused_at_the_first_start', async () => {
  const nats = await startServers(1)
  const log = createLog({ filter: 'error', topic: 'test' })
  const bus = stack.use(await connectBus(nats.urlOf(OBSERVER), 'test', log))
  await expect(migrateStreams(bus, 3)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('STREAM_REPLICAS'),
  })
}, 120_000)
