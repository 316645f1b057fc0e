// The runtimes that services run under, and how each is asked to run a file.
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')
/** Network, environment, packages, and the native part of argon2. Deno may write nothing and start nothing. */
const PERMISSIONS = ['--allow-net', '--allow-env', '--allow-read', '--allow-sys', '--allow-ffi']

export type Runtime = 'node' | 'deno'

/** The program of a runtime, and its arguments before the file. */
export const RUNTIMES: Readonly<Record<Runtime, Readonly<{ command: string; args: readonly string[] }>>> = {
  node: { command: process.execPath, args: [] },
  deno: {
    command: join(ROOT, 'node_modules', '.bin', 'deno'),
    args: ['run', '--no-prompt', ...PERMISSIONS],
  },
}

/**
 * The runtimes of so many replicas: the last runs under Deno, the others under Node.js. With SERVICES_RUNTIME all run under
 * the one that it names.
 */
export const runtimesOf = (replicas: number): readonly Runtime[] => {
  const asked = process.env.SERVICES_RUNTIME
  const all = asked === 'node' || asked === 'deno' ? asked : undefined
  return Array.from({ length: replicas }, (_, n) => all ?? (n === replicas - 1 ? 'deno' : 'node'))
}
