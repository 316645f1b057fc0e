// One NATS server or a cluster of three with infra/nats.conf, as operators run them, each behind a proxy, and with a proxy
// on every way from one to another, so that the cluster can be parted. Knows no service.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import type { Controlled, Processes } from './processes.ts'
import { until } from './until.ts'

/** A server: its process, and the proxy that clients reach it by. */
export type NatsServer = Readonly<{ process: Controlled; proxy: FaultProxy; ready: () => Promise<boolean> }>

export type NatsServers = AsyncDisposable &
  Readonly<{
    servers: readonly NatsServer[]
    /** The address of all, for a user of infra/nats.conf, or for `OBSERVER`, who may do everything. */
    urlOf: (user: string) => string
    /** Parts the server of this index from the others. */
    part: (index: number) => void
    /** Ends every parting. */
    join: () => void
    /** Kills all servers and deletes what JetStream has on their disks; they stay down until started. */
    loseEverything: () => Promise<void>
    /** Waits until every server says that it is well. */
    allReady: () => Promise<void>
  }>

/** The user of whoever looks at it all; no operator has one. */
export const OBSERVER = 'observer'

const READY_MS = 60_000
/** Nobody listens there: servers find each other by the ways that they are told, which have the proxies. */
const NOWHERE = '127.0.0.1:1'

const passwordOf = (user: string): string => `secret-of-${user}`
const variableOf = (user: string): string => `${user.replaceAll('-', '_').toUpperCase()}_PASSWORD`

/** The operators' file with one user more. */
const configuration = async (): Promise<Readonly<{ text: string; env: Record<string, string> }>> => {
  const text = await readFile(new URL('../../../infra/nats.conf', import.meta.url), 'utf8')
  const users = [...text.matchAll(/^\s*user: ([\w-]+)$/gm)].map(([, user = '']) => user)
  return {
    text: text.replace('users: [', `users: [\n    { user: ${OBSERVER}, password: ${passwordOf(OBSERVER)} }`),
    env: Object.fromEntries(users.map((user) => [variableOf(user), passwordOf(user)])),
  }
}

type Place = Readonly<{ client: number; route: number; health: number; folder: string }>

/** Starts `size` servers with their data below `folder`. */
export const startNatsServers = async (
  options: Readonly<{ binary: string; folder: string; size: number; processes: Processes }>,
): Promise<NatsServers> => {
  const { binary, folder, size, processes } = options
  const stack = new AsyncDisposableStack()
  const { text, env } = await configuration()
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'nats.conf')
  await writeFile(file, text)
  await mkdir(join(folder, 'nats-users'))
  await writeFile(join(folder, 'nats-users', 'subscribers.conf'), '')
  const port = (): Promise<number> => freePort()
  const places: Place[] = []
  for (let n = 1; n <= size; n += 1)
    places.push({
      client: await port(),
      route: await port(),
      health: await port(),
      folder: join(folder, `data-${n}`),
    })
  const ways = await openWays(places, stack)

  const start = async (place: Place, index: number): Promise<NatsServer> => {
    const name = `nats-${index + 1}`
    const routes = ways
      .filter(({ from }) => from === index)
      .map(({ proxy }) => `nats://127.0.0.1:${proxy.port}`)
    const cluster = [
      ...['--cluster_name', 'loops', '--cluster_listen', `nats://127.0.0.1:${place.route}`],
      ...['--no_advertise', '--cluster_advertise', NOWHERE, '--routes', routes.join(',')],
    ]
    const args = [
      ...[
        '--config',
        file,
        '--addr',
        '127.0.0.1',
        '--port',
        `${place.client}`,
        '--http_port',
        `${place.health}`,
      ],
      ...['--name', name, '--store_dir', place.folder, ...(size > 1 ? cluster : [])],
    ]
    const process = processes.keep({ name, command: binary, args, env, logFile: join(folder, `${name}.log`) })
    const proxy = stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port: place.client })))
    const health = `http://127.0.0.1:${place.health}/healthz`
    const ready = () =>
      fetch(health, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      )
    return { process, proxy, ready }
  }
  const servers = await Promise.all(places.map(start))
  return {
    servers,
    urlOf: (user) =>
      `nats://${user}:${passwordOf(user)}@${servers.map(({ proxy }) => `127.0.0.1:${proxy.port}`).join(',')}`,
    part: (index) => {
      for (const { from, to, proxy } of ways)
        if (from === index || to === index) proxy.inflict({ kind: 'refuse' })
    },
    join: () => {
      for (const { proxy } of ways) proxy.heal()
    },
    loseEverything: async () => {
      await Promise.all(servers.map(({ process }) => process.kill()))
      await Promise.all(places.map((place) => rm(place.folder, { recursive: true, force: true })))
    },
    allReady: () =>
      until('every NATS server is well', READY_MS, async () =>
        (await Promise.all(servers.map(({ ready }) => ready()))).every(Boolean),
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

type Way = Readonly<{ from: number; to: number; proxy: FaultProxy }>

/** A proxy for each ordered pair of servers. */
const openWays = async (places: readonly Place[], stack: AsyncDisposableStack): Promise<readonly Way[]> => {
  const ways: Way[] = []
  for (const from of places.keys())
    for (const [to, { route }] of places.entries())
      if (from !== to)
        ways.push({
          from,
          to,
          proxy: stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port: route }))),
        })
  return ways
}
