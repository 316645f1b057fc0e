// The shell of MongoDB, for infra/mongo-init.js, in a folder that later runs find again. It is no dependency of the
// project: it is larger than all of them, and only the official image needs it, which has it. Knows no test.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../../infra/report.ts'
import { cacheFolder } from './images.ts'

const run = promisify(execFile)
const PACKAGE = 'mongosh@2.12.0'
const INSTALL_LIMIT_MS = 240_000
const RUN_LIMIT_MS = 180_000

/** The program, or why there is none. */
export type Mongosh = Readonly<{ path: string } | { missing: string }>

const install = async (folder: string): Promise<void> => {
  const scratch = `${folder}.${process.pid}`
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional']
  try {
    await mkdir(scratch, { recursive: true })
    await run('npm', ['install', ...options, PACKAGE], { cwd: scratch, timeout: INSTALL_LIMIT_MS })
    await rename(scratch, folder)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Finds it or fetches it from npm. */
export const ensureMongosh = async (): Promise<Mongosh> => {
  const folder = join(cacheFolder(), PACKAGE.replace('@', '-'))
  const path = join(folder, 'node_modules', 'mongosh', 'bin', 'mongosh.js')
  if (existsSync(path)) return { path }
  try {
    await install(folder)
  } catch (error) {
    // Another run may have installed it first.
    if (!existsSync(path)) return { missing: `no mongosh: ${messageOf(error).split('\n')[0]}` }
  }
  return { path }
}

/** A script's exit code (null: a signal), and both of its outputs. */
export type Ran = Readonly<{ code: number | null; said: string }>

/**
 * Runs a script as infra/compose.yaml does, with these variables and no others.
 * @param home where it keeps its own files
 */
export const runMongosh = async (
  { path }: Readonly<{ path: string }>,
  script: string,
  { home, env }: Readonly<{ home: string; env: Readonly<Record<string, string>> }>,
): Promise<Ran> => {
  const surroundings = { HOME: home, MONGOSH_FORCE_DISABLE_TELEMETRY_FOR_TESTING: '1', ...env }
  const options = { env: surroundings, timeout: RUN_LIMIT_MS }
  return await run(process.execPath, [path, '--quiet', '--nodb', script], options).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, said: stdout + stderr }),
  )
}
