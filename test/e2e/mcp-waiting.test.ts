// A call that waits for work: it is held in the gateway, tried again when there may be some, and ends early when it should.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { ERAS, type McpClient, MODERN } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let owner: Account
let bus: Bus
let worker: McpClient
let manager: McpClient
let loop_id: string
let asked_before: number

/** How often the loops-queue service was asked for the next work so far. */
const asked = async (): Promise<number> => {
  const { endpoints } = (await bus.nc.request('$SRV.STATS.loops-queue')).json<{
    endpoints: { name: string; data: { requests: number } }[]
  }>()
  return endpoints.find(({ name }) => name === 'claim_next_work')?.data.requests ?? 0
}

/** Waits until that many more requests for work have reached the service. */
const untilAsked = (times: number) =>
  expect.poll(asked, { timeout: 10_000, interval: 20 }).toBe(asked_before + times)

const ready = async (title: string): Promise<string> => {
  const { task } = await manager.call('create_task', { title, loop_id })
  await manager.call('update_task', { task_id: task.id, status: 'approved' })
  return task.id
}

const PREFIX = 'io.modelcontextprotocol/'
const META = { [`${PREFIX}protocolVersion`]: MODERN, [`${PREFIX}clientCapabilities`]: {} }
const MODERN_HEADERS = {
  'MCP-Protocol-Version': MODERN,
  'Mcp-Method': 'tools/call',
  'Mcp-Name': 'claim_next_work',
}

/** Claims work by a bare request, which can be cut off. */
const postCall = (
  era: (typeof ERAS)[number],
  client: McpClient,
  args: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<Response> => {
  const isModern = era === 'modern' || era === 'auto'
  const params = { name: 'claim_next_work', arguments: args, ...(isModern ? { _meta: META } : {}) }
  return fetch(`${system.url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${client.accessToken()}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(isModern ? MODERN_HEADERS : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    ...(signal ? { signal } : {}),
  })
}

beforeAll(async () => {
  system = await startSystem()
  bus = await connectBus(system.stack.natsUrl, 'test', createLog({ filter: 'error', topic: 'test' }))
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  manager = await agentOf(system, owner, { name: 'manager' })
  worker = await agentOf(system, owner, { name: 'worker' })
  loop_id = (await manager.call('create_loop', { name: 'Berths' })).loop.id
})
beforeEach(async () => {
  asked_before = await asked()
})
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]()
  await manager?.[Symbol.asyncDispose]()
  await bus?.[Symbol.asyncDispose]()
  await system?.stop()
})

describe.each(ERAS)('a client (%s) that waits for work', (era) => {
  let client: McpClient
  beforeAll(async () => {
    client = await agentOf(system, owner, { era })
  })
  afterAll(() => client?.[Symbol.asyncDispose]())

  test('gets_it_when_it_is_approved_and_asks_only_then', async () => {
    const { task } = await manager.call('create_task', { title: 'Moor the barge', loop_id })
    const waiting = client.call('claim_next_work', { wait_seconds: 25, agent: 'a' })
    await untilAsked(1)
    // A change that makes nothing ready wakes nobody.
    await manager.call('add_comment', { task_id: task.id, text: 'Soon.' })
    await manager.call('update_task', { task_id: task.id, status: 'approved' })
    const { claims, reason } = await waiting
    expect(claims).toMatchObject([{ task: { id: task.id, status: 'in_progress' } }])
    expect(reason).toBeUndefined()
    expect(await asked()).toBe(asked_before + 2)
    await client.call('complete_task', { task_id: task.id, agent: 'a' })
  })

  test('that_goes_away_is_not_handed_anything', async () => {
    const gone = new AbortController()
    const left = postCall(era, client, { wait_seconds: 25, agent: 'gone' }, gone.signal)
    await untilAsked(1)
    gone.abort()
    await expect(left).rejects.toThrow()
    const waiting = worker.call('claim_next_work', { wait_seconds: 25, agent: 'there' })
    await untilAsked(2)
    const task_id = await ready('Paint the hull')
    expect((await waiting).claims).toMatchObject([{ task: { id: task_id } }])
    await worker.call('complete_task', { task_id, agent: 'there' })
    expect(await asked()).toBe(asked_before + 3)
  })
})

test('with_work_there_already_nobody_waits', async () => {
  const task_id = await ready('Tie the knot')
  const { claims } = await worker.call('claim_next_work', { wait_seconds: 25 })
  expect(claims).toMatchObject([{ task: { id: task_id } }])
  await worker.call('complete_task', { task_id })
  expect(await asked()).toBe(asked_before + 1)
})

test('many_that_wait_for_one_task_get_it_once', async () => {
  const task_ids = new Set<string>()
  for (let n = 0; n < 12; n += 1)
    task_ids.add((await manager.call('create_task', { title: `Load crate ${n}`, loop_id })).task.id)
  const waiting = Array.from({ length: 12 }, (_, n) =>
    worker.call('claim_next_work', { wait_seconds: 25, agent: `agent ${n}` }),
  )
  await untilAsked(12)
  for (const task_id of task_ids) await manager.call('update_task', { task_id, status: 'approved' })
  const answers = await Promise.all(waiting)
  const claimed = answers.flatMap(({ claims }) => claims.map(({ task }) => task.id))
  expect(new Set(claimed)).toEqual(task_ids)
  expect(claimed).toHaveLength(12)
  for (const [n, { claims }] of answers.entries())
    await worker.call('complete_task', { task_id: claims[0]?.task.id ?? '', agent: `agent ${n}` })
})

test('a_connection_that_was_ended_is_handed_nothing_more', async () => {
  const leaver = await agentOf(system, owner, { name: 'leaver' })
  const [id] = /(?<=\/apps\/)[^/"]+(?=\/disconnect)/.exec((await owner.browser.open('/apps')).text) ?? []
  const waiting = leaver.call('claim_next_work', { wait_seconds: 25 })
  await untilAsked(1)
  await owner.browser.submit(`/apps/${id}/disconnect`, {})
  const status = async () => (await postCall('legacy', leaver, {})).status
  await expect.poll(status, { timeout: 10_000 }).toBe(401)
  asked_before = await asked()
  const task_id = await ready('Sweep the deck')
  expect((await waiting).claims).toEqual([])
  expect((await worker.call('claim_next_work', {})).claims).toMatchObject([{ task: { id: task_id } }])
  await worker.call('complete_task', { task_id })
  expect(await asked()).toBe(asked_before + 1)
})

test.each([26, 600, -1, 1.5])('waiting_%s_seconds_is_refused_with_the_limit', async (wait_seconds) => {
  const result = await worker.result('claim_next_work', { wait_seconds })
  expect(result.structuredContent?.error).toMatchObject({
    code: 'invalid_argument',
    fields: [{ field: 'wait_seconds' }],
  })
  expect(await asked()).toBe(asked_before)
})

test('what_waits_is_answered_when_the_gateway_stops', async () => {
  const waiting = worker.result('claim_next_work', { wait_seconds: 25 })
  await untilAsked(1)
  await system.stop()
  const { isError, structuredContent } = await waiting
  expect(isError).not.toBe(true)
  expect(structuredContent).toMatchObject({ claims: [], retry_after_ms: expect.any(Number) })
})
