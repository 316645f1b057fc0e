// What cannot be undone is asked first, of the person, where their client can: over two gateways, with the SDK's own client.
import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { type McpClient, MODERN, type ToolResult } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

type Answer = { action: 'accept' | 'decline' | 'cancel'; content?: Record<string, string | number | boolean> }
const YES: Answer = { action: 'accept', content: { confirm: true } }

let system: System
let owner: Account
/** Declares nothing, and so is never asked. */
let plain: McpClient
let loop_id: string
let task_id: string

const openClient = async (capabilities: ClientCapabilities, agent: McpClient = plain, site = system.url) => {
  const versionNegotiation = { mode: { pin: MODERN } }
  const client = new Client({ name: 'asker', version: '1.0.0' }, { versionNegotiation, capabilities })
  const headers = { Authorization: `Bearer ${agent.accessToken()}` }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', site), { requestInit: { headers } }))
  return client
}

/** A client whose person answers each question, and the questions that they were asked. */
const openAsker = async (
  answer: () => Answer | Promise<Answer>,
  capabilities: ClientCapabilities = { elicitation: {} },
) => {
  const client = await openClient(capabilities)
  const questions: string[] = []
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    questions.push(params.message)
    return await answer()
  })
  const call = async (name: string, args: Record<string, unknown>): Promise<ToolResult> =>
    (await client.callTool({ name, arguments: args })) as ToolResult
  return { call, questions, [Symbol.asyncDispose]: () => client.close() }
}

const errorOf = ({ structuredContent }: ToolResult) =>
  structuredContent?.error as { code: string; message: string } | undefined
const statusOf = async (): Promise<string> => (await plain.call('get_loop', { loop_id })).loop.status
const exists = async (): Promise<boolean> => (await plain.result('get_task', { task_id })).isError !== true

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  plain = await agentOf(system, owner)
})
beforeEach(async () => {
  loop_id = (await plain.call('create_loop', { name: 'Berths' })).loop.id
  const create = async (title: string) => (await plain.call('create_task', { title, loop_id })).task.id
  task_id = await create('Moor the barge')
  const done = await create('Moor the tug')
  await plain.call('update_task', { task_id: done, status: 'shipped' })
})
afterAll(async () => {
  await plain?.[Symbol.asyncDispose]()
  await system?.stop()
})

test('a_person_who_agrees_has_read_what_will_happen [P15]', async () => {
  await using asker = await openAsker(() => YES)
  await plain.call('add_comment', { task_id, text: 'Slowly.' })
  const shipped = await asker.call('ship_loop', { loop_id })
  expect(shipped.structuredContent).toMatchObject({ already_shipped: false, unfinished_total: 1 })
  const deleted = await asker.call('delete_task', { task_id })
  expect(deleted.structuredContent).toEqual({ task_id, deleted: true })
  expect(asker.questions).toEqual([
    'Ship the loop “Berths” for good? Of its 2 tasks, 1 is unfinished: “Moor the barge”. What is unfinished stays as it is. Every member gets an email.',
    'Delete the task “Moor the barge” (open) and its 1 comment for good? Nobody can bring it back.',
  ])
})

test.each<[string, Answer]>([
  ['declines', { action: 'decline' }],
  ['cancels', { action: 'cancel' }],
  ['accepts_without_ticking_the_box', { action: 'accept', content: { confirm: false } }],
])('when_the_person_%s_nothing_is_changed_and_the_answer_says_so', async (_, answer) => {
  await using asker = await openAsker(() => answer)
  for (const [name, args] of [
    ['ship_loop', { loop_id }],
    ['delete_task', { task_id }],
  ] as const) {
    const result = await asker.call(name, args)
    expect(result.isError).toBe(true)
    expect(errorOf(result)).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('Nothing was changed'),
    })
  }
  expect([await statusOf(), await exists()]).toEqual(['active', true])
})

test('nobody_is_asked_about_what_can_be_undone_or_does_not_exist_or_is_refused_anyway', async () => {
  await using asker = await openAsker(() => YES)
  await plain.call('update_task', { task_id, status: 'rejected' })
  expect((await asker.call('ship_loop', { loop_id })).structuredContent).toMatchObject({
    already_shipped: false,
  })
  expect((await asker.call('ship_loop', { loop_id })).structuredContent).toMatchObject({
    already_shipped: true,
  })
  for (const [args, code] of [
    [{ task_id: SOME_ID }, 'not_found'],
    [{ task_id: 'none' }, 'invalid_argument'],
    [{ task_id, expected_version: 1 }, 'version_conflict'],
  ] as const)
    expect(errorOf(await asker.call('delete_task', args))?.code).toBe(code)
  expect(asker.questions).toEqual([])
})

test('what_changes_while_the_person_thinks_is_asked_again', async () => {
  const titles = ['Moor the ferry', 'Moor the raft']
  await using asker = await openAsker(async () => {
    const title = titles.shift()
    if (title) await plain.call('create_task', { title, loop_id })
    return YES
  })
  const shipped = await asker.call('ship_loop', { loop_id })
  expect(shipped.structuredContent).toMatchObject({ unfinished_total: 3 })
  expect(asker.questions.map((question) => /(\d) (?:is|are) unfinished/.exec(question)?.[1])).toEqual([
    '1',
    '2',
    '3',
  ])
})

describe('a client that does not ask its person', () => {
  test.each<[string, ClientCapabilities]>([
    ['declares_nothing', {}],
    ['opens_only_addresses', { elicitation: { url: {} } }],
  ])('because_it_%s_is_answered_at_once', async (_, capabilities) => {
    const client = await openClient(capabilities)
    expect(await client.callTool({ name: 'delete_task', arguments: { task_id } })).toMatchObject({
      structuredContent: { deleted: true },
    })
    await client.close()
  })
  test.each(['legacy', 'sdk1'] as const)(
    'because_it_is_of_an_older_revision_(%s)_is_answered_at_once',
    async (era) => {
      await using older = await agentOf(system, owner, { era })
      expect(await older.call('ship_loop', { loop_id })).toMatchObject({ unfinished_total: 1 })
    },
  )
})

describe('the state of a question', () => {
  type Asked = { resultType?: string; requestState: string; inputRequests: Record<string, unknown> }
  const METHOD = 'tools/call'
  /** One call by itself, without the client's own second one. */
  const post = async (
    params: Record<string, unknown>,
    { agent = plain, gateway = 0 }: { agent?: McpClient; gateway?: number } = {},
  ) => {
    const prefix = 'io.modelcontextprotocol/'
    const _meta = {
      [`${prefix}protocolVersion`]: MODERN,
      [`${prefix}clientCapabilities`]: { elicitation: { form: {} } },
    }
    const response = await fetch(new URL('/mcp', system.gateways[gateway]), {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${agent.accessToken()}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': MODERN,
        'Mcp-Method': METHOD,
        'Mcp-Name': String(params.name),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: METHOD, params: { ...params, _meta } }),
    })
    return (await response.json()) as { result?: Asked & ToolResult; error?: { code: number } }
  }
  const deletion = () => ({ name: 'delete_task', arguments: { task_id } })
  const asked = async (): Promise<string> => {
    const { result } = await post(deletion())
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { confirm: { method: 'elicitation/create' } },
    })
    return result?.requestState ?? ''
  }
  const inputResponses = { confirm: YES }

  test('is_good_at_every_gateway_and_a_repeat_of_the_call_does_no_harm', async () => {
    const requestState = await asked()
    const answer = { ...deletion(), inputResponses, requestState }
    expect((await post(answer, { gateway: 1 })).result?.structuredContent).toMatchObject({ deleted: true })
    const repeated = await post(answer)
    expect(repeated.result).toMatchObject((await plain.result('delete_task', { task_id })) as object)
  })
  test('is_good_for_this_call_and_connection_alone', async () => {
    const requestState = await asked()
    const other = (await plain.call('create_task', { title: 'Moor the yacht' })).task.id
    const elsewhere = { ...deletion(), arguments: { task_id: other }, inputResponses, requestState }
    expect((await post(elsewhere)).result?.resultType).toBe('input_required')
    await using agent = await agentOf(system, owner)
    const foreign = { ...deletion(), inputResponses, requestState }
    expect((await post(foreign, { agent })).result?.resultType).toBe('input_required')
    expect(await exists()).toBe(true)
  })
  test('cannot_be_made_up_or_left_out', async () => {
    const [time, digest, mark] = (await asked()).split('.')
    for (const requestState of [
      'x',
      `${Number(time) + 1}.${digest}.${mark}`,
      `${time}.${digest}.${'A'.repeat(43)}`,
    ])
      expect((await post({ ...deletion(), inputResponses, requestState })).error?.code).toBe(-32_602)
    expect((await post({ ...deletion(), inputResponses })).result?.resultType).toBe('input_required')
    expect(await exists()).toBe(true)
  })
})
