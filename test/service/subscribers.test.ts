// What the key of `npm run subscriber` allows on a server with infra/nats.conf. A program of another team reads the
// events of its filter and nothing else, however a request is put together.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { SUBSCRIBERS_DOMAIN } from '../../infra/subscribers/access.ts'
import { MIGRATOR } from '../../services/start.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { serve } from '../../shared/bus/serve.ts'
import {
  defineContract,
  eventFilter,
  eventSubject,
  everySubscriber,
  internal,
  requestSubject,
  subscriberOperation,
  subscriberSubject,
} from '../../shared/contracts/define/contract.ts'
import { serveSubscribers } from '../../shared/events/serve-subscribers.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { type GuardedNats, startGuardedNats } from '../support/guarded-nats.ts'
import { keysOf } from '../support/keys.ts'
import {
  addToFolder,
  type Credentials,
  connectSubscriber,
  subscriberCommand,
} from '../support/subscribers.ts'
import { OTHER_ID, SOME_ID } from '../support/tools.ts'

const FILED = eventSubject('tasks', 'task.created', SOME_ID)
const FILED_ELSEWHERE = eventSubject('tasks', 'task.created', OTHER_ID)
const JOINED = eventSubject('gateway', 'person.joined', SOME_ID)
const domain = SUBSCRIBERS_DOMAIN

let server: GuardedNats
let folder: string
const services: Record<'tasks' | 'gateway', Bus> = {} as never
const given: Record<string, Credentials> = {}
const connections: NatsConnection[] = []

const connected = async (name: string): Promise<NatsConnection> => {
  const nc = await vi.waitFor(() => connectSubscriber(server.address, given[name]!), { timeout: 10_000 })
  connections.push(nc)
  return nc
}
const add = async (name: string, ...args: string[]): Promise<void> => {
  const { credentials, conf } = await addToFolder(folder, name, args)
  given[name] = credentials
  await server.include(conf)
}

beforeAll(async () => {
  server = await startGuardedNats()
  folder = await mkdtemp(join(tmpdir(), 'subscribers-'))
  const log = createLog({ filter: 'error', topic: 'test' })
  for (const name of ['tasks', 'gateway'] as const)
    services[name] = await connectBus(server.urlOf(name), name, log, keysOf(name))
  const migrator = await connectBus(server.urlOf(MIGRATOR), MIGRATOR, log)
  await migrator.jsm.streams.add({ name: EVENTS_STREAM, subjects: [`${FILED.split('.')[0]}.>`] })
  await migrator[Symbol.asyncDispose]()
  for (const [service, subject] of [
    ['tasks', FILED],
    ['tasks', FILED_ELSEWHERE],
    ['gateway', JOINED],
  ] as const)
    await services[service].js.publish(subject, '{}')
  await add('all')
  await add('board', '--events', eventFilter('tasks', 'task.created'))
  await add('tenant', '--workspace', SOME_ID)
})
afterAll(async () => {
  await Promise.all(connections.map((nc) => nc.close()))
  await Promise.all(Object.values(services).map((bus) => bus[Symbol.asyncDispose]()))
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const consumerOf = async (nc: NatsConnection, config: Partial<ConsumerConfig>) => {
  const durable_name = config.durable_name ?? ''
  const jsm = await jetstreamManager(nc, { domain })
  await jsm.consumers.add(EVENTS_STREAM, { ack_policy: AckPolicy.Explicit, ...config })
  return jetstream(nc, { domain }).consumers.get(EVENTS_STREAM, durable_name)
}
const readAll = async (name: string): Promise<string[]> => {
  const { EVENTS: filter_subject, SUBSCRIBER: durable_name } = given[name]!
  const consumer = await consumerOf(await connected(name), { durable_name, filter_subject })
  const subjects: string[] = []
  for await (const message of await consumer.fetch({ max_messages: 10, expires: 1_000 })) {
    subjects.push(message.subject)
    expect(await message.ackAck()).toBe(true)
  }
  return subjects
}

describe('a subscriber', () => {
  test('reads_and_acknowledges_all_events', async () => {
    expect(await readAll('all')).toEqual([FILED, FILED_ELSEWHERE, JOINED])
    expect(await readAll('all')).toEqual([])
  })

  test('reads_the_events_of_its_filter', async () => {
    expect(await readAll('board')).toEqual([FILED, FILED_ELSEWHERE])
  })

  test('reads_the_events_of_its_workspace', async () => {
    expect(await readAll('tenant')).toEqual([FILED, JOINED])
  })
})

/** Sends a request unchanged. Returns the error in its answer, or what prevented sending it. */
const refusalOf = async (nc: NatsConnection, subject: string, body: unknown = {}): Promise<string> => {
  try {
    const answer = await nc.request(subject, JSON.stringify(body), { timeout: 2_000 })
    return answer.json<{ error?: { description: string } }>().error?.description ?? 'done'
  } catch (error) {
    return String(error)
  }
}

describe('a subscriber of few events', () => {
  const CREATE = `$JS.${domain}.API.CONSUMER.CREATE.${EVENTS_STREAM}`
  const board = (config: object) => ({
    stream_name: EVENTS_STREAM,
    config: { name: 'board', durable_name: 'board', ack_policy: 'explicit', ...config },
  })
  const mine = () => `${CREATE}.board.${given.board?.EVENTS}`
  const everything = `${FILED.split('.')[0]}.>`

  test('may_request_less_than_its_filter', async () => {
    const filter_subject = FILED
    const subject = `${CREATE}.board.${filter_subject}`
    expect(await refusalOf(await connected('board'), subject, board({ filter_subject }))).toBe('done')
  })

  test.each([
    ['in_the_body', board({ filter_subject: everything }), /did not match/],
    ['by_no_filter', board({}), /did not match/],
    ['by_many_filters', board({ filter_subjects: [FILED, JOINED] }), /multiple subject filters/],
    ['under_another_name', board({ name: 'all', durable_name: 'all' }), /does not match/],
  ])('cannot_be_widened_%s', async (_, body, refusal) => {
    expect(await refusalOf(await connected('board'), mine(), body)).toMatch(refusal)
  })

  test.each([
    ['a_consumer_of_every_event', `${CREATE}.board`],
    ['a_consumer_of_other_events', `${CREATE}.board.${everything}`],
    ['a_consumer_of_another_name', `${CREATE}.other.${eventFilter('tasks', 'task.created')}`],
    ['a_consumer_of_the_old_form', `$JS.${domain}.API.CONSUMER.DURABLE.CREATE.${EVENTS_STREAM}.board`],
    ['the_place_of_another', `$JS.${domain}.API.CONSUMER.MSG.NEXT.${EVENTS_STREAM}.all`],
    ['the_state_of_another', `$JS.${domain}.API.CONSUMER.INFO.${EVENTS_STREAM}.all`],
    ['the_stream_itself', `$JS.${domain}.API.STREAM.INFO.${EVENTS_STREAM}`],
    ['one_message', `$JS.${domain}.API.STREAM.MSG.GET.${EVENTS_STREAM}`],
    ['one_message_directly', `$JS.${domain}.API.DIRECT.GET.${EVENTS_STREAM}`],
    ['the_removal_of_messages', `$JS.${domain}.API.STREAM.PURGE.${EVENTS_STREAM}`],
    ['its_own_removal', `$JS.${domain}.API.CONSUMER.DELETE.${EVENTS_STREAM}.board`],
  ])('may_not_ask_for_%s', async (_, subject) => {
    expect(await refusalOf(await connected('board'), subject)).toMatch(/permissions violation/i)
  })
})

test('nothing_that_a_subscriber_has_delivered_to_itself_reaches_a_service', async () => {
  const received: string[] = []
  const request = requestSubject('tasks', 'delete_task')
  services.tasks.nc.subscribe(requestSubject('tasks', '>'), {
    callback: (_, { subject }) => void received.push(subject),
  })
  const before = (await services.tasks.jsm.streams.info(EVENTS_STREAM)).state.messages
  await services.tasks.js.publish(FILED, '{}')
  const nc = await connected('board')
  const next = `$JS.${domain}.API.CONSUMER.MSG.NEXT.${EVENTS_STREAM}.board`
  for (const reply of [request, JOINED, `_INBOX.tasks.x`])
    nc.publish(next, JSON.stringify({ batch: 1, no_wait: true }), { reply })
  await nc.flush()
  await services.tasks.nc.flush()
  expect((await services.tasks.jsm.streams.info(EVENTS_STREAM)).state.messages).toBe(before + 1)
  expect(received).toEqual([])
})

test('an_event_that_a_subscriber_pushes_to_a_service_is_not_a_request', async () => {
  const calls: unknown[] = []
  const operation = internal({
    description: 'Anything.',
    input: z.object({}),
    output: z.object({}),
    errors: [],
  })
  const contract = defineContract({
    name: 'tasks',
    version: '1.0.0',
    description: 'Takes what comes.',
    operations: { take: operation },
    events: {},
  })
  const take = async (input: unknown) => {
    calls.push(input)
    return {}
  }
  await using _ = await serve(services.tasks, contract, { take }, { clock: systemClock })
  const [CREATE, INFO] = ['CREATE', 'INFO'].map(
    (what) => `$JS.${domain}.API.CONSUMER.${what}.${EVENTS_STREAM}.pusher`,
  )
  await add('pusher')
  const pusher = await connected('pusher')
  const { EVENTS: filter_subject } = given.pusher!
  const config = {
    ...{ name: 'pusher', durable_name: 'pusher', ack_policy: 'none', filter_subject },
    ...{ deliver_subject: requestSubject('tasks', 'take'), deliver_group: 'tasks' },
  }
  expect(await refusalOf(pusher, `${CREATE}.${filter_subject}`, { stream_name: EVENTS_STREAM, config })).toBe(
    'done',
  )
  await expect
    .poll(async () => (await pusher.request(INFO ?? '')).json<ConsumerInfo>().delivered.consumer_seq)
    .toBeGreaterThan(0)
  await services.tasks.nc.flush()
  expect(calls).toEqual([])
})

test('a_request_forwarded_in_the_name_of_another_subscriber_is_not_answered', async () => {
  const asked: string[] = []
  const received: string[] = []
  const contract = defineContract({
    name: 'gateway',
    version: '1.0.0',
    description: 'Answers.',
    operations: {},
    events: {},
    forSubscribers: {
      snapshot: subscriberOperation({
        ...{ title: 'Anything', description: 'Anything.', errors: [] },
        ...{ input: z.object({}), output: z.object({}) },
      }),
    },
  })
  const snapshot = async (_: object, { subscriber }: { subscriber: string }) => {
    asked.push(subscriber)
    return {}
  }
  const options = { clock: systemClock, ids: systemIds(), count: () => 0 }
  await using _ = await serveSubscribers(services.gateway, contract, { snapshot }, options)
  const log = createLog({ filter: 'error', topic: 'test' })
  await using listening = await connectBus(server.urlOf('gateway'), 'gateway', log)
  listening.nc.subscribe(everySubscriber('snapshot'), {
    callback: (_, { subject }) => void received.push(subject),
  })
  await listening.nc.flush()
  const of = (name: string, filter: string): string => subscriberSubject('snapshot', name, filter)
  const another = of('all', FILED)
  await add('sender')
  const sender = await connected('sender')
  sender.publish(of('sender', given.sender!.EVENTS), '{}', { reply: another })
  expect(await refusalOf(sender, of('sender', FILED))).toBe('done')
  await listening.nc.flush()
  expect(received).not.toContain(another)
  expect(asked).toEqual(['sender', 'sender'])
})

test('locked_out_when_removed_while_the_services_stay_connected', async () => {
  const nc = await connected('tenant')
  const closed = nc.closed()
  const connection = services.tasks.nc.info?.client_id
  await subscriberCommand(['remove', 'tenant', '--folder', folder])
  const { conf } = await addToFolder(folder, 'later')
  await server.include(conf)
  await closed
  await expect(connectSubscriber(server.address, given.tenant!)).rejects.toThrow(/authorization/i)
  await services.tasks.nc.flush()
  expect(services.tasks.nc.info?.client_id).toBe(connection)
})
