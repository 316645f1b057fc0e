// The page of a task in a real browser: two people at once, and what neither may lose.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Account } from '../support/accounts.ts'
import { openTaskScene, type TaskScene } from '../support/board-task-scene.ts'
import { launchBrowser } from '../support/chromium.ts'

let scene: TaskScene
let browser: Browser
let ann: Page
let bo: Page

const signedIn = async (account: Account): Promise<Page> => {
  const context: BrowserContext = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${scene.system.url}/sign-in`)
  await page.getByLabel('Email').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${scene.system.url}/`)
  return page
}

beforeAll(async () => {
  scene = await openTaskScene()
  browser = await launchBrowser()
  ann = await signedIn(scene.ann)
  bo = await signedIn(scene.bo)
})
afterAll(async () => {
  await browser?.close()
  await scene?.[Symbol.asyncDispose]()
})

const open = async (page: Page, id: string): Promise<void> => {
  await page.goto(`${scene.system.url}/tasks/${id}`)
  await page.locator('html.scripted').waitFor()
}
const titled = async (title: string): Promise<string> =>
  (await scene.agent.call('create_task', { title, body: 'As it was.' })).task.id

test('a_comment_of_one_appears_at_the_other_who_is_writing_and_loses_nothing', async () => {
  const id = await titled('Talk about it')
  await Promise.all([open(ann, id), open(bo, id)])
  await bo.getByLabel('Write a comment').fill('Half a sent')
  await ann.getByLabel('Write a comment').fill('From **Ann**, for @Bo')
  await ann.getByRole('button', { name: 'Comment', exact: true }).click()
  await ann.locator('.comment', { hasText: 'From Ann' }).waitFor()
  expect(await ann.getByLabel('Write a comment').inputValue()).toBe('')
  await bo.locator('.comment', { hasText: 'From Ann' }).waitFor()
  expect(await bo.locator('.comment .mention').textContent()).toBe('@Bo')
  expect(await bo.getByLabel('Write a comment').inputValue()).toBe('Half a sent')
  expect(await bo.evaluate(() => document.activeElement?.id)).toBe('text')
  await bo.keyboard.type('ence')
  await bo.getByRole('button', { name: 'Comment', exact: true }).click()
  await ann.locator('.comment', { hasText: 'Half a sentence' }).waitFor()
})

test('a_conflict_shows_both_texts_and_keeps_what_was_typed', async () => {
  const id = await titled('Write it well')
  await Promise.all([open(ann, id), open(bo, id)])
  await bo.keyboard.press('e')
  const body = bo.locator('textarea[name=body]')
  await body.fill('As Bo likes it.')
  await ann.keyboard.press('e')
  await ann.locator('textarea[name=body]').fill('As Ann likes it.')
  await ann.getByRole('button', { name: 'Save', exact: true }).first().click()
  await bo.locator('.text > .markdown', { hasText: 'As Ann likes it.' }).waitFor()
  expect(await body.inputValue()).toBe('As Bo likes it.')
  await bo.locator('.edit form').getByRole('button', { name: 'Save' }).click()
  await bo.locator('.diff .removed', { hasText: 'As Ann likes it.' }).waitFor()
  await bo.locator('.diff .added', { hasText: 'As Bo likes it.' }).waitFor()
  expect(await body.inputValue()).toBe('As Bo likes it.')
  await bo.locator('.edit form').getByRole('button', { name: 'Save' }).click()
  await ann.locator('.text > .markdown', { hasText: 'As Bo likes it.' }).waitFor()
})

test('work_is_taken_over_by_key_and_the_other_sees_it', async () => {
  await Promise.all([open(ann, scene.held), open(bo, scene.held)])
  await ann.getByRole('button', { name: 'Take over' }).press('Enter')
  await bo.locator('#holder', { hasText: 'Loops in the browser' }).waitFor()
  await ann.locator('#holder', { hasText: 'Does not end by itself' }).waitFor()
  await ann.getByRole('button', { name: 'Release' }).press('Enter')
  await bo.locator('#holder').waitFor({ state: 'detached' })
})

test('the_page_of_agents_shows_a_claim_while_it_is_made_and_given_back', async () => {
  const id = await titled('Take me, robot')
  await scene.agent.call('update_task', { task_id: id, status: 'approved' })
  await ann.goto(`${scene.system.url}/agents`)
  await ann.locator('html.scripted').waitFor()
  await scene.agent.call('claim_task', { task_id: id })
  await ann.locator(`#held-${id}`, { hasText: 'Take me, robot' }).waitFor()
  await scene.agent.call('release_claims', { task_ids: [id] })
  await ann.locator(`#held-${id}`).waitFor({ state: 'detached' })
})

test('search_follows_what_somebody_types', async () => {
  const id = await titled('Polish the periscope')
  await bo.goto(`${scene.system.url}/search`)
  await bo.locator('html.scripted').waitFor()
  await bo.locator('#q').pressSequentially('peris')
  await bo.locator(`#found-${id} mark`, { hasText: 'periscope' }).waitFor()
  expect(await bo.locator('#q').inputValue()).toBe('peris')
  expect(await bo.evaluate(() => document.activeElement?.id)).toBe('q')
  expect(new URL(bo.url()).searchParams.get('q')).toBe('peris')
})
