// `npm run admin` as an operator runs it, against two running gateways: it lets people in again, and shows what it did.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setCodeApp } from '../../services/gateway/accounts/factor-rules.ts'
import { addFactor } from '../../services/gateway/accounts/factors.ts'
import { type Account, asksToSignIn, openBrowser, signUp } from '../support/accounts.ts'
import { runAdmin, SECRET } from '../support/admin-command.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { connectApp, exchangeCode, obtainCode, REDIRECT, tryToken } from '../support/oauth-client.ts'

const NEW_PASSWORD = 'nine purple canoes on a lake'

let env: GatewayEnvironment
let second: GatewayEnvironment
let ann: Account
let bo: Account
beforeAll(async () => {
  env = await openGatewayEnvironment({ LOOPS_SECRET: SECRET })
  second = await openGatewayEnvironment({ LOOPS_SECRET: SECRET }, env)
  ann = await signUp(env, { name: 'Ann', workspace: 'Bakery' })
  bo = await signUp(env, { name: 'Bo' })
})
afterAll(async () => {
  await second?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const admin = (...args: readonly string[]) => runAdmin(env, ...args)
const personOf = async ({ email }: Account) => {
  const person = await env.deps.store.people.byEmail(email)
  if (!person) throw new Error(`nobody has ${email}`)
  return person
}
const workspaceOf = async (account: Account): Promise<string> =>
  (await personOf(account)).memberships[0]?.workspace_id ?? ''
const newest = async (account: Account) =>
  (await env.deps.store.audit.byTime(await workspaceOf(account), {}, 'newest first', 1))[0]

test('people_and_workspaces_are_listed', async () => {
  const { code, out, err } = await admin('people')
  expect([code, err, out]).toEqual([0, '', expect.stringContaining(`${ann.email}  Ann  owner of`)])
  expect((await admin('people', '--workspace', await workspaceOf(bo))).out).not.toContain(ann.email)
  expect((await admin('workspaces')).out).toContain('Bakery  members: 1')
})

test('a_link_lets_somebody_in_once_without_any_mail', async () => {
  const { code, out } = await admin('reset-password', ann.email)
  expect(code).toBe(0)
  const link = /http\S+\/reset\/\S+/.exec(out)?.[0] ?? ''
  expect(link.startsWith(`${env.url}/reset/`)).toBe(true)
  const browser = openBrowser(env.url)
  expect((await browser.submit(link, { password: NEW_PASSWORD })).url.pathname).toBe('/')
  expect((await openBrowser(env.url).open(link)).status).toBe(404)
  const entries = await env.deps.store.audit.byTime(
    await workspaceOf(ann),
    { action: 'admin.command' },
    'newest first',
    1,
  )
  expect(entries).toMatchObject([
    { by: { user_id: null, via: 'admin' }, address: null, target: { command: 'reset-password' } },
  ])
  expect(JSON.stringify(entries)).not.toContain(link.split('/').at(-1))
})

test('a_member_becomes_an_owner_and_only_of_a_workspace_of_theirs', async () => {
  const ws = await workspaceOf(bo)
  const { _id } = await personOf(bo)
  await env.db
    .collection<{ _id: string }>('people')
    .updateOne({ _id }, { $set: { 'memberships.0.role': 'viewer' } })
  const { code, out } = await admin('make-owner', bo.email)
  expect([code, out]).toEqual([0, expect.stringContaining('is now an owner')])
  expect((await personOf(bo)).memberships[0]?.role).toBe('owner')
  expect(await newest(bo)).toMatchObject({
    outcome: 'done',
    target: { command: 'make-owner', email: bo.email },
  })
  expect((await admin('make-owner', bo.email)).out).toContain('already')
  const foreign = await admin('make-owner', ann.email, '--workspace', ws)
  expect([foreign.code, foreign.err]).toEqual([2, expect.stringContaining('is no member')])
})

test('deactivation_ends_browsers_and_apps_on_both_gateways_until_reactivation', async () => {
  const { tokens } = await connectApp(env.url, bo)
  const statuses = () => Promise.all([env, second].map(({ url }) => tryToken(url, tokens.access_token)))
  expect(await statuses()).not.toContain(401)
  expect((await admin('deactivate', bo.email)).out).toContain('Deactivated')
  await expect.poll(statuses, { timeout: 10_000 }).toEqual([401, 401])
  expect(asksToSignIn(await bo.browser.open('/account'))).toBe(true)
  expect((await admin('reactivate', bo.email)).code).toBe(0)
  const browser = openBrowser(env.url)
  expect((await browser.submit('/sign-in', { email: bo.email, password: bo.password })).url.pathname).toBe(
    '/',
  )
})

test('an_account_is_deleted_for_good_but_that_of_the_last_owner', async () => {
  const eve = await signUp(env, { name: 'Eve', workspace: 'Eve’s own' })
  const fay = await personOf(await signUp(env, { name: 'Fay' }))
  const guest = { ...(await personOf(eve)).memberships[0], role: 'member' as const }
  const people = env.db.collection<{ _id: string; memberships: (typeof guest)[] }>('people')
  await people.updateOne({ _id: fay._id }, { $push: { memberships: guest } })
  const refused = await admin('delete-account', eve.email)
  expect([refused.code === 0, refused.err]).toEqual([false, expect.stringContaining('is the last owner of')])
  await people.updateOne({ _id: fay._id }, { $pull: { memberships: guest } })
  const kept = await admin('delete-account', eve.email)
  expect([kept.code, kept.err]).toEqual([2, expect.stringContaining('--with-workspaces')])
  const done = await admin('delete-account', eve.email, '--with-workspaces')
  expect(done.out).toContain('Deleted with it, since nobody else was a member: Eve’s own.')
  expect(asksToSignIn(await eve.browser.open('/account'))).toBe(true)
  expect((await admin('deactivate', eve.email)).err).toContain('Nobody has the address')
})

test('sessions_are_listed_and_ended', async () => {
  const browser = openBrowser(env.url)
  await browser.submit('/sign-in', { email: bo.email, password: bo.password })
  expect((await admin('sessions', bo.email)).out).toMatch(/^since .* until .* password$/m)
  expect((await admin('sessions', bo.email, '--end')).out).toContain('out of every browser')
  expect((await admin('sessions', bo.email)).out).toContain('signed in nowhere')
  expect(asksToSignIn(await browser.open('/account'))).toBe(true)
})

test('lost_second_factors_are_removed', async () => {
  const { _id } = await personOf(ann)
  await env.db.collection<{ _id: string }>('second_factors').deleteMany({ _id })
  expect((await admin('reset-second-factor', ann.email)).out).toContain('has no second factor')
  const at = new Date()
  const app = { sealed: 'unused', last_step: 0, created_at: at, last_used_at: at }
  await addFactor(env.deps, _id, (factors) => setCodeApp(factors, app))
  expect((await admin('reset-second-factor', ann.email)).out).toContain('Removed 1 second factors')
  expect(await env.deps.store.factors.find(_id)).toBeNull()
  expect(await newest(ann)).toMatchObject({ target: { command: 'reset-second-factor' } })
})

describe('a client', () => {
  const add = (...args: string[]) => admin('add-client', 'Fleet of Ann', '--redirect', REDIRECT, ...args)
  const idIn = (out: string): string => /^client_id=(\S+)$/m.exec(out)?.[1] ?? ''

  test('that_the_operator_registers_works_and_ends_with_its_removal', async () => {
    const { out } = await add()
    const id = idIn(out)
    expect((await admin('clients')).out).toContain(`${id}  Fleet of Ann  registered by the operator`)
    const secret = /^client_secret=(\S+)$/m.exec(out)?.[1] ?? ''
    const app = { client_id: id, client_secret: secret, redirect_uri: REDIRECT }
    const cy = await signUp(env, { name: 'Cy' })
    const { body: tokens } = await exchangeCode(env.url, app, await obtainCode(env.url, app, cy))
    const statuses = () => Promise.all([env, second].map(({ url }) => tryToken(url, tokens.access_token)))
    expect(await statuses()).not.toContain(401)
    expect((await admin('remove-client', id)).out).toContain('ended in 1 workspaces')
    await expect.poll(statuses, { timeout: 10_000 }).toEqual([401, 401])
    expect((await admin('clients')).out).not.toContain(id)
  })
  test('without_a_secret_has_none', async () => {
    expect((await add('--public')).out).not.toContain('client_secret')
  })
  test.each([
    [['add-client', 'A'], /--redirect URI/],
    [['add-client', 'A', '--redirect', 'javascript:alert(1)'], /redirect/i],
    [['remove-client', 'none'], /There is no client none/],
  ])('is_refused_with_a_sentence: %j', async (args, sentence) => {
    const { code, err } = await admin(...args)
    expect(code).toBeGreaterThan(0)
    expect(err).toMatch(sentence)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})

test.each([
  [['people', '--all'], /Say: npm run admin -- people/],
  [['reset-password'], /Say: npm run admin -- reset-password EMAIL/],
  [['reset-password', 'nobody@example.com'], /Nobody has the address .* people shows/],
  [['verify-audit', '--workspace', 'x'], /There is no log of x/],
  [['burn'], /There is no command burn/],
  [[], /npm run admin -- make-owner EMAIL/],
])('%s_says_what_to_do', async (args, sentence) => {
  expect(await admin(...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(sentence) })
})

test('the_log_is_written_out_and_verified_and_a_change_in_the_database_is_found', async () => {
  const ws = await workspaceOf(ann)
  const lines = (await admin('audit', '--workspace', ws)).out.trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as { seq: number; hash: string; action: string })
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, n) => n + 1))
  const whole = await admin('verify-audit', '--workspace', ws)
  const last = entries.at(-1)
  expect(whole).toMatchObject({ code: 0, out: expect.stringContaining(`${last?.seq}=${last?.hash}`) })
  expect((await admin('verify-audit')).code).toBe(0)
  const known = `${(last?.seq ?? 0) + 1}=${last?.hash}`
  expect(await admin('verify-audit', '--workspace', ws, '--known', known)).toMatchObject({
    code: 1,
    out: expect.stringContaining('is missing'),
  })
  await env.db.collection('audit').updateOne({ ws, seq: 2 }, { $set: { 'by.name': 'Somebody else' } })
  expect(await admin('verify-audit', '--workspace', ws)).toMatchObject({
    code: 1,
    out: expect.stringContaining('NOT WHOLE: entry 2 was changed'),
  })
})
