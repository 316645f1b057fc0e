// A Python with the packages that a test's program needs, in a folder that later runs find again. Knows no test.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../../infra/report.ts'
import { canInstallPackages, installPackages } from '../../infra/servers/debian.ts'
import { cacheFolder } from './images.ts'

const run = promisify(execFile)
/** What the example subscriber needs. */
const SUBSCRIBER = join(import.meta.dirname, '..', '..', 'infra', 'examples', 'requirements.txt')
/** What the MCP clients for Python need. */
export const MCP_CLIENTS = join(import.meta.dirname, 'clients', 'requirements.txt')
const INSTALL_LIMIT_MS = 180_000

/** The program, or why there is none. */
export type Python = Readonly<{ path: string } | { missing: string }>

/** Scripts such as pip name their Python by its path, and would not start where the folder is moved to. */
const nameInScripts = async (scratch: string, folder: string): Promise<void> => {
  for (const name of await readdir(join(scratch, 'bin'))) {
    const path = join(scratch, 'bin', name)
    const script = await readFile(path, 'latin1')
    if (script.startsWith(`#!${scratch}/`))
      await writeFile(
        path,
        script.replace(scratch, () => folder),
        'latin1',
      )
  }
}

const makeEnvironment = async (folder: string, requirements: string): Promise<void> => {
  const scratch = `${folder}.${process.pid}`
  const options = { timeout: INSTALL_LIMIT_MS }
  try {
    await run('python3', ['-m', 'venv', scratch], options)
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    await run(join(scratch, 'bin', 'python'), pip, options)
    await nameInScripts(scratch, folder)
    await rename(scratch, folder)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Finds or creates it with the `python3` of this machine, which is installed first as root on Debian.
 * @param requirements the file that lists the packages; absent: those of the example subscriber.
 */
export const ensurePython = async (requirements: string = SUBSCRIBER): Promise<Python> => {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  const folder = join(cacheFolder(), `venv-${wanted}`)
  const path = join(folder, 'bin', 'python')
  if (existsSync(path)) return { path }
  try {
    await makeEnvironment(folder, requirements).catch(async (error: unknown) => {
      if (!canInstallPackages()) throw error
      await installPackages(['python3', 'python3-venv'])
      await makeEnvironment(folder, requirements)
    })
    return { path }
  } catch (error) {
    const [reason = ''] = messageOf(error).split('\n')
    return {
      missing: `no Python with ${readFileSync(requirements, 'utf8').trim().replaceAll('\n', ', ')}: ${reason}`,
    }
  }
}
