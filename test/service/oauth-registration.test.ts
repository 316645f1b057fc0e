// Dynamic registration over HTTP: what is returned, stored and refused.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postRegistration } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ names: ['gateway'] })
})
afterAll(() => system?.stop())

const REDIRECTS = ['https://app.example/cb']

test('a_public_client_gets_back_what_it_said_and_no_secret [R1, R2]', async () => {
  const { status, headers, body } = await postRegistration(system.url, {
    client_name: 'App',
    redirect_uris: REDIRECTS,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    client_uri: 'https://app.example',
    logo_uri: '',
    policy_uri: null,
    scope: '',
    unknown_member: 1,
  })
  expect(status).toBe(201)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    client_id: expect.any(String),
    client_id_issued_at: expect.any(Number),
    client_name: 'App',
    redirect_uris: REDIRECTS,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    client_uri: 'https://app.example',
  })
  expect(Number.isInteger(body.client_id_issued_at)).toBe(true)
})

test('a_client_that_names_no_method_gets_a_secret_that_never_expires [R3]', async () => {
  const { status, body } = await postRegistration(system.url, {
    client_name: 'Scalekit',
    redirect_uris: REDIRECTS,
    grant_types: ['authorization_code', 'refresh_token'],
  })
  expect(status).toBe(201)
  expect(body).toMatchObject({
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    client_secret_expires_at: 0,
  })
})

test('each_registration_is_a_client_of_its_own [R6]', async () => {
  const same = { client_name: 'Twin', redirect_uris: REDIRECTS, token_endpoint_auth_method: 'none' }
  const answers = await Promise.all(Array.from({ length: 8 }, () => postRegistration(system.url, same)))
  expect(new Set(answers.map(({ body }) => body.client_id)).size).toBe(8)
})

describe('refused [R4]', () => {
  test.each([
    ['{', 'invalid_client_metadata'],
    ['[]', 'invalid_client_metadata'],
    ['', 'invalid_client_metadata'],
    [JSON.stringify({ client_name: 'x'.repeat(17_000) }), 'invalid_client_metadata'],
    [{}, 'invalid_redirect_uri'],
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: REDIRECTS, token_endpoint_auth_method: 'tls_client_auth' }, 'invalid_client_metadata'],
  ])('%#', async (metadata, error) => {
    const { status, body } = await postRegistration(system.url, metadata)
    expect([status, body.error]).toEqual([400, error])
  })
})

test('a_flood_from_one_address_is_slowed_with_the_time_to_wait [R6]', async () => {
  const app = { redirect_uris: REDIRECTS, token_endpoint_auth_method: 'none' }
  // More than two spans allow together, since they may fall into two.
  const answers = await Promise.all(Array.from({ length: 130 }, () => postRegistration(system.url, app)))
  const slowed = answers.filter(({ status }) => status === 429)
  expect(slowed.length).toBeGreaterThan(0)
  expect(slowed[0]?.headers.get('retry-after')).toMatch(/^[1-9]/)
  expect(answers.every(({ status }) => status === 201 || status === 429)).toBe(true)
})
