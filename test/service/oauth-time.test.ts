// What expires: codes, requests, sessions, access and refresh tokens, registrations; and the grace period of refresh
// tokens, with a clock that the test moves.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CODE_MS, GRANT_MS, LOST_ANSWER_MS, REQUEST_MS } from '../../services/gateway/oauth/grant-rules.ts'
import { oauthSettings } from '../../services/gateway/oauth/settings.ts'
import { readConfig } from '../../shared/process/config.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  authorizationUrl,
  connectApp,
  exchangeCode,
  newPkce,
  obtainCode,
  refreshTokens,
  registerApp,
} from '../support/oauth-client.ts'

const DAY_MS = 24 * 60 * 60_000
const { access_ms: ACCESS_MS, refresh_ms: REFRESH_MS, grace_ms: GRACE_MS } = oauthSettings(readConfig({}))

let environment: GatewayEnvironment
let ann: Account
beforeEach(async () => {
  environment = await openGatewayEnvironment()
  ann = await signUp(environment, { name: 'Ann' })
})
afterEach(() => environment?.[Symbol.asyncDispose]())

test('a_code_ends_after_a_minute', async () => {
  const app = await registerApp(environment.url)
  const given = await obtainCode(environment.url, app, ann)
  environment.advance(CODE_MS)
  expect((await exchangeCode(environment.url, app, given)).body.error).toBe('invalid_grant')
})

test('a_request_ends_when_its_person_does_not_come', async () => {
  const app = await registerApp(environment.url)
  const page = await ann.browser.open(authorizationUrl(environment.url, app, newPkce().challenge))
  environment.advance(REQUEST_MS)
  expect((await ann.browser.submit(page.url, { decision: 'allow' })).status).toBe(400)
})

test('a_session_ends_after_a_month_however_much_it_is_used', async () => {
  for (const days of [13, 13, 3]) {
    environment.advance(days * DAY_MS)
    expect((await ann.browser.open('/workspace')).url.pathname).toBe('/workspace')
  }
  environment.advance(DAY_MS)
  expect((await ann.browser.open('/workspace')).url.pathname).toBe('/sign-in')
})

test('two_copies_on_one_host_do_not_sign_each_other_out', async () => {
  await using other = await openGatewayEnvironment()
  const cookies = new Map<string, string>()
  // As in a browser, a host's cookies go to all of its ports.
  const send = async (url: string, body?: URLSearchParams) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const init = {
      headers: { cookie },
      redirect: 'manual' as const,
      ...(body ? { method: 'POST', body } : {}),
    }
    const response = await fetch(url, init)
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    return response.headers.get('location')
  }
  for (const { url } of [environment, other]) {
    const { email, password } = url === environment.url ? ann : await signUp(other, { name: 'Ben' })
    await send(`${url}/sign-in`, new URLSearchParams({ email, password }))
  }
  for (const { url } of [environment, other]) expect(await send(`${url}/sign-in`)).toBe('/')
  await send(`${other.url}/sign-out`, new URLSearchParams())
  expect(await send(`${environment.url}/sign-in`)).toBe('/')
  expect(await send(`${other.url}/sign-in`)).toBeNull()
})

test('people_who_signed_in_before_cookies_had_a_port_stay_signed_in', async () => {
  const body = new URLSearchParams({ email: ann.email, password: ann.password })
  const signedIn = await fetch(`${environment.url}/sign-in`, { method: 'POST', body, redirect: 'manual' })
  const [, token = ''] = /=([^;]+)/.exec(signedIn.headers.getSetCookie()[0] ?? '') ?? []
  const headers = { cookie: `loops_session=${token}` }
  const front = await fetch(`${environment.url}/sign-in`, { headers, redirect: 'manual' })
  expect(front.headers.get('location')).toBe('/')
  await fetch(`${environment.url}/sign-out`, { method: 'POST', headers, redirect: 'manual' })
  expect((await fetch(`${environment.url}/sign-in`, { headers, redirect: 'manual' })).status).toBe(200)
})

test('an_access_token_ends_and_its_refresh_token_brings_another', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  expect(await environment.verify(tokens.access_token)).toMatchObject({ ok: true })
  environment.advance(ACCESS_MS)
  expect(await environment.verify(tokens.access_token)).toEqual({ ok: false, reason: 'expired' })
  const { body } = await refreshTokens(environment.url, app, tokens.refresh_token)
  expect(await environment.verify(body.access_token)).toMatchObject({ ok: true })
})

test('a_replaced_refresh_token_gets_the_same_successor_within_the_grace_though_that_was_used [K7]', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  const first = (await refreshTokens(environment.url, app, tokens.refresh_token)).body
  expect(await environment.verify(first.access_token)).toMatchObject({ ok: true })
  environment.advance(GRACE_MS - 5_000)
  const again = await refreshTokens(environment.url, app, tokens.refresh_token)
  expect([again.status, again.body.refresh_token]).toEqual([200, first.refresh_token])
})

test('a_lost_answer_can_be_repeated_long_after [K7]', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  const lost = (await refreshTokens(environment.url, app, tokens.refresh_token)).body
  environment.advance(DAY_MS)
  const again = await refreshTokens(environment.url, app, tokens.refresh_token)
  expect([again.status, again.body.refresh_token]).toEqual([200, lost.refresh_token])
})

test('a_lost_answer_cannot_be_repeated_for_ever_and_asking_too_late_ends_the_family [K8]', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  const lost = (await refreshTokens(environment.url, app, tokens.refresh_token)).body
  environment.advance(LOST_ANSWER_MS - 60_000)
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).status).toBe(200)
  environment.advance(120_000)
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
  expect((await refreshTokens(environment.url, app, lost.refresh_token)).body.error).toBe('invalid_grant')
})

test('a_replaced_refresh_token_after_the_grace_ends_the_family_once_its_successor_was_used [K8]', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  const first = (await refreshTokens(environment.url, app, tokens.refresh_token)).body
  expect(await environment.verify(first.access_token)).toMatchObject({ ok: true })
  environment.advance(GRACE_MS + 1_000)
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
  expect((await refreshTokens(environment.url, app, first.refresh_token)).body.error).toBe('invalid_grant')
  expect(await environment.verify(first.access_token)).toEqual({ ok: false, reason: 'revoked' })
})

test('a_refresh_token_lasts_from_use_to_use_but_not_past_a_year [K11]', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  let token = tokens.refresh_token
  for (let elapsed = 0; elapsed + REFRESH_MS - DAY_MS < GRANT_MS; elapsed += REFRESH_MS - DAY_MS) {
    environment.advance(REFRESH_MS - DAY_MS)
    const { status, body } = await refreshTokens(environment.url, app, token)
    expect(status).toBe(200)
    token = body.refresh_token
  }
  environment.advance(REFRESH_MS - DAY_MS)
  const { status, body } = await refreshTokens(environment.url, app, token)
  expect([status, body.error]).toEqual([400, 'invalid_grant'])
})

test('a_refresh_token_that_is_not_used_ends', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  environment.advance(REFRESH_MS)
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
})

test.each(['none', 'client_secret_basic', undefined])(
  'a_registration_that_is_never_used_goes_after_a_day_and_a_used_one_stays: %s [R6]',
  async (token_endpoint_auth_method) => {
    const unused = await registerApp(environment.url, { token_endpoint_auth_method })
    const { app: used, tokens } = await connectApp(environment.url, ann, {
      metadata: { token_endpoint_auth_method },
    })
    environment.advance(2 * DAY_MS)
    expect(
      (await ann.browser.open(authorizationUrl(environment.url, unused, newPkce().challenge))).status,
    ).toBe(400)
    expect((await refreshTokens(environment.url, used, tokens.refresh_token)).status).toBe(200)
  },
)

/** Longer than a gateway caches grants and people (ms). */
const SOON_MS = 3_000
const change = (update: Readonly<Record<string, unknown>>) =>
  environment.db.collection('people').updateOne({ email: ann.email }, update)

test('the_current_role_counts [B5]', async () => {
  const { tokens } = await connectApp(environment.url, ann)
  expect(await environment.verify(tokens.access_token)).toMatchObject({ caller: { role: 'owner' } })
  await change({ $set: { 'memberships.0.role': 'viewer' } })
  environment.advance(SOON_MS)
  expect(await environment.verify(tokens.access_token)).toMatchObject({
    caller: { role: 'viewer', scopes: ['loops:read'] },
  })
})

test('a_person_who_left_has_no_access_and_no_new_tokens [B5]', async () => {
  const { app, tokens } = await connectApp(environment.url, ann)
  expect(await environment.verify(tokens.access_token)).toMatchObject({ ok: true })
  await change({ $set: { memberships: [] } })
  environment.advance(SOON_MS)
  expect(await environment.verify(tokens.access_token)).toEqual({ ok: false, reason: 'not_a_member' })
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
})

test('a_viewer_can_pass_on_no_more_than_reading', async () => {
  await change({ $set: { 'memberships.0.role': 'viewer' } })
  const { tokens } = await connectApp(environment.url, ann)
  expect(tokens.scope).toBe('loops:read')
})

test('no_secret_is_at_rest [R10]', async () => {
  const app = await registerApp(environment.url, { token_endpoint_auth_method: 'client_secret_post' })
  const given = await obtainCode(environment.url, app, ann)
  const { body } = await exchangeCode(environment.url, app, given)
  // By a connection of its own: no service reads everything.
  await using mongo = await connectMongo(
    environment.stack.mongodbUrl,
    createLog({ filter: 'error', topic: 'test' }),
  )
  const db = mongo.database('gateway')
  const collections = await db.listCollections().toArray()
  const kept = await Promise.all(collections.map(({ name }) => db.collection(name).find().toArray()))
  const text = JSON.stringify(kept)
  const secrets = [
    app.client_secret as string,
    given.code,
    given.verifier,
    body.access_token,
    body.refresh_token,
    ann.password,
  ]
  for (const secret of secrets) expect(text).not.toContain(secret)
  expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
  expect(text).not.toMatch(/"d":"/)
})
