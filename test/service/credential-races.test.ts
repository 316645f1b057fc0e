// What is withdrawn while it is used, on two gateways: an app that is blocked while it refreshes, and a browser that is signed
// out while it posts. Whatever was on its way when the withdrawal was answered, nothing works from then on.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, asksToSignIn, type Browser, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { connectApp, refreshTokens } from '../support/oauth-client.ts'

/** Longer than any cache. */
const SOON_MS = 2_000
const ROUNDS = 5
const AT_ONCE = 6

let env: GatewayEnvironment
let other: GatewayEnvironment
beforeAll(async () => {
  env = await openGatewayEnvironment()
  other = await openGatewayEnvironment({}, env)
})
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const signedIn = async ({ email, password }: Account): Promise<Browser> => {
  const browser = openBrowser(env.url)
  await browser.submit('/sign-in', { email, password })
  return browser
}

test('an_app_that_is_blocked_while_it_refreshes_gets_no_token_that_works', async () => {
  const ann = await signUp(env, { name: 'Ann' })
  for (let round = 0; round < ROUNDS; round += 1) {
    const connected = await Promise.all(
      Array.from({ length: AT_ONCE }, () => connectApp(env.url, ann, { metadata: { client_name: 'Bad' } })),
    )
    const block = (clientId: string) =>
      ann.browser.submit('/workspace/access/clients/block', { client_id: clientId })
    const refreshed = await Promise.all(
      connected.flatMap(({ app, tokens }, n) => {
        // Each is blocked at another moment of its refresh, which any gateway may answer.
        const refresh = refreshTokens([env, other][n % 2]?.url ?? '', app, tokens.refresh_token)
        return [refresh, block(app.client_id).then(() => undefined)]
      }),
    )
    for (const gateway of [env, other]) gateway.advance(SOON_MS)
    const texts = [
      ...connected.map(({ tokens }) => tokens.access_token),
      ...refreshed.flatMap((answer) => (answer?.body.access_token as string | undefined) ?? []),
    ]
    const verified = await Promise.all(texts.flatMap((text) => [env.verify(text), other.verify(text)]))
    expect(verified.filter(({ ok }) => ok)).toEqual([])
    for (const [n, { app }] of connected.entries()) {
      const token = refreshed[n * 2]?.body.refresh_token as string | undefined
      if (token) expect((await refreshTokens(env.url, app, token)).status).toBe(400)
    }
  }
})

test('a_browser_that_is_signed_out_while_it_posts_changes_nothing_from_the_answer_on', async () => {
  const ann = await signUp(env, { name: 'Ann' })
  const language = async () => (await env.db.collection('people').findOne({ email: ann.email }))?.locale
  for (let round = 0; round < ROUNDS; round += 1) {
    const browser = await signedIn(ann)
    const choose = (one: string) =>
      browser.submit('/account/reading', { language: one, time_zone: 'Europe/Berlin' })
    const during = ['de', 'fr', 'es', 'de', 'fr', 'es'].map(choose)
    await ann.browser.submit('/account/sessions/end-others', {})
    await Promise.all(during)
    const before = await language()
    const after = await Promise.all(['ar', 'ar', 'ar'].map(choose))
    expect(after.map(asksToSignIn)).toEqual([true, true, true])
    expect(await language()).toBe(before)
  }
})
