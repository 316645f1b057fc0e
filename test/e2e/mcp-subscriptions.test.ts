// Clients that listen: told over one gateway of what was changed over another, and of nothing that they may not see.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Started, startServices } from '../../services/start.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { everyEventOf } from '../../shared/contracts/define/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { startFaultProxy } from '../support/chaos/fault-proxy.ts'
import { TEST_SECRET } from '../support/keys.ts'
import { type McpClient, MODERN } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

const QUEUE = 'loops://queue'
const taskUri = (id: string): string => `loops://task/${id}`
const loopUri = (id: string): string => `loops://loop/${id}`
/** Far longer than a notice or an end takes. */
const SOON = { timeout: 15_000, interval: 50 } as const

let system: System
let owner: Account
let member: Account
let own: McpClient
let bus: Bus
/** The types of the events of tasks that were published, each with the id of its task. */
const events = new Set<string>()
let loop_id: string
let hidden_loop_id: string

/** A client on one gateway, with what it was told. */
type Listener = AsyncDisposable &
  Readonly<{
    listen: Client['listen']
    /** Waits until it was told all of these since the last such wait. @returns all that it was told since then. */
    hears: (...uris: string[]) => Promise<string[]>
  }>

const openListener = async (site: string, token: string): Promise<Listener> => {
  const client = new Client(
    { name: 'listener', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: MODERN } } },
  )
  const told: string[] = []
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(params.uri))
  client.setNotificationHandler('notifications/tools/list_changed', () => void told.push('tools'))
  const headers = { Authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', site), { requestInit: { headers } }))
  let heard = 0
  return {
    listen: (filter) => client.listen(filter),
    hears: async (...uris) => {
      const since = heard
      await expect.poll(() => told.slice(since), SOON).toEqual(expect.arrayContaining(uris))
      heard = told.length
      return told.slice(since)
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}
const gatewayAt = (index: number): string => system.gateways[index] ?? ''
const listenerFor = (agent: McpClient, index = 0) => openListener(gatewayAt(index), agent.accessToken())

/** Waits until an event about something has been published. */
const published = (type: string, id: string) =>
  expect.poll(() => events.has(`${type} ${id}`), SOON).toBe(true)

/** Creates a task. Whoever listens from then on does not hear of that. */
const createTask = async (title: string, loop?: string): Promise<string> => {
  const { task } = await own.call('create_task', { title, ...(loop ? { loop_id: loop } : {}) })
  await published('task.created', task.id)
  return task.id
}

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  bus = await connectBus(system.stack.natsUrl, 'test', createLog({ filter: 'error', topic: 'test' }))
  bus.nc.subscribe(everyEventOf('tasks'), {
    callback: (_, msg) => {
      const { type, data } = msg.json<{ type: string; data: { task_id?: string } }>()
      events.add(`${type} ${data.task_id}`)
    },
  })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  member = await joinWorkspace(system, owner, { name: 'Milo' })
  own = await agentOf(system, owner)
  loop_id = (await own.call('create_loop', { name: 'Berths' })).loop.id
  hidden_loop_id = (await own.call('create_loop', { name: 'Night', visibility: 'private' })).loop.id
})
afterAll(async () => {
  await own?.[Symbol.asyncDispose]()
  await bus?.[Symbol.asyncDispose]()
  await system?.stop()
})

test.each([0, 1])('a_client_on_gateway_%i_is_told_of_each_change_whoever_served_it', async (index) => {
  await using listener = await listenerFor(own, index)
  const task_id = await createTask('Moor the barge', loop_id)
  const resourceSubscriptions = [QUEUE, taskUri(task_id), loopUri(loop_id)]
  const { honoredFilter, close } = await listener.listen({ resourceSubscriptions, toolsListChanged: true })
  expect(honoredFilter).toEqual({ resourceSubscriptions, toolsListChanged: true })
  await own.call('update_task', { task_id, status: 'approved' })
  await listener.hears(...resourceSubscriptions)
  await own.call('add_comment', { task_id, text: 'Slowly.' })
  await listener.hears(taskUri(task_id))
  await own.call('update_loop', { loop_id, description: `As seen from ${index}` })
  await listener.hears(loopUri(loop_id), QUEUE)
  await own.call('delete_task', { task_id })
  await listener.hears(...resourceSubscriptions)
  await close()
})

describe('a client that may not see a private loop', () => {
  let agent: McpClient
  beforeAll(async () => {
    agent = await agentOf(system, member)
  })
  afterAll(() => agent?.[Symbol.asyncDispose]())

  test('is_told_nothing_of_what_is_in_it_as_of_what_never_was', async () => {
    await using listener = await listenerFor(agent)
    const hidden = await createTask('Moor the yacht', hidden_loop_id)
    const shown = await createTask('Moor the tug', loop_id)
    const named = [taskUri(hidden), loopUri(hidden_loop_id), taskUri(SOME_ID), loopUri(SOME_ID)]
    const resourceSubscriptions = [QUEUE, taskUri(shown), ...named]
    const { honoredFilter } = await listener.listen({ resourceSubscriptions })
    expect(honoredFilter).toEqual({ resourceSubscriptions })
    await own.call('update_task', { task_id: hidden, status: 'approved', title: 'Moor it well' })
    await own.call('add_comment', { task_id: hidden, text: 'Quietly.' })
    await own.call('update_loop', { loop_id: hidden_loop_id, description: 'At night' })
    await own.call('delete_task', { task_id: hidden })
    await published('task.deleted', hidden)
    await own.call('add_comment', { task_id: shown, text: 'Done?' })
    expect(await listener.hears(taskUri(shown))).toEqual([taskUri(shown)])
  })

  test('is_told_once_when_something_vanishes_into_it_and_again_when_it_returns', async () => {
    await using listener = await listenerFor(agent)
    const task_id = await createTask('Moor the ferry', loop_id)
    await listener.listen({ resourceSubscriptions: [taskUri(task_id), loopUri(loop_id)] })
    await own.call('update_task', { task_id, loop_id: hidden_loop_id })
    await listener.hears(taskUri(task_id), loopUri(loop_id))
    await own.call('update_task', { task_id, title: 'Moor the ferry at last' })
    await own.call('delete_task', { task_id: await createTask('Moor the other', hidden_loop_id) })
    await own.call('update_loop', { loop_id, description: 'One less' })
    expect(await listener.hears(loopUri(loop_id))).not.toContain(taskUri(task_id))
    await own.call('update_task', { task_id, loop_id })
    await listener.hears(taskUri(task_id), loopUri(loop_id))
  })
})

test('a_client_whose_role_changes_is_told_that_its_tools_have', async () => {
  const person = await joinWorkspace(system, owner, { name: 'Rolf' })
  await using agent = await agentOf(system, person)
  await using listener = await listenerFor(agent)
  await listener.listen({ toolsListChanged: true })
  const id = /members\/(\w+)">Rolf</.exec((await owner.browser.open('/workspace')).text)?.[1] ?? ''
  await owner.browser.submit(`/workspace/members/${id}/role`, { role: 'viewer' })
  await listener.hears('tools')
  await owner.browser.submit(`/workspace/members/${id}/role`, { role: 'member' })
  await listener.hears('tools')
})

test('a_client_is_told_when_its_person_withdraws_a_scope_and_cut_off_when_they_disconnect_it', async () => {
  const person = await joinWorkspace(system, owner, { name: 'Nora' })
  await using agent = await agentOf(system, person)
  await using listener = await listenerFor(agent)
  const { closed } = await listener.listen({ toolsListChanged: true })
  const [id] = /(?<=\/apps\/)[^/"]+(?=\/disconnect)/.exec((await person.browser.open('/apps')).text) ?? []
  await person.browser.submit(`/apps/${id}/scopes`, { take: 'loops:write' })
  await listener.hears('tools')
  await person.browser.submit(`/apps/${id}/disconnect`, {})
  expect(await closed).toBe('graceful')
  await expect(listener.listen({ toolsListChanged: true })).rejects.toThrow()
})

test('a_connection_has_so_many_streams_and_no_more_and_one_that_closes_frees_its_place', async () => {
  await using agent = await agentOf(system, member)
  await using listener = await listenerFor(agent)
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => listener.listen({ toolsListChanged: true })),
  )
  await expect(listener.listen({ toolsListChanged: true })).rejects.toMatchObject({ code: -32_603 })
  await using other = await listenerFor(own)
  await (await other.listen({ toolsListChanged: true })).close()
  await Promise.all(streams.map(({ close }) => close()))
  const opens = async (): Promise<boolean> => {
    const stream = await listener.listen({ toolsListChanged: true }).catch(() => undefined)
    await stream?.close()
    return stream !== undefined
  }
  await expect.poll(opens, SOON).toBe(true)
})

test('more_resources_than_a_stream_takes_are_refused', async () => {
  await using listener = await listenerFor(own)
  const uris = Array.from({ length: 51 }, (_, index) => `loops://none/${index}`)
  await expect(listener.listen({ resourceSubscriptions: uris })).rejects.toMatchObject({ code: -32_602 })
  const { close } = await listener.listen({ resourceSubscriptions: uris.slice(1) })
  await close()
})

test('what_happens_while_a_gateway_has_lost_nats_is_told_when_it_is_back', async () => {
  const nats = new URL(system.stack.natsUrl)
  await using way = await startFaultProxy(() => inject('servers').nats)
  nats.hostname = way.host
  nats.port = String(way.port)
  await using gateway: Started = await startServices(
    {
      NODE_ENV: 'test',
      LOG: 'error',
      HOST: '127.0.0.1',
      PORT: '0',
      PUBLIC_URL: system.url,
      NATS_URL: nats.href,
      MONGODB_URL: system.stack.mongodbUrl,
      LOOPS_SECRET: TEST_SECRET,
    },
    { names: ['gateway'] },
  )
  await using listener = await openListener(gateway.url ?? '', own.accessToken())
  const task_id = await createTask('Moor the raft')
  await listener.listen({ resourceSubscriptions: [taskUri(task_id), taskUri(SOME_ID)] })
  way.inflict({ kind: 'refuse' })
  await own.call('update_task', { task_id, title: 'Moor the raft twice' })
  way.heal()
  await listener.hears(taskUri(task_id))
})

test('streams_end_with_a_result_when_their_gateway_stops', async () => {
  await using listener = await listenerFor(own, 1)
  const { closed } = await listener.listen({ toolsListChanged: true, resourceSubscriptions: [QUEUE] })
  await system.stopInstance(1)
  expect(await closed).toBe('graceful')
})
