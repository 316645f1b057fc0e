// Finds the NATS servers that a subscriber is added to, and has them reload their configuration.
// The command reloads the server of `npm start` itself. Servers that include a folder are reloaded by their operator.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../shared/process/clock.ts'
import { StartFault } from '../report.ts'
import { runningProcess } from '../servers/process.ts'

/** Where the subscribers of an installation are kept, and how changes take effect. */
export type Installation = Readonly<{
  folder: string
  /** The address for subscribers; undefined if only the operator knows it. */
  url: string | undefined
  /** Puts the changed list into effect. @returns one sentence for the person at the terminal */
  apply: () => Promise<string>
}>

const RELOAD_LIMIT_MS = 10_000
const POLL_MS = 50
const REPLY = /Reloaded server configuration|Failed to reload server configuration: (.*)/

/** The NATS server that `npm start` runs with this data folder. */
const startedBy = (dataDir: string): Installation => {
  const folder = join(dataDir, 'nats')
  const pid = () => runningProcess(join(folder, 'process.json'))
  const port = readFileSync(join(folder, 'port'), 'utf8').trim()
  return {
    folder,
    url: `nats://127.0.0.1:${port}`,
    apply: async () => {
      const server = pid()
      if (server === undefined) return 'Loops is not running; this takes effect with the next npm start.'
      await reload(server, join(folder, 'nats-server.log'))
      return 'This takes effect now.'
    },
  }
}

/** Reloads the server's configuration, and waits until its log says whether that worked. */
const reload = async (pid: number, logFile: string): Promise<void> => {
  const before = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  process.kill(pid, 'SIGHUP')
  const deadline = systemClock.monotonicMs() + RELOAD_LIMIT_MS
  while (systemClock.monotonicMs() < deadline) {
    const reply = REPLY.exec(readFileSync(logFile).subarray(before).toString('utf8'))
    if (reply?.[1]) throw new StartFault(`NATS refused the change: ${reply[1]}`)
    if (reply) return
    await sleep(POLL_MS)
  }
  throw new StartFault(`NATS did not confirm the change: see ${logFile}.`)
}

/**
 * Finds the installation that a command changes.
 * @param folder the folder that NATS servers with infra/nats.conf include; if absent, that of `npm start`
 * @throws StartFault if there is none
 */
export const findInstallation = (dataDir: string, folder?: string): Installation => {
  if (folder !== undefined)
    return {
      folder: resolve(folder),
      url: undefined,
      apply: async () =>
        'Now reload the servers: docker compose -f infra/compose.yaml kill --signal HUP nats-1 nats-2 nats-3',
    }
  const path = resolve(dataDir)
  if (!existsSync(join(path, 'nats', 'port')))
    throw new StartFault(
      `No Loops has been started with the data folder ${path}: run npm start first, set the right DATA_DIR, or use --folder infra/nats-users for servers with infra/nats.conf.`,
    )
  return startedBy(path)
}
