// A provider that is connected by a mailed link, where passwords are off: the provider’s word, the mailbox and the browser
// prove the account together. The tests move the clock.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountMailUrl } from '../../services/gateway/accounts/account-mails.ts'
import type { AccountMail } from '../../services/gateway/accounts/link-store.ts'
import { type Browser, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { type HostileProvider, startHostileProvider } from '../support/hostile-provider.ts'
import { signInByProvider } from '../support/provider-sign-in.ts'
import { armAccount } from '../support/second-factors.ts'

let provider: HostileProvider
let on: GatewayEnvironment
let off: GatewayEnvironment
beforeAll(async () => {
  provider = await startHostileProvider()
  on = await openGatewayEnvironment()
  await signUp(on, { name: 'Host' })
})
afterAll(async () => {
  await off?.[Symbol.asyncDispose]()
  await on?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

/** The same site, with passwords off: accounts are made before the operator turns them off. */
const passwordsOff = async (): Promise<GatewayEnvironment> => {
  off ??= await openGatewayEnvironment({ ...provider.env, PASSWORDS: 'off' }, { stack: on.stack })
  return off
}
const people = () => on.deps.store.people
/** Somebody with an account of before. */
const local = async (name: string, confirmed = true): Promise<string> => {
  const { email } = await signUp(on, { name })
  const person = await people().byEmail(email)
  if (person && confirmed) await people().confirm(person, new Date())
  return email
}
const subsOf = async (email: string) =>
  (await people().byEmail(email))?.identities?.map(({ sub }) => sub) ?? []
const links = (email: string) =>
  on.db
    .collection<AccountMail>('account_mails')
    .find({ email, kind: 'provider_link' })
    .sort({ _id: 1 })
    .toArray()
/** The path of the newest mailed link. */
const pathOf = async (email: string): Promise<string> => {
  const mail = (await links(email)).at(-1)
  if (!mail) throw new Error(`no link was mailed to ${email}`)
  return new URL(accountMailUrl((await passwordsOff()).deps, mail)).pathname
}
/** A browser that came from the provider, which has verified the address. */
const arrived = async (email: string, sub: string): Promise<Browser> => {
  provider.say({ sub, name: sub, email, email_verified: true })
  const browser = openBrowser((await passwordsOff()).url)
  const page = await signInByProvider(browser)
  expect(page.url.pathname).toBe('/oidc/link')
  return browser
}
const asked = async (email: string, sub: string): Promise<Browser> => {
  const browser = await arrived(email, sub)
  const sent = await browser.submit('/oidc/link/mail', {})
  expect([sent.url.search, sent.text.includes('We have sent a link to')]).toEqual(['?sent', true])
  return browser
}
const OVER = 'was used or has expired'
const ELSEWHERE = 'only in the browser in which you asked'

test('the_link_connects_after_a_click_in_the_same_browser_and_once', async () => {
  const email = await local('Ann')
  const browser = await asked(email, 'ann')
  const path = await pathOf(email)
  const page = await browser.open(path)
  expect([page.status, page.text.includes('Whoever signs in there as')]).toEqual([200, true])
  expect(await subsOf(email)).toEqual([])
  const all = await Promise.all(Array.from({ length: 5 }, () => browser.submit(path, {})))
  expect(all.filter(({ url }) => url.pathname === '/')).toHaveLength(1)
  expect(await subsOf(email)).toEqual(['ann'])
  const again = await browser.submit(path, {})
  expect([again.status, again.text.includes(ELSEWHERE)]).toEqual([403, true])
  provider.say({ sub: 'ann' })
  expect((await signInByProvider(openBrowser((await passwordsOff()).url))).url.pathname).toBe('/')
})

describe('the link does nothing', () => {
  test('in_another_browser_with_or_without_a_sign_in_of_its_own', async () => {
    const email = await local('Bo')
    await asked(email, 'thief')
    const path = await pathOf(email)
    const victim = await arrived(email, 'bo')
    for (const browser of [victim, openBrowser((await passwordsOff()).url)])
      for (const answer of [await browser.open(path), await browser.submit(path, {})])
        expect([answer.status, answer.text.includes(ELSEWHERE)]).toEqual([403, true])
    expect(await subsOf(email)).toEqual([])
  })

  test('once_another_was_asked_for', async () => {
    const email = await local('Cy')
    const browser = await asked(email, 'cy')
    const old = await pathOf(email)
    await browser.submit('/oidc/link/mail', {})
    expect((await browser.submit(old, {})).text).toContain(ELSEWHERE)
    expect(await subsOf(email)).toEqual([])
    expect((await browser.submit(await pathOf(email), {})).url.pathname).toBe('/')
  })

  test('when_the_person_was_deactivated_or_has_another_address_meanwhile', async () => {
    const [di, ed] = [await local('Di'), await local('Ed')]
    const browsers = [await asked(di, 'di'), await asked(ed, 'ed')] as const
    const paths = [await pathOf(di), await pathOf(ed)] as const
    const [one, two] = [await people().byEmail(di), await people().byEmail(ed)]
    if (one) await people().setDeactivated(one, new Date(), [])
    if (two) await people().setEmail(two, 'ed.new@example.com', new Date(), [])
    for (const n of [0, 1] as const) expect((await browsers[n].submit(paths[n], {})).text).toContain(OVER)
    expect([await subsOf(di), await subsOf('ed.new@example.com')]).toEqual([[], []])
  })

  test('with_one_character_changed_or_as_a_link_of_another_kind', async () => {
    const email = await local('Flo')
    const browser = await asked(email, 'flo')
    const path = await pathOf(email)
    const changed = `${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`
    expect((await browser.submit(changed, {})).text).toContain(OVER)
    const token = path.split('/').at(-1)
    expect((await browser.open(`/confirm/${token}`)).text).not.toContain('Whoever signs in')
    expect(await subsOf(email)).toEqual([])
  })

  test('after_half_an_hour', async () => {
    const email = await local('Gus')
    const browser = await asked(email, 'gus')
    const path = await pathOf(email)
    const { advance } = await passwordsOff()
    advance(29 * 60_000)
    expect((await browser.open(path)).status).toBe(200)
    advance(2 * 60_000)
    expect((await browser.submit(path, {})).text).toContain(OVER)
    expect(await subsOf(email)).toEqual([])
  })
})

describe('no link is mailed', () => {
  test('to_an_address_that_was_not_confirmed_or_an_account_with_a_second_factor', async () => {
    const ida = await signUp(on, { name: 'Ida' })
    await armAccount(ida, new Date())
    const person = await people().byEmail(ida.email)
    if (person) await people().confirm(person, new Date())
    const [unconfirmed, careful] = [await local('Hal', false), ida.email]
    for (const email of [unconfirmed, careful]) {
      const browser = await arrived(email, `sub of ${email}`)
      expect((await browser.open('/oidc/link')).text).not.toContain('/oidc/link/mail')
      await browser.submit('/oidc/link/mail', {})
      expect(await links(email)).toEqual([])
    }
  })

  test('where_people_prove_their_account_by_its_password', async () => {
    const email = await local('Jo')
    await using usual = await openGatewayEnvironment(provider.env, { stack: on.stack })
    provider.say({ sub: 'jo', email, email_verified: true })
    const browser = openBrowser(usual.url)
    expect((await signInByProvider(browser)).text).not.toContain('/oidc/link/mail')
    await browser.submit('/oidc/link/mail', {})
    expect(await links(email)).toEqual([])
  })

  test('without_end', async () => {
    const email = await local('Kim')
    const browser = await arrived(email, 'kim')
    const statuses = []
    for (let made = 0; made < 6; made += 1)
      statuses.push((await browser.submit('/oidc/link/mail', {})).status)
    expect(statuses).toContain(429)
    expect((await links(email)).length).toBeLessThan(6)
  })
})
