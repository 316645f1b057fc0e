// Codes and tokens over two gateways that share only MongoDB: used once, rotated, repeated, replayed and raced.
import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import {
  type Answer,
  type App,
  connectApp,
  exchangeCode,
  obtainCode,
  postForm,
  refreshTokens,
  registerApp,
  revokeToken,
  tokensAmong,
  tryToken,
} from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let gateways: readonly string[]
let ann: Account
let app: App

beforeAll(async () => {
  system = await startSystem({ names: ['gateway'], instances: 2 })
  gateways = system.gateways
  ann = await signUp(system, { name: 'Ann' })
  app = await registerApp(system.url)
})
afterAll(() => system?.stop())

const gatewayOf = (turn: number): string => gateways[turn % gateways.length] as string
const atOnce = (count: number, work: (site: string) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(gatewayOf(index))))
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)

/** Waits until every gateway refuses the token: a revocation reaches each within the lifetime of its caches. */
const refusedEverywhere = (token: string): Promise<void> =>
  expect
    .poll(() => Promise.all(gateways.map((site) => tryToken(site, token))), { timeout: 10_000 })
    .toEqual(gateways.map(() => 401))

describe('a code', () => {
  test('exchanged_at_another_gateway_than_the_one_that_issued_it', async () => {
    const given = await obtainCode(gatewayOf(0), app, ann)
    expect((await exchangeCode(gatewayOf(1), app, given)).status).toBe(200)
  })
  test('replayed_after_use_it_ends_every_token_that_came_of_it [K4]', async () => {
    const given = await obtainCode(system.url, app, ann)
    const { body } = await exchangeCode(system.url, app, given)
    expect(await tryToken(system.url, body.access_token)).toBe(200)
    const replay = await exchangeCode(system.url, app, given)
    expect([replay.status, replay.body.error]).toEqual([400, 'invalid_grant'])
    await refusedEverywhere(body.access_token)
    expect((await refreshTokens(system.url, app, body.refresh_token)).body.error).toBe('invalid_grant')
  })
  test('used_twenty_times_at_once_it_works_once [K3]', async () => {
    const given = await obtainCode(system.url, app, ann)
    const answers = await atOnce(20, (site) => exchangeCode(site, app, given))
    expect(statuses(answers).filter((status) => status === 200)).toHaveLength(1)
    for (const { status, body } of answers)
      if (status !== 200) expect([status, body.error]).toEqual([400, 'invalid_grant'])
  })
  test.each([
    ['code_verifier', 'w'.repeat(43), 'invalid_grant'],
    ['code_verifier', undefined, 'invalid_request'],
    ['redirect_uri', 'http://127.0.0.1:33418/other', 'invalid_grant'],
    ['resource', 'https://other.example/mcp', 'invalid_target'],
    ['client_secret', 'a secret it does not have', 'invalid_client'],
    ['grant_type', 'password', 'unsupported_grant_type'],
    ['grant_type', undefined, 'invalid_request'],
  ])('a_wrong_try_leaves_it_usable: %s %s [K3]', async (name, value, error) => {
    const given = await obtainCode(system.url, app, ann)
    const wrong = await exchangeCode(system.url, app, given, { [name]: value })
    expect(wrong.body.error).toBe(error)
    expect((await exchangeCode(system.url, app, given)).status).toBe(200)
  })
  test('of_another_client_is_refused_and_stays_usable', async () => {
    const other = await registerApp(system.url)
    const given = await obtainCode(system.url, app, ann)
    const stolen = await exchangeCode(system.url, other, given)
    expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant'])
    expect((await exchangeCode(system.url, app, given)).status).toBe(200)
  })
  test('exchanged_without_naming_the_redirect_uri_again', async () => {
    const given = await obtainCode(system.url, app, ann)
    expect((await exchangeCode(system.url, app, given, { redirect_uri: undefined })).status).toBe(200)
  })
  test.each(['', 'nonsense', '01JDAAAAAAAAAAAAAAAAAAAAAA.x', 'x'.repeat(5_000)])(
    'made_up_it_is_refused: %s',
    async (code) => {
      const { status } = await exchangeCode(system.url, app, { code, verifier: 'v'.repeat(43) })
      expect(status).toBe(400)
    },
  )
})

describe('a refresh token', () => {
  test('replaced_at_each_use_and_the_new_one_works_elsewhere [K6]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    let { refresh_token } = tokens
    const seen = new Set([refresh_token])
    for (let turn = 0; turn < 4; turn += 1) {
      const { status, body } = await refreshTokens(gatewayOf(turn), own, refresh_token)
      expect(status).toBe(200)
      expect(await tryToken(gatewayOf(turn + 1), body.access_token)).toBe(200)
      refresh_token = body.refresh_token
      seen.add(refresh_token)
    }
    expect(seen.size).toBe(5)
  })
  test('used_twenty_times_at_once_all_get_the_same_successor [K7, K9]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    const answers = await atOnce(20, (site) => refreshTokens(site, own, tokens.refresh_token))
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    const next = await refreshTokens(system.url, own, tokensAmong(answers).refresh_token)
    expect(next.status).toBe(200)
  })
  test('two_generations_old_it_ends_the_family [K8]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    const second = (await refreshTokens(system.url, own, tokens.refresh_token)).body
    const third = (await refreshTokens(system.url, own, second.refresh_token)).body
    const reuse = await refreshTokens(system.url, own, tokens.refresh_token)
    expect([reuse.status, reuse.body.error]).toEqual([400, 'invalid_grant'])
    expect((await refreshTokens(system.url, own, third.refresh_token)).body.error).toBe('invalid_grant')
    await refusedEverywhere(third.access_token)
  })
  test('of_another_client_is_refused_and_goes_on_working', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refreshTokens(system.url, own, tokens.refresh_token)).status).toBe(200)
  })
  test('narrowed_for_one_access_token_only [K10]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    const narrow = await refreshTokens(system.url, own, tokens.refresh_token, { scope: 'loops:read' })
    expect(narrow.body.scope).toBe('loops:read')
    const wide = await refreshTokens(system.url, own, narrow.body.refresh_token)
    expect(wide.body.scope).toBe('loops:read loops:write')
  })
  test.each([
    ['scope', 'loops:read admin', 'invalid_scope'],
    ['resource', 'https://other.example/mcp', 'invalid_target'],
  ])('a_wrong_%s_does_not_use_it_up [K10]', async (name, value, error) => {
    const { app: own, tokens } = await connectApp(system.url, ann, { ask: { scope: 'loops:read' } })
    const wrong = await refreshTokens(system.url, own, tokens.refresh_token, { [name]: value })
    expect(wrong.body.error).toBe(error)
    const right = await refreshTokens(system.url, own, tokens.refresh_token)
    expect([right.status, right.body.scope]).toEqual([200, 'loops:read'])
  })
  test('raced_against_its_revocation_it_ends [X1]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    await Promise.all([
      refreshTokens(gatewayOf(0), own, tokens.refresh_token),
      revokeToken(gatewayOf(1), own, tokens.refresh_token),
    ])
    const after = await refreshTokens(system.url, own, tokens.refresh_token)
    expect([after.status, after.body.error]).toEqual([400, 'invalid_grant'])
  })
  test('a_new_consent_leaves_earlier_ones_alone [K12]', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    await exchangeCode(system.url, own, await obtainCode(system.url, own, ann))
    expect((await refreshTokens(system.url, own, tokens.refresh_token)).status).toBe(200)
  })
})

describe('revocation [X1]', () => {
  test('of_a_refresh_token_ends_the_whole_grant_on_every_gateway', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    for (const site of gateways) expect(await tryToken(site, tokens.access_token)).toBe(200)
    expect((await revokeToken(gatewayOf(0), own, tokens.refresh_token)).status).toBe(200)
    await refusedEverywhere(tokens.access_token)
    expect((await refreshTokens(gatewayOf(1), own, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })
  test('of_an_access_token_ends_that_one_alone', async () => {
    const { app: own, tokens } = await connectApp(system.url, ann)
    await revokeToken(system.url, own, tokens.access_token)
    await refusedEverywhere(tokens.access_token)
    const { status, body } = await refreshTokens(system.url, own, tokens.refresh_token)
    expect(status).toBe(200)
    expect(await tryToken(system.url, body.access_token)).toBe(200)
  })
  test('of_an_unknown_token_or_another_client’s_does_nothing', async () => {
    const { tokens } = await connectApp(system.url, ann)
    for (const token of ['nonsense', tokens.refresh_token, tokens.access_token])
      expect((await revokeToken(system.url, app, token)).status).toBe(200)
    expect(await tryToken(system.url, tokens.access_token)).toBe(200)
  })
  test('requires_a_client', async () => {
    const { status, body } = await postForm(`${system.url}/revoke`, { token: 'x', client_id: 'nobody' })
    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })
})

describe('the token endpoint', () => {
  const grant = { grant_type: 'authorization_code', code: 'x', code_verifier: 'v'.repeat(43) }

  test('requires_a_form [K1]', async () => {
    const response = await fetch(`${system.url}/token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...grant, client_id: app.client_id }),
    })
    expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_request'])
  })
  test('refuses_parameters_given_twice [K1]', async () => {
    const twice = { ...grant, client_id: app.client_id, code: ['x', 'y'] }
    const { status, body, headers } = await postForm(`${system.url}/token`, twice)
    expect([status, body.error]).toEqual([400, 'invalid_request'])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('pragma')).toBe('no-cache')
  })
  test('an_unknown_client_is_told_to_register_again [R7]', async () => {
    const { status, body } = await postForm(`${system.url}/token`, { ...grant, client_id: 'gone' })
    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })
  test('a_client_that_used_basic_is_challenged_by_basic [K2]', async () => {
    const authorization = `Basic ${Buffer.from('nobody:nothing').toString('base64')}`
    const { status, headers } = await postForm(`${system.url}/token`, grant, { authorization })
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Loops"'])
  })
})

describe('a confidential client', () => {
  const basic = ({ client_id, client_secret = '' }: App) => ({
    authorization: `Basic ${Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString('base64')}`,
  })
  const exchangeBy = (given: { code: string; verifier: string }, headers: HeadersInit) =>
    postForm(
      `${system.url}/token`,
      { grant_type: 'authorization_code', code: given.code, code_verifier: given.verifier },
      headers,
    )

  test('that_left_the_method_open_may_authenticate_by_basic_and_by_post [K2]', async () => {
    const own = await registerApp(system.url, { token_endpoint_auth_method: undefined })
    const first = await exchangeBy(await obtainCode(system.url, own, ann), basic(own))
    expect(first.status).toBe(200)
    const second = await exchangeCode(system.url, own, await obtainCode(system.url, own, ann))
    expect(second.status).toBe(200)
    expect((await refreshTokens(gatewayOf(1), own, second.body.refresh_token)).status).toBe(200)
  })
  test.each(['client_secret_post', 'client_secret_basic'])(
    'that_registered_%s_may_use_either_for_the_code_and_the_refresh_but_not_both [K2]',
    async (token_endpoint_auth_method) => {
      const own = await registerApp(system.url, { token_endpoint_auth_method })
      const { body } = await exchangeCode(system.url, own, await obtainCode(system.url, own, ann))
      const refresh = (extra: Record<string, string>) =>
        postForm(
          `${gatewayOf(1)}/token`,
          { grant_type: 'refresh_token', refresh_token: body.refresh_token, ...extra },
          basic(own),
        )
      const both = await refresh({ client_id: own.client_id, client_secret: own.client_secret ?? '' })
      expect([both.status, both.body.error]).toEqual([400, 'invalid_request'])
      expect((await refresh({})).status).toBe(200)
      expect((await exchangeBy(await obtainCode(system.url, own, ann), basic(own))).status).toBe(200)
    },
  )
  test('is_refused_without_its_secret_and_with_another', async () => {
    const own = await registerApp(system.url, { token_endpoint_auth_method: 'client_secret_post' })
    const given = await obtainCode(system.url, own, ann)
    for (const wrong of [
      exchangeCode(system.url, { ...own, client_secret: undefined }, given),
      exchangeCode(system.url, { ...own, client_secret: 'x' }, given),
      exchangeBy(given, basic({ ...own, client_secret: 'x' })),
    ])
      expect((await wrong).body.error).toBe('invalid_client')
    expect((await exchangeCode(system.url, own, given)).status).toBe(200)
  })
})

describe('an access token that is not ours [B2]', () => {
  const claims = { client_id: 'c', scope: 'loops:read', grant: 'g', gen: 1 }
  const key = new TextEncoder().encode('a public key, taken for a secret')
  const forged = (header: Record<string, string>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header })
      .setIssuer(system.url)
      .setAudience(`${system.url}/mcp`)
      .setSubject('u')
      .setJti('j')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key)

  test('is_refused_however_it_is_made', async () => {
    const { tokens } = await connectApp(system.url, ann)
    const [header = '', payload = '', signature = ''] = tokens.access_token.split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const changed = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const wider = Buffer.from(JSON.stringify({ ...changed, sub: 'someone else' })).toString('base64url')
    for (const token of [
      await forged({ kid }),
      await forged({ kid: 'unknown' }),
      new UnsecuredJWT({ ...changed }).encode(),
      `${header}.${wider}.${signature}`,
      `${header}.${payload}.`,
      tokens.refresh_token,
      'nonsense',
    ])
      expect(await tryToken(system.url, token)).toBe(401)
    expect(await tryToken(system.url, tokens.access_token)).toBe(200)
  })
})
