// Connecting a provider with an account, and disconnecting it: only by whoever proved a moment ago who they are, and never the
// last way in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, type Browser, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { type HostileProvider, startHostileProvider } from '../support/hostile-provider.ts'
import { signInByProvider } from '../support/provider-sign-in.ts'

const OPEN = { OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: '*' }
const DISCONNECT = '/account/providers/disconnect'
const LONG_AGO_MS = 16 * 60_000

let provider: HostileProvider
let second: HostileProvider
let loops: GatewayEnvironment
beforeAll(async () => {
  provider = await startHostileProvider()
  second = await startHostileProvider('Other ID')
  const others = Object.fromEntries(Object.entries(second.env).map(([name, value]) => [`${name}_2`, value]))
  loops = await openGatewayEnvironment({ ...provider.env, ...others, ...OPEN, OIDC_SIGN_UP_2: 'invited' })
  await signUp(loops, { name: 'Host' })
})
afterAll(async () => {
  await loops?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
  await second?.[Symbol.asyncDispose]()
})

const personOf = async (email: string) => {
  const person = await loops.deps.store.people.byEmail(email)
  if (!person) throw new Error(`nobody has ${email}`)
  return person
}
const identitiesOf = async (email: string) => ((await personOf(email)).identities ?? []).map(({ sub }) => sub)
const START = '/oidc/start?provider=1'
const CONNECT = `${START}&connect=yes`
/** The key of the only identity that the account page shows. */
const keyOn = (text: string): string => /name="identity" value="([\w-]{43})"/.exec(text)?.[1] ?? ''

/** Somebody with a password and a confirmed address who has connected the provider. */
const connected = async (name: string): Promise<Account> => {
  const account = await signUp(loops, { name })
  const person = await personOf(account.email)
  await loops.deps.store.people.confirm(person, new Date())
  provider.say({ sub: name, name, email: `${name}@work.example`.toLowerCase() })
  await signInByProvider(account.browser, CONNECT)
  await account.browser.submit('/oidc/link', {})
  expect(await identitiesOf(account.email)).toEqual([name])
  return account
}
const mailsOf = async (email: string) => {
  const mails = await loops.db.collection('account_mails').find({ email, kind: 'provider_changed' }).toArray()
  return mails.map(({ facts }) => facts)
}
const disconnect = async (browser: Browser) =>
  browser.submit(DISCONNECT, { identity: keyOn((await browser.open('/account')).text) })

describe('a provider that is disconnected', () => {
  test('signs_its_person_in_no_more_and_a_mail_and_the_audit_log_say_so', async () => {
    const ann = await connected('Ann')
    const done = await disconnect(ann.browser)
    expect([done.url.search, done.text.includes('It no longer signs you in')]).toEqual([
      '?disconnected',
      true,
    ])
    expect(await identitiesOf(ann.email)).toEqual([])
    expect(await mailsOf(ann.email)).toEqual([
      { change: 'connected', provider: 'Acme ID' },
      { change: 'disconnected', provider: 'Acme ID' },
    ])
    const { _id, memberships } = await personOf(ann.email)
    const entries = await loops.deps.store.audit.read(memberships[0]?.workspace_id ?? '', 0, 100)
    const unlinked = entries.filter(({ action }) => action === 'identity.unlinked')
    expect(unlinked).toMatchObject([
      { outcome: 'done', by: { user_id: _id }, target: { user_id: _id, provider: 'Acme ID' } },
    ])
    provider.say({ sub: 'Ann', name: 'Ann', email: ann.email, email_verified: true })
    const page = await signInByProvider(openBrowser(loops.url), START)
    expect([page.url.pathname, page.text.includes('Is this your account?')]).toEqual(['/oidc/link', true])
  })

  test('may_be_connected_with_another_account_afterwards', async () => {
    const [bo, cy] = [await connected('Bo'), await signUp(loops, { name: 'Cy' })]
    await disconnect(bo.browser)
    provider.say({ sub: 'Bo', name: 'Bo' })
    await signInByProvider(cy.browser, CONNECT)
    await cy.browser.submit('/oidc/link', {})
    expect([await identitiesOf(bo.email), await identitiesOf(cy.email)]).toEqual([[], ['Bo']])
  })

  test('stays_so_after_a_second_click', async () => {
    const di = await connected('Di')
    const identity = keyOn((await di.browser.open('/account')).text)
    await di.browser.submit(DISCONNECT, { identity })
    const again = await di.browser.submit(DISCONNECT, { identity })
    expect([again.status, again.url.pathname]).toEqual([200, '/account'])
    expect((await mailsOf(di.email)).filter(({ change }) => change === 'disconnected')).toHaveLength(1)
  })
})

describe('the last way in', () => {
  const byProvider = async (sub: string): Promise<Readonly<{ browser: Browser; email: string }>> => {
    const email = `${sub}@example.com`
    provider.say({ sub, name: sub, email, email_verified: true })
    const browser = openBrowser(loops.url)
    await signInByProvider(browser, START)
    return { browser, email }
  }

  test('is_not_disconnected_and_the_page_says_what_to_do', async () => {
    const { browser, email } = await byProvider('ed')
    const refused = await disconnect(browser)
    expect([refused.status, refused.text.includes('Acme ID is your only way to sign in')]).toEqual([
      403,
      true,
    ])
    expect(await identitiesOf(email)).toEqual(['ed'])
    expect(await mailsOf(email)).toEqual([])
  })

  test('is_one_of_two_that_are_disconnected_at_once', async () => {
    const { browser, email } = await byProvider('flo')
    second.say({ sub: 'flo there' })
    await signInByProvider(browser, '/oidc/start?provider=2&connect=yes')
    await browser.submit('/oidc/link', {})
    expect(await identitiesOf(email)).toEqual(['flo', 'flo there'])
    const { text } = await browser.open('/account')
    const keys = [...text.matchAll(/name="identity" value="([\w-]{43})"/g)].map(([, key = '']) => key)
    const answers = await Promise.all(keys.map((identity) => browser.submit(DISCONNECT, { identity })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403])
    expect(await identitiesOf(email)).toHaveLength(1)
  })

  test('is_not_the_password_of_somebody_who_may_not_use_it', async () => {
    const gus = await connected('Gus')
    await using off = await openGatewayEnvironment({ ...provider.env, ...OPEN, PASSWORDS: 'off' }, loops)
    const { disconnectIdentity, identityKey } = await import('../../services/gateway/oidc/identities.ts')
    const { _id } = await personOf(gus.email)
    const key = identityKey({ iss: provider.issuer, sub: 'Gus' })
    await expect(disconnectIdentity(off.deps, _id, key)).rejects.toMatchObject({ code: 'forbidden' })
    expect(await identitiesOf(gus.email)).toEqual(['Gus'])
    await disconnectIdentity(loops.deps, _id, key)
    expect(await identitiesOf(gus.email)).toEqual([])
  })
})

describe('a browser that was left signed in', () => {
  const AGAIN = '/account/re-authenticate'

  test('connects_and_disconnects_nothing_before_its_person_proves_who_they_are', async () => {
    const [hal, ida] = [await connected('Hal'), await signUp(loops, { name: 'Ida' })]
    const identity = keyOn((await hal.browser.open('/account')).text)
    loops.advance(LONG_AGO_MS)
    const asked = await hal.browser.submit(DISCONNECT, { identity })
    expect([asked.status, await identitiesOf(hal.email)]).toEqual([401, ['Hal']])
    const kept = { kept_to: DISCONNECT, 'kept.identity': identity, password: hal.password }
    expect((await hal.browser.submit(AGAIN, kept)).text).toContain(identity)
    await hal.browser.submit(DISCONNECT, { identity })
    expect(await identitiesOf(hal.email)).toEqual([])

    provider.say({ sub: 'stranger' })
    const page = await ida.browser.open(CONNECT)
    expect([page.url.pathname, page.url.searchParams.get('to')]).toEqual([AGAIN, CONNECT])
    const proved = await ida.browser.submit(AGAIN, { to: CONNECT, password: ida.password })
    expect(proved.url.origin).toBe(provider.issuer)
  })

  test('connects_nothing_by_a_sign_in_that_meets_its_own_account', async () => {
    const jo = await signUp(loops, { name: 'Jo' })
    loops.advance(LONG_AGO_MS)
    provider.say({ sub: 'jo’s mailbox', email: jo.email, email_verified: true })
    await signInByProvider(jo.browser, START)
    const asked = await jo.browser.submit('/oidc/link', {})
    expect([asked.status, await identitiesOf(jo.email)]).toEqual([401, []])
    const proof = { kept_to: '/oidc/link', password: jo.password }
    const proved = await jo.browser.submit(AGAIN, proof)
    expect(proved.text).toContain('action="/oidc/link"')
    await jo.browser.submit('/oidc/link', {})
    expect(await identitiesOf(jo.email)).toEqual(['jo’s mailbox'])
  })
})

test('nobody_deactivated_is_connected_by_a_proof_that_was_begun_before', async () => {
  const kim = await signUp(loops, { name: 'Kim' })
  provider.say({ sub: 'kim', email: kim.email, email_verified: true })
  const browser = openBrowser(loops.url)
  await signInByProvider(browser, START)
  const person = await personOf(kim.email)
  await loops.deps.store.people.setDeactivated(person, new Date(), [])
  const refused = await browser.submit('/oidc/link', { password: kim.password })
  expect([refused.status, await identitiesOf(kim.email)]).toEqual([403, []])
})
