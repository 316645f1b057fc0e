// The official suite and the Inspector as programs, started as their users start them.
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

/** A running program. */
export type Program = Disposable &
  Readonly<{
    ended: Promise<Ended>
    /** Waits for the first match in its output. @throws Error when it ends without one */
    said: (pattern: RegExp) => Promise<RegExpExecArray>
    /** Writes a line to its standard input. */
    write: (line: string) => void
  }>

const binOf = (packageName: string, bin: string): string => {
  const file = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
  const { bin: bins } = createRequire(import.meta.url)(file) as { bin: Record<string, string> }
  return join(dirname(file), bins[bin] ?? '')
}

const follow = (child: ChildProcess): Program => {
  const out = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      out[name] += text
      for (const listener of listeners) listener()
    })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...out }))
  })
  return {
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(out.stdout) ?? pattern.exec(out.stderr)
          if (!found) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        ended.then(
          () => reject(new Error(`it ended without ${pattern}:\n${out.stdout}\n${out.stderr}`)),
          reject,
        )
        look()
      }),
    write: (line) => void child.stdin?.write(`${line}\n`),
    [Symbol.dispose]: () => {
      child.kill('SIGKILL')
    },
  }
}

type Env = Readonly<Record<string, string>>

const start = (command: string, args: readonly string[], env: Env = {}): Program =>
  follow(
    spawn(command, args, {
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )

const run = (file: string, args: readonly string[], env: Env = {}): Program =>
  start(process.execPath, [file, ...args], env)

/** Starts a command of the official suite. */
export const runSuite = (...args: readonly string[]): Program =>
  run(binOf('@modelcontextprotocol/conformance', 'conformance'), args)

/**
 * Starts the Inspector's CLI on a server; it stores its state in `folder`. There is no terminal here, so it must be
 * told to open a browser; the empty PATH sees to it that none opens.
 */
export const runInspector = (serverUrl: string, folder: string, ...args: readonly string[]): Program =>
  run(
    binOf('@modelcontextprotocol/inspector', 'mcp-inspector'),
    ['--cli', '--server-url', serverUrl, '--transport', 'http', '--format', 'json', ...args],
    {
      HOME: folder,
      MCP_STORAGE_DIR: folder,
      MCP_INSPECTOR_SECRET_STORE: 'file',
      MCP_AUTO_OPEN_ENABLED: 'true',
      PATH: folder,
    },
  )

/** Starts mcp-remote, which connects programs on standard input to a server; it stores its state in `folder`. */
export const runMcpRemote = (serverUrl: string, port: number, folder: string): Program =>
  run(binOf('mcp-remote', 'mcp-remote'), [serverUrl, String(port)], {
    HOME: folder,
    MCP_REMOTE_CONFIG_DIR: folder,
    PATH: folder,
  })

/** Starts a program of test/support/clients; its browser only prints the address it was sent to. */
export const runPythonClient = (python: string, program: string, ...args: readonly string[]): Program =>
  start(python, [join(import.meta.dirname, '..', 'clients', program), ...args], {
    BROWSER: 'echo AUTHORIZE %s',
    PYTHONUNBUFFERED: '1',
  })
