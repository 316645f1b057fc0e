// `npm start` as a person runs it: a process tree of its own, driven and watched from outside. Knows only where it
// records its servers.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { identityOf } from '../../infra/servers/identity.ts'

const ROOT = join(import.meta.dirname, '..', '..')
// Hooks wait too, where `expect.poll` is refused: hence `vi.waitFor`.
const PATIENCE_MS = 60_000

/** One run of `npm start`. */
export type NpmStart = Readonly<{
  /** npm itself; its process group is everything that was started in the terminal. */
  npm: ChildProcess
  dataDir: string
  url: string
  /** Its output so far, both streams. */
  output: () => string
  /** Resolves with its exit code when it ends. */
  ended: Promise<number | null>
  /** Waits for the last screen. */
  ready: () => Promise<void>
  /** Sends a signal to everything in the terminal, as Ctrl-C does. */
  signalAll: (signal: NodeJS.Signals) => void
  /** Kills everything in the terminal, and waits until its servers are gone too. For a hook. */
  kill: () => Promise<void>
}>

/** Runs `npm start` with these variables and no others of Loops. */
export const npmStart = (
  env: Readonly<{ DATA_DIR: string; PORT: string }> & Record<string, string>,
): NpmStart => {
  const { PATH, HOME } = process.env
  const npm = spawn('npm', ['start'], { cwd: ROOT, detached: true, env: { PATH, HOME, ...env } })
  let output = ''
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(npm, 'close').then(([code]) => code as number | null)
  const signalAll = (signal: NodeJS.Signals) => {
    try {
      process.kill(-(npm.pid ?? 0), signal)
    } catch {
      // It has ended by itself.
    }
  }
  return {
    npm,
    dataDir: env.DATA_DIR,
    url: `http://localhost:${env.PORT}`,
    output: () => output,
    ended,
    ready: async () => {
      const early = ended.then((code) => expect.fail(`it ended with ${code}:\n${output}`))
      const shown = vi.waitFor(() => expect(output).toContain('Loops is running'), {
        timeout: PATIENCE_MS * 2,
      })
      await Promise.race([shown, early])
    },
    signalAll,
    kill: async () => {
      const servers = serversOf(env.DATA_DIR)
      signalAll('SIGKILL')
      await ended
      await gone(servers)
    },
  }
}

/** The processes of its two servers. */
export const serversOf = (dataDir: string): readonly number[] =>
  ['mongod', 'nats'].flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(dataDir, name, 'process.json'), 'utf8')).pid as number]
    } catch {
      return []
    }
  })

/** Waits until none of these processes runs. */
export const gone = (pids: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(pids.filter((pid) => identityOf(pid) !== undefined)).toEqual([]), {
    timeout: PATIENCE_MS,
  })
