// All of Loops as separate processes, two of each service, with the servers that they need and a proxy between any two of
// them. Knows how to start it and how each part can be made to fail, not when.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { STARTABLE } from '../../services/start.ts'
import { type FaultProxy, startFaultProxy } from '../support/chaos/fault-proxy.ts'
import { type MongoServers, startMongoServers } from '../support/chaos/mongo-servers.ts'
import { type NatsServers, startNatsServers } from '../support/chaos/nats-servers.ts'
import { type Controlled, openProcesses, type Processes } from '../support/chaos/processes.ts'
import { until } from '../support/chaos/until.ts'
import { freePort } from '../support/free-port.ts'
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts'
import type { ProbeRules } from './chart-probes.ts'
import { type Kubelet, startKubelet, type Tended } from './kubelet.ts'

/** The programs to run and where to keep what they write. */
export type Setting = Readonly<{
  nats_server: string
  mongod: string
  folder: string
  /** How many NATS servers and members of MongoDB's replica set there are. */
  size: 1 | 3
  /** The probes by which services are restarted and get connections; without them, all of them get some. */
  probes?: ProbeRules | undefined
}>

/** The mail server: it takes every mail, and may hang up before it has said so. */
export type MailServer = Readonly<{
  sink: SmtpSink
  proxy: FaultProxy
  /** Has it hang up on this share of the mails (0 to 1) from now on. */
  drop: (share: number, random: () => number) => void
  /** Mails that it took and hung up on. */
  dropped: () => number
}>

export type World = AsyncDisposable &
  Readonly<{
    /** The one address; connections go to the gateways in turn. */
    url: string
    nats: NatsServers
    mongo: MongoServers
    mail: MailServer
    /** Each instance of each service: `tasks-1`. */
    services: readonly Controlled[]
    /** Whoever watches the probes, if anybody does. */
    kubelet: Kubelet | undefined
    /** Instances of the previous release, not running at first, by the name of the one that each replaces; none with probes. */
    previous: ReadonlyMap<string, Controlled>
    /** Waits until every gateway is ready. */
    ready: () => Promise<void>
  }>

const INSTANCES = 2
const READY_MS = 90_000
/** A port on which nobody listens: what an address leads to while no gateway is ready. */
const NOBODY = 1
/** The installation's secret. */
export const SECRET = 'a secret of the chaos that is long enough for all'

/** The service with a previous release. */
const UPGRADED = 'notifier'

type Instance = Readonly<{ service: string; number: number; port: number; metrics_port: number }>

const nameOf = ({ service, number }: Instance): string => `${service}-${number}`

type Surroundings = Readonly<{
  url: string
  nats: NatsServers
  mongo: MongoServers
  mail: MailServer
  setting: Setting
  processes: Processes
}>

/** The clock of the second instance of whatever claims work is five minutes off (ms). */
const CLOCK_OFFSETS_MS: Readonly<Record<string, number>> = { notifier: 300_000, webhooks: -300_000 }
const clockOffset = (service: string, number: number): number =>
  number === 2 ? (CLOCK_OFFSETS_MS[service] ?? 0) : 0

/** How a service of this release or of the previous one is started. */
const RELEASES = {
  this: { mark: '', args: [] },
  previous: { mark: 'previous-', args: ['--import', join(import.meta.dirname, 'previous-release.ts')] },
} as const

/** Has a service hang when it is told to. */
const HANGABLE = ['--import', join(import.meta.dirname, 'hangable.ts')]

const startService = (
  surroundings: Surroundings,
  instance: Instance,
  release: keyof typeof RELEASES = 'this',
): Controlled => {
  const { url, nats, mongo, mail, setting, processes } = surroundings
  const { service, number, port, metrics_port } = instance
  const { mark, args } = RELEASES[release]
  const name = `${mark}${nameOf(instance)}`
  return processes.keep({
    name,
    command: process.execPath,
    args: [
      ...(setting.probes ? HANGABLE : []),
      ...args,
      join(import.meta.dirname, '../../services/run.ts'),
      service,
    ],
    waits: release === 'previous',
    logFile: join(setting.folder, 'logs', `${name}.log`),
    env: {
      HOST: '127.0.0.1',
      PORT: `${port}`,
      PUBLIC_URL: url,
      NATS_URL: nats.urlOf(service),
      MONGODB_URL: mongo.url,
      SMTP_URL: `smtp://127.0.0.1:${mail.proxy.port}`,
      LOOPS_SECRET: SECRET,
      SIGN_UP: 'open',
      LOOPBACK_TARGETS: 'allowed',
      STREAM_REPLICAS: `${setting.size}`,
      LOG: 'warn',
      ...(setting.probes ? { METRICS_PORT: `${metrics_port}` } : {}),
      CLOCK_OFFSET_MS: `${clockOffset(service, number)}`,
    },
  })
}

const startMailServer = async (stack: AsyncDisposableStack): Promise<MailServer> => {
  const sink = stack.use(await startSmtpSink())
  const smtp = { host: '127.0.0.1', port: Number(new URL(sink.url).port) }
  let dropped = 0
  return {
    sink,
    proxy: stack.use(await startFaultProxy(() => smtp)),
    drop: (share, random) =>
      sink.misbehave(({ at }) => {
        if (at !== 'data' || random() >= share) return undefined
        dropped += 1
        return 'cut'
      }),
    dropped: () => dropped,
  }
}

type Gateway = Readonly<{ name: string; port: number }>

/** The one address: its connections go in turn to the gateways that get some. */
const startEntry = (gateways: readonly Gateway[], isOpen: (name: string) => boolean): Promise<FaultProxy> => {
  let turn = 0
  return startFaultProxy(() => {
    const open = gateways.filter(({ name }) => isOpen(name))
    return { host: '127.0.0.1', port: open[turn++ % open.length]?.port ?? NOBODY }
  })
}

/** Waits until every gateway is ready, and gets connections. */
const untilReady = (gateways: readonly Gateway[], isOpen: (name: string) => boolean): Promise<void> =>
  until('every gateway is ready', READY_MS, async () => {
    const answers = gateways.map(({ port }) =>
      fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(({ ok }) => ok),
    )
    return (await Promise.all(answers)).every(Boolean) && gateways.every(({ name }) => isOpen(name))
  })

/** The instances of all services, with ports of their own. */
const instancesOf = async (): Promise<readonly Instance[]> => {
  const instances: Instance[] = []
  for (const service of STARTABLE)
    for (let number = 1; number <= INSTANCES; number += 1)
      instances.push({ service, number, port: await freePort(), metrics_port: await freePort() })
  return instances
}

const previousOf = (surroundings: Surroundings, instances: readonly Instance[]): World['previous'] =>
  new Map(
    instances
      .filter(({ service }) => service === UPGRADED && !surroundings.setting.probes)
      .map((one) => [nameOf(one), startService(surroundings, one, 'previous')] as const),
  )

const tendedAs = (process: Controlled, { service, port, metrics_port }: Instance): Tended => ({
  process,
  port: metrics_port,
  ready_port: service === 'gateway' ? port : metrics_port,
})

/** Starts everything; takes some seconds. */
export const openWorld = async (setting: Setting): Promise<World> => {
  const stack = new AsyncDisposableStack()
  try {
    await mkdir(join(setting.folder, 'logs'), { recursive: true })
    const mail = await startMailServer(stack)
    const instances = await instancesOf()
    const gateways = instances
      .filter(({ service }) => service === 'gateway')
      .map((one) => ({ name: nameOf(one), port: one.port }))
    let kubelet: Kubelet | undefined
    const isOpen = (name: string): boolean => kubelet?.isReady(name) ?? true
    const entry = stack.use(await startEntry(gateways, isOpen))
    const processes = stack.use(openProcesses())
    const common = { folder: join(setting.folder, 'nats'), size: setting.size, processes }
    const nats = stack.use(await startNatsServers({ ...common, binary: setting.nats_server }))
    const mongo = stack.use(
      await startMongoServers({ ...common, folder: join(setting.folder, 'mongod'), binary: setting.mongod }),
    )
    await nats.allReady()
    const url = `http://localhost:${entry.port}`
    const surroundings = { url, nats, mongo, mail, setting, processes }
    const services = instances.map((instance) => startService(surroundings, instance))
    const previous = previousOf(surroundings, instances)
    if (setting.probes) {
      const tended = services.map((process, index) => tendedAs(process, instances[index] as Instance))
      kubelet = stack.use(startKubelet(tended, setting.probes))
    }
    const ready = () => untilReady(gateways, isOpen)
    await ready()
    const held = stack.move()
    return {
      ...{ url, nats, mongo, mail, services, kubelet, previous, ready },
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
