// The source of an earlier release, from the history of this checkout, with the packages that are installed here. Knows no
// service.
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const PROJECT = join(import.meta.dirname, '..', '..')
const LIMIT_MS = 60_000
const MAX_BYTES = 256 * 1024 * 1024

/** The commit of release 0.1.0. Move it to the new release when one is made, and name the one before there. */
export const PREVIOUS_RELEASE = '5b543c26633374e453b9ab22a7fefd7ab8f89b1a'

/** Whether this checkout has a commit; a copy without its history has none. */
export const hasRelease = (ref: string): boolean =>
  spawnSync('git', ['cat-file', '-e', `${ref}^{commit}`], { cwd: PROJECT, timeout: LIMIT_MS }).status === 0

/**
 * Puts a release into a folder that is made for it.
 * @returns the file that runs its services
 * @throws Error with one sentence when the commit is not there
 */
export const unpackRelease = (ref: string, folder: string): string => {
  const options = { cwd: PROJECT, timeout: LIMIT_MS, maxBuffer: MAX_BYTES }
  const packed = spawnSync('git', ['archive', ref, 'package.json', 'services', 'shared', 'infra'], options)
  if (packed.status !== 0)
    throw new Error(`The commit ${ref} is not in this checkout: fetch its history (git fetch --unshallow).`)
  mkdirSync(folder, { recursive: true })
  const unpacked = spawnSync('tar', ['-x', '-C', folder], { input: packed.stdout, timeout: LIMIT_MS })
  if (unpacked.status !== 0) throw new Error(`tar could not unpack ${ref}: ${String(unpacked.stderr)}`)
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'services', 'run.ts')
}
