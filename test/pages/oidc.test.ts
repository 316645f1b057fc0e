// Signing in by an identity provider in a real browser: by the button, there and back, with the pages' policies in force.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import { startOidcProvider, type TestProvider } from '../support/oidc-provider.ts'
import { type System, startSystem } from '../support/system.ts'

let provider: TestProvider
let system: System
let browser: Browser
beforeAll(async () => {
  provider = await startOidcProvider()
  const env = { ...provider.env, OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: 'acme.example' }
  system = await startSystem({ names: ['gateway'], env })
  provider.allow(system.url)
  await signUp(system, { name: 'Ann' })
})
afterAll(async () => {
  await browser?.close()
  await system?.stop()
  await provider?.[Symbol.asyncDispose]()
})

const newPage = async (): Promise<Readonly<{ page: Page; complaints: string[] }>> => {
  browser ??= await launchBrowser()
  const page = await (await browser.newContext()).newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints }
}

test('a_newcomer_signs_in_by_key_alone_and_is_signed_in_as_who_they_are_at_the_provider', async () => {
  provider.become({ sub: 'bo', name: 'Bo Lind', email: 'bo@acme.example', email_verified: true })
  const { page, complaints } = await newPage()
  await page.goto(`${system.url}/sign-in`)
  await page.getByRole('link', { name: 'Continue with Acme ID' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(`${system.url}/`)
  await page.goto(`${system.url}/account`)
  const account = page.getByRole('main')
  await account.getByText('bo@acme.example').waitFor()
  await account.getByText('Acme ID signs you in').waitFor()
  expect(complaints).toEqual([])
})

test('somebody_with_an_account_connects_it_by_its_password_and_needs_none_from_then_on', async () => {
  const cy = await signUp(system, { name: 'Cy' })
  provider.become({ sub: 'cy', name: 'Cy', email: cy.email, email_verified: true })
  const { page, complaints } = await newPage()
  await page.goto(`${system.url}/sign-in`)
  await page.getByRole('link', { name: 'Continue with Acme ID' }).click()
  await page.getByLabel('Password').fill(cy.password)
  await page.getByRole('button', { name: 'Connect' }).click()
  await page.waitForURL(`${system.url}/`)
  const another = await newPage()
  await another.page.goto(`${system.url}/oidc/start`)
  await another.page.waitForURL(`${system.url}/`)
  expect([...complaints, ...another.complaints]).toEqual([])
})
