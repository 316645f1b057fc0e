// The browsers in which somebody is signed in: listed with what they say of themselves, ended one by one, and over when
// nobody uses them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, asksToSignIn, type Browser, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const DAY_MS = 24 * 60 * 60_000
const PAGE = '/account/sessions'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0'

let env: GatewayEnvironment
let beside: GatewayEnvironment
beforeAll(async () => {
  env = await openGatewayEnvironment({ SESSION_DAYS: '20', SESSION_IDLE_DAYS: '7' })
  beside = await openGatewayEnvironment({ SESSION_DAYS: '20', SESSION_IDLE_DAYS: '7' }, env)
})
afterAll(async () => {
  await beside?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

/** Another browser of somebody. */
const signedIn = async ({ email, password }: Account): Promise<Browser> => {
  const browser = openBrowser(env.url)
  expect((await browser.submit('/sign-in', { email, password })).url.pathname).toBe('/')
  return browser
}
const isIn = async (browser: Browser): Promise<boolean> => !asksToSignIn(await browser.open('/sign-in'))
const idsOn = (text: string): string[] =>
  [...text.matchAll(/name="session" value="([^"]+)"/g)].map(([, id = '']) => id)
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/<h2>(.+?)<\/h2>/g)].map(([, name = '']) => name)

describe('the page of signed-in browsers', () => {
  test('names_each_by_what_it_says_and_marks_this_one', async () => {
    const ann = await signUp(env, { name: 'Ann' })
    await fetch(new URL('/sign-in', env.url), {
      method: 'POST',
      redirect: 'manual',
      headers: { 'User-Agent': FIREFOX, origin: env.url },
      body: new URLSearchParams({ email: ann.email, password: ann.password }),
    })
    const { text } = await ann.browser.open(PAGE)
    expect(headingsOf(text).toSorted()).toEqual(['Firefox on Windows', 'Unknown browser'])
    expect(text.match(/This browser/g)).toHaveLength(1)
    expect(idsOn(text)).toHaveLength(1)
    expect(text).toContain('<bdi>127.0.0.1</bdi>')
  })

  test('signs_one_out_at_once_on_every_gateway', async () => {
    const ann = await signUp(env, { name: 'Ann' })
    const [other, third] = [await signedIn(ann), await signedIn(ann)]
    // The one that was used last stands first.
    expect(await isIn(other)).toBe(true)
    const [id = ''] = idsOn((await third.open(PAGE)).text)
    const ended = await third.submit(`${PAGE}/end`, { session: id })
    expect(ended.text).toContain('That browser is signed out.')
    const left = await Promise.all([ann.browser, other, third].map(isIn))
    expect(left.filter((one) => one)).toHaveLength(2)
    const out = left[0] ? other : ann.browser
    const cookie = out.cookie()
    const elsewhere = await fetch(new URL('/account', beside.url), {
      headers: { cookie },
      redirect: 'manual',
    })
    expect(elsewhere.headers.get('location')).toBe('/sign-in')
  })

  test('signs_all_others_out_and_leaves_this_one', async () => {
    const ann = await signUp(env, { name: 'Ann' })
    const [other, third] = [await signedIn(ann), await signedIn(ann)]
    const after = await other.submit(`${PAGE}/end-others`, {})
    expect(after.text).toContain('You are signed in nowhere else.')
    expect(await Promise.all([ann.browser, other, third].map(isIn))).toEqual([false, true, false])
  })

  test('ends_no_browser_of_somebody_else', async () => {
    const [ann, eve] = [await signUp(env, { name: 'Ann' }), await signUp(env, { name: 'Eve' })]
    const second = await signedIn(ann)
    const [id = ''] = idsOn((await second.open(PAGE)).text)
    expect((await eve.browser.submit(`${PAGE}/end`, { session: id })).status).toBe(404)
    expect((await eve.browser.submit(`${PAGE}/end`, {})).status).toBe(404)
    await eve.browser.submit(`${PAGE}/end-others`, {})
    expect(await Promise.all([ann.browser, second].map(isIn))).toEqual([true, true])
    expect((await eve.browser.open(PAGE)).text).not.toContain(id)
  })
})

describe('a session', () => {
  test('that_nobody_uses_ends_and_one_that_is_used_goes_on_to_its_last_day', async () => {
    const ann = await signUp(env, { name: 'Ann' })
    const idle = await signedIn(ann)
    for (let day = 0; day < 18; day += 6) {
      env.advance(6 * DAY_MS)
      expect(await isIn(ann.browser)).toBe(true)
      if (day === 0) continue
      expect(await isIn(idle)).toBe(false)
      expect(idsOn((await ann.browser.open(PAGE)).text)).toEqual([])
    }
    env.advance(3 * DAY_MS)
    expect(await isIn(ann.browser)).toBe(false)
  })

  test('notes_its_use_at_most_once_in_some_minutes', async () => {
    const ann = await signUp(env, { name: 'Ann' })
    const person = await env.deps.store.people.byEmail(ann.email)
    const used = async () =>
      (await env.db.collection('sessions').findOne({ user_id: person?._id ?? '' }))?.used_at.getTime()
    const first = await used()
    await ann.browser.open('/account')
    expect(await used()).toBe(first)
    env.advance(6 * 60_000)
    await ann.browser.open('/account')
    await expect.poll(used).toBeGreaterThan(first)
  })

  test('that_was_ended_is_not_made_again_by_the_note_of_its_use', async () => {
    const ann = await signUp(env, { name: 'Ann' })
    const other = await signedIn(ann)
    env.advance(6 * 60_000)
    await Promise.all([
      ...Array.from({ length: 10 }, () => other.open('/account')),
      ann.browser.submit(`${PAGE}/end-others`, {}),
    ])
    expect(await isIn(other)).toBe(false)
    const person = await env.deps.store.people.byEmail(ann.email)
    expect(await env.db.collection('sessions').countDocuments({ user_id: person?._id ?? '' })).toBe(1)
  })
})
