// The MCP endpoint over the whole system, two of each service behind one address. The SDKs of both generations drive it
// through the real OAuth flow. Requests of clients without access are covered too.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WORKFLOWS } from '../../shared/contracts/gateway/shapes.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { ERAS, type McpClient, MODERN, type ToolResult } from '../support/mcp-client.ts'
import { type Answer, openWire, type Wire } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID, TOOLS } from '../support/tools.ts'

let system: System
let owner: Account

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
})
afterAll(() => system?.stop())

const errorOf = (result: ToolResult): Record<string, unknown> =>
  result.structuredContent?.error as Record<string, unknown>
const textOf = (result: ToolResult): string => result.content.map(({ text }) => text).join('')

describe.each(ERAS)('a client (%s) that came through OAuth', (era) => {
  let client: McpClient
  beforeAll(async () => {
    client = await agentOf(system, owner, { era })
  })
  afterAll(() => client?.[Symbol.asyncDispose]())

  test('gets_instructions_for_the_server', () => {
    expect(client.raw.getServerVersion()).toMatchObject({ name: 'loops' })
    expect(client.raw.getInstructions()).toContain('get_workspace')
    expect(client.scope()?.split(' ').sort()).toEqual(['loops:approve', 'loops:read', 'loops:write'])
  })

  test('finds_every_tool', async () => {
    const { tools } = await client.raw.listTools()
    expect(tools.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name))
  })

  test('takes_a_task_from_filed_to_shipped', async () => {
    const { workspace } = await client.call('get_workspace', {})
    expect(workspace.name).toBe('Quayside')
    const { loop } = await client.call('create_loop', { name: `Loop of ${era}` })
    const { task } = await client.call('create_task', {
      title: `Task of ${era} „ünïcödé“ 🚢 ‏שלום`,
      body: '```ts\nconst a = "b"\n```\u2028end',
      loop_id: loop.id,
    })
    expect(task.author).toMatchObject({ name: 'Olga', client: `agent-${era}` })
    for (const status of ['approved', 'in_progress', 'shipped'] as const)
      await client.call('update_task', { task_id: task.id, status })
    await client.call('add_comment', { task_id: task.id, text: 'Done.' })
    const read = await client.call('get_task', { task_id: task.id })
    expect(read.task).toMatchObject({ status: 'shipped', title: task.title })
    expect(read.task.body).toBe('```ts\nconst a = "b"\n```\u2028end')
    expect(read.comments).toMatchObject([{ text: 'Done.', author: { client: `agent-${era}` } }])
    const shipped = await client.call('ship_loop', { loop_id: loop.id })
    expect(shipped).toMatchObject({ already_shipped: false, unfinished: [] })
  })

  test('gets_the_same_json_as_text_and_as_structure [P7]', async () => {
    const result = await client.result('get_queue_stats', {})
    expect(result.content).toHaveLength(1)
    expect(JSON.parse(textOf(result))).toEqual(result.structuredContent)
  })

  test('gets_a_refusal_that_it_can_act_on [P9]', async () => {
    // After listing tools, the SDKs check results by their schemas; a refusal must pass too.
    await client.raw.listTools()
    const missing = await client.result('get_task', { task_id: SOME_ID })
    expect(missing.isError).toBe(true)
    expect(errorOf(missing)).toMatchObject({ code: 'not_found', retryable: false, task_id: SOME_ID })
    expect(textOf(missing)).toBe(`not_found: ${errorOf(missing).message} ${errorOf(missing).hint}`)
    const wrong = await client.result('get_task', { task_id: 'x', more: 1 })
    expect(errorOf(wrong)).toMatchObject({
      code: 'invalid_argument',
      fields: [{ field: 'task_id' }, { field: 'more' }],
    })
  })

  test('gets_a_protocol_error_for_a_tool_that_does_not_exist [P8]', async () => {
    await expect(client.result('no_such_tool', {})).rejects.toMatchObject({ code: -32_602 })
    await expect(client.result('list_loop_tasks', {})).rejects.toMatchObject({ code: -32_602 })
  })

  test('may_call_a_tool_by_the_name_that_the_connector_gives_it', async () => {
    const result = await client.result('loopsmcp_get_workspace', {})
    expect(result.structuredContent).toMatchObject({ workspace: { name: 'Quayside' } })
  })

  test('has_the_workflows_as_prompts_resources_and_tool [P11, P12]', async () => {
    const { prompts } = await client.raw.listPrompts()
    expect(prompts.map(({ name }) => name)).toEqual(WORKFLOWS)
    const { resources } = await client.raw.listResources()
    for (const name of WORKFLOWS) {
      const { instructions } = await client.call('get_workflow', { workflow: name })
      const { messages } = await client.raw.getPrompt({ name })
      expect(messages).toEqual([{ role: 'user', content: { type: 'text', text: instructions } }])
      const resource = resources.find((candidate) => candidate.name === name)
      const { contents } = await client.raw.readResource({ uri: resource?.uri ?? '' })
      expect(contents).toMatchObject([{ uri: `loops://workflow/${name}`, text: instructions }])
    }
    await expect(client.raw.getPrompt({ name: 'none' })).rejects.toMatchObject({ code: -32_602 })
    await expect(client.raw.readResource({ uri: 'loops://workflow/none' })).rejects.toMatchObject({
      code: -32_602,
    })
  })
})

describe('a token', () => {
  const wireFor = (token: string, headers: Record<string, string> = {}): Wire =>
    openWire(new URL('/mcp', system.url), {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    })
  const callOf = (wire: Wire, name: string, args: unknown): Promise<Answer> =>
    wire.rpc('tools/call', { name, arguments: args })

  test('that_only_reads_lists_reading_tools_and_is_challenged_for_more_scopes_before_anything_is_done [B4]', async () => {
    await using reader = await agentOf(system, owner, {
      name: 'reader',
      without: ['loops:write', 'loops:approve'],
    })
    expect(reader.scope()).toBe('loops:read')
    const { tools } = await reader.raw.listTools()
    expect(tools.map(({ name }) => name)).toEqual(
      TOOLS.filter(({ tool }) => tool.scope === 'loops:read').map(({ name }) => name),
    )
    using wire = wireFor(reader.accessToken())
    const answer = await callOf(wire, 'create_task', { title: 'Not mine to write' })
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"')
    expect(answer.headers['www-authenticate']).toContain('scope="loops:read loops:write"')
    expect(answer.headers['www-authenticate']).toContain(
      `resource_metadata="${system.url}/.well-known/oauth-protected-resource/mcp"`,
    )
    expect((await callOf(wire, 'get_queue_stats', {})).status).toBe(200)
  })

  test('of_a_viewer_is_not_challenged_for_scopes_that_no_consent_can_give', async () => {
    const viewer = await joinWorkspace(system, owner, { name: 'Vera', role: 'viewer' })
    await using agent = await agentOf(system, viewer, { name: 'looker' })
    const result = await agent.result('create_task', { title: 'Not a viewer’s to file' })
    expect(errorOf(result)).toMatchObject({ code: 'forbidden' })
    expect(textOf(result)).toContain('viewer')
    expect(await agent.call('get_workspace', {})).toMatchObject({ you: { role: 'viewer' } })
  })

  test('counts_on_every_gateway_while_clients_come_and_go', async () => {
    await using client = await agentOf(system, owner, { name: 'roamer' })
    for (const gateway of system.gateways) {
      using wire = openWire(new URL('/mcp', gateway), {
        Authorization: `bearer ${client.accessToken()}`,
        'Content-Type': 'application/json',
        Accept: 'application/json',
      })
      const answer = await callOf(wire, 'get_workspace', {})
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toContain('application/json')
      expect(JSON.parse(answer.text)).toMatchObject({ result: { structuredContent: { workspace: {} } } })
    }
  })

  test.each([undefined, '*/*', 'application/json', 'text/event-stream', 'text/html'])(
    'is_answered_whatever_the_client_accepts (%s) [T4, T7]',
    async (accept) => {
      await using client = await agentOf(system, owner, { name: 'accepting' })
      const headers = { Authorization: `Bearer ${client.accessToken()}`, 'Content-Type': 'application/json' }
      using wire = openWire(new URL('/mcp', system.url), {
        ...headers,
        ...(accept === undefined ? {} : { Accept: accept }),
        'Mcp-Session-Id': 'of-another-life',
        'Last-Event-ID': '7',
      })
      const answer = await wire.rpc('tools/list')
      expect(answer.status).toBe(200)
      expect(answer.headers).not.toHaveProperty('mcp-session-id')
      expect(JSON.parse(answer.text)).toMatchObject({ result: { tools: expect.any(Array) } })
    },
  )
})

describe('whoever comes', () => {
  const url = (path = '/mcp'): URL => new URL(path, system.url)
  const challenge = (response: Response): string => response.headers.get('www-authenticate') ?? ''

  test.each(['GET', 'POST', 'DELETE', 'PUT', 'HEAD'])(
    'without_a_token_is_challenged (%s) [T3, D1]',
    async (method) => {
      for (const path of ['/mcp', '/mcp/']) {
        const response = await fetch(url(path), { method })
        expect(response.status).toBe(401)
        expect(challenge(response)).not.toContain('error=')
        const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenge(response)) ?? []
        const document = (await (await fetch(metadata)).json()) as { resource: string }
        expect(document.resource).toBe(url(path).href)
      }
    },
  )

  test.each(['nonsense', 'a.b.c', 'x y', ''])('with_a_bad_token_is_told_so (%s) [D2]', async (token) => {
    const response = await fetch(url(), { method: 'POST', headers: { Authorization: `Bearer ${token}.` } })
    expect(response.status).toBe(401)
    expect(challenge(response)).toContain('error="invalid_token"')
  })

  test('with_a_token_in_the_address_counts_as_without_one [B1]', async () => {
    await using client = await agentOf(system, owner, { name: 'careless' })
    const response = await fetch(url(`/mcp?access_token=${client.accessToken()}`), { method: 'POST' })
    expect(response.status).toBe(401)
  })

  test('with_another_method_is_answered_with_the_allowed_one [T3]', async () => {
    await using client = await agentOf(system, owner, { name: 'methodical' })
    const headers = { Authorization: `Bearer ${client.accessToken()}` }
    for (const method of ['GET', 'DELETE', 'PUT', 'HEAD']) {
      const response = await fetch(url(), { method, headers })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('POST')
    }
  })

  test('from_a_page_of_this_machine_may_call_and_from_another_may_not [T5, T21]', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(url(), {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,mcp-protocol-version,mcp-method,mcp-param-x',
        },
      })
    const inspector = await preflight('http://localhost:6274')
    expect(inspector.status).toBe(204)
    expect(inspector.headers.get('access-control-allow-origin')).toBe('http://localhost:6274')
    expect(inspector.headers.get('access-control-allow-headers')).toContain('mcp-param-x')
    const posted = await fetch(url(), { method: 'POST', headers: { origin: 'http://localhost:6274' } })
    expect(posted.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    for (const origin of ['https://evil.example', 'null', `${system.url}.evil.example`]) {
      expect((await preflight(origin)).status).toBe(403)
      expect((await fetch(url(), { method: 'POST', headers: { origin } })).status).toBe(403)
    }
  })

  test('by_a_name_that_is_not_ours_is_refused [T5]', async () => {
    using wire = openWire(url(), { Host: 'evil.example', Origin: 'http://evil.example' })
    expect((await wire.send('{}')).status).toBe(403)
    using rebound = openWire(url(), { Host: 'evil.example' })
    expect((await rebound.send('{}')).status).toBe(403)
  })

  test('asking_for_an_old_revision_gets_it_and_for_an_unknown_one_the_newest_of_those [T9]', async () => {
    await using client = await agentOf(system, owner, { name: 'historian' })
    using wire = openWire(url(), {
      Authorization: `Bearer ${client.accessToken()}`,
      'Content-Type': 'application/json',
    })
    const initialize = async (protocolVersion: string): Promise<unknown> => {
      const clientInfo = { name: 'x', version: '1' }
      const answer = await wire.rpc('initialize', { protocolVersion, capabilities: {}, clientInfo })
      return (JSON.parse(answer.text) as { result: { protocolVersion: string } }).result.protocolVersion
    }
    for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])
      expect(await initialize(version)).toBe(version)
    expect(await initialize('1999-01-01')).toBe('2025-11-25')
  })

  test('in_the_newest_revision_finds_cacheable_lists_and_nothing_to_subscribe_to [T16]', async () => {
    await using client = await agentOf(system, owner, { name: 'modernist' })
    const meta = {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const ask = async (method: string, version = MODERN): Promise<Answer> => {
      using wire = openWire(url(), {
        Authorization: `Bearer ${client.accessToken()}`,
        'Content-Type': 'application/json',
        'MCP-Protocol-Version': version,
        'Mcp-Method': method,
      })
      const _meta = { ...meta, 'io.modelcontextprotocol/protocolVersion': version }
      return await wire.rpc(method, { _meta })
    }
    const resultOf = async (method: string) =>
      (JSON.parse((await ask(method)).text) as { result: Record<string, unknown> }).result
    expect(await resultOf('server/discover')).toMatchObject({
      resultType: 'complete',
      supportedVersions: [MODERN],
      capabilities: {
        tools: { listChanged: true },
        prompts: {},
        resources: { subscribe: true },
        completions: {},
      },
      cacheScope: 'public',
    })
    expect(await resultOf('tools/list')).toMatchObject({ cacheScope: 'private', ttlMs: expect.any(Number) })
    expect(await resultOf('prompts/list')).toMatchObject({ cacheScope: 'public' })
    const unknown = await ask('tools/list', '2031-01-01')
    expect(unknown.status).toBe(400)
    expect(JSON.parse(unknown.text)).toMatchObject({ error: { code: -32_022 } })
    expect((await ask('initialize')).status).toBe(404)
  })

  test('as_an_orchestrator_learns_that_the_gateway_is_alive_and_ready', async () => {
    for (const path of ['/livez', '/readyz']) expect((await fetch(url(path))).status).toBe(200)
  })
})
