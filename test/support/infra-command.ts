// Runs a command of `infra/` as an operator does, with nothing of the environment but what a test gives it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..', '..')

/** How a command ended, and what it said on both outputs. */
export type Ran = Readonly<{ code: number; said: string }>

/**
 * Runs a command to its end.
 * @param name its file in `infra/`, without the ending: `backup`
 * @param env what it gets beside PATH and HOME
 */
export const runInfra = async (
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> => {
  const { PATH, HOME } = process.env
  const options = { cwd: ROOT, env: { PATH, HOME, ...env }, maxBuffer: 10e6 }
  const command = [`infra/${name}.ts`, ...args]
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, options)
    return { code: 0, said: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, said: stdout + stderr }
  }
}
