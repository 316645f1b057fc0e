// A workspace that requires a second factor: what members without one may still do, and who may require it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resetSecondFactors } from '../../services/gateway/accounts/factors.ts'
import { invitationUrl } from '../../services/gateway/accounts/workspaces.ts'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { authorizationUrl, newPkce, registerApp } from '../support/oauth-client.ts'
import { type Armed, armAccount } from '../support/second-factors.ts'

const POLICY = '/workspace/second-factor'
const FACTORS = '/account/second-factor'

let environment: GatewayEnvironment
beforeAll(async () => {
  environment = await openGatewayEnvironment()
})
afterAll(() => environment?.[Symbol.asyncDispose]())

const now = (): Date => environment.deps.clock.now()

/** The workspace that somebody joined first. */
const workspaceOf = async ({ email }: Account): Promise<string> =>
  (await environment.deps.store.people.byEmail(email))?.memberships[0]?.workspace_id ?? ''

/** An owner with a second factor. */
const owner = async (name: string): Promise<Armed> => {
  const one = await signUp(environment, { name })
  await environment.db.collection('people').updateOne({ email: one.email }, { $set: { confirmed_at: now() } })
  return armAccount(one, now())
}

/** Makes somebody who has a workspace of their own a member of this owner's, and shows it to them. */
const join = async (host: Account, name: string, role = 'member'): Promise<Account> => {
  const guest = await signUp(environment, { name })
  await host.browser.submit('/workspace/invite', { email: guest.email, role })
  const invitation = await environment.db
    .collection<{ _id: string }>('invitations')
    .findOne({ email: guest.email })
  await guest.browser.submit(
    new URL(invitationUrl(environment.deps, { _id: invitation?._id ?? '' })).pathname,
    {},
  )
  return guest
}

describe('a member without a second factor', () => {
  test('is_kept_out_of_its_pages_until_they_have_one', async () => {
    const host = await owner('Ann')
    const guest = await join(host, 'Bob')
    expect((await guest.browser.open('/workspace')).text).toContain('Ann’s workspace')
    await host.browser.submit(POLICY, { require: 'yes' })
    for (const path of ['/', '/workspace', '/triage', '/activity', '/workspace/service-accounts'])
      expect((await guest.browser.open(path)).url.pathname, path).toBe(FACTORS)
    const page = await guest.browser.submit('/workspace', { name: 'Bob’s now' })
    expect(page.text).toContain('Ann’s workspace requires a second factor.')
    expect((await host.browser.open('/workspace')).text).not.toContain('Bob’s now')
    await armAccount(guest, now())
    expect((await guest.browser.open('/workspace')).text).toContain('Ann’s workspace')
  })
  test('may_go_to_their_other_workspaces', async () => {
    const host = await owner('Cas')
    const guest = await join(host, 'Dee')
    await host.browser.submit(POLICY, { require: 'yes' })
    const page = await guest.browser.open('/workspace')
    const [, own = ''] = /name="workspace_id" value="([^"]+)"/.exec(page.text) ?? []
    await guest.browser.submit('/account/workspace', { workspace_id: own })
    expect((await guest.browser.open('/workspace')).text).toContain('Dee’s workspace')
  })
  test('connects_no_app_and_makes_no_token_there', async () => {
    const host = await owner('Eli')
    const guest = await join(host, 'Fia')
    const [own, there] = [await workspaceOf(guest), await workspaceOf(host)]
    const token = { token_name: 'CI', scope: ['loops:read'], expires_in_days: '30', max_claims: '' }
    await host.browser.submit(POLICY, { require: 'yes' })
    expect(
      (await guest.browser.submit('/account/tokens', { ...token, workspace_id: there })).text,
    ).not.toContain('data-token')
    expect((await guest.browser.submit('/account/tokens', { ...token, workspace_id: own })).text).toContain(
      'data-token',
    )
    const app = await registerApp(environment.url, {
      client_name: 'App',
      redirect_uris: ['http://127.0.0.1:1/cb'],
    })
    const asked = await guest.browser.open(authorizationUrl(environment.url, app, newPkce().challenge, {}))
    expect(asked.text).not.toContain(there)
    const answer = await guest.browser.submit(asked.url, { decision: 'allow', workspace_id: there })
    expect(answer.status).toBe(400)
    expect(await environment.db.collection('grants').countDocuments({ ws: there })).toBe(0)
  })
  test('has_to_prove_it_in_a_browser_that_was_signed_in_before', async () => {
    const host = await owner('Gil')
    const guest = await join(host, 'Han')
    const other = openBrowser(environment.url)
    await other.submit('/sign-in', { email: guest.email, password: guest.password })
    const { recovery } = await armAccount(guest, now())
    await host.browser.submit(POLICY, { require: 'yes' })
    const workspace_id = await workspaceOf(host)
    await other.submit('/account/workspace', { workspace_id })
    const page = await other.open('/workspace')
    expect(page.text).toContain('Prove yours to go on')
    const wrong = await other.submit('/account/re-authenticate', {
      second: 'yes',
      to: FACTORS,
      password: guest.password,
    })
    expect(wrong.status).toBe(400)
    await other.submit('/account/re-authenticate', { second: 'yes', to: FACTORS, code: recovery[0] ?? '' })
    expect((await other.open('/workspace')).url.pathname).toBe('/workspace')
  })
})

test('only_an_owner_requires_it_and_with_a_second_factor_of_their_own', async () => {
  const host = await signUp(environment, { name: 'Ivy' })
  await environment.db
    .collection('people')
    .updateOne({ email: host.email }, { $set: { confirmed_at: now() } })
  expect((await host.browser.submit(POLICY, { require: 'yes' })).status).toBe(409)
  const admin = await join(host, 'Jon', 'admin')
  await armAccount(admin, now())
  expect((await admin.browser.open(POLICY)).status).toBe(403)
  expect((await admin.browser.submit(POLICY, { require: 'yes' })).status).toBe(403)
  expect(
    await environment.db
      .collection('workspaces')
      .countDocuments({ name: 'Ivy’s workspace', require_second_factor: true }),
  ).toBe(0)
})

test('the_last_factor_stays_while_it_is_required_and_an_operator_can_reset_it', async () => {
  const host = await owner('Kai')
  await host.browser.submit(POLICY, { require: 'yes' })
  const refused = await host.browser.submit(`${FACTORS}/remove`, { factor: 'code_app' })
  expect(refused.status).toBe(409)
  const person = await environment.deps.store.people.byEmail(host.email)
  expect(await resetSecondFactors(environment.deps, person?._id ?? '')).toBe(1)
  const browser = openBrowser(environment.url)
  await browser.submit('/sign-in', { email: host.email, password: host.password })
  expect((await browser.open('/workspace')).url.pathname).toBe(FACTORS)
})

test('no_longer_requiring_it_opens_the_pages_again', async () => {
  const host = await owner('Lou')
  const guest = await join(host, 'Mia')
  await host.browser.submit(POLICY, { require: 'yes' })
  expect((await guest.browser.open('/workspace')).url.pathname).toBe(FACTORS)
  await host.browser.submit(POLICY, { require: 'no' })
  expect((await guest.browser.open('/workspace')).text).toContain('Lou’s workspace')
})
