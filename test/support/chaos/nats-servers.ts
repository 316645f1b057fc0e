// One NATS server or a cluster of three with infra/nats.conf, as operators run them. Each is behind a proxy, and so is
// each route between two, so that the cluster can be partitioned. Knows no service.
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
    /** Partitions the server of this index from the others. */
    part: (index: number) => void
    /** Ends every partition. */
    join: () => void
    /** Kills all servers and deletes JetStream's data on their disks; they stay down until started. */
    loseEverything: () => Promise<void>
    /** Waits until every server reports that it is healthy. */
    allReady: () => Promise<void>
  }>

/** The user of the tests, who may do everything; no installation has one. */
export const OBSERVER = 'observer'

const READY_MS = 60_000
/** Nothing listens there, so that servers find each other only by their routes, through the proxies. */
const NOWHERE = '127.0.0.1:1'

const passwordOf = (user: string): string => `secret-of-${user}`
const variableOf = (user: string): string => `${user.replaceAll('-', '_').toUpperCase()}_PASSWORD`

/** The operators' file with one more user. */
const configuration = async (): Promise<Readonly<{ text: string; env: Record<string, string> }>> => {
  const text = await readFile(new URL('../../../infra/nats.conf', import.meta.url), 'utf8')
  const users = [...text.matchAll(/^\s*user: ([\w-]+)$/gm)].map(([, user = '']) => user)
  return {
    text: text.replace('users: [', `users: [\n    { user: ${OBSERVER}, password: ${passwordOf(OBSERVER)} }`),
    env: Object.fromEntries(users.map((user) => [variableOf(user), passwordOf(user)])),
  }
}

/** Where a server listens, and where its data is. */
type Site = Readonly<{ client: number; route: number; health: number; folder: string }>

type Options = Readonly<{ binary: string; folder: string; size: number; processes: Processes }>

/** Writes the configuration file. @returns its path, and the variables that it needs */
const writeConfiguration = async (
  folder: string,
): Promise<Readonly<{ file: string; env: Record<string, string> }>> => {
  const { text, env } = await configuration()
  const file = join(folder, 'nats.conf')
  await mkdir(join(folder, 'nats-users'), { recursive: true })
  await writeFile(file, text)
  await writeFile(join(folder, 'nats-users', 'subscribers.conf'), '')
  return { file, env }
}

/** The arguments of a server of a cluster. It reaches the others through the proxies of `routes` alone. */
const clusterArguments = ({ route }: Site, routes: readonly string[]): readonly string[] => [
  ...['--cluster_name', 'loops', '--cluster_listen', `nats://127.0.0.1:${route}`],
  ...['--no_advertise', '--cluster_advertise', NOWHERE, '--routes', routes.join(',')],
]

const isWell = ({ health }: Site): Promise<boolean> =>
  fetch(`http://127.0.0.1:${health}/healthz`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  )

/** Starts `size` servers with their data below `folder`. */
export const startNatsServers = async (options: Options): Promise<NatsServers> => {
  const { binary, folder, size, processes } = options
  const stack = new AsyncDisposableStack()
  const { file, env } = await writeConfiguration(folder)
  const sites: Site[] = []
  for (let n = 1; n <= size; n += 1)
    sites.push({
      client: await freePort(),
      route: await freePort(),
      health: await freePort(),
      folder: join(folder, `data-${n}`),
    })
  const links = await openLinks(sites, stack)

  const start = async (site: Site, index: number): Promise<NatsServer> => {
    const name = `nats-${index + 1}`
    const routes = links.flatMap(({ from, proxy }) =>
      from === index ? [`nats://127.0.0.1:${proxy.port}`] : [],
    )
    const args = [
      ...['--config', file, '--addr', '127.0.0.1', '--port', `${site.client}`],
      ...['--http_port', `${site.health}`, '--name', name, '--store_dir', site.folder],
      ...(size > 1 ? clusterArguments(site, routes) : []),
    ]
    const process = processes.keep({ name, command: binary, args, env, logFile: join(folder, `${name}.log`) })
    const proxy = stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port: site.client })))
    return { process, proxy, ready: () => isWell(site) }
  }
  const servers = await Promise.all(sites.map(start))
  return {
    servers,
    urlOf: (user) =>
      `nats://${user}:${passwordOf(user)}@${servers.map(({ proxy }) => `127.0.0.1:${proxy.port}`).join(',')}`,
    part: (index) => {
      for (const { from, to, proxy } of links)
        if (from === index || to === index) proxy.inflict({ kind: 'refuse' })
    },
    join: () => {
      for (const { proxy } of links) proxy.heal()
    },
    loseEverything: async () => {
      await Promise.all(servers.map(({ process }) => process.kill()))
      await Promise.all(sites.map((site) => rm(site.folder, { recursive: true, force: true })))
    },
    allReady: () =>
      until('every NATS server is well', READY_MS, async () =>
        (await Promise.all(servers.map(({ ready }) => ready()))).every(Boolean),
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** The only way from one server to another. */
type Link = Readonly<{ from: number; to: number; proxy: FaultProxy }>

/** A proxy for each ordered pair of servers. */
const openLinks = async (sites: readonly Site[], stack: AsyncDisposableStack): Promise<readonly Link[]> => {
  const links: Link[] = []
  for (const from of sites.keys())
    for (const [to, { route }] of sites.entries())
      if (from !== to)
        links.push({
          from,
          to,
          proxy: stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port: route }))),
        })
  return links
}
