// How a program of another team begins. It requests a snapshot over NATS with the key of `npm run subscriber` alone, and
// reads the stream after it, on a server with infra/nats.conf.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { SUBSCRIBERS_DOMAIN } from '../../infra/subscribers/access.ts'
import { SNAPSHOT_PAGES } from '../../services/gateway/limits/policies.ts'
import { MIGRATOR, startServices } from '../../services/start.ts'
import { callByName } from '../../shared/bus/client.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import {
  type Caller,
  type Contract,
  eventFilter,
  subscriberSubject,
} from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { SnapshotRecord } from '../../shared/contracts/records.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type GuardedNats, startGuardedNats } from '../support/guarded-nats.ts'
import { keysOf, TEST_SECRET } from '../support/keys.ts'
import { openPeople } from '../support/people.ts'
import { ids, person } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'
import { tableOf } from '../support/subscriber-table.ts'
import { addToFolder, type Credentials, connectSubscriber } from '../support/subscribers.ts'
import { until } from '../support/tasks-environment.ts'
import { OTHER_ID } from '../support/tools.ts'

vi.setConfig({ testTimeout: 120_000 })
/** More than one page holds. */
const MANY = 220
const domain = SUBSCRIBERS_DOMAIN
const given: Record<string, Credentials> = {}
const running = new AsyncDisposableStack()
let server: GuardedNats
let bus: Bus
let folder: string
let mongodbUrl: string

const ann = person(ids.next(), { role: 'owner' })
const bob = person(ids.next(), { role: 'owner' })

beforeAll(async () => {
  server = running.use(await startGuardedNats())
  folder = await mkdtemp(join(tmpdir(), 'subscribers-'))
  running.defer(() => rm(folder, { recursive: true, force: true }))
  mongodbUrl = freshStack().mongodbUrl
  for (const name of [MIGRATOR, 'tasks', 'loops-queue', 'gateway']) {
    const env = { NATS_URL: server.urlOf(name), MONGODB_URL: mongodbUrl, LOOPS_SECRET: TEST_SECRET }
    const quiet = { LOG: 'error', NODE_ENV: 'test', PORT: '0' }
    running.use(await startServices({ ...env, ...quiet }, { names: [name] }))
  }
  const log = createLog({ filter: 'error', topic: 'test' })
  bus = running.use(await connectBus(server.urlOf('gateway'), 'gateway', log, keysOf('gateway')))
  const wanted = {
    all: [],
    board: ['--events', 'evt.tasks.>'],
    shipped: ['--events', eventFilter('loops-queue', 'loop.shipped')],
    tenant: ['--workspace', ann.workspace_id],
    example: ['--events', 'evt.tasks.>'],
  }
  let conf = ''
  for (const [name, args] of Object.entries(wanted)) {
    const added = await addToFolder(folder, name, args)
    given[name] = added.credentials
    conf = added.conf
  }
  await server.include(conf)
  // The server reloads its accounts while it serves; a request at that moment may get no answer.
  await vi.waitFor(() => answered('all'), { timeout: 30_000 })
}, 180_000)
afterAll(() => running.disposeAsync())

const connected = async (name: string): Promise<NatsConnection> => {
  const nc = await vi.waitFor(() => connectSubscriber(server.address, given[name]!), { timeout: 10_000 })
  running.defer(() => nc.close())
  return nc
}
const acting =
  (caller: Caller) =>
  async (contract: Contract, operation: string, input: object): Promise<never> => {
    const call = { caller, request_id: ids.next(), ...startBudget(systemClock, 8_000) }
    return (await callByName(bus, contract, operation, input, call)) as never
  }
const filed = async (caller: Caller, input: object = {}): Promise<string> =>
  ((await acting(caller)(tasks, 'create_task', { title: 'Task', ...input })) as { task: { id: string } }).task
    .id
const made = async (caller: Caller, input: object = {}): Promise<string> =>
  ((await acting(caller)(loopsQueue, 'create_loop', { name: 'Loop', ...input })) as { loop: { id: string } })
    .loop.id

const Answer = z.union([
  gateway.forSubscribers.snapshot.output,
  z.object({ error: z.looseObject({ code: z.string(), message: z.string() }) }),
])
type Page = z.infer<typeof gateway.forSubscribers.snapshot.output>
/** Sends a request as the page for other teams describes. */
const ask = async (
  nc: NatsConnection,
  name: string,
  body: unknown = {},
  filter = given[name]!.EVENTS,
): Promise<z.infer<typeof Answer>> => {
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await nc.request(subscriberSubject('snapshot', name, filter), payload, { timeout: 15_000 })
  return Answer.parse(answer.json())
}
const pageOf = async (nc: NatsConnection, name: string, cursor?: string, filter?: string): Promise<Page> => {
  const answer = await ask(nc, name, { cursor }, filter)
  if ('error' in answer) throw new Error(answer.error.message)
  return answer
}
/** Sends one request on its own connection. */
const answered = async (name: string): Promise<void> => {
  const nc = await connectSubscriber(server.address, given[name]!)
  try {
    await pageOf(nc, name)
  } finally {
    await nc.close()
  }
}
const snapshotOf = async (nc: NatsConnection, name: string, filter?: string): Promise<SnapshotRecord[]> => {
  const records: SnapshotRecord[] = []
  let cursor: string | undefined
  do {
    const page = await pageOf(nc, name, cursor, filter)
    records.push(...page.records)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return records
}

/** Waits until the stream has every event so far. */
const published = async (): Promise<void> => {
  await using mongo = await connectMongo(mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  for (const [service, name] of [
    ['tasks', 'tasks'],
    ['tasks', 'comments'],
    ['loops-queue', 'loops'],
    ['loops-queue', 'queues'],
  ] as const) {
    const waiting = { 'outbox.0': { $exists: true } }
    await until(async () => (await mongo.database(service).collection(name).countDocuments(waiting)) === 0)
  }
}
/** Reads the stream from a sequence on, as the program does, with its own durable consumer. */
const readFrom = async (nc: NatsConnection, name: string, opt_start_seq: number): Promise<CloudEvent[]> => {
  await published()
  const { EVENTS: filter_subject, SUBSCRIBER: durable_name } = given[name]!
  const jsm = await jetstreamManager(nc, { domain })
  const begin = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq }
  await jsm.consumers.add(EVENTS_STREAM, {
    ...{ durable_name, filter_subject, ack_policy: AckPolicy.Explicit, ...begin },
  })
  const consumer = await jetstream(nc, { domain }).consumers.get(EVENTS_STREAM, durable_name)
  const events: CloudEvent[] = []
  for (;;) {
    const before = events.length
    for await (const message of await consumer.fetch({ max_messages: 500, expires: 2_000 })) {
      events.push(CloudEvent.parse(message.json()))
      message.ack()
    }
    if (events.length === before) return events
  }
}
const everyEvent = async (): Promise<CloudEvent[]> => {
  const { state } = await bus.jsm.streams.info(EVENTS_STREAM)
  const events: CloudEvent[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq })
    if (message) events.push(CloudEvent.parse(message.json()))
  }
  return events
}

test('a_snapshot_and_the_stream_after_it_give_the_state_while_writers_write_and_readers_are_killed', async () => {
  const old: string[] = []
  for (let n = 0; n < MANY; n += 20)
    old.push(...(await Promise.all(Array.from({ length: 20 }, () => filed(ann)))))
  const between = await Promise.all(Array.from({ length: 30 }, () => filed(ann)))
  const secret = await made(ann, { visibility: 'private' })
  await acting(ann)(tasks, 'add_comment', { loop_id: secret, text: 'Ours' })
  await acting(ann)(tasks, 'add_comment', { task_id: old[0], text: 'Yours' })
  let done = false
  const write = async (): Promise<void> => {
    for (let n = 0; !done; n = (n + 7) % (MANY - 2))
      await Promise.all([
        acting(ann)(tasks, 'update_task', { task_id: old[n], title: `Changed ${n}` }).catch(() => undefined),
        n % 2
          ? acting(ann)(tasks, 'delete_task', { task_id: old[n + 1] }).catch(() => undefined)
          : filed(bob),
        made(ann).then((loop_id) => acting(ann)(loopsQueue, 'set_loop_priority', { loop_id, priority: 0 })),
      ])
  }
  const writing = write()
  const records = new Map<string, SnapshotRecord>()
  let nc = await connected('all')
  let pages = 0
  let page: Page | undefined
  do {
    const cursor: string | undefined = page?.next_cursor ?? undefined
    page = await pageOf(nc, 'all', cursor)
    if (pages % 2 === 1) {
      // It dies before it has stored the page, and requests it again.
      await nc.close()
      nc = await connected('all')
      page = await pageOf(nc, 'all', cursor)
    }
    for (const record of page.records) records.set(`${record.source} ${record.subject}`, record)
    // Between two pages, things are changed, created and deleted, whether or not a page had them.
    await acting(ann)(tasks, 'update_task', { task_id: between[pages], title: 'Changed between' })
    await acting(ann)(tasks, 'delete_task', { task_id: between.at(-pages - 1) })
    await Promise.all([filed(ann), made(ann)])
    pages += 1
  } while (page.next_cursor !== null)
  done = true
  await writing
  expect(pages).toBeGreaterThan(4)
  const since = await readFrom(nc, 'all', page.snapshot.sequence + 1)
  expect(since.length).toBeGreaterThan(0)
  const all = await everyEvent()
  expect(tableOf([...records.values()], since)).toEqual(tableOf([], all))
  const ofLoop = [...records.values()].filter(({ data }) => data.loop_id === secret && 'excerpt' in data)
  expect(ofLoop.map(({ data }) => data.private)).toEqual([true])
})

test('a_snapshot_has_the_members', async () => {
  await using people = await openPeople(mongodbUrl)
  const team = await people.workspace('Team', [{ name: 'Cleo' }])
  const joined = await snapshotOf(await connected('all'), 'all', eventFilter('gateway', 'person.joined'))
  expect(joined.map(({ data }) => data)).toEqual([
    { user_id: team.members[0]?.id, workspace_id: team.id, name: 'Cleo', role: 'owner' },
  ])
})

test('a_subscriber_gets_what_its_filter_allows_and_may_request_less', async () => {
  await filed(ann)
  await filed(bob)
  await made(ann)
  const board = await connected('board')
  const types = (records: readonly SnapshotRecord[]) => [...new Set(records.map(({ type }) => type))]
  expect(types(await snapshotOf(board, 'board'))).toEqual(['task.created', 'comment.added'])
  const less = await snapshotOf(
    board,
    'board',
    eventFilter('tasks', 'task.created').replace('*', bob.workspace_id),
  )
  expect(types(less)).toEqual(['task.created'])
  expect(new Set(less.map(({ workspaceid }) => workspaceid))).toEqual(new Set([bob.workspace_id]))
  const tenant = await snapshotOf(await connected('tenant'), 'tenant')
  expect(types(tenant)).toContain('loop.created')
  expect(new Set(tenant.map(({ workspaceid }) => workspaceid))).toEqual(new Set([ann.workspace_id]))
})

test.each([
  ['for_more_than_its_filter', 'board', 'evt.*.*.*.*'],
  ['for_other_events', 'board', eventFilter('loops-queue', 'loop.created')],
  ['in_the_name_of_another', 'all', 'evt.tasks.*.*.*'],
  ['for_something_that_is_no_event', 'board', 'rpc.tasks.delete_task.x.y'],
])('a_subscriber_may_not_ask_%s', async (_, name, filter) => {
  const nc = await connected('board')
  await expect(nc.request(subscriberSubject('snapshot', name, filter), '{}')).rejects.toThrow(
    /permissions violation/i,
  )
})

test('a_workspace_is_available_to_its_own_key_alone', async () => {
  const nc = await connected('tenant')
  for (const workspace of ['*', OTHER_ID])
    await expect(
      nc.request(subscriberSubject('snapshot', 'tenant', `evt.*.*.*.${workspace}`), '{}'),
    ).rejects.toThrow(/permissions violation/i)
})

test.each([
  ['a_text', 'no json', /is not JSON/],
  ['a_list', [], /input: /],
  ['an_unknown_member', { curser: 'x' }, /curser: is not a parameter/],
  ['a_number_as_cursor', { cursor: 7 }, /cursor: /],
  ['a_cursor_of_nobody', { cursor: 'x' }, /cursor: is not a cursor of this list/],
  ['a_cursor_of_another_list', { cursor: Buffer.from('["a"]').toString('base64url') }, /is not a cursor/],
  ['too_much', `{"cursor": "${'x'.repeat(5_000)}"}`, /the limit is 4096/],
])('refused_with_a_sentence: %s', async (_, body, sentence) => {
  expect(await ask(await connected('all'), 'all', body)).toMatchObject({
    error: { code: 'invalid_argument', message: expect.stringMatching(sentence), retryable: false },
  })
})

test('a_filter_without_records_is_answered_with_those_that_have_some', async () => {
  expect(await ask(await connected('shipped'), 'shipped')).toMatchObject({
    error: {
      code: 'invalid_argument',
      message: expect.stringContaining('there are person.joined of gateway'),
    },
  })
})

test('the_example_begins_with_a_snapshot_and_reads_the_stream_after_it', async () => {
  const { SUBSCRIBER = '', EVENTS = '' } = given.example ?? {}
  expect([SUBSCRIBER, EVENTS]).toEqual(['example', 'evt.tasks.*.*.*'])
  const file = join(import.meta.dirname, '../../infra/examples/subscriber.ts')
  const env = {
    ...process.env,
    ...given.example,
    NATS_URL: server.address,
    STATE: join(folder, 'example.sqlite'),
  }
  const start = async (): Promise<string> => {
    const args = [file, '--snapshot', '--once']
    return await new Promise((resolve) =>
      execFile(process.execPath, args, { env }, (_, out, err) => resolve(out + err)),
    )
  }
  await filed(ann)
  await published()
  const first = await start()
  expect(first).toMatch(/begins with [1-9]\d* things/)
  expect(first).not.toContain('done task.')
  const later = await filed(bob)
  await published()
  const second = await start()
  expect(second).not.toContain('begins with')
  expect(second.match(/done task\.created .*/g)).toEqual([`done task.created ${later} 1`])
})

test('an_empty_request_begins_a_snapshot', async () => {
  const page = await ask(await connected('all'), 'all', '')
  expect(page).toMatchObject({ snapshot: { stream: expect.any(String), sequence: expect.any(Number) } })
})

test('a_cursor_of_a_lost_stream_is_refused_with_what_to_do', async () => {
  const nc = await connected('all')
  const { next_cursor } = await pageOf(nc, 'all')
  const [place, ...rest] = JSON.parse(Buffer.from(next_cursor ?? '', 'base64url').toString())
  const elsewhere = JSON.stringify([{ ...place, stream: 'another' }, ...rest])
  expect(await ask(nc, 'all', { cursor: Buffer.from(elsewhere).toString('base64url') })).toMatchObject({
    error: { code: 'invalid_argument', message: expect.stringContaining('take another one') },
  })
})

test('a_subscriber_that_asks_too_often_must_wait_and_blocks_nobody_else', async () => {
  const nc = await connected('board')
  const many = await Promise.all(Array.from({ length: 12 }, () => ask(nc, 'board')))
  const codes = new Set(many.map((one) => ('error' in one ? one.error.code : 'done')))
  expect(codes).toEqual(new Set(['done', 'rate_limited']))
  let refused: z.infer<typeof Answer> | undefined
  for (let n = 0; n <= 2 * SNAPSHOT_PAGES.count && !refused; n += 1) {
    const answer = await ask(nc, 'board', { cursor: 'x' })
    if ('error' in answer && answer.error.code === 'rate_limited') refused = answer
  }
  expect(refused).toMatchObject({ error: { retryable: true, retry_after_ms: expect.any(Number) } })
  expect(await ask(await connected('all'), 'all')).toHaveProperty('records')
})
