// The MCP Apps in a real browser, in a host by the official package, with real clients of a whole system: people triage and
// order the queue in their chat.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { press, type ShownApp, shoot, showApp, startHostSite, waitForAsked } from '../support/app-host.ts'
import { launchBrowser } from '../support/chromium.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { complaintsOf, overflowOf } from '../support/page-looks.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let browser: Browser
let site: Awaited<ReturnType<typeof startHostSite>>
let ann: Account
let client: McpClient

beforeAll(async () => {
  system = await startSystem()
  browser = await launchBrowser()
  site = await startHostSite()
})
afterAll(async () => {
  await site?.[Symbol.asyncDispose]()
  await browser?.close()
  await system?.stop()
})
beforeEach(async () => {
  ann = await signUp(system, { name: 'Ann' })
  client = await agentOf(system, ann, { name: 'chat' })
  return () => client[Symbol.asyncDispose]()
})

const file = async (title: string, more: object = {}) =>
  (await client.call('create_task', { title, body: `How to do “${title}”.`, ...more })).task
const statusOf = async (task_id: string) => (await client.call('get_task', { task_id })).task.status
const titlesIn = ({ app }: ShownApp) => app.locator('.rows .title').allTextContents()
const heading = ({ app }: ShownApp, name: string) => app.getByRole('heading', { level: 2, name, exact: true })
const said = ({ app }: ShownApp) => app.getByRole('status')
const wrong = ({ app }: ShownApp) => app.getByRole('alert')

describe('triage', () => {
  const show = (options = {}) => showApp(browser, site, client, 'list_tasks', options)

  test('shows_open_tasks_newest_first_and_goes_to_the_next_after_each_decision', async () => {
    const [one, two, three] = [await file('One'), await file('Two'), await file('Three')]
    await file('Decided').then(({ id }) =>
      client.call('update_task', { task_id: id, status: 'approved', priority: 'high' }),
    )
    await using shown = await show()
    await shown.app.getByText('How to do “Three”.').waitFor()
    expect(await titlesIn(shown)).toEqual(['Three', 'Two', 'One'])
    await press(shown, 'Approve')
    await shown.app.getByText('How to do “Two”.').waitFor()
    expect(await said(shown).textContent()).toContain('Approved: Three')
    await press(shown, 'Reject')
    await shown.app.getByText('How to do “One”.').waitFor()
    await press(shown, 'Hold')
    await shown.app.getByText('Nothing to triage.').waitFor()
    expect(await Promise.all([one, two, three].map(({ id }) => statusOf(id)))).toEqual([
      'on_hold',
      'rejected',
      'approved',
    ])
    await press(shown, 'Undo')
    await heading(shown, 'One').waitFor()
    expect(await statusOf(one.id)).toBe('open')
    expect(JSON.stringify(await waitForAsked(shown, 'ui/update-model-context'))).toContain(
      `set task ${three.id} to approved`,
    )
    expect(shown.strayRequests).toEqual([])
    await shown.teardown()
  })

  test('approves_into_a_loop_with_a_priority_in_one_step', async () => {
    const { loop } = await client.call('create_loop', { name: 'Autumn' })
    const { id } = await file('Mend the pier')
    await using shown = await show()
    await shown.app.getByLabel('Loop', { exact: true }).selectOption('Autumn')
    await shown.app.getByLabel('Priority').selectOption('urgent')
    await press(shown, 'Approve')
    await shown.app.getByText('Nothing to triage.').waitFor()
    expect((await client.call('get_task', { task_id: id })).task).toMatchObject({
      status: 'approved',
      priority: 'urgent',
      loop_id: loop.id,
    })
    await press(shown, 'Undo')
    await heading(shown, 'Mend the pier').waitFor()
    expect((await client.call('get_task', { task_id: id })).task).toMatchObject({
      status: 'open',
      priority: 'none',
      loop_id: null,
    })
    await shown.app.getByLabel('Priority').selectOption('low')
    await press(shown, 'Save')
    await said(shown).getByText('Saved: Mend the pier').waitFor()
    expect((await client.call('get_task', { task_id: id })).task.priority).toBe('low')
    await heading(shown, 'Mend the pier').waitFor()
  })

  test('is_done_by_keys_alone', async () => {
    const [one, two, three] = [await file('One'), await file('Two'), await file('Three')]
    await using shown = await show()
    await shown.app.getByText('How to do “Three”.').waitFor()
    await shown.app.getByRole('button', { name: /^Three/ }).focus()
    const focused = () =>
      shown.frame().evaluate(() => document.activeElement?.querySelector('.title')?.textContent)
    await shown.page.keyboard.press('ArrowDown')
    await shown.app.getByText('How to do “Two”.').waitFor()
    expect(await focused()).toBe('Two')
    await shown.page.keyboard.press('1')
    await shown.app.getByText('How to do “One”.').waitFor()
    await expect.poll(focused).toBe('One')
    await shown.page.keyboard.press('k')
    await shown.app.getByText('How to do “Three”.').waitFor()
    await shown.page.keyboard.press('3')
    await shown.app.getByText('How to do “One”.').waitFor()
    await expect.poll(focused).toBe('One')
    expect(await Promise.all([one, two, three].map(({ id }) => statusOf(id)))).toEqual([
      'open',
      'approved',
      'rejected',
    ])
    await shown.app.getByRole('button', { name: 'Approve', exact: true }).focus()
    await shown.page.keyboard.press('Enter')
    await shown.app.getByText('Nothing to triage.').waitFor()
    expect(await statusOf(one.id)).toBe('approved')
  })

  test('approves_many_at_the_versions_that_it_shows', async () => {
    const tasks = [await file('One'), await file('Two'), await file('Three')]
    await using shown = await show()
    await shown.app.getByText('How to do “Three”.').waitFor()
    await client.call('update_task', { task_id: tasks[0]?.id ?? '', title: 'One, and more' })
    await shown.app.getByLabel('Select all').check()
    await press(shown, 'Approve selected (3)')
    await said(shown).getByText('Approved: 2. Failed: 1.').waitFor()
    await shown.app.getByRole('button', { name: /^One, and more/ }).waitFor()
    expect(await Promise.all(tasks.map(({ id }) => statusOf(id)))).toEqual(['open', 'approved', 'approved'])
  })

  test('approves_only_the_text_that_was_shown', async () => {
    const { id } = await file('Paint the boat')
    await using shown = await show()
    await heading(shown, 'Paint the boat').waitFor()
    await shown.app.getByText('How to do “Paint the boat”.').waitFor()
    await client.call('update_task', { task_id: id, title: 'Sink the boat' })
    await press(shown, 'Approve')
    await wrong(shown).getByText('Somebody has changed it meanwhile').waitFor()
    await heading(shown, 'Sink the boat').waitFor()
    expect(await statusOf(id)).toBe('open')
    await shoot(shown, 'conflict')
    await press(shown, 'Approve')
    await said(shown).getByText('Approved: Sink the boat').waitFor()
    expect(await statusOf(id)).toBe('approved')
  })

  test('says_what_to_do_when_the_connection_may_not_approve', async () => {
    const { id } = await file('One')
    await using reader = await agentOf(system, ann, { name: 'careful chat', without: ['loops:approve'] })
    await using shown = await showApp(browser, site, reader, 'list_tasks')
    await shown.app.getByText('How to do “One”.').waitFor()
    for (const _ of ['as a challenge', 'as an answer']) {
      await press(shown, 'Approve')
      await wrong(shown).getByText(`${system.url}/apps`).waitFor()
      await expect
        .poll(() => shown.app.getByRole('button', { name: 'Approve' }).getAttribute('aria-disabled'))
        .toBeNull()
    }
    await shoot(shown, 'no-right')
    await press(shown, 'Allow it')
    expect(await waitForAsked(shown, 'ui/open-link')).toEqual({ url: `${system.url}/apps` })
    expect(await statusOf(id)).toBe('open')
    await press(shown, 'Reject')
    await said(shown).getByText('Rejected: One').waitFor()
    expect(await statusOf(id)).toBe('rejected')
  })

  test('shows_what_the_tool_was_asked_for', async () => {
    const { loop } = await client.call('create_loop', { name: 'Autumn' })
    const { id } = await file('In the loop', { loop_id: loop.id })
    await file('Outside')
    await client.call('update_task', { task_id: id, status: 'approved' })
    await using shown = await show({ args: { loop_id: loop.id, status: 'approved' } })
    await heading(shown, 'In the loop').waitFor()
    expect(await titlesIn(shown)).toEqual(['In the loop'])
    await press(shown, 'Back to open')
    await shown.app.getByText('No tasks here.').waitFor()
    await shown.app.getByLabel('Show').selectOption('open')
    await heading(shown, 'In the loop').waitFor()
    expect(await titlesIn(shown)).toEqual(['In the loop'])
  })

  test('only_shows_what_came_where_the_host_calls_no_tools_for_apps', async () => {
    await file('One')
    await using shown = await show({ capabilities: {} })
    await wrong(shown).getByText('Ask the agent to make changes.').waitFor()
    expect(await titlesIn(shown)).toEqual(['One'])
    expect(await shown.app.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    expect(shown.calls).toEqual([])
  })

  test('pages_through_a_long_list', async () => {
    const titles = Array.from({ length: 50 }, (_, n) => ({ title: `Task ${n}` }))
    await client.call('create_tasks', { tasks: titles })
    await file('The newest')
    await using shown = await show()
    await heading(shown, 'The newest').waitFor()
    expect(await shown.app.locator('.row').count()).toBe(50)
    await press(shown, 'Show more')
    await expect.poll(() => shown.app.locator('.row').count()).toBe(51)
    expect(await shown.app.getByRole('button', { name: 'Show more' }).count()).toBe(0)
  })
})

describe('a hostile text', () => {
  test('is_a_text_and_nothing_else', async () => {
    const texts = HOSTILE_TEXTS.filter((text) => text.isWellFormed() && !text.includes('\0'))
    const { results } = await client.call('create_tasks', {
      tasks: texts.map((text) => ({ title: [...text].slice(0, 200).join(''), body: `${text}\n\n# ${text}` })),
    })
    expect(results.every(({ ok }) => ok)).toBe(true)
    await using shown = await showApp(browser, site, client, 'list_tasks')
    const complaints = complaintsOf(shown.page.context())
    const dialogs: string[] = []
    shown.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    for (const text of texts) {
      const row = shown.app.locator('.row').nth(texts.length - 1 - texts.indexOf(text))
      await row.click()
      const [first = ''] = text.split(/\s/)
      await expect
        .poll(() => shown.app.locator('.details .text').textContent())
        .toContain(first.replace(/`/g, ''))
    }
    const unknown = await shown
      .frame()
      .evaluate(
        () => document.querySelectorAll('main :is(script, img, a, h1 ~ h1, iframe, style, table)').length,
      )
    expect([unknown, dialogs, complaints, shown.strayRequests]).toEqual([0, [], [], []])
    for (const width of [320, 900]) {
      await shown.page.setViewportSize({ width, height: 700 })
      expect(await overflowOf(shown.frame())).toBe(0)
    }
  })
})

describe('the queue', () => {
  const show = (options = {}) => showApp(browser, site, client, 'get_loop_queue', options)
  const make = async (name: string, more: object = {}) =>
    (await client.call('create_loop', { name, ...more })).loop.id
  const names = async () => (await client.call('get_loop_queue', {})).loops.map(({ name }) => name)
  const shownNames = ({ app }: ShownApp) => app.locator('.loop h2 bdi').allTextContents()

  test('moves_loops_by_step_to_the_ends_and_to_a_position', async () => {
    for (const name of ['A', 'B', 'C', 'D']) await make(name)
    await using shown = await show()
    await heading(shown, 'A').waitFor()
    await press(shown, 'Move down: A')
    await said(shown).getByText('A is now at position 2.').waitFor()
    expect([await names(), await shownNames(shown)]).toEqual([
      ['B', 'A', 'C', 'D'],
      ['B', 'A', 'C', 'D'],
    ])
    await press(shown, 'Move up: D')
    await said(shown).getByText('D is now at position 3.').waitFor()
    await press(shown, 'More for D')
    await press(shown, 'To the top')
    await said(shown).getByText('D is now at position 1.').waitFor()
    expect(await names()).toEqual(['D', 'B', 'A', 'C'])
    await press(shown, 'To the bottom')
    await said(shown).getByText('D is now at position 4.').waitFor()
    await shown.app.getByLabel('Position').fill('2')
    await shown.app.getByLabel('Position').press('Enter')
    await said(shown).getByText('D is now at position 2.').waitFor()
    expect(await names()).toEqual(['B', 'D', 'A', 'C'])
    expect(await shownNames(shown)).toEqual(['B', 'D', 'A', 'C'])
    await press(shown, 'Undo')
    await said(shown).getByText('Undone.').waitFor()
    expect(await names()).toEqual(['B', 'A', 'C', 'D'])
    expect(shown.strayRequests).toEqual([])
  })

  test('keeps_the_focus_on_the_button_while_a_loop_moves', async () => {
    for (const name of ['A', 'B', 'C']) await make(name)
    await using shown = await show()
    await shown.app.getByRole('button', { name: 'Move down: A' }).focus()
    for (const position of [2, 3]) {
      await shown.page.keyboard.press('Enter')
      await said(shown).getByText(`A is now at position ${position}.`).waitFor()
      const focused = () => shown.frame().evaluate(() => document.activeElement?.getAttribute('aria-label'))
      expect(await focused()).toBe('Move down: A')
    }
    await shown.page.keyboard.press('Enter')
    expect(shown.calls.filter((name) => name === 'set_loop_priority')).toHaveLength(2)
  })

  test('moves_nothing_in_an_order_that_somebody_has_changed', async () => {
    const [a] = [await make('A'), await make('B'), await make('C')]
    await using shown = await show()
    await heading(shown, 'A').waitFor()
    await client.call('set_loop_priority', { loop_id: a, priority: 2 })
    await press(shown, 'Move down: A')
    await wrong(shown).getByText('Somebody has changed it meanwhile').waitFor()
    await expect.poll(() => shownNames(shown)).toEqual(['B', 'C', 'A'])
    expect(await names()).toEqual(['B', 'C', 'A'])
    await client.call('set_loop_priority', { loop_id: a, priority: 0 })
    await press(shown, 'Move down: B')
    await said(shown).getByText('B is now at position 2.').waitFor()
    await expect.poll(() => shownNames(shown)).toEqual(['A', 'B', 'C'])
  })

  test('puts_a_loop_on_hold_and_back_and_shows_its_tasks', async () => {
    const loop_id = await make('Autumn', { visibility: 'private' })
    await make('Winter')
    const { id } = await file('Mend the pier', { loop_id })
    await client.call('update_task', { task_id: id, status: 'approved' })
    await using shown = await show()
    await shown.app.getByText('0 of 1 shipped, 0 in progress, 1 approved, 0 open, 0 on hold').waitFor()
    await press(shown, 'More for Autumn')
    await press(shown, 'Show tasks')
    await shown.app.getByText('Mend the pier').waitFor()
    await shoot(shown, 'queue-menu')
    await press(shown, 'Put on hold')
    await said(shown).getByText('Put on hold: Autumn').waitFor()
    await expect.poll(() => shownNames(shown)).toEqual(['Winter'])
    expect(await names()).toEqual(['Winter'])
    await press(shown, 'Undo')
    await expect.poll(() => shownNames(shown)).toEqual(['Autumn', 'Winter'])
    expect(await names()).toEqual(['Autumn', 'Winter'])
  })

  test('says_what_to_do_when_it_is_empty', async () => {
    await using shown = await show()
    await shown.app.getByText('The queue is empty.').waitFor()
  })
})
