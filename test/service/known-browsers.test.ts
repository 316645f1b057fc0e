// An account under constant guessing: its owner still signs in, and is warned. The tests move the clock.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { connectApp, refreshTokens } from '../support/oauth-client.ts'

let environment: GatewayEnvironment
beforeAll(async () => {
  environment = await openGatewayEnvironment()
})
afterAll(() => environment?.[Symbol.asyncDispose]())

const WRONG = 'not the password'
const signInBy = (browser: ReturnType<typeof openBrowser>, email: string, password: string) =>
  browser.submit('/sign-in', { email, password })

/** Guesses until sign-in to the account is slowed for everybody. */
const attack = async (email: string, guesses: number): Promise<void> => {
  const browser = openBrowser(environment.url)
  for (let made = 0; made < guesses; made += 1) {
    await signInBy(browser, email, WRONG)
    environment.advance(31_000)
  }
  // Guesses as soon as the next try is allowed.
  await signInBy(browser, email, WRONG)
}
const toldOf = (email: string): Promise<number> =>
  environment.db.collection('account_mails').countDocuments({ email, kind: 'failed_sign_ins' })

describe('an account under attack', () => {
  test('lets_in_a_browser_that_has_signed_in_before_and_slows_the_others', async () => {
    const ann = await signUp(environment, { name: 'Ann' })
    await ann.browser.submit('/sign-out', {})
    await attack(ann.email, 8)
    expect((await signInBy(openBrowser(environment.url), ann.email, ann.password)).status).toBe(429)
    expect((await signInBy(ann.browser, ann.email, ann.password)).url.pathname).toBe('/')
  })
  test('slows_guesses_in_a_known_browser_too', async () => {
    const ben = await signUp(environment, { name: 'Ben' })
    await ben.browser.submit('/sign-out', {})
    const statuses = []
    for (let made = 0; made < 8; made += 1)
      statuses.push((await signInBy(ben.browser, ben.email, WRONG)).status)
    expect(statuses).toContain(429)
  })
  test('treats_no_browser_of_somebody_else_as_known', async () => {
    const [cat, dan] = [
      await signUp(environment, { name: 'Cat' }),
      await signUp(environment, { name: 'Dan' }),
    ]
    await dan.browser.submit('/sign-out', {})
    await attack(cat.email, 8)
    expect((await signInBy(dan.browser, cat.email, cat.password)).status).toBe(429)
  })
  test('is_warned_once_a_day_at_most', async () => {
    const eva = await signUp(environment, { name: 'Eva' })
    await attack(eva.email, 8)
    expect(await toldOf(eva.email)).toBe(0)
    await attack(eva.email, 12)
    expect(await toldOf(eva.email)).toBe(1)
    environment.advance(24 * 60 * 60_000)
    await attack(eva.email, 12)
    expect(await toldOf(eva.email)).toBe(2)
  })
})

test('the_link_for_a_new_password_lets_a_browser_in_and_ends_nothing', async () => {
  const flo = await signUp(environment, { name: 'Flo' })
  const { app, tokens } = await connectApp(environment.url, flo)
  await attack(flo.email, 8)
  const browser = openBrowser(environment.url)
  await browser.submit('/forgot', { email: flo.email })
  const [reset] = await environment.db
    .collection<{ _id: string }>('password_resets')
    .find()
    .sort({ created_at: -1 })
    .toArray()
  const { resetUrl } = await import('../../services/gateway/accounts/credentials.ts')
  const link = new URL(resetUrl(environment.deps, { _id: reset?._id ?? '' })).pathname
  expect((await browser.open(link)).text).toContain('Keep my password and sign in')
  const page = await browser.submit(link, { keep: 'yes' })
  expect(page.url.pathname).toBe('/sign-in')
  expect((await signInBy(browser, flo.email, flo.password)).url.pathname).toBe('/')
  expect((await flo.browser.open('/workspace')).url.pathname).toBe('/workspace')
  expect((await refreshTokens(environment.url, app, tokens.refresh_token)).status).toBe(200)
})

test('an_expired_link_makes_no_browser_known', async () => {
  const response = await fetch(new URL('/reset/nonsense', environment.url), {
    method: 'POST',
    body: new URLSearchParams({ keep: 'yes' }),
    redirect: 'manual',
  })
  expect(response.status).toBe(404)
  expect(response.headers.getSetCookie()).toEqual([])
})

describe('a sign-in from a browser that is not known', () => {
  const mailsTo = (email: string) =>
    environment.db.collection('account_mails').find({ email, kind: 'new_browser' }).toArray()
  const confirmed = async (name: string) => {
    const account = await signUp(environment, { name })
    const { people } = environment.deps.store
    const person = await people.byEmail(account.email)
    if (person) await people.confirm(person, new Date())
    return account
  }

  test('is_told_of_once_and_those_that_follow_in_it_are_not', async () => {
    const gus = await confirmed('Gus')
    const browser = openBrowser(environment.url)
    await signInBy(browser, gus.email, gus.password)
    const [mail, ...more] = await mailsTo(gus.email)
    expect(more).toEqual([])
    const session = await environment.db
      .collection('sessions')
      .find({ user_id: mail?.user_id ?? '' })
      .sort({ created_at: -1 })
      .next()
    expect(mail?.facts).toEqual({ at: session?.created_at.toISOString(), address: session?.address })
    await browser.submit('/sign-out', {})
    await signInBy(browser, gus.email, gus.password)
    expect(await mailsTo(gus.email)).toHaveLength(1)
    await signInBy(openBrowser(environment.url), gus.email, gus.password)
    expect(await mailsTo(gus.email)).toHaveLength(2)
  })

  test('is_no_news_in_the_browser_of_sign_up_nor_before_the_address_is_confirmed', async () => {
    const hal = await confirmed('Hal')
    await hal.browser.submit('/sign-out', {})
    await signInBy(hal.browser, hal.email, hal.password)
    expect(await mailsTo(hal.email)).toEqual([])
    const ida = await signUp(environment, { name: 'Ida' })
    await signInBy(openBrowser(environment.url), ida.email, ida.password)
    expect(await mailsTo(ida.email)).toEqual([])
  })

  test('is_no_news_after_somebody_else_signed_in_in_the_same_browser', async () => {
    const [jo, kim] = [await confirmed('Jo'), await confirmed('Kim')]
    await signInBy(jo.browser, kim.email, kim.password)
    await signInBy(jo.browser, jo.email, jo.password)
    await signInBy(jo.browser, kim.email, kim.password)
    expect([(await mailsTo(jo.email)).length, (await mailsTo(kim.email)).length]).toEqual([0, 1])
  })

  test('fills_no_mailbox', async () => {
    const leo = await confirmed('Leo')
    for (let made = 0; made < 21; made += 1)
      await signInBy(openBrowser(environment.url), leo.email, leo.password)
    expect(await mailsTo(leo.email)).toHaveLength(20)
  })
})
