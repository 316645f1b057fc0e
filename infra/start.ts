// `npm start`: starts the servers and services, shows the screen, and stops everything in order.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LOOPBACK, openAtEach } from '../services/gateway/listen.ts'
import { loadServices, startServices } from '../services/start.ts'
import { systemClock } from '../shared/process/clock.ts'
import type { Config } from '../shared/process/config.ts'
import { processEnv, readConfig } from '../shared/process/config.ts'
import { systemIds } from '../shared/process/ids.ts'
import { STOP_TIMEOUT_MS, within } from '../shared/process/lifecycle.ts'
import { requireRestored } from './backup/data-folder.ts'
import type { Report } from './report.ts'
import { explain, formatMs, messageOf, StartFault, streamReport } from './report.ts'
import { recordRunning } from './running.ts'
import { screen } from './screen.ts'
import { binariesFolder } from './servers/cache.ts'
import { keptSecret, openDataDir, requireRoom, secretFile } from './servers/data-dir.ts'
import { startMongod } from './servers/mongod.ts'
import { startNatsServer } from './servers/nats-server.ts'
import { tryPort } from './servers/port.ts'
import { resolveMongod, resolveNatsServer } from './servers/resolve.ts'

/** What mongod writes for an empty database, mostly its journal; and what a later start needs. */
const FIRST_START_BYTES = 1e9
const LATER_START_BYTES = 300e6
/** A Ctrl-C comes from the terminal and again from npm. Within this time both count as one. */
const SAME_SIGNAL_MS = 1_000

/** How this process learns that it has to stop. */
type Ending = Readonly<{
  /** Aborted when it is time to stop. Its reason is an Asked, or the fault that forces the stop. */
  signal: AbortSignal
  /** Called when a server is gone for good. */
  lose: (fault: StartFault) => void
}>

/** The reason for an orderly stop. */
class Asked extends Error {
  override readonly name = 'Asked'
}

/** Listens for signals and for the end of bootstrap.mjs. A second, later signal ends the process at once. */
const listenForEnd = (report: Report): Ending => {
  const ending = new AbortController()
  let asked_ms: number | undefined
  const ask = (why: string): void => {
    const now_ms = systemClock.monotonicMs()
    if (asked_ms !== undefined && now_ms - asked_ms > SAME_SIGNAL_MS) {
      report.step('Stopped at once. The servers end by themselves.')
      process.exit(1)
    }
    if (asked_ms !== undefined) return
    asked_ms = now_ms
    report.step(`Stopping (${why}) …`)
    ending.abort(new Asked(why))
  }
  process.on('SIGINT', () => ask('Ctrl-C'))
  process.on('SIGTERM', () => ask('SIGTERM'))
  process.on('disconnect', () => ask('npm is gone'))
  return { signal: ending.signal, lose: (fault) => ending.abort(fault) }
}

const endOf = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Checks that the port is free. @returns the port to listen on; for 0, a free one */
const requirePort = async ({ HOST, PORT }: Config): Promise<number> => {
  const hosts = HOST === undefined ? LOOPBACK : [HOST]
  const tryAt = async (host: string, port: number) => ({
    port: await tryPort(host, port),
    close: () => undefined,
  })
  try {
    const [tried] = await openAtEach(hosts, PORT, tryAt)
    return tried?.port ?? PORT
  } catch (error) {
    const { code, address = hosts[0] } = error as NodeJS.ErrnoException & { address?: string }
    if (code === 'EADDRINUSE') {
      throw new StartFault(
        `Port ${PORT} on ${address} is in use: stop what uses it, or choose another port, such as PORT=${PORT + 1} npm start.`,
      )
    }
    if (code === 'EACCES') throw new StartFault(`You may not use port ${PORT}: set PORT to 1024 or higher.`)
    throw new StartFault(
      `HOST ${address} is not an address of this machine (${code}): use 127.0.0.1, or 0.0.0.0 for all addresses.`,
    )
  }
}

/** Starts the servers that the configuration does not name. @returns the variables that lead the services to them */
const startServers = async (
  config: Config,
  dataDir: string,
  { report, ending, stack }: { report: Report; ending: Ending; stack: AsyncDisposableStack },
): Promise<Record<string, string>> => {
  const find = {
    cacheDir: binariesFolder(processEnv(), dataDir),
    env: processEnv(),
    report,
    signal: ending.signal,
  }
  const LOOPS_SECRET = config.LOOPS_SECRET ?? keptSecret(secretFile(dataDir), systemIds().token)
  if (config.MONGODB_URL) report.step('MongoDB: from MONGODB_URL')
  if (config.NATS_URL) report.step('NATS: from NATS_URL')
  const nats = config.NATS_URL ? undefined : await resolveNatsServer(find)
  const mongo = config.MONGODB_URL ? undefined : await resolveMongod(find)
  ending.signal.throwIfAborted()
  const common = { dataDir, report, reserved_port: config.PORT, onLost: ending.lose }
  const starting = Promise.allSettled([
    nats && startNatsServer({ ...common, binary: nats }, LOOPS_SECRET),
    mongo && startMongod({ ...common, binary: mongo }),
  ])
  await loadServices()
  const started = await starting
  for (const one of started) if (one.status === 'fulfilled' && one.value) stack.use(one.value)
  const [natsServer, mongod] = started.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  const NATS_URL = config.NATS_URL ?? natsServer?.url ?? ''
  const MONGODB_URL = config.MONGODB_URL ?? mongod?.url ?? ''
  return { NATS_URL, MONGODB_URL, LOOPS_SECRET, DATA_DIR: dataDir }
}

/** Runs everything until it has to stop, stops it in reverse order, and throws the reason for the stop. */
const run = async (config: Config, report: Report, ending: Ending): Promise<never> => {
  const started = systemClock.monotonicMs()
  const stack = new AsyncDisposableStack()
  try {
    const dataDir = stack.use(await openDataDir(config.DATA_DIR, config.PORT))
    ending.signal.addEventListener('abort', dataDir.announceStop)
    requireRestored(dataDir.path)
    const port = await requirePort(config)
    const isFirst = !config.MONGODB_URL && !existsSync(join(dataDir.path, 'mongod'))
    requireRoom(dataDir.path, isFirst ? FIRST_START_BYTES : LATER_START_BYTES)
    const servers = await startServers(config, dataDir.path, { report, ending, stack })
    ending.signal.throwIfAborted()
    const { PUBLIC_URL } = processEnv()
    stack.use(recordRunning(dataDir.path, { ...servers, PUBLIC_URL, PORT: String(port) }))
    // Only warnings by default, so that the screen stays readable.
    const env = { LOG: 'warn', ...processEnv(), ...servers, PORT: String(port) }
    const onStarted = (name: string) => report.step(`${name}: started`)
    const { setup_url } = stack.use(await startServices(env, { onStarted }))
    report.step(`Started in ${formatMs(systemClock.monotonicMs() - started)}.`)
    if (!ending.signal.aborted) {
      const facts = { config: readConfig(env), dataDir: dataDir.path, setup_url }
      report.step(screen(facts))
    }
    await endOf(ending.signal)
    throw ending.signal.reason
  } catch (error) {
    // What fails after a stop was requested fails because of it.
    throw ending.signal.aborted ? ending.signal.reason : error
  } finally {
    await stop(stack, report)
  }
}

/** Stops everything. A part that fails to stop is only reported, so that the reason for the stop is not lost. */
const stop = async (stack: AsyncDisposableStack, report: Report): Promise<void> => {
  try {
    if (!(await within(STOP_TIMEOUT_MS, stack.disposeAsync())))
      report.step('Some parts did not stop in time.')
  } catch (error) {
    report.step(`Some parts did not stop cleanly: ${messageOf(error)}`)
  }
}

/** The exit code for the reason of a stop. */
const codeOf = (error: unknown): number =>
  error instanceof Asked ? 0 : explain(error, (line) => process.stderr.write(`${line}\n`))

const main = async (): Promise<number> => {
  const report = streamReport(process.stdout, systemClock)
  try {
    const config = readConfig(processEnv())
    return await run(config, report, listenForEnd(report))
  } catch (error) {
    const code = codeOf(error)
    if (code === 0) report.step('Stopped.')
    return code
  }
}

process.exit(await main())
