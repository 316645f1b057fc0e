// Runs the nats-server of `npm start`: JetStream on 127.0.0.1, with a login.
// Loops signs in with a password, and each subscriber with its key.
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
 * The configuration of the server. With `sync_interval`, every message is on disk before it is acknowledged; the default of
 * two minutes would lose acknowledged messages if the machine fails. The password keeps other users of this machine out.
 */
const configuration = (
  port: number,
  folder: string,
  password: string,
): string => `# Generated at each start; do not edit.
server_name: loops
listen: "127.0.0.1:${port}"
# For health checks. The server picks a free port and writes it to a file.
http: "127.0.0.1:-1"
ports_file_dir: ${JSON.stringify(folder)}
jetstream {
  store_dir: ${JSON.stringify(join(folder, 'data'))}
  sync_interval: always
}
${accountsText(`{ user: ${USER}, password: "${password}" }`, SUBSCRIBERS_CONF)}`

/** Moves the streams of earlier releases, which had only the nameless account, to the account LOOPS. */
const nameAccount = (folder: string): void => {
  const [nameless, named] = ['$G', 'LOOPS'].map((account) => join(folder, 'data', 'jetstream', account))
  if (nameless && named && existsSync(nameless) && !existsSync(named)) renameSync(nameless, named)
}

const PORTS_FILE = /^nats-server_\d+\.ports$/
const HEALTH_LIMIT_MS = 5_000
/** What /healthz says after a failed write. From then on the server takes no messages, even once there is space again. */
const STUCK = /write error: [^"]*/

const forgetPorts = (folder: string): void => {
  for (const name of readdirSync(folder))
    if (PORTS_FILE.test(name)) rmSync(join(folder, name), { force: true })
}

/**
 * Why a nats-server takes no more messages, as its health check says; undefined if it takes them, or does not say.
 * @param health the address of its /healthz
 */
export const illnessOf = async (health: string): Promise<string | undefined> => {
  try {
    const answer = await fetch(health, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) })
    return answer.ok ? undefined : STUCK.exec(await answer.text())?.[0]
  } catch {
    // A server that does not answer may be busy. Its supervisor notices if it ends.
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
 * @param secret the secret from which the password is derived, which therefore stays the same at each start
 * @throws StartFault if it does not start
 */
export const startNatsServer = (options: RunOptions, secret: string): Promise<RunningServer> => {
  const password = createHmac('sha256', secret).update('nats-server of npm start').digest('hex')
  return superviseServer(planFor(password), options)
}
