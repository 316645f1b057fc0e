// The pages of an account in a real browser, by mouse and by keyboard: connected apps, a new password, a forgotten one.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Account, linkInMail, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import { connectApp } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const NEW = 'nine purple tricycles in a column'

let system: System
let browser: Browser
let context: BrowserContext
let page: Page
let ann: Account

beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'notifier'] })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  ann = await signUp(system, { name: 'Ann' })
})
afterEach(() => context.close())

const signIn = async (password = ann.password): Promise<void> => {
  await page.goto(`${system.url}/sign-in`)
  await page.getByLabel('Email').fill(ann.email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${system.url}/`)
}
const openAccount = async (): Promise<void> => {
  await page.locator('summary', { hasText: 'Account: Ann' }).press('Enter')
  await page.getByRole('link', { name: 'Your account' }).press('Enter')
}
const connect = (client_name: string) => connectApp(system.url, ann, { metadata: { client_name } })

test('an_app_is_found_from_the_workspace_and_disconnected_by_key [X5]', async () => {
  await connect('Old robot')
  await connect('New robot')
  await signIn()
  await page.getByRole('link', { name: 'Workspace', exact: true }).press('Enter')
  await page.getByRole('link', { name: 'See and disconnect' }).press('Enter')
  await page.getByRole('button', { name: 'Disconnect Old robot' }).press('Enter')
  await page.getByRole('heading', { name: 'Old robot' }).waitFor({ state: 'detached' })
  expect(await page.getByRole('heading', { name: 'New robot' }).count()).toBe(1)
})

test('language_and_time_zone_are_chosen_by_key_alone', async () => {
  await signIn()
  await openAccount()
  const language = page.getByLabel('Language', { exact: true })
  await language.focus()
  await page.keyboard.type('Deu')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Zurich')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  // The page itself speaks the language from now on.
  const chosen = ['Sprache', 'Zeitzone'].map((label) => page.getByLabel(label, { exact: true }))
  expect(await Promise.all(chosen.map((one) => one.inputValue()))).toEqual(['de', 'Europe/Zurich'])
})

test('a_password_is_changed_after_a_slip_by_key_alone', async () => {
  await signIn()
  await openAccount()
  await page.getByLabel('Current password').fill('a slip')
  await page.getByLabel('New password').fill(NEW)
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('current')
  await page.keyboard.type(ann.password)
  await page.getByLabel('New password').fill(NEW)
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  await page.locator('summary', { hasText: 'Account: Ann' }).press('Enter')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await signIn(NEW)
})

test('a_forgotten_password_is_replaced_by_the_link_of_the_mail', async () => {
  await page.goto(`${system.url}/sign-in`)
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await page.getByLabel('Email').fill(ann.email)
  await page.getByRole('button', { name: 'Send the email' }).click()
  await page.getByRole('heading', { name: 'Check your email' }).waitFor()
  await page.goto((await linkInMail(system, ann.email, 'reset')).href)
  await page.getByLabel('New password').fill(NEW)
  await page.getByRole('button', { name: 'Save and sign in' }).click()
  await page.waitForURL(`${system.url}/`)
})
