// The cache folders of a machine, for server binaries and what the tests download.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** The user's cache folder for Loops (https://specifications.freedesktop.org/basedir-spec/latest/). */
export const cacheFolder = (env: Env): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'loops')

/**
 * The folder for server binaries. It is in the user's cache, where every copy of Loops finds them, or in `dataDir` if the
 * cache is not writable, as for a user without a home.
 */
export const binariesFolder = (env: Env, dataDir: string): string => {
  const shared = join(cacheFolder(env), 'bin')
  try {
    mkdirSync(shared, { recursive: true })
    accessSync(shared, constants.W_OK)
    return shared
  } catch {
    return join(dataDir, 'bin')
  }
}
