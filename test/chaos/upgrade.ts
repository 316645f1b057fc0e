// A rolling upgrade under load: two of each service of the previous release are replaced one by one by this one, as a
// cluster does by the rules of infra/chart, while agents work. Every request must be answered, and nothing may be lost.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from '../../infra/report.ts'
import { SERVICE_NAMES } from '../../services/start.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { startMongoServers } from '../support/chaos/mongo-servers.ts'
import { startNatsServers } from '../support/chaos/nats-servers.ts'
import { type Controlled, openProcesses } from '../support/chaos/processes.ts'
import { until } from '../support/chaos/until.ts'
import { freePort } from '../support/free-port.ts'
import { openWire } from '../support/raw-http.ts'
import { startSmtpSink } from '../support/smtp-sink.ts'
import { type Balancer, isReady, startBalancer } from './balancer.ts'
import { unpackRelease } from './release.ts'
import { SECRET, type Setting } from './world.ts'

export type UpgradeRun = Readonly<{
  setting: Omit<Setting, 'size'>
  /** The commit of the release that is replaced. */
  from: string
  /** How many requests there are at least. */
  requests: number
  report: Report
}>

/** What became of the requests. */
export type Upgraded = Readonly<{
  answered: number
  /** What those say that failed: no connection, no answer, or an error. */
  failed: readonly string[]
  /** Tasks that were acknowledged, and those of them that were not there in the end. */
  created: number
  missing: number
  /** Instances that ended with another code than 0, or had to be killed. */
  unclean: readonly string[]
  /** Instances of either release that fell by themselves. */
  falls: readonly string[]
}>

const INSTANCES = 2
const AGENTS = 8
const READY_MS = 60_000
/** As infra/chart has it: how long a gateway goes on before its signal, and how long a pod may take to end. */
const PRE_STOP_MS = 5_000
const GRACE_MS = 45_000
/** Who is replaced first: whoever is asked by others, before those who ask. */
const ORDER = [...SERVICE_NAMES.filter((name) => name !== 'gateway'), 'gateway']

/** What all instances of both releases are given; the rest is addresses. */
const SETTINGS = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  MAIL_FROM: 'Loops <loops@example.com>',
  LOOPS_SECRET: SECRET,
  SIGN_UP: 'open',
  TOOL_CALLS_PER_MINUTE: '1000000',
  UNSIGNED_REQUESTS: 'accepted',
  LOG: 'info',
} as const

type Instance = Readonly<{ service: string; name: string; port: number; health: number; process: Controlled }>
type World = Readonly<{
  url: string
  balancer: Balancer
  start: (service: string, release: 'previous' | 'this', number: number) => Promise<Instance>
}>

const openWorld = async (
  { setting, from }: UpgradeRun,
  stack: AsyncDisposableStack,
): Promise<World & { processes: Controlled[] }> => {
  const logs = join(setting.folder, 'logs')
  await mkdir(logs, { recursive: true })
  const runs = {
    previous: unpackRelease(from, join(setting.folder, 'previous')),
    this: join(import.meta.dirname, '../../services/run.ts'),
  }
  const keeper = stack.use(openProcesses())
  const common = { size: 1, processes: keeper } as const
  const [nats, mongo, sink, balancer] = [
    stack.use(
      await startNatsServers({
        ...common,
        folder: join(setting.folder, 'nats'),
        binary: setting.nats_server,
      }),
    ),
    stack.use(
      await startMongoServers({ ...common, folder: join(setting.folder, 'mongod'), binary: setting.mongod }),
    ),
    stack.use(await startSmtpSink()),
    stack.use(await startBalancer()),
  ]
  await nats.allReady()
  const url = `http://localhost:${balancer.port}`
  const servers = { PUBLIC_URL: url, MONGODB_URL: mongo.url, SMTP_URL: sink.url }
  const processes: Controlled[] = []
  return {
    url,
    balancer,
    processes,
    start: async (service, release, number) => {
      const name = `${release}-${service}-${number}`
      const [port, health] = [await freePort(), await freePort()]
      const process_ = keeper.keep({
        name,
        command: process.execPath,
        args: [runs[release], service],
        logFile: join(logs, `${name}.log`),
        env: {
          ...SETTINGS,
          PORT: `${port}`,
          HEALTH_PORT: `${health}`,
          NATS_URL: nats.urlOf(service),
          ...servers,
        },
      })
      processes.push(process_)
      return { service, name, port, health, process: process_ }
    },
  }
}

/** Waits until an instance is ready; a gateway then gets requests. */
const inService = async ({ balancer }: World, { service, name, port, health }: Instance): Promise<void> => {
  const asked = service === 'gateway' ? port : health
  await until(`${name} is ready`, READY_MS, () => isReady(asked))
  if (service === 'gateway') balancer.add(port)
}

/** Ends an instance as a cluster does. @returns what was unclean about it */
const end = async ({ balancer }: World, { service, name, port, process }: Instance): Promise<string[]> => {
  if (service === 'gateway') {
    balancer.remove(port)
    await sleep(PRE_STOP_MS)
  }
  const code = await process.stop(GRACE_MS)
  return code === 0 ? [] : [`${name}: ${code ?? 'killed'}`]
}

type Tally = { answered: number; failed: string[]; created: number }
type Call = (tool: string, input: Record<string, unknown>) => Promise<Record<string, unknown> | undefined>

/** Calls tools over one kept connection, as a proxy does, and counts what becomes of each call. No call is repeated. */
const calling = (url: string, token: string, tally: Tally, stack: AsyncDisposableStack): Call => {
  const wire = openWire(new URL('/mcp', url), {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': '2025-06-18',
  })
  stack.defer(() => wire[Symbol.dispose]())
  return async (tool, input) => {
    const began = Date.now()
    try {
      const { status, text } = await wire.rpc('tools/call', { name: tool, arguments: input })
      const { result } = JSON.parse(text.replace(/^(event: .*\n)?data: /, '')) as {
        result?: { isError?: boolean; structuredContent?: Record<string, unknown> }
      }
      if (status !== 200 || !result?.structuredContent || result.isError)
        throw new Error(`${status} ${text.slice(0, 300)}`)
      tally.answered += 1
      return result.structuredContent
    } catch (error) {
      const after_ms = Date.now() - began
      tally.failed.push(`${new Date().toISOString()} ${tool} after ${after_ms} ms: ${String(error)}`)
      return undefined
    }
  }
}

/** The id of a task in an answer. */
const idOf = (answer: Record<string, unknown> | undefined): string | undefined =>
  (answer?.task as { id?: string } | undefined)?.id

/**
 * What an agent does over and over: files a task, reads and changes it, looks at the list and for work.
 * @returns its tasks that are not there in the end
 */
const work = async (call: Call, tally: Tally, goesOn: () => boolean): Promise<readonly string[]> => {
  const created: string[] = []
  for (let round = 0; goesOn(); round += 1) {
    const task_id = idOf(await call('create_task', { title: `Task ${round}` }))
    if (task_id === undefined) continue
    created.push(task_id)
    await call('get_task', { task_id })
    await call('update_task', { task_id, title: `Task ${round}, changed` })
    await call('list_tasks', { limit: 5 })
    await call('get_next_work', {})
    for (let n = 0; n < 3; n += 1) await call('get_task', { task_id })
  }
  tally.created += created.length
  const missing: string[] = []
  for (const task_id of created)
    if (idOf(await call('get_task', { task_id })) !== task_id) missing.push(task_id)
  return missing
}

/** Replaces each instance by one of this release: the new one is ready before the old one ends. @returns what was unclean */
const replaceAll = async (world: World, previous: readonly Instance[], report: Report): Promise<string[]> => {
  const unclean: string[] = []
  const migrator = await world.start('migrator', 'this', 1)
  await inService(world, migrator)
  for (const service of ['migrator', ...ORDER])
    for (const [index, old] of previous.filter((one) => one.service === service).entries()) {
      if (service !== 'migrator') await inService(world, await world.start(service, 'this', index + 1))
      unclean.push(...(await end(world, old)))
      report.step(`  replaced ${old.name}`)
    }
  return unclean
}

/**
 * Upgrades under load. The load begins before, and goes on until enough requests are answered.
 * @throws Error when the previous release does not start, or one of this release is not ready in time
 */
export const runUpgrade = async (run: UpgradeRun): Promise<Upgraded> => {
  await using stack = new AsyncDisposableStack()
  const world = await openWorld(run, stack)
  const previous = [await world.start('migrator', 'previous', 1)]
  for (const service of ORDER)
    for (let number = 1; number <= INSTANCES; number += 1)
      previous.push(await world.start(service, 'previous', number))
  await Promise.all(previous.map((one) => inService(world, one)))
  run.report.step(`${previous.length} processes of ${run.from} are ready`)
  const tally: Tally = { answered: 0, failed: [], created: 0 }
  const calls: Call[] = []
  for (let n = 1; n <= AGENTS; n += 1) {
    const account = await signUp(world, {
      name: `Agent ${n}`,
      workspace: `Workspace ${n}`,
      arrives: '/workspace',
    })
    await using client = await agentOf(world, account, { era: 'legacy' })
    calls.push(calling(world.url, client.accessToken(), tally, stack))
  }
  let replaced = false
  const goesOn = (): boolean => !replaced || tally.answered + tally.failed.length < run.requests
  const working = Promise.all(calls.map((call) => work(call, tally, goesOn)))
  const before = Math.min(500, run.requests / 10)
  await until('agents work', READY_MS, async () => tally.answered + tally.failed.length >= before)
  const unclean = await replaceAll(world, previous, run.report).finally(() => {
    replaced = true
  })
  run.report.step(`All replaced after ${tally.answered} requests`)
  const missing = (await working).flat().length
  return {
    ...tally,
    missing,
    unclean,
    falls: world.processes.flatMap(({ name, falls }) => falls().map((fall) => `${name}: ${fall}`)),
  }
}
