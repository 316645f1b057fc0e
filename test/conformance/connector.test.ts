// A connector between Loops and many agents, over two gateways. Each of its requests may reach the other gateway.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { type Connector, type ConnectorTokens, openConnector } from '../support/conformance/connector.ts'
import type { Answer } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'
import { TOOLS } from '../support/tools.ts'

let system: System
let connector: Connector
let olga: Account
let tokens: ConnectorTokens

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  connector = await openConnector(`${system.url}/mcp`, system.gateways)
  olga = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  tokens = await connector.connect(olga, 'basic')
})
afterAll(() => system?.stop())

const resultOf = ({ status, text }: Answer): Record<string, unknown> => {
  expect(status, text).toBe(200)
  return JSON.parse(text).result
}
const pairOf = ({ status, text }: Answer): ConnectorTokens => {
  expect(status, text).toBe(200)
  return JSON.parse(text)
}
/** A tool by the connector's name for it. */
const callTool = async (accessToken: string, tool: string, args: Record<string, unknown>) =>
  resultOf(await connector.call(accessToken, 'tools/call', { name: `loopsmcp_${tool}`, arguments: args }))

test('one_registration_with_three_members_gets_a_secret_that_never_expires [R1, R3]', () => {
  expect(connector.registration).toMatchObject({
    client_secret: expect.stringMatching(/.{32}/),
    client_secret_expires_at: 0,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  })
  expect(Object.values(connector.registration)).not.toContain(null)
})

test('without_resource_or_scope_it_gets_tokens_to_work_with_and_one_to_refresh [A4, A5, K5]', () => {
  expect(tokens.scope.split(' ').toSorted()).toEqual(['loops:read', 'loops:write'])
  expect(tokens.refresh_token).toEqual(expect.any(String))
  expect(tokens.expires_in).toBeLessThanOrEqual(3_600)
})

test('every_call_on_a_new_connection_to_another_replica_continues_where_the_last_one_stopped [T4, T9]', async () => {
  const hello = await connector.call(tokens.access_token, 'initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'connector', version: '1.0.0' },
  })
  expect(resultOf(hello)).toMatchObject({ protocolVersion: '2025-06-18', serverInfo: { name: 'loops' } })
  expect(hello.headers['mcp-session-id']).toBeUndefined()
  for (const _ of system.gateways) {
    const { tools } = resultOf(await connector.call(tokens.access_token, 'tools/list'))
    expect((tools as { name: string }[]).map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name))
  }
  const { structuredContent } = await callTool(tokens.access_token, 'create_task', { title: 'From afar' })
  const { task } = structuredContent as { task: { id: string } }
  for (const _ of system.gateways)
    expect(await callTool(tokens.access_token, 'get_task', { task_id: task.id })).toMatchObject({
      structuredContent: { task: { title: 'From afar', author: { name: 'Olga', client: 'Scalekit' } } },
    })
})

test('tools_take_flat_arguments_that_a_catalogue_of_names_and_types_can_show', async () => {
  const { tools } = resultOf(await connector.call(tokens.access_token, 'tools/list')) as {
    tools: { name: string; inputSchema: { type: string; properties?: Record<string, { type?: string }> } }[]
  }
  const nested = tools.flatMap(({ name, inputSchema }) =>
    Object.entries(inputSchema.properties ?? {}).flatMap(([member, { type }]) =>
      type === 'object' ? [`${name}.${member}`] : [],
    ),
  )
  // Not needed for any ordinary call: a catalogue that cannot show it leaves it out.
  expect(nested).toEqual(['update_task.blocked_by'])
})

test('refreshed_early_and_twice_at_once_both_answers_work_and_nobody_is_signed_out [K7, K9]', async () => {
  const both = await Promise.all([
    connector.refresh(tokens.refresh_token, 'basic'),
    connector.refresh(tokens.refresh_token, 'basic'),
  ])
  const [one, other] = both.map(pairOf) as [ConnectorTokens, ConnectorTokens]
  expect(one.refresh_token).toBe(other.refresh_token)
  expect(one.refresh_token).not.toBe(tokens.refresh_token)
  for (const { access_token } of [one, other, tokens])
    expect(await callTool(access_token, 'get_workspace', {})).toMatchObject({
      structuredContent: { workspace: { name: 'Quayside' } },
    })
  tokens = pairOf(await connector.refresh(other.refresh_token, 'basic'))
})

test('a_refresh_beside_calls_disturbs_none_of_them [K7]', async () => {
  const [refreshed, ...calls] = await Promise.all([
    connector.refresh(tokens.refresh_token, 'basic'),
    ...Array.from({ length: 8 }, (_, number) =>
      callTool(tokens.access_token, 'create_task', { title: `Beside ${number}` }),
    ),
  ])
  expect(calls.filter(({ isError }) => isError)).toEqual([])
  tokens = pairOf(refreshed)
})

test('each_of_many_people_under_one_registration_works_for_themselves [K2, K12, R9]', async () => {
  const piet = await signUp(system, { name: 'Piet', workspace: 'Uphill' })
  // By the other authentication method, which it left open.
  const his = await connector.connect(piet, 'post')
  expect(await callTool(his.access_token, 'get_workspace', {})).toMatchObject({
    structuredContent: { workspace: { name: 'Uphill' }, you: { name: 'Piet' } },
  })
  const again = pairOf(await connector.refresh(his.refresh_token, 'post'))
  for (const [{ access_token }, name] of [
    [again, 'Uphill'],
    [tokens, 'Quayside'],
  ] as const)
    expect(await callTool(access_token, 'get_workspace', {})).toMatchObject({
      structuredContent: { workspace: { name } },
    })
})
