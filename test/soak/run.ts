// `npm run soak -- --minutes 60`: constant load with restarts on servers of its own, and whether memory, handles,
// collections and latency stay flat. The table and the raw figures go to .loops/soak.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatMs, type Report, streamReport } from '../../infra/report.ts'
import { binariesFolder } from '../../infra/servers/cache.ts'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { machine } from '../bench/measure.ts'
import { nameReceiver, people } from '../chaos/chaos-run.ts'
import type { Common } from '../chaos/commands.ts'
import { openLedger } from '../chaos/ledger.ts'
import { startReceiver } from '../chaos/receiver.ts'
import { startSubscriber } from '../chaos/subscriber.ts'
import { openWorld, type World } from '../chaos/world.ts'
import type { Account } from '../support/accounts.ts'
import { randomFrom } from '../support/random.ts'
import { openSampler, type Sample, seriesOf } from './sampler.ts'
import { agentAtWork, openPage, personAtWork, streamOfEvents, type Work } from './soak-load.ts'
import { hasFailed, judgeSeries, tableOf, warmUpOf } from './soak-rules.ts'

const USAGE = 'Usage: npm run soak -- [--minutes <number, at least 2>]'
const MINUTE_MS = 60_000
const AGENTS = 4
/** Looks at a run of less than an hour, at least; a longer one is looked at each minute. */
const LOOKS = 30
/** From one restart to the next, and how long a service stays down. */
const RESTART_MS = 25_000
const DOWN_MS = 2_000
/** The instance of each service that is restarted; the other one runs from beginning to end. */
const RESTARTED = /-2$/

const askedMinutes = (): number | undefined => {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })
    const minutes = Number(values.minutes)
    return minutes >= 2 && minutes <= 24 * 60 ? minutes : undefined
  } catch {
    return undefined
  }
}

/** Restarts the second instances in turn, by SIGKILL, until the signal. @returns how many there were */
const restartInTurn = async ({ services }: World, signal: AbortSignal): Promise<number> => {
  const second = services.filter(({ name }) => RESTARTED.test(name))
  let restarts = 0
  for (; !signal.aborted; restarts += 1) {
    await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined)
    const one = second[restarts % second.length]
    if (signal.aborted || !one) break
    await one.kill()
    await sleep(DOWN_MS)
    one.start()
  }
  return restarts
}

const lookUntil = async (
  look: (at_ms: number) => Promise<Sample>,
  duration_ms: number,
  report: Report,
): Promise<Sample[]> => {
  const gap_ms = Math.min(MINUTE_MS, duration_ms / LOOKS)
  const began = clock.monotonicMs()
  const samples: Sample[] = []
  for (let next_ms = gap_ms; next_ms <= duration_ms; next_ms += gap_ms) {
    await sleep(Math.max(0, began + next_ms - clock.monotonicMs()))
    const sample = await look(clock.monotonicMs() - began)
    samples.push(sample)
    const { value = 0 } = sample.figures.find(({ name }) => name === 'calls per second') ?? {}
    report.progress(`  ${formatMs(sample.at_ms)}: ${value.toFixed(1)} calls per second`)
  }
  return samples
}

const soak = async (world: World, duration_ms: number, report: Report) => {
  const accounts = (await people(world)) as [Account, Account, ...Account[]]
  const [owner, member] = accounts
  await using _subscriber = await startSubscriber(world.nats.urlOf('observer'))
  await using receiver = await startReceiver()
  await nameReceiver(owner, receiver)
  const common: Common = {
    url: world.url,
    ledger: openLedger(),
    tasks: [],
    loops: [],
    random: randomFrom(1),
  }
  const end = new AbortController()
  const times = { calls: [], pages: [], done: 0 }
  const work: Work = { common, times, signal: end.signal, failed: new Map() }
  const restarted = new Set(world.services.map(({ name }) => name).filter((name) => RESTARTED.test(name)))
  await using sampler = await openSampler(world, times, restarted)
  const working = [
    ...Array.from({ length: AGENTS }, (_, n) => agentAtWork(work, owner, `agent ${n + 1}`)),
    ...accounts.map((one) => personAtWork(work, one)),
    streamOfEvents(work, owner),
    openPage(work, member),
  ]
  const restarting = restartInTurn(world, end.signal)
  try {
    const samples = await Promise.race([
      lookUntil(sampler.look, duration_ms, report),
      // A worker ends by itself only by a fault.
      Promise.all(working).then((): never => {
        throw new Error('The load ended by itself.')
      }),
    ])
    return { samples, failed: work.failed, restarts: restarting, world, common }
  } finally {
    end.abort()
    await Promise.allSettled([...working, restarting])
  }
}

const main = async (): Promise<number> => {
  const minutes = askedMinutes()
  if (minutes === undefined) {
    console.error(USAGE)
    return 2
  }
  const report = streamReport(process.stdout, clock)
  const find = { cacheDir: binariesFolder(process.env, tmpdir()), env: process.env, report }
  const binaries = {
    nats_server: (await resolveNatsServer(find)).path,
    mongod: (await resolveMongod(find)).path,
  }
  const folder = mkdtempSync(join(tmpdir(), 'loops-soak-'))
  const duration_ms = minutes * MINUTE_MS
  const into = new URL('../../.loops/soak/', import.meta.url)
  mkdirSync(into, { recursive: true })
  await using world = await openWorld({ ...binaries, folder, size: 1 })
  report.step(`Working for ${formatMs(duration_ms)}, with a restart every ${formatMs(RESTART_MS)} …`)
  const { samples, failed, restarts, common } = await soak(world, duration_ms, report)
  const findings = seriesOf(samples).map((series) => judgeSeries(series, duration_ms))
  const counts = (of: ReadonlyMap<string, number>): string =>
    [...of].map(([what, count]) => `${what} ${count}`).join('; ') || 'none'
  const text = [
    `# Soak of ${formatMs(duration_ms)} on ${machine()}`,
    '',
    `${samples.length} looks, judged from ${formatMs(warmUpOf(duration_ms))} on; ${await restarts} restarts.`,
    `Repeated: ${counts(common.ledger.retried)}. Refused: ${counts(common.ledger.refused)}. Failed: ${counts(failed)}.`,
    '',
    tableOf(findings),
  ].join('\n')
  writeFileSync(new URL('table.md', into), `${text}\n`)
  writeFileSync(new URL('raw.json', into), JSON.stringify({ duration_ms, findings, samples }))
  const isBad = hasFailed(findings)
  report.step(
    `\n${text}\n\n${isBad ? `Something grows. What the services wrote is in ${folder}.` : 'Everything is flat.'}`,
  )
  if (!isBad) rmSync(folder, { recursive: true, force: true })
  return isBad ? 1 : 0
}

process.exit(await main())
