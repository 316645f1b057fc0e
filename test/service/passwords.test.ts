// A new password: who may set one, and what ends with the old one, on every gateway.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import {
  connectApp,
  exchangeCode,
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
    expect(done.text).toContain('Your password is changed')
    expect((await ann.browser.open('/workspace')).url.pathname).toBe('/workspace')
    expect((await elsewhere.open('/workspace')).url.pathname).toBe('/sign-in')
    for (const gateway of system.gateways)
      await vi.waitFor(async () => expect(await tryToken(gateway, tokens.access_token)).toBe(401), 10_000)
    expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect((await exchangeCode(system.url, waiting, code)).body.error).toBe('invalid_grant')
    expect((await ann.browser.open('/apps')).text).toContain('No app works for you now')
    expect((await signIn(ann.email, ann.password)).status).toBe(403)
    expect((await signIn(ann.email, NEW)).url.pathname).toBe('/workspace')
    const again = await connectApp(system.url, ann)
    expect(await tryToken(system.url, again.tokens.access_token)).toBe(200)
  })

  test('refused_without_the_present_one_which_cannot_be_guessed_at_will', async () => {
    const ben = await signUp(system, { name: 'Ben' })
    const wrong = await change(ben, 'not the present one', NEW)
    expect([wrong.status, wrong.text.includes('That is not your present password.')]).toEqual([400, true])
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
    expect((await signIn(cleo.email, cleo.password)).url.pathname).toBe('/workspace')
  })

  test('is_for_those_who_are_signed_in', async () => {
    const arrived = await openBrowser(system.url).submit('/account/password', { current: 'a', password: NEW })
    expect(arrived.url.pathname).toBe('/sign-in')
  })
})
