// `npm test`: runs the tests, shows what they do, cleans up after them however they end, and closes with their count.
// `npm test -- unit` runs one kind, `npm test -- ship-loop` the files of that name; all else is handed to Vitest.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Counts, countTests, summaryLine } from './support/summary.ts'

const KINDS = ['unit', 'service', 'conformance', 'e2e', 'pages', 'chaos']

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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
  })
}

/** Removes the containers that an interrupted run has left; a run that came to its end has removed them by itself. */
const removeContainers = async (folder: string): Promise<void> => {
  if (!existsSync(join(folder, 'claims'))) return
  const { getContainerRuntimeClient } = await import('testcontainers')
  const { removeRun, runMark } = await import('./support/containers.ts')
  process.env.LOOPS_TEST_RUN = folder
  await removeRun(await getContainerRuntimeClient(), runMark())
}

const readCounts = async (reportFile: string): Promise<Counts> => {
  const text = await readFile(reportFile, 'utf8').catch(() => undefined)
  return text === undefined ? { passed: 0, failed: 0, skipped: 0 } : countTests(JSON.parse(text))
}

const main = async (): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-test-'))
  try {
    const reportFile = join(folder, 'report.json')
    const code = await runVitest(vitestArguments(process.argv.slice(2), reportFile), folder)
    await removeContainers(folder)
    const counts = await readCounts(reportFile)
    console.log(summaryLine(counts))
    return code === 0 && (counts.failed > 0 || counts.passed === 0) ? 1 : code
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

process.exit(await main())
