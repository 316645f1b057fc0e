// How Loops runs its own nats-server: JetStream on disk, on 127.0.0.1, for those who know its password, and beside them
// the subscribers that were added.
import { createHmac } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accountsText } from '../subscribers/access.ts'
import { readSubscribers, SUBSCRIBERS_CONF, writeSubscribers } from '../subscribers/registry.ts'
import { untilAccepting } from './port.ts'
import type { RunningServer, RunOptions, ServerPlan } from './supervise.ts'
import { superviseServer } from './supervise.ts'

const USER = 'loops'

/**
 * Its configuration. Every message is on disk before it is acknowledged (`sync_interval`): the default of two minutes
 * would lose what was acknowledged when the machine fails. The password keeps other users of this machine out.
 */
const configuration = (
  port: number,
  folder: string,
  password: string,
): string => `# Written anew at each start.
server_name: loops
listen: "127.0.0.1:${port}"
# On a free port, which it writes into a file: for looking whether it still writes.
http: "127.0.0.1:-1"
ports_file_dir: ${JSON.stringify(folder)}
jetstream {
  store_dir: ${JSON.stringify(join(folder, 'data'))}
  sync_interval: always
}
${accountsText(`{ user: ${USER}, password: "${password}" }`, SUBSCRIBERS_CONF)}`

/** Streams were kept for the account without a name before there were two; its new name is that of its folder. */
const nameAccount = (folder: string): void => {
  const [nameless, named] = ['$G', 'LOOPS'].map((account) => join(folder, 'data', 'jetstream', account))
  if (nameless && named && existsSync(nameless) && !existsSync(named)) renameSync(nameless, named)
}

const PORTS_FILE = /^nats-server_\d+\.ports$/
const HEALTH_LIMIT_MS = 5_000
/** What it says of itself when a write has failed: from then on it takes nothing more, even when there is room again. */
const STUCK = /write error: [^"]*/

const forgetPorts = (folder: string): void => {
  for (const name of readdirSync(folder))
    if (PORTS_FILE.test(name)) rmSync(join(folder, name), { force: true })
}

/**
 * Why a nats-server takes no more events, by its own word; undefined when it does, or does not say.
 * @param health address of its /healthz
 */
export const illnessOf = async (health: string): Promise<string | undefined> => {
  try {
    const answer = await fetch(health, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) })
    return answer.ok ? undefined : STUCK.exec(await answer.text())?.[0]
  } catch {
    // One that does not answer may be busy; whether it runs is seen elsewhere.
    return undefined
  }
}

const monitoringOf = (folder: string, pid: number): string | undefined => {
  try {
    const { monitoring } = JSON.parse(readFileSync(join(folder, `nats-server_${pid}.ports`), 'utf8'))
    return String(monitoring[0])
  } catch {
    return undefined
  }
}

const planFor = (password: string): ServerPlan => ({
  name: 'nats-server',
  folder: 'nats',
  args: (port, folder) => {
    const file = join(folder, 'nats-server.conf')
    nameAccount(folder)
    forgetPorts(folder)
    writeSubscribers(folder, readSubscribers(folder))
    writeFileSync(file, configuration(port, folder, password), { mode: 0o600 })
    return ['--config', file]
  },
  ready: (port, signal) => untilAccepting('127.0.0.1', port, signal),
  illness: async (folder, pid) => {
    const monitoring = monitoringOf(folder, pid)
    return monitoring === undefined ? undefined : await illnessOf(`${monitoring}/healthz`)
  },
  url: (port) => `nats://${USER}:${password}@127.0.0.1:${port}`,
})

/**
 * Runs nats-server with its data in `nats/data` of the data folder.
 * @param secret the password is derived from it, so it stays the same from start to start
 * @throws StartFault when it does not come up
 */
export const startNatsServer = (options: RunOptions, secret: string): Promise<RunningServer> => {
  const password = createHmac('sha256', secret).update('nats-server of npm start').digest('hex')
  return superviseServer(planFor(password), options)
}
