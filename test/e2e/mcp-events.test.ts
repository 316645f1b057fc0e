// Events for agents by polling over two gateways: by cursor, by arguments, and nothing of what they may not see.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { EVENT_TYPES } from '../../shared/contracts/event-types.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { eventClient, type SeenEvent } from '../support/event-client.ts'
import {
  began,
  CODES,
  type EventWorld,
  idsIn,
  openEventWorld,
  poll,
  polled,
  refusal,
} from '../support/event-world.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { SOME_ID } from '../support/tools.ts'

type Listed = Readonly<{
  resultType: string
  events: readonly Readonly<{ name: string; inputSchema: unknown; payloadSchema: unknown }>[]
}>

let world: EventWorld
let own: McpClient
let other: McpClient
let loop_id: string
let hidden_loop_id: string
const at: EventWorld['at'] = (...args) => world.at(...args)
const fileTask: EventWorld['fileTask'] = (...args) => world.fileTask(...args)
const readyTask: EventWorld['readyTask'] = (...args) => world.readyTask(...args)

beforeAll(async () => {
  world = await openEventWorld()
  ;({ own, other, loop_id, hidden_loop_id } = world)
})
afterAll(() => world?.[Symbol.asyncDispose]())

describe('what is offered', () => {
  test('is_declared_and_listed_with_schemas', async () => {
    const { result } = await at(own).ask<{ capabilities: { extensions: unknown } }>('server/discover')
    expect(result?.capabilities.extensions).toMatchObject({ 'io.modelcontextprotocol/events': {} })
    const { result: listed } = await at(own, 1).ask<Listed>('events/list')
    expect(listed?.resultType).toBe('complete')
    expect(listed?.events.map(({ name }) => name)).toEqual(Object.keys(EVENT_TYPES))
    for (const one of listed?.events ?? []) {
      expect(one).toMatchObject({ delivery: ['poll', 'push', 'webhook'] })
      expect(one.inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
      expect(one.payloadSchema).toMatchObject({ type: 'object' })
    }
  })

  test('is_not_there_for_a_client_of_an_older_revision', async () => {
    const old = eventClient(world.system.gateways[0] ?? '', own.accessToken, '2025-11-25')
    for (const method of ['events/list', 'events/poll', 'events/stream'])
      expect((await old.ask(method, { name: 'work.ready' })).error?.code).toBe(CODES.noMethod)
  })

  const REFUSED: readonly (readonly [string, Readonly<Record<string, unknown>>, number])[] = [
    ['no name', {}, CODES.invalid],
    ['another name', { name: 'work.done' }, CODES.notFound],
    ['a name of every object', { name: 'toString' }, CODES.notFound],
    ['an argument that does not exist', { name: 'work.ready', arguments: { task: SOME_ID } }, CODES.invalid],
    ['an id that is none', { name: 'work.ready', arguments: { loop_id: 'x' } }, CODES.invalid],
    ['arguments in a list', { name: 'work.ready', arguments: [] }, CODES.invalid],
    ['a cursor that is no text', { name: 'work.ready', cursor: 7 }, CODES.invalid],
    ['a made-up cursor', { name: 'work.ready', cursor: 'x'.repeat(70) }, CODES.invalid],
    ['a huge cursor', { name: 'work.ready', cursor: 'x'.repeat(100_000) }, CODES.invalid],
    ['a negative age', { name: 'work.ready', maxAgeMs: -1 }, CODES.invalid],
    ['half an event', { name: 'work.ready', maxEvents: 0.5 }, CODES.invalid],
  ]
  test.each(REFUSED)('is_refused_for_%s', async (_, params, code) => {
    const answer = await at(own).ask('events/poll', params)
    expect(answer.error?.code).toBe(code)
    if (params.maxEvents === undefined) expect((await refusal(at(own).stream(params))).error?.code).toBe(code)
  })
})

describe('polling', () => {
  test('begins_now_and_goes_on_over_any_gateway_without_doing_anything_twice', async () => {
    await readyTask('Before')
    const first = await poll(at(own), { name: 'work.ready', cursor: null })
    expect(first).toMatchObject({ resultType: 'complete', events: [], truncated: false, hasMore: false })
    expect(first.nextPollMs).toBeGreaterThan(0)
    const task_id = await readyTask('Moor the barge', loop_id, ['Tide'])
    const { events, cursor } = await polled(at(own, 1), 'work.ready', first.cursor)
    expect(events).toEqual([
      {
        eventId: expect.any(String),
        name: 'work.ready',
        timestamp: expect.any(String),
        data: { task_id, title: 'Moor the barge', priority: 'none', labels: ['tide'], loop_id },
      },
    ])
    expect((await poll(at(own), { name: 'work.ready', cursor })).events).toEqual([])
    // The same cursor gives the same again: the server keeps nothing.
    expect((await polled(at(own), 'work.ready', first.cursor)).events).toEqual(events)
  })

  test('takes_as_many_as_asked_for_and_says_that_there_are_more', async () => {
    const cursor = await began(at(own), 'work.ready')
    const ids = [await readyTask('One'), await readyTask('Two'), await readyTask('Three')]
    await polled(at(own), 'work.ready', cursor, {}, 3)
    const pages: SeenEvent[] = []
    let from = cursor
    for (const hasMore of [true, true, false]) {
      const page = await poll(at(own, pages.length % 2), { name: 'work.ready', cursor: from, maxEvents: 1 })
      expect(page).toMatchObject({ hasMore, truncated: false })
      pages.push(...page.events)
      from = page.cursor
    }
    expect(idsIn(pages)).toEqual(ids)
  })

  test('narrows_by_arguments', async () => {
    const { loop } = await own.call('create_loop', { name: 'Docks' })
    const client = at(own)
    const cursors = await Promise.all(
      [{ loop_id: loop.id }, { label: 'TIDE' }].map((args) => began(client, 'work.ready', args)),
    )
    const [plain, labelled] = [
      await readyTask('Plain', loop.id),
      await readyTask('Labelled', loop_id, ['tide']),
    ]
    await polled(client, 'work.ready', cursors[0] ?? '', {}, 2)
    expect(
      idsIn((await polled(client, 'work.ready', cursors[0] ?? '', { loop_id: loop.id })).events),
    ).toEqual([plain])
    expect(idsIn((await polled(client, 'work.ready', cursors[1] ?? '', { label: 'TIDE' })).events)).toEqual([
      labelled,
    ])
  })

  test('tells_of_ready_work_when_it_is_given_back_unblocked_or_its_loop_reopened_and_not_while_somebody_has_it', async () => {
    const { loop } = await own.call('create_loop', { name: 'Slips' })
    const args = { loop_id: loop.id }
    const client = at(own)
    const task_id = await readyTask('Scrape the hull', loop.id)
    let cursor = await began(client, 'work.ready', args)
    const next = async () => {
      const page = await polled(client, 'work.ready', cursor, args)
      cursor = page.cursor
      return page.events.map(({ data }) => data)
    }
    await own.call('claim_task', { task_id })
    await own.call('release_claims', { task_ids: [task_id] })
    expect(await next()).toMatchObject([{ task_id }])
    const blocker = await fileTask('Drain the dock')
    await own.call('update_task', { task_id, blocked_by: { add: [blocker] } })
    await own.call('update_task', { task_id: blocker, status: 'rejected' })
    expect(await next()).toMatchObject([{ task_id }])
    await own.call('close_loop', { loop_id: loop.id })
    await own.call('reopen_loop', { loop_id: loop.id })
    expect(await next()).toEqual([{ loop_id: loop.id }])
    await own.call('update_task', { task_id, status: 'on_hold' })
    await world.approve(task_id)
    await own.call('claim_task', { task_id })
    const later = await readyTask('Paint the hull', loop.id)
    // Approved again before it was claimed, but nobody is sent to what somebody has.
    expect(await next()).toMatchObject([{ task_id: later }])
  })

  test('tells_of_approvals_comments_and_ships', async () => {
    const { loop } = await own.call('create_loop', { name: 'Cranes' })
    const client = at(other)
    const names = ['task.approved', 'task.commented', 'loop.shipped'] as const
    const [approved = '', commented = '', shipped = ''] = await Promise.all(
      names.map((name) => began(client, name)),
    )
    const task_id = await readyTask('Grease the crane', loop.id)
    await own.call('add_comment', { task_id, text: 'Which grease?', kind: 'question' })
    await own.call('ship_loop', { loop_id: loop.id })
    const by = { name: 'Olga' }
    expect((await polled(client, 'task.approved', approved)).events).toMatchObject([
      { data: { task_id, by } },
    ])
    expect((await polled(client, 'task.commented', commented)).events).toMatchObject([
      { data: { task_id, by, excerpt: 'Which grease?', kind: 'question' } },
    ])
    expect((await polled(client, 'loop.shipped', shipped)).events).toMatchObject([
      { data: { loop_id: loop.id, name: 'Cranes', by, task_counts: { total: 1 } } },
    ])
  })

  test('tells_the_holder_alone_that_its_claim_ends_soon', async () => {
    const [client, stranger] = [at(own), at(other)]
    const [cursor, theirs] = [await began(client, 'claim.expiring'), await began(stranger, 'claim.expiring')]
    const task_id = await readyTask('Count the fenders')
    await own.call('claim_task', { task_id, agent: 'red' })
    const until = new Date(Date.now() + 4 * 60_000)
    const stored = world.mongo.database('tasks').collection<TaskDoc>('tasks')
    await stored.updateOne({ _id: task_id }, { $set: { 'claim.until': until } })
    const { events } = await polled(client, 'claim.expiring', cursor, { agent: 'red' })
    expect(events).toMatchObject([{ data: { task_id, agent: 'red', expires_at: until.toISOString() } }])
    expect((await poll(stranger, { name: 'claim.expiring', cursor: theirs })).events).toEqual([])
    await own.call('renew_claims', { agent: 'red' })
    expect((await poll(client, { name: 'claim.expiring', cursor })).events).toEqual([])
    await own.call('release_claims', { task_ids: [task_id], agent: 'red' })
  })
})

describe('what somebody may not see', () => {
  test('is_not_told_to_them_nor_that_there_is_something', async () => {
    const [client, insider] = [at(other), at(own)]
    const cursor = await began(client, 'work.ready')
    for (const title of ['Night watch', 'Night swim', 'Night shift']) await readyTask(title, hidden_loop_id)
    // Whoever sees the loop is told of all three by the same cursor.
    const seen = await polled(insider, 'work.ready', cursor, {}, 3)
    const idle = await poll(client, { name: 'work.ready', cursor, maxEvents: 1 })
    expect(seen.events).toHaveLength(3)
    expect(idle).toEqual({
      _meta: expect.anything(),
      resultType: 'complete',
      events: [],
      cursor: expect.any(String),
      truncated: false,
      hasMore: false,
      nextPollMs: 5_000,
    })
    expect(idle.cursor).toHaveLength(cursor.length)
    const shown = await readyTask('Day watch')
    await polled(insider, 'work.ready', cursor, {}, 4)
    const page = await poll(client, { name: 'work.ready', cursor, maxEvents: 1 })
    expect(idsIn(page.events)).toEqual([shown])
    expect(page.hasMore).toBe(false)
  })

  test('is_judged_when_it_is_told_not_when_it_happened', async () => {
    const client = at(other)
    const cursor = await began(client, 'task.approved')
    const [vanishing, shown] = [await readyTask('Soon gone'), await readyTask('Here')]
    await own.call('update_task', { task_id: vanishing, loop_id: hidden_loop_id })
    expect(idsIn((await polled(client, 'task.approved', cursor)).events)).toEqual([shown])
    await own.call('update_task', { task_id: vanishing, loop_id })
    expect(idsIn((await polled(client, 'task.approved', cursor, {}, 2)).events)).toEqual([vanishing, shown])
  })

  test('is_another_workspace_with_its_cursors', async () => {
    const stranger = await signUp(world.system, { name: 'Sven', workspace: 'Shipyard' })
    await using agent = await agentOf(world.system, stranger)
    const cursor = await began(at(own), 'work.ready')
    const answer = await at(agent).ask('events/poll', { name: 'work.ready', cursor })
    expect(answer.error?.code).toBe(CODES.invalid)
    const theirs = await began(at(agent), 'work.ready')
    await readyTask('Not theirs')
    await polled(at(own), 'work.ready', cursor)
    expect((await poll(at(agent), { name: 'work.ready', cursor: theirs })).events).toEqual([])
  })
})

test('a_connection_that_may_not_read_is_refused_and_asked_for_the_right', async () => {
  await using agent = await agentOf(world.system, world.owner, { without: ['loops:read', 'loops:write'] })
  const answer = await at(agent).ask('events/poll', { name: 'work.ready' })
  expect([answer.http, answer.error?.code]).toEqual([403, undefined])
})
