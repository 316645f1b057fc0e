// The page of a loop in a real browser: cards that are dragged or moved by their menu, and shipping with a preview.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { complaintsOf, faultsOf } from '../support/page-looks.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let browser: Browser
let ann: Account
let agent: McpClient
let context: BrowserContext
let page: Page
let complaints: readonly string[]

beforeAll(async () => {
  system = await startSystem()
  browser = await launchBrowser()
  ann = await signUp(system, { name: 'Ann' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await browser?.close()
  await system?.stop()
})
beforeEach(async () => {
  context = await browser.newContext({ javaScriptEnabled: true })
  complaints = complaintsOf(context)
  page = await context.newPage()
  await signIn(page)
})
afterEach(async () => {
  expect(complaints).toEqual([])
  await context.close()
})

const signIn = async (on: Page): Promise<void> => {
  await on.goto(`${system.url}/sign-in`)
  await on.getByLabel('Email').fill(ann.email)
  await on.getByLabel('Password').fill(ann.password)
  await on.keyboard.press('Enter')
  await on.waitForURL(`${system.url}/`)
}

/** A loop with a task for each title, all open. */
const loopWith = async (...titles: readonly string[]) => {
  const { loop } = await agent.call('create_loop', {
    name: 'Search that finds',
    description: 'People **find** what they filed.',
  })
  const ids: string[] = []
  for (const title of titles) ids.push((await agent.call('create_task', { title, loop_id: loop.id })).task.id)
  return { id: loop.id, tasks: ids, url: `${system.url}/loops/${loop.id}` }
}

/** The column that holds a task. */
const columnOf = (on: Page, task_id: string) => on.locator(`.column:has(#task-${task_id})`)

test('a_card_is_dragged_to_another_column', async () => {
  const { url, tasks } = await loopWith('Drag me', 'Leave me')
  const [id = ''] = tasks
  await page.goto(url)
  await page.locator(`#task-${id}`).dragTo(page.locator('#column-approved'))
  await page.locator(`#column-approved #task-${id}`).waitFor()
  expect((await agent.call('get_task', { task_id: id })).task.status).toBe('approved')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.locator(`#column-open #task-${id}`).waitFor()
})

test('a_card_dragged_to_where_it_cannot_go_comes_back', async () => {
  const { url, tasks } = await loopWith('Approved')
  const [id = ''] = tasks
  await agent.call('update_task', { task_id: id, status: 'approved' })
  await page.goto(url)
  await page.locator(`#task-${id}`).dragTo(page.locator('#column-shipped'))
  await expect.poll(() => columnOf(page, id).getAttribute('id')).toBe('column-approved')
  expect((await agent.call('get_task', { task_id: id })).task.status).toBe('approved')
})

test('the_keyboard_alone_moves_a_card_and_keeps_the_focus', async () => {
  const { url, tasks } = await loopWith('First', 'Second')
  const [first = ''] = tasks
  await page.goto(url)
  await page.keyboard.press('j')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.locator(`#column-approved #task-${first}`).waitFor()
  expect(await page.evaluate(() => document.activeElement !== document.body)).toBe(true)
})

test('what_an_agent_does_is_seen_and_a_text_in_progress_is_kept', async () => {
  const { id, url } = await loopWith('First')
  await page.goto(url)
  await page.keyboard.press('e')
  await page.getByLabel('Description').fill('Half a sentence')
  await agent.call('create_task', { title: 'From an agent', loop_id: id })
  await page.getByRole('link', { name: 'From an agent' }).waitFor()
  expect(await page.getByLabel('Description').inputValue()).toBe('Half a sentence')
})

test('a_loop_is_shipped_by_mouse_after_a_look_at_what_it_does', async () => {
  const { id, url } = await loopWith('Left')
  await page.goto(url)
  await page.getByRole('button', { name: 'Ship…' }).click()
  await page.getByRole('heading', { name: '1 task is unfinished' }).waitFor()
  expect(await faultsOf(page)).toEqual([])
  await page.getByRole('button', { name: 'Ship it' }).click()
  await page.getByText('Ann shipped this loop').waitFor()
  expect((await agent.call('get_loop', { loop_id: id })).loop.status).toBe('shipped')
})

test('without_javascript_a_task_is_moved_and_the_loop_is_shipped', async () => {
  const { id, url, tasks } = await loopWith('First')
  const [first = ''] = tasks
  const plain = await browser.newContext({ javaScriptEnabled: false })
  const on = await plain.newPage()
  await signIn(on)
  await on.goto(url)
  await on.locator(`#menu-${first} > summary`).click()
  await on.locator(`#task-${first}`).getByRole('button', { name: 'Approve' }).click()
  await on.locator(`#column-approved #task-${first}`).waitFor()
  await on.getByRole('button', { name: 'Ship…' }).click()
  await on.getByRole('button', { name: 'Ship it' }).click()
  await on.getByText('Ann shipped this loop').waitFor()
  await plain.close()
  expect((await agent.call('get_loop', { loop_id: id })).loop.status).toBe('shipped')
})
