// Webhooks in a real browser. An owner registers an address, a loop ships, and another team's receiver gets a call that
// it can verify. Failed calls are shown and replayed; a secret is shown once.
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Account, agentOf, confirmAddress, joinWorkspace, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import { faultsOf, overflowOf, visibleFaultsOf } from '../support/page-looks.ts'
import { type Receiver, startReceiver, verify } from '../support/receiver.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let browser: Browser
let context: BrowserContext
let page: Page
let ann: Account
let receiver: Receiver

beforeAll(async () => {
  system = await startSystem({ env: { LOOPBACK_TARGETS: 'allowed' } })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})
beforeEach(async () => {
  receiver = await startReceiver()
  context = await browser.newContext()
  page = await context.newPage()
  const isFirst = ann === undefined
  ann = await signUp(system, { name: 'Ann' })
  // The first account of an installation is trusted; a later one calls nobody before its address is confirmed.
  if (!isFirst) await confirmAddress(system, ann)
  await signIn(ann)
})
afterEach(async () => {
  await context.close()
  await receiver[Symbol.asyncDispose]()
})

const signIn = async ({ email, password }: Account): Promise<void> => {
  await page.goto(`${system.url}/sign-in`)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${system.url}/`)
  await page.getByRole('link', { name: 'Workspace', exact: true }).press('Enter')
}

/** Screenshots of the pages: set SHOTS to a folder. */
const shoot = async (name: string): Promise<void> => {
  const folder = process.env.SHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

const add = async (url: string): Promise<string> => {
  await page.getByRole('link', { name: 'Webhooks' }).press('Enter')
  await page.getByLabel('Address', { exact: true }).fill(url)
  await page.getByLabel('What it is for').fill('The chat of the team')
  await page.getByRole('button', { name: 'Add webhook' }).press('Enter')
  await page.getByRole('status').waitFor()
  return (await page.getByRole('status').locator('code').textContent()) ?? ''
}

test('a_shipped_loop_is_a_verified_call_to_the_address_that_was_registered_in_the_page', async () => {
  const secret = await add(receiver.url)
  expect(secret).toMatch(/^whsec_/)
  await shoot('secret')
  await page.goto(`${system.url}/workspace/webhooks`)
  expect(await page.content()).not.toContain('whsec_')
  await using agent = await agentOf(system, ann)
  const { loop } = await agent.call('create_loop', { name: 'Autumn' })
  await agent.call('ship_loop', { loop_id: loop.id })
  await expect
    .poll(() => receiver.calls.map(({ event }) => event.type).toSorted())
    .toEqual(['loop.created', 'loop.shipped'])
  for (const call of receiver.calls)
    expect(verify(secret, call)).toMatchObject({ data: { loop_id: loop.id, name: 'Autumn' } })
})

test('a_call_that_failed_is_seen_and_replayed_from_the_page', async () => {
  await add(receiver.url)
  // The second pause takes minutes, so the page does not change meanwhile.
  receiver.answer(500, 500, 200)
  await page.getByRole('button', { name: `Send a test: ${receiver.url}` }).click()
  await page.getByRole('status').waitFor()
  await receiver.called(2)
  await page.getByRole('link', { name: `Calls: ${receiver.url}` }).click()
  const row = page.getByRole('row', { name: /webhook\.tested/ })
  const cell = (heading: string) => row.locator(`[data-label="${heading}"]`)
  const shows = (heading: string, text: string): Promise<void> =>
    expect
      .poll(async () => {
        await page.reload()
        return (await cell(heading).textContent())?.trim()
      })
      .toBe(text)
  await shows('Tries', '2')
  await shows('Last answer', 'HTTP 500')
  await shoot('calls-pending')
  await page.getByRole('button', { name: 'Replay: webhook.tested' }).press('Enter')
  await page.getByText('The call is made again.').waitFor()
  const [first, , third] = await receiver.called(3)
  expect(third?.id).toBe(first?.id)
  await shows('Status', 'delivered')
  await page.getByRole('button', { name: 'Replay all that failed' }).click()
  await page.getByText('The failed calls are made again').waitFor()
})

test('a_webhook_is_disabled_enabled_given_a_new_secret_and_removed', async () => {
  const secret = await add(receiver.url)
  await page.getByRole('button', { name: `Disable: ${receiver.url}` }).click()
  await page.getByText('Disabled by Ann.').waitFor()
  expect(await page.getByRole('button', { name: 'Send a test' }).count()).toBe(0)
  await page.getByRole('button', { name: `Enable: ${receiver.url}` }).click()
  await page.getByText('It gets calls again from now on.').waitFor()
  await page.getByText('New secret', { exact: true }).first().press('Enter')
  await page.getByRole('button', { name: `New secret: ${receiver.url}` }).press('Enter')
  const next = (await page.getByRole('status').locator('code').textContent()) ?? ''
  expect(next).toMatch(/^whsec_/)
  expect(next).not.toBe(secret)
  await page.getByText('Remove', { exact: true }).first().press('Enter')
  await page.getByRole('button', { name: `Remove: ${receiver.url}` }).press('Enter')
  await page.getByText('There are no webhooks yet.').waitFor()
})

test('an_address_that_may_not_be_called_is_refused_at_its_field', async () => {
  await page.goto(`${system.url}/workspace/webhooks`)
  await page.getByLabel('Address', { exact: true }).fill('https://169.254.169.254/latest/')
  await page.getByLabel('loop.shipped').check()
  await page.getByRole('button', { name: 'Add webhook' }).click()
  await page.getByText('The address must be out in the internet.').waitFor()
  await shoot('refused')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('add_webhook-url')
  expect(await page.getByLabel('loop.shipped').isChecked()).toBe(true)
  expect(await page.getByLabel('task.created').isChecked()).toBe(false)
})

test('members_without_the_right_have_no_link_and_no_access', async () => {
  const bo = await joinWorkspace(system, ann, { name: 'Bo' })
  await context.clearCookies()
  await signIn(bo)
  expect(await page.getByRole('link', { name: 'Webhooks' }).count()).toBe(0)
  const answer = await page.goto(`${system.url}/workspace/webhooks`)
  expect(answer?.status()).toBe(403)
})

test.each(['light', 'dark'] as const)(
  'nothing_is_wrong_for_readers_and_all_fits_in_%s',
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    await add(`${receiver.url}/${'a-long-way/'.repeat(12)}`)
    receiver.answer(500)
    await page.getByRole('button', { name: /^Send a test/ }).click()
    await receiver.called(1)
    const calls = await page.getByRole('link', { name: /^Calls/ }).getAttribute('href')
    for (const path of ['/workspace/webhooks', calls ?? ''])
      for (const width of [320, 800, 1_400]) {
        await page.setViewportSize({ width, height: 800 })
        await page.goto(`${system.url}${path}`)
        await shoot(`${path.includes('?') ? 'calls' : 'list'}-${colorScheme}-${width}`)
        const find = width === 320 ? faultsOf : visibleFaultsOf
        expect([path, width, await find(page), await overflowOf(page)]).toEqual([path, width, [], 0])
      }
  },
)
