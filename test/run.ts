// `npm test`: runs the tests, shows their progress, cleans up however they end, and prints their count. `npm test --
// unit` runs one kind, `npm test -- ship-loop` the files of that name; all else is passed to Vitest.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ATTACKS } from './support/attacks.ts'
import { stopEngine } from './support/engine-stop.ts'
import { unshownAttacks, unshownRows } from './support/proofs.ts'
import { ROWS } from './support/protocol-rows.ts'
import {
  type Counts,
  countTests,
  failedFiles,
  type Report,
  summaryLine,
  sumOf,
  withSecondTry,
} from './support/summary.ts'

/** The kinds that need only Node come first, so that they run even where servers are missing. */
const PHASES = [['unit'], ['service', 'conformance', 'e2e', 'pages', 'chaos']] as const
const KINDS: readonly string[] = PHASES.flat()

/** Most files that are tried again: where more fail, it is no coincidence. */
const TRIED_AGAIN = 4

/** Names of kinds become Vitest's projects; the rest stays as it is. */
const vitestArguments = (args: readonly string[], reportFile: string): string[] => [
  'run',
  '--config',
  join(import.meta.dirname, 'vitest.config.ts'),
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile}`,
  ...args.map((arg) => (KINDS.includes(arg) ? `--project=${arg}` : arg)),
]

/** Runs Vitest in this terminal; passes signals on and waits for its end. Returns its exit code. */
const runVitest = (args: readonly string[], folder: string): Promise<number> => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, ...args], {
    stdio: 'inherit',
    env: { ...process.env, LOOPS_TEST_RUN: folder },
  })
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, passOn)
  return new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
  }).finally(() => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, passOn)
  })
}

/** Removes the containers of an interrupted run; a finished run has removed its own. */
const removeContainers = async (folder: string): Promise<void> => {
  if (!existsSync(join(folder, 'claims'))) return
  const { getContainerRuntimeClient } = await import('testcontainers')
  const { removeRun, runMark } = await import('./support/containers.ts')
  process.env.LOOPS_TEST_RUN = folder
  await removeRun(await getContainerRuntimeClient(), runMark())
}

type Ran = Readonly<{ code: number; counts: Counts; report: Report | undefined }>

/** One run of Vitest, from its start to its report. */
const run = async (args: readonly string[], folder: string): Promise<Ran> => {
  const reportFile = join(folder, 'report.json')
  await rm(reportFile, { force: true })
  const code = await runVitest(vitestArguments(args, reportFile), folder)
  await removeContainers(folder)
  const text = await readFile(reportFile, 'utf8').catch(() => undefined)
  const report = text === undefined ? undefined : (JSON.parse(text) as Report)
  return { code, counts: countTests(report, code), report }
}

/**
 * One run, and a second try of the few files that failed in it, each by itself: a machine that is too busy for a moment breaks
 * another test each time, and whoever waits half an hour for the result must be able to trust it. What needed a second try is
 * said at the end, since it may also be a rare fault of Loops.
 */
const runTwice = async (args: readonly string[], folder: string): Promise<Ran & { unsteady: string[] }> => {
  const first = await run(args, folder)
  const failed = first.report && first.code === 1 ? failedFiles(first.report) : []
  if (!first.report || failed.length === 0 || failed.length > TRIED_AGAIN) return { ...first, unsteady: [] }
  console.log(`Trying ${failed.length} of the files again, by themselves.`)
  const second = await run([...args, ...failed.map(({ name }) => name), '--maxWorkers=1'], folder)
  if (!second.report) return { ...first, unsteady: [] }
  const report = withSecondTry(first.report, second.report)
  const stillFailed = new Set(failedFiles(report).map(({ name }) => name))
  const unsteady = failed
    .filter(({ name }) => !stillFailed.has(name))
    .flatMap(({ name, tests }) => (tests.length > 0 ? tests : [name]))
  return { code: second.code, counts: countTests(report, second.code), report, unsteady }
}

/** All tests; then whether each attack and each row of the requirements was shown by a test that passed. */
const runAll = async (folder: string): Promise<Ran> => {
  const ran: (Ran & { unsteady: string[] })[] = []
  for (const kinds of PHASES) {
    ran.push(await runTwice(kinds, folder))
    // A signal ends the whole run.
    if ((ran.at(-1)?.code ?? 0) > 128) break
  }
  const reports = ran.flatMap(({ report }) => report ?? [])
  // What an interrupted run did not show means nothing.
  const unshown =
    reports.length < PHASES.length
      ? []
      : [...unshownAttacks(reports, import.meta.dirname, ATTACKS), ...unshownRows(reports, ROWS)]
  for (const sentence of unshown) console.log(sentence)
  for (const test of ran.flatMap(({ unsteady }) => unsteady))
    console.log(`Failed at first and passed when it was run again by itself: ${test}`)
  if (ran.length === PHASES.length && reports.length < PHASES.length)
    console.log(
      'The tests that need servers did not run: see above. `npm test -- unit` runs those that need none.',
    )
  const counts = sumOf([...ran.map((one) => one.counts), { passed: 0, failed: unshown.length, skipped: 0 }])
  return { code: ran.find(({ code }) => code !== 0)?.code ?? 0, counts, report: undefined }
}

const main = async (): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-test-'))
  const args = process.argv.slice(2)
  try {
    const { code, counts } = args.length === 0 ? await runAll(folder) : await run(args, folder)
    await stopEngine(folder)
    console.log(summaryLine(counts))
    return code === 0 && (counts.failed > 0 || counts.passed === 0) ? 1 : code
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

process.exit(await main())
