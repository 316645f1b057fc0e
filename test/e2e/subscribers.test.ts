// The example subscribers as another team would run them, beside `npm start`, with keys of `npm run subscriber`.
// Whatever is killed, they process every event, and each one once.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type JetStreamClient, jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type NpmStart, npmStart, serversOf } from '../support/npm-start.ts'
import { ensurePython } from '../support/python.ts'
import {
  type Credentials,
  credentialsIn,
  event,
  publishBody,
  subscriberCommand,
} from '../support/subscribers.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const EXAMPLES = join(ROOT, 'infra', 'examples')
const WAIT = { timeout: 60_000, interval: 100 }
const PERMISSIONS = ['--allow-net', '--allow-env', '--allow-read', '--allow-write']

const python = await ensurePython()
const PROGRAMS = [
  { name: 'node', command: [process.execPath, join(EXAMPLES, 'subscriber.ts')] },
  {
    name: 'deno',
    command: [join(ROOT, 'node_modules/.bin/deno'), 'run', ...PERMISSIONS, join(EXAMPLES, 'subscriber.ts')],
  },
  ...('path' in python ? [{ name: 'python', command: [python.path, join(EXAMPLES, 'subscriber.py')] }] : []),
]
const NAMES = PROGRAMS.map(({ name }) => name)

let folder: string
let loops: NpmStart
let owner: Account
let agent: McpClient
/** A connection with all rights, which nobody outside Loops has: it publishes what Loops never would. */
let inside: NatsConnection
let js: JetStreamClient
const credentials: Record<string, Credentials> = {}
const running = new Map<string, ChildProcess>()

const stateOf = (name: string): string => join(folder, `${name}.sqlite`)

/** Starts a subscriber's program, which runs until it is killed; with `--once` it ends by itself. */
const start = (name: string, ...args: string[]): ChildProcess => {
  const [command = '', ...rest] = PROGRAMS.find((program) => program.name === name)?.command ?? []
  const env = { ...process.env, ...credentials[name], STATE: stateOf(name) }
  const child = spawn(command, [...rest, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  running.set(name, child)
  return child
}

const exitOf = async (child: ChildProcess): Promise<number | null> =>
  child.exitCode ?? ((await once(child, 'exit'))[0] as number | null)

const rows = (name: string, query: string): Record<string, unknown>[] => {
  const db = new DatabaseSync(stateOf(name), { readOnly: true, timeout: 5_000 })
  try {
    return db.prepare(query).all() as Record<string, unknown>[]
  } finally {
    db.close()
  }
}
const workOf = (name: string): string[] =>
  rows(name, 'SELECT subject, sequence FROM work').map(({ subject, sequence }) => `${subject} ${sequence}`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subscribers-'))
  const port = String(await freePort())
  loops = npmStart({ DATA_DIR: join(folder, 'data'), PORT: port })
}, 60_000)
afterAll(async () => {
  for (const child of running.values()) child.kill('SIGKILL')
  await agent?.[Symbol.asyncDispose]()
  await inside?.close()
  await loops.kill()
  await rm(folder, { recursive: true, force: true })
})

test('they_are_added_while_loops_runs', async () => {
  await loops.ready()
  const env = { DATA_DIR: loops.dataDir }
  for (const name of NAMES) {
    const printed = await subscriberCommand(['add', name, '--events', 'evt.tasks.>'], env)
    credentials[name] = credentialsIn(printed)
    expect(printed).toContain('This takes effect now.')
  }
  expect((await subscriberCommand(['list'], env)).trim().split('\n')).toHaveLength(NAMES.length)
  owner = await signUp(loops, { name: 'Ada', workspace: 'Engine' })
  agent = await agentOf(loops, owner)
  const { NATS_URL } = JSON.parse(await readFile(join(loops.dataDir, 'running.json'), 'utf8'))
  const { host, username: user, password: pass } = new URL(NATS_URL)
  inside = await connect({ servers: host, user, pass, maxReconnectAttempts: -1 })
  js = jetstream(inside)
})

test.each(NAMES)('the_exit_code_in_%s_says_that_there_was_nothing', async (name) => {
  expect(await exitOf(start(name, '--once'))).toBe(1)
})

test.each(NAMES)('the_exit_code_in_%s_says_that_there_was_something', async (name) => {
  await agent.call('create_task', { title: `For ${name}` })
  expect(await exitOf(start(name, '--once'))).toBe(0)
})

/** Files a task and changes it, which is two events; retries while servers are killed. */
const fileOne = async (key: string): Promise<string> => {
  const insist = <T>(call: () => Promise<T>): Promise<T> => vi.waitFor(call, WAIT)
  const filed = { title: `Task ${key}`, idempotency_key: key }
  const { task } = await insist(() => agent.call('create_task', filed))
  const change = { task_id: task.id, priority: 'high', idempotency_key: key } as const
  const { id, version } = (await insist(() => agent.call('update_task', change))).task
  return `${id} ${version}`
}
const seenBy = (name: string): number => Number(rows(name, 'SELECT count(*) AS count FROM seen')[0]?.count)

test('every_event_is_received_and_processed_once_though_all_are_killed_meanwhile', async () => {
  const newest: string[] = []
  const file = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) newest.push(await fileOne(`task-${newest.length}`))
  }
  for (let round = 0; round < 4; round += 1) {
    const children = NAMES.map((name) => start(name))
    await file(8)
    for (const name of NAMES) await expect.poll(() => seenBy(name), WAIT).toBeGreaterThan(newest.length)
    const filing = file(4)
    const ends = children.map(exitOf)
    for (const child of children) child.kill('SIGKILL')
    await Promise.all([filing, ...ends])
  }
  for (const name of NAMES) start(name)
  const [nats = 0] = serversOf(loops.dataDir).slice(-1)
  process.kill(nats, 'SIGKILL')
  await file(4)
  for (const name of NAMES) {
    await expect.poll(() => seenBy(name), WAIT).toBe(2 * newest.length + NAMES.length)
    expect(newest.filter((one) => !workOf(name).includes(one))).toEqual([])
    expect(rows(name, 'SELECT id FROM work GROUP BY id HAVING count(*) > 1')).toEqual([])
  }
})

const publish = (body: unknown) => publishBody(js, body)

test('a_repeated_and_an_older_event_change_nothing', async () => {
  await publish(event('second', 'thing', 2))
  await publish(event('first', 'thing', 1))
  await publish(event('second', 'thing', 2))
  await publish(event('third', 'thing', 3))
  for (const name of NAMES)
    await expect
      .poll(() => workOf(name).filter((one) => one.startsWith('thing')), WAIT)
      .toEqual(['thing 2', 'thing 3'])
})

test('poison_is_set_aside_and_the_rest_goes_on', async () => {
  const poison = ['no json', '[]', JSON.stringify({ ...event('x', 'y', 1), sequence: 'first' })]
  for (const body of poison) await publish(body)
  await publish(event('after', 'after-poison', 1))
  for (const name of NAMES) {
    await expect.poll(() => workOf(name), WAIT).toContain('after-poison 1')
    expect(rows(name, 'SELECT text FROM given_up').map(({ text }) => text)).toEqual(poison)
  }
})

test('work_that_fails_is_retried', async () => {
  const locks = NAMES.map((name) => new DatabaseSync(stateOf(name)))
  for (const lock of locks) lock.exec('BEGIN IMMEDIATE')
  const { seq } = await publish(event('later', 'locked', 1))
  const waits = async (name: string): Promise<boolean> => {
    const { delivered, num_ack_pending } = await js.consumers.get('EVENTS', name).then((one) => one.info())
    return delivered.stream_seq >= seq && num_ack_pending > 0
  }
  for (const name of NAMES) await expect.poll(() => waits(name), WAIT).toBe(true)
  for (const lock of locks) {
    lock.exec('ROLLBACK')
    lock.close()
  }
  for (const name of NAMES)
    await expect.poll(() => workOf(name).filter((one) => one === 'locked 1'), WAIT).toHaveLength(1)
})

test('a_signal_stops_it_in_order', async () => {
  const ends = NAMES.map((name) => exitOf(running.get(name) as ChildProcess))
  for (const child of running.values()) child.kill('SIGTERM')
  expect(await Promise.all(ends)).toEqual(NAMES.map(() => 0))
})

if ('missing' in python) test.skip(`in Python: ${python.missing}`, () => undefined)
