// The queue in a real browser: loops are put in order by drag, by key, by menu and without a script, and two people see what
// the other does.
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { complaintsOf } from '../support/page-looks.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let browser: Browser
let ann: Account
let bo: Account
let agent: McpClient
const ids: Partial<Record<string, string>> = {}
const stack = new AsyncDisposableStack()

/** The page of the queue, as somebody who signs in sees it. */
const openAs = async ({ email, password }: Account, options: { javaScriptEnabled?: boolean } = {}) => {
  const context = await browser.newContext(options)
  stack.defer(() => context.close())
  const page = await context.newPage()
  const complaints = complaintsOf(context)
  await page.goto(`${system.url}/sign-in`)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${system.url}/`)
  return { page, complaints }
}

let annsPage: Page
let bosPage: Page
let complaints: readonly string[]

beforeAll(async () => {
  browser = await launchBrowser()
  stack.defer(() => browser.close())
  system = stack.use(await startSystem())
  ann = await signUp(system, { name: 'Ann' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  agent = stack.use(await agentOf(system, ann))
  for (const name of ['A', 'B', 'C', 'D']) ids[name] = (await agent.call('create_loop', { name })).loop.id
  ;({ page: annsPage, complaints } = await openAs(ann))
  ;({ page: bosPage } = await openAs(bo))
})
afterAll(() => stack.disposeAsync())

const shownIn = async (page: Page): Promise<string> =>
  (await page.locator('ol.loops > li > .what > a').allTextContents()).join('')
const order = async (): Promise<string> =>
  (await agent.call('get_loop_queue', {})).loops.map(({ name }: { name: string }) => name).join('')
const row = (page: Page, name: string): Locator => page.locator(`#loop-${ids[name]}`)
const focusedRow = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.closest('[data-row]')?.id ?? '')
/** That both people see this order, and it is the stored one. Nobody loads a page. */
const bothSee = async (wanted: string): Promise<void> => {
  for (const page of [annsPage, bosPage]) await expect.poll(() => shownIn(page)).toBe(wanted)
  expect(await order()).toBe(wanted)
}

beforeEach(async () => {
  await agent.call('reorder_loops', { loop_ids: ['A', 'B', 'C', 'D'].map((name) => ids[name] ?? '') })
  await bothSee('ABCD')
  await annsPage.evaluate(() => Object.assign(window, { isSamePage: true }))
  await bosPage.evaluate(() => Object.assign(window, { isSamePage: true }))
})

const areSamePages = async (): Promise<void> => {
  for (const page of [annsPage, bosPage]) expect(await page.evaluate(() => 'isSamePage' in window)).toBe(true)
}

test('by_drag_down_up_and_from_row_to_row', async () => {
  await row(annsPage, 'A')
    .locator('.grip')
    .dragTo(row(annsPage, 'C'), { targetPosition: { x: 200, y: 45 } })
  await bothSee('BCAD')
  await row(annsPage, 'D')
    .locator('.what > a')
    .dragTo(row(annsPage, 'B'), { targetPosition: { x: 200, y: 5 } })
  await bothSee('DBCA')
  await areSamePages()
  expect(complaints).toEqual([])
})

test('what_is_dropped_outside_goes_back_to_where_it_was', async () => {
  const sent: string[] = []
  annsPage.on('request', (request) => request.method() === 'POST' && sent.push(request.url()))
  await row(annsPage, 'A').locator('.grip').hover()
  await annsPage.mouse.down()
  await row(annsPage, 'C').hover({ position: { x: 200, y: 45 } })
  await row(annsPage, 'C').hover({ position: { x: 210, y: 46 } })
  await expect.poll(() => shownIn(annsPage)).toBe('BCAD')
  // What happens meanwhile waits.
  await agent.call('set_loop_priority', { loop_id: ids.D ?? '', priority: 0 })
  await expect.poll(() => shownIn(bosPage)).toBe('DABC')
  expect(await shownIn(annsPage)).toBe('BCAD')
  await annsPage.locator('header').hover({ position: { x: 5, y: 5 } })
  await annsPage.mouse.up()
  await bothSee('DABC')
  expect(sent).toEqual([])
})

test('by_key_with_the_focus_kept_and_undo', async () => {
  await annsPage.locator('#main').focus()
  await annsPage.keyboard.press('j')
  expect(await focusedRow(annsPage)).toBe(`loop-${ids.A}`)
  // Faster than the answers come: each is based on the one before it.
  await annsPage.keyboard.press('Shift+J')
  await annsPage.keyboard.press('Shift+J')
  await bothSee('BCAD')
  expect(await focusedRow(annsPage)).toBe(`loop-${ids.A}`)
  await annsPage.keyboard.press('Shift+K')
  await bothSee('BACD')
  await annsPage.keyboard.press('b')
  await bothSee('BCDA')
  await annsPage.keyboard.press('t')
  await bothSee('ABCD')
  await expect.poll(() => annsPage.locator('#announce').textContent()).toContain('“A” is first now.')
  await annsPage.keyboard.press('k')
  await annsPage.keyboard.press('Shift+J')
  await bothSee('BACD')
  await annsPage.keyboard.press('u')
  await bothSee('ABCD')
  await areSamePages()
})

test('by_menu_with_the_keyboard_alone_and_with_the_mouse', async () => {
  await row(annsPage, 'D').locator('.menu > summary').click()
  await annsPage.getByRole('button', { name: 'Move to the top', exact: false }).click()
  await bothSee('DABC')
  await expect(row(annsPage, 'D').locator('.menu[open]').count()).resolves.toBe(0)
  await row(annsPage, 'C').locator('.what > a').focus()
  await annsPage.keyboard.press('m')
  await annsPage.keyboard.press('Escape')
  await row(annsPage, 'C').locator('.menu > summary').press('Enter')
  await row(annsPage, 'C').getByLabel('Position').fill('1')
  await annsPage.keyboard.press('Enter')
  await bothSee('DCAB')
  await areSamePages()
})

test('a_move_that_comes_too_late_is_shown_with_the_order_and_can_be_sent_again', async () => {
  // Bo's page hears of nothing while it waits for an answer that does not come.
  await bosPage.route('**/live/**', (route) => route.abort())
  await bosPage.route(`${system.url}/`, (route) => route.abort())
  await row(annsPage, 'D').locator('.what > a').focus()
  await annsPage.keyboard.press('t')
  await expect.poll(() => shownIn(annsPage)).toBe('DABC')
  await row(bosPage, 'C').locator('.what > a').focus()
  await bosPage.keyboard.press('t')
  await bosPage.getByRole('alert').getByText('“C” was not moved').waitFor()
  expect(await shownIn(bosPage)).toBe('DABC')
  await bosPage.unroute('**/live/**')
  await bosPage.unroute(`${system.url}/`)
  await bosPage.getByRole('button', { name: 'Do it now: Move to the top' }).click()
  await bothSee('CDAB')
})

test('without_a_script', async () => {
  const { page } = await openAs(bo, { javaScriptEnabled: false })
  await row(page, 'B').locator('.menu > summary').click()
  await row(page, 'B').getByRole('button', { name: 'Move up' }).click()
  await page.waitForLoadState()
  expect(await shownIn(page)).toBe('BACD')
  await row(page, 'B').locator('.menu > summary').click()
  await row(page, 'B').getByLabel('Position').fill('9')
  await row(page, 'B').getByRole('button', { name: 'Move', exact: true }).click()
  await page.waitForLoadState()
  expect(await shownIn(page)).toBe('ACDB')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.waitForLoadState()
  expect(await shownIn(page)).toBe('BACD')
  await page.locator('#new-task > summary').click()
  await page.getByLabel('What is to be done').fill('By hand')
  await page.getByRole('button', { name: 'File task' }).click()
  await page.getByRole('link', { name: '“By hand” is filed' }).waitFor()
  await bothSee('BACD')
})

test('a_task_and_a_loop_are_made_in_place', async () => {
  await annsPage.locator('#main').focus()
  await annsPage.keyboard.press('c')
  await annsPage.keyboard.type('From the keyboard')
  await annsPage.keyboard.press('Enter')
  await annsPage.getByText('“From the keyboard” is filed').first().waitFor()
  expect(await annsPage.locator('details.new[open]').count()).toBe(0)
  await annsPage.locator('#main').focus()
  await annsPage.keyboard.press('n')
  await annsPage.keyboard.type('E')
  await annsPage.keyboard.press('Enter')
  await bothSee('ABCDE')
  const { loops } = await agent.call('get_loop_queue', {})
  await agent.call('close_loop', { loop_id: loops.at(-1)?.id ?? '' })
  await bothSee('ABCD')
  await areSamePages()
})
