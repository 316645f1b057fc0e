// `npm run chaos`: injects faults at random for ten minutes under load, then checks that nothing was lost.
// `npm run chaos -- --seed 7 --minutes 10` repeats a run as far as a run can be repeated.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Report, streamReport } from '../../infra/report.ts'
import { binariesFolder } from '../../infra/servers/cache.ts'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { runChaos } from './chaos-run.ts'
import { chartProbes } from './chart-probes.ts'
import { FAIRNESS_USAGE, fairnessMain } from './run-fairness.ts'
import { PROMISE_USAGE, promiseMain } from './run-promise.ts'
import { UPGRADE_USAGE, upgradeMain } from './run-upgrade.ts'
import { WAYS, type Way } from './schedule.ts'

const USAGE =
  'Usage: npm run chaos -- [--seed <whole number>] [--minutes <number>] [--without <way>]… [--probes]'
const GAP_MS = 2_500
const QUIET_MS = 6 * 60_000

type Asked = Readonly<{ seed: number; minutes: number; without: readonly Way[]; probes: boolean }>

const asked = (args: readonly string[]): Asked | undefined => {
  try {
    const options = {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      without: { type: 'string', multiple: true, default: [] as string[] },
      probes: { type: 'boolean', default: false },
    } as const
    const { values } = parseArgs({ args: [...args], options })
    const seed = Number(values.seed ?? Math.floor(systemIds().random() * 1_000_000))
    const minutes = Number(values.minutes)
    const without = values.without.filter((way): way is Way => Object.hasOwn(WAYS, way))
    const isGiven = without.length === values.without.length && Number.isInteger(seed)
    return isGiven && minutes > 0 && minutes <= 24 * 60
      ? { seed, minutes, without, probes: values.probes }
      : undefined
  } catch {
    return undefined
  }
}

const findBinaries = async (report: Report) => {
  const found = {
    cacheDir: binariesFolder(process.env, tmpdir()),
    env: process.env,
    report,
  }
  return { nats_server: (await resolveNatsServer(found)).path, mongod: (await resolveMongod(found)).path }
}

const main = async (): Promise<number> => {
  const [first, ...others] = process.argv.slice(2)
  const report = streamReport(process.stdout, systemClock)
  if (first === 'mail-promise') return await promiseMain(others, await findBinaries(report), report)
  if (first === 'fairness') return await fairnessMain(others, await findBinaries(report), report)
  if (first === 'upgrade') return await upgradeMain(others, await findBinaries(report), report)
  const given = asked(process.argv.slice(2))
  if (!given) {
    console.error(
      `${USAGE}\n${PROMISE_USAGE}\n${FAIRNESS_USAGE}\n${UPGRADE_USAGE}\nWays: ${Object.keys(WAYS).join(', ')}.`,
    )
    return 2
  }
  const binaries = await findBinaries(report)
  const folder = mkdtempSync(join(tmpdir(), 'loops-chaos-'))
  const probes = given.probes ? chartProbes() : undefined
  const setting = { ...binaries, folder, size: 3, probes } as const
  const duration_ms = given.minutes * 60_000
  const { lines, text } = await runChaos({
    setting,
    ...given,
    duration_ms,
    gap_ms: GAP_MS,
    quiet_ms: QUIET_MS,
    report,
  })
  report.step(`\n${text}`)
  const broken = lines.some((line) => line.broken.length > 0)
  report.step(broken ? `\nSomething is lost; what everything wrote is in ${folder}.` : '\nNothing is lost.')
  if (!broken) rmSync(folder, { recursive: true, force: true })
  return broken ? 1 : 0
}

process.exit(await main())
