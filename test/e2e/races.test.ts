// Races over three gateways that share only the database. Codes, refresh tokens, revocations and departures cross each
// other. Each race ends in one state that every gateway agrees on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Account, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import {
  type Answer,
  authorizationUrl,
  connectApp,
  exchangeCode,
  newPkce,
  obtainCode,
  refreshTokens,
  registerApp,
  revokeToken,
  tokensAmong,
  tryToken,
} from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const GATEWAYS = 3
const AT_ONCE = 50
/** A gateway may cache what it read for a second; the rest is time for a busy machine (ms). */
const EVERYWHERE = { timeout: 15_000, interval: 200 } as const

let system: System
let ann: Account

beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'notifier'], instances: GATEWAYS })
  ann = await signUp(system, { name: 'Ann' })
})
afterAll(() => system?.stop())

const at = (index: number): string => system.gateways[index % GATEWAYS] as string
const fiftyTimes = (work: (site: string) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, index) => work(at(index))))
/** Counts of each outcome: the status and its error. */
const outcomes = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const outcome = [status, body.error].filter(Boolean).join(' ')
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}
const everywhere = (token: string, status: number): Promise<void> =>
  expect
    .poll(() => Promise.all(system.gateways.map((site) => tryToken(site, token))), EVERYWHERE)
    .toEqual(system.gateways.map(() => status))

describe('a code exchanged fifty times at once', () => {
  test('is_won_by_one_and_ends_its_family_when_it_is_replayed [K3, K4]', async () => {
    const app = await registerApp(system.url)
    const given = await obtainCode(at(0), app, ann)
    const answers = await fiftyTimes((site) => exchangeCode(site, app, given))
    expect(outcomes(answers)).toEqual({ 200: 1, '400 invalid_grant': AT_ONCE - 1 })
    const won = tokensAmong(answers)
    expect((await exchangeCode(at(1), app, given)).body.error).toBe('invalid_grant')
    await everywhere(won.access_token, 401)
    for (const site of system.gateways)
      expect((await refreshTokens(site, app, won.refresh_token)).body.error).toBe('invalid_grant')
  })
})

describe('a refresh token used fifty times at once', () => {
  test('is_answered_each_time_with_one_live_family [K7, K9]', async () => {
    const { app, tokens } = await connectApp(system.url, ann)
    const answers = await fiftyTimes((site) => refreshTokens(site, app, tokens.refresh_token))
    expect(outcomes(answers)).toEqual({ 200: AT_ONCE })
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    const tried = answers.map(({ body }, index) => tryToken(at(index), body.access_token))
    expect(new Set(await Promise.all(tried))).toEqual(new Set([200]))
    const next = await refreshTokens(at(2), app, tokensAmong(answers).refresh_token)
    expect(next.status).toBe(200)
  })
  test('generation_after_generation_stays_one_family [K9]', async () => {
    const { app, tokens } = await connectApp(system.url, ann)
    let { refresh_token } = tokens
    for (let turn = 0; turn < 5; turn += 1) {
      const answers = await Promise.all(
        system.gateways.map((site) => refreshTokens(site, app, refresh_token)),
      )
      expect(outcomes(answers)).toEqual({ 200: GATEWAYS })
      expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
      refresh_token = tokensAmong(answers).refresh_token
    }
  })
  test('of_two_generations_ago_ends_the_family_among_the_live_ones [K8]', async () => {
    const { app, tokens } = await connectApp(system.url, ann)
    const second = (await refreshTokens(at(0), app, tokens.refresh_token)).body
    const third = (await refreshTokens(at(1), app, second.refresh_token)).body
    const answers = await fiftyTimes((site) => refreshTokens(site, app, tokens.refresh_token))
    expect(outcomes(answers)).toEqual({ '400 invalid_grant': AT_ONCE })
    await everywhere(third.access_token, 401)
  })
})

describe('a refresh against a revocation', () => {
  test('leaves_nothing_alive_whichever_is_first [X1]', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const { app, tokens } = await connectApp(system.url, ann)
      const refreshes = system.gateways.map((site) => refreshTokens(site, app, tokens.refresh_token))
      const revoked = revokeToken(at(turn), app, tokens.refresh_token)
      const answers = await Promise.all(refreshes)
      expect((await revoked).status).toBe(200)
      for (const { status, body } of answers) {
        expect([200, 400]).toContain(status)
        if (status !== 200) continue
        await everywhere(body.access_token, 401)
        expect((await refreshTokens(at(turn + 1), app, body.refresh_token)).status).toBe(400)
      }
    }
  })
})

describe('the end of a token is known on every gateway within seconds', () => {
  test('when_its_grant_is_revoked [B5, X1]', async () => {
    const { app, tokens } = await connectApp(system.url, ann)
    await everywhere(tokens.access_token, 200)
    await revokeToken(at(1), app, tokens.refresh_token)
    await everywhere(tokens.access_token, 401)
  })
  test('when_its_person_is_no_longer_a_member [B5]', async () => {
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    const { app, tokens } = await connectApp(system.url, bo)
    await everywhere(tokens.access_token, 200)
    await using mongo = await connectMongo(
      system.stack.mongodbUrl,
      createLog({ filter: 'error', topic: 'test' }),
    )
    const people = mongo.database('gateway').collection('people')
    await people.updateOne({ email: bo.email }, { $set: { memberships: [] } })
    await everywhere(tokens.access_token, 401)
    for (const site of system.gateways)
      expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
  })
  test('when_a_browser_signs_out_it_is_out_on_all_of_them', async () => {
    const cy = await signUp(system, { name: 'Cy' })
    const sent = await fetch(`${at(0)}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ email: cy.email, password: cy.password }),
      redirect: 'manual',
    })
    expect(sent.status).toBe(303)
    const cookie = /^[^;]+/.exec(sent.headers.getSetCookie()[0] ?? '')?.[0] ?? ''
    const seen = () =>
      Promise.all(
        system.gateways.map(
          async (site) =>
            (await fetch(`${site}/workspace`, { headers: { cookie }, redirect: 'manual' })).status,
        ),
      )
    expect(await seen()).toEqual(system.gateways.map(() => 200))
    await fetch(`${at(1)}/sign-out`, { method: 'POST', headers: { cookie }, redirect: 'manual' })
    expect(await seen()).toEqual(system.gateways.map(() => 303))
  })
})

describe('somebody who signs out everywhere', () => {
  test('is_out_with_every_token_and_browser_on_every_gateway_within_seconds [B5]', async () => {
    const [ed, fay] = [await signUp(system, { name: 'Ed' }), await signUp(system, { name: 'Fay' })]
    const other = openBrowser(system.url)
    await other.submit('/sign-in', { email: ed.email, password: ed.password })
    const apps = [await connectApp(system.url, ed), await connectApp(system.url, ed)]
    const fays = await connectApp(system.url, fay)
    const waiting = await registerApp(system.url)
    const code = await obtainCode(system.url, waiting, ed)
    for (const { tokens } of apps) await everywhere(tokens.access_token, 200)
    const out = await ed.browser.submit('/account/sign-out-everywhere', {})
    expect(out.text).toContain('You are signed out everywhere')
    for (const { app, tokens } of apps) {
      await everywhere(tokens.access_token, 401)
      for (const site of system.gateways)
        expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    }
    expect((await exchangeCode(at(1), waiting, code)).body.error).toBe('invalid_grant')
    for (const browser of [ed.browser, other])
      expect((await browser.open('/workspace')).url.pathname).toBe('/sign-in')
    await everywhere(fays.tokens.access_token, 200)
    await other.submit('/sign-in', { email: ed.email, password: ed.password })
    expect((await other.open('/apps')).text).toContain('No app is connected')
  })
})

describe('consent and sign-in from many places at once', () => {
  test('one_request_allowed_on_three_gateways_has_one_code [A10, A11]', async () => {
    const app = await registerApp(system.url)
    const { verifier, challenge } = newPkce()
    const page = await ann.browser.open(authorizationUrl(system.url, app, challenge))
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ann.browser.submit(page.url, { decision: 'allow' })),
    )
    const codes = new Set(answers.map(({ url }) => url.searchParams.get('code')))
    expect(codes.size).toBe(1)
    const [code] = codes
    expect((await exchangeCode(at(2), app, { code: code ?? '', verifier })).status).toBe(200)
  })
  test('guesses_at_one_account_are_counted_together_by_all_gateways', async () => {
    const di = await signUp(system, { name: 'Di' })
    const guesses = await Promise.all(
      Array.from({ length: 18 }, (_, index) =>
        fetch(`${at(index)}/sign-in`, {
          method: 'POST',
          body: new URLSearchParams({ email: di.email, password: `guess number ${index}` }),
        }),
      ),
    )
    const statuses = guesses.map(({ status }) => status)
    expect(statuses.filter((status) => status === 403).length).toBeLessThanOrEqual(6)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(12)
  })
})
