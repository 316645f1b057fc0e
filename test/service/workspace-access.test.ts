// The access of programs to a workspace: its policy, ended tokens and connections, and blocked apps, on two gateways.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import {
  askForServiceAccount,
  askForToken,
  getServiceToken,
  serviceAccountOf,
  tokenIdsOn,
  tokenOf,
  tokenOn,
} from '../support/fleet.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { authorizationUrl, connectApp, newPkce, refreshTokens } from '../support/oauth-client.ts'

const PATH = '/workspace/access'
const DAY_MS = 24 * 60 * 60_000
/** Longer than any cache. */
const SOON_MS = 2_000
const ALL = ['loops:read', 'loops:write', 'loops:approve']

let env: GatewayEnvironment
let other: GatewayEnvironment
let count = 0
beforeAll(async () => {
  env = await openGatewayEnvironment()
  other = await openGatewayEnvironment({}, env)
})
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

/** Lets time pass; whoever is signed in proves again who they are. */
const later = async (ms: number) => {
  env.advance(ms)
  other.advance(ms)
  const authenticated_at = env.deps.clock.now()
  await env.db.collection('sessions').updateMany({}, { $set: { authenticated_at } })
}
/** A member of somebody's workspace and of no other. No mail goes out here, so it is written to the database. */
const memberOf = async (
  owner: Account,
  { name, role = 'member' }: Readonly<{ name: string; role?: string }>,
) => {
  const account = await signUp(env, { name })
  const people = env.db.collection('people')
  const [theirs] = (await people.findOne({ email: owner.email }))?.memberships ?? []
  const membership = { ...theirs, id: `of ${account.email}`, role }
  await people.updateOne({ email: account.email }, { $set: { memberships: [membership], unsettled: [] } })
  await later(SOON_MS)
  return account
}
const newOwner = () => {
  count += 1
  return signUp(env, { name: `Ann ${count}`, workspace: `Bakery ${count}` })
}
/** What a token stands for at both gateways, once every cache is over. */
const seen = async (token: string) => {
  await later(SOON_MS)
  const [one, two] = [await env.verify(token), await other.verify(token)]
  expect(one.ok).toBe(two.ok)
  return one.ok ? one.caller.scopes : one.reason
}
const setPolicy = (
  { browser }: Account,
  {
    max_days = '365',
    scope = ALL,
    personal = 'yes',
  }: Readonly<{ max_days?: string; scope?: string[]; personal?: string }>,
) => browser.submit(`${PATH}/policy`, { max_days, scope, personal })

describe('a_policy_', () => {
  test('of_days_refuses_longer_tokens_and_stops_older_ones', async () => {
    const ann = await newOwner()
    const old = await tokenOf(ann, { name: 'old', days: '90' })
    await later(8 * DAY_MS)
    const young = await tokenOf(ann, { name: 'young', days: '90' })
    expect(await seen(old)).toEqual(['loops:read', 'loops:write'])
    await setPolicy(ann, { max_days: '7' })
    expect(await seen(old)).toBe('beyond_policy')
    expect(await seen(young)).toEqual(['loops:read', 'loops:write'])
    const refused = await askForToken(ann, { name: 'long', days: '30' })
    expect([refused.status, tokenOn(refused)]).toEqual([400, ''])
    expect(refused.text).toContain('at most 7 days')
    expect(tokenOn(await askForToken(ann, { name: 'short', days: '7' }))).not.toBe('')
    expect((await ann.browser.open('/account/tokens')).text).toContain('stopped by the policy')
    await later(8 * DAY_MS)
    expect(await seen(young)).toBe('beyond_policy')
    await setPolicy(ann, {})
    expect(await seen(young)).toEqual(['loops:read', 'loops:write'])
  })
  test('of_scopes_cuts_tokens_and_service_accounts_and_refuses_wider_ones', async () => {
    const ann = await newOwner()
    const wide = await tokenOf(ann, { name: 'wide', scope: ['loops:read', 'loops:write'] })
    const client = await serviceAccountOf(ann, { name: 'Builds' })
    const before = (await getServiceToken(env.url, client)).body.access_token
    expect((await setPolicy(ann, { scope: ['loops:read'] })).status).toBe(200)
    for (const token of [wide, before]) expect(await seen(token)).toEqual(['loops:read'])
    expect((await getServiceToken(env.url, client)).body.scope).toBe('loops:read')
    expect((await getServiceToken(env.url, client, { scope: 'loops:write' })).body.error).toBe(
      'invalid_scope',
    )
    expect((await askForToken(ann, { name: 'wider' })).status).toBe(400)
    expect((await askForServiceAccount(ann, { name: 'Wider' })).status).toBe(400)
    expect(tokenOn(await askForToken(ann, { name: 'narrow', scope: ['loops:read'] }))).not.toBe('')
  })
  test('against_tokens_of_people_leaves_those_of_service_accounts', async () => {
    const ann = await newOwner()
    const own = await tokenOf(ann, { name: 'own' })
    const { client_id } = await serviceAccountOf(ann, { name: 'Builds' })
    const path = `/workspace/service-accounts/${client_id}/tokens`
    const service = tokenOn(await ann.browser.submit(path, { token_name: 'Plain' }))
    await setPolicy(ann, { personal: 'no' })
    expect(await seen(own)).toBe('beyond_policy')
    expect(await seen(service)).toEqual(['loops:read', 'loops:write'])
    const refused = await askForToken(ann, { name: 'another' })
    expect([refused.status, tokenOn(refused)]).toEqual([403, ''])
    const [id] = tokenIdsOn((await ann.browser.open('/account/tokens')).text)
    expect((await ann.browser.submit(`/account/tokens/${id}/rotate`, {})).status).toBe(403)
  })
  test('leaves_apps_of_people_and_other_workspaces_alone', async () => {
    const [ann, eve] = [await newOwner(), await newOwner()]
    const { tokens } = await connectApp(env.url, ann)
    const hers = await tokenOf(eve)
    await setPolicy(ann, { max_days: '7', scope: ['loops:read'], personal: 'no' })
    expect(await seen(tokens.access_token)).toEqual(['loops:read', 'loops:write'])
    expect(await seen(hers)).toEqual(['loops:read', 'loops:write'])
  })
  test.each([
    ['of_no_days_of_the_list', { max_days: '8' }],
    ['of_no_scopes', { scope: [] }],
  ])('%s_is_refused', async (_, typed) => {
    const ann = await newOwner()
    const refused = await setPolicy(ann, typed)
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('role="alert"')
  })
  test('is_for_owners_and_is_an_event', async () => {
    const ann = await newOwner()
    const ada = await memberOf(ann, { name: 'Ada', role: 'admin' })
    expect((await setPolicy(ada, { max_days: '7' })).status).toBe(403)
    expect((await ada.browser.open(PATH)).status).toBe(200)
    await setPolicy(ann, { max_days: '7' })
    const workspace = await env.db
      .collection('workspaces')
      .findOne({ token_policy: { max_days: 7 }, name: { $regex: 'Bakery' } }, { sort: { _id: -1 } })
    expect(workspace?.v).toBeGreaterThan(1)
  })
})

describe('the_page', () => {
  test('shows_and_ends_tokens_accounts_and_apps_of_everybody', async () => {
    const ann = await newOwner()
    const ben = await memberOf(ann, { name: 'Ben' })
    const [his, second] = [await tokenOf(ben, { name: 'His token' }), await tokenOf(ben, { name: 'Second' })]
    const mine = await tokenOf(ann, { name: 'Her token' })
    const client = await serviceAccountOf(ann, { name: 'Builds' })
    const { tokens } = await connectApp(env.url, ben, { metadata: { client_name: 'Nice app' } })
    const { text } = await ann.browser.open(PATH)
    for (const shown of ['His token, of Ben', 'Her token', 'Builds', 'Nice app, of Ben', 'End all tokens'])
      expect(text).toContain(shown)
    const [, second_id] = [...text.matchAll(/access\/tokens\/([0-9A-Z]{26})\/end/g)].map(([, id]) => id)
    await ann.browser.submit(`${PATH}/tokens/${second_id}/end`, {})
    expect(await seen(second)).toBe('invalid')
    const connection = /access\/connections\/([0-9A-Z]{26})\/end/.exec(text)?.[1]
    await ann.browser.submit(`${PATH}/connections/${connection}/end`, {})
    expect(await seen(tokens.access_token)).toBe('revoked')
    expect(await seen(his)).toEqual(['loops:read', 'loops:write'])
    await ann.browser.submit(`${PATH}/tokens/end`, {})
    for (const token of [his, mine]) expect(await seen(token)).toBe('invalid')
    expect((await getServiceToken(env.url, client)).status).toBe(200)
  })
  test('members_and_viewers_get_nothing_of_it', async () => {
    const ann = await newOwner()
    const ben = await memberOf(ann, { name: 'Ben' })
    const token = await tokenOf(ann)
    for (const arrived of [
      await ben.browser.open(PATH),
      await setPolicy(ben, {}),
      await ben.browser.submit(`${PATH}/tokens/end`, {}),
      await ben.browser.submit(`${PATH}/clients/block`, { client_id: 'x' }),
      await ben.browser.submit(`${PATH}/clients/unblock`, { client_id: 'x' }),
    ])
      expect(arrived.status).toBe(403)
    expect(await seen(token)).toEqual(['loops:read', 'loops:write'])
  })
  test('what_is_of_another_workspace_is_not_there', async () => {
    const [ann, eve] = [await newOwner(), await newOwner()]
    const token = await tokenOf(ann)
    const { app, tokens } = await connectApp(env.url, ann)
    const { text } = await ann.browser.open(PATH)
    const token_id = /access\/tokens\/([0-9A-Z]{26})\/end/.exec(text)?.[1]
    const grant_id = /access\/connections\/([0-9A-Z]{26})\/end/.exec(text)?.[1]
    for (const [path, fields] of [
      [`tokens/${token_id}/end`, {}],
      [`connections/${grant_id}/end`, {}],
      ['clients/block', { client_id: app.client_id }],
      ['clients/unblock', { client_id: app.client_id }],
    ] as const)
      expect((await eve.browser.submit(`${PATH}/${path}`, fields)).status).toBe(404)
    await eve.browser.submit(`${PATH}/tokens/end`, {})
    for (const one of [token, tokens.access_token])
      expect(await seen(one)).toEqual(['loops:read', 'loops:write'])
  })
})

describe('a_blocked_app', () => {
  test('is_refused_at_once_with_old_tokens_and_new_ones_and_cannot_be_allowed_again_until_it_is_unblocked', async () => {
    const ann = await newOwner()
    const ben = await memberOf(ann, { name: 'Ben' })
    const { app, tokens } = await connectApp(env.url, ben, { metadata: { client_name: 'Bad app' } })
    const { tokens: good } = await connectApp(env.url, ben)
    await ann.browser.submit(`${PATH}/clients/block`, { client_id: app.client_id })
    expect(await seen(tokens.access_token)).toMatch(/client_blocked|revoked/)
    expect(await seen(good.access_token)).toEqual(['loops:read', 'loops:write'])
    expect((await refreshTokens(env.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const asked = authorizationUrl(env.url, app, newPkce().challenge)
    const page = await ben.browser.open(asked)
    const refused = await ben.browser.submit(`${page.url.pathname}${page.url.search}`, { decision: 'allow' })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('has blocked this app')
    expect((await ann.browser.open(PATH)).text).toContain('Blocked apps')
    await ann.browser.submit(`${PATH}/clients/unblock`, { client_id: app.client_id })
    expect(await seen(tokens.access_token)).toBe('revoked')
    const again = await ben.browse(authorizationUrl(env.url, app, newPkce().challenge))
    expect(again.searchParams.get('code')).not.toBeNull()
  })
  test('whose_connections_a_crash_left_is_refused_all_the_same', async () => {
    const ann = await newOwner()
    const { app, tokens } = await connectApp(env.url, ann)
    await ann.browser.submit(`${PATH}/clients/block`, { client_id: app.client_id })
    await env.db.collection('grants').updateMany({ client_id: app.client_id }, { $set: { revoked: null } })
    expect(await seen(tokens.access_token)).toBe('client_blocked')
    expect((await refreshTokens(env.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })
})

test('a_token_that_is_replaced_works_for_a_day_beside_the_new_one_as_the_same_connection', async () => {
  const ann = await newOwner()
  const before = await tokenOf(ann, { name: 'CI' })
  const grant = await env.verify(before)
  const [id] = tokenIdsOn((await ann.browser.open('/account/tokens')).text)
  const arrived = await ann.browser.submit(`/account/tokens/${id}/rotate`, {})
  expect(arrived.text).toContain('The token before works until')
  const after = tokenOn(arrived)
  expect([after === before, after]).toEqual([false, expect.stringMatching(/^loops_pat_/)])
  for (const token of [before, after]) {
    await later(SOON_MS)
    expect(await env.verify(token)).toMatchObject({ ok: true, grant_id: grant.ok && grant.grant_id })
  }
  await later(DAY_MS)
  expect(await seen(before)).toBe('invalid')
  expect(await seen(after)).toEqual(['loops:read', 'loops:write'])
  const eve = await newOwner()
  expect((await eve.browser.submit(`/account/tokens/${id}/rotate`, {})).status).toBe(404)
})
test('of_replacements_at_once_each_gives_a_token_and_the_last_two_work', async () => {
  const ann = await newOwner()
  await tokenOf(ann, { name: 'CI' })
  const [id] = tokenIdsOn((await ann.browser.open('/account/tokens')).text)
  const arrived = await Promise.all(
    [1, 2, 3].map(() => ann.browser.submit(`/account/tokens/${id}/rotate`, {})),
  )
  const made = arrived.map(tokenOn)
  const standing = await Promise.all(made.map(async (token) => (await env.verify(token)).ok))
  expect(standing.filter(Boolean)).toHaveLength(2)
})
