// The settings of the authorization server as clients see them. What is off is not offered, and lifetimes are as
// configured.
import { expect, test } from 'vitest'
import { oauthSettings } from '../../services/gateway/oauth/settings.ts'
import { readConfig } from '../../shared/process/config.ts'
import { signUp } from '../support/accounts.ts'
import { openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  type Answer,
  authorizationUrl,
  connectApp,
  getJson,
  newPkce,
  postRegistration,
  refreshTokens,
} from '../support/oauth-client.ts'

const METADATA = '/.well-known/oauth-authorization-server'

test('the_documents_state_what_is_offered_by_default [D5]', async () => {
  await using environment = await openGatewayEnvironment()
  for (const path of [METADATA, '/.well-known/openid-configuration'])
    expect((await getJson(`${environment.url}${path}`)).body).toMatchObject({
      registration_endpoint: `${environment.url}/register`,
      client_id_metadata_document_supported: true,
    })
})

test('registration_that_is_off_is_refused_and_not_offered_and_known_clients_keep_working [R1, D5]', async () => {
  await using open = await openGatewayEnvironment()
  const ann = await signUp(open, { name: 'Ann' })
  const { app, tokens } = await connectApp(open.url, ann)
  await using environment = await openGatewayEnvironment({ CLIENT_REGISTRATION: 'off' }, open)
  expect((await getJson(`${environment.url}${METADATA}`)).body).not.toHaveProperty('registration_endpoint')
  const { status, body } = await postRegistration(environment.url, {
    redirect_uris: ['https://app.example/cb'],
  })
  expect([status, body.error]).toEqual([403, 'access_denied'])
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).status).toBe(200)
})

const SERVICE = { redirect_uris: ['https://service.example/cb'] }
const CLIENT_REGISTRATION_TOKEN = 'an initial access token of the tests'

test('registration_by_token_refuses_requests_without_it_and_says_what_is_missing [R1]', async () => {
  await using environment = await openGatewayEnvironment({
    CLIENT_REGISTRATION: 'token',
    CLIENT_REGISTRATION_TOKEN,
  })
  expect((await getJson(`${environment.url}${METADATA}`)).body).toHaveProperty('registration_endpoint')
  const wrong: Record<string, string>[] = [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: `Basic ${CLIENT_REGISTRATION_TOKEN}` },
  ]
  for (const headers of wrong) {
    const { status, body, headers: answered } = await postRegistration(environment.url, SERVICE, headers)
    expect([status, body.error]).toEqual([401, 'invalid_token'])
    expect(answered.get('www-authenticate')).toMatch(/^Bearer/)
  }
  const authorization = `Bearer ${CLIENT_REGISTRATION_TOKEN}`
  expect((await postRegistration(environment.url, SERVICE, { authorization })).status).toBe(201)
})

test('a_service_with_the_token_is_not_limited_and_may_wait_weeks_for_its_first_person [R6]', async () => {
  await using environment = await openGatewayEnvironment({ CLIENT_REGISTRATION_TOKEN })
  const ann = await signUp(environment, { name: 'Ann' })
  const invited = { authorization: `Bearer ${CLIENT_REGISTRATION_TOKEN}` }
  const answers = await Promise.all(
    Array.from({ length: 150 }, () => postRegistration(environment.url, SERVICE, invited)),
  )
  expect(answers.every(({ status }) => status === 201)).toBe(true)
  // Where registration is open, a wrong token changes nothing.
  const open = await postRegistration(environment.url, SERVICE, { authorization: 'Bearer of another server' })
  expect(open.status).toBe(201)
  environment.advance(20 * 24 * 60 * 60_000)
  const redirect_uri = SERVICE.redirect_uris[0] as string
  const ask = ({ client_id }: { client_id: string }) =>
    ann.browser.open(authorizationUrl(environment.url, { client_id, redirect_uri }, newPkce().challenge))
  expect((await ask(open.body)).status).toBe(400)
  expect((await ask((answers[0] as Answer).body)).status).toBe(200)
})

test('a_token_must_be_set_where_it_is_required', () => {
  expect(() => readConfig({ CLIENT_REGISTRATION: 'token' })).toThrow(/CLIENT_REGISTRATION_TOKEN must be set/)
})

test('lifetimes_and_grace_are_as_configured [K7, K8, K11]', async () => {
  await using environment = await openGatewayEnvironment({
    ACCESS_TOKEN_MINUTES: '5',
    REFRESH_TOKEN_DAYS: '7',
    REFRESH_GRACE_SECONDS: '10',
  })
  const ann = await signUp(environment, { name: 'Ann' })
  const { app, tokens } = await connectApp(environment.url, ann)
  expect(tokens.expires_in).toBe(300)
  const next = (await refreshTokens(environment.url, app, tokens.refresh_token)).body
  expect(await environment.verify(next.access_token)).toMatchObject({ ok: true })
  environment.advance(8_000)
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).status).toBe(200)
  environment.advance(4_000)
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
  const other = await connectApp(environment.url, ann)
  environment.advance(7 * 24 * 60 * 60_000)
  const late = await refreshTokens(environment.url, other.app, other.tokens.refresh_token)
  expect([late.status, late.body.error]).toEqual([400, 'invalid_grant'])
})

test('documents_from_this_machine_need_two_variables_so_that_no_slip_allows_them [R8]', () => {
  const allows = (env: Record<string, string>): boolean => oauthSettings(readConfig(env)).loopback_documents
  const CLIENT_METADATA_LOOPBACK = 'allowed'
  expect(allows({ CLIENT_METADATA_LOOPBACK })).toBe(false)
  expect(allows({ CLIENT_METADATA_LOOPBACK, NODE_ENV: 'production' })).toBe(false)
  expect(allows({ NODE_ENV: 'test' })).toBe(false)
  expect(allows({ CLIENT_METADATA_LOOPBACK, NODE_ENV: 'test' })).toBe(true)
})
