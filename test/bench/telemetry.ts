// What telemetry costs: processor time per call of Loops without it, with metrics, and with metrics and traces. All
// run side by side, each on servers of its own, and take turns, so that noise hits all alike.
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../../infra/report.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { toolCall } from './mcp-load.ts'
import { median, sample } from './measure.ts'
import { cpuOf, untilReady } from './processes.ts'
import { type Servers, startServers } from './servers.ts'

const ROUNDS = 6
/** Calls of each kind in a round, and how many at once. */
const CALLS = 150
const PARALLEL = 8
/** Prometheus asks every 15 to 60 s. */
const SCRAPE_MS = 5_000
/** A process is quiet when it uses less than this in LOOK_MS (s); what calls leave behind is done then. */
const QUIET_S = 0.02
const LOOK_MS = 250
const MOST_LOOKS = 40
const HERE = join(import.meta.dirname, '../..')
/** TELEMETRY_BASELINE is another checkout of Loops: it runs beside, without telemetry. */
const BASELINE = process.env.TELEMETRY_BASELINE

/** One way to run it. `cpu_ms` is per call, the median of the rounds; `ratio` is that of a round over `off` in the same round. */
export type Cost = Readonly<{ way: string; cpu_ms: number; ratio: number; ratios: readonly number[] }>

type Way = Readonly<{ way: string; folder: string; env: Readonly<Record<string, string>>; scraped: boolean }>
type Running = AsyncDisposable & Readonly<{ way: string; measure: () => Promise<number> }>

/** Waits until a process has done what calls left behind. @returns its processor time (s). */
const quiet = async (child: ChildProcess): Promise<number> => {
  let before = cpuOf(Number(child.pid))
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await pause(LOOK_MS)
    const now = cpuOf(Number(child.pid))
    if (now - before < QUIET_S) return now
    before = now
  }
  return before
}

/** Takes traces and keeps none. */
const startSink = async (): Promise<Server> => {
  const sink = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end())
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  return sink
}

/** Starts Loops in one of the ways. */
const run = async ({ way, folder, env, scraped }: Way, servers: Servers): Promise<Running> => {
  const stack = new AsyncDisposableStack()
  const [port, metrics_port] = [await freePort(), await freePort()]
  const url = `http://localhost:${port}`
  const child = spawn(process.execPath, [join(folder, 'services/run.ts')], {
    env: {
      PATH: String(process.env.PATH),
      ...servers.env('bench_telemetry'),
      PORT: `${port}`,
      PUBLIC_URL: url,
      ...(scraped ? { METRICS_PORT: `${metrics_port}` } : {}),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  stack.defer(() => void child.kill('SIGKILL'))
  await untilReady(url)
  const agent = stack.use(await agentOf({ url }, await signUp({ url }, { name: 'Bench' })))
  const { task } = await agent.call('create_task', { title: 'The first' })
  const call = (tool: string, input: Record<string, unknown>) =>
    toolCall(`${url}/mcp`, agent.accessToken(), tool, input)
  const calls = [
    call('create_task', { title: 'One more', body: 'What happens, and what should.' }),
    call('get_task', { task_id: task.id }),
    call('list_tasks', {}),
  ]
  const measure = async (): Promise<number> => {
    const before = await quiet(child)
    const scraping = setInterval(() => {
      if (scraped)
        fetch(`http://127.0.0.1:${metrics_port}/metrics`)
          .then((page) => page.text())
          .catch(() => undefined)
    }, SCRAPE_MS)
    for (const one of calls) await sample(one, CALLS, PARALLEL)
    const after = await quiet(child)
    clearInterval(scraping)
    return ((after - before) * 1_000) / (CALLS * calls.length)
  }
  return { way, measure, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const waysOf = (traces_url: string): readonly Way[] => [
  { way: 'off', folder: HERE, env: {}, scraped: false },
  { way: 'metrics', folder: HERE, env: {}, scraped: true },
  {
    way: 'metrics and a tenth of the traces',
    folder: HERE,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: traces_url },
    scraped: true,
  },
  {
    way: 'metrics and every trace',
    folder: HERE,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: traces_url, OTEL_TRACES_SAMPLER_ARG: '1' },
    scraped: true,
  },
  ...(BASELINE ? [{ way: `off, in ${BASELINE}`, folder: BASELINE, env: {}, scraped: false }] : []),
]

/** Measures every way in turn, after a round that is not counted. */
export const benchTelemetry = async (report: Report): Promise<readonly Cost[]> => {
  await using stack = new AsyncDisposableStack()
  const sink = await startSink()
  stack.defer(() => {
    sink.close()
    sink.closeAllConnections()
  })
  const running: Running[] = []
  for (const way of waysOf(`http://127.0.0.1:${(sink.address() as AddressInfo).port}`)) {
    const servers = stack.use(await startServers(report))
    running.push(stack.use(await run(way, servers)))
  }
  const costs = running.map((): number[] => [])
  for (let round = 0; round <= ROUNDS; round += 1)
    for (let turn = 0; turn < running.length; turn += 1) {
      // Each begins a round in its turn: whoever comes after another is not always the same.
      const index = (round + turn) % running.length
      const cost_ms = await (running[index] as Running).measure()
      report.step(`  round ${round}, ${running[index]?.way}: ${cost_ms.toFixed(2)} ms`)
      if (round > 0) costs[index]?.push(cost_ms)
    }
  const [off = []] = costs
  return running.map(({ way }, index) => {
    const own = costs[index] as number[]
    const ratios = own.map((cost, round) => cost / (off[round] as number))
    return { way, cpu_ms: median(own), ratio: median(ratios), ratios }
  })
}
