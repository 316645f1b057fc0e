// Unconfirmed addresses. Nothing is sent for such an account until its person, signed in, follows the mailed link.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Account,
  confirmAddress,
  joinWorkspace,
  linkInMail,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let first: Account
beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'loops-queue', 'tasks', 'notifier', 'webhooks'] })
  first = await signUp(system, { name: 'Ann', workspace: 'Acme' })
})
afterAll(() => system?.stop())

const newAddress = (): string => `${ids.next().toLowerCase()}@example.com`
const invite = (by: Account, email = newAddress()) =>
  by.browser.submit('/workspace/invite', { email, role: 'member' })
const asks = async ({ browser }: Account): Promise<boolean> =>
  (await browser.open('/account')).text.includes('Confirm your address')

describe('an account that anybody made', () => {
  test('invites_nobody_and_calls_nothing_before_its_address_is_confirmed', async () => {
    const cy = await signUp(system, { name: 'Cy' })
    expect(await asks(cy)).toBe(true)
    const refused = await invite(cy)
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('Confirm your own address first')
    const webhook = { url: 'https://hooks.example.com/in' }
    const unsent = await cy.browser.submit('/workspace/webhooks/add_webhook', webhook)
    expect([unsent.status, unsent.text.includes('Confirm your own address first')]).toEqual([403, true])
    await confirmAddress(system, cy)
    expect(await asks(cy)).toBe(false)
    expect((await invite(cy)).status).toBe(200)
    expect((await cy.browser.submit('/workspace/webhooks/add_webhook', webhook)).status).toBe(200)
  })
  test('is_confirmed_by_nobody_else_who_has_the_link', async () => {
    const [cy, eve] = [await signUp(system, { name: 'Cyd' }), await signUp(system, { name: 'Eve' })]
    const link = await linkInMail(system, cy.email, 'confirm')
    expect((await eve.browser.submit(link, {})).status).toBe(403)
    expect((await openBrowser(system.url).submit(link, {})).url.pathname).toBe('/sign-in')
    expect(await asks(cy)).toBe(true)
    expect(await asks(eve)).toBe(true)
  })
  test('is_not_confirmed_by_a_program_that_opens_the_link', async () => {
    const cy = await signUp(system, { name: 'Cyr' })
    const link = await linkInMail(system, cy.email, 'confirm')
    expect((await cy.browser.open(link)).status).toBe(200)
    expect(await asks(cy)).toBe(true)
  })
  test('confirms_its_address_on_the_way_through_sign_in', async () => {
    const cy = await signUp(system, { name: 'Cyn' })
    const link = await linkInMail(system, cy.email, 'confirm')
    const browser = openBrowser(system.url)
    const signIn = await browser.open(link)
    const page = await browser.submit(signIn.url, { email: cy.email, password: cy.password })
    expect(page.url.pathname).toBe(link.pathname)
    expect((await browser.submit(page.url, {})).text).toContain('Your address is confirmed')
    expect((await browser.open(link)).status).toBe(404)
  })
  test('may_request_the_mail_again_but_not_without_limit', async () => {
    const cy = await signUp(system, { name: 'Cyb' })
    const statuses = []
    for (let times = 0; times < 4; times += 1)
      statuses.push((await cy.browser.submit('/account/confirmation', {})).status)
    expect(statuses[0]).toBe(200)
    expect(statuses.at(-1)).toBe(429)
  })
  test('is_confirmed_by_a_new_password_that_came_by_mail', async () => {
    const cy = await signUp(system, { name: 'Cyp' })
    await cy.browser.submit('/forgot', { email: cy.email })
    const link = await linkInMail(system, cy.email, 'reset')
    await cy.browser.submit(link, { password: 'nine purple tricycles' })
    expect(await asks(cy)).toBe(false)
  })
})

test('whoever_comes_first_or_by_an_invitation_needs_no_confirmation', async () => {
  expect(await asks(first)).toBe(false)
  const bo = await joinWorkspace(system, first, { name: 'Bo', role: 'admin' })
  expect(await asks(bo)).toBe(false)
  expect((await invite(bo)).status).toBe(200)
})

test('no_address_is_invited_again_and_again', async () => {
  const email = newAddress()
  const statuses = []
  for (let times = 0; times < 6; times += 1) {
    const page = await invite(first, email)
    statuses.push(page.status)
    const withdraw = [...page.text.matchAll(/action="(\/workspace\/invitations\/\w+\/withdraw)"/g)]
    for (const [, action = ''] of withdraw) await first.browser.submit(action, {})
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
})
