// Known clients with the values they are known to send. Each goes from its first request to a call that works.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import {
  type App,
  authorizationUrl,
  exchangeCode,
  newPkce,
  postRegistration,
  refreshTokens,
  tryToken,
} from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let olga: Account

beforeAll(async () => {
  system = await startSystem({ names: ['loops-queue', 'gateway'] })
  olga = await signUp(system, { name: 'Olga' })
})
afterAll(() => system?.stop())

const register = async (metadata: Readonly<Record<string, unknown>>): Promise<App> => {
  const { status, body } = await postRegistration(system.url, metadata)
  expect(status, JSON.stringify(body)).toBe(201)
  expect(body.redirect_uris).toEqual(metadata.redirect_uris)
  return { ...body, redirect_uri: body.redirect_uris[0] ?? '' }
}

type Asked = Readonly<{ redirect_uri: string; extra?: Readonly<Record<string, string | undefined>> }>

/** Consents and returns the code from the requested redirect address. */
const comeBack = async (app: App, { redirect_uri, extra = {} }: Asked) => {
  const { verifier, challenge } = newPkce()
  const back = await olga.browse(
    authorizationUrl(system.url, { ...app, redirect_uri }, challenge, { state: undefined, ...extra }),
  )
  expect(back.href.startsWith(redirect_uri), back.href).toBe(true)
  expect(back.searchParams.getAll('iss')).toEqual([system.url])
  return { code: back.searchParams.get('code') ?? '', verifier }
}

/** The whole flow: the token works, and so does one after a refresh. */
const works = async (app: App, asked: Asked): Promise<void> => {
  const given = await comeBack(app, asked)
  const resource = asked.extra?.resource
  const fields = { redirect_uri: asked.redirect_uri, ...(resource === undefined ? {} : { resource }) }
  const { status, body } = await exchangeCode(system.url, app, given, fields)
  expect(status, JSON.stringify(body)).toBe(200)
  expect(await tryToken(system.url, body.access_token)).toBe(200)
  const again = await refreshTokens(system.url, app, body.refresh_token)
  expect(again.status).toBe(200)
  expect(await tryToken(system.url, again.body.access_token)).toBe(200)
}

const PUBLIC = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

describe('Cursor', () => {
  const redirect_uris = [
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'https://www.cursor.com/agents/mcp/oauth/callback',
    'http://localhost:8787/callback',
  ]
  test.each(redirect_uris)(
    'registers_three_addresses_at_once_and_comes_back_to [R5]: %s',
    async (redirect_uri) => {
      const app = await register({ ...PUBLIC, client_name: 'Cursor', application_type: 'web', redirect_uris })
      await works(app, { redirect_uri, extra: { resource: `${system.url}/mcp` } })
    },
  )
})

describe('Claude Code', () => {
  test('returns_to_another_port_each_time_and_sends_its_origin_as_resource [A2, A5]', async () => {
    const app = await register({
      ...PUBLIC,
      client_name: 'Claude Code (loops)',
      redirect_uris: ['http://localhost:54545/callback'],
    })
    await works(app, { redirect_uri: 'http://localhost:61234/callback' })
    await works(app, {
      redirect_uri: 'http://localhost:3118/callback',
      extra: { resource: `${system.url}/`, scope: 'loops:read loops:write offline_access' },
    })
  })
  test('several_processes_that_share_a_refresh_token_stay_signed_in [K7]', async () => {
    const redirect_uri = 'http://localhost:54545/callback'
    const app = await register({ ...PUBLIC, client_name: 'Claude Code', redirect_uris: [redirect_uri] })
    const { body } = await exchangeCode(system.url, app, await comeBack(app, { redirect_uri }))
    const all = await Promise.all(
      Array.from({ length: 5 }, () => refreshTokens(system.url, app, body.refresh_token)),
    )
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(new Set(all.map((answer) => answer.body.refresh_token)).size).toBe(1)
  })
})

describe('VS Code', () => {
  const redirect_uris = [
    'https://insiders.vscode.dev/redirect',
    'https://vscode.dev/redirect',
    'http://127.0.0.1/',
    'http://127.0.0.1:33418/',
  ]
  test.each(['/mcp', '/mcp/'])('finds_the_address_as_typed_as_resource [D3]: %s', async (path) => {
    const typed = new URL(path, system.url)
    const refused = await fetch(typed, { method: 'POST', body: '{}' })
    await refused.text()
    const [, document = ''] =
      /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
    const { resource, authorization_servers } = (await (await fetch(document)).json()) as {
      resource: string
      authorization_servers: string[]
    }
    expect(new URL(resource).href).toBe(typed.href)
    expect(authorization_servers).toEqual([system.url])
    const app = await register({ ...PUBLIC, client_name: 'Visual Studio Code', redirect_uris })
    await works(app, { redirect_uri: 'https://vscode.dev/redirect', extra: { resource } })
  })
  test('requests_unknown_grants_and_registers_without_them [R3]', async () => {
    const { status, body } = await postRegistration(system.url, {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris,
      scope: 'loops:read loops:write loops:approve',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({ grant_types: ['authorization_code', 'refresh_token'] })
    await works({ ...body, redirect_uri: '' }, { redirect_uri: 'http://127.0.0.1:50412/' })
  })
})

describe('ChatGPT', () => {
  test('probes_with_head_and_get_before_any_refusal [D3, D5]', async () => {
    for (const document of ['oauth-protected-resource/mcp', 'oauth-authorization-server']) {
      const url = `${system.url}/.well-known/${document}`
      const head = await fetch(url, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/json'])
      expect(await head.text()).toBe('')
      expect((await fetch(url)).status).toBe(200)
    }
  })
  test.each([
    'https://chatgpt.com/connector/oauth/Yk3b2Q9vT1aZ',
    'https://chatgpt.com/connector_platform_oauth_redirect',
  ])('names_no_scope_at_registration_nor_when_it_connects_again [A4, A6]: %s', async (redirect_uri) => {
    const app = await register({
      client_name: 'ChatGPT',
      redirect_uris: [redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    await works(app, { redirect_uri, extra: { resource: `${system.url}/mcp` } })
    await works(app, { redirect_uri, extra: { resource: `${system.url}/mcp`, state: 'again' } })
  })
})

describe('claude.ai', () => {
  test.each(['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'])(
    'comes_back_to_its_own_address_with_a_secret_it_was_given [R1, R3, A5]: %s',
    async (redirect_uri) => {
      const app = await register({
        client_name: 'Claude',
        redirect_uris: [redirect_uri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        scope: '',
      })
      expect(app.client_secret).toEqual(expect.stringMatching(/.{32}/))
      await works(app, { redirect_uri })
    },
  )
  test('starts_again_with_each_call_and_an_unknown_session [T3, T4]', async () => {
    const redirect_uri = 'https://claude.ai/api/mcp/auth_callback'
    const app = await register({ ...PUBLIC, client_name: 'Claude', redirect_uris: [redirect_uri] })
    const { body } = await exchangeCode(system.url, app, await comeBack(app, { redirect_uri }))
    const send = (method: string, message?: object) =>
      fetch(`${system.url}/mcp`, {
        method,
        headers: {
          Authorization: `Bearer ${body.access_token}`,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          'Mcp-Session-Id': 'lost',
          'Last-Event-ID': '7',
        },
        ...(message ? { body: JSON.stringify({ jsonrpc: '2.0', id: 1, params: {}, ...message }) } : {}),
      })
    const listed = await send('POST', { method: 'tools/list' })
    expect([listed.status, listed.headers.get('mcp-session-id')]).toEqual([200, null])
    for (const method of ['GET', 'DELETE']) {
      const refused = await send(method)
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })
})
