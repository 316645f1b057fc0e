// `npm run chaos -- upgrade --requests 50000`: the previous release is replaced under load, one process after the other.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Report } from '../../infra/report.ts'
import { PREVIOUS_RELEASE } from './release.ts'
import { runUpgrade } from './upgrade.ts'

export const UPGRADE_USAGE = 'Usage: npm run chaos -- upgrade [--requests <whole number>] [--from <commit>]'

const asked = (args: readonly string[]) => {
  try {
    const options = {
      requests: { type: 'string', default: '50000' },
      from: { type: 'string', default: PREVIOUS_RELEASE },
    } as const
    const { values } = parseArgs({ args: [...args], options })
    const requests = Number(values.requests)
    return Number.isInteger(requests) && requests > 0 ? { requests, from: values.from } : undefined
  } catch {
    return undefined
  }
}

/** Upgrades as asked; gives the exit code. */
export const upgradeMain = async (
  args: readonly string[],
  binaries: Readonly<{ nats_server: string; mongod: string }>,
  report: Report,
): Promise<number> => {
  const given = asked(args)
  if (!given) {
    console.error(UPGRADE_USAGE)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'loops-upgrade-'))
  const { answered, failed, created, missing, unclean, falls } = await runUpgrade({
    setting: { ...binaries, folder },
    ...given,
    report,
  })
  report.step(`${failed.length} of ${answered + failed.length} requests failed`)
  report.step(`${missing} of ${created} tasks are missing`)
  for (const line of [...failed.slice(0, 20), ...unclean, ...falls]) report.step(`  ${line}`)
  const isWell = failed.length + missing + unclean.length + falls.length === 0
  if (isWell) rmSync(folder, { recursive: true, force: true })
  else report.step(`What everything wrote is in ${folder}.`)
  return isWell ? 0 : 1
}
