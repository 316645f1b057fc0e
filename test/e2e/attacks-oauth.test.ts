// Attacks on sign-in, each with its refusal. They use crooked redirect URIs, forms of other sites, consents of other
// people, guesses at passwords, excessive registrations, and documents altered by a header.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import {
  type App,
  authorizationUrl,
  connectApp,
  exchangeCode,
  newPkce,
  obtainCode,
  postForm,
  postRegistration,
  refreshTokens,
  registerApp,
} from '../support/oauth-client.ts'
import { openWire } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'

const REDIRECT = 'https://app.example.com/oauth/callback'

let system: System
let ann: Account
let app: App

beforeAll(async () => {
  system = await startSystem({ names: ['gateway'] })
  ann = await signUp(system, { name: 'Ann' })
  app = await registerApp(system.url, { redirect_uris: [REDIRECT] })
})
afterAll(() => system?.stop())

const ask = (extra: Parameters<typeof authorizationUrl>[3] = {}, of: App = app): URL =>
  authorizationUrl(system.url, of, newPkce().challenge, extra)

/** The cookie of a signed-in browser, for requests that no browser would make. */
const cookieOf = async ({ email, password }: Account): Promise<string> => {
  const body = new URLSearchParams({ email, password })
  const sent = await fetch(`${system.url}/sign-in`, { method: 'POST', body, redirect: 'manual' })
  return /^[^;]+/.exec(sent.headers.getSetCookie()[0] ?? '')?.[0] ?? ''
}

describe('a redirect URI', () => {
  test.each([
    ['longer', `${REDIRECT}/more`],
    ['with a suffix to its host', 'https://app.example.com.evil.example/oauth/callback'],
    ['of a subdomain', 'https://evil.app.example.com/oauth/callback'],
    ['with a user name', 'https://app.example.com@evil.example/oauth/callback'],
    ['in another case', 'https://app.example.com/OAuth/callback'],
    ['with a host in another case', 'https://APP.example.com/oauth/callback'],
    ['with an encoded slash', 'https://app.example.com/oauth%2Fcallback'],
    ['with a path that climbs', 'https://app.example.com/x/../oauth/callback'],
    ['with a query', `${REDIRECT}?next=https://evil.example`],
    ['with a fragment', `${REDIRECT}#x`],
    ['with a port', 'https://app.example.com:8443/oauth/callback'],
    ['without its encryption', 'http://app.example.com/oauth/callback'],
    ['that is a script', 'javascript:alert(1)//https://app.example.com/oauth/callback'],
    ['with a line break', `${REDIRECT}\r\nLocation: https://evil.example`],
    ['with a NUL', `${REDIRECT}\0`],
    ['with a backslash', 'https://app.example.com\\@evil.example/oauth/callback'],
  ])('%s_is_never_followed_not_even_with_an_error [A1, A2]', async (_, redirect_uri) => {
    for (const more of [{}, { response_type: 'token' }, { scope: 'nonsense' }]) {
      const response = await fetch(ask({ redirect_uri, ...more }), { redirect: 'manual' })
      expect(response.status).toBe(400)
      expect(response.headers.get('location')).toBeNull()
      expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    }
  })
})

describe('a consent', () => {
  test('is_requested_each_time_and_for_each_app [A7]', async () => {
    await obtainCode(system.url, app, ann)
    const other = await registerApp(system.url, { redirect_uris: [REDIRECT] })
    for (const of of [app, other]) {
      const page = await ann.browser.open(ask({}, of))
      expect([page.status, page.url.pathname]).toEqual([200, '/consent'])
      expect(page.text).toContain('app.example.com')
      expect(page.text).toContain(ann.email)
    }
  })
  test('given_in_a_form_of_another_site_does_not_count [A8]', async () => {
    const page = await ann.browser.open(ask())
    const cookie = await cookieOf(ann)
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: system.url },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const response = await fetch(page.url, {
        method: 'POST',
        body: new URLSearchParams({ decision: 'allow' }),
        headers: { cookie, ...headers },
        redirect: 'manual',
      })
      expect(response.status).toBe(403)
      expect(response.headers.get('location')).toBeNull()
    }
  })
  test('is_answered_by_a_redirect_that_does_not_post_again [A10]', async () => {
    const cookie = await cookieOf(ann)
    const start = await fetch(ask(), { headers: { cookie }, redirect: 'manual' })
    const page = new URL(start.headers.get('location') ?? '', system.url)
    await fetch(page, { headers: { cookie } })
    const answer = await fetch(page, {
      method: 'POST',
      body: new URLSearchParams({ decision: 'allow' }),
      headers: { cookie, origin: system.url },
      redirect: 'manual',
    })
    expect([200, 303]).toContain(answer.status)
  })
  test.each(['/sign-in', '/sign-up', '/workspace', '/sign-out'])(
    'nor_any_page_before_it_is_shown_in_a_frame: %s [A8]',
    async (path) => {
      const response = await fetch(`${system.url}${path}`, { headers: { cookie: await cookieOf(ann) } })
      expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(response.headers.get('x-frame-options')).toBe('DENY')
    },
  )
})

describe('a token', () => {
  test('comes_with_a_refresh_token_though_offline_access_was_not_requested [K5]', async () => {
    const { tokens } = await connectApp(system.url, ann, { ask: { scope: 'loops:read' } })
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'loops:read' })
    expect(tokens.refresh_token).toMatch(/./)
    expect(tokens.expires_in).toBeLessThanOrEqual(3_600)
  })
  test('is_refreshed_to_no_more_than_was_granted [K10]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann, { ask: { scope: 'loops:read' } })
    for (const scope of ['loops:write', 'loops:read loops:approve', 'admin'])
      expect((await refreshTokens(system.url, own, tokens.refresh_token, { scope })).body.error).toBe(
        'invalid_scope',
      )
  })
  test.each([
    ['password', 'unsupported_grant_type'],
    ['implicit', 'unsupported_grant_type'],
    ['client_credentials', 'unauthorized_client'],
    ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'unsupported_grant_type'],
  ])('is_not_had_by_the_grant_%s [K13]', async (grant_type, error) => {
    const fields = { grant_type, client_id: app.client_id, username: ann.email, password: ann.password }
    const { status, body } = await postForm(`${system.url}/token`, fields)
    expect([status, body.error]).toEqual([400, error])
  })
  test('is_not_issued_for_a_code_that_was_slipped_to_another_person [A11]', async () => {
    const given = await obtainCode(system.url, app, ann)
    const injected = await exchangeCode(system.url, app, { ...given, verifier: newPkce().verifier })
    expect(injected.body.error).toBe('invalid_grant')
  })
})

describe('a registration', () => {
  test('of_more_than_sixteen_kilobytes_is_refused [R6]', async () => {
    const metadata = { redirect_uris: [REDIRECT], client_name: 'x', tos_uri: 'x'.repeat(17_000) }
    const { status, body } = await postRegistration(system.url, metadata)
    expect([status, body.error]).toEqual([400, 'invalid_client_metadata'])
    const huge = await postRegistration(system.url, 'x'.repeat(2_000_000))
    expect(huge.status).toBe(413)
  })
  test('with_a_name_that_reverses_text_is_shown_without_the_control_characters [A8]', async () => {
    const own = await registerApp(system.url, { client_name: 'Nice\u202eyako\u0000 \u200bapp' })
    const { text } = await ann.browser.open(ask({}, own))
    for (const hidden of ['\u202e', '\u0000', '\u200b']) expect(text).not.toContain(hidden)
    expect(text).toContain('Nice')
  })
})

describe('a document', () => {
  const DOCUMENTS = [
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
  ]
  test.each(DOCUMENTS)('is_not_bent_by_what_a_request_says_of_its_host: %s [D7]', async (path) => {
    using wire = openWire(new URL(path, system.url), {})
    const plain = await wire.send('', {}, 'GET')
    const bent = await wire.send(
      '',
      {
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'host=evil.example',
      },
      'GET',
    )
    expect(bent.text).toBe(plain.text)
    expect(bent.text).not.toContain('evil')
    const foreign = await wire.send('', { Host: 'evil.example' }, 'GET')
    expect(foreign.status).toBe(403)
    expect(foreign.text).not.toContain('evil')
  })
  test('names_offline_access_only_where_tokens_are_given [D4]', async () => {
    const text = async (path: string) => (await fetch(`${system.url}${path}`)).text()
    expect(await text('/.well-known/oauth-authorization-server')).toContain('offline_access')
    expect(await text('/.well-known/oauth-protected-resource/mcp')).not.toContain('offline_access')
    const { headers } = await fetch(`${system.url}/mcp`, { method: 'POST' })
    expect(headers.get('www-authenticate')).not.toContain('offline_access')
  })
})

describe('a mail for a new password', () => {
  test('cannot_be_sent_to_everybody_from_one_address', async () => {
    const statuses = new Set<number>()
    for (let turn = 0; turn < 30 && !statuses.has(429); turn += 1) {
      const body = new URLSearchParams({ email: `somebody${turn}@example.com` })
      statuses.add((await fetch(`${system.url}/forgot`, { method: 'POST', body })).status)
    }
    expect(statuses).toEqual(new Set([200, 429]))
  })
})

describe('guesses at passwords', () => {
  const guess = async (email: string, turn: number) => {
    const body = new URLSearchParams({ email, password: `guess number ${turn}` })
    const response = await fetch(`${system.url}/sign-in`, { method: 'POST', body })
    const text = (await response.text()).replaceAll(email, '<email>')
    return { status: response.status, text: text.replace(/Wait \d+ s/, 'Wait') }
  }
  test('are_answered_alike_whether_or_not_there_is_such_an_account', async () => {
    const eve = await signUp(system, { name: 'Eve' })
    const slowed = async (email: string) => {
      for (let turn = 5; turn < 15; turn += 1) {
        const answer = await guess(email, turn)
        if (answer.status === 429) return answer
      }
      throw new Error('it was never slowed')
    }
    for (let turn = 0; turn < 5; turn += 1) {
      const known = await guess(eve.email, turn)
      expect(known.status).toBe(403)
      expect(await guess('nobody@example.com', turn)).toEqual(known)
    }
    expect(await slowed('nobody@example.com')).toEqual(await slowed(eve.email))
  })
  // The last test, since nobody can sign in from this address for a while.
  test('at_many_accounts_from_one_address_are_slowed', async () => {
    const statuses = new Set<number>()
    for (let turn = 0; turn < 40 && !statuses.has(429); turn += 1)
      statuses.add((await guess(`somebody${turn}@example.com`, turn)).status)
    expect(statuses).toEqual(new Set([403, 429]))
    const right = new URLSearchParams({ email: ann.email, password: ann.password })
    const response = await fetch(`${system.url}/sign-in`, { method: 'POST', body: right })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
  })
})
