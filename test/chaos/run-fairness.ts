// `npm run chaos -- fairness --minutes 5`: how long a workspace waits for its calls while another's addresses are dead.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Report } from '../../infra/report.ts'
import { quantile, runFairness } from './fairness.ts'

export const FAIRNESS_USAGE = 'Usage: npm run chaos -- fairness [--minutes <number>]'
/** The longest that 99 of 100 calls may take (ms). */
const MOST_MS = 1_000

/** Measures as asked; gives the exit code. */
export const fairnessMain = async (
  args: readonly string[],
  binaries: Readonly<{ nats_server: string; mongod: string }>,
  report: Report,
): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string', default: '5' } } })
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) {
    console.error(FAIRNESS_USAGE)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'loops-fairness-'))
  const found = await runFairness({ setting: { ...binaries, folder }, duration_ms: minutes * 60_000 })
  const [p50, p99] = [quantile(found, 0.5), quantile(found, 0.99)]
  report.step(
    `${found.delays_ms.length} calls of the healthy address: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, longest ${quantile(found, 1).toFixed(0)} ms; ${found.missing} did not come`,
  )
  report.step(`${found.still_pending} of ${found.pending} calls to the dead addresses are still pending`)
  rmSync(folder, { recursive: true, force: true })
  return found.missing === 0 && p99 <= MOST_MS ? 0 : 1
}
