// What each user of infra/nats.conf may do on a real server. It is exactly what its service needs, derived from the
// contracts and the code.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PermissionViolationError } from '@nats-io/nats-core'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { MIGRATOR } from '../../services/start.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import {
  askersOf,
  eventSubject,
  everySubscriber,
  GATEWAY,
  requestSubject,
  subscriberOperationsOf,
  subscriberSubject,
} from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { MAX_DELIVER } from '../../shared/events/deliveries.ts'
import { consumerNames, countReplay, replay } from '../../shared/events/replay.ts'
import {
  ADVISORIES_STREAM,
  EVENTS_STREAM,
  keepConsumers,
  migrateStreams,
  openAdvisoryConsumer,
  openConsumer,
} from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { internalCallsOf } from '../support/architecture/calls.ts'
import {
  type GuardedNats,
  OPERATOR,
  passwordOf,
  SERVICE_USERS,
  startGuardedNats,
} from '../support/guarded-nats.ts'
import { addToFolder, type Credentials, connectSubscriber } from '../support/subscribers.ts'
import { SOME_ID } from '../support/tools.ts'

/** A team that reads all events, added as operators do. */
const SUBSCRIBER = 'reports'
const EVERYBODY = [...SERVICE_USERS, SUBSCRIBER]
/** The services that publish events. */
const PUBLISHERS = CONTRACTS.filter(({ events }) => Object.keys(events).length > 0).map(({ name }) => name)
/** Those that read events. */
const READERS = CONTRACTS.filter(({ consumes }) => consumes).map(({ name }) => name)

let server: GuardedNats
let subscriber: Credentials

const connectAs = (user: string, pass = passwordOf(user)): Promise<NatsConnection> => {
  if (user === SUBSCRIBER) return connectSubscriber(server.address, subscriber)
  return connect({
    servers: server.address,
    user,
    pass,
    inboxPrefix: `_INBOX.${user}`,
    reconnect: false,
  })
}

/** Runs the work, then returns the subjects that the server refused during it. */
const refusedWhile = async (nc: NatsConnection, work: () => void): Promise<string[]> => {
  const refused: string[] = []
  const watching = (async () => {
    for await (const status of nc.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.push(status.error.subject)
  })()
  work()
  // The answer to a flush comes after the refusals of all that was sent before it.
  await nc.flush()
  await nc.close()
  await watching
  return refused.toSorted()
}

const refusedToPublish = async (user: string, subjects: readonly string[]): Promise<string[]> => {
  const nc = await connectAs(user)
  return refusedWhile(nc, () => {
    for (const subject of subjects) nc.publish(subject)
  })
}

const refusedToSubscribe = async (user: string, subjects: readonly string[]): Promise<string[]> => {
  const nc = await connectAs(user)
  return refusedWhile(nc, () => {
    for (const subject of subjects) nc.subscribe(subject, { callback: () => undefined })
  })
}

const REQUESTS = CONTRACTS.flatMap((contract) =>
  Object.keys(contract.operations).map((name) => requestSubject(contract.name, name)),
)
const ASKED_BY_GATEWAY = CONTRACTS.flatMap((contract) =>
  Object.entries(contract.operations)
    .filter(([, operation]) => askersOf(operation).includes(GATEWAY))
    .map(([name]) => requestSubject(contract.name, name)),
)
const EVENTS = CONTRACTS.flatMap((contract) =>
  Object.keys(contract.events).map((name) => eventSubject(contract.name, name, SOME_ID)),
)
const under = (service: string): string => `evt.${service}.`

beforeAll(async () => {
  server = await startGuardedNats()
  const folder = await mkdtemp(join(tmpdir(), 'subscribers-'))
  const { credentials, conf } = await addToFolder(folder, SUBSCRIBER)
  await rm(folder, { recursive: true })
  subscriber = credentials
  await server.include(conf)
  await vi.waitFor(async () => (await connectAs(SUBSCRIBER)).close(), { timeout: 10_000 })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

describe('a connection', () => {
  test.each(EVERYBODY)('accepted_from_%s', async (user) => {
    const nc = await connectAs(user)
    await nc.close()
  })

  test('refused_with_another_password', async () => {
    await expect(connectAs('tasks', passwordOf('gateway'))).rejects.toThrow(/authorization/i)
  })

  test('refused_without_a_user', async () => {
    await expect(connect({ servers: server.address, reconnect: false })).rejects.toThrow(/authorization/i)
  })
})

describe.each(EVERYBODY)('%s', (user) => {
  test('may_send_the_requests_that_its_code_sends_and_no_other', async () => {
    const needed = user === GATEWAY ? ASKED_BY_GATEWAY : internalCallsOf(user)
    const others = REQUESTS.filter((subject) => !needed.includes(subject))
    expect(await refusedToPublish(user, REQUESTS)).toEqual(others.toSorted())
  })

  test('may_publish_its_own_events_only', async () => {
    const others = EVENTS.filter((subject) => !subject.startsWith(under(user)))
    expect(await refusedToPublish(user, EVENTS)).toEqual(others.toSorted())
  })

  test('may_answer_its_own_requests_only', async () => {
    const all = SERVICE_USERS.map((service) => `rpc.${service}.>`)
    expect(await refusedToSubscribe(user, all)).toEqual(
      all.filter((subject) => subject !== `rpc.${user}.>`).toSorted(),
    )
  })

  test('may_answer_subscribers_only_where_its_contract_says_so', async () => {
    const asked = subscriberOperationsOf(CONTRACTS)
    const others = asked.filter(({ service }) => service !== user).map(({ name }) => everySubscriber(name))
    expect(await refusedToSubscribe(user, others)).toEqual(others.toSorted())
  })

  test('may_ask_what_subscribers_may_in_its_own_name_only', async () => {
    const as = (name: string) =>
      subscriberOperationsOf(CONTRACTS).map((one) => subscriberSubject(one.name, name, 'evt.*.*.*.*'))
    const others = EVERYBODY.flatMap((other) => (user === SUBSCRIBER && other === user ? [] : as(other)))
    expect(await refusedToPublish(user, [...others, ...(user === SUBSCRIBER ? as(user) : [])])).toEqual(
      others.toSorted(),
    )
  })

  test('may_read_its_own_inbox_only', async () => {
    const all = EVERYBODY.map((other) => `_INBOX.${other}.>`)
    expect(await refusedToSubscribe(user, all)).toEqual(
      all.filter((subject) => subject !== `_INBOX.${user}.>`).toSorted(),
    )
  })

  test('may_not_listen_to_everything', async () => {
    const all = ['>', 'rpc.>', 'evt.>', '_INBOX.>', '$JS.>', '$SYS.>']
    expect(await refusedToSubscribe(user, all)).toEqual(all.toSorted())
  })

  test('may_not_harm_the_stream', async () => {
    const harm = [
      `$JS.API.STREAM.DELETE.${EVENTS_STREAM}`,
      `$JS.API.STREAM.PURGE.${EVENTS_STREAM}`,
      `$JS.API.STREAM.MSG.DELETE.${EVENTS_STREAM}`,
      `$JS.API.STREAM.SNAPSHOT.${EVENTS_STREAM}`,
      '$JS.API.STREAM.CREATE.OTHER',
      '$JS.API.STREAM.RESTORE.OTHER',
      ...EVERYBODY.map((other) => `$JS.API.CONSUMER.DELETE.${EVENTS_STREAM}.${other}`),
    ]
    expect(await refusedToPublish(user, harm)).toEqual(harm.toSorted())
  })

  // What a subscriber may not do is in its own tests.
  if (user !== SUBSCRIBER)
    test('may_not_make_or_change_a_stream_or_a_consumer', async () => {
      const streams = [EVENTS_STREAM, ADVISORIES_STREAM, 'OTHER']
      const changes = streams.flatMap((stream) => [
        ...['CREATE', 'UPDATE', 'DELETE'].map((what) => `$JS.API.STREAM.${what}.${stream}`),
        `$JS.API.CONSUMER.CREATE.${stream}`,
        ...[user, 'other'].flatMap((durable) => [
          `$JS.API.CONSUMER.CREATE.${stream}.${durable}`,
          `$JS.API.CONSUMER.CREATE.${stream}.${durable}.evt.tasks.task.created`,
          `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${durable}`,
          `$JS.API.CONSUMER.DELETE.${stream}.${durable}`,
          `$JS.API.CONSUMER.PAUSE.${stream}.${durable}`,
        ]),
      ])
      expect(await refusedToPublish(user, changes)).toEqual(changes.toSorted())
    })

  test('may_not_move_another_reader', async () => {
    const forms = EVERYBODY.filter((other) => other !== user).flatMap((other) => [
      `$JS.API.CONSUMER.CREATE.${EVENTS_STREAM}.${other}`,
      `$JS.API.CONSUMER.MSG.NEXT.${EVENTS_STREAM}.${other}`,
      `$JS.ACK.${EVENTS_STREAM}.${other}.1.1.1.1.0`,
      `$JS.ACK.domain.account.${EVENTS_STREAM}.${other}.1.1.1.1.0`,
    ])
    expect(await refusedToPublish(user, forms)).toEqual(forms.toSorted())
  })
})

describe('the stream of events', () => {
  const opened: Bus[] = []
  const busAs = async (user: string): Promise<Bus> => {
    const bus = await connectBus(server.urlOf(user), user, createLog({ filter: 'error', topic: user }))
    opened.push(bus)
    return bus
  }
  const ALL_EVENTS = SERVICE_USERS.map((service) => `evt.${service}.>`)
  const durables = READERS.map((durable) => ({ durable, subjects: ALL_EVENTS }))
  const subject = (service: string): string => eventSubject(service, 'thing.done', SOME_ID)
  afterAll(async () => {
    await Promise.all(opened.map((bus) => bus[Symbol.asyncDispose]()))
  })

  test('created_by_the_migrator_which_can_publish_nothing_read_nothing_and_call_no_service', async () => {
    const bus = await busAs(MIGRATOR)
    expect(await migrateStreams(bus, 1)).toBe(true)
    await keepConsumers(bus, durables, true)
    const others = [
      ...REQUESTS,
      ...EVENTS,
      ...READERS.flatMap((durable) => [
        `$JS.API.CONSUMER.MSG.NEXT.${EVENTS_STREAM}.${durable}`,
        `$JS.API.CONSUMER.DELETE.${EVENTS_STREAM}.${durable}`,
        `$JS.ACK.${EVENTS_STREAM}.${durable}.1.1.1.1.0`,
      ]),
      `$JS.API.DIRECT.GET.${EVENTS_STREAM}`,
      `$JS.API.STREAM.MSG.GET.${EVENTS_STREAM}`,
      `$JS.API.STREAM.DELETE.${EVENTS_STREAM}`,
      `$JS.API.STREAM.PURGE.${EVENTS_STREAM}`,
      '$JS.API.STREAM.CREATE.OTHER',
    ]
    expect(await refusedToPublish(MIGRATOR, others)).toEqual(others.toSorted())
    const subjects = [
      '>',
      'rpc.>',
      'evt.>',
      '$SRV.>',
      '_INBOX.tasks.>',
      requestSubject('tasks', 'delete_task'),
    ]
    expect(await refusedToSubscribe(MIGRATOR, subjects)).toEqual(subjects.toSorted())
  })

  test.each(PUBLISHERS)('published_to_by_%s', async (service) => {
    const bus = await busAs(service)
    expect(await bus.js.publish(subject(service), '{}')).toMatchObject({ stream: EVENTS_STREAM })
    await expect(bus.js.publish(subject(service === 'tasks' ? 'gateway' : 'tasks'), '{}')).rejects.toThrow()
  })

  test.each(READERS)('read_and_acknowledged_by_%s', async (user) => {
    const bus = await busAs(user)
    const consumer = await openConsumer(bus, user)
    for (const service of PUBLISHERS) {
      const message = await consumer.next()
      expect(message?.subject).toBe(subject(service))
      expect(await message?.ackAck()).toBe(true)
    }
    expect(await consumer.info()).toMatchObject({ num_ack_pending: 0, num_pending: 0 })
  })

  test('advisories_of_exhausted_deliveries_are_read_and_acknowledged_by_the_notifier', async () => {
    const [bus, publisher] = await Promise.all([busAs('notifier'), busAs('tasks')])
    const { seq } = await publisher.js.publish(subject('tasks'), '{}')
    const consumer = await openConsumer(bus, 'notifier')
    const advisories = await openAdvisoryConsumer(bus, 'notifier')
    for (let taken = 0; taken < MAX_DELIVER; ) {
      const message = await consumer.next({ expires: 5_000 })
      if (message?.seq === seq) {
        message.nak()
        taken += 1
      } else message?.ack()
    }
    // The server finds that it was the last delivery when somebody asks for the next.
    await consumer.next({ expires: 1_000 })
    const advisory = await advisories.next({ expires: 10_000 })
    expect(advisory?.json()).toMatchObject({ consumer: 'notifier', stream_seq: seq })
    expect(await advisory?.ackAck()).toBe(true)
    expect((await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq }))?.string()).toBe('{}')
  })

  test('replayed_by_the_operator_who_can_publish_nothing_and_call_no_service', async () => {
    const [bus, tasks] = await Promise.all([busAs(OPERATOR), busAs('tasks')])
    await tasks.js.publish(subject('tasks'), '{}')
    const notifier = await busAs('notifier')
    const consumer = await openConsumer(notifier, 'notifier')
    const since = new Date(0)
    const count = await countReplay(bus, 'notifier', since)
    expect(count).toBeGreaterThan(0)
    expect(await replay(bus, 'notifier', since)).toBe(count)
    expect(await consumerNames(bus)).toContain('notifier')
    expect((await consumer.next())?.subject).toBe(subject('tasks'))
    const subjects = [...REQUESTS, ...EVENTS]
    expect(await refusedToPublish(OPERATOR, subjects)).toEqual(subjects.toSorted())
  })
})
