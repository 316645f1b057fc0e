// Shipping a loop over HTTP: the page that shows first what it does, the confirmation, and whom it refuses.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
let bo: Account
let vi: Account
let agent: McpClient

beforeAll(async () => {
  system = await startSystem()
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  vi = await joinWorkspace(system, ann, { name: 'Vi', role: 'viewer' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.stop()
})

const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'

/** A loop with a task that is done and one that is not. */
const makeLoop = async (visibility: 'public' | 'private' = 'public') => {
  const { loop } = await agent.call('create_loop', { name: 'Search <b>', visibility })
  const file = async (title: string) => (await agent.call('create_task', { title, loop_id: loop.id })).task.id
  const [done, left] = [await file('Done <i>'), await file('Left <i>')]
  for (const status of ['approved', 'in_progress', 'shipped'] as const)
    await agent.call('update_task', { task_id: done, status })
  return { id: loop.id, done, left, path: `/loops/${loop.id}/ship` }
}
const statusOf = async (loop_id: string) => (await agent.call('get_loop', { loop_id })).loop.status

test('the_form_of_the_loop_leads_to_what_shipping_does_and_changes_nothing', async () => {
  const { id, done, left, path } = await makeLoop()
  const { url, text } = await ann.browser.submit(`/loops/${id}`, { ship: 'true' })
  expect(url.pathname).toBe(path)
  expect(text).toContain('It cannot be undone.')
  expect(text).toContain('1 task is unfinished')
  expect(text).toContain(`href="/tasks/${left}" dir="auto">Left &lt;i&gt;</a>`)
  expect(text).toContain(`href="/tasks/${done}" dir="auto">Done &lt;i&gt;</a>`)
  expect(text).toContain('All 3 members of the workspace')
  expect(await statusOf(id)).toBe('active')
})

test('the_mail_is_shown_as_it_would_come_in_a_frame_that_can_do_nothing', async () => {
  const { path } = await makeLoop()
  const page = await ann.browser.open(path)
  expect(page.text).toContain(`sandbox="" src="${path}/mail"`)
  expect(page.headers.get('content-security-policy')).toContain("frame-src 'self'")
  const mail = await ann.browser.open(`${path}/mail`)
  expect(mail.text).toContain('Search &lt;b&gt;')
  expect(mail.text).not.toContain('<script')
  const policy = mail.headers.get('content-security-policy')
  expect(policy).toMatch(/^default-src 'none'; .*frame-ancestors 'self'; .*sandbox$/)
  expect(policy).not.toContain('script-src')
  expect(mail.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  for (const other of [vi, await signUp(system, { name: 'Eve' })])
    expect((await other.browser.open(`${path}/mail`)).status).toBe(other === vi ? 403 : 404)
})

test('confirming_ships_it_and_shows_who_did_and_no_more_forms', async () => {
  const { id, path } = await makeLoop()
  const version = (await agent.call('get_loop', { loop_id: id })).loop.version
  const form = { confirm: 'true', expected_version: String(version) }
  const { url, text } = await ann.browser.submit(path, form)
  expect(url.pathname).toBe(`/loops/${id}`)
  expect(text).toMatch(/<bdi>Ann<\/bdi> shipped this loop/)
  expect(/<main.*<\/main>/s.exec(text)?.[0]).not.toContain('<form')
  expect(await statusOf(id)).toBe('shipped')
  await expect
    .poll(async () => (await system.mailTo(bo.email)).subject, { timeout: 20_000 })
    .toContain('Search <b>')
  expect((await ann.browser.open(path)).url.pathname).toBe(`/loops/${id}`)
})

test('without_a_confirmation_or_at_another_version_nothing_is_shipped', async () => {
  const { id, path } = await makeLoop()
  expect((await ann.browser.submit(path, {})).status).toBe(400)
  await agent.call('update_loop', { loop_id: id, name: 'Changed' })
  const stale = await ann.browser.submit(path, { confirm: 'true', expected_version: '1' })
  expect([stale.status, stale.text.includes('role="alert"')]).toEqual([409, true])
  expect(stale.text).toContain('name="expected_version" value="2"')
  expect(await statusOf(id)).toBe('active')
})

test('it_is_refused_to_all_who_may_not', async () => {
  const { id, path } = await makeLoop('private')
  const form = { confirm: 'true' }
  const eve = await signUp(system, { name: 'Eve' })
  expect((await openBrowser(system.url).submit(path, form)).url.pathname).toBe('/sign-in')
  expect((await eve.browser.submit(path, form)).status).toBe(404)
  const [there, nowhere] = [await bo.browser.open(path), await bo.browser.open(`/loops/${NOWHERE}/ship`)]
  expect([there.status, nowhere.status]).toEqual([404, 404])
  expect(there.text.replaceAll(id, 'ID')).toBe(nowhere.text.replaceAll(NOWHERE, 'ID'))
  const open = await makeLoop()
  expect((await vi.browser.open(open.path)).status).toBe(403)
  expect((await vi.browser.submit(open.path, form)).status).toBe(403)
  const foreign = await fetch(new URL(open.path, system.url), {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
    body: new URLSearchParams(form),
  })
  expect(foreign.status).toBe(403)
  expect([await statusOf(id), await statusOf(open.id)]).toEqual(['active', 'active'])
})
