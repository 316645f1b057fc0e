// Starts and stops one server process, and finds it again after a crash of this process.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { processEnv } from '../../shared/process/config.ts'
import { messageOf } from '../report.ts'
import { identityOf } from './identity.ts'

/** What to run, and which files it writes. */
export type Launch = Readonly<{
  path: string
  args: readonly string[]
  /** Variables that it gets unless the environment has them. */
  env?: Readonly<Record<string, string>>
  /** Its output is appended here. */
  logFile: string
  /** Records the process, so that the next start finds it if this one is killed. */
  pidFile: string
}>

/** A process that was started. */
export type Launched = Readonly<{
  /** 0 if it could not be started at all. */
  pid: number
  /** Resolves when it ends, and says how: `exit code 48`, `signal SIGKILL`. */
  ended: Promise<string>
  /** Asks it to end, kills it if it does not, and waits until it has ended. */
  stop: () => Promise<void>
}>

const STOP_TIMEOUT_MS = 20_000
const POLL_MS = 20
const MAX_LOG_BYTES = 20e6
const TAIL_BYTES = 4_096

/**
 * Starts a process in its own session. Ctrl-C at the terminal does not reach it, so that the services that use it can
 * finish first. A guard ends it if this process dies without stopping it.
 */
export const launch = ({ path, args, env, logFile, pidFile }: Launch): Launched => {
  rotate(logFile)
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(path, [...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...env, ...processEnv() },
  })
  closeSync(log)
  const pid = child.pid
  const ended = endOf(child)
  if (pid === undefined) return { pid: 0, ended, stop: async () => {} }
  writeFileSync(pidFile, JSON.stringify({ pid, identity: identityOf(pid) }), {
    mode: 0o600,
  })
  const guard = startGuard(pid)
  const cleared = ended.then(() => {
    guard.kill('SIGKILL')
    rmSync(pidFile, { force: true })
  })
  return {
    pid,
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      const insist = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await cleared
      clearTimeout(insist)
    },
  }
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })

/**
 * Starts a shell that waits for the end of its input, which comes when this process dies, even by SIGKILL, and then ends
 * the server. Without it, a killed start would leave its servers running for ever.
 */
const startGuard = (pid: number): ChildProcess => {
  const script = 'read -r _; kill -TERM "$0"'
  const guard = spawn('sh', ['-c', script, String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => {})
  guard.stdin?.on('error', () => {})
  guard.unref()
  return guard
}

/**
 * Ends the process that an earlier start left behind, if it is still running and has the same identity.
 * @returns whether there was one
 */
export const stopLeftover = async (pidFile: string): Promise<boolean> => {
  const left = readPidFile(pidFile)
  if (left === undefined || !isSame(left)) {
    rmSync(pidFile, { force: true })
    return false
  }
  kill(left.pid, 'SIGTERM')
  for (let waited = 0; isSame(left); waited += POLL_MS) {
    if (waited >= STOP_TIMEOUT_MS) kill(left.pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
  rmSync(pidFile, { force: true })
  return true
}

/** The id of the process in a file, if it is running and has the same identity. */
export const runningProcess = (pidFile: string): number | undefined => {
  const left = readPidFile(pidFile)
  return left !== undefined && isSame(left) ? left.pid : undefined
}

type Left = Readonly<{ pid: number; identity: string }>

const readPidFile = (file: string): Left | undefined => {
  try {
    const { pid, identity } = JSON.parse(readFileSync(file, 'utf8'))
    return typeof pid === 'number' && typeof identity === 'string' ? { pid, identity } : undefined
  } catch {
    return undefined
  }
}

const isSame = ({ pid, identity }: Left): boolean => identityOf(pid) === identity

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended in the meantime.
  }
}

/** Moves a large log aside and keeps only one old log, so that logs cannot fill the disk. */
const rotate = (file: string): void => {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > MAX_LOG_BYTES) renameSync(file, `${file}.old`)
}

/** The last lines of a log. */
export const tailOf = (file: string, lines: number): string[] => {
  try {
    const text = readFileSync(file)
    return text.subarray(-TAIL_BYTES).toString('utf8').trim().split('\n').slice(-lines)
  } catch {
    return []
  }
}
