// `npm run bench`: measures everything on servers of its own and prints a table with the machine's facts; the same table
// and the raw figures go to .loops/bench. `npm run bench -- bus` measures one part.
import { mkdirSync, writeFileSync } from 'node:fs'
import { streamReport } from '../../infra/report.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { benchBoard, LARGE as LARGE_BOARD, OPEN_PAGES, SMALL as SMALL_BOARD } from './board.ts'
import { benchBus } from './bus.ts'
import { benchCalls } from './calls.ts'
import { benchClaims, CLIENTS, FEW_LOOPS, MANY_LOOPS } from './claims.ts'
import { benchEvents } from './events.ts'
import { benchGateway } from './gateway.ts'
import { benchGrowth, LARGE, SMALL } from './growth.ts'
import { benchImport } from './import.ts'
import { connections, hardware, idle, replicas, start } from './installation-sections.ts'
import { benchMail, RECIPIENTS } from './mail.ts'
import { machine, ms, type Pair, type Sample, type Section } from './measure.ts'
import { benchSearch, FEW_TASKS, MANY_TASKS } from './search.ts'
import { type Servers, startServers } from './servers.ts'
import { benchSignIn } from './sign-in.ts'
import { benchTelemetry } from './telemetry.ts'

type Say = (line: string) => void

const pairRow = (what: string, pair: Pair, goal: string, by: 'p50' | 'perSecond'): string => {
  const show = (value: number): string => (by === 'p50' ? ms(value) : `${Math.round(value)}/s`)
  return `| ${what} | ${show(pair.a[by])} | ${show(pair.b[by])} | ${pair.ratio.toFixed(2)} | ${goal} |`
}
const PAIR_HEAD = ['| what | ours | yardstick | ratio (median of rounds) | goal |', '|---|---|---|---|---|']

const bus = async ({ nats_url }: Servers): Promise<Section> => {
  const found = await benchBus(nats_url)
  return {
    raw: found,
    lines: [
      '## Request over the bus against a raw NATS request of equal size',
      ...PAIR_HEAD,
      pairRow('p50, one at a time', found.serial, '≤ 1.5', 'p50'),
      pairRow('p50, 50 at once', found.parallel, '', 'p50'),
      '',
      `Signing and checking a request: ${found.signature_us.toFixed(1)} µs (goal ≤ 20).`,
    ],
  }
}

const gateway = async (servers: Servers): Promise<Section> => {
  const found = await benchGateway(servers)
  return {
    raw: found,
    lines: [
      '## Calls of list_tasks, and tools/list, through the gateway against a bare SDK server with the same tools and answer',
      ...PAIR_HEAD,
      pairRow('gateway alone: calls per second, 32 at once', found.alone.throughput, '≥ 0.7', 'perSecond'),
      pairRow('gateway alone: p50, one at a time', found.alone.serial, '', 'p50'),
      pairRow('gateway alone: tools/list per second, 32 at once', found.alone.lists, '', 'perSecond'),
      pairRow('with the bus: calls per second, 32 at once', found.withBus.throughput, '', 'perSecond'),
      pairRow('with the bus: p50, one at a time', found.withBus.serial, '', 'p50'),
    ],
  }
}

const growth = async (servers: Servers, say: Say): Promise<Section> => {
  const found = await benchGrowth(servers, say)
  const rows = found.map(({ operation, a, b, ratio, large, small }) => {
    const examined = [small.keys, large.keys, small.docs, large.docs].join(' | ')
    return `| ${operation} | ${ms(b.p50)} | ${ms(a.p50)} | ${ratio.toFixed(2)} | ≤ 1.3 | ${examined} |`
  })
  const size = ({ loops, tasks }: typeof SMALL): string => `${loops} loops, ${tasks} tasks`
  return {
    raw: found,
    lines: [
      `## p50 over the bus in a small workspace (${size(SMALL)}) and a large one (${size(LARGE)})`,
      '| operation | small | large | ratio (median of rounds) | goal | keys, small | large | documents, small | large |',
      '|---|---|---|---|---|---|---|---|---|',
      ...rows,
    ],
  }
}

const signIn = async (servers: Servers): Promise<Section> => {
  const found = await benchSignIn(servers)
  const row = (what: string, { p50, p99, perSecond }: Sample): string =>
    `| ${what} | ${Math.round(perSecond)}/s | ${ms(p50)} | ${ms(p99)} |`
  return {
    raw: found,
    lines: [
      '## Sign-in, one gateway',
      '| what | per second | p50 | p99 |',
      '|---|---|---|---|',
      row('code exchange, one at a time', found.exchange),
      row('refresh, one at a time', found.refresh),
      row('list_tasks, 4 at once', found.callsAlone),
      row(
        `list_tasks, 4 at once, in a storm of ${Math.round(found.stormPerSecond)} sign-ins per second`,
        found.callsInStorm,
      ),
    ],
  }
}

const calls = async (servers: Servers): Promise<Section> => {
  const found = await benchCalls(servers)
  const rows = found.map(
    ({ call, floor, a, b, ratio, together, cpu_ms }) =>
      `| ${call} | ${ms(a.p50)} | ${ms(b.p50)} (${floor}) | ${ratio.toFixed(2)} | ≤ 1.5 | ${Math.round(together.perSecond)}/s | ${ms(cpu_ms)} |`,
  )
  return {
    raw: found,
    lines: [
      '## Calls over HTTP one at a time against their floor: an exchange with a bare server, a request on the bus, and a read or a durable write',
      '| call | p50 | floor | ratio (median of rounds) | goal | from 8 clients | processor time of one, services and clients |',
      '|---|---|---|---|---|---|---|',
      ...rows,
    ],
  }
}

const events = async (servers: Servers): Promise<Section> => {
  const found = await benchEvents(servers)
  return {
    raw: found,
    lines: [
      '## Events from a write to a reaction against bare publishing to the same stream, one process',
      ...PAIR_HEAD,
      pairRow('events per second, 64 at once', found.whole, '', 'perSecond'),
      '',
      '| of which | per second | p50 | p99 | goal for p50 |',
      '|---|---|---|---|---|',
      `| the write alone, 64 at once | ${Math.round(found.write.perSecond)}/s | ${ms(found.write.p50)} | ${ms(found.write.p99)} | |`,
      `| from a write’s end to its reaction, one at a time | | ${ms(found.delay.p50)} | ${ms(found.delay.p99)} | ≤ 20 ms |`,
      `| bare publishing, one at a time | ${Math.round(found.publish.perSecond)}/s | ${ms(found.publish.p50)} | ${ms(found.publish.p99)} | |`,
    ],
  }
}

const mail = async (servers: Servers): Promise<Section> => {
  const found = await benchMail(servers)
  return {
    raw: found,
    lines: [
      `## Mails of a shipped loop to ${RECIPIENTS} people against a bare pool, the same mails, connections and server`,
      ...PAIR_HEAD,
      pairRow('mails per second', found, '≥ 0.8', 'perSecond'),
      pairRow('from the event to the last mail', { ...found, ratio: 1 / found.ratio }, '', 'p50'),
    ],
  }
}

const claims = async (servers: Servers): Promise<Section> => {
  const found = await benchClaims(servers)
  const list = (codes: Readonly<Record<string, number>>): string =>
    Object.entries(codes)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ') || 'none'
  const rows = found.rates.map(({ clients, many, few, refused, speedup, busy, flat }) =>
    [
      `| ${clients} | ${Math.round(few.perSecond)}/s, p99 ${ms(few.p99)}`,
      `${Math.round(many.perSecond)}/s, p99 ${ms(many.p99)}`,
      `${flat.toFixed(2)} | ${speedup.toFixed(2)} | ${Math.round(busy * 100)} % | ${list(refused)} |`,
    ].join(' | '),
  )
  return {
    raw: found,
    lines: [
      `## Claims of the next work by ${CLIENTS.join(', ')} clients at once; goals: 150/s from 8 with none refused, few against many loops ≤ 1.3`,
      `| clients | ${FEW_LOOPS} loops | ${MANY_LOOPS} loops | few against many | per second against one client | refused |`,
      '|---|---|---|---|---|---|---|',
      ...rows,
      '',
      ...PAIR_HEAD,
      pairRow('complete_task with claim_next against two calls', found.complete, '< 1', 'p50'),
    ],
  }
}

const search = async (servers: Servers): Promise<Section> => {
  const { queries, found, create, index } = await benchSearch(servers)
  const rows = queries.map(
    ({ query, a, b, ratio }) =>
      `| ${query} | ${ms(b.p50)} | ${ms(a.p50)} | ${ms(a.p99)} | ${ratio.toFixed(2)} |`,
  )
  return {
    raw: { queries, found, create, index },
    lines: [
      `## Search over ${FEW_TASKS} tasks and over ${MANY_TASKS}`,
      '| query | few, p50 | many, p50 | many, p99 | ratio (median of rounds) |',
      '|---|---|---|---|---|',
      ...rows,
      '',
      '| among many | p50 | p99 | goal |',
      '|---|---|---|---|',
      `| a new task, from the call to the search that finds it | ${ms(found.p50)} | ${ms(found.p99)} | ≤ 1 s |`,
      `| create_task | ${ms(create.p50)} | ${ms(create.p99)} | |`,
      `| indexing it afterwards | ${ms(index.p50)} | ${ms(index.p99)} | |`,
      '',
      `With its index a write costs ${((create.p50 + index.p50) / create.p50).toFixed(2)} times what it costs without; its caller does not wait for that.`,
    ],
  }
}

const board = async (servers: Servers): Promise<Section> => {
  const found = await benchBoard(servers)
  const kb = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} KB`
  const rows = found.pages.map(
    ({ page, a, b, ratio, large_bytes, small_bytes }) =>
      `| ${page} | ${ms(b.p50)} | ${ms(a.p50)} | ${ratio.toFixed(2)} | ≤ 1.5 | ${kb(small_bytes)} | ${kb(large_bytes)} |`,
  )
  const size = ({ loops, tasks }: typeof SMALL_BOARD): string => `${loops} loops, ${tasks} tasks`
  return {
    raw: found,
    lines: [
      `## Pages of the board in a small workspace (${size(SMALL_BOARD)}) and a large one (${size(LARGE_BOARD)})`,
      '| page | small, p50 | large, p50 | ratio (median of rounds) | goal | small, compressed | large (goal ≤ 60 KB) |',
      '|---|---|---|---|---|---|---|',
      ...rows,
      '',
      ...PAIR_HEAD,
      pairRow(
        'the next task of triage against the smallest page over the bus',
        found.next_task,
        '≤ 3',
        'p50',
      ),
      '',
      `${OPEN_PAGES} open pages cost a gateway ${found.idle.memory_mb.toFixed(0)} MB (goal ≤ 100) and ${(found.idle.cpu_share * 100).toFixed(1)} % of a processor while nothing happens.`,
    ],
  }
}

const imports = async (servers: Servers): Promise<Section> => {
  const { few, many } = await benchImport(servers)
  const seconds = (value: number): string => `${value.toFixed(1)} s`
  const rows = [few, many].map((one) =>
    [
      `| ${one.issues} | ${one.tasks} | ${one.comments} | ${one.edges}`,
      `${seconds(one.seconds)} | ${seconds(one.published_s)}`,
      `${seconds(one.services_s)} | ${seconds(one.servers_s)} |`,
    ].join(' | '),
  )
  const each = (one: typeof many, by: (figures: typeof many) => number): number => by(one) / one.issues
  const ratio = (by: (figures: typeof many) => number): string => (each(many, by) / each(few, by)).toFixed(2)
  return {
    raw: { few, many },
    lines: [
      '## npm run import of GitHub issues with comments, labels, milestones and dependencies; goal: 10,000 in under 120 s',
      '| issues | tasks | comments | edges | command | until all is published | processor: services | NATS and MongoDB |',
      '|---|---|---|---|---|---|---|---|',
      ...rows,
      '',
      `Per issue, ${many.issues} against ${few.issues} (1: linear): time ${ratio((one) => one.seconds)}, processor ${ratio((one) => one.services_s + one.servers_s)}.`,
    ],
  }
}

const telemetry = async (): Promise<Section> => {
  const found = await benchTelemetry(streamReport(process.stdout, systemClock))
  const rows = found.map(
    ({ way, cpu_ms, ratio, ratios }) =>
      `| ${way} | ${ms(cpu_ms)} | ${ratio.toFixed(3)} | ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)} |`,
  )
  return {
    raw: found,
    lines: [
      '## Processor time of all services per call (create_task, get_task, list_tasks), with and without telemetry; goal: ≤ 1.05',
      '| telemetry | per call | against off (median of rounds) | rounds |',
      '|---|---|---|---|',
      ...rows,
    ],
  }
}

const PARTS = {
  board,
  bus,
  gateway,
  'sign-in': signIn,
  growth,
  calls,
  events,
  mail,
  claims,
  search,
  telemetry,
  hardware,
  replicas,
  connections,
  start,
  idle,
  import: imports,
} as const

const main = async (): Promise<number> => {
  const asked = process.argv.slice(2)
  const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name))
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(', ')}; the parts are ${Object.keys(PARTS).join(', ')}.`)
    return 2
  }
  await using servers = await startServers(streamReport(process.stdout, systemClock))
  const sections: Record<string, Section> = {}
  for (const [name, part] of Object.entries(PARTS)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    console.log(`Measuring: ${name} …`)
    sections[name] = await part(servers, console.log)
  }
  const table = [
    `# Measured on ${machine()}`,
    ...Object.values(sections).flatMap(({ lines }) => ['', ...lines]),
  ].join('\n')
  const folder = new URL('../../.loops/bench/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('table.md', folder), `${table}\n`)
  writeFileSync(
    new URL('raw.json', folder),
    JSON.stringify(sections, (key, value) => (key === 'lines' ? undefined : value), 1),
  )
  console.log(`\n${table}`)
  return 0
}

process.exit(await main())
