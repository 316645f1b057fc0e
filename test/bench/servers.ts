// The servers of the benchmark: those of `npm start`, in a folder that is deleted afterwards.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '../../infra/report.ts'
import { binariesFolder } from '../../infra/servers/cache.ts'
import { startMongod } from '../../infra/servers/mongod.ts'
import { startNatsServer } from '../../infra/servers/nats-server.ts'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { MIGRATOR, startServices } from '../../services/start.ts'

const SECRET = 'a secret of the benchmark that is long enough for all'

export type Servers = AsyncDisposable &
  Readonly<{
    nats_url: string
    /** Where NATS reports its counts over HTTP. */
    monitoring_url: () => string
    /** MongoDB as the server itself, which may read what it does. */
    mongodb_url: () => string
    /** The environment variables of services with their own databases. */
    env: (database: string) => Record<string, string>
  }>

const monitorOf = (folder: string): string => {
  const file = readdirSync(folder).find((name) => name.endsWith('.ports'))
  if (file === undefined) throw new Error(`NATS has not said its ports in ${folder}.`)
  return String(JSON.parse(readFileSync(join(folder, file), 'utf8')).monitoring[0])
}

/** Starts NATS and MongoDB, fetching them first if they are not there. */
export const startServers = async (report: Report): Promise<Servers> => {
  const stack = new AsyncDisposableStack()
  const dataDir = mkdtempSync(join(tmpdir(), 'loops-bench-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const find = {
    cacheDir: binariesFolder(process.env, dataDir),
    env: process.env,
    report,
    signal: new AbortController().signal,
  }
  const onLost = (fault: Error): never => {
    throw fault
  }
  const common = { dataDir, report, onLost }
  const nats = stack.use(await startNatsServer({ ...common, binary: await resolveNatsServer(find) }, SECRET))
  const mongod = stack.use(await startMongod({ ...common, binary: await resolveMongod(find) }))
  const streams = { NATS_URL: nats.url, LOG: 'error' }
  stack.use(await startServices(streams, { names: [MIGRATOR] }))
  return {
    nats_url: nats.url,
    monitoring_url: () => monitorOf(join(dataDir, 'nats')),
    mongodb_url: () => {
      const key = readFileSync(join(dataDir, 'mongod', 'key'), 'utf8')
      const { host } = new URL(mongod.url)
      const login = `__system:${encodeURIComponent(key)}`
      return `mongodb://${login}@${host}/admin?directConnection=true&authSource=local&authMechanism=SCRAM-SHA-256`
    },
    env: (database) => ({
      NATS_URL: nats.url,
      MONGODB_URL: mongod.url.replace('/loops?', `/${database}?`),
      LOOPS_SECRET: SECRET,
      LOG: 'error',
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: '0',
      SIGN_UP: 'open',
      // The benchmark measures how many there can be.
      TOOL_CALLS_PER_MINUTE: '1000000000',
      WORKSPACE_CALLS_PER_MINUTE: '1000000000',
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
