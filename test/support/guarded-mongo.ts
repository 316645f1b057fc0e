// MongoDB as infra/compose.yaml runs it: three members that require a login, with the users of infra/mongo-init.js.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RSEQ_FOR_GLIBC } from '../../infra/servers/mongod.ts'
import { untilAccepting } from '../../infra/servers/port.ts'
import { resolveMongod } from '../../infra/servers/resolve.ts'
import { openProcesses, type Processes } from './chaos/processes.ts'
import { freePort } from './free-port.ts'
import { passwordOf, passwordsOf } from './guarded-nats.ts'
import { serverSearch } from './images.ts'
import { type Ran, runMongosh } from './mongosh.ts'

export type GuardedMongo = AsyncDisposable &
  Readonly<{
    /** The addresses of the members, `host:port`. */
    members: readonly string[]
    /** The address with the login of a service or the operator. */
    urlOf: (user: string, password?: string) => string
    /** Runs infra/mongo-init.js with every password, changed by these. */
    makeUsers: (changed?: Readonly<Record<string, string>>) => Promise<Ran>
  }>

const SCRIPT = new URL('../../infra/mongo-init.js', import.meta.url)
const NAMES = ['mongo-1', 'mongo-2', 'mongo-3']
const READY_MS = 60_000

const startMember = async (binary: string, folder: string, processes: Processes): Promise<number> => {
  const port = await freePort()
  const data = await mkdtemp(join(folder, 'data-'))
  processes.keep({
    ...{ name: `mongod ${port}`, command: binary, env: RSEQ_FOR_GLIBC, logFile: `${data}.log` },
    args: [
      ...['--replSet', 'rs0', '--keyFile', join(folder, 'key'), '--dbpath', data],
      ...['--bind_ip', '127.0.0.1', '--port', `${port}`, '--nounixsocket', '--quiet'],
      ...['--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '64'],
    ],
  })
  return port
}

/** The script with these members instead of those of the composed set, each of which has its own machine. */
const scriptFor = async (members: readonly string[]): Promise<string> => {
  const script = await readFile(SCRIPT, 'utf8')
  return NAMES.reduce(
    (text, name, index) => text.replace(`${name}:27017`, members[index] ?? ''),
    script.replace('127.0.0.1:27017', members[0] ?? ''),
  )
}

/** Starts the members. Before `makeUsers` they are not a set and have no users. */
export const startGuardedMongo = async (mongosh: Readonly<{ path: string }>): Promise<GuardedMongo> => {
  const stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'guarded-mongo-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'key'), 'key'.repeat(20), { mode: 0o600 })
  const processes = stack.use(openProcesses())
  const { path } = await resolveMongod(serverSearch())
  const ports = await Promise.all(NAMES.map(() => startMember(path, folder, processes)))
  for (const port of ports) await untilAccepting('127.0.0.1', port, AbortSignal.timeout(READY_MS))
  const members = ports.map((port) => `127.0.0.1:${port}`)
  const script = join(folder, 'mongo-init.js')
  await writeFile(script, await scriptFor(members))
  return {
    members,
    urlOf: (user, password = passwordOf(user)) =>
      `mongodb://${user}:${password}@${members.join(',')}/loops?replicaSet=rs0&authSource=admin`,
    makeUsers: (changed = {}) =>
      runMongosh(mongosh, script, { home: folder, env: { ...passwordsOf(), ...changed } }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
