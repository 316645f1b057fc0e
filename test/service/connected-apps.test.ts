// The page of connected apps: what a person sees of them, and that disconnecting one ends it on every gateway.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { openGatewayEnvironment } from '../support/gateway-environment.ts'
import { connectApp, obtainCode, refreshTokens, registerApp, tryToken } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
beforeAll(async () => {
  system = await startSystem({ names: ['gateway'], instances: 3 })
  ann = await signUp(system, { name: 'Ann', workspace: 'Bakery' })
})
afterAll(() => system?.stop())

const connect = (client_name: string, account = ann) =>
  connectApp(system.url, account, { metadata: { client_name } })
const idsOf = (page: string): string[] =>
  [...page.matchAll(/\/apps\/([^/"]+)\/disconnect/g)].map(([, id]) => id ?? '')

test('an_app_is_shown_with_its_name_workspace_scopes_and_last_use [X5]', async () => {
  const ben = await signUp(system, { name: 'Ben', workspace: 'Workshop' })
  expect((await ben.browser.open('/apps')).text).toContain('No app is connected')
  const { tokens } = await connectApp(system.url, ben, {
    metadata: { client_name: 'Robot <b>one</b>' },
    ask: { scope: 'loops:read' },
  })
  const before = (await ben.browser.open('/apps')).text
  expect(before).toContain('Robot &lt;b&gt;one&lt;/b&gt;')
  expect(before).toContain('in Workshop')
  expect(before).toContain('not used yet')
  expect(before).toContain('See the workspace')
  expect(before).not.toContain('Take back')
  expect(await tryToken(system.url, tokens.access_token)).toBe(200)
  expect((await ben.browser.open('/apps')).text).toMatch(/last used \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
})

test('disconnecting_an_app_ends_it_on_every_gateway_and_leaves_the_others [X5, B5]', async () => {
  const { app, tokens } = await connect('First')
  const other = await connect('Second')
  for (const gateway of system.gateways) expect(await tryToken(gateway, tokens.access_token)).toBe(200)
  const [newest, ...older] = idsOf((await ann.browser.open('/apps')).text)
  expect(newest).toBeDefined()
  const left = await ann.browser.submit(`/apps/${older[0]}/disconnect`, {})
  expect(left.url.pathname).toBe('/apps')
  expect(left.text).not.toContain('First')
  expect(left.text).toContain('Second')
  for (const gateway of system.gateways)
    await vi.waitFor(async () => expect(await tryToken(gateway, tokens.access_token)).toBe(401), 10_000)
  expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
  expect(await tryToken(system.url, other.tokens.access_token)).toBe(200)
})

test('an_app_of_somebody_else_cannot_be_seen_or_disconnected', async () => {
  const { tokens } = await connect('Hers')
  const [id = ''] = idsOf((await ann.browser.open('/apps')).text)
  const eve = await signUp(system, { name: 'Eve' })
  const [known, unknown] = [
    await eve.browser.submit(`/apps/${id}/disconnect`, {}),
    await eve.browser.submit('/apps/01JUNKNOWN/disconnect', {}),
  ]
  expect([known.status, unknown.status]).toEqual([404, 404])
  expect(known.text.replaceAll(id, '')).toBe(unknown.text.replaceAll('01JUNKNOWN', ''))
  expect((await eve.browser.open('/apps')).text).not.toContain('Hers')
  expect(await tryToken(system.url, tokens.access_token)).toBe(200)
})

test('an_app_that_never_used_its_code_or_has_expired_is_not_shown', async () => {
  await using environment = await openGatewayEnvironment()
  const cleo = await signUp(environment, { name: 'Cleo' })
  await obtainCode(environment.url, await registerApp(environment.url, { client_name: 'Never' }), cleo)
  expect((await cleo.browser.open('/apps')).text).not.toContain('Never')
  await connectApp(environment.url, cleo, { metadata: { client_name: 'Gone' } })
  expect((await cleo.browser.open('/apps')).text).toContain('Gone')
  const { email, password } = cleo
  const signIn = async () => (await cleo.browser.submit('/sign-in', { email, password })).url.pathname
  environment.advance(29.9 * 24 * 60 * 60_000)
  expect(await signIn()).toBe('/')
  expect((await cleo.browser.open('/apps')).text).toContain('Gone')
  environment.advance(24 * 60 * 60_000)
  expect(await signIn()).toBe('/')
  expect((await cleo.browser.open('/apps')).text).not.toContain('Gone')
})

test('the_page_requires_a_session', async () => {
  const response = await fetch(`${system.url}/apps`, { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([303, '/sign-in'])
})
