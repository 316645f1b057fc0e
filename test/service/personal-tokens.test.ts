// Personal access tokens: made and shown once on a page, used at the MCP endpoint, ended on every gateway.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { introspectionToken } from '../../services/gateway/oauth/introspect.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { askForToken, tokenIdsOn, tokenOf, tokenOn } from '../support/fleet.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { postForm, tryToken } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const DAY_MS = 24 * 60 * 60_000
/** Longer than any cache, on a machine that is busy. */
const SOON = 10_000

describe('in_a_gateway', () => {
  let env: GatewayEnvironment
  let ann: Account
  beforeAll(async () => {
    env = await openGatewayEnvironment()
    ann = await signUp(env, { name: 'Ann', workspace: 'Bakery' })
  })
  afterAll(() => env?.[Symbol.asyncDispose]())

  test('a_token_is_shown_once_and_works_with_its_name_and_scopes', async () => {
    const made = await askForToken(ann, { name: 'CI <b>', scope: ['loops:read'] })
    const token = tokenOn(made)
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(await env.verify(token)).toMatchObject({
      ok: true,
      caller: { user_name: 'Ann', client_name: 'CI <b>', role: 'owner', scopes: ['loops:read'] },
    })
    const listed = (await ann.browser.open('/account/tokens')).text
    expect(listed).toContain('CI &lt;b&gt;')
    expect(listed).toContain(`token …${token.slice(-4)}`)
    expect(listed).not.toContain(token)
    expect(listed).toContain(`last used on ${env.deps.clock.now().toISOString().slice(0, 10)}`)
    expect(JSON.stringify(await env.db.collection('personal_tokens').find().toArray())).not.toContain(token)
  })
  test('each_token_is_a_connection_of_its_own', async () => {
    const verified = await Promise.all(
      ['one', 'two'].map(async (name) => env.verify(await tokenOf(ann, { name }))),
    )
    const connections = verified.map((access) => (access.ok ? access.caller.grant_id : null))
    expect(new Set(connections).size).toBe(2)
    expect(connections).not.toContain(null)
  })
  test.each([
    ['a_name_that_is_taken', { name: 'twice' }, 409],
    ['no_name', { name: ' ' }, 400],
    ['no_scope', { scope: [] }, 400],
    ['a_workspace_of_others', { workspace_id: '01JDAAAAAAAAAAAAAAAAAAAAAA' }, 400],
    ['no_end', { days: '0' }, 400],
    ['too_large_a_bound', { max_claims: '51' }, 400],
  ])('a_token_with_%s_is_refused_in_the_form', async (_, asked, status) => {
    if (status === 409) await tokenOf(ann, asked)
    const arrived = await askForToken(ann, { name: 'new', ...asked })
    expect([arrived.status, tokenOn(arrived)]).toEqual([status, ''])
    expect(arrived.text).toContain('role="alert"')
  })
  test('there_is_a_limit_and_revoking_makes_room', async () => {
    const eve = await signUp(env, { name: 'Eve' })
    for (let made = 0; made < 50; made += 1) await tokenOf(eve, { name: `token ${made}` })
    expect((await askForToken(eve, { name: 'one more' })).text).toContain('already 50 tokens')
    const [id] = tokenIdsOn((await eve.browser.open('/account/tokens')).text)
    await eve.browser.submit(`/account/tokens/${id}/revoke`, {})
    expect(await tokenOf(eve, { name: 'one more' })).toMatch(/^loops_pat_/)
  })
  test('a_token_of_somebody_else_cannot_be_seen_or_revoked', async () => {
    const token = await tokenOf(ann, { name: 'hers' })
    const [id = ''] = tokenIdsOn((await ann.browser.open('/account/tokens')).text)
    const mallory = await signUp(env, { name: 'Mallory' })
    const [known, unknown] = [
      await mallory.browser.submit(`/account/tokens/${id}/revoke`, {}),
      await mallory.browser.submit('/account/tokens/01JUNKNOWN/revoke', {}),
    ]
    expect([known.status, unknown.status]).toEqual([404, 404])
    expect(known.text.replaceAll(id, '')).toBe(unknown.text.replaceAll('01JUNKNOWN', ''))
    expect((await mallory.browser.open('/account/tokens')).text).not.toContain('hers')
    expect(await env.verify(token)).toMatchObject({ ok: true })
  })
  test('introspection_knows_it_and_a_client_of_oauth_does_not', async () => {
    const token = await tokenOf(ann, { name: 'introspected', scope: ['loops:read'] })
    const asked = { token }
    const authorization = `Bearer ${introspectionToken(env.deps.secrets)}`
    const known = await postForm(new URL('/introspect', env.url), asked, { authorization })
    expect(known.body).toMatchObject({ active: true, scope: 'loops:read', aud: `${env.url}/mcp` })
    const unknown = await postForm(new URL('/introspect', env.url), { token: `${token}x` }, { authorization })
    expect(unknown.body).toEqual({ active: false })
  })
  test('it_expires_and_says_so_on_the_page', async () => {
    await using later = await openGatewayEnvironment()
    const cleo = await signUp(later, { name: 'Cleo' })
    const token = await tokenOf(cleo, { name: 'short', days: '7' })
    later.advance(7 * DAY_MS - 60_000)
    expect(await later.verify(token)).toMatchObject({ ok: true })
    later.advance(60_000)
    expect(await later.verify(token)).toEqual({ ok: false, reason: 'expired' })
    expect((await cleo.browser.open('/account/tokens')).text).toContain('expired')
  })
  test('a_new_password_and_signing_out_everywhere_end_all_tokens', async () => {
    const dan = await signUp(env, { name: 'Dan' })
    const token = await tokenOf(dan)
    await dan.browser.submit('/account/sign-out-everywhere', {})
    await vi.waitFor(
      async () => expect(await env.verify(token)).toEqual({ ok: false, reason: 'password_changed' }),
      SOON,
    )
    await dan.browser.submit('/sign-in', { email: dan.email, password: dan.password })
    expect((await dan.browser.open('/account/tokens')).text).toContain('changed your password or signed out')
  })
})

describe('in_a_system_of_three_gateways', () => {
  let system: System
  let owner: Account
  beforeAll(async () => {
    system = await startSystem({ instances: 3 })
    owner = await signUp(system, { name: 'Olga', workspace: 'Bakery' })
  })
  afterAll(() => system?.stop())

  const everywhere = async (token: string, status: number) => {
    for (const gateway of system.gateways)
      await vi.waitFor(async () => expect(await tryToken(gateway, token)).toBe(status), SOON)
  }

  test('a_program_works_with_it_and_is_named_in_what_it_does', async () => {
    const token = await tokenOf(owner, { name: 'CI of the website' })
    const call = (name: string, given: Readonly<Record<string, unknown>>) =>
      fetch(new URL('/mcp', system.url), {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name, arguments: given },
        }),
      })
    expect(await (await call('create_task', { title: 'From CI' })).text()).toContain(
      '"client":"CI of the website"',
    )
    const refused = await call('create_task', { title: 'Approved', status: 'approved' })
    expect(refused.status).toBe(200)
    await refused.text()
    await using agent = await agentOf(system, owner)
    const { tasks } = await agent.call('list_tasks', {})
    expect(tasks.map(({ title }) => title)).toContain('From CI')
  })
  test('a_revoked_token_is_refused_by_every_gateway_and_others_are_not', async () => {
    const [token, other] = [await tokenOf(owner, { name: 'first' }), await tokenOf(owner, { name: 'second' })]
    await everywhere(token, 200)
    const ids = tokenIdsOn((await owner.browser.open('/account/tokens')).text)
    const left = await owner.browser.submit(`/account/tokens/${ids[1]}/revoke`, {})
    expect(left.url.pathname).toBe('/account/tokens')
    expect(left.text).not.toContain('Revoke first')
    await everywhere(token, 401)
    await everywhere(other, 200)
  })
  test('a_token_ends_with_its_membership_and_shrinks_with_its_role', async () => {
    const ben = await joinWorkspace(system, owner, { name: 'Ben' })
    const token = await tokenOf(ben)
    await everywhere(token, 200)
    const tools = async (gateway: string) => {
      const response = await fetch(new URL('/mcp', gateway), {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
      })
      return response.text()
    }
    const page = (await owner.browser.open('/workspace')).text
    const id = /members\/(\w+)">Ben</.exec(page)?.[1] ?? ''
    expect(await tools(system.url)).toContain('create_task')
    await owner.browser.submit(`/workspace/members/${id}/role`, { role: 'viewer' })
    for (const gateway of system.gateways)
      await vi.waitFor(async () => expect(await tools(gateway)).not.toContain('create_task'), SOON)
    await owner.browser.submit(`/workspace/members/${id}/end`, {})
    await everywhere(token, 401)
  })
})
