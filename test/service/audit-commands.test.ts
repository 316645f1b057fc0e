// Operators' commands that change something are in the audit log of the installation, with what they were about.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ChainEntry, INSTALLATION_LOG } from '../../services/gateway/audit/audit-rules.ts'
import { ANNOUNCE_MS } from '../../services/gateway/oauth/key-schedule.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const SECRET = 'a secret of the tests that is long enough'
const ROOT = join(import.meta.dirname, '..', '..')

let env: GatewayEnvironment
let folder: string
beforeAll(async () => {
  env = await openGatewayEnvironment({ LOOPS_SECRET: SECRET })
  folder = await mkdtemp(join(tmpdir(), 'audit-commands-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await env?.[Symbol.asyncDispose]()
})

type Ran = Readonly<{ code: number; out: string; err: string }>
/** Runs a command as it is typed, with the servers of the test; `without` leaves them out. */
const run = (line: string, without = false): Promise<Ran> =>
  new Promise((resolve) => {
    const [name = '', ...args] = line.split(' ')
    const { mongodbUrl: MONGODB_URL, natsUrl: NATS_URL } = env.stack
    const servers = without ? {} : { MONGODB_URL, NATS_URL, LOOPS_SECRET: SECRET }
    const variables = { PATH: process.env.PATH, DATA_DIR: join(folder, 'none'), ...servers }
    const file = join(ROOT, 'infra', `${name}.ts`)
    execFile(process.execPath, [file, ...args], { env: variables }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    )
  })
const all = (): Promise<ChainEntry[]> => env.deps.store.audit.read(INSTALLATION_LOG, 0, 1_000)
/** What a command leaves behind: the targets and ends of its entries. */
const left = async (line: string, without = false) => {
  const before = (await all()).length
  const ran = await run(line, without)
  const entries = (await all()).slice(before)
  for (const { action, by } of entries) {
    expect([action, by.via, by.user_id]).toEqual(['admin.command', 'admin', null])
    expect(by.name).not.toBe('')
  }
  return { ...ran, entries: entries.map(({ outcome, reason, target }) => ({ outcome, reason, target })) }
}
const done = (target: Readonly<Record<string, string>>) => [{ outcome: 'done', reason: undefined, target }]

test('a_key_that_is_made_or_dropped_is_named', async () => {
  const created_at = new Date(env.deps.clock.now().getTime() - ANNOUNCE_MS)
  await env.db.collection('signing_keys').updateMany({}, { $set: { created_at } })
  const known = new Set((await env.db.collection('signing_keys').find().toArray()).map(({ _id }) => `${_id}`))
  const rotated = await left('keys rotate')
  const made = (await env.db.collection('signing_keys').find().toArray())
    .map(({ _id }) => `${_id}`)
    .find((kid) => !known.has(kid))
  expect(rotated.entries).toEqual(done({ command: 'keys rotate', kid: made ?? '' }))
  const [old = ''] = known
  expect((await left(`keys drop ${old}`)).entries).toEqual(done({ command: 'keys drop', kid: old }))
  const again = await left(`keys drop ${old}`)
  expect([again.code, again.err]).toEqual([2, expect.stringContaining(`There is no key ${old}`)])
  expect(again.entries).toMatchObject([{ outcome: 'refused', reason: 'not_found', target: { kid: old } }])
})

test('a_program_that_may_read_events_and_one_that_no_longer_may_are_named', async () => {
  const add = `subscriber add reports --events evt.tasks.> --folder ${folder}`
  const added = await left(add)
  const target = { command: 'subscriber add', name: 'reports', events: 'evt.tasks.*.*.*' }
  expect([added.code, added.err, added.entries]).toEqual([0, '', done(target)])
  expect(JSON.stringify(await all())).not.toContain(/NATS_SEED=(\S+)/.exec(added.out)?.[1] ?? 'NATS_SEED')
  expect((await left(add)).entries).toEqual([])
  expect((await left(`subscriber list --folder ${folder}`)).entries).toEqual([])
  expect((await left(`subscriber remove reports --folder ${folder}`)).entries).toEqual(
    done({ command: 'subscriber remove', name: 'reports' }),
  )
})

test('where_there_is_no_database_the_list_of_a_folder_is_changed_all_the_same_and_the_terminal_says_so', async () => {
  const added = await left(`subscriber add alone --folder ${folder}`, true)
  expect([added.code, added.entries]).toEqual([0, []])
  expect(added.err).toContain('not in the audit log')
  expect((await run(`subscriber list --folder ${folder}`, true)).out).toContain('alone')
})

test.each([
  ['check-counts --repair', done({ command: 'check-counts --repair', repaired: '0' })],
  ['check-counts', []],
  ['events replay --lost', done({ command: 'events replay --lost' })],
  ['events redrive --all', done({ command: 'events redrive', ids: '' })],
  ['events dead', []],
])('%s', async (line, entries) => {
  const ran = await left(line)
  expect([ran.code, ran.err, ran.entries]).toEqual([0, '', entries])
})

test('a_mistake_of_whoever_typed_is_recorded_as_refused', async () => {
  const ran = await left('events redrive NOTHING')
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('There is no dead letter NOTHING')])
  expect(ran.entries).toEqual([
    {
      outcome: 'refused',
      reason: 'invalid_argument',
      target: { command: 'events redrive', ids: 'NOTHING' },
    },
  ])
})
