// What an invitation allows: no more than its sender may give, only while they may, and only for its own address.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, joinWorkspace, linkInMail, openBrowser, signUp } from '../support/accounts.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'loops-queue', 'tasks', 'notifier'] })
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
})
afterAll(() => system?.stop())

const newAddress = (): string => `${ids.next().toLowerCase()}@example.com`

/** Has a member invite an address. Returns the link in the mail. */
const invite = async (by: Account, email: string): Promise<string> => {
  expect((await by.browser.submit('/workspace/invite', { email, role: 'member' })).status).toBe(200)
  return (await linkInMail(system, email, 'invitations')).pathname
}
const memberPage = async (name: string): Promise<string> => {
  const { text } = await ann.browser.open('/workspace')
  return new RegExp(`href="(/workspace/members/\\w+)">${name}<`).exec(text)?.[1] ?? ''
}

describe('an invitation whose inviter', () => {
  test.each([
    ['is_a_member_only', 'role', { role: 'member' }],
    ['was_taken_out', 'end', {}],
  ])('%s_works_no_more', async (what, action, form) => {
    const name = `Al${what.length}`
    const admin = await joinWorkspace(system, ann, { name, role: 'admin' })
    const link = await invite(admin, newAddress())
    expect((await openBrowser(system.url).open(link)).status).toBe(200)
    await ann.browser.submit(`${await memberPage(name)}/${action}`, form)
    const page = await openBrowser(system.url).open(link)
    expect(page.status).toBe(404)
    expect(page.text).toContain('may no longer invite people')
    const joined = await openBrowser(system.url).submit(link, {
      name: 'Bo',
      password: 'seven green bicycles',
    })
    expect(joined.status).toBe(404)
  })
  test('has_lost_the_right_is_replaced_by_a_new_one_and_not_listed', async () => {
    const admin = await joinWorkspace(system, ann, { name: 'Abe', role: 'admin' })
    const email = newAddress()
    await invite(admin, email)
    await ann.browser.submit(`${await memberPage('Abe')}/end`, {})
    expect((await ann.browser.open('/workspace')).text).not.toContain(email)
    expect((await ann.browser.submit('/workspace/invite', { email, role: 'viewer' })).text).toContain(email)
  })
})

describe('an invitation that was passed on', () => {
  test('is_refused_to_another_account_with_what_to_do', async () => {
    const email = newAddress()
    const link = await invite(ann, email)
    const other = await signUp(system, { name: 'Otto' })
    expect((await other.browser.open(link)).text).toContain(`is for ${email}`)
    const refused = await other.browser.submit(link, {})
    expect(refused.status).toBe(403)
    expect(refused.text).toContain(`ask Ann to invite ${other.email}`)
    expect((await other.browser.open('/workspace')).text).not.toContain('Acme')
  })
  test('works_for_the_account_of_its_address', async () => {
    const guest = await signUp(system, { name: 'Gil' })
    const link = await invite(ann, guest.email)
    const joined = await guest.browser.submit(link, {})
    expect(joined.url.pathname).toBe('/')
    expect(joined.text).toContain('Acme')
  })
})
