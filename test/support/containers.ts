// NATS and MongoDB in containers, and the removal of everything that a run started. Knows no test and no service.
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import {
  type ContainerRuntimeClient,
  GenericContainer,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import { RSEQ_FOR_GLIBC } from '../../infra/servers/mongod.ts'
import { ensureReplicaSet } from '../../infra/servers/replica-set.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { TEST_LABEL } from './images.ts'

/** A server in a container: where it is reached from the tests. */
export type ServerContainer = Readonly<{ host: string; port: number; container: StartedTestContainer }>

/** Where a container belongs. */
export type Place = Readonly<{
  /** Marks the container as started by this run. */
  run: string
  /** The network to join, and its name there; by default the engine's own network. */
  network?: string
  alias?: string
}>

const NATS_PORT = 4222
const MONGO_PORT = 27_017
const STARTUP_LIMIT_MS = 60_000
const LEFTOVER_AGE_S = 3_600
const IMAGE_AGE_S = 7 * 24 * 3_600
/** Test files that one NATS server keeps apart, each in an account of its own. */
export const NATS_ACCOUNTS = 512

/** The folder of a run, which the processes of the run share; its last part is the mark on all that the run starts. */
export const runFolder = (): string =>
  process.env.LOOPS_TEST_RUN ?? join(tmpdir(), `loops-test-${process.pid}`)

/** The mark of the run that this process belongs to. */
export const runMark = (): string => basename(runFolder())

/** A container that carries the labels of its run and joins its network. */
export const placed = (image: string, { run, network, alias }: Place): GenericContainer => {
  const container = new GenericContainer(image)
    .withLabels({ [TEST_LABEL]: run })
    .withStartupTimeout(STARTUP_LIMIT_MS)
  if (network) container.withNetworkMode(network)
  if (alias) container.withNetworkAliases(alias)
  return container
}

/**
 * NATS with JetStream and many accounts: subjects are the same in every test file, so files that run side by side must
 * not hear each other. Account n has the user and the password `n<n>`. Its data are in memory, where "every message is
 * on disk before it is acknowledged" costs nothing. Each stream reserves what it may take, so there is room for all of
 * them only on paper.
 */
export const startNats = async (image: string, place: Place): Promise<ServerContainer> => {
  const accounts = Array.from(
    { length: NATS_ACCOUNTS },
    (_, n) => `n${n} { jetstream: enabled, users: [{ user: n${n}, password: n${n} }] }`,
  )
  const configuration = `
listen: "0.0.0.0:${NATS_PORT}"
jetstream { store_dir: "/data", sync_interval: always, max_file: 1000TB }
accounts {
  ${accounts.join('\n  ')}
}
`
  const container = await placed(image, place)
    .withCommand(['--config', '/loops-test.conf'])
    .withCopyContentToContainer([{ content: configuration, target: '/loops-test.conf' }])
    .withTmpFs({ '/data': 'rw,size=1g' })
    .withExposedPorts(NATS_PORT)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start()
  return { host: container.getHost(), port: container.getMappedPort(NATS_PORT), container }
}

/** MongoDB as a replica set of one with its data in memory; reached with `directConnection=true`. */
export const startMongo = async (image: string, place: Place): Promise<ServerContainer> => {
  const container = await placed(image, place)
    .withCommand([
      '--replSet',
      'rs0',
      '--bind_ip_all',
      '--dbpath',
      '/data/db',
      '--wiredTigerCacheSizeGB',
      '0.5',
      // The files of dropped databases go after half a minute, not after five minutes.
      '--setParameter',
      'minSnapshotHistoryWindowInSeconds=30',
    ])
    .withEnvironment(RSEQ_FOR_GLIBC)
    .withTmpFs({ '/data/db': 'rw,size=4g' })
    .withExposedPorts(MONGO_PORT)
    .withWaitStrategy(Wait.forLogMessage(/Waiting for connections/))
    .start()
  const host = container.getHost()
  const port = container.getMappedPort(MONGO_PORT)
  await ensureReplicaSet({
    host,
    port,
    member: `127.0.0.1:${MONGO_PORT}`,
    replicaSet: 'rs0',
    signal: AbortSignal.timeout(STARTUP_LIMIT_MS),
  })
  return { host, port, container }
}

/** A network of its own for containers that must find each other by name. Returns its name. */
export const createNetwork = async (client: ContainerRuntimeClient, run: string): Promise<string> => {
  const name = `${run}-${systemClock.monotonicMs().toString(36).replace('.', '')}`
  await client.container.dockerode.createNetwork({ Name: name, Labels: { [TEST_LABEL]: run } })
  return name
}

/** Removes every container and network of a run, whatever state they are in. */
export const removeRun = (client: ContainerRuntimeClient, run: string): Promise<void> =>
  removeWhere(client, `${TEST_LABEL}=${run}`, () => true)

/** Removes what killed runs left behind: everything of ours older than an hour. */
export const removeLeftovers = async (client: ContainerRuntimeClient): Promise<void> => {
  const now_s = systemClock.now().getTime() / 1000
  await removeWhere(client, TEST_LABEL, (created_s) => now_s - created_s > LEFTOVER_AGE_S)
  // Podman does not know all of these filters, and old images must not stop the tests.
  const prune = (filters: Record<string, string[]>) =>
    client.container.dockerode
      .pruneImages({ filters: { label: [TEST_LABEL], ...filters } })
      .catch(() => undefined)
  // An image that a newer build has replaced has no name any more; one that no run uses any more still has.
  await prune({ dangling: ['true'], until: [`${LEFTOVER_AGE_S}s`] })
  await prune({ dangling: ['false'], until: [`${IMAGE_AGE_S}s`] })
}

const removeWhere = async (
  client: ContainerRuntimeClient,
  label: string,
  isChosen: (created_s: number) => boolean,
): Promise<void> => {
  const { dockerode } = client.container
  const filters = { label: [label] }
  for (const { Id, Created } of await dockerode.listContainers({ all: true, filters })) {
    // Another run may be removing the same leftovers.
    if (isChosen(Created)) await dockerode.getContainer(Id).remove({ force: true, v: true }).catch(ignoreGone)
  }
  for (const { Id, Created } of await dockerode.listNetworks({ filters })) {
    if (isChosen(Date.parse(Created) / 1000)) await dockerode.getNetwork(Id).remove().catch(ignoreGone)
  }
}

const ignoreGone = (error: { statusCode?: number }): void => {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error
}
