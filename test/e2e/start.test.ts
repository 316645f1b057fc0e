// `npm start` from outside. Data survives, it stops in order or not, installations run side by side, and each fault gets
// its sentence.
import { execFile } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import type { NpmStart } from '../support/npm-start.ts'
import { gone, npmStart, serversOf } from '../support/npm-start.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const ADA = {
  name: 'Ada',
  email: 'ada@example.com',
  password: 'a password that nobody guesses',
  workspace: 'Engine',
}
/** A registry and a proxy that never answer, so that any use of the network fails. */
const NO_NETWORK = {
  npm_config_registry: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
}

let folder: string
let runs: NpmStart[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-'))
  runs = []
})

afterEach(async () => {
  await Promise.all(runs.map((run) => run.kill()))
  await rm(folder, { recursive: true })
})

/** A command's output, both streams; its failure fails the test. */
const printed = async (command: string, args: readonly string[], env: Record<string, string> = {}) => {
  const { PATH, HOME } = process.env
  const ran = await promisify(execFile)(command, args, { cwd: ROOT, env: { PATH, HOME, ...env } })
  return ran.stdout + ran.stderr
}

const anyPort = async () => String(await freePort())

const start = (PORT: string, name = 'data', more: Record<string, string> = {}): NpmStart => {
  const run = npmStart({ DATA_DIR: join(folder, name), PORT, ...more })
  runs.push(run)
  return run
}

const started = async (...args: Parameters<typeof start>): Promise<NpmStart> => {
  const run = start(...args)
  await run.ready()
  return run
}

/** The last output of the run, without npm's own. */
const faultOf = async (run: NpmStart): Promise<{ code: number | null; sentence: string }> => {
  const code = await run.ended
  const ours = run
    .output()
    .split('\n')
    .filter((line) => line !== '' && !/^(>|npm )/.test(line))
  return { code, sentence: ours.at(-1) ?? '' }
}

const post = (url: string, form: Record<string, string>) =>
  fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: { origin: new URL(url).origin },
    redirect: 'manual',
  })

const signUp = async ({ url }: NpmStart) => {
  const answer = await post(`${url}/sign-up`, ADA)
  expect(answer.status).toBe(303)
}

/** Checks that the account, and so the data, is there. */
const expectAda = async ({ url }: NpmStart) => {
  const { email, password } = ADA
  expect((await post(`${url}/sign-in`, { email, password })).status).toBe(303)
  expect((await post(`${url}/sign-in`, { email, password: 'another password, wrong' })).status).not.toBe(303)
}

test('the_screen_shows_where_everything_is', async () => {
  const run = await started(await anyPort())
  const { url } = run
  for (const part of [`${url}/sign-up`, `${url}/mcp`, `${url}/dev/mail`]) {
    expect(run.output()).toContain(part)
    expect((await fetch(part)).status).toBeLessThan(500)
  }
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect(run.output()).toContain(`claude mcp add --transport http loops ${url}/mcp`)
})

test('a_second_start_finds_the_data_without_any_network', async () => {
  const port = await anyPort()
  const first = await started(port)
  await signUp(first)
  first.npm.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  const second = await started(port, 'data', NO_NETWORK)
  await expectAda(second)
  expect(second.output()).not.toMatch(/Installing|trying/)
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  'everything_stopped_in_order_by_%s_in_the_terminal',
  async (signal) => {
    const run = await started(await anyPort())
    const servers = serversOf(run.dataDir)
    expect(servers).toHaveLength(2)
    run.signalAll(signal)
    expect(await run.ended).toBe(0)
    expect(run.output()).toMatch(/Stopping \(.*\) …\nStopped\.\n/)
    await gone(servers)
  },
)

test('after_a_kill_of_everything_a_start_at_once_finds_the_data', async () => {
  const port = await anyPort()
  const first = await started(port)
  await signUp(first)
  const servers = serversOf(first.dataDir)
  first.signalAll('SIGKILL')
  await first.ended
  const second = await started(port)
  await expectAda(second)
  await gone(servers)
})

test('a_killed_npm_takes_the_rest_with_it_and_does_not_block_the_next_start', async () => {
  const port = await anyPort()
  const first = await started(port)
  await signUp(first)
  const servers = serversOf(first.dataDir)
  first.npm.kill('SIGKILL')
  const second = await started(port)
  await expectAda(second)
  await gone(servers)
})

test('killed_servers_are_restarted', async () => {
  const run = await started(await anyPort())
  await signUp(run)
  for (const pid of serversOf(run.dataDir)) process.kill(pid, 'SIGKILL')
  await expect.poll(() => run.output().match(/serving again/g) ?? [], { timeout: 30_000 }).toHaveLength(2)
  await expect.poll(async () => (await fetch(`${run.url}/readyz`)).status, { timeout: 30_000 }).toBe(200)
  await expectAda(run)
})

test('its_database_opens_to_the_commands_of_its_operator_and_to_nobody_without_the_login', async () => {
  const { dataDir, output } = await started(await anyPort())
  const { MONGODB_URL } = JSON.parse(readFileSync(join(dataDir, 'running.json'), 'utf8'))
  await using stranger = new MongoClient(`mongodb://${new URL(MONGODB_URL).host}/?directConnection=true`)
  await expect(stranger.db('loops_gateway').collection('people').findOne()).rejects.toMatchObject({
    codeName: 'Unauthorized',
  })
  const shown = [output(), await printed('ps', ['-eww', '-o', 'args'])]
  for (const command of ['check-counts', 'keys -- list', 'events -- dead'])
    shown.push(
      await printed('npm', ['run', '--silent', ...command.split(' ')], { DATA_DIR: dataDir, LOG: 'debug' }),
    )
  const login = readFileSync(join(dataDir, 'mongod', 'login'), 'utf8').trim()
  expect(MONGODB_URL).toContain(login)
  expect(shown.join('\n')).not.toContain(login)
})

test('two_copies_run_side_by_side', async () => {
  const [one, two] = await Promise.all([started(await anyPort(), 'one'), started(await anyPort(), 'two')])
  await signUp(one)
  await signUp(two)
  one.npm.kill('SIGTERM')
  await one.ended
  await expectAda(two)
})

test('a_folder_in_use_is_reported_in_one_sentence', async () => {
  const port = await anyPort()
  const first = await started(port)
  const { code, sentence } = await faultOf(start(await anyPort()))
  expect(sentence).toMatch(
    new RegExp(
      `^The data folder .*data is in use by the copy of Loops on port ${port} \\(process \\d+\\): stop`,
    ),
  )
  expect(code).toBe(1)
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
})

test('a_port_in_use_is_reported_in_one_sentence', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
  )
  const { code, sentence } = await faultOf(start(String(port)))
  other.close()
  expect(sentence).toBe(
    `Port ${port} on 127.0.0.1 is in use: stop what uses it, or choose another port, such as PORT=${port + 1} npm start.`,
  )
  expect(code).toBe(1)
})

test('all_wrong_variables_are_reported_at_once', async () => {
  const run = start('http', 'data', { SIGN_UP: 'maybe', NATS_URL: 'somewhere' })
  expect((await faultOf(run)).code).toBe(2)
  for (const name of ['PORT', 'SIGN_UP', 'NATS_URL'])
    expect(run.output()).toMatch(new RegExp(`^${name} .*\\.$`, 'm'))
})

test('a_server_that_dies_is_reported_in_one_sentence_with_its_last_words', async () => {
  const broken = join(folder, 'mongod')
  writeFileSync(
    broken,
    '#!/bin/sh\n[ "$1" = --version ] && echo "db version v8.0.0" || { echo "no journal"; exit 14; }\n',
  )
  chmodSync(broken, 0o755)
  const run = start(await anyPort(), 'data', { MONGOMS_SYSTEM_BINARY: broken })
  expect(await faultOf(run)).toEqual({ code: 1, sentence: '  no journal' })
  expect(run.output()).toMatch(
    /^mongod stopped \(exit code 14\): see its last lines below and the whole log in .*mongod\.log/m,
  )
})

test('an_unusable_folder_is_reported_in_one_sentence', async () => {
  writeFileSync(join(folder, 'data'), 'a file')
  const { code, sentence } = await faultOf(start(await anyPort()))
  expect(sentence).toMatch(
    /^The data folder .* cannot be used \(EEXIST\): make it a folder that you may write to, or set DATA_DIR\.$/,
  )
  expect(code).toBe(1)
})
