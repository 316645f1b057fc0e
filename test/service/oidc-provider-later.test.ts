// A provider that changes after the gateway has met it: it goes away and comes back, replaces its keys, or names itself
// otherwise. The tests move the clock past what is remembered of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { type HostileProvider, startHostileProvider } from '../support/hostile-provider.ts'
import { answerOf, signInByProvider } from '../support/provider-sign-in.ts'

const OPEN = { OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: '*' }
/** Longer than what was discovered is remembered, or that the provider was away. */
const LATER_MS = 61_000

let provider: HostileProvider
let loops: GatewayEnvironment
let ann: Account
beforeAll(async () => {
  provider = await startHostileProvider()
  loops = await openGatewayEnvironment({ ...provider.env, ...OPEN })
  ann = await signUp(loops, { name: 'Ann' })
  provider.say({ sub: 'bo', name: 'Bo', email: 'bo@example.com', email_verified: true })
})
afterAll(async () => {
  await loops?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const signInPage = async () => (await openBrowser(loops.url).open('/sign-in')).text
const isIn = async () => (await signInByProvider(openBrowser(loops.url))).url.pathname === '/'

describe('a provider that goes away', () => {
  test('is_said_to_be_away_while_other_ways_work_and_signs_people_in_again_once_it_is_back', async () => {
    expect([await isIn(), (await signInPage()).includes('href="/oidc/start"')]).toEqual([true, true])
    const inside = openBrowser(loops.url)
    await signInByProvider(inside)
    provider.away(true)
    loops.advance(LATER_MS)
    const page = await signInPage()
    expect([page.includes('Acme ID cannot be reached'), page.includes('href="/oidc/start"')]).toEqual([
      true,
      false,
    ])
    const start = await openBrowser(loops.url).open('/oidc/start')
    expect([start.status, start.text.includes('sign in in another way')]).toEqual([503, true])
    const { email, password } = ann
    const byPassword = await openBrowser(loops.url).submit('/sign-in', { email, password })
    expect(byPassword.url.pathname).toBe('/')
    expect((await inside.open('/account')).url.pathname).toBe('/account')
    provider.away(false)
    loops.advance(LATER_MS)
    expect([await isIn(), (await signInPage()).includes('cannot be reached')]).toEqual([true, false])
  })

  test('between_the_question_and_the_answer_signs_nobody_in_and_a_new_try_does', async () => {
    const browser = openBrowser(loops.url)
    const answer = await answerOf(browser)
    provider.away(true)
    const refused = await browser.open(answer)
    expect(refused.status).toBeGreaterThanOrEqual(500)
    expect(refused.text).toContain('href="/sign-in"')
    expect((await browser.open('/account')).url.pathname).toBe('/sign-in')
    provider.away(false)
    expect((await signInByProvider(browser)).url.pathname).toBe('/')
  })
})

describe('a provider that replaces its keys', () => {
  test('signs_people_in_by_the_new_ones_at_once', async () => {
    expect(await isIn()).toBe(true)
    for (let times = 0; times < 3; times += 1) {
      await provider.rotate()
      expect(await isIn()).toBe(true)
    }
  })

  test('ends_sessions_by_a_logout_token_of_the_new_ones', async () => {
    provider.say({ sub: 'cy', name: 'Cy', email: 'cy@example.com', email_verified: true, sid: 'one' })
    const browser = openBrowser(loops.url)
    await signInByProvider(browser)
    await provider.rotate()
    const logout_token = await provider.logoutToken({ sub: 'cy' })
    const done = await browser.submit('/oidc/backchannel-logout', { logout_token })
    expect([done.status, (await browser.open('/account')).url.pathname]).toEqual([200, '/sign-in'])
    provider.say({ sub: 'bo', name: 'Bo', email: 'bo@example.com', email_verified: true })
  })
})

describe('a provider whose metadata names another issuer', () => {
  test('signs_nobody_in_is_said_to_be_away_and_works_again_once_it_names_itself_as_before', async () => {
    expect(await isIn()).toBe(true)
    provider.callItself('https://somebody-else.example')
    loops.advance(LATER_MS)
    expect(await signInPage()).toContain('Acme ID cannot be reached')
    expect((await openBrowser(loops.url).open('/oidc/start')).status).toBe(503)
    const logout_token = await provider.logoutToken({ sub: 'bo', iss: 'https://somebody-else.example' })
    const refused = await openBrowser(loops.url).submit('/oidc/backchannel-logout', { logout_token })
    expect(refused.status).toBe(400)
    provider.callItself(undefined)
    loops.advance(LATER_MS)
    expect(await isIn()).toBe(true)
  })
})
