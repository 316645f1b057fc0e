// Keeps a server running: restarts it when it dies or stops working.
// If that does not help, the restarts come ever more slowly. mongod.ts and nats-server.ts say what each server needs.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../shared/process/clock.ts'
import { pause } from '../../shared/process/lifecycle.ts'
import type { Report } from '../report.ts'
import { formatMs, messageOf, StartFault } from '../report.ts'
import type { Binary } from './binary.ts'
import { isFull } from './data-dir.ts'
import { rememberedPort } from './port.ts'
import type { Launched } from './process.ts'
import { launch, stopLeftover, tailOf } from './process.ts'

/** How to run one kind of server. */
export type ServerPlan = Readonly<{
  name: string
  /** Its own folder below the data folder. */
  folder: string
  /** Its command line. May first write its configuration to the folder. */
  args: (port: number, folder: string) => readonly string[]
  /** Variables that it gets unless the environment has them. */
  env?: Readonly<Record<string, string>>
  /** Resolves when it serves; rejects with a reason if it never will, or if the signal is aborted. */
  ready: (port: number, signal: AbortSignal) => Promise<void>
  /** Why a running server does not work and must be restarted; undefined if it works. */
  illness?: (folder: string, pid: number) => Promise<string | undefined>
  /** What may help if it keeps dying. */
  advice?: () => string | undefined
  /** Whether a server that ended this way will always do so. */
  isHopeless?: (how: string) => boolean
  url: (port: number) => string
}>

/** Where a server runs, and how to report on it. */
export type RunOptions = Readonly<{
  binary: Binary
  dataDir: string
  report: Report
  /** A free port that this server must not take. */
  reserved_port?: number
  /** Called once if the server has died and a restart would not help. */
  onLost: (fault: StartFault) => void
  /** The pauses before restarts (ms), one for each death in a row; the last one repeats. */
  restart_ms?: readonly number[]
  /** How often its health is checked (ms). */
  look_ms?: number
}>

/** A server that serves. Disposing of it stops it, and waits until its process has ended. */
export type RunningServer = AsyncDisposable & Readonly<{ url: string; pid: () => number }>

const READY_TIMEOUT_MS = 60_000
const MAX_START_ATTEMPTS = 3
/** At first at once, so that a chance death goes unnoticed; then ever more slowly, for as long as it takes. */
const RESTART_MS = [0, 0, 0, 5_000, 15_000, 60_000, 300_000] as const
/** After this many deaths in a row, the person at the terminal learns that there may be more. */
const MANY_DEATHS = 4
/** After a run this long, earlier deaths no longer count. */
const HEALTHY_AFTER_MS = 10 * 60_000
/** How often a server's health is checked (ms). A failure is noticed well within a minute. */
const LOOK_MS = 10_000
const TAIL_LINES = 8

/**
 * Starts a server. First ends the one that an earlier, killed start may have left running.
 * @throws StartFault if it dies while starting, or does not serve in time
 */
export const superviseServer = async (plan: ServerPlan, options: RunOptions): Promise<RunningServer> => {
  const { report } = options
  const folder = join(options.dataDir, plan.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (await stopLeftover(pidFileOf(folder))) {
    report.step(`${plan.name}: stopped the one that an earlier start left running`)
  }
  const started = systemClock.monotonicMs()
  let { server, port } = await startOnFreePort(plan, options, folder)
  report.step(
    `${plan.name}: serving on 127.0.0.1:${port} after ${formatMs(systemClock.monotonicMs() - started)}`,
  )

  const stopping = new AbortController()
  const startAgain = async (): Promise<void> => {
    server = launch(launchOf(plan, options, folder, port))
    // If it does not start, the next turn of the watch sees its end.
    await untilReady(plan, server, port).then(
      () => report.step(`${plan.name}: serving again`),
      () => server.stop(),
    )
  }
  const watch = async (): Promise<void> => {
    let deaths = 0
    let since = systemClock.monotonicMs()
    for (;;) {
      const how = await endOf(plan, options, { folder, server, signal: stopping.signal })
      if (stopping.signal.aborted) return
      if (server.pid === 0 || plan.isHopeless?.(how)) return options.onLost(died(plan, options, folder, how))
      if (systemClock.monotonicMs() - since > HEALTHY_AFTER_MS) deaths = 0
      deaths += 1
      if (deaths < MANY_DEATHS) report.step(`${plan.name} ended by itself (${how}): restarting it`)
      if (deaths === MANY_DEATHS) report.step(dyingOn(plan, options, folder, how))
      const pauses = options.restart_ms ?? RESTART_MS
      await pause(pauses[Math.min(deaths, pauses.length) - 1] ?? 0, stopping.signal)
      if (stopping.signal.aborted) return
      since = systemClock.monotonicMs()
      await startAgain()
    }
  }
  const watching = watch()
  return {
    url: plan.url(port),
    pid: () => server.pid,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await server.stop()
      await watching
      // It may have been restarted just before.
      await server.stop()
    },
  }
}

const pidFileOf = (folder: string) => join(folder, 'process.json')
const logFileOf = (plan: ServerPlan, folder: string) => join(folder, `${plan.name}.log`)

const launchOf = (plan: ServerPlan, options: RunOptions, folder: string, port: number) => ({
  path: options.binary.path,
  args: plan.args(port, folder),
  ...(plan.env ? { env: plan.env } : {}),
  logFile: logFileOf(plan, folder),
  pidFile: pidFileOf(folder),
})

/** Starts a server, and tries another port if the first one is taken before the server binds it. */
const startOnFreePort = async (
  plan: ServerPlan,
  options: RunOptions,
  folder: string,
): Promise<{ server: Launched; port: number }> => {
  for (let attempt = 1; ; attempt++) {
    const port = await rememberedPort(join(folder, 'port'), options.reserved_port)
    const server = launch(launchOf(plan, options, folder, port))
    try {
      await untilReady(plan, server, port)
      return { server, port }
    } catch (error) {
      await server.stop()
      const portLost = (await rememberedPort(join(folder, 'port'), options.reserved_port)) !== port
      if (!portLost || attempt >= MAX_START_ATTEMPTS) throw died(plan, options, folder, messageOf(error))
    }
  }
}

/** Waits until the server serves. @throws Error if it ends before, or takes too long */
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

type Watched = Readonly<{ folder: string; server: Launched; signal: AbortSignal }>

/** Waits until a server ends, and stops it if it no longer works. @returns how it ended */
const endOf = async (plan: ServerPlan, options: RunOptions, watched: Watched): Promise<string> => {
  const { folder, server, signal } = watched
  const over = new AbortController()
  const ended = server.ended.finally(() => over.abort())
  let announced = false
  for (;;) {
    await pause(options.look_ms ?? LOOK_MS, AbortSignal.any([over.signal, signal]))
    if (over.signal.aborted || signal.aborted || !plan.illness) return await ended
    const illness = await plan.illness(folder, server.pid)
    if (illness === undefined || over.signal.aborted) continue
    if (!isFull(options.dataDir)) {
      await server.stop()
      return illness
    }
    if (!announced)
      options.report.step(
        `${plan.name} cannot write, because the disk that holds ${options.dataDir} is full: free some space, and it continues by itself.`,
      )
    announced = true
  }
}

/** The one line about a server that keeps dying. */
const dyingOn = (plan: ServerPlan, options: RunOptions, folder: string, how: string): string => {
  const why = isFull(options.dataDir)
    ? `the disk that holds ${options.dataDir} is full: free some space`
    : `see ${logFileOf(plan, folder)}`
  const advice = plan.advice?.()
  return `${plan.name} has ended ${MANY_DEATHS} times in a short time (${how}); ${why}. It is restarted ever more slowly, until it works or you press Ctrl-C.${advice === undefined ? '' : ` ${advice}`}`
}

/** The fault that says why a server is gone, with the last lines of its log. */
const died = (plan: ServerPlan, options: RunOptions, folder: string, how: string): StartFault => {
  const log = logFileOf(plan, folder)
  if (isFull(options.dataDir)) {
    return new StartFault(
      `${plan.name} stopped (${how}) because the disk that holds ${options.dataDir} is full: free some space, then start again.`,
    )
  }
  return new StartFault(
    `${plan.name} stopped (${how}): see its last lines below and the whole log in ${log}, fix the problem, then start again.`,
    tailOf(log, TAIL_LINES),
  )
}
