// Processes that a test hurts: killed, stopped and continued, started again. None of them outlives the process that
// started it, however that ends. Knows nothing of what they do.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { tailOf } from '../../../infra/servers/process.ts'

/** What to run. Its output is appended to a file. */
export type Program = Readonly<{
  name: string
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
  logFile: string
  /** Whether it is started only when it is told to. */
  waits?: boolean
}>

/** A process by name, whichever number it has at the moment. */
export type Controlled = Readonly<{
  name: string
  running: () => boolean
  /** Its number while it runs. */
  pid: () => number | undefined
  /** The last line that it wrote, for each time that it ended without a signal from here. */
  falls: () => readonly string[]
  /** Ends it as a power cut does; it stays down until `start`. */
  kill: () => Promise<void>
  start: () => void
  /** Takes the processor from it and gives it back: it notices nothing but the time. */
  pause: () => void
  resume: () => void
}>

export type Processes = AsyncDisposable &
  Readonly<{
    /** Starts a process and keeps it: one that ends by itself is started again, as an operator's supervisor does. */
    keep: (program: Program) => Controlled
  }>

const RESTART_PAUSE_MS = 500

/** Kills all that it was told of as soon as its input ends, which is when this process is gone. */
const startGuard = (): ChildProcess => {
  const script = 'pids=; while read -r pid; do pids="$pids $pid"; done; kill -KILL $pids 2>/dev/null'
  const guard = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.on('error', () => undefined)
  guard.stdin?.on('error', () => undefined)
  guard.unref()
  return guard
}

/** Opens a keeper of processes; disposing it kills all of them. */
export const openProcesses = (): Processes => {
  const guard = startGuard()
  const kept: Controlled[] = []
  let closing = false

  const keep = (program: Program): Controlled => {
    const { name, command, args, env = {}, logFile } = program
    let child: ChildProcess | undefined
    let wanted = false
    const falls: string[] = []
    const launch = (): void => {
      if (!wanted || child || closing) return
      const log = openSync(logFile, 'a')
      // In a session of its own: a Ctrl-C at the terminal is for whoever tests.
      const stdio = ['ignore', log, log] as const
      const started = spawn(command, args, {
        detached: true,
        stdio: [...stdio],
        env: { ...process.env, ...env },
      })
      closeSync(log)
      child = started
      guard.stdin?.write(`${started.pid}\n`)
      const ended = (): void => {
        if (child !== started) return
        child = undefined
        if (!wanted || closing) return
        falls.push(tailOf(logFile, 1).join())
        setTimeout(launch, RESTART_PAUSE_MS)
      }
      started.once('exit', ended)
      started.once('error', ended)
    }
    const controlled: Controlled = {
      name,
      running: () => child !== undefined,
      pid: () => child?.pid,
      falls: () => falls,
      kill: async () => {
        wanted = false
        if (!child) return
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      },
      start: () => {
        wanted = true
        launch()
      },
      pause: () => void child?.kill('SIGSTOP'),
      resume: () => void child?.kill('SIGCONT'),
    }
    kept.push(controlled)
    if (!program.waits) controlled.start()
    return controlled
  }
  return {
    keep,
    [Symbol.asyncDispose]: async () => {
      closing = true
      await Promise.all(kept.map((one) => one.kill()))
      guard.kill('SIGKILL')
    },
  }
}
