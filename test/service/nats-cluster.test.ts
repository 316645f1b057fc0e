// Three NATS servers as infra/compose.yaml runs them. They find each other by the environment alone, store three copies
// of the events, and accept a new subscriber at run time.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { SUBSCRIBERS_DOMAIN } from '../../infra/subscribers/access.ts'
import { MIGRATOR } from '../../services/start.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { createNetwork, placed, runMark } from '../support/containers.ts'
import { passwordOf, passwordsOf } from '../support/guarded-nats.ts'
import { addToFolder, connectSubscriber } from '../support/subscribers.ts'
import { SOME_ID } from '../support/tools.ts'

const NAMES = ['nats-1', 'nats-2', 'nats-3']
const PORT = 4222
const WAIT = { timeout: 30_000, interval: 100 }
const USERS_FILE = '/etc/nats/nats-users/subscribers.conf'
const infra = (name: string): string => join(import.meta.dirname, '..', '..', 'infra', name)

const cleanup = new AsyncDisposableStack()
let servers: readonly StartedTestContainer[]
let bus: Bus

const addressOf = (server: StartedTestContainer): string =>
  `${server.getHost()}:${server.getMappedPort(PORT)}`

const startServer = async (name: string, network: string): Promise<StartedTestContainer> => {
  const password = 'secret-of-routes'
  const routes = NAMES.map((other, index) => [
    `ROUTE_${index + 1}`,
    `nats://routes:${password}@${other}:6222`,
  ])
  const files = ['nats.conf', 'nats-cluster.conf'].map(async (file) => ({
    content: await readFile(infra(file), 'utf8'),
    target: `/etc/nats/${file}`,
  }))
  return await placed(inject('servers').images.nats, { run: runMark(), network, alias: name })
    .withCommand(['--config=/etc/nats/nats-cluster.conf', '--store_dir=/data'])
    .withCopyContentToContainer([...(await Promise.all(files)), { content: '', target: USERS_FILE }])
    .withEnvironment({
      ...passwordsOf(),
      SERVER_NAME: name,
      NATS_ROUTES_PASSWORD: password,
      ...Object.fromEntries(routes),
    })
    .withTmpFs({ '/data': 'rw,size=64m' })
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start()
}

/** A connection to the first server. */
const busAs = (user: string): Promise<Bus> => {
  const [first] = servers
  if (!first) throw new Error('There is no server.')
  const url = `nats://${user}:${passwordOf(user)}@${addressOf(first)}`
  const log = createLog({ filter: 'error', topic: 'test' })
  return vi.waitFor(() => connectBus(url, user, log), WAIT)
}

beforeAll(async () => {
  const client = await getContainerRuntimeClient()
  const network = await createNetwork(client, runMark())
  cleanup.defer(() => client.container.dockerode.getNetwork(network).remove())
  servers = await Promise.all(NAMES.map((name) => startServer(name, network)))
  for (const server of servers) cleanup.defer(async () => void (await server.stop()))
  bus = cleanup.use(await busAs('tasks'))
})
afterAll(() => cleanup.disposeAsync())

test('events_are_stored_by_all_three_servers', async () => {
  const subjects = [eventSubject('*', '*.*', '*')]
  await using migrator = await busAs(MIGRATOR)
  await vi.waitFor(() => migrator.jsm.streams.add({ name: EVENTS_STREAM, subjects, num_replicas: 3 }), WAIT)
  const { cluster, config } = await bus.jsm.streams.info(EVENTS_STREAM)
  expect(config.num_replicas).toBe(3)
  expect([cluster?.leader, ...(cluster?.replicas ?? []).map(({ name }) => name)].toSorted()).toEqual(NAMES)
})

test('a_subscriber_added_while_they_run_may_read_from_each_server', async () => {
  const connection = bus.nc.info?.client_id
  const folder = await mkdtemp(join(tmpdir(), 'subscribers-'))
  cleanup.defer(() => rm(folder, { recursive: true }))
  const { credentials, conf: content } = await addToFolder(folder, 'reports')
  const { container: engine } = await getContainerRuntimeClient()
  for (const server of servers) {
    await server.copyContentToContainer([{ content, target: USERS_FILE }])
    await engine.getById(server.getId()).kill({ signal: 'SIGHUP' })
  }
  const subject = eventSubject('tasks', 'task.created', SOME_ID)
  for (const server of servers) {
    await bus.js.publish(subject, '{}')
    const nc = await vi.waitFor(() => connectSubscriber(addressOf(server), credentials), WAIT)
    const domain = SUBSCRIBERS_DOMAIN
    const { consumers } = await jetstreamManager(nc, { domain })
    const { SUBSCRIBER: durable_name, EVENTS: filter_subject } = credentials
    await consumers.add(EVENTS_STREAM, { durable_name, filter_subject, ack_policy: AckPolicy.Explicit })
    const consumer = await jetstream(nc, { domain }).consumers.get(EVENTS_STREAM, durable_name)
    const message = await consumer.next()
    expect(message?.subject).toBe(subject)
    expect(await message?.ackAck()).toBe(true)
    await nc.close()
  }
  await bus.nc.flush()
  expect(bus.nc.info?.client_id).toBe(connection)
})

test('compose_sets_every_variable_that_the_servers_read', async () => {
  const compose = await readFile(infra('compose.yaml'), 'utf8')
  const read = (await readFile(infra('nats-cluster.conf'), 'utf8')).matchAll(/^[^#\n]*\$.*$/gm)
  const variables = [...read].flatMap(([line]) =>
    [...line.matchAll(/\$([A-Z_0-9]+)/g)].map(([, name]) => name ?? ''),
  )
  expect(variables).toEqual(['SERVER_NAME', 'NATS_ROUTES_PASSWORD', 'ROUTE_1', 'ROUTE_2', 'ROUTE_3'])
  for (const name of variables) expect(compose).toMatch(new RegExp(`\\b${name}: `))
})
