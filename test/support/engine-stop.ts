// Stops a container engine that a test run has started. Loads no client of it.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const STOP_LIMIT_MS = 20_000
const POLL_MS = 100

const markIn = (folder: string): string => join(folder, 'engine')

/** Leaves word that this run has started the daemon: its process, or `systemd` where that runs it. */
export const noteEngine = (folder: string, daemon: string): void => writeFileSync(markIn(folder), daemon)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Whether somebody has containers running meanwhile; then the daemon is theirs now. */
const isUsed = async (): Promise<boolean> => {
  try {
    return (await run('docker', ['ps', '--quiet'], { timeout: STOP_LIMIT_MS })).stdout.trim() !== ''
  } catch {
    return true
  }
}

/** Ends the daemon that this run has started, unless somebody uses it. */
export const stopEngine = async (folder: string): Promise<void> => {
  const mark = markIn(folder)
  if (!existsSync(mark) || (await isUsed())) return
  const daemon = readFileSync(mark, 'utf8')
  console.log('Docker was started for the tests: stopping it.')
  if (daemon === 'systemd') {
    await run('systemctl', ['stop', 'docker', 'docker.socket'], { timeout: STOP_LIMIT_MS }).catch(
      () => undefined,
    )
    return
  }
  const pid = Number(daemon)
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGTERM')
  for (const end = performance.now() + STOP_LIMIT_MS; isAlive(pid) && performance.now() < end; )
    await delay(POLL_MS)
}
