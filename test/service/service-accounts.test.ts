// Service accounts: made by owners and admins, known to OAuth by client_credentials, no person to anything else.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Account, joinWorkspace, signUp } from '../support/accounts.ts'
import {
  askForServiceAccount,
  getServiceToken,
  serviceAccountOf,
  serviceClientOn,
  tokenIdsOn,
  tokenOn,
} from '../support/fleet.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { getJson, postForm, registerApp, revokeToken, tryToken } from '../support/oauth-client.ts'
import { MAIL_WAIT, type System, startSystem } from '../support/system.ts'

/** Longer than any cache, on a machine that is busy. */
const SOON = 10_000
const PATH = '/workspace/service-accounts'

describe('in_a_gateway', () => {
  let env: GatewayEnvironment
  let ann: Account
  beforeAll(async () => {
    env = await openGatewayEnvironment()
    ann = await signUp(env, { name: 'Ann', workspace: 'Bakery' })
  })
  afterAll(() => env?.[Symbol.asyncDispose]())

  test('id_and_secret_are_shown_once_and_get_an_access_token', async () => {
    const made = await askForServiceAccount(ann, { name: 'Builds <b>', scope: ['loops:write'] })
    const client = serviceClientOn(made)
    expect([made.status, made.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(client.client_secret).toMatch(/^loops_secret_[0-9A-Za-z]{49}$/)
    const { status, headers, body } = await getServiceToken(env.url, client)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      access_token: expect.stringMatching(/^ey/),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'loops:write',
    })
    expect(await env.verify(body.access_token)).toMatchObject({
      ok: true,
      caller: {
        user_id: client.client_id,
        user_name: 'Builds <b> (service account)',
        client_name: 'Builds <b>',
        role: 'member',
        scopes: ['loops:write'],
        grant_id: client.client_id,
      },
    })
    for (const path of [PATH, `${PATH}/${client.client_id}`]) {
      const { text } = await ann.browser.open(path)
      expect(text).toContain('Builds &lt;b&gt;')
      expect(text).not.toContain(client.client_secret)
    }
    const stored = await env.db.collection('service_accounts').find().toArray()
    expect(JSON.stringify(stored)).not.toContain(client.client_secret)
  })
  test('a_token_by_a_new_secret_is_good_at_once_where_one_by_the_secret_before_was_just_used', async () => {
    const client = await serviceAccountOf(ann, { name: 'Renewed' })
    const first = (await getServiceToken(env.url, client)).body.access_token
    expect(await env.verify(first)).toMatchObject({ ok: true })
    const renewed = serviceClientOn(await ann.browser.submit(`${PATH}/${client.client_id}/secret`, {}))
    const second = (await getServiceToken(env.url, renewed)).body.access_token
    expect(await env.verify(second)).toMatchObject({ ok: true })
    expect(await env.verify(first)).toMatchObject({ ok: false })
  })
  test('the_metadata_says_so_and_the_secret_may_be_in_the_form', async () => {
    const { body } = await getJson(new URL('/.well-known/oauth-authorization-server', env.url))
    expect(body).toMatchObject({
      grant_types_supported: expect.arrayContaining(['client_credentials']),
      token_endpoint_auth_methods_supported: expect.arrayContaining([
        'client_secret_basic',
        'client_secret_post',
      ]),
    })
    const client = await serviceAccountOf(ann, { name: 'Poster' })
    const asked = { grant_type: 'client_credentials', ...client }
    expect((await postForm(new URL('/token', env.url), asked)).status).toBe(200)
  })
  test.each([
    ['fewer', 'loops:read', 200, 'loops:read'],
    ['more', 'loops:read loops:approve', 400, undefined],
    ['unknown', 'loops:admin', 400, undefined],
  ])('a_token_with_%s_scopes', async (name, scope, status, given) => {
    const client = await serviceAccountOf(ann, { name })
    const answer = await getServiceToken(env.url, client, { scope })
    expect([answer.status, answer.body.scope]).toEqual([status, given])
    if (status !== 200) expect(answer.body.error).toBe('invalid_scope')
  })
  test('a_token_for_another_resource_is_refused', async () => {
    const client = await serviceAccountOf(ann, { name: 'Elsewhere' })
    const answer = await getServiceToken(env.url, client, { resource: 'https://other.example/mcp' })
    expect(answer.body.error).toBe('invalid_target')
  })
  test('an_account_that_only_reads_is_a_viewer', async () => {
    const client = await serviceAccountOf(ann, { name: 'Reader', scope: ['loops:read'] })
    const { access_token } = (await getServiceToken(env.url, client)).body
    expect(await env.verify(access_token)).toMatchObject({
      caller: { role: 'viewer', scopes: ['loops:read'] },
    })
  })
  test('its_connection_stays_the_same_and_may_end_one_access_token', async () => {
    const client = await serviceAccountOf(ann, { name: 'Twice' })
    const [one, two] = [await getServiceToken(env.url, client), await getServiceToken(env.url, client)]
    const seen = [await env.verify(one.body.access_token), await env.verify(two.body.access_token)]
    expect(new Set(seen.map((access) => (access.ok ? access.grant_id : '')))).toEqual(
      new Set([client.client_id]),
    )
    const app = { ...client, redirect_uri: '' }
    expect((await revokeToken(env.url, app, one.body.access_token)).status).toBe(200)
    await vi.waitFor(
      async () => expect(await env.verify(one.body.access_token)).toMatchObject({ ok: false }),
      SOON,
    )
    expect(await env.verify(two.body.access_token)).toMatchObject({ ok: true })
  })
  test('an_app_of_a_person_may_not_use_client_credentials', async () => {
    const open = await registerApp(env.url)
    const secret = await registerApp(env.url, { token_endpoint_auth_method: 'client_secret_post' })
    for (const { redirect_uri: _, ...app } of [open, secret]) {
      const answer = await postForm(new URL('/token', env.url), { grant_type: 'client_credentials', ...app })
      expect([answer.status, answer.body.error]).toEqual([400, 'unauthorized_client'])
    }
  })
  test('wrong_secrets_slow_down_their_address_for_that_client_alone', async () => {
    const [client, other] = [
      await serviceAccountOf(ann, { name: 'Guessed' }),
      await serviceAccountOf(ann, { name: 'Left alone' }),
    ]
    const wrong = { ...client, client_secret: `${client.client_secret.slice(0, -1)}0` }
    expect((await getServiceToken(env.url, { ...client, client_secret: '' })).status).toBe(401)
    for (let tries = 0; tries < 40; tries += 1) await getServiceToken(env.url, wrong)
    const slowed = await getServiceToken(env.url, wrong)
    expect([slowed.status, slowed.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^[1-9]/)])
    expect((await getServiceToken(env.url, other)).status).toBe(200)
  })
  test.each([
    ['a_name_that_is_taken', { name: 'taken' }, 409],
    ['no_name', { name: ' ' }, 400],
    ['no_scope', { scope: [] }, 400],
  ])('an_account_with_%s_is_refused_in_the_form', async (_, asked, status) => {
    if (status === 409) await serviceAccountOf(ann, asked)
    const arrived = await askForServiceAccount(ann, { name: 'new', ...asked })
    expect([arrived.status, serviceClientOn(arrived).client_secret]).toEqual([status, ''])
    expect(arrived.text).toContain('role="alert"')
  })
  test('those_of_another_workspace_are_not_there', async () => {
    const { client_id } = await serviceAccountOf(ann, { name: 'Hers' })
    const eve = await signUp(env, { name: 'Eve' })
    expect((await eve.browser.open(PATH)).text).not.toContain('Hers')
    for (const way of ['secret', 'tokens', 'disable', 'enable', 'delete', 'tokens/01JUNKNOWN/revoke']) {
      const fields = { token_name: 'mine', scope: 'loops:read' }
      const [known, unknown] = [
        await eve.browser.submit(`${PATH}/${client_id}/${way}`, fields),
        await eve.browser.submit(`${PATH}/01JUNKNOWN/${way}`, fields),
      ]
      expect([known.status, unknown.status]).toEqual([404, 404])
      expect(known.text.replaceAll(client_id, '')).toBe(unknown.text.replaceAll('01JUNKNOWN', ''))
    }
    expect((await ann.browser.open(PATH)).text).toContain('Hers')
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
  const accessOf = async (client: Parameters<typeof getServiceToken>[1]) =>
    (await getServiceToken(system.url, client)).body.access_token
  const staticTokenOf = async (id: string, token_name = 'Plain') =>
    tokenOn(await owner.browser.submit(`${PATH}/${id}/tokens`, { token_name }))
  const call = async (token: string, name: string, given: Readonly<Record<string, unknown>>) => {
    const response = await fetch(new URL('/mcp', system.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: given },
      }),
    })
    const text = await response.text()
    return JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '').result.structuredContent
  }

  test('a_new_secret_ends_the_old_one_and_its_access_tokens_everywhere', async () => {
    const client = await serviceAccountOf(owner, { name: 'Rotated' })
    const before = await accessOf(client)
    const plain = await staticTokenOf(client.client_id)
    await everywhere(before, 200)
    const renewed = serviceClientOn(await owner.browser.submit(`${PATH}/${client.client_id}/secret`, {}))
    expect(renewed.client_id).toBe(client.client_id)
    expect((await getServiceToken(system.url, client)).body.error).toBe('invalid_client')
    await everywhere(before, 401)
    await everywhere(await accessOf(renewed), 200)
    await everywhere(before, 401)
    await everywhere(plain, 200)
  })
  test('a_disabled_account_is_refused_everywhere_and_an_enabled_one_is_not', async () => {
    const client = await serviceAccountOf(owner, { name: 'Switched' })
    const [access, plain] = [await accessOf(client), await staticTokenOf(client.client_id)]
    for (const token of [access, plain]) await everywhere(token, 200)
    await owner.browser.submit(`${PATH}/${client.client_id}/disable`, {})
    for (const token of [access, plain]) await everywhere(token, 401)
    expect((await getServiceToken(system.url, client)).body.error).toBe('invalid_client')
    await owner.browser.submit(`${PATH}/${client.client_id}/enable`, {})
    for (const token of [access, plain]) await everywhere(token, 200)
  })
  test('a_deleted_account_and_a_revoked_token_of_one_are_refused_everywhere', async () => {
    const client = await serviceAccountOf(owner, { name: 'Deleted' })
    const access = await accessOf(client)
    const [first, second] = [
      await staticTokenOf(client.client_id, 'first'),
      await staticTokenOf(client.client_id, 'second'),
    ]
    for (const token of [access, first, second]) await everywhere(token, 200)
    const page = `${PATH}/${client.client_id}`
    const [, older] = tokenIdsOn((await owner.browser.open(page)).text)
    await owner.browser.submit(`${page}/tokens/${older}/revoke`, {})
    await everywhere(first, 401)
    await everywhere(second, 200)
    await owner.browser.submit(`${page}/delete`, {})
    for (const token of [access, second]) await everywhere(token, 401)
    expect((await owner.browser.open(page)).status).toBe(404)
  })
  test('members_and_viewers_may_not_make_or_see_them', async () => {
    const ben = await joinWorkspace(system, owner, { name: 'Ben' })
    const { client_id } = await serviceAccountOf(owner, { name: 'Managed' })
    for (const arrived of [
      await ben.browser.open(PATH),
      await ben.browser.open(`${PATH}/${client_id}`),
      await askForServiceAccount(ben),
      await ben.browser.submit(`${PATH}/${client_id}/secret`, {}),
    ])
      expect([arrived.status, serviceClientOn(arrived).client_secret]).toEqual([403, ''])
  })
  test('what_it_lacks_is_asked_for_where_the_account_has_it_and_else_said_in_the_answer', async () => {
    const client = await serviceAccountOf(owner, { name: 'Narrow' })
    const { access_token } = (await getServiceToken(system.url, client, { scope: 'loops:read' })).body
    const ask = (name: string, given: Readonly<Record<string, unknown>>, token = access_token) =>
      fetch(new URL('/mcp', system.url), {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name, arguments: given },
        }),
      })
    const challenged = await ask('create_task', { title: 'Too much' })
    expect(challenged.status).toBe(403)
    expect(challenged.headers.get('www-authenticate')).toContain('insufficient_scope')
    const whole = await accessOf(client)
    const { task } = await call(whole, 'create_task', { title: 'Enough' })
    const refused = await ask('update_task', { task_id: task.id, status: 'approved' }, whole)
    expect(refused.status).toBe(200)
    expect(await refused.text()).toContain('loops:approve')
  })
  test('it_works_is_named_as_what_it_is_and_counts_as_no_member', async () => {
    const scope = ['loops:read', 'loops:write', 'loops:approve']
    const client = await serviceAccountOf(owner, { name: 'Robot', scope })
    const token = await accessOf(client)
    const before = await call(token, 'get_workspace', {})
    const { loop } = await call(token, 'create_loop', { name: 'Night work', visibility: 'private' })
    const { task } = await call(token, 'create_task', { title: 'Build', loop_id: loop.id })
    expect(task.author).toMatchObject({ user_id: client.client_id, name: 'Robot (service account)' })
    await call(token, 'update_task', { task_id: task.id, status: 'approved' })
    const claimed = await call(token, 'claim_next_work', {})
    expect(claimed.claims[0].task.title).toBe('Build')
    const done = await call(token, 'complete_task', { task_id: task.id, outcome: 'Built' })
    expect(done.task.status).toBe('shipped')
    expect(before.members_total).toBe(before.members.length)
    expect(before.members.map(({ user_id }: { user_id: string }) => user_id)).not.toContain(client.client_id)
    const { loop: open } = await call(token, 'create_loop', { name: 'For all' })
    await call(token, 'ship_loop', { loop_id: open.id })
    const mail = await vi.waitFor(async () => {
      const found = (await system.mails()).find(({ text }) => text.includes('For all'))
      if (!found) throw new Error('the mail has not come')
      return found
    }, MAIL_WAIT)
    expect(mail.text).toContain('Robot (service account)')
    const recipients = new Set((await system.mails()).flatMap(({ to }) => [to].flat()))
    expect([...recipients].every((address) => address.includes('@example.com'))).toBe(true)
  })
})
