// Enterprise-managed authorization: an assertion of a configured identity provider becomes an access token, and no other one.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  type AssertedOtherwise,
  type IdentityProvider,
  openIdentityProvider,
} from '../support/identity-provider.ts'
import { type App, getJson, postForm, registerApp } from '../support/oauth-client.ts'
import { newPair } from '../support/signed-clients.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const MINUTE_MS = 60_000

let provider: IdentityProvider
let env: GatewayEnvironment
let other: GatewayEnvironment
let ann: Account
let app: App
const SUB = 'ann at the provider'

/** Connects an account with an account at the provider, as a sign-in does. */
const connect = (account: Account, sub: string) =>
  env.db
    .collection('people')
    .updateOne({ email: account.email }, { $set: { identities: [{ iss: provider.issuer, sub }] } })

beforeAll(async () => {
  provider = await openIdentityProvider()
  const given = { ENTERPRISE_ISSUERS: provider.issuer }
  env = await openGatewayEnvironment(given)
  other = await openGatewayEnvironment(given, env)
  ann = await signUp(env, { name: 'Ann', workspace: 'Bakery' })
  await connect(ann, SUB)
  app = await registerApp(env.url, {
    token_endpoint_auth_method: 'client_secret_post',
    client_name: 'Managed',
  })
})
beforeEach(() => env.db.collection('throttles').deleteMany({}))
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const vouch = (otherwise: AssertedOtherwise = {}, client_id = app.client_id, sub = SUB) =>
  provider.vouch(env.url, client_id, sub, { now: env.deps.clock.now(), ...otherwise })
const ask = (
  assertion: string,
  more: Readonly<Record<string, string>> = {},
  { site = env.url, client = app }: Readonly<{ site?: string; client?: App }> = {},
) => {
  const { redirect_uri: _, ...proof } = client
  return postForm(new URL('/token', site), { grant_type: JWT_BEARER, assertion, ...proof, ...more })
}
const outcome = async (assertion: string) => {
  const { status, body } = await ask(assertion)
  return status === 200 ? 'a token' : `${status} ${body.error}`
}
const REFUSED = '400 invalid_grant'

test('an_assertion_becomes_an_access_token_without_a_consent_page_and_without_a_refresh_token', async () => {
  const { status, body } = await ask(await vouch())
  expect([status, body.token_type, body.scope, body.refresh_token]).toEqual([
    200,
    'Bearer',
    'loops:read loops:write',
    undefined,
  ])
  const [access] = [await env.verify(body.access_token)]
  expect(access).toMatchObject({ ok: true, caller: { user_name: 'Ann', client_name: 'Managed' } })
  const again = await env.verify((await ask(await vouch())).body.access_token)
  expect(again.ok && access.ok && again.grant_id).toBe(access.ok && access.grant_id)
  expect((await ann.browser.open('/apps')).text).toContain('Managed')
})
test('the_person_and_the_owner_see_and_end_the_connection', async () => {
  const { access_token } = (await ask(await vouch())).body
  const access = await env.verify(access_token)
  const id = access.ok ? access.grant_id : ''
  expect((await ann.browser.open('/workspace/access')).text).toContain(`connections/${id}/end`)
  await ann.browser.submit(`/apps/${id}/disconnect`, {})
  env.advance(2_000)
  expect(await env.verify(access_token)).toMatchObject({ ok: false })
})
test.each([
  ['what the provider allows', 'loops:read', undefined, 'loops:read'],
  ['no more than is asked for', 'loops:read loops:write', 'loops:read', 'loops:read'],
  ['approval only by name', 'loops:read loops:approve', undefined, 'loops:read loops:approve'],
  [
    'the baseline without a word',
    undefined,
    'loops:read loops:write loops:approve',
    'loops:read loops:write',
  ],
  ['nothing of what does not exist', 'admin', undefined, undefined],
  ['nothing where both have nothing in common', 'loops:read', 'loops:approve', undefined],
])('it_gives_%s', async (_, scope, asked, given) => {
  const assertion = await vouch(scope === undefined ? {} : { claims: { scope } })
  const { status, body } = await ask(assertion, asked === undefined ? {} : { scope: asked })
  expect([status, body.scope]).toEqual(given === undefined ? [400, undefined] : [200, given])
})

describe('an_identity_assertion', () => {
  test.each([
    ['for_another_server', { claims: { aud: 'https://other.example' } }],
    ['for_two_servers', { claims: { aud: ['https://a.example', 'https://b.example'] } }],
    ['for_another_resource', { claims: { resource: 'https://other.example/mcp' } }],
    ['for_another_client', { claims: { client_id: 'another' } }],
    ['by_another_issuer', { claims: { iss: 'https://evil.example' } }],
    ['that_has_expired', { seconds: -31 }],
    ['that_lasts_for_a_day', { seconds: 24 * 60 * 60 }],
    ['that_never_expires', { claims: { exp: undefined } }],
    ['without_a_name', { claims: { jti: undefined } }],
    ['about_nobody', { claims: { sub: '' } }],
    ['about_somebody_who_is_not_known', { claims: { sub: 'somebody else' } }],
    ['about_an_address_alone', { claims: { sub: 'new', email: 'ADDRESS', email_verified: true } }],
    ['that_is_an_ID_token', { header: { typ: 'JWT' } }],
    ['that_is_an_access_token', { header: { typ: 'at+jwt' } }],
    ['without_a_type', { header: { typ: undefined } }],
  ] as const)('%s_is_refused', async (_, otherwise) => {
    const { claims } = otherwise as AssertedOtherwise
    const named = claims?.email === 'ADDRESS' ? { claims: { ...claims, email: ann.email } } : {}
    const answer = await ask(await vouch({ ...(otherwise as AssertedOtherwise), ...named }))
    expect([answer.status, answer.body.error]).toEqual([
      400,
      _ === 'for_another_resource' ? 'invalid_target' : 'invalid_grant',
    ])
  })
  test('by_a_foreign_key_is_refused', async () => {
    const pair = await newPair('RS256', provider.pair.kid)
    expect(await outcome(await vouch({ pair }))).toBe(REFUSED)
    expect(await outcome(await vouch({ pair: await newPair('RS256') }))).toBe(REFUSED)
    expect(await outcome(await vouch({ pair, header: { jwk: pair.jwk } }))).toBe(REFUSED)
  })
  test('without_a_signature_or_with_the_public_key_as_a_secret_is_refused', async () => {
    const right = await vouch()
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const [, payload] = right.split('.')
    const header = (alg: string) => encode({ alg, kid: provider.pair.kid, typ: 'oauth-id-jag+jwt' })
    for (const alg of ['none', 'None']) expect(await outcome(`${header(alg)}.${payload}.`)).toBe(REFUSED)
    const text = `${header('HS256')}.${payload}`
    const signature = createHmac('sha256', JSON.stringify(provider.pair.jwk)).update(text).digest('base64url')
    expect(await outcome(`${text}.${signature}`)).toBe(REFUSED)
    for (const at of [3, 40, right.indexOf('.') + 5, right.length - 40]) {
      const changed = `${right.slice(0, at)}${right[at] === 'A' ? 'B' : 'A'}${right.slice(at + 1)}`
      expect(await outcome(changed)).toBe(REFUSED)
    }
    expect(await outcome(right)).toBe('a token')
  })
  test('is_used_once_whichever_gateway_it_is_shown_to', async () => {
    const assertion = await vouch()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => ask(assertion, {}, { site: n % 2 === 0 ? env.url : other.url })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await outcome(assertion)).toBe(REFUSED)
  })
  test('of_a_client_is_of_no_use_to_another_or_to_one_that_anybody_can_be', async () => {
    const thief = await registerApp(env.url, { token_endpoint_auth_method: 'client_secret_post' })
    expect((await ask(await vouch(), {}, { client: thief })).body.error).toBe('invalid_grant')
    expect((await ask(await vouch(), { client_secret: 'wrong' })).status).toBe(401)
    const open = await registerApp(env.url)
    const assertion = await vouch({}, open.client_id)
    expect((await ask(assertion, {}, { client: open })).body.error).toBe('unauthorized_client')
  })
  test('of_ten_kilobytes_or_that_is_junk_is_refused', async () => {
    for (const junk of ['', 'x', 'a.b.c', 'x'.repeat(10_000)]) expect((await ask(junk)).status).toBe(400)
    expect(await outcome(await vouch({ claims: { more: 'x'.repeat(9_000) } }))).toBe(REFUSED)
  })
})

describe('a_person', () => {
  test('who_is_deactivated_or_has_left_gets_nothing', async () => {
    const ben = await signUp(env, { name: 'Ben' })
    await connect(ben, 'ben')
    const of = () => vouch({}, app.client_id, 'ben')
    const { access_token } = (await ask(await of())).body
    expect(await env.verify(access_token)).toMatchObject({ ok: true })
    const people = env.db.collection('people')
    await people.updateOne({ email: ben.email }, { $set: { memberships: [] } })
    env.advance(2_000)
    expect(await env.verify(access_token)).toMatchObject({ ok: false })
    expect(await outcome(await of())).toBe(REFUSED)
  })
  test('of_several_workspaces_is_refused_unless_the_operator_names_one', async () => {
    const cat = await signUp(env, { name: 'Cat' })
    await connect(cat, 'cat')
    const people = env.db.collection('people')
    const anns = (await people.findOne({ email: ann.email }))?.memberships[0]
    const member = { ...anns, id: 'cat', role: 'viewer' }
    await people.updateOne({ email: cat.email }, { $push: { memberships: member } } as object)
    expect(await outcome(await vouch({}, app.client_id, 'cat'))).toBe(REFUSED)
    const given = { ENTERPRISE_ISSUERS: provider.issuer, ENTERPRISE_WORKSPACE: anns.workspace_id }
    const named = await openGatewayEnvironment(given, env)
    const answer = await ask(await vouch({}, app.client_id, 'cat'), {}, { site: named.url })
    // As a viewer there.
    expect([answer.status, answer.body.scope]).toEqual([200, 'loops:read'])
    await named[Symbol.asyncDispose]()
  })
})

test('a_blocked_client_and_the_policy_of_the_workspace_bound_it', async () => {
  const bad = await registerApp(env.url, {
    token_endpoint_auth_method: 'client_secret_post',
    client_name: 'Bad',
  })
  const of = () => vouch({}, bad.client_id)
  const { access_token } = (await ask(await of(), {}, { client: bad })).body
  const path = '/workspace/access'
  await ann.browser.submit(`${path}/policy`, { max_days: '365', scope: ['loops:read'], personal: 'yes' })
  expect((await ask(await of(), {}, { client: bad })).body.scope).toBe('loops:read')
  await ann.browser.submit(`${path}/policy`, {
    max_days: '365',
    scope: ['loops:read', 'loops:write', 'loops:approve'],
    personal: 'yes',
  })
  await ann.browser.submit(`${path}/clients/block`, { client_id: bad.client_id })
  env.advance(2_000)
  expect(await env.verify(access_token)).toMatchObject({ ok: false })
  expect((await ask(await of(), {}, { client: bad })).body.error).toBe('invalid_grant')
})
test('keys_of_the_provider_are_read_seldom_and_again_for_a_new_one', async () => {
  expect(await outcome(await vouch())).toBe('a token')
  const before = provider.asked()
  for (let turn = 0; turn < 5; turn += 1) expect(await outcome(await vouch())).toBe('a token')
  expect(provider.asked()).toBe(before)
  await provider.rotate()
  env.advance(2 * MINUTE_MS)
  expect(await outcome(await vouch())).toBe('a token')
  provider.away(true)
  expect(await outcome(await vouch())).toBe('a token')
  provider.away(false)
})
test('only_a_configured_provider_is_asked_and_only_a_configured_server_says_so', async () => {
  await using stranger = await openIdentityProvider()
  const assertion = await stranger.vouch(env.url, app.client_id, SUB, { now: env.deps.clock.now() })
  expect(await outcome(assertion)).toBe(REFUSED)
  expect(stranger.asked()).toBe(0)
  const metadata = '/.well-known/oauth-authorization-server'
  expect((await getJson(new URL(metadata, env.url))).body).toMatchObject({
    grant_types_supported: expect.arrayContaining([JWT_BEARER]),
    authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
  })
  const plain = await openGatewayEnvironment({}, env)
  const { body } = await getJson(new URL(metadata, plain.url))
  expect(JSON.stringify(body)).not.toMatch(/jwt-bearer|id-jag/)
  expect((await ask(await vouch(), {}, { site: plain.url })).body.error).toBe('unsupported_grant_type')
  await plain[Symbol.asyncDispose]()
})
test('what_was_given_and_refused_is_in_the_audit_log', async () => {
  await ask(await vouch())
  await ask(await vouch({}, app.client_id, 'a stranger'))
  const log = await env.db.collection('audit').find().toArray()
  const said = JSON.stringify(log)
  for (const part of ['assertion.accepted', 'assertion.refused', 'identity_unknown', 'a stranger'])
    expect(said).toContain(part)
})
