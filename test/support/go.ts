// The example subscriber in Go as a program, where Go is installed. Knows no test.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../../infra/report.ts'

const run = promisify(execFile)
const SOURCE = join(import.meta.dirname, '..', '..', 'infra', 'examples', 'go')
const BUILD_LIMIT_MS = 300_000

/** The program, or why there is none. */
export type GoProgram = Readonly<{ path: string } | { missing: string }>

/** Why nothing can be compiled here; undefined where Go is. */
export const missingGo = (): Promise<string | undefined> =>
  run('go', ['version']).then(
    () => undefined,
    (error: unknown) => `no Go: ${messageOf(error).split('\n')[0]}`,
  )

/** Compiles it into a file. */
export const buildGo = async (path: string): Promise<GoProgram> => {
  try {
    await run('go', ['build', '-o', path, '.'], { cwd: SOURCE, timeout: BUILD_LIMIT_MS })
    return { path }
  } catch (error) {
    return { missing: `the Go program was not built: ${messageOf(error)}` }
  }
}
