// The first step of both commands, run for real in a small project whose npm is a script of a few lines.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { identityOf } from '../../../infra/servers/identity.ts'

const BOOTSTRAP = fileURLToPath(new URL('../../../infra/bootstrap.mjs', import.meta.url))
const CLEAN_ENV = { PATH: process.env.PATH }

/** Installs what the lockfile names, as npm does: binaries first, its own record last. */
const FAKE_NPM = `
  const fs = require('node:fs')
  fs.appendFileSync('npm-runs', process.argv.slice(2).join(' ') + '\\n')
  fs.rmSync('node_modules', { recursive: true, force: true })
  fs.mkdirSync('node_modules/.bin', { recursive: true })
  if (fs.existsSync('stop-half-way')) process.exit(1)
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'))
  const isLean = process.argv.includes('--omit=dev')
  const kept = Object.entries(packages).filter(([, { dev }]) => !(isLean && dev))
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(kept) }))`

/** Installs Node into the folder that it is run in, in another's absence. */
const FAKE_NPM_WITH_NODE = `
  const fs = require('node:fs')
  if (!process.argv.includes('install')) {${FAKE_NPM}} else {
  fs.appendFileSync(process.env.NODE_FETCHES, process.cwd() + '\\n')
  fs.mkdirSync('node_modules/.bin', { recursive: true })
  fs.symlinkSync(process.execPath, 'node_modules/.bin/node')
  }`

let root: string
let running: ChildProcessWithoutNullStreams[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bootstrap-'))
  running = []
  mkdirSync(join(root, 'infra'))
  cpSync(BOOTSTRAP, join(root, 'infra', 'bootstrap.mjs'))
  writeLock('1.0.0')
  writeNpm(FAKE_NPM)
})

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true })
})

const writeLock = (version: string) => {
  const packages = {
    '': {},
    'node_modules/one': { version },
    'node_modules/two': { version: '2.0.0', optional: true },
    'node_modules/three': { version: '3.0.0', dev: true },
  }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }))
}
const writeNpm = (script: string) => writeFileSync(join(root, 'npm-cli.js'), script)
const npmRuns = () => {
  const file = join(root, 'npm-runs')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

/** Starts the bootstrap with a script of ours in the place of start.ts, or of another file. */
const start = (script: string, env: Record<string, string> = {}, file = 'script.ts') => {
  mkdirSync(join(root, 'test'), { recursive: true })
  writeFileSync(join(root, file), script)
  const child = spawn(process.execPath, [join(root, 'infra', 'bootstrap.mjs'), file, 'an argument'], {
    env: { ...CLEAN_ENV, npm_execpath: join(root, 'npm-cli.js'), ...env },
  })
  running.push(child)
  return child
}

const finish = async (child: ChildProcessWithoutNullStreams) => {
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { out, err, code }
}
const run = (script: string, env?: Record<string, string>, file?: string) => finish(start(script, env, file))

/** A script that says when it listens, and on a signal says so, takes its time, and ends with code 5. */
const SLOW_TO_STOP = `
  let count = 0
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
    count += 1
    console.log(signal)
    setTimeout(() => { console.log('stopped after', count); process.exit(5) }, 300)
  })
  setInterval(() => {}, 1000)
  console.log('ready', process.pid)`

const startSlow = async (env?: Record<string, string>) => {
  const child = start(SLOW_TO_STOP, env)
  let out = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  await vi.waitFor(() => expect(out).toMatch(/ready \d+/), { timeout: 10_000 })
  return { child, pid: Number(/ready (\d+)/.exec(out)?.[1]), out: () => out }
}

test('packages_installed_then_script_run_with_its_arguments', async () => {
  const { out, code } = await run('console.log("script got", process.argv[2])')
  expect(out).toMatch(
    /^Installing packages \(npm ci, without those of the tests\) …\nPackages installed: 0 MB in [\d.]+ s\.\nscript got an argument\n$/,
  )
  expect(code).toBe(0)
  expect(npmRuns()).toEqual([expect.stringMatching(/^ci --omit=dev /)])
})

test('packages_of_the_tests_installed_for_tests_and_kept_from_then_on', async () => {
  await run('')
  expect((await run('console.log("tested")', {}, 'test/run.ts')).out).toMatch(
    /^Installing packages \(npm ci\) …\n[\s\S]*\ntested\n$/,
  )
  expect((await run('console.log("started")')).out).toBe('started\n')
  writeLock('1.0.1')
  await run('')
  expect(npmRuns().map((line) => line.split(' ', 2).join(' '))).toEqual([
    'ci --omit=dev',
    'ci --include=dev',
    'ci --include=dev',
  ])
})

describe('where Node is too old', () => {
  let env: Record<string, string>
  beforeEach(() => {
    // No older Node is here, so this one counts as too old.
    const file = join(root, 'infra', 'bootstrap.mjs')
    writeFileSync(file, readFileSync(file, 'utf8').replace('OLDEST_NODE = 24', 'OLDEST_NODE = 99'))
    writeNpm(FAKE_NPM_WITH_NODE)
    env = { XDG_CACHE_HOME: join(root, 'cache'), NODE_FETCHES: join(root, 'fetches') }
  })
  const fetches = () => readFileSync(join(root, 'fetches'), 'utf8').trim().split('\n')
  const kept = () => readdirSync(join(root, 'cache', 'loops'))

  test('a_newer_one_fetched_once_for_all_copies', async () => {
    const first = await run('console.log("started")', env)
    expect(first.out).toMatch(/is too old for Loops: fetching [\d.]+ for it …\n[\s\S]*kept in .*\nstarted\n$/)
    rmSync(join(root, 'node_modules'), { recursive: true })
    expect((await run('console.log(process.argv0)', env)).out).toContain(join(root, 'cache'))
    expect(fetches()).toHaveLength(1)
    expect(kept()).toEqual([expect.stringMatching(/^node-[\d.]+$/)])
  })

  test('of_two_that_fetch_at_once_one_is_kept', async () => {
    await run('', env)
    rmSync(join(root, 'cache'), { recursive: true })
    const both = await Promise.all([run('console.log("started")', env), run('console.log("started")', env)])
    expect(both.map(({ code, out }) => [code, out.includes('started')])).toEqual([
      [0, true],
      [0, true],
    ])
    expect(kept()).toHaveLength(1)
  })

  test('kept_in_the_project_where_the_cache_cannot_be_written', async () => {
    writeFileSync(join(root, 'cache'), 'no folder')
    expect((await run('console.log(process.argv0)', env)).out).toContain(join(root, '.loops', 'node-'))
  })

  test('an_installation_without_node_told_in_one_sentence', async () => {
    writeNpm(`if (!process.argv.includes('install')) {${FAKE_NPM}}`)
    const { err, code } = await run('', env)
    expect(err).toMatch(
      /^npm did not install Node 99: allow install scripts .*then run the command again\.\n$/,
    )
    expect(code).toBe(1)
    expect(kept()).toEqual([])
  })
})

test('nothing_installed_when_everything_is_there', async () => {
  await run('')
  expect((await run('console.log("second")')).out).toBe('second\n')
  expect(npmRuns()).toHaveLength(1)
})

test('installed_again_when_the_lockfile_names_another_version', async () => {
  await run('')
  writeLock('1.0.1')
  await run('')
  expect(npmRuns()).toHaveLength(2)
})

test('installed_again_when_the_last_installation_was_cut_off', async () => {
  writeFileSync(join(root, 'stop-half-way'), '')
  expect((await run('')).code).toBe(1)
  rmSync(join(root, 'stop-half-way'))
  expect((await run('console.log("whole")')).out).toContain('whole')
  expect(npmRuns()).toHaveLength(2)
})

test('one_of_two_that_start_together_installs', async () => {
  const [one, two] = await Promise.all([run('console.log("started")'), run('console.log("started")')])
  expect([one.out, two.out].map((out) => out.includes('started'))).toEqual([true, true])
  expect(npmRuns()).toHaveLength(1)
})

test('lock_of_a_killed_installation_taken_over', async () => {
  mkdirSync(join(root, '.loops'))
  writeFileSync(join(root, '.loops', 'install.lock'), '999999999')
  expect((await run('console.log("started")')).out).toContain('started')
})

test('exit_code_passed_on', async () => {
  expect((await run('process.exit(7)')).code).toBe(7)
})

test('end_by_a_signal_passed_on_as_a_code', async () => {
  expect((await run('process.kill(process.pid, "SIGKILL")')).code).toBe(137)
})

test.each([['SIGTERM'], ['SIGINT']] as const)('%s_passed_on_and_the_script_waited_for', async (signal) => {
  const { child, out } = await startSlow()
  child.kill(signal)
  expect(await once(child, 'exit')).toEqual([5, null])
  expect(out()).toContain(`${signal}\nstopped after 1\n`)
})

test('script_ends_when_the_bootstrap_is_killed', async () => {
  const child = start(`
    process.on('disconnect', () => process.exit(0))
    console.log('ready', process.pid)`)
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  let seen = String(chunk)
  child.stdout.on('data', (more) => (seen += more))
  await vi.waitFor(() => expect(seen).toMatch(/ready \d+/), { timeout: 10_000 })
  child.kill('SIGKILL')
  const pid = Number(/ready (\d+)/.exec(seen)?.[1])
  await vi.waitFor(() => expect(identityOf(pid)).toBeUndefined(), { timeout: 10_000 })
})

test('script_told_to_stop_when_npm_is_killed', async () => {
  const npm = `require('node:child_process')
    .spawn(process.execPath, ['infra/bootstrap.mjs', 'script.ts'], { stdio: 'inherit' })`
  writeFileSync(join(root, 'script.ts'), SLOW_TO_STOP)
  const env = { ...CLEAN_ENV, npm_execpath: join(root, 'npm-cli.js'), npm_lifecycle_event: 'start' }
  const child = spawn(process.execPath, ['-e', npm], { cwd: root, env })
  running.push(child)
  let out = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  await vi.waitFor(() => expect(out).toMatch(/ready \d+/), { timeout: 10_000 })
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(out).toContain('SIGTERM\nstopped after 1'), { timeout: 10_000 })
})

const failing = (message: string) => `console.error(${JSON.stringify(message)}); process.exit(1)`

test.each([
  [
    'registry_out_of_reach',
    failing('npm error code ENOTFOUND\nnpm error network request failed'),
    /^The npm registry cannot be reached: .*then run the command again\.\n$/,
  ],
  [
    'full_disk',
    failing('npm error code ENOSPC'),
    /^The disk that holds .* is full: free about 1 GB, then run the command again\.\n$/,
  ],
  [
    'folder_that_cannot_be_written',
    failing('npm error code EACCES'),
    /^.* is not writable: change its owner/,
  ],
  [
    'other_failure',
    failing('npm error something else'),
    /^`npm ci` failed with code 1: .*\nnpm error something else\n$/,
  ],
])('%s_told_in_one_sentence', async (_, npm, sentence) => {
  writeNpm(npm)
  const { err, code } = await run('')
  expect(err).toMatch(sentence)
  expect(code).toBe(1)
})

test('absent_npm_told_in_one_sentence', async () => {
  const { err, code } = await run('', { npm_execpath: '', PATH: join(root, 'empty') })
  expect(err).toBe(
    'There is no npm: install Node.js with npm (https://nodejs.org), then run the command again.\n',
  )
  expect(code).toBe(1)
})

test('an_npm_that_takes_the_lockfile_for_stale_fetches_a_newer_one', async () => {
  await run('', { npm_config_user_agent: 'npm/9.2.0 node/v18.20.4 linux x64 workspaces/false' })
  expect(npmRuns()).toEqual([expect.stringMatching(/^exec --yes --package=npm@10\.\d+\.\d+ -- npm ci /)])
})

test('a_newer_npm_installs_itself', async () => {
  await run('', { npm_config_user_agent: 'npm/11.19.1 node/v20.20.2 linux x64 workspaces/false' })
  expect(npmRuns()).toEqual([expect.stringMatching(/^ci /)])
})
