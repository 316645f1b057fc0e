// The example subscriber in Go as another team would run it, beside `npm start`. Whatever is killed, it processes every
// event, and each one once.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JetStreamClient, jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { buildGo, missingGo } from '../support/go.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type NpmStart, npmStart } from '../support/npm-start.ts'
import {
  type Credentials,
  credentialsIn,
  event,
  publishBody,
  subscriberCommand,
} from '../support/subscribers.ts'

const WAIT = { timeout: 60_000, interval: 100 }
const NAME = 'gopher'
const noGo = await missingGo()

type Line = Readonly<{ id: string; outcome: string; sequence: number; thing: Readonly<{ Subject: string }> }>

let folder: string
let loops: NpmStart
let agent: McpClient
/** A connection with all rights, which nobody outside Loops has: it publishes what Loops never would. */
let inside: NatsConnection
let js: JetStreamClient
let credentials: Credentials
let running: ChildProcess | undefined
let said = ''

const start = (...args: string[]): ChildProcess => {
  const env = { ...process.env, ...credentials, STATE: join(folder, 'state.jsonl') }
  running = spawn(join(folder, NAME), args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [running.stdout, running.stderr]) stream?.on('data', (chunk) => (said += chunk))
  return running
}
const exitOf = async (child: ChildProcess): Promise<number | null> =>
  child.exitCode ?? ((await once(child, 'exit'))[0] as number | null)
const lines = (): Line[] => {
  const file = join(folder, 'state.jsonl')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}
const done = (): string[] =>
  lines()
    .filter(({ outcome }) => outcome === 'done')
    .map(({ thing, sequence }) => `${thing.Subject} ${sequence}`)

const publish = (body: unknown) => publishBody(js, body)

describe.skipIf(noGo)(`in Go${noGo ? `: ${noGo}` : ''}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'subscriber-go-'))
    const built = await buildGo(join(folder, NAME))
    if ('missing' in built) throw new Error(built.missing)
    loops = npmStart({ DATA_DIR: join(folder, 'data'), PORT: String(await freePort()) })
    await loops.ready()
    const added = ['add', NAME, '--events', 'evt.tasks.>']
    credentials = credentialsIn(await subscriberCommand(added, { DATA_DIR: loops.dataDir }))
    agent = await agentOf(loops, await signUp(loops, { name: 'Ada', workspace: 'Engine' }))
    const { NATS_URL } = JSON.parse(await readFile(join(loops.dataDir, 'running.json'), 'utf8'))
    const { host, username: user, password: pass } = new URL(NATS_URL)
    inside = await connect({ servers: host, user, pass, maxReconnectAttempts: -1 })
    js = jetstream(inside)
  }, 400_000)
  afterAll(async () => {
    running?.kill('SIGKILL')
    await agent?.[Symbol.asyncDispose]()
    await inside?.close()
    await loops?.kill()
    await rm(folder, { recursive: true, force: true })
  })

  test('the_exit_code_says_whether_there_were_events', async () => {
    expect(await exitOf(start('--once')), said).toBe(1)
    await agent.call('create_task', { title: 'First' })
    expect(await exitOf(start('--once')), said).toBe(0)
  })

  test('every_event_is_processed_once_though_it_is_killed_meanwhile', async () => {
    const filed: string[] = []
    const file = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1)
        filed.push((await agent.call('create_task', { title: `Task ${filed.length}` })).task.id)
    }
    for (let round = 0; round < 4; round += 1) {
      const child = start()
      await file(6)
      await expect.poll(() => done().length, WAIT).toBeGreaterThan(round * 6)
      const filing = file(4)
      const end = exitOf(child)
      child.kill('SIGKILL')
      await Promise.all([filing, end])
    }
    start()
    await expect.poll(() => filed.filter((id) => !done().includes(`${id} 1`)), WAIT).toEqual([])
    expect(new Set(lines().map(({ id }) => id)).size).toBe(lines().length)
  })

  test('a_repeated_and_an_older_event_change_nothing_and_poison_is_set_aside', async () => {
    await publish(event('second', 'thing', 2))
    await publish(event('first', 'thing', 1))
    await publish(event('second', 'thing', 2))
    for (const poison of ['no json', '[]', JSON.stringify(event('x', 'y', 'first'))]) await publish(poison)
    await publish(event('third', 'thing', 3))
    await expect
      .poll(() => done().filter((one) => one.startsWith('thing')), WAIT)
      .toEqual(['thing 2', 'thing 3'])
    await expect.poll(() => said.match(/gave up evt/g), WAIT).toHaveLength(3)
  })

  test('a_signal_stops_it_in_order', async () => {
    const end = exitOf(running as ChildProcess)
    running?.kill('SIGTERM')
    expect(await end).toBe(0)
  })
})
