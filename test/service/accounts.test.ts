// People: the first account, sign-in and its limits, invitations, and the workspace's page.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, linkInMail, openBrowser, signUp } from '../support/accounts.ts'
import { type System, startSystem } from '../support/system.ts'

const PASSWORD = 'seven green bicycles in a row'
const fields = (name: string) => ({
  name,
  email: `${name.toLowerCase()}@example.com`,
  password: PASSWORD,
  workspace: `${name}’s team`,
})

describe('a new installation', () => {
  test('ten_sign_ups_at_once_make_one_owner_and_close_sign_up', async () => {
    await using system = await startSystem({
      names: ['gateway'],
      instances: 2,
      env: { SIGN_UP: 'invited' },
    })
    const front = await openBrowser(system.url).open('/')
    expect(front.text).toContain('This installation is new')
    const tries = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        openBrowser(system.url).submit('/sign-up', fields(`Person${index}`)),
      ),
    )
    expect(tries.filter(({ url }) => url.pathname === '/')).toHaveLength(1)
    expect(tries.filter(({ status }) => status === 403)).toHaveLength(9)
    const late = await openBrowser(system.url).open('/sign-up')
    expect([late.status, late.text.includes('By invitation only')]).toEqual([403, true])
    expect((await openBrowser(system.url).open('/sign-in')).text).not.toContain('/sign-up')
  })
})

describe('accounts', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ names: ['gateway'] })
  })
  afterAll(() => system?.stop())
  const browser = () => openBrowser(system.url)

  test.each([
    ['name', '', 'Enter your name'],
    ['email', 'not an address', 'not an address that we can send mail to'],
    ['email', 'josé@example.com', 'letters a to z'],
    ['workspace', ' ', 'Name the workspace'],
    ['password', 'short', 'at least 8 characters'],
    ['password', 'password123', 'first that an attacker tries'],
    ['password', 'fay@example.com', 'not your name or address'],
  ])('a_wrong_%s_brings_the_form_back_with_what_was_typed: %j', async (name, value, sentence) => {
    const typed = { ...fields('Fay'), workspace: 'Fay <&> Sons', [name]: value }
    const { status, text } = await browser().submit('/sign-up', typed)
    expect(status).toBe(400)
    expect(text).toContain(sentence)
    expect(text).toContain('role="alert"')
    if (name !== 'workspace') expect(text).toContain('value="Fay &lt;&amp;&gt; Sons"')
    expect(text).toMatch(/name="password" type="password" value=""/)
  })
  test('an_address_has_one_account_however_it_is_written', async () => {
    await browser().submit('/sign-up', fields('Gil'))
    const again = await browser().submit('/sign-up', { ...fields('Gil'), email: ' GIL@Example.com ' })
    expect([again.status, again.text.includes('There is already an account with this address')]).toEqual([
      409,
      true,
    ])
  })
  test('probing_for_accounts_is_limited', async () => {
    await using own = await startSystem({ names: ['gateway'] })
    const typed = fields('Max')
    await openBrowser(own.url).submit('/sign-up', typed)
    const statuses: number[] = []
    for (let turn = 0; turn < 40 && !statuses.includes(429); turn += 8) {
      const answers = Array.from({ length: 8 }, () => openBrowser(own.url).submit('/sign-up', typed))
      statuses.push(...(await Promise.all(answers)).map(({ status }) => status))
    }
    expect(new Set(statuses)).toEqual(new Set([409, 429]))
    const late = await openBrowser(own.url).submit('/sign-up', fields('Mia'))
    expect([late.status, late.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
  })
  test('signed_in_and_out', async () => {
    await browser().submit('/sign-up', fields('Hal'))
    const hal = browser()
    const wrong = await hal.submit('/sign-in', { email: 'hal@example.com', password: 'another password' })
    expect([wrong.status, wrong.url.pathname]).toEqual([403, '/sign-in'])
    expect(wrong.text).toContain('value="hal@example.com"')
    const right = await hal.submit('/sign-in', { email: 'HAL@example.com', password: PASSWORD })
    expect(right.url.pathname).toBe('/')
    expect((await hal.open('/sign-in')).url.pathname).toBe('/')
    expect((await hal.submit('/sign-out', {})).url.pathname).toBe('/sign-in')
    expect((await hal.open('/workspace')).url.pathname).toBe('/sign-in')
  })
  test('signing_in_again_ends_the_session_before_it', async () => {
    const post = (path: string, given: Record<string, string>, cookie = '') =>
      fetch(`${system.url}${path}`, {
        method: 'POST',
        body: new URLSearchParams(given),
        headers: { cookie },
        redirect: 'manual',
      })
    const cookieOf = (response: Response): string => {
      const cookies = response.headers.getSetCookie()
      return cookies.find((cookie) => cookie.startsWith('loops_session'))?.split(';')[0] ?? ''
    }
    const pageOf = async (cookie: string): Promise<string> =>
      new URL((await fetch(`${system.url}/workspace`, { headers: { cookie } })).url).pathname
    const first = cookieOf(await post('/sign-up', fields('Lea')))
    expect(await pageOf(first)).toBe('/workspace')
    const typed = { email: 'lea@example.com', password: PASSWORD }
    const second = cookieOf(await post('/sign-in', typed, first))
    expect([await pageOf(first), await pageOf(second)]).toEqual(['/sign-in', '/workspace'])
  })
  test('an_unknown_address_is_answered_like_a_wrong_password', async () => {
    await browser().submit('/sign-up', fields('Ida'))
    const known = await browser().submit('/sign-in', { email: 'ida@example.com', password: 'wrong words' })
    const unknown = await browser().submit('/sign-in', { email: 'idb@example.com', password: 'wrong words' })
    expect(unknown.status).toBe(known.status)
    expect(unknown.text.replace('idb@', 'ida@')).toBe(known.text)
  })
  test('guesses_at_one_account_are_slowed_even_many_at_once', async () => {
    await browser().submit('/sign-up', fields('Jon'))
    const guesses = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        browser().submit('/sign-in', { email: 'jon@example.com', password: `guess number ${index}` }),
      ),
    )
    const slowed = guesses.filter(({ status }) => status === 429)
    expect(guesses.filter(({ status }) => status === 403).length).toBeLessThanOrEqual(6)
    expect(slowed.length).toBeGreaterThanOrEqual(14)
    expect(slowed[0]?.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(slowed[0]?.text).toMatch(/Wait \d+ s/)
  })
  test('a_form_of_another_site_is_refused', async () => {
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: system.url, 'Sec-Fetch-Site': 'cross-site' },
    ] as Record<string, string>[]) {
      const body = new URLSearchParams(fields('Eve'))
      const response = await fetch(`${system.url}/sign-up`, {
        method: 'POST',
        body,
        headers,
        redirect: 'manual',
      })
      expect(response.status).toBe(403)
      expect(response.headers.getSetCookie()).toEqual([])
    }
  })
  test('the_cookie_is_out_of_reach_of_scripts_and_other_sites', async () => {
    const body = new URLSearchParams(fields('Kim'))
    const response = await fetch(`${system.url}/sign-up`, { method: 'POST', body, redirect: 'manual' })
    const [cookie = ''] = response.headers.getSetCookie()
    expect(cookie).toMatch(/^loops_session_\d+=/)
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Lax/)
    expect(cookie).toMatch(/Path=\//)
  })
  test('nosql_operators_and_broken_forms_are_only_text', async () => {
    const body = 'email[$ne]=1&password[$ne]=1&email=%00&password=%ff%fe'
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    for (const path of ['/sign-in', '/sign-up']) {
      const { status } = await fetch(`${system.url}${path}`, { method: 'POST', body, headers })
      expect([400, 403]).toContain(status)
    }
    const json = {
      method: 'POST',
      body: '{"email":{"$ne":1}}',
      headers: { 'Content-Type': 'application/json' },
    }
    expect((await fetch(`${system.url}/sign-in`, json)).status).toBe(403)
  })
})

describe('a workspace', () => {
  let system: System
  let ann: Account
  beforeAll(async () => {
    system = await startSystem({ names: ['gateway', 'loops-queue', 'tasks', 'notifier'] })
    ann = await signUp(system, { name: 'Ann', workspace: 'Acme & Co' })
  })
  afterAll(() => system?.stop())

  const linkFor = async (email: string): Promise<string> => {
    return (await linkInMail(system, email, 'invitations')).href
  }
  const invite = (email: string, role = 'member') => ann.browser.submit('/workspace/invite', { email, role })

  test('shows_its_members_and_where_agents_connect', async () => {
    const { text } = await ann.browser.open('/workspace')
    expect(text).toContain('Acme &amp; Co')
    expect(text).toContain(`${system.url}/mcp`)
    expect(text).toContain(ann.email)
  })
  test('edited_by_its_owner', async () => {
    const typed = { name: 'Acme & Co', ai_context: 'Line one\r\n<b>two</b>', time_zone: 'Europe/Zurich' }
    await ann.browser.submit('/workspace', typed)
    const { text } = await ann.browser.open('/workspace')
    expect(text).toContain('Line one\n&lt;b&gt;two&lt;/b&gt;</textarea>')
    const wrong = await ann.browser.submit('/workspace', { ...typed, time_zone: 'Mars/Olympus' })
    expect([wrong.status, wrong.text.includes('There is no time zone Mars/Olympus')]).toEqual([400, true])
    const long = await ann.browser.submit('/workspace', { ...typed, ai_context: 'ö'.repeat(33_000) })
    expect([long.status, long.text.includes('65536')]).toEqual([422, true])
  })
  test('joined_by_the_link_of_the_mail_once', async () => {
    await invite('bo@example.com')
    const link = await linkFor('bo@example.com')
    const bo = openBrowser(system.url)
    expect((await bo.open(link)).text).toContain('Ann invited bo@example.com')
    const weak = await bo.submit(link, { name: 'Bo', password: 'short' })
    expect([weak.status, weak.text.includes('value="Bo"')]).toEqual([400, true])
    const joined = await bo.submit(link, { name: 'Bo', password: PASSWORD })
    expect(joined.url.pathname).toBe('/')
    expect(joined.text).toContain('Acme &amp; Co')
    expect(joined.text).not.toContain('/workspace/invite')
    const again = await openBrowser(system.url).submit(link, { name: 'Bo Two', password: PASSWORD })
    expect([again.status, again.text.includes('This invitation is no longer valid')]).toEqual([404, true])
    expect((await bo.submit('/workspace/invite', { email: 'x@example.com' })).status).toBe(403)
    expect((await bo.submit('/workspace', { name: 'Mine' })).status).toBe(403)
  })
  test('one_invitation_accepted_by_two_at_once_makes_one_member', async () => {
    await invite('cy@example.com')
    const link = await linkFor('cy@example.com')
    const arrived = await Promise.all(
      ['Cy', 'Cyrus'].map((name) => openBrowser(system.url).submit(link, { name, password: PASSWORD })),
    )
    expect(arrived.filter(({ url }) => url.pathname === '/')).toHaveLength(1)
  })
  test('joined_by_somebody_with_an_account_who_may_switch_between_both', async () => {
    const gus = await signUp(system, { name: 'Gus', workspace: 'Gus alone' })
    await invite(gus.email, 'viewer')
    const link = await linkFor(gus.email)
    const browser = openBrowser(system.url)
    const page = await browser.open(link)
    const [, signIn = ''] = /href="(\/sign-in\?invitation=[^"]+)"/.exec(page.text) ?? []
    const back = await browser.submit(signIn, { email: gus.email, password: gus.password })
    expect(back.url.href).toBe(link)
    const joined = await browser.submit(link, {})
    expect(joined.text).toContain('Acme &amp; Co')
    const shown = await browser.open('/workspace')
    const [, own = ''] = /<option value="(\w+)"[^>]*>Gus alone/.exec(shown.text) ?? []
    const switched = await browser.submit('/workspace/switch', { workspace_id: own })
    expect(switched.text).toContain('<h1>Gus alone</h1>')
  })
  test('a_withdrawn_invitation_opens_nothing', async () => {
    const page = await invite('hy@example.com')
    const link = await linkFor('hy@example.com')
    const [, id = ''] =
      /hy@example\.com[\s\S]*?\/workspace\/invitations\/(\w+)\/withdraw/.exec(page.text) ?? []
    await ann.browser.submit(`/workspace/invitations/${id}/withdraw`, {})
    expect((await openBrowser(system.url).open(link)).status).toBe(404)
    const after = await invite('hy@example.com')
    expect([after.status, after.url.pathname]).toEqual([200, '/workspace'])
    const other = await signUp(system, { name: 'Other' })
    const [, fresh = ''] = /hy@example\.com[\s\S]*?\/invitations\/(\w+)\/withdraw/.exec(after.text) ?? []
    const foreign = await other.browser.submit(`/workspace/invitations/${fresh}/withdraw`, {})
    expect(foreign.status).toBe(404)
  })
  test.each([
    ['nonsense', 'not an address that we can send mail to', 400],
    ['josé@example.com', 'letters a to z', 400],
    ['ann', 'is already a member', 409],
    ['twice@example.com', 'already invited', 409],
  ])('not_invited: %s', async (typed, sentence, status) => {
    const email = typed === 'ann' ? ann.email : typed
    await invite('twice@example.com')
    const page = await invite(email)
    expect(page.status).toBe(status)
    expect(page.text).toContain(sentence)
  })
  test.each(['nonsense', '01JDAAAAAAAAAAAAAAAAAAAAAA', '01JDAAAAAAAAAAAAAAAAAAAAAA.AAAA'])(
    'a_made_up_link_opens_nothing: %s',
    async (token) => {
      expect((await openBrowser(system.url).open(`/invitations/${token}`)).status).toBe(404)
    },
  )
})
