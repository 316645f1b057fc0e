// `npm run chaos -- mail-promise --runs 20`: the promise of the mails, with faults as in production, so many times. Each run has
// servers of its own; `--at-once` runs some beside each other, and `--seed` is that of the first.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Report } from '../../infra/report.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { type Copies, FAULTS, isKept, runPromise } from './mail-promise.ts'

export const PROMISE_USAGE =
  'Usage: npm run chaos -- mail-promise [--runs <whole number>] [--seed <whole number>] [--at-once <whole number>]'
const CUT_MS = [16_000, 30_000] as const

const asked = (args: readonly string[]) => {
  const options = {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '1' },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const [runs = 0, seed = 0, at_once = 0] = [values.runs, values.seed, values['at-once']].map(Number)
  return [runs, seed, at_once].every(Number.isInteger) && runs > 0 && at_once > 0
    ? { runs, seed, at_once }
    : undefined
}

const lineOf = (seed: number, copies: Copies): string => {
  const { fault, how, recipients, missing, further, allowed, unlike } = copies
  const counts = `${recipients - missing} of ${recipients} people, ${further} further copies of at most ${allowed}`
  const ids = unlike > 0 ? `, ${unlike} with another Message-ID` : ''
  return `${isKept(copies) ? 'ok    ' : 'BROKEN'}  seed ${seed}  ${fault.padEnd(7)}  ${counts}${ids}  (${how})`
}

/** Runs as asked; gives the exit code. */
export const promiseMain = async (
  args: readonly string[],
  binaries: Readonly<{ nats_server: string; mongod: string }>,
  report: Report,
): Promise<number> => {
  const given = asked(args)
  if (!given) {
    console.error(PROMISE_USAGE)
    return 2
  }
  const seeds = Array.from({ length: given.runs }, (_, run) => given.seed + run)
  const all = await inParallel(seeds, given.at_once, async (seed) => {
    const folder = mkdtempSync(join(tmpdir(), 'loops-promise-'))
    const run = {
      setting: { ...binaries, folder },
      seed,
      cut_ms: CUT_MS,
      cuts: ['refuse', 'half_open'],
    } as const
    const found = await runPromise(run, (copies) => report.step(lineOf(seed, copies)))
    if (found.every(isKept)) rmSync(folder, { recursive: true, force: true })
    else report.step(`What everything wrote with seed ${seed} is in ${folder}.`)
    return found
  })
  const kept = all.filter((found) => found.every(isKept)).length
  for (const fault of FAULTS) {
    const of = all.flat().filter((copies) => copies.fault === fault)
    const sum = (of_: (copies: Copies) => number) => of.reduce((total, copies) => total + of_(copies), 0)
    report.step(
      `${fault}: ${sum(({ further }) => further)} further copies of ${sum(({ allowed }) => allowed)} that are allowed, ${sum(({ missing }) => missing)} people without a mail, in ${of.length} runs`,
    )
  }
  report.step(`The promise was kept in ${kept} of ${all.length} runs.`)
  return kept === all.length ? 0 : 1
}
