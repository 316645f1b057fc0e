// Single sign-on and the accounts that are there: connecting by proof, passwords that are off, a provider that is away, and
// what ends by its word.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requestReset, resetUrl } from '../../services/gateway/accounts/credentials.ts'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { type HostileProvider, startHostileProvider } from '../support/hostile-provider.ts'
import { connectApp } from '../support/oauth-client.ts'
import { signInByProvider } from '../support/provider-sign-in.ts'

const OPEN = { OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: '*' }

let provider: HostileProvider
let loops: GatewayEnvironment
let ann: Account
beforeAll(async () => {
  provider = await startHostileProvider()
  loops = await openGatewayEnvironment({ ...provider.env, ...OPEN })
  ann = await signUp(loops, { name: 'Ann' })
})
afterAll(async () => {
  await loops?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const ofAddress = (email: string, sub: string) => ({ sub, name: 'Somebody', email, email_verified: true })
const identitiesOf = async (email: string) =>
  (await loops.deps.store.people.byEmail(email))?.identities?.map(({ sub }) => sub) ?? []

describe('an account with the address that a provider names', () => {
  test('is_connected_only_by_whoever_knows_its_password', async () => {
    const bo = await signUp(loops, { name: 'Bo' })
    provider.say(ofAddress(bo.email, 'bo'))
    const browser = openBrowser(loops.url)
    const page = await signInByProvider(browser)
    expect([page.url.pathname, page.text.includes('Is this your account?')]).toEqual(['/oidc/link', true])
    expect((await browser.open('/account')).url.pathname).toBe('/sign-in')
    for (const password of ['a guess', '']) {
      const refused = await browser.submit('/oidc/link', { password })
      expect([refused.status, refused.url.pathname]).toEqual([400, '/oidc/link'])
    }
    expect(await identitiesOf(bo.email)).toEqual([])
    const arrived = await browser.submit('/oidc/link', { password: bo.password })
    expect([arrived.status, arrived.url.pathname]).toEqual([200, '/'])
    expect(await identitiesOf(bo.email)).toEqual(['bo'])
    expect((await signInByProvider(openBrowser(loops.url))).url.pathname).toBe('/')
    expect((await browser.submit('/oidc/link', { password: bo.password })).status).toBe(403)
  })

  test('is_no_place_to_guess_its_password_at_will_and_no_other_browser_may_prove_it', async () => {
    const cy = await signUp(loops, { name: 'Cy' })
    provider.say(ofAddress(cy.email, 'cy'))
    const browser = openBrowser(loops.url)
    await signInByProvider(browser)
    expect((await openBrowser(loops.url).submit('/oidc/link', { password: cy.password })).status).toBe(403)
    const statuses: number[] = []
    for (let guess = 0; guess < 7; guess += 1)
      statuses.push((await browser.submit('/oidc/link', { password: `guess ${guess}` })).status)
    expect(statuses).toContain(429)
    expect(await identitiesOf(cy.email)).toEqual([])
  })

  test('is_not_connected_when_the_address_is_not_verified', async () => {
    provider.say({ ...ofAddress(ann.email, 'thief'), email_verified: false })
    const refused = await signInByProvider(openBrowser(loops.url))
    expect([refused.status, refused.text.includes('has not verified')]).toEqual([403, true])
    expect(await identitiesOf(ann.email)).toEqual([])
  })
})

describe('somebody who is signed in', () => {
  test('connects_a_provider_on_their_account_page_after_they_agreed_whatever_its_address', async () => {
    const di = await signUp(loops, { name: 'Di' })
    expect((await di.browser.open('/account')).text).toContain('/oidc/start?connect=yes')
    provider.say({ sub: 'di at work', email: 'di@work.example', email_verified: false })
    const page = await signInByProvider(di.browser, '/oidc/start?connect=yes')
    expect(page.text).toContain('di at work')
    expect(await identitiesOf(di.email)).toEqual([])
    const done = await di.browser.submit('/oidc/link', {})
    expect([done.url.search, done.text.includes('Acme ID signs you in')]).toEqual(['?connected', true])
    const arrived = await signInByProvider(openBrowser(loops.url))
    expect(arrived.url.pathname).toBe('/')
    expect(await identitiesOf(di.email)).toEqual(['di at work'])
  })

  test('cannot_take_the_identity_of_somebody_else', async () => {
    provider.say(ofAddress('first@example.com', 'taken'))
    await signInByProvider(openBrowser(loops.url))
    const ed = await signUp(loops, { name: 'Ed' })
    const refused = await signInByProvider(ed.browser, '/oidc/start?connect=yes')
    expect([refused.status, refused.text.includes('already connected with another account')]).toEqual([
      403,
      true,
    ])
    expect(await identitiesOf(ed.email)).toEqual([])
  })
})

/** Posts a form to another gateway of the site, as its own page would. */
const post = async (
  gateway: Pick<GatewayEnvironment, 'url'>,
  path: string,
  fields: Record<string, string>,
) => {
  const answered = await fetch(new URL(path, gateway.url), {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: loops.url },
    redirect: 'manual',
  })
  return { status: answered.status, text: await answered.text(), leads_to: answered.headers.get('location') }
}

describe('where passwords are', () => {
  const opened = async (PASSWORDS: string, gateway = loops) =>
    openGatewayEnvironment({ ...provider.env, ...OPEN, PASSWORDS }, gateway)

  test('for_owners_only_an_owner_signs_in_with_one_and_others_by_the_provider', async () => {
    await using owners = await opened('owners')
    provider.say(ofAddress('member@example.com', 'member'))
    expect((await signInByProvider(openBrowser(loops.url))).url.pathname).toBe('/')
    const member = await loops.deps.store.people.byEmail('member@example.com')
    const password_hash = await loops.deps.passwords.hash(ann.password)
    await loops.db.collection('people').updateOne({ email: member?.email ?? '' }, { $set: { password_hash } })
    const page = await openBrowser(owners.url).open('/sign-in')
    expect([page.text.includes('name="password"'), page.text.includes('/sign-in/password')]).toEqual([
      false,
      true,
    ])
    expect((await openBrowser(owners.url).open('/sign-in/password')).text).toContain('name="password"')
    const tryAs = (email: string) => post(owners, '/sign-in', { email, password: ann.password })
    const refused = await tryAs('member@example.com')
    expect([refused.status, refused.text.includes('Sign in by single sign-on')]).toEqual([403, true])
    expect(await tryAs(ann.email)).toMatchObject({ status: 303, leads_to: '/' })
    await requestReset(owners.deps, 'member@example.com', '192.0.2.1')
    await requestReset(owners.deps, ann.email, '192.0.2.1')
    const resets = await loops.db.collection('password_resets').find().toArray()
    expect(resets.map(({ user_id }) => user_id === null)).toEqual([true, false])
  })

  test('off_nobody_signs_in_with_one_or_is_mailed_a_link_but_the_link_of_an_operator_works', async () => {
    await using off = await opened('off')
    const browser = openBrowser(off.url)
    const page = await browser.open('/sign-in')
    expect([page.text.includes('name="password"'), page.text.includes('/oidc/start')]).toEqual([false, true])
    const { email, password } = ann
    const refused = await post(off, '/sign-in', { email, password })
    expect([refused.status, refused.text.includes('Sign in by single sign-on')]).toEqual([403, true])
    expect((await browser.open('/forgot')).url.pathname).toBe('/sign-in')
    expect((await browser.open('/sign-up')).status).toBe(403)
    const form = { name: 'Zed', email: 'zed@example.com', password, workspace: 'Z' }
    expect((await post(off, '/sign-up', form)).text).toContain('By invitation only')
    expect(await off.deps.store.people.byEmail('zed@example.com')).toBeNull()
    await requestReset(loops.deps, ann.email, '192.0.2.2')
    const [reset] = await loops.db
      .collection<{ _id: string; user_id: string | null }>('password_resets')
      .find({ user_id: { $ne: null } })
      .sort({ _id: -1 })
      .toArray()
    const { pathname } = new URL(resetUrl(loops.deps, { _id: reset?._id ?? '' }))
    const done = await post(off, pathname, { password: 'twelve silent rivers flow' })
    expect(done).toMatchObject({ status: 303, leads_to: '/' })
  })
})

describe('a provider that is away', () => {
  test('at_the_start_leaves_the_gateway_and_passwords_at_work_and_is_found_when_it_comes', async () => {
    const away = { ...provider.env, OIDC_ISSUER: 'http://127.0.0.1:9' }
    await using alone = await openGatewayEnvironment(away)
    const host = await signUp(alone, { name: 'Host' })
    const page = await openBrowser(alone.url).open('/sign-in')
    expect([page.status, page.text.includes('Acme ID cannot be reached')]).toEqual([200, true])
    expect(page.text).not.toContain('href="/oidc/start"')
    const start = await openBrowser(alone.url).open('/oidc/start')
    expect([start.status, start.text.includes('cannot be reached right now')]).toEqual([503, true])
    const { email, password } = host
    expect((await openBrowser(alone.url).submit('/sign-in', { email, password })).url.pathname).toBe('/')
  })
})

describe('a logout token of the provider', () => {
  const signedIn = async (sub: string) => {
    provider.say({ ...ofAddress(`${sub}@example.com`, sub), sid: `session of ${sub}` })
    const browser = openBrowser(loops.url)
    await signInByProvider(browser)
    return browser
  }
  const isIn = async (browser: ReturnType<typeof openBrowser>) =>
    (await browser.open('/account')).url.pathname === '/account'
  const logOut = (logout_token: string) =>
    openBrowser(loops.url).submit('/oidc/backchannel-logout', { logout_token })

  test('ends_the_session_that_its_session_began_and_the_connections_once', async () => {
    const [one, two] = [await signedIn('flo'), await signedIn('gus')]
    await connectApp(loops.url, { browse: async (url) => (await allow(one, url)).url })
    const flo = await loops.deps.store.people.byIdentity(provider.issuer, 'flo')
    const connections = () => loops.deps.store.grants.inForce(flo?._id ?? '', new Date(), 10)
    expect(await connections()).toHaveLength(1)
    const token = await provider.logoutToken({ sid: 'session of flo' })
    const done = await logOut(token)
    expect([done.status, done.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect([await isIn(one), await isIn(two)]).toEqual([false, true])
    expect(await connections()).toEqual([])
    expect((await logOut(token)).status).toBe(400)
  })

  test('ends_everything_of_a_person_whom_it_names_without_a_session', async () => {
    const [here, there] = [await signedIn('hal'), await signedIn('hal')]
    expect((await logOut(await provider.logoutToken({ sub: 'hal' }))).status).toBe(200)
    expect([await isIn(here), await isIn(there)]).toEqual([false, false])
  })

  test.each([
    ['that_is_not_signed', { sub: 'ida' }, 'none'],
    ['of_another_key', { sub: 'ida' }, 'foreign'],
    ['that_was_changed', { sub: 'ida' }, 'changed'],
    ['with_a_nonce', { sub: 'ida', nonce: 'n' }, undefined],
    ['without_the_event', { sub: 'ida', events: {} }, undefined],
    ['without_a_person_or_session', {}, undefined],
    ['for_another_client', { sub: 'ida', aud: 'another' }, undefined],
    ['of_another_issuer', { sub: 'ida', iss: 'https://elsewhere.example' }, undefined],
    ['without_an_id', { sub: 'ida', jti: undefined }, undefined],
    ['that_has_expired', { sub: 'ida', exp: 1_000 }, undefined],
    ['that_is_an_hour_old', { sub: 'ida', iat: Math.floor(Date.now() / 1_000) - 3_600 }, undefined],
  ] as const)('%s_ends_nothing', async (_, claims, signature) => {
    const browser = await signedIn('ida')
    const refused = await logOut(await provider.logoutToken(claims, signature))
    expect([refused.status, JSON.parse(refused.text)]).toEqual([400, { error: 'invalid_request' }])
    expect(await isIn(browser)).toBe(true)
  })

  test('ends_nothing_when_it_is_nonsense', async () => {
    for (const token of ['', 'a.b.c', 'x'.repeat(10_000)]) expect((await logOut(token)).status).toBe(400)
  })
})

const allow = async (browser: ReturnType<typeof openBrowser>, authorization: URL) => {
  const page = await browser.open(authorization)
  return browser.submit(page.url, { decision: 'allow' })
}
