// Installs Debian packages without a question asked, where this user may: root on Debian, Ubuntu or a relative.
// Knows nothing of what the packages are for.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { StartFault } from '../report.ts'

const run = promisify(execFile)
const LOCK_TRIES = 24
const LOCK_WAIT_MS = 5_000
const INSTALL_LIMIT_MS = 600_000

/** Whether packages can be installed here without asking anybody: root, with apt-get. */
export const canInstallPackages = (): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/**
 * Installs packages with their hard dependencies only, and waits for another apt-get that is at work.
 * @throws StartFault with apt's own last lines
 */
export const installPackages = async (packages: readonly string[]): Promise<void> => {
  // Old package lists may still do (a mirror that is briefly away, an image that carries them), so only the
  // installation decides.
  await aptGet(['update']).catch(() => undefined)
  await aptGet(['install', '-y', '--no-install-recommends', ...packages])
}

const aptGet = async (args: readonly string[]): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      await run('apt-get', ['-q', '-o', 'Acquire::Retries=2', ...args], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
        maxBuffer: 64 * 1024 * 1024,
        timeout: INSTALL_LIMIT_MS,
      })
      return
    } catch (error) {
      const said = aptError(error)
      if (!/could not get lock|unable to lock/i.test(said) || tries === LOCK_TRIES) {
        throw new StartFault(
          `apt-get ${args.join(' ')} failed: put right what it says, or install the packages by hand, then run the command again.`,
          [said],
        )
      }
      await delay(LOCK_WAIT_MS)
    }
  }
}

const aptError = (error: unknown): string => {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  return said.trim().split('\n').slice(-3).join(' ') || String(error)
}
