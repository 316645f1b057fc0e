// Pages that depend on other services: the members of a private loop, and the unsubscribe link of a mail.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
let bo: Account
let agent: McpClient

beforeAll(async () => {
  system = await startSystem()
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.stop()
})

describe('a private loop', () => {
  const makeLoop = async (name: string): Promise<string> =>
    (await agent.call('create_loop', { name, visibility: 'private' })).loop.id

  test('is_visible_to_added_people_until_they_are_removed', async () => {
    const id = await makeLoop('Secret <plans>')
    expect((await bo.browser.open(`/loops/${id}`)).status).toBe(404)
    expect((await bo.browser.open('/workspace')).text).not.toContain('Secret')

    expect((await ann.browser.open('/workspace')).text).toContain(`/loops/${id}`)
    const page = await ann.browser.open(`/loops/${id}`)
    expect(page.text).toContain('<h1>Secret &lt;plans&gt;</h1>')
    const [, user_id = ''] = /<option value="(\w+)">Bo /.exec(page.text) ?? []
    await ann.browser.submit(`/loops/${id}`, { user_id, member: 'true' })
    expect((await bo.browser.open(`/loops/${id}`)).status).toBe(200)
    expect((await bo.browser.open('/workspace')).text).toContain('Secret &lt;plans&gt;')

    await ann.browser.submit(`/loops/${id}`, { user_id, member: 'false' })
    expect((await bo.browser.open(`/loops/${id}`)).status).toBe(404)
  })
  test('an_unknown_person_is_not_added', async () => {
    const id = await makeLoop('Plans')
    const { status, text } = await ann.browser.submit(`/loops/${id}`, { user_id: 'nobody', member: 'true' })
    expect([status, text.includes('role="alert"')]).toEqual([400, true])
  })
  test.each(['nonsense', '01JDAAAAAAAAAAAAAAAAAAAAAA'])('an_unknown_loop_is_not_found: %s', async (id) => {
    const { status, headers } = await ann.browser.open(`/loops/${id}`)
    expect(status).toBe(id === 'nonsense' ? 400 : 404)
    expect(headers.get('content-type')).toMatch(/^text\/html/)
  })
})

describe('the unsubscribe link', () => {
  const shipTo = async (name: string, address: string) => {
    const { loop } = await agent.call('create_loop', { name })
    await agent.call('ship_loop', { loop_id: loop.id })
    await expect.poll(async () => (await system.mailTo(address)).subject, { timeout: 20_000 }).toContain(name)
    return system.mailTo(address)
  }
  const linkOf = (headers: Readonly<Record<string, string>>): string => {
    const [, line = ''] =
      Object.entries(headers).find(([name]) => name.toLowerCase() === 'list-unsubscribe') ?? []
    return /<(https?:[^>]+)>/.exec(line)?.[1] ?? ''
  }

  test('changes_nothing_when_opened_and_acts_on_one_click_without_a_session', async () => {
    const link = linkOf((await shipTo('First', bo.email)).headers)
    const stranger = openBrowser(system.url)
    const page = await stranger.open(link)
    expect(page.text).toContain(bo.email)
    expect((await stranger.open(link)).text).toContain('gets emails about every loop')

    const oneClick = await fetch(link, {
      method: 'POST',
      headers: { Origin: 'https://mail.example', 'Sec-Fetch-Site': 'cross-site' },
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    })
    expect(oneClick.status).toBe(200)
    expect((await stranger.open(link)).text).toContain('gets no emails')
    await shipTo('Second', ann.email)
    const mails = (await system.mails()).filter(({ to }) => to.includes(bo.email))
    expect(mails.some(({ subject }) => subject.includes('Second'))).toBe(false)

    await stranger.submit(link, { wants: 'all' })
    expect((await stranger.open(link)).text).toContain('gets emails about every loop')
  })
  test('is_not_found_when_it_is_made_up', async () => {
    expect((await openBrowser(system.url).open('/u/nonsense')).status).toBe(404)
  })
})
