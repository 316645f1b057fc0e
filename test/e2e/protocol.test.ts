// The rows of the protocol that no client library shows. Requests are sent as bytes, in the older form and in the newest
// one, and answered as the specification says. The ids in brackets number the project's protocol requirements.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { MODERN } from '../support/mcp-client.ts'
import { type Answer, openWire, type Wire } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

const PREFIX = 'io.modelcontextprotocol/'

let system: System
let owner: Account
let token: string
let wire: Wire

const wireOf = (bearer: string): Wire =>
  openWire(new URL('/mcp', system.url), {
    Authorization: `Bearer ${bearer}`,
    'Content-Type': 'application/json',
  })

beforeAll(async () => {
  system = await startSystem({ names: ['tasks', 'loops-queue', 'gateway'] })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  await using agent = await agentOf(system, owner)
  token = agent.accessToken()
  wire = wireOf(token)
})
afterAll(async () => {
  wire?.[Symbol.dispose]()
  await system?.stop()
})

type Rpc = Readonly<{
  id?: unknown
  result?: Record<string, unknown>
  error?: { code: number; message: string; data?: Record<string, unknown> }
}>
const rpcOf = ({ text }: Answer): Rpc => JSON.parse(text) as Rpc

const META = { [`${PREFIX}protocolVersion`]: MODERN, [`${PREFIX}clientCapabilities`]: {} }
type Modern = Readonly<{
  meta?: Readonly<Record<string, unknown>>
  headers?: Readonly<Record<string, string>>
}>
/** A valid request of the newest revision, except for what `given` changes. */
const ask = (method: string, params: Record<string, unknown> = {}, given: Modern = {}): Promise<Answer> =>
  wire.send(
    JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: given.meta ?? META } }),
    { 'MCP-Protocol-Version': MODERN, 'Mcp-Method': method, ...given.headers },
  )
const callOf = (name: string, args: unknown = {}, given: Modern = {}): Promise<Answer> =>
  ask('tools/call', { name, arguments: args }, { ...given, headers: { 'Mcp-Name': name, ...given.headers } })

const namesOf = ({ tools }: { tools: readonly { name: string }[] }): string[] => tools.map(({ name }) => name)

describe('the endpoint', () => {
  test('answers_one_request_with_one_json_object [T1]', async () => {
    for (const answer of [await wire.rpc('tools/list'), await ask('tools/list')]) {
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(rpcOf(answer)).toMatchObject({ jsonrpc: '2.0', result: { tools: expect.any(Array) } })
    }
  })
  test('accepts_a_notification_and_a_posted_response_with_an_empty_answer [T2]', async () => {
    for (const message of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 1, result: {} },
    ]) {
      const answer = await wire.send(JSON.stringify(message))
      expect([answer.status, answer.text]).toEqual([202, ''])
    }
  })
  test.each(['text/plain', 'application/jsonp', 'application/json-patch+json', 'application/x-json', ''])(
    'takes_json_alone: %j [T6]',
    async (type) => {
      const answer = await wire.send('{}', { 'Content-Type': type })
      expect(answer.status).toBe(415)
    },
  )
  test('accepts_json_with_a_charset_in_any_case [T6]', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    for (const type of ['application/json; charset=utf-8', 'Application/JSON'])
      expect((await wire.send(body, { 'Content-Type': type })).status).toBe(200)
  })
  test('accepts_a_batch_of_a_hundred_requests_in_the_older_form_and_no_more [T8]', async () => {
    const batch = (count: number) =>
      JSON.stringify(
        Array.from({ length: count }, (_, id) => ({ jsonrpc: '2.0', id, method: 'prompts/list' })),
      )
    const answers = JSON.parse((await wire.send(batch(100))).text) as Rpc[]
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id))
    const tooMany = await wire.send(batch(101))
    expect([tooMany.status, rpcOf(tooMany).error?.code]).toEqual([400, -32_600])
    const newest = JSON.stringify([{ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } }])
    const modern = await wire.send(newest, { 'MCP-Protocol-Version': MODERN, 'Mcp-Method': 'tools/list' })
    expect([modern.status, rpcOf(modern).error?.code]).toEqual([400, -32_600])
  })
  test('knows_the_revisions_of_the_older_form_and_refuses_others [T10]', async () => {
    const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    for (const version of ['2025-03-26', '2025-06-18', '2025-11-25'])
      expect((await wire.send(list, { 'MCP-Protocol-Version': version })).status).toBe(200)
    expect((await wire.send(list)).status).toBe(200)
    expect((await wire.send(list, { 'MCP-Protocol-Version': '1999-01-01' })).status).toBe(400)
  })
  test('keeps_two_simultaneous_callers_apart [T22]', async () => {
    await using reader = await agentOf(system, owner, { without: ['loops:write', 'loops:approve'] })
    using narrow = wireOf(reader.accessToken())
    const names = async (of: Wire) =>
      namesOf(rpcOf(await of.rpc('tools/list')).result as { tools: { name: string }[] })
    const lists = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => names(turn % 2 === 0 ? wire : narrow)),
    )
    for (const [turn, listed] of lists.entries()) expect(listed.includes('create_task')).toBe(turn % 2 === 0)
  })
})

describe('a request of the newest revision', () => {
  test.each([
    ['no version', { 'MCP-Protocol-Version': '' }],
    ['another version', { 'MCP-Protocol-Version': '2025-11-25' }],
    ['no method', { 'Mcp-Method': '' }],
    ['another method', { 'Mcp-Method': 'tools/list' }],
    ['a method in another case', { 'Mcp-Method': 'Tools/Call' }],
    ['no name', { 'Mcp-Name': '' }],
    ['another name', { 'Mcp-Name': 'get_queue_stats' }],
    ['a name in another case', { 'Mcp-Name': 'GET_WORKSPACE' }],
  ])('whose_headers_have_%s_than_its_body_is_refused_with_its_id [T11]', async (_, headers) => {
    const answer = await callOf('get_workspace', {}, { headers: headers as Record<string, string> })
    expect(answer.status).toBe(400)
    expect(rpcOf(answer)).toMatchObject({ id: 7, error: { code: -32_020 } })
  })
  test('may_have_its_name_encoded_and_its_headers_in_any_case [T11]', async () => {
    const encoded = `=?base64?${Buffer.from('get_workspace').toString('base64')}?=`
    expect((await callOf('get_workspace', {}, { headers: { 'Mcp-Name': encoded } })).status).toBe(200)
    const params = { name: 'get_workspace', arguments: {}, _meta: META }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params })
    const headers = {
      'mcp-protocol-version': MODERN,
      'MCP-METHOD': 'tools/call',
      'mCP-nAME': 'get_workspace',
    }
    expect((await wire.send(body, headers)).status).toBe(200)
  })
  test('needs_version_and_capabilities_and_no_name_of_its_client [T12]', async () => {
    const { [`${PREFIX}clientCapabilities`]: _, ...noCapabilities } = META
    const without = await ask('tools/list', {}, { meta: noCapabilities })
    expect([without.status, rpcOf(without).error?.code]).toEqual([400, -32_602])
    const named = { ...META, [`${PREFIX}clientInfo`]: { name: 'x', version: '1' } }
    for (const meta of [META, named]) expect((await ask('tools/list', {}, { meta })).status).toBe(200)
  })
  test('of_an_unknown_revision_is_answered_with_the_known_ones [T13]', async () => {
    const version = '2031-01-01'
    const meta = { ...META, [`${PREFIX}protocolVersion`]: version }
    const answer = await ask('tools/list', {}, { meta, headers: { 'MCP-Protocol-Version': version } })
    expect(answer.status).toBe(400)
    const { error } = rpcOf(answer)
    expect(error?.code).toBe(-32_022)
    expect(error?.data?.supported).toContain(MODERN)
    expect(error?.data?.requested).toBe(version)
  })
  test('needs_no_capability_of_its_client_for_any_tool [T14]', async () => {
    for (const name of ['get_workspace', 'create_task', 'ship_loop'])
      expect(rpcOf(await callOf(name)).error?.code).not.toBe(-32_021)
  })
  test.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'no/such_method'])(
    'for_what_was_removed_or_never_was_finds_nothing: %s [T15]',
    async (method) => {
      const modern = await ask(method, { uri: 'loops://workflow/triage', level: 'info' })
      expect([modern.status, rpcOf(modern).error?.code]).toEqual([404, -32_601])
      if (method === 'initialize' || method === 'ping') return
      const older = await wire.rpc(method, { uri: 'loops://workflow/triage', level: 'info' })
      expect([older.status, rpcOf(older).error?.code]).toEqual([200, -32_601])
    },
  )
  test('gets_a_complete_result_that_says_who_answers [T17]', async () => {
    for (const answer of [
      await ask('server/discover'),
      await ask('tools/list'),
      await callOf('get_workspace'),
      await callOf('get_task', { task_id: SOME_ID }),
    ])
      expect(rpcOf(answer).result).toMatchObject({
        resultType: 'complete',
        _meta: { [`${PREFIX}serverInfo`]: { name: 'loops' } },
      })
  })
  test('is_never_answered_with_a_code_that_the_revision_withdrew [P18]', async () => {
    for (const answer of [
      await ask('resources/read', { uri: 'loops://none' }, { headers: { 'Mcp-Name': 'loops://none' } }),
      await callOf('no_such_tool'),
      await ask('no/such_method'),
    ])
      expect([-32_602, -32_601]).toContain(rpcOf(answer).error?.code)
  })
})

describe('what is offered', () => {
  type Listed = Readonly<{
    name: string
    title: string
    description: string
    inputSchema: Record<string, unknown>
    outputSchema: Record<string, unknown>
    annotations: Record<string, unknown>
  }>
  const listed = async (): Promise<Listed[]> =>
    rpcOf(await ask('tools/list')).result?.tools as unknown as Listed[]

  test('each_tool_has_a_plain_name_of_its_own_without_a_prefix [P1]', async () => {
    const names = (await listed()).map(({ name }) => name)
    for (const name of names) expect(name).toMatch(/^(?!loopsmcp_)[A-Za-z0-9_.-]{1,128}$/)
    expect(new Set(names).size).toBe(names.length)
  })
  test('the_tools_come_in_the_same_order_whoever_asks_and_however [P2]', async () => {
    const first = JSON.stringify(await listed())
    using another = wireOf(token)
    const older = rpcOf(await another.rpc('tools/list')).result?.tools
    expect(JSON.stringify(older)).toBe(first)
    expect(JSON.stringify(await listed())).toBe(first)
  })
  test('each_list_says_how_long_and_for_whom_it_may_be_kept [P3]', async () => {
    for (const [method, scope] of [
      ['tools/list', 'private'],
      ['prompts/list', 'public'],
      ['resources/list', 'public'],
      ['resources/templates/list', 'public'],
      ['server/discover', 'public'],
    ] as const) {
      const { result } = rpcOf(await ask(method))
      expect(result?.cacheScope, method).toBe(scope)
      expect(Number.isInteger(result?.ttlMs) && Number(result?.ttlMs) >= 0).toBe(true)
    }
  })
  test('a_read_says_that_what_one_caller_sees_is_for_nobody_else [P3]', async () => {
    const read = async (uri: string) =>
      rpcOf(await ask('resources/read', { uri }, { headers: { 'Mcp-Name': uri } })).result
    expect(await read('loops://queue')).toMatchObject({ cacheScope: 'private', ttlMs: 0 })
    expect(await read('loops://workflow/triage')).toMatchObject({ cacheScope: 'public' })
  })
  test.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
    'a_cursor_that_%s_never_gave_is_refused [P4]',
    async (method) => {
      for (const cursor of ['', 'x', 'MA', 'LTM']) {
        expect(rpcOf(await ask(method, { cursor })).error?.code).toBe(-32_602)
        expect(rpcOf(await wire.rpc(method, { cursor })).error?.code).toBe(-32_602)
      }
    },
  )
  test('each_tool_is_described_in_full_and_hides_no_hint_behind_a_default [P5]', async () => {
    for (const { title, description, inputSchema, outputSchema, annotations } of await listed()) {
      expect(title.length).toBeGreaterThan(0)
      expect(description.length).toBeGreaterThan(0)
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
      expect(outputSchema).toMatchObject({ type: 'object' })
      for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'])
        expect(annotations[hint]).toBeTypeOf('boolean')
    }
  })
  test('no_schema_refers_outside_itself_or_to_a_header [P6, P17]', async () => {
    const text = JSON.stringify(await listed())
    expect(text).not.toMatch(/"\$ref":"(?!#)/)
    expect(text).not.toContain('x-mcp-header')
  })
  test('nothing_is_offered_that_does_not_exist [P13, P14, P16, T20]', async () => {
    const { result } = rpcOf(await ask('server/discover'))
    expect(result?.capabilities).toEqual({
      tools: { listChanged: true },
      prompts: {},
      resources: { subscribe: true },
      completions: {},
      extensions: {
        'io.modelcontextprotocol/skills': {},
        'io.modelcontextprotocol/events': {},
        'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] },
      },
      // Where drafts of the events extension had it.
      events: {},
    })
    const older = await wire.rpc('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    })
    expect(rpcOf(older).result?.capabilities).toMatchObject({ tools: {}, resources: {} })
    expect(older.text).not.toMatch(/listChanged|subscribe|modelcontextprotocol\/events/)
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel', 'roots/list']) {
      const params = { taskId: 'x', ref: { type: 'ref/prompt', name: 'triage' } }
      const answer = rpcOf(await ask(method, params, { headers: { 'Mcp-Name': 'x' } }))
      expect(answer.error?.code, method).toBe(-32_601)
    }
    expect(JSON.stringify(await listed())).not.toMatch(/elicit|taskSupport|listChanged/)
  })
  test('a_request_to_listen_for_what_never_changes_is_granted_nothing_and_ends_at_once [T19, T20]', async () => {
    for (const notifications of [{ promptsListChanged: true, resourcesListChanged: true }, {}]) {
      const answer = await ask('subscriptions/listen', { notifications })
      expect(answer.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'x-accel-buffering': 'no',
      })
      expect(answer.text).not.toMatch(/^id:/m)
      const messages = [...answer.text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
      const _meta = { [`${PREFIX}subscriptionId`]: 7 }
      expect(messages).toMatchObject([
        {
          method: 'notifications/subscriptions/acknowledged',
          params: { notifications: {}, _meta },
        },
        { id: 7, result: { resultType: 'complete', _meta } },
      ])
      expect(messages[0].params.notifications).toEqual({})
    }
  })
})
