// Calls as frameworks and models really send them, over real HTTP and real services.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import release from '../../package.json' with { type: 'json' }
import { formsOf, inputSchema } from '../../shared/contracts/define/json-schema.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { openWire, type Wire } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'
import { exampleOf, TOOLS, toolNamed } from '../support/tools.ts'

let system: System
let client: McpClient
let wire: Wire

beforeAll(async () => {
  system = await startSystem()
  client = await agentOf(system, await signUp(system, { name: 'Ann' }))
  wire = openWire(new URL('/mcp', system.url), {
    Authorization: `Bearer ${client.accessToken()}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  })
})

afterAll(async () => {
  wire?.[Symbol.dispose]()
  await client?.[Symbol.asyncDispose]()
  await system?.stop()
})

type Result = Readonly<{ isError?: boolean; structuredContent?: Record<string, unknown> }>
type Rpc = Readonly<{
  result?: Result & { serverInfo?: { version: string } }
  error?: { code: number; message: string }
}>

const rpc = async (method: string, params?: unknown): Promise<Rpc> =>
  JSON.parse((await wire.rpc(method, params)).text) as Rpc
const call = async (name: string, args: unknown): Promise<Result> => {
  const { result, error } = await rpc('tools/call', { name, arguments: args })
  expect(error).toBeUndefined()
  return result as Result
}

/** Arguments of a framework that makes every parameter required: null for each one left out. */
const withNulls = (name: string, given: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { properties = {} } = inputSchema(toolNamed(name).input)
  const left = Object.entries(properties as Record<string, Record<string, unknown>>).filter(
    ([parameter, schema]) => !(parameter in given) && !formsOf(schema).some(({ type }) => type === 'null'),
  )
  return { ...Object.fromEntries(left.map(([parameter]) => [parameter, null])), ...given }
}

const make = async (): Promise<{ task_id: string; loop_id: string }> => {
  const { loop } = await client.call('create_loop', { name: 'A loop' })
  const { task } = await client.call('create_task', { title: 'A task', loop_id: loop.id })
  return { task_id: task.id, loop_id: loop.id }
}

type Made = Awaited<ReturnType<typeof make>>

/** Further arguments that a call needs, for tools that require one of several parameters. */
const AT_LEAST: Readonly<Record<string, (made: Made) => Record<string, unknown>>> = {
  add_comment: ({ task_id }) => ({ task_id }),
  update_task: () => ({ priority: 'low' }),
  bulk_update_tasks: () => ({ priority: 'low' }),
  update_loop: () => ({ name: 'Another name' }),
}

describe('null for everything left out', () => {
  test.each(TOOLS.map(({ name }) => name))('is_accepted_by_%s', async (name) => {
    const made = await make()
    const ids = { ...made, task_ids: [made.task_id], loop_ids: [made.loop_id] }
    const { required = [] } = inputSchema(toolNamed(name).input)
    const example = { ...exampleOf(name), ...ids }
    const least = (required as string[]).map((parameter) => [
      parameter,
      example[parameter as keyof typeof example],
    ])
    const given = { ...Object.fromEntries(least), ...AT_LEAST[name]?.(made) }
    const { isError, structuredContent } = await call(name, withNulls(name, given))
    expect(isError, `${JSON.stringify(structuredContent)} (AT_LEAST in this file)`).not.toBe(true)
  })

  test('keeps_a_task_in_its_loop_and_clears_only_fields_that_say_so', async () => {
    const { task_id, loop_id } = await make()
    await call('update_task', { task_id, due_date: '2026-12-24' })
    await call('update_task', {
      task_id,
      title: 'Renamed',
      body: null,
      status: null,
      loop_id: '',
      idempotency_key: '',
    })
    const { task } = await client.call('get_task', { task_id })
    expect(task).toMatchObject({ title: 'Renamed', loop_id, due_date: '2026-12-24' })
    await call('update_task', { task_id, loop_id: null, due_date: null })
    expect((await client.call('get_task', { task_id })).task).toMatchObject({ loop_id: null, due_date: null })
  })
})

test('lists_and_numbers_may_come_as_json_text', async () => {
  const { task_id, loop_id } = await make()
  const { structuredContent } = await call('bulk_update_tasks', {
    task_ids: JSON.stringify([task_id]),
    status: 'on_hold',
  })
  expect(structuredContent).toMatchObject({ updated: 1, failed: 0 })
  expect(await call('set_loop_priority', { loop_id, priority: '0' })).not.toMatchObject({ isError: true })
  const refused = await call('list_tasks', { limit: 'ten' })
  expect(refused).toMatchObject({
    isError: true,
    structuredContent: { error: { fields: [{ field: 'limit' }] } },
  })
})

test('fields_that_n8n_adds_are_ignored_and_misspelt_names_are_not', async () => {
  const added = {
    toolCallId: 'call_1',
    sessionId: 's',
    action: 'sendMessage',
    chatInput: 'Hi',
    tool: 'create_task',
  }
  expect(await call('create_task', { ...added, title: 'From n8n' })).not.toMatchObject({ isError: true })
  const refused = await call('create_task', { ...added, titel: 'From n8n' })
  expect(JSON.stringify(refused)).toContain('titel')
})

describe('the protocol around it', () => {
  test('null_arguments_are_no_arguments', async () => {
    expect((await rpc('tools/call', { name: 'list_tasks', arguments: null })).result?.isError).not.toBe(true)
    expect((await rpc('tools/list', null)).error).toBeUndefined()
    expect((await rpc('tools/list', { cursor: null })).error).toBeUndefined()
  })

  test.each([
    ['tools/call', { name: 'list_tasks', arguments: [] }],
    ['tools/list', { cursor: 5 }],
    ['prompts/get', {}],
    ['resources/read', { uri: 5 }],
  ])('what_does_not_fit_is_answered_in_words: %s', async (method, params) => {
    const { error } = await rpc(method, params)
    expect(error?.code).toBe(-32_602)
    expect(error?.message).toMatch(/^The params of [a-z/]+ do not fit\. params\.\w+: [^[{]+\.$/)
  })

  test('the_server_names_the_version_of_its_release', async () => {
    const { result } = await rpc('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'a', version: '1' },
    })
    expect(result?.serverInfo?.version).toBe(release.version)
  })
})
