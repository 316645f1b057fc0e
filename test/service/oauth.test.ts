// The authorization server from outside: documents, /authorize, consent, and who sees which fault.
import {
  discoverOAuthServerInfo as discoverBySecond,
  discoverAuthorizationServerMetadata as discoverMetadataBySecond,
} from '@modelcontextprotocol/client'
import {
  discoverOAuthServerInfo as discoverByFirst,
  discoverAuthorizationServerMetadata as discoverMetadataByFirst,
} from '@modelcontextprotocol/sdk/client/auth.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import {
  type App,
  authorizationUrl,
  connectApp,
  exchangeCode,
  getJson,
  newPkce,
  obtainCode,
  REDIRECT,
  registerApp,
  tryToken,
} from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
let app: App

beforeAll(async () => {
  system = await startSystem({ names: ['gateway'] })
  ann = await signUp(system, { name: 'Ann' })
  app = await registerApp(system.url)
})
afterAll(() => system?.stop())

const ask = (extra: Parameters<typeof authorizationUrl>[3] = {}): URL =>
  authorizationUrl(system.url, app, newPkce().challenge, extra)

describe('documents [D3, D5, D6]', () => {
  test.each(['', '/', '/mcp'])('the_resource_is_named_at: %s', async (path) => {
    const { status, headers, body } = await getJson(
      `${system.url}/.well-known/oauth-protected-resource${path}`,
    )
    expect(status).toBe(200)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(body).toEqual({
      resource: `${system.url}/mcp`,
      authorization_servers: [system.url],
      scopes_supported: ['loops:read', 'loops:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Loops',
    })
  })
  test('the_address_with_a_slash_has_its_own_document', async () => {
    const { body } = await getJson(`${system.url}/.well-known/oauth-protected-resource/mcp/`)
    expect(body.resource).toBe(`${system.url}/mcp/`)
  })
  test.each([
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/oauth-authorization-server/mcp/',
    '/.well-known/openid-configuration/mcp',
    '/mcp/.well-known/openid-configuration',
  ])('the_server_is_not_described_where_its_issuer_would_not_fit: %s', async (path) => {
    const { status, headers } = await getJson(`${system.url}${path}`)
    expect(status).toBe(404)
    expect(headers.get('content-type')).toMatch(/^application\/(problem\+)?json/)
  })
  test.each(['/mcp', '/mcp/'])(
    'clients_of_both_generations_find_the_server_from_the_address: %s',
    async (path) => {
      for (const discover of [discoverByFirst, discoverBySecond]) {
        const found = await discover(`${system.url}${path}`)
        expect(found.authorizationServerMetadata?.issuer).toBe(system.url)
        // Some clients drop the slash; both URLs mean the same.
        expect([`${system.url}/mcp`, `${system.url}${path}`]).toContain(found.resourceMetadata?.resource)
      }
    },
  )
  test('an_older_client_that_looks_below_the_endpoint_falls_back_to_the_root', async () => {
    for (const discover of [discoverMetadataByFirst, discoverMetadataBySecond]) {
      expect(await discover(new URL('/mcp', system.url))).toBeUndefined()
      expect(await discover(system.url)).toMatchObject({ issuer: system.url })
    }
  })
  test.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])(
    'the_server_is_described_at: %s',
    async (path) => {
      const { status, headers, body } = await getJson(`${system.url}${path}`)
      expect(status).toBe(200)
      expect(headers.get('content-type')).toMatch(/^application\/json/)
      expect(body).toMatchObject({
        issuer: system.url,
        authorization_endpoint: `${system.url}/authorize`,
        token_endpoint: `${system.url}/token`,
        registration_endpoint: `${system.url}/register`,
        revocation_endpoint: `${system.url}/revoke`,
        introspection_endpoint: `${system.url}/introspect`,
        introspection_endpoint_auth_methods_supported: ['Bearer'],
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: [
          'none',
          'client_secret_basic',
          'client_secret_post',
          'private_key_jwt',
        ],
        scopes_supported: ['loops:read', 'loops:write', 'loops:approve', 'offline_access'],
        authorization_response_iss_parameter_supported: true,
      })
    },
  )
  test('head_and_preflight_are_answered', async () => {
    const url = `${system.url}/.well-known/oauth-protected-resource/mcp`
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    for (const path of ['/token', '/register', '/.well-known/oauth-authorization-server']) {
      const preflight = await fetch(`${system.url}${path}`, {
        method: 'OPTIONS',
        headers: { Origin: 'https://inspector.example', 'Access-Control-Request-Method': 'POST' },
      })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization')
    }
  })
  test('the_published_keys_have_no_private_part', async () => {
    const { body } = await getJson(`${system.url}/.well-known/jwks.json`)
    expect(body.keys).toHaveLength(1)
    expect(body.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    expect(body.keys[0]).not.toHaveProperty('d')
  })
  test('an_unknown_document_is_answered_as_json_and_not_as_a_page', async () => {
    const { status, headers } = await getJson(`${system.url}/.well-known/oauth-protected-resource/other`)
    expect([status, headers.get('content-type')]).toEqual([404, 'application/json'])
  })
})

describe('the way to a token', () => {
  test('allowed_with_state_and_issuer_exactly_once [A4, A6]', async () => {
    const { returned, ...given } = await obtainCode(system.url, app, ann, { state: 'a b&c=d' })
    expect(`${returned.origin}${returned.pathname}`).toBe(REDIRECT)
    expect(returned.searchParams.getAll('state')).toEqual(['a b&c=d'])
    expect(returned.searchParams.getAll('iss')).toEqual([system.url])
    const { status, body, headers } = await exchangeCode(system.url, app, given)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'loops:read loops:write',
    })
    expect(await tryToken(system.url, body.access_token)).toBe(200)
  })
  test('no_state_is_returned_when_none_was_given', async () => {
    const { returned } = await obtainCode(system.url, app, ann, { state: undefined })
    expect(returned.searchParams.has('state')).toBe(false)
  })
  test('the_request_may_be_a_posted_form [A10]', async () => {
    const url = ask()
    const page = await ann.browser.submit('/authorize', Object.fromEntries(url.searchParams))
    expect(page.url.pathname).toBe('/consent')
  })
  test('the_request_survives_sign_in', async () => {
    const browser = openBrowser(system.url)
    const arrived = await browser.open(ask())
    expect(arrived.url.pathname).toBe('/sign-in')
    const consent = await browser.submit(arrived.url, { email: ann.email, password: ann.password })
    expect(consent.url.pathname).toBe('/consent')
    const answer = await browser.submit(consent.url, { decision: 'allow' })
    expect(answer.url.searchParams.get('code')).toMatch(/./)
  })
  test('the_request_survives_sign_up', async () => {
    const browser = openBrowser(system.url)
    const arrived = await browser.open(ask())
    const [, link = ''] = /href="(\/sign-up\?request=[^"]+)"/.exec(arrived.text) ?? []
    const person = { name: 'New', email: 'new@example.com', password: 'three new words', workspace: 'New' }
    const consent = await browser.submit(link, person)
    expect(consent.url.pathname).toBe('/consent')
  })
  const approving = { scope: 'loops:read loops:write loops:approve' }
  test('approval_is_a_separate_choice_for_an_app_that_asks_for_it_by_name', async () => {
    const asked = await ann.browser.open(ask(approving))
    expect(asked.text).toMatch(/name="further" value="loops:approve" checked/)
    expect((await ann.browser.open(ask())).text).not.toContain('loops:approve')
    const granted = await connectApp(system.url, ann, { ask: approving })
    expect(granted.tokens.scope).toBe('loops:read loops:write loops:approve')
  })
  test('approval_that_is_not_ticked_is_not_granted', async () => {
    const browse: Account['browse'] = async (asked) => {
      const page = await ann.browser.open(asked)
      return (await ann.browser.submit(page.url, { decision: 'allow' })).url
    }
    const { tokens } = await connectApp(system.url, { browse }, { ask: approving })
    expect(tokens.scope).toBe('loops:read loops:write')
  })
  test('approval_that_was_not_asked_for_is_not_granted_whatever_the_form_says', async () => {
    const browse: Account['browse'] = async (asked) => {
      const page = await ann.browser.open(asked)
      return (await ann.browser.submit(page.url, { decision: 'allow', further: 'loops:approve' })).url
    }
    const { tokens } = await connectApp(system.url, { browse })
    expect(tokens.scope).toBe('loops:read loops:write')
  })
  test('withheld_scopes_are_not_granted', async () => {
    const without = await ann.browser.open(ask())
    const answer = await ann.browser.submit(without.url, { decision: 'allow', without: 'loops:write' })
    expect(answer.url.searchParams.has('code')).toBe(true)
    const { tokens } = await connectApp(system.url, ann, {
      ask: { scope: 'loops:read offline_access other' },
    })
    expect(tokens.scope).toBe('loops:read')
  })
  test('the_page_is_shown_again_when_nothing_is_left_to_allow', async () => {
    const page = await ann.browser.open(ask({ scope: 'loops:read' }))
    const again = await ann.browser.submit(page.url, { decision: 'allow', without: 'loops:read' })
    expect([again.status, again.url.pathname]).toEqual([400, '/consent'])
    expect(again.text).toContain('would allow the app nothing')
  })
  test.each([undefined, '/', '/mcp', '/mcp/'])(
    'for_the_one_audience_however_it_is_named: %s [A5]',
    async (path) => {
      const resource = path === undefined ? undefined : `${system.url}${path}`
      const { tokens } = await connectApp(system.url, ann, { ask: { resource } })
      const [, payload = ''] = tokens.access_token.split('.')
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
      expect(claims).toMatchObject({
        aud: `${system.url}/mcp`,
        iss: system.url,
        client_id: expect.any(String),
      })
    },
  )
})

describe('denied', () => {
  test('sent_to_the_app_with_state_and_issuer', async () => {
    const page = await ann.browser.open(ask())
    const { url } = await ann.browser.submit(page.url, { decision: 'deny' })
    expect(Object.fromEntries(url.searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The person said no.',
      state: 'a state',
      iss: system.url,
    })
  })
  test('it_stays_denied_whatever_is_clicked_next', async () => {
    const page = await ann.browser.open(ask())
    await ann.browser.submit(page.url, { decision: 'deny' })
    const { url } = await ann.browser.submit(page.url, { decision: 'allow' })
    expect(url.searchParams.get('error')).toBe('access_denied')
    expect(url.searchParams.has('code')).toBe(false)
  })
})

describe('the consent page', () => {
  test('a_second_click_leads_to_the_same_code [A10]', async () => {
    const page = await ann.browser.open(ask())
    const [first, second] = await Promise.all([
      ann.browser.submit(page.url, { decision: 'allow' }),
      ann.browser.submit(page.url, { decision: 'allow' }),
    ])
    expect(first.url.searchParams.get('code')).toMatch(/./)
    expect(second.url.href).toBe(first.url.href)
  })
  test('a_click_after_the_code_was_used_does_not_return_it_again', async () => {
    const { verifier, challenge } = newPkce()
    const page = await ann.browser.open(authorizationUrl(system.url, app, challenge))
    const { url } = await ann.browser.submit(page.url, { decision: 'allow' })
    const { body } = await exchangeCode(system.url, app, {
      code: url.searchParams.get('code') ?? '',
      verifier,
    })
    const late = await ann.browser.submit(page.url, { decision: 'allow' })
    expect([late.status, late.url.pathname]).toEqual([400, '/consent'])
    expect(await tryToken(system.url, body.access_token)).toBe(200)
  })
  test('what_the_app_says_of_itself_is_shown_as_text', async () => {
    const { client_id } = await registerApp(system.url, {
      client_name: '<img src=x onerror=alert(1)> & "Co"',
    })
    const { text } = await ann.browser.open(ask({ client_id }))
    expect(text).not.toContain('<img')
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;Co&quot;')
  })
  test('its_policy_allows_the_answer_and_nothing_else [A8, A9]', async () => {
    const page = await ann.browser.open(ask())
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toMatch(/form-action 'self' http:\/\/127\.0\.0\.1:33418/)
    expect(policy).not.toMatch(/script-src|unsafe/)
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.text).not.toMatch(/<script|style=/)
  })
  test('another_session_cannot_answer_a_request_it_has_not_seen', async () => {
    const bo = await signUp(system, { name: 'Bo' })
    const page = await ann.browser.open(ask())
    const answer = await bo.browser.submit(page.url, { decision: 'allow' })
    expect([answer.status, answer.url.pathname]).toEqual([200, '/consent'])
    expect(answer.text).toContain(bo.email)
  })
  test('without_a_session_it_leads_to_sign_in', async () => {
    const page = await ann.browser.open(ask())
    const stranger = openBrowser(system.url)
    expect((await stranger.submit(page.url, { decision: 'allow' })).url.pathname).toBe('/sign-in')
  })
  test.each(['', 'nonsense', 'x'.repeat(43)])(
    'an_unknown_request_is_answered_with_a_page: %s',
    async (request) => {
      const { status, text } = await ann.browser.open(`/consent?request=${request}`)
      expect(status).toBe(400)
      expect(text).toContain('Start again from the app')
    },
  )
  test.each(['', 'maybe'])('a_missing_decision_shows_the_page_again: %j', async (decision) => {
    const page = await ann.browser.open(ask())
    expect((await ann.browser.submit(page.url, { decision })).status).toBe(400)
  })
})

describe('wrong requests', () => {
  test.each([
    ['client_id', undefined],
    ['client_id', '01JDAAAAAAAAAAAAAAAAAAAAAA'],
    ['client_id', ['a', 'b']],
    ['redirect_uri', 'https://evil.example/'],
    ['redirect_uri', 'http://127.0.0.1:33418/callback/'],
    ['redirect_uri', 'javascript:alert(1)'],
    ['redirect_uri', [REDIRECT, 'https://evil.example/']],
  ])('never_redirected_before_the_address_is_known_to_be_right: %s %j [A1]', async (name, value) => {
    const { status, url, text, headers } = await ann.browser.open(ask({ [name]: value }))
    expect([status, url.origin]).toEqual([400, system.url])
    expect(headers.get('content-type')).toMatch(/^text\/html/)
    expect(text).not.toContain('evil.example')
  })
  test.each([
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: 'https://other.example/mcp' }, 'invalid_target'],
    [{ resource: ['', 'https://other.example/mcp'] }, 'invalid_target'],
    [{ scope: ['loops:read', 'loops:write'] }, 'invalid_request'],
  ])('sent_to_the_app: %j is %s', async (extra, error) => {
    const { url } = await ann.browser.open(ask(extra))
    expect(`${url.origin}${url.pathname}`).toBe(REDIRECT)
    expect(url.searchParams.get('error')).toBe(error)
    expect(url.searchParams.get('state')).toBe('a state')
    expect(url.searchParams.getAll('iss')).toEqual([system.url])
  })
  test('a_loopback_address_may_have_another_port [A2]', async () => {
    const { url } = await ann.browser.open(
      ask({ redirect_uri: 'http://127.0.0.1:51999/callback', scope: 'x' }),
    )
    expect(url.host).toBe('127.0.0.1:51999')
  })
})
