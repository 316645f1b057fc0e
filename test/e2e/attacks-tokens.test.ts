// Forged access tokens, and faults behind the gateway. Tokens are signed with our own key for another place, time or
// kind, or with another key altogether. Faults must not end sign-in or calls.
import { type CryptoKey, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  connectApp,
  exchangeCode,
  obtainCode,
  refreshTokens,
  registerApp,
  revokeToken,
} from '../support/oauth-client.ts'
import { freshStack } from '../support/stack.ts'
import { openEntry } from '../support/system.ts'

const A_WHILE_S = 120

describe('an access token', () => {
  let env: GatewayEnvironment
  let ann: Account
  let claims: JWTPayload

  beforeAll(async () => {
    env = await openGatewayEnvironment()
    ann = await signUp(env, { name: 'Ann' })
    const { tokens } = await connectApp(env.url, ann)
    claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString())
  })
  afterAll(() => env?.[Symbol.asyncDispose]())

  const signed = (
    payload: JWTPayload,
    header: Record<string, unknown> = {},
    key: CryptoKey | Uint8Array = env.deps.keys.signer().key,
  ): Promise<string> =>
    new SignJWT({ ...payload })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: env.deps.keys.signer().kid, ...header })
      .sign(key)
  const seconds = (): number => Math.floor(env.deps.clock.now().getTime() / 1_000)

  test('made_like_ours_is_accepted [B2]', async () => {
    expect(await env.verify(await signed(claims))).toMatchObject({ ok: true })
  })
  test.each([
    ['of another issuer', () => ({ iss: 'https://evil.example' })],
    ['of our issuer with a slash', () => ({ iss: `${env.url}/` })],
    ['for another audience', () => ({ aud: 'https://other.example/mcp' })],
    ['for our origin alone', () => ({ aud: env.url })],
    ['for us and somebody else', () => ({ aud: [`${env.url}/mcp`, 'https://other.example/mcp'] })],
    ['for nobody', () => ({ aud: undefined })],
    ['that has ended', () => ({ exp: seconds() - 1 })],
    ['that ended a while ago', () => ({ exp: seconds() - A_WHILE_S })],
    ['that never ends', () => ({ exp: undefined })],
    ['that begins later', () => ({ nbf: seconds() + A_WHILE_S })],
    ['of no person', () => ({ sub: undefined })],
    ['of another person', () => ({ sub: '01JDAAAAAAAAAAAAAAAAAAAAAA' })],
    ['of a grant that is not there', () => ({ grant: '01JDAAAAAAAAAAAAAAAAAAAAAA' })],
    ['of a grant by operator', () => ({ grant: { $ne: '' } })],
    ['with scopes that do not exist', () => ({ scope: 'loops:read loops:admin' })],
  ] as [string, () => JWTPayload][])('%s_is_refused [B2, D2]', async (_, change) => {
    expect(await env.verify(await signed({ ...claims, ...change() }))).toMatchObject({ ok: false })
  })
  test.each([
    ['of another kind', { typ: 'JWT' }],
    ['of no kind', { typ: undefined }],
    ['that is an ID token', { typ: 'id+jwt' }],
    ['of an unknown key', { kid: 'nobody' }],
    ['of no key', { kid: undefined }],
  ])('%s_is_refused_by_its_header [B2]', async (_, header) => {
    expect(await env.verify(await signed(claims, header))).toMatchObject({ ok: false })
  })
  test('that_brings_or_names_its_own_key_is_refused [B2]', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)) }
    for (const header of [
      {},
      { jwk },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example' },
    ])
      expect(await env.verify(await signed(claims, header, privateKey))).toMatchObject({ ok: false })
  })
  test('signed_with_the_public_key_as_a_password_is_refused [B2]', async () => {
    const { kid } = env.deps.keys.signer()
    const key = (await env.deps.keys.verifier(kid)) as CryptoKey
    const published = env.deps.keys.jwks().keys[0]
    for (const secret of [await exportSPKI(key), JSON.stringify(published)])
      expect(
        await env.verify(await signed(claims, { alg: 'HS256' }, new TextEncoder().encode(secret))),
      ).toMatchObject({ ok: false })
  })
  test('refreshed_twice_within_one_second_ends_the_family_on_replay [K8]', async () => {
    const { app, tokens } = await connectApp(env.url, ann)
    const second = (await refreshTokens(env.url, app, tokens.refresh_token)).body
    await refreshTokens(env.url, app, second.refresh_token)
    const replay = await refreshTokens(env.url, app, tokens.refresh_token)
    expect(replay.body.error).toBe('invalid_grant')
    expect((await refreshTokens(env.url, app, second.refresh_token)).body.error).toBe('invalid_grant')
  })
})

test('a_database_that_is_down_costs_no_client_its_tokens [K14]', async () => {
  const { mongodbUrl } = freshStack()
  const entry = await openEntry()
  const target = new URL(mongodbUrl)
  entry.open([`http://${target.host}`])
  const throughEntry = new URL(mongodbUrl)
  throughEntry.host = new URL(entry.url).host
  await using env = await openGatewayEnvironment({ MONGODB_URL: throughEntry.href })
  const ann = await signUp(env, { name: 'Ann' })
  const app = await registerApp(env.url)
  const given = await obtainCode(env.url, app, ann)
  const { body } = await exchangeCode(env.url, app, given)
  await entry.close()
  for (const answer of [
    await refreshTokens(env.url, app, body.refresh_token),
    await exchangeCode(env.url, app, given),
    await revokeToken(env.url, app, body.refresh_token),
  ]) {
    expect([answer.status, answer.body.error]).toEqual([503, 'temporarily_unavailable'])
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  }
  await expect(env.verify(body.access_token)).rejects.toMatchObject({ code: 'unavailable' })
})
