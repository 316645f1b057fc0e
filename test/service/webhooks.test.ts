// Webhooks on real servers: events of the stream become signed calls to a real receiver. Calls fail, receivers are gone
// or slow, senders are killed; and roles decide who sees and changes what.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { MAX_WEBHOOKS, type WebhookDelivery } from '../../shared/contracts/webhooks/shapes.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { type Receiver, startReceiver, verify } from '../support/receiver.ts'
import {
  type Acting,
  ids,
  openEnvironment,
  person,
  refused,
  type TestEnvironment,
} from '../support/service-environment.ts'
import { shippedLoop } from '../support/shipped-loop.ts'

const open = new AsyncDisposableStack()
let env: TestEnvironment
let mongo: Mongo

beforeAll(async () => {
  env = open.use(await openEnvironment({ LOOPBACK_TARGETS: 'allowed' }))
  mongo = open.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
})
afterAll(() => open.disposeAsync())

/** Publishes an event as its service does, as many times as given. Returns its id. */
const publish = async (
  ws: string,
  [service, name]: readonly [string, string],
  data: Readonly<Record<string, unknown>>,
  times = 1,
): Promise<string> => {
  const [event] = stampEvents([{ name, data }], {
    service,
    workspace_id: ws,
    entity_id: ids.next(),
    version: 1,
    now: systemClock.now(),
    nextId: ids.next,
  })
  if (!event) throw new Error('One event was stamped.')
  for (let time = 0; time < times; time += 1)
    await env.bus.js.publish(event.subject, JSON.stringify(event.event))
  return event.id
}

const BY = { user_id: ids.next(), name: 'Ann', client: 'Test client' }
const CREATED = ['tasks', 'task.created'] as const
const task = (title: string, isPrivate = false) => ({
  task_id: ids.next(),
  title,
  status: 'open',
  priority: 'none',
  due_date: null,
  loop_id: null,
  private: isPrivate,
  version: 1,
  by: BY,
})
const SHIPPED = ['loops-queue', 'loop.shipped'] as const
const shipped = (name: string, visibility: 'public' | 'private') => shippedLoop({ name, visibility })

type Hooks = Acting<typeof webhooks>
type Workspace = AsyncDisposable & Readonly<{ ws: string; owner: Caller; ann: Hooks; receiver: Receiver }>

/** A workspace of its own, whose owner has a receiver. */
const openWorkspace = async (): Promise<Workspace> => {
  const ws = ids.next()
  const owner = person(ws, { role: 'owner' })
  const receiver = await startReceiver()
  return {
    ws,
    owner,
    ann: env.as(webhooks, owner),
    receiver,
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  }
}

const deliveriesOf = async (ann: Hooks, webhook_id: string): Promise<readonly WebhookDelivery[]> =>
  (await ann.list_webhook_deliveries({ webhook_id })).deliveries

const endedDeliveries = async (
  ann: Hooks,
  id: string,
  count: number,
): Promise<readonly WebhookDelivery[]> => {
  const ended = async () =>
    (await deliveriesOf(ann, id)).filter(({ status }) => status !== 'pending' && status !== 'sending')
  await expect.poll(async () => (await ended()).length).toBe(count)
  return ended()
}

const ledger = (of: Mongo = mongo) => of.database('webhooks').collection('deliveries')
/** Lets all leases, or all pauses, expire. */
const passTime = async (status: 'sending' | 'pending', of?: Mongo): Promise<void> => {
  await ledger(of).updateMany({ status }, { $set: { due_at: new Date(0) } })
}

describe('with two instances', () => {
  let running: AsyncDisposable
  beforeAll(async () => {
    running = await env.start('webhooks', 2)
  })
  afterAll(() => running?.[Symbol.asyncDispose]())

  test('an_event_is_one_call_that_the_receiver_can_verify_however_often_it_is_published', async () => {
    await using workspace = await openWorkspace()
    const { ws, ann, receiver } = workspace
    const { id, secret } = await ann.add_webhook({ url: receiver.url })
    const event = await publish(ws, SHIPPED, shipped('Autumn', 'public'), 3)
    const end = await publish(ws, CREATED, task('The end'))
    await endedDeliveries(ann, id, 2)
    expect(receiver.calls.map((call) => call.id).toSorted()).toEqual([event, end].toSorted())
    const call = receiver.calls.find((one) => one.id === event)
    if (!call) throw new Error('It was called.')
    expect(verify(secret, call)).toMatchObject({
      specversion: '1.0',
      id: event,
      type: 'loop.shipped',
      workspaceid: ws,
      data: { name: 'Autumn' },
    })
    expect(call.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8')
    expect(() => verify(secret, { ...call, body: call.body.replace('Autumn', 'Winter') })).toThrow()
    await expect.poll(async () => (await ann.list_webhooks({})).webhooks[0]?.delivered_at).not.toBeNull()
  })

  test('a_webhook_of_an_earlier_release_keeps_its_content_type', async () => {
    await using workspace = await openWorkspace()
    const { ws, ann, receiver } = workspace
    const { id } = await ann.add_webhook({ url: receiver.url })
    const webhooksOf = mongo.database('webhooks').collection<{ _id: string }>('webhooks')
    await webhooksOf.updateOne({ _id: id }, { $unset: { media_type: '' } })
    await publish(ws, CREATED, task('For all'))
    await endedDeliveries(ann, id, 1)
    expect(receiver.calls[0]?.headers['content-type']).toBe('application/json')
  })

  test('a_webhook_gets_only_its_events_of_its_workspace_since_it_was_added_and_nothing_private', async () => {
    await using workspace = await openWorkspace()
    await using other = await openWorkspace()
    const { ws, ann, receiver } = workspace
    await publish(ws, CREATED, task('Before'))
    // What happens in the millisecond in which a webhook is added counts as after it.
    const published_ms = Date.now()
    while (Date.now() === published_ms) await new Promise(setImmediate)
    const { id } = await ann.add_webhook({ url: receiver.url, events: ['task.created', 'loop.shipped'] })
    await other.ann.add_webhook({ url: other.receiver.url, events: ['loop.shipped'] })
    await publish(ws, CREATED, task('Secret', true))
    await publish(ws, SHIPPED, shipped('Hidden', 'private'))
    await publish(ws, ['gateway', 'person.password_reset_requested'], {
      reset_id: ids.next(),
      user_id: ids.next(),
    })
    await publish(ws, ['tasks', 'task.deleted'], task('Unwanted'))
    await publish(ws, CREATED, task('Open'))
    await publish(ws, SHIPPED, shipped('Last', 'public'))
    await endedDeliveries(ann, id, 2)
    expect(receiver.calls.map(({ event }) => event.data.title ?? event.data.name).toSorted()).toEqual([
      'Last',
      'Open',
    ])
    expect(other.receiver.calls).toEqual([])
  })

  test('a_failed_call_is_retried_with_the_same_id_until_it_succeeds', async () => {
    await using workspace = await openWorkspace()
    const { ws, ann, receiver } = workspace
    receiver.answer(500, (_, response) => response.destroy(), 302, 204)
    const { id } = await ann.add_webhook({ url: receiver.url })
    const event = await publish(ws, CREATED, task('Stubborn'))
    const answers: (string | null)[] = []
    for (let tries = 1; tries <= 3; tries += 1) {
      await receiver.called(tries)
      await expect
        .poll(async () => (await deliveriesOf(ann, id))[0])
        .toMatchObject({ status: 'pending', attempts: tries })
      const [row] = await deliveriesOf(ann, id)
      answers.push(row?.answer ?? null)
      expect(row?.next_try_at).not.toBeNull()
      await expect.poll(async () => (await ann.list_webhooks({})).webhooks[0]?.failing_since).not.toBeNull()
      await passTime('pending')
    }
    expect(answers).toEqual(['HTTP 500', 'not reached at a public address', 'HTTP 302'])
    const [row] = await endedDeliveries(ann, id, 1)
    expect(row).toMatchObject({ status: 'delivered', attempts: 4, answer: 'HTTP 204' })
    expect(receiver.calls.map((call) => call.id)).toEqual([event, event, event, event])
    await expect.poll(async () => (await ann.list_webhooks({})).webhooks[0]?.failing_since).toBeNull()
  })

  test('a_call_that_failed_for_a_day_is_given_up_and_can_be_replayed_alone_or_with_all_others', async () => {
    await using workspace = await openWorkspace()
    const { ws, ann, receiver } = workspace
    receiver.answer(500)
    const { id } = await ann.add_webhook({ url: receiver.url })
    for (const title of ['One', 'Two', 'Three']) await publish(ws, CREATED, task(title))
    await receiver.called(3)
    await ledger().updateMany({ ws }, { $set: { owed_since: new Date(0) } })
    await expect.poll(async () => (await ledger().find({ ws, status: 'pending' }).toArray()).length).toBe(3)
    await passTime('pending')
    const failed = await endedDeliveries(ann, id, 3)
    expect(failed.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
    receiver.answer(200)
    const tomorrow = new Date(systemClock.now().getTime() + 2 * 24 * 60 * 60_000).toISOString().slice(0, 10)
    expect(await ann.replay_failed({ webhook_id: id, since: tomorrow })).toEqual({ replayed: 0 })
    await ann.replay_delivery({ delivery_id: failed[0]?.id ?? '' })
    await expect
      .poll(async () => (await deliveriesOf(ann, id)).map(({ status }) => status).toSorted())
      .toEqual(['delivered', 'failed', 'failed'])
    expect(await ann.replay_failed({ webhook_id: id })).toEqual({ replayed: 2 })
    await expect
      .poll(async () => (await deliveriesOf(ann, id)).map(({ status }) => status))
      .toEqual(['delivered', 'delivered', 'delivered'])
  })

  test('a_receiver_that_is_gone_is_not_called_until_its_webhook_is_enabled', async () => {
    await using workspace = await openWorkspace()
    const { ws, ann, receiver } = workspace
    receiver.answer(410)
    const { id } = await ann.add_webhook({ url: receiver.url })
    await publish(ws, CREATED, task('Gone'))
    expect(await endedDeliveries(ann, id, 1)).toMatchObject([{ status: 'gone', answer: 'HTTP 410' }])
    await expect
      .poll(async () => (await ann.list_webhooks({})).webhooks[0])
      .toMatchObject({ status: 'disabled', reason: expect.stringContaining('410 Gone') })
    const unpublished = await publish(ws, CREATED, task('Not sent'))
    await ann.send_test({ webhook_id: id })
    await expect
      .poll(async () => (await deliveriesOf(ann, id)).map(({ answer }) => answer))
      .toContain('the webhook is disabled')
    receiver.answer(200)
    await ann.enable_webhook({ webhook_id: id })
    const published = await publish(ws, CREATED, task('Sent'))
    await receiver.called(2)
    expect(receiver.calls.map((call) => call.id)).toContain(published)
    expect(receiver.calls.map((call) => call.id)).not.toContain(unpublished)
  })

  test('a_slow_receiver_holds_up_nobody_else', async () => {
    await using slow = await openWorkspace()
    await using quick = await openWorkspace()
    slow.receiver.answer(() => undefined)
    const { id } = await slow.ann.add_webhook({ url: slow.receiver.url })
    const quickHook = await quick.ann.add_webhook({ url: quick.receiver.url })
    for (let count = 0; count < 60; count += 1) await publish(slow.ws, CREATED, task(`Slow ${count}`))
    await slow.receiver.called(2)
    for (let count = 0; count < 10; count += 1) await publish(quick.ws, CREATED, task(`Quick ${count}`))
    await endedDeliveries(quick.ann, quickHook.id, 10)
    // It has answered nothing, so each of the two instances has exactly one call under way.
    expect(slow.receiver.calls).toHaveLength(2)
    await slow.ann.remove_webhook({ webhook_id: id })
  })

  test('a_new_secret_and_the_one_before_both_verify_for_a_while', async () => {
    await using workspace = await openWorkspace()
    const { ann, receiver } = workspace
    const { id, secret } = await ann.add_webhook({ url: receiver.url })
    const { secret: next } = await ann.rotate_secret({ webhook_id: id })
    expect(next).not.toBe(secret)
    await ann.send_test({ webhook_id: id })
    const [call] = await receiver.called(1)
    if (!call) throw new Error('It was called.')
    for (const one of [secret, next]) expect(verify(one, call)).toMatchObject({ type: 'webhook.tested' })
    await mongo
      .database('webhooks')
      .collection<{ _id: string; v: number }>('webhooks')
      .updateOne({ _id: id }, { $set: { 'secrets.1.until': new Date(0) }, $inc: { v: 1 } })
    await ann.send_test({ webhook_id: id })
    const second = (await receiver.called(2))[1]
    if (!second) throw new Error('It was called twice.')
    expect(verify(next, second)).toMatchObject({ type: 'webhook.tested' })
    expect(() => verify(secret, second)).toThrow()
  })

  test('a_secret_is_stored_encrypted', async () => {
    await using workspace = await openWorkspace()
    const { secret } = await workspace.ann.add_webhook({ url: workspace.receiver.url })
    const kept = JSON.stringify(await mongo.database('webhooks').collection('webhooks').find().toArray())
    expect(kept).toContain(workspace.receiver.url)
    expect(kept).not.toContain(secret.slice('whsec_'.length))
    expect(JSON.stringify(await workspace.ann.list_webhooks({}))).not.toContain('whsec_')
  })

  test('a_workspace_stays_within_its_limit_of_webhooks_and_has_no_address_twice', async () => {
    await using workspace = await openWorkspace()
    const { ann, receiver } = workspace
    const add = (index: number) => ann.add_webhook({ url: `${receiver.url}/${index}` })
    for (let index = 0; index < MAX_WEBHOOKS - 2; index += 1) await add(index)
    const last = await Promise.allSettled([20, 21, 22, 23, 24].map(add))
    const refusals = last.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refusals).toEqual(['limit_exceeded', 'limit_exceeded', 'limit_exceeded'])
    expect((await ann.list_webhooks({})).webhooks).toHaveLength(MAX_WEBHOOKS)
    const [first] = (await ann.list_webhooks({})).webhooks
    expect((await refused(ann.add_webhook({ url: first?.url ?? '' }))).code).toBe('already_exists')
    await ann.remove_webhook({ webhook_id: first?.id ?? '' })
    await ann.add_webhook({ url: first?.url ?? '' })
  })

  test('webhooks_of_another_workspace_are_not_found_and_members_may_do_nothing', async () => {
    await using workspace = await openWorkspace()
    const { ws, ann, receiver } = workspace
    const { id } = await ann.add_webhook({ url: receiver.url })
    await ann.send_test({ webhook_id: id })
    const [delivery] = await endedDeliveries(ann, id, 1)
    const delivery_id = delivery?.id ?? ''
    const all = (as: Hooks) => [
      as.add_webhook({ url: `${receiver.url}/2` }),
      as.list_webhooks({}),
      as.remove_webhook({ webhook_id: id }),
      as.rotate_secret({ webhook_id: id }),
      as.enable_webhook({ webhook_id: id }),
      as.disable_webhook({ webhook_id: id }),
      as.send_test({ webhook_id: id }),
      as.list_webhook_deliveries({ webhook_id: id }),
      as.replay_delivery({ delivery_id }),
      as.replay_failed({ webhook_id: id }),
    ]
    const codes = (as: Hooks) => Promise.all(all(as).map(async (one) => (await refused(one)).code))
    for (const caller of [person(ws), person(ws, { role: 'viewer' }), null])
      expect(new Set(await codes(env.as(webhooks, caller)))).toEqual(new Set(['forbidden']))
    const stranger = env.as(webhooks, person(ids.next(), { role: 'owner' }))
    const [added, listed, ...others] = await Promise.allSettled(all(stranger))
    expect([added?.status, listed?.status]).toEqual(['fulfilled', 'fulfilled'])
    for (const one of others) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } })
    const unknown = await refused(stranger.remove_webhook({ webhook_id: ids.next() }))
    expect(unknown.message).toMatch(/^There is no webhook \w+ that you can see\.$/)
    expect((await ann.list_webhooks({})).webhooks).toMatchObject([{ status: 'active' }])
  })
})

test('an_address_on_this_machine_is_refused_unless_allowed_and_always_in_production', async () => {
  const given: readonly Record<string, string>[] = [
    {},
    { LOOPBACK_TARGETS: 'allowed', NODE_ENV: 'production' },
  ]
  for (const variables of given) {
    await using plain = await openEnvironment(variables)
    await plain.start('webhooks')
    const ann = plain.as(webhooks, person(ids.next(), { role: 'owner' }))
    const error = await refused(ann.add_webhook({ url: 'http://127.0.0.1:9/' }))
    expect(error).toMatchObject({ code: 'invalid_argument', extras: { details: { field: 'url' } } })
  }
})

test.each([
  ['call.claimed', 'never_made', 1],
  ['call.answered', 'made_and_not_recorded', 2],
] as const)('killed_at_%s: %s before, made by another when the lease has ended', async (step, _, calls) => {
  // An environment of its own, so that no pending call of another test kills the process first.
  await using own = await openEnvironment({ LOOPBACK_TARGETS: 'allowed' })
  await using receiver = await startReceiver()
  const ann = own.as(webhooks, person(ids.next(), { role: 'owner' }))
  const { died } = await own.startFaulty('webhooks', step)
  const { id } = await ann.add_webhook({ url: receiver.url })
  await ann.send_test({ webhook_id: id })
  expect(await died).toBe('SIGKILL')
  await using ledgers = await connectMongo(own.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  await passTime('sending', ledgers)
  await own.start('webhooks')
  const [row] = await endedDeliveries(ann, id, 1)
  expect(row).toMatchObject({ status: 'delivered', attempts: 2 })
  expect(receiver.calls).toHaveLength(calls)
  expect(new Set(receiver.calls.map((call) => call.id)).size).toBe(1)
})
