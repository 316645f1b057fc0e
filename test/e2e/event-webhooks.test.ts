// `events/subscribe` as a client of the Events extension asks for it, with a receiver that follows the specification.
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { bodyOf, type EventReceiver, newSecret, startEventReceiver } from '../support/event-receiver.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { verify } from '../support/receiver.ts'
import { type System, startSystem } from '../support/system.ts'

const SECRET = newSecret()

let system: System
let owner: Account
let manager: McpClient
let client: McpClient
let receiver: EventReceiver
beforeAll(async () => {
  system = await startSystem({ instances: 2, env: { LOOPBACK_TARGETS: 'allowed' } })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  manager = await agentOf(system, owner, { name: 'manager' })
})
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]()
  await system?.stop()
})
beforeEach(async () => {
  client = await agentOf(system, owner, { era: 'modern', name: 'agent' })
  receiver = await startEventReceiver()
})
afterEach(async () => {
  await receiver[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
})

type Params = Readonly<Record<string, unknown>>
const Result = z.looseObject({})
const request = (method: string, params: Params) =>
  (client.raw as unknown as Client).request({ method, params }, Result)
const asked = (given: Params = {}, delivery: Params = {}) => ({
  name: 'task.approved',
  arguments: {},
  delivery: { mode: 'webhook', url: receiver.url, secret: SECRET, ...delivery },
  ...given,
})
const idsOfApps = async (): Promise<string[]> =>
  (await owner.browser.open('/apps')).text.match(/(?<=\/apps\/)[^/"]+(?=\/disconnect)/g) ?? []
const approve = async (title: string): Promise<string> => {
  const { task } = await manager.call('create_task', { title })
  await manager.call('update_task', { task_id: task.id, status: 'approved' })
  return task.id
}

test('a_subscription_is_verified_told_refreshed_and_ended', async () => {
  const subscribed = await request('events/subscribe', asked({ ttlMs: 600_000 }))
  expect(subscribed).toMatchObject({ id: expect.stringMatching(/^sub_/), cursor: null, truncated: false })
  const lasts_ms = Date.parse(String(subscribed.refreshBefore)) - Date.now()
  expect(lasts_ms).toBeLessThanOrEqual(600_000)
  expect(receiver.calls.map(bodyOf)).toMatchObject([{ type: 'verification' }])

  const task_id = await approve('Moor the barge')
  const [, told] = await receiver.called(2)
  if (!told) throw new Error('it was called')
  verify(SECRET, told)
  expect(told.headers).toMatchObject({ 'x-mcp-subscription-id': subscribed.id })
  expect(bodyOf(told)).toMatchObject({ eventId: told.id, name: 'task.approved', data: { task_id } })

  const again = await request('events/subscribe', asked({ cursor: 'what it had' }))
  expect(again).toMatchObject({ id: subscribed.id, truncated: false, deliveryStatus: { active: true } })
  const target = { name: 'task.approved', arguments: {}, delivery: { url: receiver.url } }
  await request('events/unsubscribe', target)
  await expect(request('events/unsubscribe', target)).rejects.toMatchObject({
    code: -32_023,
    data: { kind: 'subscription' },
  })
})

test('of_a_connection_that_its_person_ends_the_receiver_hears_that_it_ended_and_nothing_more', async () => {
  const [before, { browser }] = [await idsOfApps(), owner]
  await using other = await agentOf(system, owner, { era: 'modern', name: 'other' })
  const [id] = (await idsOfApps()).filter((one) => !before.includes(one))
  await (other.raw as unknown as Client).request({ method: 'events/subscribe', params: asked() }, Result)
  await browser.submit(`/apps/${id}/disconnect`, {})
  await approve('Nobody may know')
  const [, ended] = await receiver.called(2)
  if (!ended) throw new Error('it was called')
  verify(SECRET, ended)
  expect(bodyOf(ended)).toEqual({
    type: 'terminated',
    error: { code: -32_024, message: 'Forbidden', data: { reason: 'Access revoked' } },
  })
})

describe('what_does_not_fit_is_refused_in_the_words_of_the_extension', () => {
  test.each([
    ['an unknown type', { name: 'task.sung' }, {}, -32_023, { kind: 'event' }],
    ['another mode', {}, { mode: 'push' }, -32_026, { feature: 'deliveryMode', value: 'push' }],
    ['a wrong argument', { arguments: { loop_id: 'x' } }, {}, -32_602, undefined],
    ['no https', {}, { url: 'ftp://example.com/' }, -32_602, undefined],
    ['no address', {}, { url: 'hook' }, -32_602, undefined],
    ['a secret of another form', {}, { secret: 'secret' }, -32_602, undefined],
    ['no secret', {}, { secret: undefined }, -32_602, undefined],
    ['nobody there', {}, { url: 'http://127.0.0.1:1/' }, -32_027, { reason: 'connection_refused' }],
  ])('%s', async (_, given, delivery, code, data) => {
    await expect(request('events/subscribe', asked(given, delivery))).rejects.toMatchObject({
      code,
      ...(data ? { data } : {}),
    })
    expect(receiver.calls).toEqual([])
  })

  test('an_address_that_does_not_confirm', async () => {
    receiver.answer(200)
    await expect(request('events/subscribe', asked())).rejects.toMatchObject({
      code: -32_027,
      data: { reason: 'challenge_failed' },
    })
  })

  test('a_connection_that_may_not_read', async () => {
    await using other = await agentOf(system, owner, {
      era: 'modern',
      without: ['loops:read', 'loops:write'],
    })
    const { raw } = other
    await expect(
      (raw as unknown as Client).request({ method: 'events/subscribe', params: asked() }, Result),
    ).rejects.toMatchObject({ code: -32_024 })
  })
})
