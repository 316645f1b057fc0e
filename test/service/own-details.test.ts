// A person changes their name and address: what is asked, who is told, and who wins where two want one address.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Account,
  agentOf,
  confirmAddress,
  joinWorkspace,
  linkInMail,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { tokenOf } from '../support/fleet.ts'
import { openGatewayEnvironment } from '../support/gateway-environment.ts'
import { ids } from '../support/service-environment.ts'
import { type Mail, type System, startSystem } from '../support/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  // The first account of an installation needs no confirmation.
  await signUp(system, { name: 'Founder' })
})
afterAll(() => system?.stop())

const PAGE = '/account/details'
const fresh = (): string => `new.${ids.next().toLowerCase()}@example.com`
const ask = (who: Account, email: string) => who.browser.submit(`${PAGE}/address`, { email })
const canSignIn = async (email: string, { password }: Account): Promise<boolean> =>
  (await openBrowser(system.url).submit('/sign-in', { email, password })).url.pathname === '/'
const mailsTo = async (address: string): Promise<readonly Mail[]> =>
  (await system.mails()).filter(({ to }) => to.includes(address))
const subjects = async (address: string): Promise<string[]> =>
  (await mailsTo(address)).map(({ subject }) => subject)
/** Somebody whose address is confirmed. */
const confirmed = async (name = 'Ann'): Promise<Account> => {
  const account = await signUp(system, { name })
  await confirmAddress(system, account)
  return account
}

describe('a new address', () => {
  test('is_used_once_its_link_is_followed_and_the_old_one_is_told', async () => {
    const ann = await confirmed()
    const email = fresh()
    expect((await ask(ann, email)).text).toContain('is on its way')
    const link = await linkInMail(system, email, 'confirm')
    expect([await canSignIn(email, ann), await canSignIn(ann.email, ann)]).toEqual([false, true])
    expect((await ann.browser.open(link)).text).toContain('Confirm your new address')
    expect((await ann.browser.submit(link, {})).url.search).toBe('?confirmed')
    expect([await canSignIn(email, ann), await canSignIn(ann.email, ann)]).toEqual([true, false])
    await expect.poll(() => subjects(ann.email)).toContain('Your Loops account has a new address')
    const [told] = await mailsTo(ann.email)
    expect(told?.text).toContain(email)
    expect((await ann.browser.submit(link, {})).status).toBe(404)
  })

  test('that_is_none_is_refused_in_the_form', async () => {
    const ann = await confirmed()
    const refused = await ask(ann, 'nowhere')
    expect([refused.status, refused.text.includes('not an address')]).toEqual([400, true])
  })

  test('asked_for_in_a_browser_that_was_left_open_asks_who_it_is', async () => {
    await using env = await openGatewayEnvironment()
    const ann = await signUp(env, { name: 'Ann' })
    env.advance(16 * 60_000)
    const email = fresh()
    const asked = await ask(ann, email)
    expect([asked.status, asked.text.includes(`name="kept.email" value="${email}"`)]).toEqual([401, true])
    expect(await env.db.collection('account_mails').countDocuments({ kind: 'new_address' })).toBe(0)
  })

  test('of_somebody_else_gets_no_mail_and_the_same_answer', async () => {
    const [ann, bo] = [await confirmed(), await confirmed('Bo')]
    const before = (await mailsTo(bo.email)).length
    const taken = await ask(ann, bo.email)
    const free = fresh()
    expect(taken.text).toBe((await ask(ann, free)).text)
    await linkInMail(system, free, 'confirm')
    expect(await mailsTo(bo.email)).toHaveLength(before)
  })

  test('is_given_to_nobody_who_only_has_the_link', async () => {
    const [ann, eve] = [await confirmed(), await confirmed('Eve')]
    const email = fresh()
    await ask(ann, email)
    const link = await linkInMail(system, email, 'confirm')
    expect((await eve.browser.submit(link, {})).status).toBe(403)
    expect((await openBrowser(system.url).submit(link, {})).url.pathname).toBe('/sign-in')
    expect([await canSignIn(email, ann), await canSignIn(email, eve)]).toEqual([false, false])
  })

  test('ends_with_a_new_password', async () => {
    const ann = await confirmed()
    const email = fresh()
    await ask(ann, email)
    const link = await linkInMail(system, email, 'confirm')
    const password = 'nine purple tricycles in a column'
    await ann.browser.submit('/account/password', { current: ann.password, password })
    expect((await ann.browser.submit(link, {})).status).toBe(404)
    expect(await canSignIn(ann.email, { ...ann, password })).toBe(true)
  })

  test('that_two_ask_for_becomes_the_address_of_one', async () => {
    const two = await Promise.all([confirmed(), confirmed('Bo')])
    const email = fresh()
    const links: URL[] = []
    for (const who of two) {
      await ask(who, email)
      const known = links.length
      await expect
        .poll(async () => (await mailsTo(email)).filter(({ text }) => text.includes('/confirm/')).length)
        .toBe(known + 1)
      links.push(await linkInMail(system, email, 'confirm'))
    }
    const answers = await Promise.all(two.map((who, index) => who.browser.submit(links[index] ?? '', {})))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const winner = answers.findIndex(({ status }) => status === 200)
    const [won, lost] = winner === 0 ? two : two.toReversed()
    expect([
      await canSignIn(email, won as Account),
      await canSignIn((lost as Account).email, lost as Account),
    ]).toEqual([true, true])
  })

  test('with_an_open_invitation_may_accept_it', async () => {
    const [ann, bo] = [await confirmed(), await confirmed('Bo')]
    const email = fresh()
    await ann.browser.submit('/workspace/invite', { email, role: 'member' })
    const invitation = await linkInMail(system, email, 'invitations')
    expect((await bo.browser.submit(invitation, {})).status).toBe(403)
    await ask(bo, email)
    await bo.browser.submit(await linkInMail(system, email, 'confirm'), {})
    expect((await bo.browser.submit(invitation, {})).url.pathname).toBe('/')
    expect((await ann.browser.open('/workspace')).text).toContain(email)
  })
})

describe('a new name', () => {
  test('is_shown_to_the_members_and_needs_characters', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    expect((await bo.browser.submit(`${PAGE}/name`, { name: '  ' })).status).toBe(400)
    const saved = await bo.browser.submit(`${PAGE}/name`, { name: ' Bo  <b>Berg</b> ' })
    expect(saved.text).toContain('Your name is changed.')
    expect((await ann.browser.open('/workspace')).text).toContain('Bo &lt;b&gt;Berg&lt;/b&gt;')
  })
})

describe('the file of an account', () => {
  test('holds_what_is_kept_about_it_and_neither_secrets_nor_others', async () => {
    const [ann, eve] = [await confirmed(), await confirmed('Eve')]
    await using _ = await agentOf(system, ann, { name: 'A new app' })
    const token = await tokenOf(ann, { name: 'ci' })
    await tokenOf(eve, { name: 'of eve' })
    const { headers, text } = await ann.browser.open('/account/export.json')
    expect([headers.get('cache-control'), headers.get('content-disposition')]).toEqual([
      'no-store',
      'attachment; filename="loops-account.json"',
    ])
    const file = JSON.parse(text) as Record<string, readonly Readonly<Record<string, unknown>>[]>
    expect(file).toMatchObject({ account: { name: 'Ann', email: ann.email, has_password: true } })
    expect(file.workspaces).toMatchObject([{ name: 'Ann’s workspace', role: 'owner' }])
    expect(file.connected_apps).toMatchObject([{ name: 'A new app' }])
    expect(file.access_tokens).toMatchObject([{ name: 'ci', ending: token.slice(-4) }])
    expect(file.signed_in_browsers).toHaveLength(1)
    expect(file).toMatchObject({
      identities: [],
      second_factors: { passkeys: [], code_app: null, recovery_codes_left: 0 },
      mail_preferences: [{ wants: 'all', mentions: true, muted_loops: [] }],
    })
    for (const secret of [
      token,
      ann.browser.cookie().split('=')[1] ?? '',
      'argon2',
      'hash',
      eve.email,
      'of eve',
    ])
      expect(text.replace('has_password', '')).not.toContain(secret)
  })
  test('is_given_to_nobody_else_and_not_in_a_browser_that_was_left_open', async () => {
    expect((await openBrowser(system.url).open('/account/export.json')).url.pathname).toBe('/sign-in')
    await using env = await openGatewayEnvironment()
    const ann = await signUp(env, { name: 'Ann' })
    env.advance(16 * 60_000)
    expect((await ann.browser.open('/account/export.json')).url.pathname).toBe('/account/re-authenticate')
  })
})

describe('what happens to an account', () => {
  test('is_mailed_to_its_person_once_their_address_is_confirmed', async () => {
    const ann = await confirmed()
    await using _ = await agentOf(system, ann, { name: 'A new app' })
    await expect.poll(() => subjects(ann.email)).toContain('An app was connected to your Loops account')
    expect((await mailsTo(ann.email))[0]?.text).toContain('A new app')
    const password = 'nine purple tricycles in a column'
    await ann.browser.submit('/account/password', { current: ann.password, password })
    await expect.poll(() => subjects(ann.email)).toContain('The password of your Loops account was changed')
  })

  test('is_not_mailed_to_an_address_that_nobody_confirmed', async () => {
    const eve = await signUp(system, { name: 'Eve' })
    const password = 'nine purple tricycles in a column'
    await eve.browser.submit('/account/password', { current: eve.password, password })
    await using _ = await agentOf(system, eve)
    const bo = await confirmed('Bo')
    await using __ = await agentOf(system, bo)
    // A mail that was asked for later has come: so would those have.
    await expect.poll(() => subjects(bo.email)).toContain('An app was connected to your Loops account')
    expect(await subjects(eve.email)).toEqual(['Confirm your address for Loops'])
  })
})
