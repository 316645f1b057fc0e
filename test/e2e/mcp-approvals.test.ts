// A person approves on the board what their app asks for and may not do itself: over two gateways, with the SDK's own
// client, which opens the page for them.
import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { type McpClient, MODERN, type ToolResult } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

type Answer = { action: 'accept' | 'decline' | 'cancel' }
type Opened = Readonly<{ message: string; url: string }>

let system: System
let owner: Account
let approver: McpClient
/** May read and write, and not approve. */
let writer: McpClient
let workspace_id: string
let task_id: string

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  approver = await agentOf(system, owner)
  writer = await agentOf(system, owner, { without: ['loops:approve'] })
  workspace_id = (await approver.call('get_workspace', {})).workspace.id
})
beforeEach(async () => {
  task_id = (await writer.call('create_task', { title: 'Moor the barge' })).task.id
})
afterAll(async () => {
  await approver?.[Symbol.asyncDispose]()
  await writer?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** A client whose person answers each question, and what they were asked to open. */
const openClient = async (
  answer: (opened: Opened) => Promise<Answer>,
  { agent = writer, capabilities = { elicitation: { url: {} } } as ClientCapabilities } = {},
) => {
  const versionNegotiation = { mode: { pin: MODERN } }
  const client = new Client({ name: 'opener', version: '1.0.0' }, { versionNegotiation, capabilities })
  const opened: Opened[] = []
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    if (params.mode !== 'url') throw new Error('a form was asked for')
    const { message, url } = params
    opened.push({ message, url })
    return await answer({ message, url })
  })
  const headers = { Authorization: `Bearer ${agent.accessToken()}` }
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', system.url), {
    requestInit: { headers },
  })
  await client.connect(transport)
  const call = async (name: string, args: Record<string, unknown>): Promise<ToolResult> =>
    (await client.callTool({ name, arguments: args })) as ToolResult
  return { call, opened, [Symbol.asyncDispose]: () => client.close() }
}

/** What the person does who opens the page and approves there. */
const approve = async ({ url }: Opened): Promise<Answer> => {
  const page = await owner.browser.open(url)
  expect(page.status).toBe(200)
  const [, expected_version = ''] = /name="expected_version" value="(\d+)"/.exec(page.text) ?? []
  await owner.browser.submit(page.url.pathname, { status: 'approved', expected_version })
  return { action: 'accept' }
}
const agree = async (): Promise<Answer> => ({ action: 'accept' })
const errorOf = ({ structuredContent }: ToolResult) =>
  structuredContent?.error as { code: string; message: string; hint: string } | undefined
const stored = async (id = task_id) => (await approver.call('get_task', { task_id: id })).task

describe('an approval', () => {
  test.each([
    ['approved', 'approved'],
    ['in_progress', 'in_progress'],
  ] as const)(
    'that_%s_needs_is_given_on_the_page_of_the_task_and_the_call_goes_on',
    async (status, after) => {
      await using client = await openClient(approve)
      const result = await client.call('update_task', { task_id, status })
      expect(result.isError).toBeFalsy()
      expect(client.opened).toEqual([
        {
          message:
            'The task “Moor the barge” needs the approval of a person. Open its page to read and approve it.',
          url: `${system.url}/tasks/${task_id}?workspace=${workspace_id}`,
        },
      ])
      expect(await stored()).toMatchObject({ status: after, approved_by: { name: 'Olga' } })
    },
  )

  test('of_many_tasks_is_given_in_triage', async () => {
    const { id: other } = (await writer.call('create_task', { title: 'Moor the tug' })).task
    await using client = await openClient(agree)
    const result = await client.call('bulk_update_tasks', { task_ids: [task_id, other], status: 'approved' })
    expect(result.isError).toBe(true)
    expect(client.opened.map(({ url }) => url)).toEqual([`${system.url}/triage?workspace=${workspace_id}`])
    const page = await owner.browser.open(client.opened[0]?.url ?? '')
    expect(page.text).toContain('Moor the tug')
  })

  test('that_is_not_given_yet_can_be_asked_for_again', async () => {
    await using client = await openClient(agree)
    const result = await client.call('update_task', { task_id, status: 'approved' })
    expect(errorOf(result)).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('not approved yet'),
      hint: expect.stringContaining(`/tasks/${task_id}`),
    })
    expect(await stored()).toMatchObject({ status: 'open', version: 1 })
    await client.call('update_task', { task_id, status: 'approved' })
    expect(client.opened).toHaveLength(2)
  })

  test.each(['decline', 'cancel'] as const)('is_not_given_by_somebody_who_answers_%s', async (action) => {
    await using client = await openClient(async () => ({ action }))
    const result = await client.call('update_task', { task_id, status: 'approved' })
    expect(errorOf(result)).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('did not want to approve'),
    })
    expect(client.opened).toHaveLength(1)
    expect(await stored()).toMatchObject({ status: 'open', version: 1 })
  })

  test('is_given_by_nobody_who_may_not_though_they_open_the_page', async () => {
    const viewer = await joinWorkspace(system, owner, { name: 'Vi', role: 'viewer' })
    const stranger = await signUp(system, { name: 'Eve' })
    await using client = await openClient(async ({ url }) => {
      for (const { browser } of [viewer, stranger]) {
        const page = await browser.open(url)
        await browser.submit(page.url.pathname, { status: 'approved', expected_version: '1' })
      }
      return { action: 'accept' }
    })
    expect((await client.call('update_task', { task_id, status: 'approved' })).isError).toBe(true)
    expect(await stored()).toMatchObject({ status: 'open', version: 1 })
  })
})

describe('nobody is asked', () => {
  test('where_the_connection_may_approve_itself', async () => {
    await using client = await openClient(agree, { agent: approver })
    expect((await client.call('update_task', { task_id, status: 'approved' })).isError).toBeFalsy()
    expect(client.opened).toEqual([])
  })

  test('where_no_approval_is_missing_or_none_would_help', async () => {
    await using client = await openClient(agree)
    for (const [args, code] of [
      [{ task_id: SOME_ID, status: 'approved' }, 'not_found'],
      [{ task_id: 'none', status: 'approved' }, 'invalid_argument'],
      [{ task_id, status: 'approved', expected_version: 7 }, 'version_conflict'],
    ] as const)
      expect(errorOf(await client.call('update_task', args))?.code).toBe(code)
    await client.call('update_task', { task_id, status: 'rejected' })
    const viewer = await joinWorkspace(system, owner, { name: 'Vera', role: 'viewer' })
    await using agent = await agentOf(system, viewer)
    await using looker = await openClient(agree, { agent })
    const refused = errorOf(await looker.call('update_task', { task_id, status: 'approved' }))
    expect(refused?.hint).toContain('Your role in this workspace is viewer')
    expect([...client.opened, ...looker.opened]).toEqual([])
  })

  test.each<[string, ClientCapabilities]>([
    ['declares_nothing', {}],
    ['shows_only_forms', { elicitation: { form: {} } }],
  ])('whose_client_%s_it_is_challenged_for_the_scope_as_before', async (_, capabilities) => {
    const prefix = 'io.modelcontextprotocol/'
    const post = (declared: ClientCapabilities) =>
      fetch(new URL('/mcp', system.gateways[1]), {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${writer.accessToken()}`,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': MODERN,
          'Mcp-Method': 'tools/call',
          'Mcp-Name': 'update_task',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: {
            name: 'update_task',
            arguments: { task_id, status: 'approved' },
            _meta: { [`${prefix}protocolVersion`]: MODERN, [`${prefix}clientCapabilities`]: declared },
          },
        }),
      })
    const challenged = await post(capabilities)
    expect(challenged.status).toBe(403)
    expect(challenged.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    const asked = await post({ elicitation: { url: {} } })
    expect(asked.status).toBe(200)
    expect(await asked.json()).toMatchObject({
      result: { resultType: 'input_required', inputRequests: { approval: { method: 'elicitation/create' } } },
    })
  })

  test('of_an_older_client_which_cannot_say_what_it_can_do', async () => {
    await using older = await agentOf(system, owner, { era: 'sdk1', without: ['loops:approve'] })
    const refused = await older.result('update_task', { task_id, status: 'approved' }).catch(String)
    expect(JSON.stringify(refused)).not.toContain('elicitation')
    expect(await stored()).toMatchObject({ status: 'open', version: 1 })
  })
})
