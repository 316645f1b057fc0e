// Attacks by way of the credentials of programs: tokens that are changed, borrowed, over, or used where they do not belong;
// secrets that are guessed. Each is refused as if the credential did not exist.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { formatSecret } from '../../services/gateway/accounts/token-format.ts'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import {
  getServiceToken,
  type ServiceClient,
  serviceAccountOf,
  tokenIdsOn,
  tokenOf,
} from '../support/fleet.ts'
import { authorizationUrl, newPkce, postForm, registerApp, tryToken } from '../support/oauth-client.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

/** Longer than any cache, on a machine that is busy. */
const SOON = 10_000

let system: System
let ann: Account
let token: string
let client: ServiceClient
beforeAll(async () => {
  system = await startSystem({ env: { SIGN_UP: 'open' } })
  ann = await signUp(system, { name: 'Ann', workspace: 'Bakery' })
  token = await tokenOf(ann)
  client = await serviceAccountOf(ann)
})
afterAll(() => system?.stop())

const call = async (bearer: string, name: string, given: Readonly<Record<string, unknown>> = {}) => {
  const response = await fetch(new URL('/mcp', system.url), {
    method: 'POST',
    headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: given } }),
  })
  return { status: response.status, text: await response.text() }
}
const tokenEndpoint = (asked: Readonly<Record<string, string | undefined>>, headers: HeadersInit = {}) =>
  postForm(new URL('/token', system.url), asked, headers)

test('a_token_with_any_one_character_changed_or_cut_is_refused', async () => {
  expect(await tryToken(system.url, token)).toBe(200)
  const changed = [...token].map((character, at) => {
    const other = character === 'a' ? 'b' : 'a'
    return token.slice(0, at) + other + token.slice(at + 1)
  })
  for (const wrong of [
    ...changed,
    token.slice(0, -1),
    `${token}a`,
    `${token}.x`,
    token.toUpperCase(),
    'loops_pat_',
  ])
    expect([wrong, await tryToken(system.url, wrong)]).toEqual([wrong, 401])
})
test('a_token_of_the_right_form_that_nobody_made_gets_the_answer_of_every_wrong_one', async () => {
  const [made, junk] = [
    await call(formatSecret('personal_token', ids.token()), 'get_workspace'),
    await call('x', 'get_workspace'),
  ]
  expect(made).toEqual(junk)
  expect(made.status).toBe(401)
})
test('a_token_that_was_revoked_is_refused', async () => {
  const gone = await tokenOf(ann, { name: 'gone' })
  expect(await tryToken(system.url, gone)).toBe(200)
  const [id] = tokenIdsOn((await ann.browser.open('/account/tokens')).text)
  await ann.browser.submit(`/account/tokens/${id}/revoke`, {})
  await vi.waitFor(async () => expect(await tryToken(system.url, gone)).toBe(401), SOON)
})
test('a_token_of_another_workspace_sees_nothing_of_this_one', async () => {
  const eve = await signUp(system, { name: 'Eve', workspace: 'Elsewhere' })
  const hers = await tokenOf(eve)
  const made = await call(token, 'create_task', { title: 'Ours' })
  const [, id = ''] = /"id":"([0-9A-Z]{26})"/.exec(made.text) ?? []
  const [known, unknown] = [
    await call(hers, 'get_task', { task_id: id }),
    await call(hers, 'get_task', { task_id: '01JDAAAAAAAAAAAAAAAAAAAAAA' }),
  ]
  expect(known.text.replaceAll(id, '')).toBe(unknown.text.replaceAll('01JDAAAAAAAAAAAAAAAAAAAAAA', ''))
  expect(known.text).toContain('not_found')
})
test('a_token_opens_no_page_no_account_and_no_endpoint_of_oauth', async () => {
  const authorization = `Bearer ${token}`
  const page = await fetch(new URL('/workspace', system.url), {
    headers: { authorization },
    redirect: 'manual',
  })
  expect([page.status, page.headers.get('location')]).toEqual([303, '/sign-in'])
  const signedIn = await openBrowser(system.url).submit('/sign-in', { email: ann.email, password: token })
  expect(signedIn.status).toBe(403)
  const introspected = await postForm(new URL('/introspect', system.url), { token }, { authorization })
  expect(introspected.status).toBe(401)
  const { redirect_uri: _, ...app } = await registerApp(system.url)
  for (const asked of [
    { grant_type: 'refresh_token', refresh_token: token },
    { grant_type: 'authorization_code', code: token },
  ])
    expect((await tokenEndpoint({ ...asked, ...app })).body.error).toBe('invalid_grant')
  expect(
    (
      await tokenEndpoint({
        grant_type: 'client_credentials',
        client_id: client.client_id,
        client_secret: token,
      })
    ).body.error,
  ).toBe('invalid_client')
})
test('a_token_in_an_address_is_ignored', async () => {
  const response = await fetch(`${system.url}/mcp?access_token=${token}`, { method: 'POST' })
  expect(response.status).toBe(401)
})
test('scopes_beyond_those_of_the_token_are_refused_before_anything_changes', async () => {
  const reader = await tokenOf(ann, { name: 'reader', scope: ['loops:read'] })
  const refused = await call(reader, 'create_task', { title: 'By a reader' })
  expect(refused.text).toContain('forbidden')
  expect((await call(token, 'list_tasks')).text).not.toContain('By a reader')
  const answer = await getServiceToken(system.url, client, { scope: ALL_SCOPES.join(' ') })
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_scope'])
})
test('a_service_account_is_no_client_for_people_and_its_secret_is_no_token', async () => {
  const asked = authorizationUrl(
    system.url,
    { ...client, redirect_uri: 'http://127.0.0.1/' },
    newPkce().challenge,
  )
  const answer = await fetch(asked, { redirect: 'manual' })
  expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  expect(await tryToken(system.url, client.client_secret)).toBe(401)
  const signedIn = await openBrowser(system.url).submit('/sign-in', {
    email: client.client_id,
    password: client.client_secret,
  })
  expect(signedIn.status).toBe(403)
})
test('client_credentials_are_refused_without_a_secret_and_to_apps_of_people', async () => {
  const { client_id } = client
  const bare = await tokenEndpoint({ grant_type: 'client_credentials', client_id })
  expect([bare.status, bare.body.error]).toEqual([401, 'invalid_client'])
  const app = await registerApp(system.url)
  const open = await tokenEndpoint({ grant_type: 'client_credentials', client_id: app.client_id })
  expect([open.status, open.body.error]).toEqual([400, 'unauthorized_client'])
})
test('a_wrong_secret_and_an_unknown_or_disabled_account_get_the_same_answer', async () => {
  const off = await serviceAccountOf(ann, { name: 'Off' })
  await ann.browser.submit(`/workspace/service-accounts/${off.client_id}/disable`, {})
  const { headers: _, ...wrong } = await getServiceToken(system.url, { ...client, client_secret: 'wrong' })
  expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client'])
  for (const given of [off, { ...client, client_id: '01JDAAAAAAAAAAAAAAAAAAAAAA' }]) {
    const { headers: __, ...answer } = await getServiceToken(system.url, given)
    expect(answer).toEqual(wrong)
  }
})
test('a_token_that_looks_like_one_costs_no_more_than_any_other_junk', async () => {
  const long = `loops_pat_${'a'.repeat(7_000)}`
  expect(await tryToken(system.url, long)).toBe(401)
})
