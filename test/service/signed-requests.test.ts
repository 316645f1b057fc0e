// What somebody who holds a service's password for NATS can make another service do: nothing that its own signature does not
// carry. A victim serves, the attacker reaches the bus in every way there is, and each request is refused, counted and logged.
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream'
import { headers, type MsgHdrs } from '@nats-io/nats-core'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import { client } from '../../shared/bus/client.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import { serve } from '../../shared/bus/serve.ts'
import { CLOCK_TOLERANCE_MS } from '../../shared/bus/signature.ts'
import { defineContract, internal, requestSubject, tool } from '../../shared/contracts/define/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { serviceKeys } from '../../shared/process/service-keys.ts'
import { keysOf, TEST_SECRET } from '../support/keys.ts'
import { person, refused } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const Input = z.object({ task_id: z.string() })
const annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false }
const victim = defineContract({
  name: 'tasks',
  version: '1.0.0',
  description: 'What is attacked.',
  operations: {
    delete_task: tool({
      ...{ title: 'Delete', description: 'Deletes.', scope: 'loops:write', annotations },
      ...{ input: Input, output: z.object({}), errors: [] },
    }),
    finish_move: internal({
      ...{ description: 'For one service alone.', asked_by: ['loops-queue'] },
      ...{ input: Input, output: z.object({}), errors: [] },
    }),
    count: internal({ description: 'For the gateway.', input: Input, output: z.object({}), errors: [] }),
  },
  events: {},
})
const DELETE = requestSubject('tasks', 'delete_task')

const { natsUrl } = freshStack()
const ids = systemIds()
const done: string[] = []
const lines: string[] = []
const log = createLog({ filter: 'warn', topic: 'test', pretty: false, write: (line) => lines.push(line) })
const buses: Bus[] = []
let gateway: Bus
let attacker: NatsConnection
/** The newest request that reached the victim, as an eavesdropper could record it. */
let captured: { subject: string; headers: MsgHdrs; data: Uint8Array } | undefined

const caller = person('W', { role: 'owner' })
const call = () => ({ ...ownCall(clock, ids.next()), caller })
const open = async (service: string, keys = keysOf(service)): Promise<Bus> => {
  const bus = await connectBus(natsUrl, service, log, keys)
  buses.push(bus)
  return bus
}
const handle = async ({ task_id }: { task_id: string }) => {
  done.push(task_id)
  return {}
}
/** Serves as the victim; a second instance has not seen the requests of the first. */
const serveVictim = async (off_ms = 0, unsigned?: 'accepted') =>
  serve(
    await open('tasks'),
    victim,
    { delete_task: handle, finish_move: handle, count: handle },
    {
      clock: { ...clock, now: () => new Date(clock.now().getTime() + off_ms) },
      ...(unsigned ? { unsigned } : {}),
    },
  )
/** How often the victims have refused so far, by reason. */
const counted = async (reason: string): Promise<number> => {
  let count = 0
  for await (const stats of await gateway.nc.requestMany('$SRV.STATS.tasks', '', { maxWait: 1_000 }))
    for (const { data } of stats.json<{ endpoints: { data: { refused: Record<string, number> } }[] }>()
      .endpoints)
      count += data.refused[reason] ?? 0
  return count
}
/** Sends a request unchanged and returns the reason of the refusal. */
const sent = async (subject: string, h: MsgHdrs, data: Uint8Array | string): Promise<unknown> => {
  const answer = await attacker.request(subject, data, { headers: h, timeout: 5_000 })
  return answer.json<{ request_refused?: string }>().request_refused
}
const copyOf = (from: MsgHdrs, changes: Record<string, string> = {}): MsgHdrs => {
  const h = headers()
  for (const key of from.keys()) h.set(key, changes[key] ?? from.get(key))
  return h
}
/** A request that the gateway really made, which the victim has answered. */
const capture = async (task_id: string): Promise<NonNullable<typeof captured>> => {
  captured = undefined
  await client(gateway, victim).delete_task({ task_id }, call())
  await expect.poll(() => captured).toBeDefined()
  done.length = 0
  return captured as NonNullable<typeof captured>
}

let victims: AsyncDisposable
beforeAll(async () => {
  gateway = await open('gateway')
  victims = await serveVictim()
  attacker = await connect({ servers: natsUrl.replace(/\/\/.*@/, '//'), ...loginOf(natsUrl) })
  attacker.subscribe('rpc.tasks.>', {
    callback: (_, msg) => {
      captured = { subject: msg.subject, headers: msg.headers as MsgHdrs, data: msg.data }
    },
  })
  await attacker.flush()
})
afterAll(async () => {
  await attacker?.close()
  await victims?.[Symbol.asyncDispose]()
  for (const bus of buses) await bus[Symbol.asyncDispose]()
})
beforeEach(() => {
  done.length = 0
  lines.length = 0
})

const loginOf = (url: string) => {
  const { username: user, password: pass } = new URL(url)
  return { user, pass }
}

test('a_request_of_the_gateway_is_accepted', async () => {
  await client(gateway, victim).delete_task({ task_id: 'mine' }, call())
  expect(done).toEqual(['mine'])
})

test('refused_when_a_push_consumer_delivers_a_forged_or_a_captured_request', async () => {
  const real = await capture('pushed')
  const forged = headers()
  forged.set('Loops-Request-Id', ids.next())
  forged.set('Loops-Caller', Buffer.from(JSON.stringify(caller)).toString('base64url'))
  const jsm = await jetstreamManager(attacker)
  await jsm.streams.add({ name: 'PUSH', subjects: ['evt.attack.>'] })
  await jsm.consumers.add('PUSH', {
    ...{
      durable_name: 'push',
      deliver_subject: DELETE,
      deliver_group: 'tasks',
      ack_policy: AckPolicy.Explicit,
      max_deliver: 2,
    },
  })
  const before = await counted('from_stream')
  attacker.publish('evt.attack.a', '{"task_id":"forged"}', { headers: forged })
  attacker.publish('evt.attack.b', real.data, { headers: copyOf(real.headers) })
  await expect.poll(() => counted('from_stream')).toBeGreaterThanOrEqual(before + 2)
  await expect.poll(async () => (await jsm.consumers.info('PUSH', 'push')).num_ack_pending).toBeGreaterThan(0)
  expect(done).toEqual([])
  expect(lines.join()).toContain('from_stream')
  await jsm.streams.delete('PUSH')
})

test('refused_when_a_stream_republishes_it', async () => {
  const real = await capture('republished')
  const jsm = await jetstreamManager(attacker)
  await jsm.streams.add({
    ...{ name: 'AGAIN', subjects: ['evt.again'], republish: { src: 'evt.again', dest: DELETE } },
  })
  const before = await counted('from_stream')
  attacker.publish('evt.again', real.data, { headers: copyOf(real.headers) })
  await expect.poll(() => counted('from_stream')).toBe(before + 1)
  expect(done).toEqual([])
  await jsm.streams.delete('AGAIN')
})

test('refused_unsigned', async () => {
  const before = await counted('unsigned')
  const h = headers()
  h.set('Loops-Request-Id', ids.next())
  h.set('Loops-Caller', Buffer.from(JSON.stringify(caller)).toString('base64url'))
  expect(await sent(DELETE, h, '{"task_id":"T"}')).toBe('unsigned')
  expect(await counted('unsigned')).toBe(before + 1)
  expect(lines.join()).toContain('request refused at the gate')
  expect(done).toEqual([])
})

test('refused_for_another_operation_input_or_caller', async () => {
  const { headers: h, data } = await capture('T')
  const before = await counted('forged')
  expect(await sent(requestSubject('tasks', 'count'), copyOf(h), data)).toBe('forged')
  expect(await sent(DELETE, copyOf(h), '{"task_id":"other"}')).toBe('forged')
  const other = Buffer.from(JSON.stringify({ ...caller, workspace_id: 'other' })).toString('base64url')
  expect(await sent(DELETE, copyOf(h, { 'Loops-Caller': other }), data)).toBe('forged')
  expect(await counted('forged')).toBe(before + 3)
  expect(done).toEqual([])
})

test('refused_the_second_time', async () => {
  const { headers: h, data } = await capture('T')
  expect(await sent(DELETE, copyOf(h), data)).toBe('repeated')
  expect(done).toEqual([])
})

test('refused_late', async () => {
  const { headers: h, data } = await capture('T')
  await victims[Symbol.asyncDispose]()
  victims = await serveVictim(CLOCK_TOLERANCE_MS + 60_000)
  expect(await sent(DELETE, copyOf(h), data)).toBe('late')
  await victims[Symbol.asyncDispose]()
  victims = await serveVictim(10 * 60_000)
  await client(gateway, victim).delete_task({ task_id: 'clocks differ' }, call())
  expect(done).toEqual(['clocks differ'])
  await victims[Symbol.asyncDispose]()
  victims = await serveVictim()
})

test('refused_to_a_service_that_may_not_make_it', async () => {
  const before = await counted('not_allowed')
  const queue = client(await open('loops-queue'), victim)
  const theirs = call()
  for (const asked of [queue.delete_task({ task_id: 'T' }, theirs), queue.count({ task_id: 'T' }, theirs)])
    expect(await refused(asked)).toMatchObject({ code: 'unavailable' })
  expect(await refused(client(gateway, victim).finish_move({ task_id: 'T' }, call()))).toMatchObject({
    code: 'unavailable',
  })
  expect(await counted('not_allowed')).toBe(before + 3)
  expect(done).toEqual([])
  await queue.finish_move({ task_id: 'theirs' }, call())
  expect(done).toEqual(['theirs'])
})

test('refused_under_the_keys_of_another_pair', async () => {
  const keys = keysOf('webhooks')
  const asGateway = { ...keys, service: 'gateway', asking: () => keys.asking('tasks') }
  const forged = client(await open('webhooks', asGateway), victim)
  expect(await refused(forged.delete_task({ task_id: 'T' }, call()))).toMatchObject({ code: 'unavailable' })
  expect(done).toEqual([])
})

test('signed_with_the_old_secret_where_the_new_one_is_not_known_yet', async () => {
  const secrets = ['a new secret that the victim does not have yet', TEST_SECRET]
  const changed = await open('gateway', serviceKeys('gateway', { service_secrets: [], secrets }))
  await client(changed, victim).delete_task({ task_id: 'both' }, call())
  expect(done).toEqual(['both'])
})

test('accepted_unsigned_only_while_a_release_that_does_not_sign_is_being_replaced', async () => {
  await victims[Symbol.asyncDispose]()
  victims = await serveVictim(0, 'accepted')
  const h = headers()
  h.set('Loops-Request-Id', ids.next())
  h.set('Loops-Caller', Buffer.from(JSON.stringify(caller)).toString('base64url'))
  expect(await sent(DELETE, h, '{"task_id":"of the release before"}')).toBeUndefined()
  expect(done).toEqual(['of the release before'])
  const real = await capture('T')
  expect(await sent(DELETE, copyOf(real.headers), '{"task_id":"other"}')).toBe('forged')
})
