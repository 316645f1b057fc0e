// What services of the installation learn about a token, and that others learn nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { introspectionToken } from '../../services/gateway/oauth/introspect.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  type Answer,
  connectApp,
  obtainCode,
  postForm,
  refreshTokens,
  registerApp,
  revokeToken,
} from '../support/oauth-client.ts'

let environment: GatewayEnvironment
let ann: Account
beforeAll(async () => {
  environment = await openGatewayEnvironment()
  ann = await signUp(environment, { name: 'Ann' })
})
afterAll(() => environment?.[Symbol.asyncDispose]())

const ask = (token: string): Promise<Answer> =>
  postForm(
    `${environment.url}/introspect`,
    { token, token_type_hint: 'access_token' },
    { authorization: `Bearer ${introspectionToken(environment.deps.secrets)}` },
  )

describe('a service of the installation', () => {
  test('learns_what_a_token_stands_for [X2]', async () => {
    const { app, tokens } = await connectApp(environment.url, ann, {
      ask: { scope: 'loops:read loops:write' },
    })
    const { status, headers, body } = await ask(tokens.access_token)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    const person = await environment.deps.store.people.byEmail(ann.email)
    expect(body).toEqual({
      active: true,
      scope: 'loops:read loops:write',
      client_id: app.client_id,
      token_type: 'Bearer',
      sub: person?._id,
      aud: `${environment.url}/mcp`,
      iss: environment.url,
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.any(String),
    })
  })

  test('learns_at_once_that_a_token_has_ended_and_nothing_else [X2]', async () => {
    const { app, tokens } = await connectApp(environment.url, ann)
    expect((await ask(tokens.access_token)).body).toMatchObject({ active: true })
    await revokeToken(environment.url, app, tokens.access_token)
    expect((await ask(tokens.access_token)).body).toEqual({ active: false })
    const next = (await refreshTokens(environment.url, app, tokens.refresh_token)).body
    expect((await ask(next.access_token)).body).toMatchObject({ active: true })
    environment.advance(environment.deps.oauth.access_ms)
    expect((await ask(next.access_token)).body).toEqual({ active: false })
  })

  test('gets_inactive_for_anything_else [X2]', async () => {
    const { app, tokens } = await connectApp(environment.url, ann)
    const { code } = await obtainCode(environment.url, app, ann)
    for (const other of ['nonsense', tokens.refresh_token, code, `${tokens.access_token}x`])
      expect([(await ask(other)).status, (await ask(other)).body]).toEqual([200, { active: false }])
  })
})

describe('anybody else', () => {
  const authorizations = async (): Promise<readonly (HeadersInit | undefined)[]> => {
    const app = await registerApp(environment.url, { token_endpoint_auth_method: 'client_secret_basic' })
    const { tokens } = await connectApp(environment.url, ann)
    const basic = Buffer.from(`${app.client_id}:${app.client_secret}`).toString('base64')
    return [
      undefined,
      { authorization: `Bearer ${tokens.access_token}` },
      { authorization: `Basic ${basic}` },
      { authorization: 'Bearer ' },
    ]
  }

  test('is_refused_whatever_the_token [X2]', async () => {
    const { tokens } = await connectApp(environment.url, ann)
    for (const headers of await authorizations())
      for (const token of [tokens.access_token, 'nonsense', '']) {
        const answer = await postForm(`${environment.url}/introspect`, { token }, headers)
        expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token'])
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
      }
  })
})
