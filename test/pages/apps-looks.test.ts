// How the MCP Apps look in a real browser: in every theme, width and language, in the colours of the host, and for readers.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { press, type ShownApp, shoot, showApp, startHostSite } from '../support/app-host.ts'
import { launchBrowser } from '../support/chromium.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { faultsOf, overflowOf, visibleFaultsOf } from '../support/page-looks.ts'
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

/** A morning's backlog: what triage and the queue show of it. */
const fill = async (): Promise<void> => {
  const loops = []
  for (const [name, visibility] of [
    ['Offline mode', 'public'],
    ['Billing by usage', 'private'],
    ['Everything that the accessibility audit of last autumn found and nobody has looked at since', 'public'],
  ] as const)
    loops.push((await client.call('create_loop', { name, visibility })).loop.id)
  const [offline = '', billing = ''] = loops
  const inLoops = []
  for (const [n, title] of [
    'Queue writes',
    'Show what waits',
    'Resolve conflicts',
    'Prices',
    'Invoices',
  ].entries())
    inLoops.push((await file(title, { loop_id: n < 3 ? offline : billing })).id)
  await client.call('bulk_update_tasks', { task_ids: inLoops.slice(0, 4), status: 'approved' })
  await client.call('claim_next_work', { max_tasks: 2 })
  await client.call('complete_task', { task_id: inLoops[0] ?? '', outcome: 'Done.' })
  await file('Rename the button “Submit” to what it does', { priority: 'low' })
  await file('Search finds nothing with a trailing space', {
    priority: 'urgent',
    loop_id: offline,
    due_date: '2027-01-15',
    labels: ['search', 'bug'],
  })
  const { id } = await file('Retry a webhook after the receiver answered 503', {
    priority: 'medium',
    body: [
      '## What',
      'When a receiver answers **503**, the call is given up at once. It should be tried again:',
      '- after `Retry-After`, if it says so',
      '- else after 1, 5 and 30 minutes',
      '',
      '```',
      'POST /hooks HTTP/1.1',
      'webhook-id: msg_2b5YxFqPqLbDk9WJ4mJ2pCkzR1s-a-long-line-that-does-not-fit-into-a-narrow-window',
      '```',
      '',
      '## Done when',
      '1. a test with a real receiver shows it',
      '2. the page of calls shows every try',
    ].join('\n'),
  })
  await client.call('add_comment', {
    task_id: id,
    kind: 'question',
    text: 'Also after *429*? It has a `Retry-After` too.',
  })
}

/** The heights of the app and of its frame: one, once the host has given it the room that it needs. */
const heightsOf = async ({ page, frame }: ShownApp) =>
  new Set([
    await page.evaluate(() => document.querySelector('iframe')?.clientHeight),
    await frame().evaluate(() => Math.ceil(document.documentElement.getBoundingClientRect().height)),
  ])

test.each([
  ['list_tasks', 'triage'],
  ['get_loop_queue', 'queue'],
] as const)(
  'nothing_is_wrong_for_readers_and_all_fits_in_every_theme_width_and_language (%s)',
  async (tool, name) => {
    await fill()
    await using shown = await showApp(browser, site, client, tool)
    await shown.app.getByRole('heading', { level: 2 }).first().waitFor()
    if (name === 'queue') await press(shown, 'More for Offline mode')
    else {
      await shown.app.getByText('Done when').waitFor()
      await shown.app.getByLabel('Select all').check()
    }
    for (const locale of ['en-GB', 'de', 'fr-FR', 'es-ES', 'ar'])
      for (const theme of ['light', 'dark'] as const) {
        await shown.setContext({ locale, theme, timeZone: 'Europe/Madrid' })
        await expect.poll(() => shown.frame().evaluate(() => document.documentElement.lang)).toBe(locale)
        for (const width of [320, 760]) {
          await shown.page.setViewportSize({ width, height: 1_800 })
          await expect.poll(() => heightsOf(shown).then(({ size }) => size)).toBe(1)
          await shoot(shown, `${name}-${locale}-${theme}-${width}`)
          // All faults once in each language; the other looks for what they may spoil.
          const find = theme === 'light' && width === 320 ? faultsOf : visibleFaultsOf
          const found = [await find(shown.frame()), await overflowOf(shown.frame())]
          expect([locale, theme, width, ...found]).toEqual([locale, theme, width, [], 0])
        }
      }
  },
)

test('follow_the_colours_of_the_host_and_its_size', async () => {
  await using shown = await showApp(browser, site, client, 'get_loop_queue')
  await shown.app.getByText('The queue is empty.').waitFor()
  await shown.setContext({
    theme: 'dark',
    styles: { variables: { '--color-background-primary': 'rgb(1, 2, 3)' } as never },
  })
  const background = () => shown.frame().evaluate(() => getComputedStyle(document.body).backgroundColor)
  await expect.poll(background).toBe('rgb(1, 2, 3)')
  await expect.poll(() => heightsOf(shown).then(({ size }) => size)).toBe(1)
})
