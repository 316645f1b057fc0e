// Subscriptions of agents to types of event over webhooks (SEP-3415), on real services: verified before the first call, told
// what their connection may know at each call, ended with it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { MAX_SUBSCRIPTIONS, SUBSCRIPTION_MS } from '../../shared/contracts/webhooks/subscriptions.ts'
import { type AgentsEnvironment, agentOf, openAgentsEnvironment } from '../support/agents-environment.ts'
import { bodyOf, type EventReceiver, newSecret, startEventReceiver } from '../support/event-receiver.ts'
import { type Received, verify } from '../support/receiver.ts'
import { type Acting, ids, refused } from '../support/service-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment({ LOOPBACK_TARGETS: 'allowed' })
})
afterAll(() => env?.[Symbol.asyncDispose]())

const documents = () =>
  env.database('webhooks').collection<Record<string, unknown> & { _id: string }>('subscriptions')
const deliveries = () => env.database('webhooks').collection('event_deliveries')

/** Gives a person a connection by an app, as consent does. */
const connect = async (owner: Caller): Promise<Caller> => {
  const agent = agentOf(owner)
  await env
    .database('gateway')
    .collection<Record<string, unknown> & { _id: string }>('grants')
    .insertOne({
      _id: String(agent.grant_id),
      client_id: agent.client_id,
      client_name: agent.client_name,
      user_id: owner.user_id,
      ws: owner.workspace_id,
      scopes: [...agent.scopes],
      gen: 1,
      revoked: null,
      ended_tokens: [],
      ends_at: new Date(Date.now() + 3_600_000),
      purge_at: new Date(Date.now() + 3_600_000),
    })
  return agent
}
const changeGrant = (agent: Caller, change: Readonly<Record<string, unknown>>) =>
  env
    .database('gateway')
    .collection<{ _id: string }>('grants')
    .updateOne({ _id: String(agent.grant_id) }, { $set: change })

type World = Readonly<{
  owner: Caller
  agent: Caller
  hooks: Acting<typeof webhooks>
  receiver: EventReceiver
}>
const openWorld = async (stack: AsyncDisposableStack): Promise<World> => {
  const owner = await env.newOwner()
  const agent = await connect(owner)
  const receiver = stack.use(await startEventReceiver())
  return { owner, agent, hooks: env.as(webhooks, agent), receiver }
}

/** Somebody else in the workspace of an owner. */
const memberOf = async (owner: Caller): Promise<Caller> => {
  const people = env.database('gateway').collection<Record<string, unknown> & { _id: string }>('people')
  const found = await people.findOne({ _id: owner.user_id })
  const { _id: _, memberships, ...same } = found ?? { _id: '', memberships: [] }
  const _id = ids.next()
  const joined = (memberships as readonly object[]).map((one) => ({ ...one, role: 'member' }))
  await people.insertOne({ ...same, _id, email: `${_id}@example.com`, memberships: joined })
  return { ...owner, user_id: _id, role: 'member' }
}

/** A task that its owner approves. */
const approve = async (owner: Caller, title: string, loop_id?: string): Promise<string> => {
  const { task } = await env.tasksOf(owner).create_task({ title, ...(loop_id ? { loop_id } : {}) })
  await env.tasksOf(owner).update_task({ task_id: task.id, status: 'approved' })
  return task.id
}

const APPROVED = { name: 'task.approved', arguments: {} } as const

describe('with_two_instances', () => {
  let running: AsyncDisposable
  let stack: AsyncDisposableStack
  let world: World
  beforeAll(async () => {
    running = await env.start('webhooks', 2)
  })
  afterAll(() => running?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    stack = new AsyncDisposableStack()
    world = await openWorld(stack)
    return () => stack.disposeAsync()
  })

  test('an_address_is_verified_and_then_told_in_the_form_of_the_extension', async () => {
    const { owner, hooks, receiver } = world
    const secret = newSecret()
    const subscribed = await hooks.subscribe_events({ ...APPROVED, url: receiver.url, secret })
    expect(subscribed).toMatchObject({ id: expect.stringMatching(/^sub_/), truncated: false })
    const [asked] = receiver.calls
    expect(asked && bodyOf(asked)).toEqual({ type: 'verification', challenge: expect.any(String) })
    expect(asked?.id).toMatch(/^msg_verification_/)

    const task_id = await approve(owner, 'Bake the bread')
    const [told] = await receiver.told(1)
    if (!asked || !told) throw new Error('it was called')
    for (const call of [asked, told]) {
      verify(secret, call)
      expect(call.headers).toMatchObject({
        'x-mcp-subscription-id': subscribed.id,
        'content-type': 'application/json',
      })
    }
    expect(bodyOf(told)).toEqual({
      eventId: told.id,
      name: 'task.approved',
      timestamp: expect.stringMatching(/Z$/),
      data: {
        task_id,
        title: 'Bake the bread',
        priority: 'none',
        by: expect.objectContaining({ user_id: owner.user_id }),
      },
    })
  })

  test('an_address_that_does_not_confirm_gets_nothing_more', async () => {
    const { owner, hooks, receiver } = world
    receiver.answer(200)
    const asked = { ...APPROVED, url: receiver.url, secret: newSecret() }
    const error = await refused(hooks.subscribe_events(asked))
    expect([error.code, error.extras.details?.callback]).toEqual(['invalid_argument', 'challenge_failed'])
    receiver.answer((_, response) => response.writeHead(200).end('{"challenge":"another"}'))
    expect((await refused(hooks.subscribe_events(asked))).extras.details?.callback).toBe('challenge_failed')
    const nobody = { ...asked, url: 'http://127.0.0.1:1/hook' }
    expect((await refused(hooks.subscribe_events(nobody))).extras.details?.callback).toBe(
      'connection_refused',
    )
    expect(await documents().countDocuments({ ws: owner.workspace_id })).toBe(0)
  })

  test.each([
    ['not_https', { url: 'ftp://example.com/hook' }],
    ['inside', { url: 'https://10.0.0.1/hook' }],
    ['with_a_password', { url: 'https://ann:secret@example.com/hook' }],
    ['no_secret', { secret: 'secret' }],
    ['a_short_secret', { secret: newSecret(23) }],
    ['an_unknown_argument', { arguments: { colour: 'red' } }],
    ['a_wrong_argument', { arguments: { loop_id: 'x' } }],
  ])('%s_is_refused_without_a_call', async (_, wrong) => {
    const { hooks, receiver } = world
    const asked = { ...APPROVED, url: receiver.url, secret: newSecret() }
    const error = await refused(hooks.subscribe_events({ ...asked, ...wrong }))
    expect([error.code, error.extras.details?.callback]).toEqual(['invalid_argument', undefined])
    expect(receiver.calls).toEqual([])
  })

  test('only_a_connection_that_may_read_subscribes', async () => {
    const { owner, agent, receiver } = world
    const asked = { ...APPROVED, url: receiver.url, secret: newSecret() }
    for (const caller of [owner, { ...agent, scopes: ['loops:approve' as const] }, null])
      expect((await refused(env.as(webhooks, caller).subscribe_events(asked))).code).toBe('forbidden')
    expect(receiver.calls).toEqual([])
  })

  test('a_refresh_asks_nothing_again_and_a_new_secret_signs_beside_the_old_one', async () => {
    const { owner, agent, hooks, receiver } = world
    const [first, second] = [newSecret(), newSecret()]
    const asked = { ...APPROVED, url: receiver.url, secret: first }
    const { id } = await hooks.subscribe_events(asked)
    const again = await hooks.subscribe_events({ ...asked, resumes: true })
    expect(again).toMatchObject({ id, truncated: false, delivery_status: { active: true, last_error: null } })
    expect(await documents().findOne({ _id: id })).toMatchObject({ secrets: [{ until: null }] })
    expect((await hooks.subscribe_events({ ...asked, secret: second })).id).toBe(id)
    // Other arguments are another subscription, to an address that this connection has verified.
    const other = await hooks.subscribe_events({ ...asked, arguments: { label: 'Bread' } })
    expect(other.id).not.toBe(id)
    expect(receiver.verifications()).toHaveLength(1)
    // Another connection verifies it by itself.
    const twin = env.as(webhooks, await connect(owner))
    expect((await twin.subscribe_events(asked)).id).not.toBe(id)
    expect(receiver.verifications()).toHaveLength(2)
    await twin.unsubscribe_events({ ...APPROVED, url: receiver.url })

    await approve(owner, 'Bake')
    const [told] = await receiver.told(1)
    if (!told) throw new Error('it was called')
    for (const secret of [first, second]) verify(secret, told)
    expect(agent.grant_id).not.toBeNull()
  })

  test.each([
    ['what_is_usual', undefined, SUBSCRIPTION_MS.usual],
    ['no_end', null, SUBSCRIPTION_MS.most],
    ['a_moment', 1, SUBSCRIPTION_MS.least],
    ['ten_minutes', 600_000, 600_000],
    ['a_year', 365 * 86_400_000, SUBSCRIPTION_MS.most],
  ])('asked_for_%s_it_lasts_within_the_bounds', async (_, ttl_ms, granted_ms) => {
    const { hooks, receiver } = world
    const before = Date.now()
    const { refresh_before } = await hooks.subscribe_events({
      ...APPROVED,
      url: receiver.url,
      secret: newSecret(),
      ...(ttl_ms === undefined ? {} : { ttl_ms }),
    })
    const lasts_ms = Date.parse(refresh_before) - before
    expect(Math.abs(lasts_ms - granted_ms)).toBeLessThan(60_000)
  })

  test('one_that_has_expired_is_none_and_begins_anew', async () => {
    const { owner, hooks, receiver } = world
    const asked = { ...APPROVED, url: receiver.url, secret: newSecret() }
    const { id } = await hooks.subscribe_events(asked)
    await documents().updateOne({ _id: id }, { $set: { expires_at: new Date(Date.now() - 1_000) } })
    await approve(owner, 'Nobody hears of this')
    expect((await refused(hooks.unsubscribe_events({ ...APPROVED, url: receiver.url }))).code).toBe(
      'not_found',
    )
    expect(await hooks.subscribe_events({ ...asked, resumes: true })).toMatchObject({ id, truncated: true })
    expect(receiver.verifications()).toHaveLength(2)
    await approve(owner, 'Bake')
    const told = await receiver.told(1)
    expect(told.map((call) => bodyOf(call).data?.title)).toEqual(['Bake'])
  })

  test('one_that_was_ended_gets_no_calls_and_only_its_connection_ends_it', async () => {
    const { owner, hooks, receiver } = world
    const target = { ...APPROVED, url: receiver.url }
    const twin = env.as(webhooks, await connect(owner))
    await hooks.subscribe_events({ ...target, secret: newSecret() })
    await twin.subscribe_events({ ...target, secret: newSecret() })
    const other = await refused(env.as(webhooks, await connect(owner)).unsubscribe_events(target))
    expect([other.code, other.extras.details?.kind]).toEqual(['not_found', 'subscription'])
    const { id } = await hooks.subscribe_events({ ...target, secret: newSecret() })
    expect(await hooks.unsubscribe_events(target)).toEqual({})
    await approve(owner, 'Bake')
    const told = await receiver.told(1)
    expect(told.map(({ headers }) => headers['x-mcp-subscription-id'])).not.toContain(id)
    expect((await refused(hooks.unsubscribe_events(target))).code).toBe('not_found')
  })

  test('it_hears_only_of_what_it_asked_for_and_may_see', async () => {
    const { owner, agent, receiver } = world
    const joined = await memberOf(owner)
    const theirs = stack.use(await startEventReceiver())
    const { loop: shared } = await env.loopsOf(owner).create_loop({ name: 'Bread' })
    const { loop: hidden } = await env.loopsOf(owner).create_loop({ name: 'Cake', visibility: 'private' })
    const secret = newSecret()
    const member = await connect(joined)
    await env.as(webhooks, member).subscribe_events({ ...APPROVED, url: theirs.url, secret })
    const ofLoop = { ...APPROVED, arguments: { loop_id: hidden.id } }
    await env.as(webhooks, agent).subscribe_events({ ...ofLoop, url: receiver.url, secret })

    await approve(owner, 'In the cake', hidden.id)
    await approve(owner, 'In the bread', shared.id)
    const told = await theirs.told(1)
    expect(told.map((call) => bodyOf(call).data?.title)).toEqual(['In the bread'])
    expect((await receiver.told(1)).map((call) => bodyOf(call).data?.title)).toEqual(['In the cake'])
    await expect
      .poll(() => deliveries().countDocuments({ ws: owner.workspace_id, status: 'skipped' }))
      .toBeGreaterThanOrEqual(1)
    expect(theirs.events()).toHaveLength(1)
  })

  test.each([
    [
      'it_is_revoked',
      (agent: Caller) => changeGrant(agent, { revoked: { reason: 'revoked_by_person', at: new Date() } }),
    ],
    ['it_has_ended', (agent: Caller) => changeGrant(agent, { ends_at: new Date(0) })],
    ['it_may_not_read_any_more', (agent: Caller) => changeGrant(agent, { scopes: ['loops:approve'] })],
    ['its_person_has_another_password', (agent: Caller) => changeGrant(agent, { password_version: 7 })],
  ])('of_a_connection_it_ends_when_%s', async (_, end) => {
    const { owner, agent, hooks, receiver } = world
    const secret = newSecret()
    const { id } = await hooks.subscribe_events({ ...APPROVED, url: receiver.url, secret })
    await end(agent)
    await approve(owner, 'Nobody may know')
    await expect.poll(() => receiver.calls.length, { timeout: 10_000 }).toBeGreaterThan(1)
    const last = receiver.calls.at(-1) as Received
    verify(secret, last)
    expect(bodyOf(last)).toEqual({
      type: 'terminated',
      error: { code: -32_024, message: 'Forbidden', data: { reason: 'Access revoked' } },
    })
    expect(last.id).toMatch(/^msg_terminated_/)
    await expect.poll(() => documents().countDocuments({ _id: id })).toBe(0)
    expect(receiver.events()).toEqual([])
  })

  test('a_call_that_fails_is_made_again_under_the_same_id_and_the_client_is_told', async () => {
    const { owner, hooks, receiver } = world
    const asked = { ...APPROVED, url: receiver.url, secret: newSecret() }
    await hooks.subscribe_events(asked)
    receiver.statuses(500, 200)
    await approve(owner, 'Bake')
    await receiver.told(1)
    const status = async () => (await hooks.subscribe_events(asked)).delivery_status
    await expect
      .poll(status)
      .toMatchObject({ active: true, last_error: 'http_5xx', failed_since: expect.any(String) })
    await deliveries().updateMany({ ws: owner.workspace_id }, { $set: { due_at: new Date(0) } })
    const [first, second] = await receiver.told(2)
    expect(second?.id).toBe(first?.id)
    await expect.poll(status).toMatchObject({ last_error: null, last_delivery_at: expect.any(String) })
  })

  test.each([410, 413])(
    'a_call_answered_with_%i_is_not_made_again_and_the_subscription_goes_on',
    async (status) => {
      const { owner, hooks, receiver } = world
      await hooks.subscribe_events({ ...APPROVED, url: receiver.url, secret: newSecret() })
      receiver.statuses(status, 200)
      await approve(owner, 'First')
      await expect
        .poll(() => deliveries().countDocuments({ ws: owner.workspace_id, status: 'failed' }))
        .toBe(1)
      await approve(owner, 'Second')
      const told = await receiver.told(2)
      expect(told.map((call) => bodyOf(call).data?.title)).toEqual(['First', 'Second'])
    },
  )

  test.each([
    ['connection', MAX_SUBSCRIPTIONS.connection],
    ['workspace', MAX_SUBSCRIPTIONS.workspace],
  ])('a_%s_has_no_more_than_so_many', async (whose, max) => {
    const { owner, agent, hooks, receiver } = world
    const asked = { ...APPROVED, url: receiver.url, secret: newSecret() }
    await documents().insertMany(
      Array.from({ length: max }, (_, slot) => ({
        _id: ids.next(),
        ws: owner.workspace_id,
        slot,
        grant_id: whose === 'connection' ? agent.grant_id : ids.next(),
        slot_of_grant: whose === 'connection' ? slot : 0,
        url: '',
        listening: { name: 'loop.shipped', arguments: {} },
        expires_at: new Date(Date.now() + 60_000),
      })),
    )
    const error = await refused(hooks.subscribe_events(asked))
    expect([error.code, error.extras.details]).toMatchObject([
      'limit_exceeded',
      { limit: 'subscriptions', max },
    ])
    expect(receiver.calls).toEqual([])
    // What has expired takes no room, though its document is still there.
    await documents().updateOne({ ws: owner.workspace_id, slot: 3 }, { $set: { expires_at: new Date(0) } })
    expect(await hooks.subscribe_events(asked)).toMatchObject({ truncated: false })
  })
})

test('what_a_dead_sender_had_told_is_told_again_by_another_under_the_same_id', async () => {
  await using stack = new AsyncDisposableStack()
  const { owner, hooks, receiver } = await openWorld(stack)
  const dying = await env.startFaulty('webhooks', 'event.answered')
  await hooks.subscribe_events({ ...APPROVED, url: receiver.url, secret: newSecret() })
  await approve(owner, 'Bake')
  expect(await dying.died).toBe('SIGKILL')
  stack.use(await env.start('webhooks'))
  const passTime = (of: Readonly<Record<string, unknown>>) =>
    deliveries().updateMany({ ws: owner.workspace_id, ...of }, { $set: { due_at: new Date(0) } })
  await passTime({ status: 'sending' })
  const told = async (): Promise<number> => {
    // A try that was not possible yet comes again after a pause.
    await passTime({ status: 'pending' })
    return receiver.events().length
  }
  await expect.poll(told, { timeout: 20_000 }).toBeGreaterThan(1)
  const [first, second] = receiver.events()
  expect(second?.id).toBe(first?.id)
  await expect
    .poll(() => deliveries().countDocuments({ ws: owner.workspace_id, status: 'delivered' }))
    .toBe(1)
})
