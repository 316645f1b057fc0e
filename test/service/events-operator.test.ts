// An operator's commands about events, as they are typed, on a running system.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATOR, startServices } from '../../services/start.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { DEAD_LETTERS, type DeadLetter } from '../../shared/events/dead-letter-store.ts'
import { JOURNAL, type JournalEntry } from '../../shared/events/journal-store.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { type EventsEnvironment, openEventsEnvironment } from '../support/events-environment.ts'
import { SOME_ID } from '../support/tools.ts'

const ACTOR = { user_id: SOME_ID, name: 'Ann', client: 'web' }
const SUBJECT = eventSubject(gateway.name, 'person.invited', 'W')
let env: EventsEnvironment
let service: AsyncDisposable

beforeAll(async () => {
  env = await openEventsEnvironment()
  const variables = {
    NATS_URL: env.natsUrl,
    MONGODB_URL: env.mongodbUrl,
    LOOPS_SECRET: 'a secret of the tests that is long enough',
    LOG: 'error',
    NODE_ENV: 'test',
  }
  service = await startServices(variables, { names: [MIGRATOR, notifier.name] })
})
afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

/** Runs `npm run events` with these arguments against the test environment. */
const events = (...words: string[]): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    const file = join(import.meta.dirname, '../../infra/events.ts')
    const variables = { PATH: process.env.PATH, MONGODB_URL: env.mongodbUrl, NATS_URL: env.natsUrl }
    execFile(process.execPath, [file, ...words], { env: variables }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), said: out + err }),
    )
  })
const rows = () => env.mongo.database(notifier.name).collection<DeadLetter>(DEAD_LETTERS)
const addDeadLetter = async (payload: string): Promise<DeadLetter> => {
  await env.bus.js.publish(SUBJECT, payload)
  await expect.poll(() => rows().findOne({ payload })).not.toBeNull()
  return (await rows().findOne({ payload })) as DeadLetter
}
const invited = {
  specversion: '1.0',
  id: 'INVITED',
  source: `/loops/${gateway.name}`,
  type: 'person.invited',
  subject: 'I',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  workspaceid: 'W',
  sequence: 1,
}

test('the_list_is_empty_when_there_are_no_dead_letters', async () => {
  expect(await events('dead')).toEqual({ code: 0, said: 'There are no dead letters.\n' })
  expect(await events('redrive', '--all')).toEqual({ code: 0, said: 'There are no dead letters.\n' })
})

test('a_dead_letter_is_listed_shown_in_full_and_fails_again', async () => {
  const { _id } = await addDeadLetter('no event\u001b[2J at all')
  const list = await events('dead')
  expect(list.code).toBe(0)
  expect(list.said).toContain(_id)
  expect(list.said).toContain(`${SUBJECT}  delivered 1×  dead`)
  expect(list.said).toContain('not JSON')
  const full = await events('dead', _id)
  expect(full.said).toContain('no event [2J at all')
  const again = await events('redrive', _id)
  expect(again.said).toContain('0 succeeded, 1 failed again, 0 not tried yet.')
  expect(again.code).toBe(1)
  await rows().deleteMany({})
})

test('an_event_that_can_be_handled_now_is_redriven_and_leaves_the_list', async () => {
  const { payload: _, ...row } = await addDeadLetter('will be repaired')
  const data = { invitation_id: SOME_ID, workspace_id: SOME_ID, by: ACTOR, role: 'member' }
  await rows().updateOne({ _id: row._id }, { $set: { payload: JSON.stringify({ ...invited, data }) } })
  const done = await events('redrive', '--all')
  expect(done).toMatchObject({ code: 0, said: expect.stringContaining('1 succeeded, 0 failed again') })
  expect((await events('dead')).said).toBe('There are no dead letters.\n')
  expect((await events('dead', '--all')).said).toContain('redriven 20')
  await rows().deleteMany({})
})

test('a_replay_gives_a_consumer_its_events_again_and_then_the_new_ones', async () => {
  const seen: string[] = []
  await using _ = await env.consuming('reports', async ({ id }) => void seen.push(id))
  await env.publish(3)
  await expect.poll(() => seen.length).toBe(3)
  await expect
    .poll(async () => (await env.bus.jsm.consumers.info(EVENTS_STREAM, 'reports')).num_ack_pending)
    .toBe(0)
  const dry = await events('replay', '--consumer', 'reports', '--since', '1h', '--dry-run')
  expect(dry).toMatchObject({ code: 0, said: expect.stringContaining('reports would get 3 events') })
  expect(seen).toHaveLength(3)
  const done = await events('replay', '--consumer', 'reports', '--since', '1h')
  expect(done).toMatchObject({ code: 0, said: expect.stringContaining('reports gets 3 events') })
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(6)
  expect(new Set(seen).size).toBe(3)
  await env.publish(1)
  await expect.poll(() => new Set(seen).size).toBe(4)
})

test('a_program_may_declare_its_consumer_again_after_a_replay', async () => {
  const declared = { name: 'outside', durable_name: 'outside', ack_policy: 'explicit', deliver_policy: 'all' }
  const createOrUpdate = async (): Promise<unknown> => {
    const subject = `$JS.API.CONSUMER.CREATE.${EVENTS_STREAM}.outside`
    const asked = { stream_name: EVENTS_STREAM, config: declared, action: '' }
    const answer = await env.bus.nc.request(subject, JSON.stringify(asked))
    return answer.json<{ error?: unknown }>().error
  }
  const readAll = async (): Promise<number> => {
    let count = 0
    const consumer = await env.bus.js.consumers.get(EVENTS_STREAM, 'outside')
    for await (const message of await consumer.fetch({ max_messages: 100, expires: 1_000 })) {
      if (await message.ackAck()) count += 1
    }
    return count
  }
  expect(await createOrUpdate()).toBeUndefined()
  const count = await readAll()
  expect(count).toBeGreaterThan(0)
  expect(await events('replay', '--consumer', 'outside', '--since', '1h')).toMatchObject({
    said: expect.stringContaining(`outside gets ${count} events`),
  })
  expect(await createOrUpdate()).toBeUndefined()
  expect([await readAll(), await readAll()]).toEqual([count, 0])
  await env.bus.jsm.consumers.delete(EVENTS_STREAM, 'outside')
})

test('events_are_listed_one_per_line_by_type_or_workspace', async () => {
  const event = { ...invited, id: 'SHOWN', datacontenttype: 'application/json', workspaceid: SOME_ID }
  await env.bus.js.publish(eventSubject(gateway.name, 'person.joined', SOME_ID), JSON.stringify(event))
  const shown = async (...words: string[]): Promise<unknown[]> => {
    const { code, said } = await events('tail', '--since', '1h', '--once', ...words)
    expect(code, said).toBe(0)
    return said
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).id)
  }
  expect(await shown('--workspace', SOME_ID)).toEqual(['SHOWN'])
  expect(await shown('--type', 'person.joined')).toEqual(['SHOWN'])
  expect(await shown('--type', 'person.left')).toEqual([])
  expect(await events('tail', '--type', 'person.eaten')).toMatchObject({ code: 1 })
})

test('an_unknown_consumer_is_refused_with_the_known_ones', async () => {
  const { code, said } = await events('replay', '--consumer', 'nobody', '--since', '1h')
  expect([code, said]).toEqual([
    1,
    'There is no durable consumer nobody: there are loops-queue, notifier, reports, tasks, webhooks.\n',
  ])
})

test('a_service_republishes_what_was_lost_on_request', async () => {
  const event = { ...invited, id: 'LOST', source: '/loops/notifier', datacontenttype: 'application/json' }
  const { created, state } = await env.bus.jsm.streams.info(EVENTS_STREAM)
  const journal = env.mongo.database(notifier.name).collection<JournalEntry>(JOURNAL)
  await journal.insertOne({
    _id: 'LOST',
    subject: eventSubject(notifier.name, 'thing.lost', 'W'),
    event: event as JournalEntry['event'],
    at: new Date(),
    stream: created,
    seq: state.last_seq,
    expires_at: new Date('2100-01-01'),
  })
  expect(await events('replay', '--lost')).toMatchObject({
    code: 0,
    said: expect.stringContaining('1 event of the last 72 hours'),
  })
  await expect.poll(() => env.inStream(), { timeout: 20_000 }).toContain('LOST')
})

test('an_unknown_event_and_an_unknown_command_are_refused', async () => {
  expect(await events('dead', 'nobody/E')).toMatchObject({
    code: 1,
    said: expect.stringContaining('no dead letter nobody/E'),
  })
  expect(await events('bury')).toMatchObject({
    code: 1,
    said: expect.stringContaining('no such command: bury'),
  })
  expect(await events()).toMatchObject({ code: 0, said: expect.stringContaining('npm run events -- dead') })
})
