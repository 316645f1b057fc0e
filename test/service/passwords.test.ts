// A new password: who may set one, and what ends with the old one on every gateway.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { RESET_MS, resetUrl } from '../../services/gateway/accounts/credentials.ts'
import { type Account, mailWithLink, openBrowser, signUp } from '../support/accounts.ts'
import { openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  authorizationUrl,
  connectApp,
  exchangeCode,
  newPkce,
  obtainCode,
  refreshTokens,
  registerApp,
  tryToken,
} from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const NEW = 'nine purple tricycles in a column'

let system: System
beforeAll(async () => {
  system = await startSystem({ instances: 2 })
})
afterAll(() => system?.stop())

const signIn = (email: string, password: string, browser = openBrowser(system.url)) =>
  browser.submit('/sign-in', { email, password })
const change = ({ browser }: Account, current: string, password: string) =>
  browser.submit('/account/password', { current, password })

/** The mails to an address with a link for a new password, newest first. */
const resetsTo = async (email: string) =>
  (await system.mails()).filter(({ to, text }) => to.includes(email) && text.includes('/reset/'))

describe('changing the password', () => {
  test('ends_every_other_session_and_every_connection_on_every_gateway_but_not_this_session [B5]', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const elsewhere = openBrowser(system.url)
    await signIn(ann.email, ann.password, elsewhere)
    const { app, tokens } = await connectApp(system.url, ann)
    const waiting = await registerApp(system.url)
    const code = await obtainCode(system.url, waiting, ann)
    for (const gateway of system.gateways) expect(await tryToken(gateway, tokens.access_token)).toBe(200)
    const done = await change(ann, ann.password, NEW)
    expect(done.text).toContain('Your password has been changed')
    expect((await ann.browser.open('/workspace')).url.pathname).toBe('/workspace')
    expect((await elsewhere.open('/workspace')).url.pathname).toBe('/sign-in')
    for (const gateway of system.gateways)
      await vi.waitFor(async () => expect(await tryToken(gateway, tokens.access_token)).toBe(401), 10_000)
    expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect((await exchangeCode(system.url, waiting, code)).body.error).toBe('invalid_grant')
    expect((await ann.browser.open('/apps')).text).toContain('No app is connected')
    expect((await signIn(ann.email, ann.password)).status).toBe(403)
    expect((await signIn(ann.email, NEW)).url.pathname).toBe('/')
    const again = await connectApp(system.url, ann)
    expect(await tryToken(system.url, again.tokens.access_token)).toBe(200)
  })

  test('refused_without_the_current_one_which_cannot_be_guessed_at_will', async () => {
    const ben = await signUp(system, { name: 'Ben' })
    const wrong = await change(ben, 'not the present one', NEW)
    expect([wrong.status, wrong.text.includes('That is not your current password.')]).toEqual([400, true])
    const statuses: number[] = []
    for (let guess = 0; guess < 6; guess += 1)
      statuses.push((await change(ben, `guess ${guess}`, NEW)).status)
    expect(statuses).toContain(429)
    expect((await ben.browser.open('/workspace')).url.pathname).toBe('/workspace')
  })

  test('refused_when_the_new_one_is_weak', async () => {
    const cleo = await signUp(system, { name: 'Cleo' })
    for (const weak of ['short', 'password', cleo.email])
      expect((await change(cleo, cleo.password, weak)).status).toBe(400)
    expect((await signIn(cleo.email, cleo.password)).url.pathname).toBe('/')
  })

  test('somebody_without_one_gets_it_by_a_mailed_link_and_by_no_guess', async () => {
    await using alone = await openGatewayEnvironment()
    const { email, browser, password } = await signUp(alone, { name: 'Nora' })
    await alone.db.collection('people').updateOne({ email }, { $set: { password_hash: null } })
    const signedInBy = async (typed: string) =>
      (await openBrowser(alone.url).submit('/sign-in', { email, password: typed })).status
    for (const typed of [password, '', 'null']) expect(await signedInBy(typed)).toBe(403)
    const form = { current: password, password: NEW }
    expect((await browser.submit('/account/password', form)).status).toBe(400)
    const page = await browser.open('/account')
    expect([page.text.includes('Set a password'), page.text.includes('Current password')]).toEqual([
      true,
      false,
    ])
    expect((await browser.submit('/account/password-link', {})).text).toContain('on its way')
    const [reset] = await alone.db.collection<{ _id: string }>('password_resets').find().toArray()
    const link = resetUrl(alone.deps, { _id: reset?._id ?? '' })
    const another = openBrowser(alone.url)
    expect((await another.open(link)).text).not.toContain('Do you know your password?')
    expect((await another.submit(link, { password: NEW })).url.pathname).toBe('/')
    expect((await browser.open('/account')).url.pathname).toBe('/sign-in')
    expect((await browser.submit('/sign-in', { email, password: NEW })).url.pathname).toBe('/')
  })

  test('requires_a_session', async () => {
    const arrived = await openBrowser(system.url).submit('/account/password', { current: 'a', password: NEW })
    expect(arrived.url.pathname).toBe('/sign-in')
  })
})

const linkOf = (text: string): string => /https?:\/\/\S+\/reset\/[\w.-]+/.exec(text)?.[0] ?? ''
const forget = (email: string) => openBrowser(system.url).submit('/forgot', { email })

describe('a forgotten password', () => {
  test('is_replaced_by_the_link_of_the_mail_once_which_ends_what_was_made_before [B5]', async () => {
    const dan = await signUp(system, { name: 'Dan' })
    const { tokens } = await connectApp(system.url, dan)
    await forget(dan.email)
    const mail = await mailWithLink(system, dan.email, 'reset')
    expect(mail.subject).toBe('Choose a new password for Loops')
    expect(mail.text).toContain('Hi Dan,')
    const link = linkOf(mail.text)
    const browser = openBrowser(system.url)
    expect((await browser.open(link)).text).toContain(dan.email)
    expect((await browser.submit(link, { password: 'short' })).status).toBe(400)
    expect((await browser.submit(link, { password: NEW })).url.pathname).toBe('/')
    expect((await browser.open(link)).status).toBe(404)
    expect((await browser.submit(link, { password: dan.password })).status).toBe(404)
    expect((await dan.browser.open('/workspace')).url.pathname).toBe('/sign-in')
    for (const gateway of system.gateways)
      await vi.waitFor(async () => expect(await tryToken(gateway, tokens.access_token)).toBe(401), 10_000)
    expect((await signIn(dan.email, NEW)).url.pathname).toBe('/')
  })

  test('leads_back_to_the_app_that_asked_in_the_browser_that_it_asked_in_and_in_no_other', async () => {
    const ida = await signUp(system, { name: 'Ida' })
    const app = await registerApp(system.url, { client_name: 'Patient app' })
    const { verifier, challenge } = newPkce()
    const browser = openBrowser(system.url)
    const signInPage = await browser.open(authorizationUrl(system.url, app, challenge))
    const [, path = ''] = /href="(\/forgot\?request=[\w-]+)"/.exec(signInPage.text) ?? []
    const page = await browser.open(path)
    expect(page.text).toContain(`action="${path}"`)
    const ask = async (count: number): Promise<string> => {
      expect((await browser.submit(path, { email: ida.email })).status).toBe(200)
      return vi.waitFor(async () => {
        const mails = await resetsTo(ida.email)
        expect(mails).toHaveLength(count)
        return linkOf(mails[0]?.text ?? '')
      }, 20_000)
    }
    const elsewhere = await openBrowser(system.url).submit(await ask(1), { password: NEW })
    expect(elsewhere.url.pathname).toBe('/')
    const link = await ask(2)
    expect(link).not.toContain('request')
    const back = await browser.submit(link, { password: `${NEW} again` })
    expect([back.url.pathname, back.text.includes('Patient app')]).toEqual(['/consent', true])
    const allowed = await browser.submit(back.url, { decision: 'allow' })
    const code = allowed.url.searchParams.get('code') ?? ''
    expect((await exchangeCode(system.url, app, { code, verifier })).status).toBe(200)
  })

  test('the_answer_for_an_unknown_address_is_the_same_and_nothing_is_sent', async () => {
    const eva = await signUp(system, { name: 'Eva' })
    const known = await forget(eva.email)
    const unknown = await forget('nobody@nowhere.example')
    await mailWithLink(system, eva.email, 'reset')
    expect([unknown.status, unknown.text]).toEqual([known.status, known.text])
    expect((await system.mails()).filter(({ to }) => to.includes('nobody@nowhere.example'))).toEqual([])
  })

  test('using_one_of_two_links_ends_both', async () => {
    const fay = await signUp(system, { name: 'Fay' })
    const links = async (count: number): Promise<string[]> =>
      vi.waitFor(async () => {
        const mails = await resetsTo(fay.email)
        expect(mails).toHaveLength(count)
        return mails.map(({ text }) => linkOf(text))
      }, 20_000)
    await forget(fay.email)
    await forget(fay.email)
    const [one = '', two = ''] = await links(2)
    const browser = openBrowser(system.url)
    const both = await Promise.all([one, two].map((link) => browser.submit(link, { password: NEW })))
    expect(both.filter(({ url }) => url.pathname === '/')).toHaveLength(1)
    for (const link of [one, two]) expect((await browser.open(link)).status).toBe(404)
  })

  test('a_link_with_another_mark_opens_nothing', async () => {
    const arrived = await openBrowser(system.url).open(`/reset/01JABC.${'x'.repeat(43)}`)
    expect(arrived.status).toBe(404)
  })

  test('mails_to_one_address_are_limited_whether_or_not_it_has_an_account', async () => {
    const gus = await signUp(system, { name: 'Gus' })
    for (const email of [gus.email, 'gus@nowhere.example']) {
      // All at once: one by one, a busy machine would take longer than the waits.
      const answers = await Promise.all(Array.from({ length: 8 }, () => forget(email)))
      expect(answers.map(({ status }) => status)).toContain(429)
    }
  })

  test('a_link_ends_after_an_hour', async () => {
    await using environment = await openGatewayEnvironment()
    const hal = await signUp(environment, { name: 'Hal' })
    await openBrowser(environment.url).submit('/forgot', { email: hal.email })
    const [reset] = await environment.db.collection<{ _id: string }>('password_resets').find().toArray()
    const link = resetUrl(environment.deps, { _id: reset?._id ?? '' })
    expect((await hal.browser.open(link)).status).toBe(200)
    environment.advance(RESET_MS)
    expect((await hal.browser.open(link)).status).toBe(404)
  })
})
