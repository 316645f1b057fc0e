// Installs Debian packages without asking, for root on Debian, Ubuntu or a relative.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { StartFault } from '../report.ts'

const run = promisify(execFile)
const LOCK_TRIES = 24
const LOCK_WAIT_MS = 5_000
const INSTALL_LIMIT_MS = 600_000

/** Whether this process may install packages: as root, on a system with apt-get. */
export const canInstallPackages = (): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/**
 * Installs packages with only their hard dependencies. Waits if another apt-get is running.
 * @throws StartFault with the last lines of apt-get
 */
export const installPackages = async (packages: readonly string[]): Promise<void> => {
  // A failed update is no fault: the package lists that are there may do.
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
          `apt-get ${args.join(' ')} failed: fix what it says, or install the packages yourself, then run the command again.`,
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
