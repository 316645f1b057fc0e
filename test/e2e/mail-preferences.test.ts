// People choose their mails, through the whole system from the tool that ships a loop to the mailbox. They do so by the
// link of a mail, without signing in, and on their page. Another page shows the status of sent mails.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
let bo: Account
let annsAgent: McpClient
let bosAgent: McpClient

beforeAll(async () => {
  system = await startSystem()
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  annsAgent = await agentOf(system, ann)
  bosAgent = await agentOf(system, bo)
})
afterAll(async () => {
  await annsAgent?.[Symbol.asyncDispose]()
  await bosAgent?.[Symbol.asyncDispose]()
  await system?.stop()
})

const subjectsTo = async ({ email }: Account): Promise<string[]> =>
  (await system.mails()).filter(({ to }) => to.includes(email)).map(({ subject }) => subject)

/** Ships a loop and waits for the mail of its creator, who gets all mails: by then every mail is decided. */
const ship = async (name: string, as: McpClient = annsAgent, filedBy?: McpClient): Promise<void> => {
  const { loop } = await as.call('create_loop', { name })
  if (filedBy) await filedBy.call('create_task', { title: 'A task', loop_id: loop.id })
  await as.call('ship_loop', { loop_id: loop.id })
  await expect.poll(() => subjectsTo(ann), { timeout: 20_000 }).toContain(`Shipped: ${name}`)
  await expect.poll(() => waiting(), { timeout: 20_000 }).toBe(false)
}
const waiting = async (): Promise<boolean> => {
  const pages = await Promise.all(
    ['pending', 'sending'].map((status) => ann.browser.open(`/workspace/mails?status=${status}`)),
  )
  return pages.some(({ text }) => !text.includes('There are no such mails.'))
}

/** The link at the foot of the newest mail to somebody. */
const footLink = async ({ email }: Account): Promise<string> => {
  const { html } = await system.mailTo(email)
  return /href="([^"]+\/u\/[\w-]+\?mail=\w+)"/.exec(html)?.[1] ?? ''
}
const hidden = (text: string, name: string): string =>
  new RegExp(`name="${name}" value="(\\w+)"`).exec(text)?.[1] ?? ''

describe('the link of a mail', () => {
  test('mutes_its_loop_alone_and_unmutes_it', async () => {
    await ship('Loud')
    const link = await footLink(bo)
    const stranger = openBrowser(system.url)
    const page = await stranger.open(link)
    expect(page.text).toContain('Mute this loop')
    expect(page.text).not.toContain('Muted loops')

    const after = await stranger.submit(link, { mute_event: hidden(page.text, 'mute_event') })
    expect(after.text).toContain('Muted loops')
    expect(after.text).toContain('Loud')
    expect(after.text).not.toContain('Mute this loop')
    await ship('Other')
    expect(await subjectsTo(bo)).toContain('Shipped: Other')

    const again = await stranger.submit(link, { unmute_loop: hidden(after.text, 'unmute_loop') })
    expect(again.text).not.toContain('Muted loops')
  })
  test('names_no_loop_that_its_person_got_no_mail_about', async () => {
    const [base = ''] = (await footLink(bo)).split('?')
    const annsEvent = new URL(await footLink(ann)).searchParams.get('mail')
    const stranger = openBrowser(system.url)
    const made = '01JZZZZZZZZZZZZZZZZZZZZZZZ'
    expect((await stranger.open(`${base}?mail=${made}`)).text).not.toContain('Mute this loop')
    expect((await stranger.submit(base, { mute_event: made })).status).toBe(404)
    expect((await stranger.open(`${base}?mail=<script>`)).status).toBe(200)
    expect(annsEvent).toMatch(/^\w{26}$/)
  })
})

describe('the page of one’s mails', () => {
  test('mine_are_the_loops_that_one_created_shipped_or_filed_a_task_of', async () => {
    const saved = await bo.browser.submit('/workspace/mail', { wants: 'mine' })
    expect(saved.text).toMatch(/value="mine"\s+checked/)
    await ship('Of Ann alone')
    await ship('With a task of Bo', annsAgent, bosAgent)
    await ship('Made by Bo', bosAgent)
    const subjects = await subjectsTo(bo)
    expect(subjects).not.toContain('Shipped: Of Ann alone')
    expect(subjects).toContain('Shipped: With a task of Bo')
    expect(subjects).toContain('Shipped: Made by Bo')
    await bo.browser.submit('/workspace/mail', { wants: 'all' })
  })
  test('a_loop_muted_before_it_ships_sends_no_mail', async () => {
    const { loop } = await annsAgent.call('create_loop', { name: 'Muted early' })
    const secret = await annsAgent.call('create_loop', { name: 'Secret', visibility: 'private' })
    expect((await bo.browser.open('/workspace/mail')).text).toContain('Muted early')
    const muted = await bo.browser.submit('/workspace/mail', { mute_loop: loop.id })
    expect(muted.text).toContain('Muted loops')
    expect((await bo.browser.submit('/workspace/mail', { mute_loop: secret.loop.id })).status).toBe(404)
    await annsAgent.call('ship_loop', { loop_id: loop.id })
    await ship('Afterwards')
    expect(await subjectsTo(bo)).toContain('Shipped: Afterwards')
    expect(await subjectsTo(ann)).toContain('Shipped: Muted early')
    expect(await subjectsTo(bo)).not.toContain('Shipped: Muted early')
  })
  test('requires_a_session_and_shows_the_visitor’s_own_preferences', async () => {
    await bo.browser.submit('/workspace/mail', { wants: 'none' })
    expect((await ann.browser.open('/workspace/mail')).text).toMatch(/value="all"\s+checked/)
    expect((await openBrowser(system.url).open('/workspace/mail')).url.pathname).toBe('/sign-in')
    await bo.browser.submit('/workspace/mail', { wants: 'all' })
  })
  test('refuses_the_form_of_another_site', async () => {
    const answer = await fetch(`${system.url}/workspace/mail`, {
      method: 'POST',
      headers: { Origin: 'https://evil.example' },
      body: new URLSearchParams({ wants: 'none' }),
    })
    expect(answer.status).toBe(403)
  })
})

describe('mails about mentions', () => {
  const mention = async (): Promise<string> => {
    const { task } = await annsAgent.call('create_task', { title: `Task ${randomUUID()}` })
    await annsAgent.call('add_comment', { task_id: task.id, text: 'Can you look at this, @Bo?' })
    return `Ann mentioned you: ${task.title}`
  }
  const box = /name="mentions" value="yes"\s+checked/

  test('stop_by_the_link_in_one_of_them_and_the_others_go_on', async () => {
    const subject = await mention()
    await expect.poll(() => subjectsTo(bo), { timeout: 20_000 }).toContain(subject)
    const [, link = ''] =
      /href="([^"]+\/u\/[\w-]+\?list=mentions)"/.exec((await system.mailTo(bo.email)).html) ?? []
    const stranger = openBrowser(system.url)
    expect((await stranger.open(link)).text).toMatch(box)
    const after = await stranger.submit(link, { 'List-Unsubscribe': 'One-Click' })
    expect(after.text).toContain('gets emails about every loop of this workspace that they can see.')
    expect(after.text).not.toMatch(box)

    const unwanted = await mention()
    await ship('After mentions')
    await expect.poll(() => subjectsTo(bo), { timeout: 20_000 }).toContain('Shipped: After mentions')
    const held = (await ann.browser.open('/workspace/mails?status=suppressed')).text
    expect(held).toContain('wants no mails about mentions')
    expect(await subjectsTo(bo)).not.toContain(unwanted)
  })
  test('come_again_by_the_box_on_the_page_and_without_mails_about_loops', async () => {
    const saved = await bo.browser.submit('/workspace/mail', { wants: 'none', mentions: 'yes' })
    expect(saved.text).toMatch(box)
    const subject = await mention()
    await expect.poll(() => subjectsTo(bo), { timeout: 20_000 }).toContain(subject)
    // As a browser sends it: the hidden value, and nothing for the box.
    const off = await bo.browser.submit('/workspace/mail', { wants: 'all', mentions: 'no' })
    expect(off.text).not.toMatch(box)
  })
  test('end_with_all_others_by_the_link_in_a_mail_about_a_loop', async () => {
    await bo.browser.submit('/workspace/mail', { wants: 'all', mentions: 'yes' })
    await ship('Last one')
    const stranger = openBrowser(system.url)
    const after = await stranger.submit(await footLink(bo), { 'List-Unsubscribe': 'One-Click' })
    expect(after.text).toContain('No more emails from Acme')
    const page = (await bo.browser.open('/workspace/mail')).text
    expect(page).toMatch(/value="none"\s+checked/)
    expect(page).not.toMatch(box)
    await bo.browser.submit('/workspace/mail', { wants: 'all', mentions: 'yes' })
  })
})

describe('the page of what became of them', () => {
  test('shows_all_to_the_owner_and_their_own_to_a_member', async () => {
    const owners = (await ann.browser.open('/workspace/mails')).text
    expect(owners).toContain(ann.email)
    expect(owners).toContain(bo.email)
    const own = (await bo.browser.open('/workspace/mails')).text
    expect(own).toContain(bo.email)
    expect(own).not.toContain(ann.email)
  })
  test('can_be_filtered_to_mails_held_back_with_their_reason', async () => {
    const { text } = await ann.browser.open('/workspace/mails?status=suppressed')
    expect(text).toContain('wants mails about their own loops only')
    expect(text).toContain('Send again')
    expect((await ann.browser.open('/workspace/mails?status=sent')).text).not.toContain('Send again')
    expect((await ann.browser.open('/workspace/mails?status=nonsense')).status).toBe(400)
  })
})
