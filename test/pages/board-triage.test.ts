// The triage page in a real browser: a backlog decided by single keys and without a script, and two people at once.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let browser: Browser
let ann: Account
let agent: McpClient
const stack = new AsyncDisposableStack()

beforeAll(async () => {
  browser = await launchBrowser()
  stack.defer(() => browser.close())
  system = stack.use(await startSystem())
  ann = await signUp(system, { name: 'Ann' })
  agent = stack.use(await agentOf(system, ann))
})
afterAll(() => stack.disposeAsync())

/** A page of somebody who has signed in, with the errors of its script. */
const openAs = async (account: Account, options: { javaScriptEnabled?: boolean } = {}) => {
  const context: BrowserContext = await browser.newContext(options)
  stack.defer(() => context.close())
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(`${system.url}/sign-in`)
  await page.getByLabel('Email').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.getByLabel('Password').press('Enter')
  await page.waitForURL(`${system.url}/`)
  return { page, errors }
}
const fileMany = async (count: number, name: string): Promise<string[]> => {
  const tasks = Array.from({ length: count }, (_, index) => ({ title: `${name} ${index}` }))
  const { results } = await agent.call('create_tasks', { tasks })
  return results.map(({ task }) => task?.id ?? '').toReversed()
}
const statusesOf = async (ids: readonly string[]): Promise<string[]> =>
  Promise.all(ids.map(async (id) => (await agent.call('get_task', { task_id: id })).task.status))
const shows = (page: Page, id: string) => page.locator(`#pane-${id}`).waitFor()
const announced = (page: Page, text: string) =>
  page.locator('#announce', { hasText: text }).waitFor({ state: 'attached' })

test('twenty_tasks_are_decided_by_single_keys_and_each_decision_is_announced', async () => {
  const ids = await fileMany(21, 'Key')
  const { page, errors } = await openAs(ann)
  await page.goto(`${system.url}/triage`)
  const keys = ['1', '3', 'h', '1']
  for (const [n, id] of ids.slice(0, 20).entries()) {
    await shows(page, id)
    await page.keyboard.press(keys[n % keys.length] ?? '')
    const said = ['Approved', 'Rejected', 'Put'][['1', '3', 'h'].indexOf(keys[n % keys.length] ?? '')]
    await announced(page, `${said} “Key ${20 - n}”`)
  }
  await shows(page, ids[20] ?? '')
  await page.keyboard.press('u')
  await page.locator(`#task-${ids[19]}`).waitFor()
  expect(await statusesOf(ids.slice(0, 4))).toEqual(['approved', 'rejected', 'on_hold', 'approved'])
  expect(await statusesOf(ids.slice(19))).toEqual(['open', 'open'])
  expect(errors).toEqual([])
})

test('keys_typed_ahead_are_about_the_task_that_comes', async () => {
  const ids = await fileMany(4, 'Ahead')
  const { page } = await openAs(ann)
  await page.goto(`${system.url}/triage`)
  await shows(page, ids[0] ?? '')
  await page.keyboard.type('j1j3')
  await expect.poll(() => statusesOf(ids)).toEqual(['open', 'approved', 'open', 'rejected'])
})

test('the_same_goes_without_a_script', async () => {
  const ids = await fileMany(3, 'Plain')
  const { page } = await openAs(ann, { javaScriptEnabled: false })
  await page.goto(`${system.url}/triage`)
  for (const [id, button] of [
    [ids[0], 'Approve'],
    [ids[1], 'Reject'],
    [ids[2], 'Hold'],
  ] as const) {
    await shows(page, id ?? '')
    await page.locator(`#pane-${id}`).getByRole('button', { name: button, exact: true }).click()
    await page.locator('.done').waitFor()
  }
  expect(await statusesOf(ids)).toEqual(['approved', 'rejected', 'on_hold'])
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.locator(`#task-${ids[2]}`).waitFor()
  expect(await statusesOf(ids.slice(2))).toEqual(['open'])
})

test('an_edit_in_progress_outlasts_what_another_person_does_and_a_look_at_another_task', async () => {
  const bo = await joinWorkspace(system, ann, { name: 'Bo' })
  const ids = await fileMany(3, 'Edited')
  const [first = '', second = ''] = ids
  const { page } = await openAs(bo)
  await page.goto(`${system.url}/triage`)
  await shows(page, first)
  await page.keyboard.press('e')
  const body = page.locator(`#edit-${first}-body`)
  await body.fill('Half a sentence')
  await agent.call('update_task', { task_id: second, status: 'rejected' })
  await page.locator(`#task-${second}`).waitFor({ state: 'detached' })
  expect(await body.inputValue()).toBe('Half a sentence')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe(`edit-${first}-body`)
  await page.locator(`#open-${ids[2]}`).click()
  await shows(page, ids[2] ?? '')
  await page.locator(`#pane-${first}`).waitFor({ state: 'detached' })
  await page.locator(`#open-${first}`).click()
  await shows(page, first)
  expect(await body.inputValue()).toBe('Half a sentence')
  await page.locator(`#edit-${first}`).getByRole('button', { name: 'Save' }).click()
  await announced(page, 'Saved')
  expect((await agent.call('get_task', { task_id: first })).task.body).toBe('Half a sentence')
})
