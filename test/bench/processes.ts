// Services as processes of their own, several of each, held to a part of a core where that is asked; and what a process uses.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SERVICE_NAMES } from '../../services/start.ts'
import { freePort } from '../support/free-port.ts'
import type { Servers } from './servers.ts'

/** A process by its name, which several may have. */
export type Watched = Readonly<{ name: string; pid: number }>

const KIB = 1_024
const READY_MS = 120_000
const LOOK_MS = 50

/** Memory of a process (MB, PSS): pages that it shares count in part. */
export const memoryOf = (pid: number): number =>
  (Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) * KIB) / 1e6

/** Processor time of a process (s), and of those that it has waited for. */
export const timesOf = (pid: number | string): readonly [own: number, ended: number] => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const seconds = (first: number): number => (Number(fields[first]) + Number(fields[first + 1])) / 100
  return [seconds(11), seconds(13)]
}

/** Processor time that a process has used (s). */
export const cpuOf = (pid: number): number => timesOf(pid)[0]

/** The time that the cores of this machine have spent, and how much of it they were busy (ms). */
export const coreTimes = (): Readonly<{ all: number; busy: number }> => {
  const times = cpus().map((core) => core.times)
  const all = times.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.idle + one.irq, 0)
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) }
}

/** NATS and MongoDB, which this process has started. */
export const serversOf = (): Watched[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map((pid) => ({ name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), pid: Number(pid) }))
    .filter(({ name }) => name === 'mongod' || name === 'nats-server')

/** Waits until an address answers that it is ready. */
export const untilReady = async (url: string): Promise<void> => {
  const end = performance.now() + READY_MS
  while (performance.now() < end) {
    if ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok) return
    await pause(LOOK_MS)
  }
  throw new Error(`${url} is not ready.`)
}

/** A process is quiet when it uses less than this while it is looked at once (s). */
const QUIET_S = 0.06
const QUIET_LOOK_MS = 500
const MOST_LOOKS = 16

/** Waits until processes have done what calls left behind. */
export const untilQuiet = async (watched: readonly Watched[]): Promise<void> => {
  const used = (): number[] => watched.map(({ pid }) => cpuOf(pid))
  for (let look = 0, before = used(); look < MOST_LOOKS; look += 1) {
    await pause(QUIET_LOOK_MS)
    const now = used()
    if (now.every((cpu, index) => cpu - (before[index] ?? 0) < QUIET_S)) return
    before = now
  }
}

/** Several of each service, on servers and a database of their own. */
export type Installation = AsyncDisposable &
  Readonly<{
    /** The address that it has for its users, which is that of the first gateway. */
    url: string
    gateways: readonly string[]
    services: readonly Watched[]
    /** The services, NATS and MongoDB. */
    processes: readonly Watched[]
  }>

/** Starts `replicas` of each service, and waits until all are ready. */
export const startInstallation = async (
  servers: Servers,
  database: string,
  replicas: number,
  given: Readonly<Record<string, string>> = {},
): Promise<Installation> => {
  const program = join(import.meta.dirname, '../../services/run.ts')
  const stack = new AsyncDisposableStack()
  const gateways: string[] = []
  const services: Watched[] = []
  const health: string[] = []
  const start = async (name: string): Promise<void> => {
    const [port, health_port] = [await freePort(), await freePort()]
    if (name === 'gateway') gateways.push(`http://localhost:${port}`)
    const own = { PORT: `${port}`, PUBLIC_URL: String(gateways[0]), HEALTH_PORT: `${health_port}` }
    const env = { PATH: String(process.env.PATH), ...servers.env(database), ...own, ...given }
    const child: ChildProcess = spawn(process.execPath, [program, name], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    services.push({ name, pid: Number(child.pid) })
    health.push(`http://127.0.0.1:${health_port}`)
    stack.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    })
  }
  try {
    const others = SERVICE_NAMES.filter((name) => name !== 'gateway')
    for (let index = 0; index < replicas; index += 1)
      for (const name of ['gateway', ...others]) await start(name)
    await Promise.all(health.map(untilReady))
    return {
      url: String(gateways[0]),
      gateways,
      services,
      processes: [...services, ...serversOf()],
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const GROUPS = '/sys/fs/cgroup'
const PERIOD_US = 100_000

export type Quotas = AsyncDisposable & Readonly<{ hold: (watched: readonly Watched[]) => void }>

const writeQuota = (folder: string, isNew: boolean, quota_us: number): void => {
  const settings: [string, string][] = isNew
    ? [['cpu.max', `${quota_us} ${PERIOD_US}`]]
    : [
        ['cpu.cfs_period_us', `${PERIOD_US}`],
        ['cpu.cfs_quota_us', `${quota_us}`],
      ]
  for (const [file, value] of settings) writeFileSync(join(folder, file), value)
}

/**
 * Holds each process to a part of a core, by the control groups of Linux, of either version. Disposing removes the groups,
 * whose processes must have ended.
 */
export const openQuotas = (cores: number): Quotas => {
  const isNew = existsSync(join(GROUPS, 'cgroup.controllers'))
  const parent = isNew ? GROUPS : join(GROUPS, 'cpu')
  const made: string[] = []
  const holdOne = ({ pid }: Watched): void => {
    const folder = join(parent, `loops-bench-${pid}`)
    if (isNew) writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu')
    mkdirSync(folder)
    made.push(folder)
    writeQuota(folder, isNew, Math.round(cores * PERIOD_US))
    writeFileSync(join(folder, 'cgroup.procs'), String(pid))
  }
  return {
    hold: (watched) => {
      try {
        watched.forEach(holdOne)
      } catch (error) {
        throw new Error(
          `Processes cannot be held to a part of a core here (${String(error)}). Run this as root on Linux, where ${parent} can be written to, such as in a privileged container.`,
        )
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const folder of made) rmdirSync(folder)
    },
  }
}
