// Keeps one server running: starts it on a port of its own, starts it again when it dies, and gives up after a few times.
// Knows no server in particular; mongod.ts and nats-server.ts say what each needs.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../shared/clock.ts'
import type { Report } from '../report.ts'
import { formatMs, messageOf, StartFault } from '../report.ts'
import type { Binary } from './binary.ts'
import { isFull } from './data-dir.ts'
import { rememberedPort } from './port.ts'
import type { Launched } from './process.ts'
import { launch, stopLeftover, tailOf } from './process.ts'

/** What one kind of server needs to be run. */
export type ServerPlan = Readonly<{
  name: string
  /** Its own folder below the data folder. */
  folder: string
  /** Its command line; may write its configuration into the folder first. */
  args: (port: number, folder: string) => readonly string[]
  /** Fulfilled when it serves; rejected with a reason when it never will. Ends when the signal is aborted. */
  ready: (port: number, signal: AbortSignal) => Promise<void>
  url: (port: number) => string
}>

/** Where a server runs and who is told of its fate. */
export type RunOptions = Readonly<{
  binary: Binary
  dataDir: string
  report: Report
  /** Called once when the server has died for good; it is not running any more. */
  onLost: (fault: StartFault) => void
}>

/** A server that serves. Disposing stops it and waits until its process has ended. */
export type RunningServer = AsyncDisposable & Readonly<{ url: string; pid: () => number }>

const READY_TIMEOUT_MS = 60_000
const MAX_START_ATTEMPTS = 3
const MAX_RESTARTS = 3
/** A server that has run for so long gets all its restarts again. */
const HEALTHY_AFTER_MS = 10 * 60_000
const TAIL_LINES = 8

/**
 * Starts a server, after ending what an earlier, killed start has left of it.
 * @throws StartFault when it dies while starting or does not serve in time
 */
export const superviseServer = async (plan: ServerPlan, options: RunOptions): Promise<RunningServer> => {
  const { report } = options
  const folder = join(options.dataDir, plan.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (await stopLeftover(pidFileOf(folder))) {
    report.step(`${plan.name}: stopped the one that an earlier start had left running`)
  }
  const started = systemClock.monotonicMs()
  let { server, port } = await startOnFreePort(plan, options, folder)
  report.step(
    `${plan.name}: serving on 127.0.0.1:${port} after ${formatMs(systemClock.monotonicMs() - started)}`,
  )

  let stopping = false
  const watch = async (): Promise<void> => {
    let restarts = 0
    let since = systemClock.monotonicMs()
    for (;;) {
      const how = await server.ended
      if (stopping) return
      if (systemClock.monotonicMs() - since > HEALTHY_AFTER_MS) restarts = 0
      restarts += 1
      if (restarts > MAX_RESTARTS) return options.onLost(died(plan, options, folder, how))
      report.step(`${plan.name} ended by itself (${how}): starting it again (${restarts} of ${MAX_RESTARTS})`)
      since = systemClock.monotonicMs()
      server = launch(launchOf(plan, options, folder, port))
      // When it does not come up, its end is seen above, by the next turn.
      await untilReady(plan, server, port).then(
        () => report.step(`${plan.name}: serving again`),
        () => server.stop(),
      )
    }
  }
  const watching = watch()
  return {
    url: plan.url(port),
    pid: () => server.pid,
    [Symbol.asyncDispose]: async () => {
      stopping = true
      await server.stop()
      await watching
    },
  }
}

const pidFileOf = (folder: string) => join(folder, 'process.json')
const logFileOf = (plan: ServerPlan, folder: string) => join(folder, `${plan.name}.log`)

const launchOf = (plan: ServerPlan, options: RunOptions, folder: string, port: number) => ({
  path: options.binary.path,
  args: plan.args(port, folder),
  logFile: logFileOf(plan, folder),
  pidFile: pidFileOf(folder),
})

/** A port that was free may be taken by the time the server binds it: then the next one is tried. */
const startOnFreePort = async (
  plan: ServerPlan,
  options: RunOptions,
  folder: string,
): Promise<{ server: Launched; port: number }> => {
  for (let attempt = 1; ; attempt++) {
    const port = await rememberedPort(join(folder, 'port'))
    const server = launch(launchOf(plan, options, folder, port))
    try {
      await untilReady(plan, server, port)
      return { server, port }
    } catch (error) {
      await server.stop()
      const portLost = (await rememberedPort(join(folder, 'port'))) !== port
      if (!portLost || attempt >= MAX_START_ATTEMPTS) throw died(plan, options, folder, messageOf(error))
    }
  }
}

/** Fulfilled when the server serves, rejected when it ends before or takes too long. */
const untilReady = async (plan: ServerPlan, server: Launched, port: number): Promise<void> => {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), READY_TIMEOUT_MS)
  try {
    const ended = server.ended.then((how) => Promise.reject(new Error(how)))
    await Promise.race([plan.ready(port, stop.signal), ended])
  } catch (error) {
    throw stop.signal.aborted ? new Error(`it did not answer for ${formatMs(READY_TIMEOUT_MS)}`) : error
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

/** The fault that says why a server is not there, with the last it said. */
const died = (plan: ServerPlan, options: RunOptions, folder: string, how: string): StartFault => {
  const log = logFileOf(plan, folder)
  if (isFull(options.dataDir)) {
    return new StartFault(
      `${plan.name} stopped (${how}) because the disk that holds ${options.dataDir} is full: free some space, then start again.`,
    )
  }
  return new StartFault(
    `${plan.name} stopped (${how}): see its last lines below and all of them in ${log}, put that right, then start again.`,
    tailOf(log, TAIL_LINES),
  )
}
