// Service accounts with keys of their own (private_key_jwt): what gets an access token, and what does not, on two gateways.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { getServiceToken, serviceAccountOf, serviceClientOn } from '../support/fleet.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { getJson, postForm } from '../support/oauth-client.ts'
import {
  askWithAssertion,
  assertionOf,
  keyAccountOf,
  newPair,
  openKeySite,
  type Pair,
} from '../support/signed-clients.ts'

const PATH = '/workspace/service-accounts'
const MINUTE_MS = 60_000
const LOCAL_KEYS = { CLIENT_METADATA_LOOPBACK: 'allowed' }

let env: GatewayEnvironment
let other: GatewayEnvironment
let ann: Account
let pair: Pair
let id: string
beforeAll(async () => {
  env = await openGatewayEnvironment(LOCAL_KEYS)
  other = await openGatewayEnvironment(LOCAL_KEYS, env)
  ann = await signUp(env, { name: 'Ann', workspace: 'Bakery' })
  pair = await newPair()
  id = await keyAccountOf(ann, 'Signer', { jwks: { keys: [pair.jwk] } })
})
// Each test begins as if nobody had tried anything wrong before, and as if everybody had just signed in.
beforeEach(async () => {
  await env.db.collection('throttles').deleteMany({})
  const authenticated_at = env.deps.clock.now()
  await env.db.collection('sessions').updateMany({}, { $set: { authenticated_at } })
})
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const ask = (assertion: string, more: Readonly<Record<string, string>> = {}) =>
  askWithAssertion(env.url, env.url, assertion, more)
const outcome = async (assertion: string) => {
  const { status, body } = await ask(assertion)
  return status === 200 ? 'a token' : `${status} ${body.error}`
}
const REFUSED = '401 invalid_client'

describe('an_assertion', () => {
  test.each(['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'])('signed_with_%s_gets_a_token', async (alg) => {
    const own = await newPair(alg)
    const client_id = await keyAccountOf(ann, `By ${alg}`, { jwks: { keys: [own.jwk] } })
    const { status, body } = await ask(await assertionOf(own, env.url, client_id), { client_id })
    expect([status, body.token_type, body.scope, body.refresh_token]).toEqual([
      200,
      'Bearer',
      'loops:read loops:write',
      undefined,
    ])
    expect(await env.verify(body.access_token)).toMatchObject({
      ok: true,
      caller: { user_id: client_id, user_name: `By ${alg} (service account)` },
    })
  })
  test('may_name_the_token_endpoint_and_the_type_of_client_assertions', async () => {
    const claims = { aud: `${env.url}/token` }
    expect(await outcome(await assertionOf(pair, env.url, id, { claims }))).toBe('a token')
    const header = { typ: 'client-authentication+jwt' }
    expect(await outcome(await assertionOf(pair, env.url, id, { header }))).toBe('a token')
  })
  test('without_a_key_id_is_tried_with_each_key', async () => {
    const [one, two] = [await newPair(), await newPair()]
    const client_id = await keyAccountOf(ann, 'Two keys', { jwks: { keys: [one.jwk, two.jwk] } })
    for (const own of [one, two])
      expect(await outcome(await assertionOf(own, env.url, client_id, { header: { kid: undefined } }))).toBe(
        'a token',
      )
  })
  test.each([
    ['for_another_server', { claims: { aud: 'https://other.example' } }],
    ['for_the_endpoint_of_tools', { claims: { aud: 'SITE/mcp' } }],
    ['for_two_servers', { claims: { aud: ['SITE', 'https://other.example'] } }],
    ['for_nobody', { claims: { aud: undefined } }],
    ['that_has_expired', { seconds: -31 }],
    ['that_lasts_for_an_hour', { seconds: 3_600 }],
    ['that_never_expires', { claims: { exp: undefined } }],
    ['from_the_future', { claims: { iat: Math.floor(Date.now() / 1_000) + 90 } }],
    ['that_is_not_valid_yet', { claims: { nbf: Math.floor(Date.now() / 1_000) + 90 } }],
    ['without_a_name', { claims: { jti: undefined } }],
    ['with_a_name_that_is_too_long', { claims: { jti: 'x'.repeat(257) } }],
    ['by_another_issuer', { claims: { iss: 'somebody' } }],
    ['about_another_client', { claims: { sub: '01JDAAAAAAAAAAAAAAAAAAAAAA' } }],
    ['of_the_type_of_access_tokens', { header: { typ: 'at+jwt' } }],
    ['by_a_foreign_key_id', { header: { kid: 'another' } }],
    ['with_a_critical_header', { header: { crit: ['exp2'], exp2: 1 } }],
    ['of_ten_kilobytes', { claims: { more: 'x'.repeat(10_000) } }],
  ])('%s_is_refused', async (_, otherwise) => {
    const { aud } = (otherwise as { claims?: { aud?: unknown } }).claims ?? {}
    const named = (one: string) => one.replace('SITE', env.url)
    const claims = {
      ...(otherwise as { claims?: object }).claims,
      ...(typeof aud === 'string' ? { aud: named(aud) } : Array.isArray(aud) ? { aud: aud.map(named) } : {}),
    }
    const signed =
      'crit' in ((otherwise as { header?: object }).header ?? {})
        ? handMade({ alg: 'ES256', kid: pair.kid, crit: ['exp2'], exp2: 1 }, {})
        : await assertionOf(pair, env.url, id, { ...otherwise, claims })
    expect(await outcome(signed)).toBe(REFUSED)
  })

  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claimsNow = () => {
    const iat = Math.floor(Date.now() / 1_000)
    return { iss: id, sub: id, aud: env.url, jti: `${Math.random()}`, iat, exp: iat + 60 }
  }
  const handMade = (header: object, claims: object, signature = 'AAAA') =>
    `${encode(header)}.${encode({ ...claimsNow(), ...claims })}.${signature}`

  test('without_a_signature_is_refused', async () => {
    for (const alg of ['none', 'None', 'NONE'])
      for (const signature of ['', 'AAAA'])
        expect(await outcome(handMade({ alg, kid: pair.kid }, {}, signature))).toBe(REFUSED)
  })
  test('signed_with_the_public_key_as_a_secret_is_refused', async () => {
    const secrets = [JSON.stringify(pair.jwk), JSON.stringify({ keys: [pair.jwk] }), pair.jwk.x ?? '']
    for (const secret of secrets) {
      const text = `${encode({ alg: 'HS256', kid: pair.kid })}.${encode(claimsNow())}`
      const signature = createHmac('sha256', secret).update(text).digest('base64url')
      expect(await outcome(`${text}.${signature}`)).toBe(REFUSED)
    }
  })
  test('that_brings_or_names_its_own_key_is_refused', async () => {
    const own = await newPair('ES256', pair.kid)
    for (const header of [
      { jwk: own.jwk },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example' },
    ])
      expect(await outcome(await assertionOf(own, env.url, id, { header }))).toBe(REFUSED)
  })
  test('with_one_character_changed_is_refused', async () => {
    const right = await assertionOf(pair, env.url, id)
    // Its last character has bits that mean nothing.
    const places = Array.from({ length: 12 }, (_, n) => Math.floor((n * (right.length - 2)) / 12))
    for (const at of places) {
      const changed = `${right.slice(0, at)}${right[at] === 'A' ? 'B' : 'A'}${right.slice(at + 1)}`
      expect([at, (await ask(changed)).status]).toEqual([at, 401])
    }
    expect(await outcome(right)).toBe('a token')
  })
  test('is_used_once_whichever_gateway_it_is_shown_to', async () => {
    const assertion = await assertionOf(pair, env.url, id)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        askWithAssertion([env.url, other.url][n % 2] ?? '', env.url, assertion),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status } of answers) expect([200, 401, 429]).toContain(status)
    expect(await outcome(assertion)).toBe(REFUSED)
  })
  test('of_one_account_is_not_another_s_though_both_have_the_same_name', async () => {
    const own = await newPair()
    const client_id = await keyAccountOf(ann, 'Namesake', { jwks: own.jwk })
    const claims = { jti: 'the same' }
    expect(await outcome(await assertionOf(pair, env.url, id, { claims }))).toBe('a token')
    expect(await outcome(await assertionOf(own, env.url, client_id, { claims }))).toBe('a token')
    expect(await outcome(await assertionOf(own, env.url, id))).toBe(REFUSED)
  })
  test('beside_another_proof_or_of_another_kind_is_refused', async () => {
    const assertion = await assertionOf(pair, env.url, id)
    const others: Record<string, string>[] = [
      { client_secret: 'x' },
      { client_id: 'another' },
      { client_assertion_type: 'x' },
    ]
    for (const more of others) expect((await ask(assertion, more)).status).toBeGreaterThanOrEqual(400)
    const authorization = `Basic ${Buffer.from(`${id}:x`).toString('base64')}`
    const form = { grant_type: 'client_credentials', client_assertion: assertion }
    const answer = await postForm(new URL('/token', env.url), form, { authorization })
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
    expect(await outcome(assertion)).toBe('a token')
  })
  test('of_an_account_with_a_secret_is_refused_and_a_secret_of_one_with_keys_too', async () => {
    const client = await serviceAccountOf(ann, { name: 'With a secret' })
    expect(await outcome(await assertionOf(pair, env.url, client.client_id))).toBe(REFUSED)
    for (const client_secret of ['', 'undefined', pair.kid])
      expect((await getServiceToken(env.url, { client_id: id, client_secret })).status).toBe(401)
  })
  test('of_a_disabled_account_is_refused', async () => {
    const client_id = await keyAccountOf(ann, 'Off', { jwks: { keys: [pair.jwk] } })
    await ann.browser.submit(`${PATH}/${client_id}/disable`, {})
    expect(await outcome(await assertionOf(pair, env.url, client_id))).toBe(REFUSED)
  })
  test('many_wrong_ones_slow_down_their_address_for_that_client_alone', async () => {
    const guessed = await keyAccountOf(ann, 'Guessed', { jwks: { keys: [pair.jwk] } })
    const statuses = new Set<number>()
    for (let tries = 0; tries < 60 && !statuses.has(429); tries += 1)
      statuses.add((await ask(await assertionOf(pair, env.url, guessed, { seconds: -60 }))).status)
    expect(statuses).toEqual(new Set([401, 429]))
    expect(await outcome(await assertionOf(await newPair(), env.url, '01JDAAAAAAAAAAAAAAAAAAAAAA'))).toBe(
      REFUSED,
    )
  })
})

describe('keys_at_an_address', () => {
  test('are_read_once_and_again_for_a_key_that_is_new_there_but_at_most_once_a_minute', async () => {
    const [first, second] = [await newPair(), await newPair()]
    await using site = await openKeySite({ keys: [first.jwk] })
    const client_id = await keyAccountOf(ann, 'At an address', { jwks_uri: site.url })
    const by = async (own: Pair) =>
      outcome(await assertionOf(own, env.url, client_id, { now: env.deps.clock.now() }))
    expect(await Promise.all([by(first), by(first), by(first)])).toEqual(['a token', 'a token', 'a token'])
    expect(site.asked()).toBe(1)
    expect([await by(second), await by(second)]).toEqual([REFUSED, REFUSED])
    expect(site.asked()).toBe(1)
    site.publish({ keys: [second.jwk, { kty: 'unheard of' }] })
    env.advance(2 * MINUTE_MS)
    expect([await by(second), await by(first)]).toEqual(['a token', REFUSED])
    expect(site.asked()).toBe(2)
  })
  test('are_used_while_their_site_fails', async () => {
    const own = await newPair()
    const site = await openKeySite({ keys: [own.jwk] })
    const client_id = await keyAccountOf(ann, 'Site that fails', { jwks_uri: site.url })
    const by = async () => outcome(await assertionOf(own, env.url, client_id, { now: env.deps.clock.now() }))
    expect(await by()).toBe('a token')
    await site[Symbol.asyncDispose]()
    env.advance(2 * 60 * MINUTE_MS)
    expect(await by()).toBe('a token')
  })
  test.each([
    ['that_is_huge', { keys: [], more: 'x'.repeat(70_000) }],
    ['with_secrets', { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'k' }] }],
    ['that_is_none', 'nothing'],
  ])('a_set_%s_lets_nobody_in', async (_, body) => {
    const own = await newPair()
    await using site = await openKeySite(body)
    const client_id = await keyAccountOf(ann, `Set ${_}`, { jwks_uri: site.url })
    expect(await outcome(await assertionOf(own, env.url, client_id))).toBe(REFUSED)
  })
  test('inside_are_never_read', async () => {
    // As outside tests: this machine is inside too.
    const strict = await openGatewayEnvironment({}, env)
    const own = await newPair()
    await using site = await openKeySite({ keys: [own.jwk] })
    const client_id = await keyAccountOf(ann, 'Inside', { jwks_uri: site.url })
    const assertion = await assertionOf(own, env.url, client_id)
    expect((await askWithAssertion(strict.url, env.url, assertion)).status).toBe(401)
    expect(site.asked()).toBe(0)
    await strict[Symbol.asyncDispose]()
  })
})

describe('the_form', () => {
  test.each([
    [
      'a_private_key',
      async () => ({ jwks: JSON.stringify({ keys: [(await newPair()).privateJwk] }) }),
      /private key/,
    ],
    ['a_shared_secret', () => ({ jwks: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}' }), /private key/],
    ['no_keys', () => ({ jwks: '{"keys":[]}' }), /not a JSON Web Key Set/],
    ['something_else', () => ({ jwks: 'hello' }), /not a JSON Web Key Set/],
    ['an_address_inside', () => ({ jwks_uri: 'https://10.0.0.1/jwks.json' }), /https address/],
    ['an_address_without_tls', () => ({ jwks_uri: 'http://keys.example/jwks.json' }), /https address/],
    ['a_file', () => ({ jwks_uri: 'file:///etc/passwd' }), /https address/],
    ['an_address_with_a_user', () => ({ jwks_uri: 'https://a:b@keys.example/jwks.json' }), /https address/],
    ['both', () => ({ jwks: '{}', jwks_uri: 'https://keys.example/jwks.json' }), /not both/],
    ['neither', () => ({}), /Enter the keys/],
  ])('with_%s_is_refused', async (_, fields, sentence) => {
    const arrived = await ann.browser.submit(`${PATH}/${id}/keys`, await fields())
    expect(arrived.status).toBe(400)
    expect(arrived.text).toMatch(sentence)
    expect(await outcome(await assertionOf(pair, env.url, id, { now: env.deps.clock.now() }))).toBe('a token')
  })
  test('replaces_a_secret_by_keys_and_keys_by_a_secret_and_ends_what_was_got_before', async () => {
    const client = await serviceAccountOf(ann, { name: 'Both ways' })
    const before = (await getServiceToken(env.url, client)).body.access_token
    const path = `${PATH}/${client.client_id}`
    const page = await ann.browser.submit(`${path}/keys`, { jwks: JSON.stringify(pair.jwk) })
    expect(page.text).toContain('private_key_jwt')
    env.advance(2_000)
    expect(await env.verify(before)).toMatchObject({ ok: false })
    expect((await getServiceToken(env.url, client)).status).toBe(401)
    const assertion = () => assertionOf(pair, env.url, client.client_id, { now: env.deps.clock.now() })
    const signed = (await ask(await assertion())).body.access_token
    expect(await env.verify(signed)).toMatchObject({ ok: true })
    const renewed = serviceClientOn(await ann.browser.submit(`${path}/secret`, { before: 'overlaps' }))
    env.advance(2_000)
    expect(await env.verify(signed)).toMatchObject({ ok: false })
    expect(await outcome(await assertion())).toBe(REFUSED)
    expect((await getServiceToken(env.url, renewed)).status).toBe(200)
  })
  test('of_another_workspace_changes_nothing', async () => {
    const eve = await signUp(env, { name: 'Eve' })
    const arrived = await eve.browser.submit(`${PATH}/${id}/keys`, { jwks: JSON.stringify(pair.jwk) })
    expect(arrived.status).toBe(404)
  })
})

test('a_secret_that_is_replaced_with_overlap_works_for_a_day_and_so_does_what_was_got_with_it', async () => {
  const client = await serviceAccountOf(ann, { name: 'Overlapping' })
  const before = (await getServiceToken(env.url, client)).body.access_token
  const path = `${PATH}/${client.client_id}`
  const arrived = await ann.browser.submit(`${path}/secret`, { before: 'overlaps' })
  expect(arrived.text).toContain('still works until')
  const renewed = serviceClientOn(arrived)
  env.advance(2_000)
  expect(await env.verify(before)).toMatchObject({ ok: true })
  for (const one of [client, renewed]) expect((await getServiceToken(env.url, one)).status).toBe(200)
  env.advance(24 * 60 * MINUTE_MS)
  expect((await getServiceToken(env.url, client)).status).toBe(401)
  expect((await getServiceToken(env.url, renewed)).status).toBe(200)
})

test('the_metadata_says_how_and_with_what', async () => {
  const { body } = await getJson(new URL('/.well-known/oauth-authorization-server', env.url))
  expect(body).toMatchObject({
    token_endpoint_auth_methods_supported: expect.arrayContaining(['private_key_jwt']),
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'],
  })
})
