// Processes that a test kills, stops, continues and starts again. None of them outlives the process that started it,
// however that ends. Knows nothing of what they do.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { tailOf } from '../../../infra/servers/process.ts'

/** What to run. Its output is appended to a file. */
export type Program = Readonly<{
  name: string
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
  logFile: string
  /** Whether it is started only by `start`. */
  waits?: boolean
}>

/** A process by name, whatever its current pid. */
export type Controlled = Readonly<{
  name: string
  running: () => boolean
  /** Its pid while it runs. */
  pid: () => number | undefined
  /** The last line of its output for each time it ended without being killed from here. */
  falls: () => readonly string[]
  /** Kills it as a power cut does; it stays down until `start`. */
  kill: () => Promise<void>
  /**
   * Asks it to end by SIGTERM, and kills it if it has not done so in time (ms); it stays down until `start`.
   * @returns its exit code; null when it was killed or not running
   */
  stop: (grace_ms: number) => Promise<number | null>
  start: () => void
  /** Sends it a signal. */
  signal: (name: NodeJS.Signals) => void
  /** Pauses it and lets it continue: it notices only the time. */
  pause: () => void
  resume: () => void
}>

export type Processes = AsyncDisposable &
  Readonly<{
    /** Starts a process and supervises it: one that ends by itself is restarted. */
    keep: (program: Program) => Controlled
  }>

const RESTART_PAUSE_MS = 500

/** Kills every pid it has read once its input closes, which is when this process is gone. */
const GUARD = 'pids=; while read -r pid; do pids="$pids $pid"; done; kill -KILL $pids 2>/dev/null'
/** Gives its pid to the guard before it becomes the program, so that it can never be left behind. */
const GUARDED = 'echo $$ >&3; exec 3>&-; exec "$0" "$@"'

type Guard = Readonly<{ process: ChildProcess; input: Writable }>

const startGuard = (): Guard => {
  const guard = spawn('sh', ['-c', GUARD], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  return { process: guard, input: guard.stdin }
}

/** Starts a program in its own session, so that Ctrl-C at the terminal does not reach it. */
const startGuarded = ({ command, args, env = {}, logFile }: Program, guard: Guard): ChildProcess => {
  const log = openSync(logFile, 'a')
  try {
    return spawn('sh', ['-c', GUARDED, command, ...args], {
      detached: true,
      stdio: ['ignore', log, log, guard.input],
      env: { ...process.env, ...env },
    })
  } finally {
    closeSync(log)
  }
}

const keepRunning = (program: Program, guard: Guard, closing: () => boolean): Controlled => {
  let child: ChildProcess | undefined
  let requested = false
  const falls: string[] = []
  const launch = (): void => {
    if (!requested || child || closing()) return
    const started = startGuarded(program, guard)
    child = started
    started.once('exit', () => {
      child = undefined
      if (!requested || closing()) return
      falls.push(tailOf(program.logFile, 1).join())
      setTimeout(launch, RESTART_PAUSE_MS)
    })
  }
  return {
    name: program.name,
    running: () => child !== undefined,
    pid: () => child?.pid,
    falls: () => falls,
    kill: async () => {
      requested = false
      if (!child) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    stop: async (grace_ms) => {
      requested = false
      if (!child) return null
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const last = child
      const timer = setTimeout(() => last.kill('SIGKILL'), grace_ms)
      const [code] = (await gone) as [number | null]
      clearTimeout(timer)
      return code
    },
    start: () => {
      requested = true
      launch()
    },
    signal: (name) => void child?.kill(name),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  }
}

/** Opens a keeper of processes; disposing it kills all of them. */
export const openProcesses = (): Processes => {
  const guard = startGuard()
  const kept: Controlled[] = []
  let closing = false
  return {
    keep: (program) => {
      const one = keepRunning(program, guard, () => closing)
      kept.push(one)
      if (!program.waits) one.start()
      return one
    },
    [Symbol.asyncDispose]: async () => {
      closing = true
      await Promise.all(kept.map((one) => one.kill()))
      guard.process.kill('SIGKILL')
    },
  }
}
