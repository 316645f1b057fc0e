// One mongod or a replica set of three, each behind a proxy. Clients and the other members connect through it. Knows no
// service.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Db, MongoClient } from 'mongodb'
import { RSEQ_FOR_GLIBC } from '../../../infra/servers/mongod.ts'
import { untilAccepting } from '../../../infra/servers/port.ts'
import { freePort } from '../free-port.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import type { Controlled, Processes } from './processes.ts'
import { until } from './until.ts'

/** A member: its process, and the proxy that it is known by. */
export type MongoServer = Readonly<{ process: Controlled; proxy: FaultProxy }>

export type MongoServers = AsyncDisposable &
  Readonly<{
    servers: readonly MongoServer[]
    url: string
    /** Has the primary step down for `seconds`. A set of one has no successor. */
    stepDown: (seconds: number) => Promise<void>
    /** Waits until there is a primary. */
    ready: () => Promise<void>
  }>

const REPLICA_SET = 'rs0'
const READY_MS = 60_000

type Member = Readonly<{ port: number; server: MongoServer }>

const startMember = async (
  { binary, folder, processes }: Readonly<{ binary: string; folder: string; processes: Processes }>,
  index: number,
  stack: AsyncDisposableStack,
): Promise<Member> => {
  const name = `mongod-${index + 1}`
  const data = join(folder, `data-${index + 1}`)
  await mkdir(data, { recursive: true })
  const port = await freePort()
  const args = [
    ...['--dbpath', data, '--replSet', REPLICA_SET, '--port', `${port}`, '--bind_ip', '127.0.0.1'],
    ...['--nounixsocket', '--quiet', '--wiredTigerCacheSizeGB', '0.5', '--oplogSize', '256'],
    ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
  ]
  const process = processes.keep({
    ...{ name, command: binary, args, env: RSEQ_FOR_GLIBC },
    logFile: join(folder, `${name}.log`),
  })
  const proxy = stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port })))
  return { port, server: { process, proxy } }
}

const initiate = async (members: readonly Member[], admin: Db): Promise<void> => {
  const config = {
    _id: REPLICA_SET,
    members: members.map(({ server: { proxy } }, _id) => ({ _id, host: `127.0.0.1:${proxy.port}` })),
  }
  await admin.command({ replSetInitiate: config })
}

/** Starts `size` members with their data below `folder`, and waits for a primary. */
export const startMongoServers = async (
  options: Readonly<{ binary: string; folder: string; size: number; processes: Processes }>,
): Promise<MongoServers> => {
  const stack = new AsyncDisposableStack()
  const members = await Promise.all(
    Array.from({ length: options.size }, (_, index) => startMember(options, index, stack)),
  )
  for (const { port } of members) await untilAccepting('127.0.0.1', port, AbortSignal.timeout(READY_MS))
  const first = new MongoClient(`mongodb://127.0.0.1:${members[0]?.port}/?directConnection=true`)
  await initiate(members, first.db('admin')).finally(() => first.close())

  const hosts = members.map(({ server: { proxy } }) => `127.0.0.1:${proxy.port}`).join(',')
  const how = options.size === 1 ? 'directConnection=true' : `replicaSet=${REPLICA_SET}`
  const url = `mongodb://${hosts}/loops?${how}`
  const onPrimary = async <T>(work: (admin: Db) => Promise<T>): Promise<T> => {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
    return await work(client.db('admin')).finally(() => client.close())
  }
  const ready = (): Promise<void> =>
    until('MongoDB has a primary', READY_MS, () =>
      onPrimary(async (admin) => (await admin.command({ hello: 1 })).isWritablePrimary === true),
    )
  await ready()
  return {
    servers: members.map(({ server }) => server),
    url,
    // The member that steps down closes the connection on which it was asked to.
    stepDown: (seconds) =>
      onPrimary((admin) => admin.command({ replSetStepDown: seconds, force: true })).then(
        () => undefined,
        () => undefined,
      ),
    ready,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
