// Passkeys in a real browser, with an authenticator that Chromium simulates: added, signed in by, as the second step, removed.
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import { ageSessions, forgetPassword } from '../support/second-factors.ts'
import { type System, startSystem } from '../support/system.ts'

const FACTORS = '/account/second-factor'

let browser: Browser
let system: System
beforeAll(async () => {
  browser = await launchBrowser()
  system = await startSystem({ names: ['gateway'], env: { SIGN_UP: 'open' } })
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await browser?.close()
})

type Desk = Readonly<{ context: BrowserContext; page: Page; cdp: CDPSession; authenticatorId: string }>

/** A window with an authenticator. `verified`: whether it recognizes its person. */
const openDesk = async (verified = true): Promise<Desk> => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: verified,
      automaticPresenceSimulation: true,
    },
  })
  return { context, page, cdp, authenticatorId }
}

const at = (page: Page, path: string) => page.goto(`${system.url}${path}`)
const press = async (page: Page, name: string): Promise<void> => {
  const button = page.getByRole('button', { name })
  await button.focus()
  await page.keyboard.press('Enter')
}

const signInBy = async (page: Page, { email, password }: Account): Promise<void> => {
  await at(page, '/sign-in')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
}

/** Somebody who has added a passkey, by the keyboard alone. */
const withPasskey = async (name: string, verified = true): Promise<Desk & Readonly<{ account: Account }>> => {
  const account = await signUp(system, { name })
  const desk = await openDesk(verified)
  const { page } = desk
  await signInBy(page, account)
  await page.waitForURL(`${system.url}/`)
  await at(page, `${FACTORS}/passkey`)
  await page.getByLabel('Name').fill('My phone')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator('[data-recovery]').waitFor()
  return { ...desk, account }
}

const signOut = async (page: Page): Promise<void> => {
  await at(page, '/sign-out')
  await press(page, 'Sign out')
  await page.waitForURL('**/sign-in')
}

describe('a passkey', () => {
  test('signs_in_alone_and_counts_as_the_second_factor', async () => {
    const { context, page } = await withPasskey('Pia')
    await signOut(page)
    await press(page, 'Use a passkey')
    await page.getByRole('heading', { name: 'Sign in with a passkey' }).waitFor()
    await press(page, 'Use a passkey')
    await page.waitForURL(`${system.url}/`)
    await at(page, FACTORS)
    await page.getByText('Last used').waitFor()
    await context.close()
  })
  test('is_the_second_step_after_the_password', async () => {
    const { context, page, account } = await withPasskey('Quin')
    await signOut(page)
    await signInBy(page, account)
    await page.getByRole('heading', { name: 'One more step' }).waitFor()
    await at(page, '/account')
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    await at(page, '/sign-in/second-step')
    await press(page, 'Use a passkey')
    await page.waitForURL(`${system.url}/`)
    await context.close()
  })
  test('proves_once_more_who_it_is_and_is_removed', async () => {
    const { context, page, account } = await withPasskey('Ria')
    await ageSessions(system.stack.mongodbUrl, account.email, 20 * 60_000)
    await at(page, FACTORS)
    await press(page, 'Remove My phone')
    await page.getByRole('heading', { name: 'Is it still you?' }).waitFor()
    await press(page, 'Use a passkey')
    await page.getByRole('heading', { name: 'Thank you' }).waitFor()
    await press(page, 'Continue')
    await page.getByText('You have no passkeys.').waitFor()
    await signOut(page)
    await signInBy(page, account)
    await page.waitForURL(`${system.url}/`)
    await context.close()
  })
  test('stays_while_it_is_the_only_way_to_sign_in', async () => {
    const { context, page, account } = await withPasskey('Rob')
    await forgetPassword(system.stack.mongodbUrl, account.email)
    await at(page, FACTORS)
    await press(page, 'Remove My phone')
    await page.getByText('This passkey is your only way to sign in.').waitFor()
    await page.getByRole('button', { name: 'Remove My phone' }).waitFor()
    await context.close()
  })
  test('of_somebody_else_or_none_is_refused_and_said', async () => {
    const [sid, tea] = [await withPasskey('Sid'), await withPasskey('Tea')]
    await signOut(sid.page)
    await signInBy(sid.page, tea.account)
    await sid.page.getByRole('heading', { name: 'One more step' }).waitFor()
    await press(sid.page, 'Use a passkey')
    await sid.page.getByText('Your browser gave no passkey.').waitFor()
    expect(new URL(sid.page.url()).pathname).toBe('/sign-in/second-step')
    for (const { context } of [sid, tea]) await context.close()
  })
  test('whose_device_does_not_recognize_its_person_signs_nobody_in_alone', async () => {
    const { context, page, cdp, authenticatorId } = await withPasskey('Uma')
    await signOut(page)
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    await press(page, 'Use a passkey')
    await page.getByRole('heading', { name: 'Sign in with a passkey' }).waitFor()
    await press(page, 'Use a passkey')
    await page.getByText('Your browser gave no passkey.').waitFor()
    await at(page, '/account')
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    await context.close()
  })
})

describe('an answer of a passkey', () => {
  /** Presses the button, but keeps the answer, and gives it with where it was to go. */
  const keptAnswer = async (page: Page) => {
    let kept: Readonly<{ url: string; body: string }> | undefined
    await page.route('**/sign-in/passkey', (route) => {
      kept = { url: route.request().url(), body: route.request().postData() ?? '' }
      return route.abort()
    })
    await press(page, 'Use a passkey')
    await expect.poll(() => kept).toBeDefined()
    await page.unroute('**/sign-in/passkey')
    return kept as Readonly<{ url: string; body: string }>
  }
  const post = (context: BrowserContext, { url, body }: Readonly<{ url: string; body: string }>) =>
    context.request.post(url, {
      data: body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: system.url },
      maxRedirects: 0,
    })
  const atQuestion = async (page: Page): Promise<void> => {
    await signOut(page)
    await press(page, 'Use a passkey')
    await page.getByRole('heading', { name: 'Sign in with a passkey' }).waitFor()
  }
  test('counts_once_and_in_its_own_browser_alone', async () => {
    const { context, page } = await withPasskey('Val')
    await atQuestion(page)
    const answer = await keptAnswer(page)
    const other = await browser.newContext()
    expect((await post(other, answer)).status()).toBe(403)
    const first = await post(context, answer)
    expect([first.status(), first.headers().location]).toEqual([303, '/'])
    expect((await post(context, answer)).status()).toBe(403)
    for (const one of [context, other]) await one.close()
  })
  test('that_was_changed_is_refused', async () => {
    const { context, page } = await withPasskey('Wes')
    await atQuestion(page)
    const { url, body } = await keptAnswer(page)
    const given = JSON.parse(new URLSearchParams(body).get('credential') ?? '{}')
    const signature: string = given.response.signature
    given.response.signature = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    const changed = new URLSearchParams({ credential: JSON.stringify(given) }).toString()
    expect((await post(context, { url, body: changed })).status()).toBe(403)
    await context.close()
  })
})
