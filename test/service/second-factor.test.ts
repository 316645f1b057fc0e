// Second factors: codes of an app and recovery codes, the step between the password and the session, and being asked again.
// The tests move the clock.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { CODE_APP as APP, type Armed, armAccount, codeAt, setupOn } from '../support/second-factors.ts'

let environment: GatewayEnvironment
beforeAll(async () => {
  environment = await openGatewayEnvironment()
})
afterAll(() => environment?.[Symbol.asyncDispose]())

const STEP = '/sign-in/second-step'
const MINUTE_MS = 60_000

const now = (): Date => environment.deps.clock.now()
/** The code that an app shows, `steps` of thirty seconds from now. */
const codeOf = (secret: string, steps = 0): string =>
  codeAt(secret, new Date(now().getTime() + steps * 30_000))

/** Somebody new with an app for codes. */
const armed = async (name: string): Promise<Armed> => {
  const one = await armAccount(await signUp(environment, { name }), now())
  environment.advance(MINUTE_MS)
  return one
}

/** A new browser that has sent the right password. */
const afterPassword = async ({ email, password }: Account) => {
  const browser = openBrowser(environment.url)
  const page = await browser.submit('/sign-in', { email, password })
  return { browser, page }
}

/** Whether a browser gets to the pages of signed-in people. */
const isIn = async (browser: ReturnType<typeof openBrowser>): Promise<boolean> =>
  (await browser.open('/account')).url.pathname === '/account'

describe('an app for codes', () => {
  test('is_set_up_by_its_first_code_and_gives_ten_recovery_codes_once', async () => {
    const ann = await armAccount(await signUp(environment, { name: 'Ann' }), now())
    expect(new Set(ann.recovery).size).toBe(10)
    const page = await ann.browser.open('/account/second-factor')
    expect(page.text).toContain('10 codes are left.')
    expect(page.text).not.toContain(ann.recovery[0])
    const kept = await environment.db.collection('second_factors').find().toArray()
    expect(JSON.stringify(kept)).not.toContain(ann.secret)
    expect(JSON.stringify(kept)).not.toContain(ann.recovery[0])
  })
  test('is_not_set_up_by_a_wrong_code_or_with_the_secret_of_somebody_else', async () => {
    const [bob, eve] = [
      await signUp(environment, { name: 'Bob' }),
      await signUp(environment, { name: 'Eve' }),
    ]
    const { secret, setup } = setupOn(await eve.browser.open(APP))
    expect((await bob.browser.submit(APP, { setup, code: codeOf(secret) })).status).toBe(409)
    expect((await eve.browser.submit(APP, { setup, code: '000000' })).status).toBe(400)
    environment.advance(16 * MINUTE_MS)
    await eve.browser.submit('/account/re-authenticate', { to: '/account', password: eve.password })
    expect((await eve.browser.submit(APP, { setup, code: codeOf(secret) })).status).toBe(409)
    expect((await afterPassword(bob)).page.url.pathname).toBe('/')
  })
})

describe('the second step', () => {
  test('lets_in_by_a_code_of_the_present_and_of_the_step_before', async () => {
    const one = await armed('Cat')
    for (const steps of [0, -1]) {
      environment.advance(2 * MINUTE_MS)
      const { browser, page } = await afterPassword(one)
      expect(page.url.pathname).toBe(STEP)
      expect((await browser.submit(STEP, { code: codeOf(one.secret, steps) })).url.pathname).toBe('/')
    }
  })
  test('refuses_a_code_that_was_used_and_codes_of_other_times', async () => {
    const one = await armed('Dan')
    const code = codeOf(one.secret)
    const first = await afterPassword(one)
    expect((await first.browser.submit(STEP, { code })).url.pathname).toBe('/')
    const { browser } = await afterPassword(one)
    for (const wrong of [code, codeOf(one.secret, -3), codeOf(one.secret, 5), 'nonsense', ''])
      expect((await browser.submit(STEP, { code: wrong })).status).toBe(400)
    expect(await isIn(browser)).toBe(false)
  })
  test('is_asked_for_after_a_link_for_a_new_password_too', async () => {
    const one = await armed('Fay')
    const browser = openBrowser(environment.url)
    await browser.submit('/forgot', { email: one.email })
    const [reset] = await environment.db
      .collection<{ _id: string }>('password_resets')
      .find()
      .sort({ created_at: -1 })
      .toArray()
    const { resetUrl } = await import('../../services/gateway/accounts/credentials.ts')
    const link = new URL(resetUrl(environment.deps, { _id: reset?._id ?? '' })).pathname
    const page = await browser.submit(link, { password: 'another of the long passwords' })
    expect(page.url.pathname).toBe(STEP)
    expect(await isIn(browser)).toBe(false)
  })
  test('is_of_one_browser_ends_after_minutes_and_with_a_new_password', async () => {
    const one = await armed('Gus')
    const { browser } = await afterPassword(one)
    const code = codeOf(one.secret)
    expect((await openBrowser(environment.url).submit(STEP, { code })).status).toBe(401)
    environment.advance(11 * MINUTE_MS)
    expect((await browser.submit(STEP, { code: codeOf(one.secret) })).status).toBe(401)
    const late = await afterPassword(one)
    await environment.db
      .collection('people')
      .updateOne({ email: one.email }, { $inc: { v: 1 }, $set: { password_version: 2 } })
    expect((await late.browser.submit(STEP, { code: codeOf(one.secret) })).status).toBe(401)
  })
  test('begins_one_session_of_twenty_answers_at_once', async () => {
    const one = await armed('Hal')
    const { browser } = await afterPassword(one)
    const [code = ''] = one.recovery
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.submit(STEP, { code })))
    expect(answers.filter(({ url }) => url.pathname === '/').length).toBe(1)
    environment.advance(60 * MINUTE_MS)
    const again = await afterPassword(one)
    expect((await again.browser.submit(STEP, { code })).status).toBe(400)
    expect((await again.browser.submit(STEP, { code: one.recovery[1] ?? '' })).url.pathname).toBe('/')
  })
  test('slows_down_guesses_for_every_browser', async () => {
    const one = await armed('Ida')
    const guess = async (): Promise<number> => {
      const { browser } = await afterPassword(one)
      return (await browser.submit(STEP, { code: '123456' })).status
    }
    const statuses = []
    for (let made = 0; made < 8; made += 1) statuses.push(await guess())
    expect(statuses.slice(0, 5)).toEqual([400, 400, 400, 400, 400])
    expect(statuses).toContain(429)
  })
})

test('its_person_is_told_by_mail_of_each_change_once_the_address_is_theirs', async () => {
  const one = await signUp(environment, { name: 'Liv' })
  const people = environment.db.collection('people')
  await people.updateOne({ email: one.email }, { $set: { confirmed_at: now() } })
  const { recovery } = await armAccount(one, now())
  await one.browser.submit('/account/second-factor/recovery', {})
  await one.browser.submit('/account/second-factor/remove', { factor: 'code_app' })
  const again = await armAccount(one, now())
  environment.advance(MINUTE_MS)
  const { browser } = await afterPassword(one)
  await browser.submit(STEP, { code: recovery[0] ?? '' })
  await browser.submit(STEP, { code: again.recovery[0] ?? '' })
  const told = await environment.db
    .collection('account_mails')
    .find({ email: one.email, kind: 'second_factor_changed' })
    .sort({ created_at: 1 })
    .toArray()
  expect(told.map(({ facts }) => facts.change)).toEqual([
    'added',
    'recovery_made',
    'removed',
    'added',
    'recovery_used',
  ])
})

test('whoever_has_proved_only_the_password_reaches_no_page', async () => {
  const one = await armed('Joy')
  const { browser } = await afterPassword(one)
  const paths = environment.routes.filter(({ method, path }) => method === 'GET' && path !== '/*')
  expect(paths.length).toBeGreaterThan(30)
  for (const { path } of paths) {
    const here = await browser.open(path.replaceAll(/:\w+/g, 'x'))
    expect(here.text, path).not.toContain(one.email)
    expect(here.text, path).not.toContain('action="/sign-out"')
  }
})

describe('somebody who signed in a while ago', () => {
  test('is_asked_again_before_a_new_token_and_what_they_filled_in_is_kept', async () => {
    const kim = await signUp(environment, { name: 'Kim' })
    environment.advance(16 * MINUTE_MS)
    const token = { token_name: 'The build', scope: ['loops:read'], expires_in_days: '30', max_claims: '' }
    const asked = await kim.browser.submit('/account/tokens', token)
    expect(asked.status).toBe(401)
    expect(asked.text).not.toContain('data-token')
    const fields = Object.fromEntries(
      [...asked.text.matchAll(/<input type="hidden" name="(kept[^"]*)" value="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, value],
      ),
    )
    expect(
      (await kim.browser.submit('/account/re-authenticate', { ...fields, password: 'wrong' })).status,
    ).toBe(400)
    const back = await kim.browser.submit('/account/re-authenticate', { ...fields, password: kim.password })
    expect(back.text).toContain('name="token_name" value="The build"')
    expect((await kim.browser.submit('/account/tokens', token)).text).toContain('data-token')
  })
  test('is_not_led_to_another_site', async () => {
    const lea = await signUp(environment, { name: 'Lea' })
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '/sign-out',
      '/account/../sign-out',
      '/\\evil.example',
    ]) {
      const page = await lea.browser.open(`/account/re-authenticate?${new URLSearchParams({ to })}`)
      expect(page.url.pathname).toBe('/account')
    }
  })
  test('is_asked_before_factors_change', async () => {
    const one = await armed('Max')
    environment.advance(16 * MINUTE_MS)
    for (const [path, fields] of [
      ['/account/second-factor/remove', { factor: 'code_app' }],
      ['/account/second-factor/recovery', {}],
    ] as const)
      expect((await one.browser.submit(path, fields)).status).toBe(401)
    await one.browser.submit('/account/re-authenticate', { to: '/account', code: codeOf(one.secret) })
    await one.browser.submit('/account/second-factor/remove', { factor: 'code_app' })
    expect((await afterPassword(one)).page.url.pathname).toBe('/')
  })
})
