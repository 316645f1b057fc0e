// A person's way from an app and back to it, in a real browser with the pages' policies in force. It works by mouse and
// by keyboard, to every kind of redirect address.
import { createServer, type Server } from 'node:http'
import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import { authorizationUrl, exchangeCode, newPkce, registerApp } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const PASSWORD = 'seven green bicycles in a row'

let system: System
let browser: Browser
let app: Server
let appUrl: string
let context: BrowserContext
let page: Page
/** The browser's complaints: blocked styles, blocked forms, errors of pages. */
let complaints: string[]

beforeAll(async () => {
  system = await startSystem({ names: ['gateway'] })
  browser = await launchBrowser()
  app = createServer((_, response) => response.end('<!doctype html><title>Back in the app</title>'))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const address = app.address()
  appUrl = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/callback`
})
afterAll(async () => {
  await browser?.close()
  app?.close()
  await system?.stop()
})
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  complaints = []
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
})
afterEach(async () => {
  await context.close()
  expect(complaints).toEqual([])
})

const start = async (redirect: string, name = 'Test app') => {
  const { verifier, challenge } = newPkce()
  const registered = await registerApp(system.url, { client_name: name, redirect_uris: [redirect] })
  return {
    verifier,
    registered,
    url: authorizationUrl(system.url, registered, challenge, { scope: ALL_SCOPES.join(' ') }).href,
  }
}

/** A person with an account who is not signed in here yet. */
const somebody = async () => signUp(system, { name: 'Bo' })
const signInByClick = async (email: string): Promise<void> => {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Lets a request expire, as after some minutes without its person. */
const expireRequests = async (): Promise<void> => {
  await using mongo = await connectMongo(
    system.stack.mongodbUrl,
    createLog({ filter: 'error', topic: 'test' }),
  )
  await mongo
    .database('gateway')
    .collection('requests')
    .updateMany({}, { $set: { expires_at: new Date(0) } })
}

/** Presses Tab until the element with this label or text has the focus. */
const tabTo = async (name: RegExp): Promise<void> => {
  const focused = () =>
    page.evaluate(() => {
      const at = document.activeElement as HTMLInputElement | null
      if (at === document.body) return ''
      return `${at?.labels?.[0]?.textContent ?? ''} ${at?.textContent ?? ''}`
    })
  for (let tabs = 0; tabs < 20 && !name.test(await focused()); tabs += 1) await page.keyboard.press('Tab')
  expect(await focused()).toMatch(name)
}

describe('from an app to the app', () => {
  test('by_click_with_a_new_account_to_a_program_on_this_machine', async () => {
    const { url, verifier, registered } = await start(appUrl, 'Agent <b>Smith</b>')
    await page.goto(url)
    if (!page.url().includes('/sign-up')) await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('Your name').fill('Ann Example')
    await page.getByLabel('Email').fill('ann.page@example.com')
    await page.getByLabel('Password').fill('password123')
    await page.getByLabel('Name of the workspace').fill('Acme & Co')
    await page.getByRole('button', { name: 'Create account' }).click()
    expect(await page.getByRole('alert').textContent()).toContain('first that an attacker tries')
    expect(await page.getByLabel('Your name').inputValue()).toBe('Ann Example')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.waitForURL('**/consent?**')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Agent <b>Smith</b>')
    expect(await page.getByText('a program on this computer').isVisible()).toBe(true)
    await page.getByLabel('Approve tasks').uncheck()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${appUrl}?**`)
    const code = new URL(page.url()).searchParams.get('code') ?? ''
    const { status, body } = await exchangeCode(system.url, registered, { code, verifier })
    expect([status, body.scope]).toEqual([200, 'loops:read loops:write'])
  })

  describe.each([
    ['a_program_on_this_machine', () => appUrl],
    ['a_site', () => 'https://app.example/oauth/callback'],
    ['an_app_with_a_scheme_of_its_own', () => 'cursor://anysphere.cursor-mcp/oauth/callback'],
  ])('to_%s', (_, to) => {
    /** The answer that the browser brings to the app. */
    const answerTo = async (press: () => Promise<void>): Promise<URLSearchParams> => {
      const isAnswer = (request: Request): boolean => request.url().startsWith(`${to()}?`)
      // For a scheme that nothing here opens, the browser only reports that it could not navigate.
      const left = Promise.race([page.waitForRequest(isAnswer), page.waitForEvent('requestfailed', isAnswer)])
      await press()
      return new URL((await left).url()).searchParams
    }
    const arrive = async () => {
      if (to().startsWith('https:'))
        await page.route(`${to()}**`, (route) => route.fulfill({ body: 'Connected' }))
      const bo = await somebody()
      const app = await start(to())
      await page.goto(app.url)
      return { bo, ...app }
    }
    const click = (name: string) => () => page.getByRole('button', { name }).click()

    test('by_click', async () => {
      const { bo, registered, verifier } = await arrive()
      await signInByClick(bo.email)
      const code = (await answerTo(click('Allow'))).get('code') ?? ''
      expect((await exchangeCode(system.url, registered, { code, verifier })).status).toBe(200)
    })
    test('by_key_alone', async () => {
      const { bo, registered, verifier } = await arrive()
      await tabTo(/Email/)
      await page.keyboard.type(bo.email)
      await tabTo(/Password/)
      await page.keyboard.type(bo.password)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/consent?**')
      await tabTo(/^\s*Allow\s*$/)
      const code = (await answerTo(() => page.keyboard.press('Enter'))).get('code') ?? ''
      expect((await exchangeCode(system.url, registered, { code, verifier })).status).toBe(200)
    })
    test('by_deny', async () => {
      const { bo } = await arrive()
      await signInByClick(bo.email)
      expect((await answerTo(click('Deny'))).get('error')).toBe('access_denied')
    })
  })
})

describe('what people do', () => {
  test('another_account_is_taken_before_allowing', async () => {
    const [bo, cy] = [await somebody(), await signUp(system, { name: 'Cy' })]
    await page.goto((await start(appUrl)).url)
    await signInByClick(bo.email)
    await page.getByRole('button', { name: 'Use another account' }).click()
    await page.waitForURL('**/sign-in?**')
    await signInByClick(cy.email)
    expect(await page.getByText(cy.email).isVisible()).toBe(true)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${appUrl}?code=**`)
  })
  test('going_back_after_the_answer_says_to_start_again', async () => {
    const bo = await somebody()
    const { url, verifier, registered } = await start(appUrl)
    await page.goto(url)
    await signInByClick(bo.email)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${appUrl}?code=**`)
    const code = new URL(page.url()).searchParams.get('code') ?? ''
    expect((await exchangeCode(system.url, registered, { code, verifier })).status).toBe(200)
    await page.goBack()
    await page.getByRole('heading', { name: 'Start again from the app' }).waitFor()
  })
  test('a_double_click_is_one_consent', async () => {
    const bo = await somebody()
    const { url, verifier, registered } = await start(appUrl)
    await page.goto(url)
    await signInByClick(bo.email)
    await page.getByRole('button', { name: 'Allow' }).dblclick()
    await page.waitForURL(`${appUrl}?code=**`)
    const code = new URL(page.url()).searchParams.get('code') ?? ''
    expect((await exchangeCode(system.url, registered, { code, verifier })).status).toBe(200)
    await page.goto(`${system.url}/apps`)
    expect(await page.getByRole('button', { name: 'Disconnect' }).count()).toBe(1)
  })
  test('an_expired_request_says_to_start_again', async () => {
    const bo = await somebody()
    await page.goto((await start(appUrl)).url)
    await signInByClick(bo.email)
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    await expireRequests()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'Start again from the app' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Start again from the app' }).waitFor()
  })
  test('one_request_in_two_tabs_is_answered_once', async () => {
    const bo = await somebody()
    await page.goto((await start(appUrl)).url)
    await signInByClick(bo.email)
    await page.waitForURL('**/consent?**')
    const second = await context.newPage()
    await second.goto(page.url())
    await second.getByRole('button', { name: 'Deny' }).click()
    await second.waitForURL(`${appUrl}?error=access_denied**`)
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.waitForURL(`${appUrl}?error=access_denied**`)
  })
  test('two_tabs_are_two_requests', async () => {
    const bo = await somebody()
    await page.goto((await start(appUrl, 'First app')).url)
    await signInByClick(bo.email)
    const second = await context.newPage()
    await second.goto((await start(appUrl, 'Second app')).url)
    await second.getByRole('button', { name: 'Allow' }).click()
    await second.waitForURL(`${appUrl}?code=**`)
    await page.getByRole('button', { name: 'Deny' }).click()
    await page.waitForURL(`${appUrl}?error=**`)
  })
})

describe('the pages', () => {
  test('are_styled_from_their_own_address', async () => {
    await page.goto(`${system.url}/sign-in`)
    const [color, radius] = await page
      .getByRole('button', { name: 'Sign in' })
      .evaluate((button) => [getComputedStyle(button).backgroundColor, getComputedStyle(button).borderRadius])
    expect(color).toBe('rgb(11, 107, 93)')
    expect(radius).not.toBe('0px')
  })
})
