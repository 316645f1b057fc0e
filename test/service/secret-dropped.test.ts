// LOOPS_SECRET is replaced and the old one is dropped at once: what ends, with which sentence, and what goes on. Nothing is
// answered wrongly by a gateway with the new one alone.
import { expect, test } from 'vitest'
import { makeResetLink } from '../../services/gateway/accounts/credentials.ts'
import { resealFactors } from '../../services/gateway/accounts/factors.ts'
import { openBrowser, signUp } from '../support/accounts.ts'
import { tokenOf } from '../support/fleet.ts'
import { openGatewayEnvironment } from '../support/gateway-environment.ts'
import { TEST_SECRET } from '../support/keys.ts'
import { connectApp, refreshTokens } from '../support/oauth-client.ts'
import { armAccount, codeAt } from '../support/second-factors.ts'

const NEW = 'the secret that takes the place of the other'
const BOTH = { LOOPS_SECRET: NEW, LOOPS_SECRET_OLD: TEST_SECRET }

test('a_gateway_does_not_start_with_a_secret_that_no_signing_key_was_sealed_under', async () => {
  await using before = await openGatewayEnvironment()
  await signUp(before, { name: 'Ann' })
  await expect(openGatewayEnvironment({ LOOPS_SECRET: NEW }, before)).rejects.toThrow(
    'LOOPS_SECRET is not the one that this database was set up with',
  )
})

test('what_hangs_on_the_old_secret_ends_with_a_sentence_and_the_rest_goes_on', async () => {
  await using before = await openGatewayEnvironment()
  const ann = await signUp(before, { name: 'Ann' })
  const armed = await armAccount(await signUp(before, { name: 'Bo' }), new Date())
  const late = await armAccount(await signUp(before, { name: 'Cy' }), new Date())
  const { app, tokens } = await connectApp(before.url, ann)
  const token = await tokenOf(ann)
  const person = await before.deps.store.people.byEmail(ann.email)
  if (!person) throw new Error('there is nobody')
  const reset = new URL(await makeResetLink(before.deps, person)).pathname
  // What was sealed before both secrets were set is sealed again; one that comes later by a gateway of the old secret is not.
  const stale = await before.deps.store.factors.find(
    (await before.deps.store.people.byEmail(late.email))?._id ?? '',
  )
  {
    await using both = await openGatewayEnvironment(BOTH, before)
    await both.deps.keys.tend()
    await resealFactors(both.deps)
  }
  if (!stale) throw new Error('there is no factor')
  await before.db
    .collection<{ _id: string }>('second_factors')
    .updateOne({ _id: stale._id }, { $set: { code_app: stale.code_app } })
  await using alone = await openGatewayEnvironment({ LOOPS_SECRET: NEW }, { stack: before.stack })

  // Goes on: personal access tokens, passwords, and codes whose secret was sealed again.
  expect((await alone.verify(token)).ok).toBe(true)
  const { email, password } = armed
  const browser = openBrowser(alone.url)
  await browser.submit('/sign-in', { email, password })
  alone.advance(60_000)
  const code = codeAt(armed.secret, alone.deps.clock.now())
  expect((await browser.submit('/sign-in/second-step', { code })).url.pathname).toBe('/')

  // Ends: links in mails, and refresh tokens.
  const link = await openBrowser(alone.url).open(reset)
  expect([link.status, link.text.includes('expired')]).toEqual([404, true])
  const refreshed = await refreshTokens(alone.url, app, tokens.refresh_token)
  expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant'])

  // An app for codes whose secret nobody can read says so; recovery codes still work.
  const other = openBrowser(alone.url)
  await other.submit('/sign-in', { email: late.email, password: late.password })
  const refused = await other.submit('/sign-in/second-step', {
    code: codeAt(late.secret, alone.deps.clock.now()),
  })
  expect([refused.status, refused.text.includes('cannot be read any more')]).toEqual([400, true])
  const recovered = await other.submit('/sign-in/second-step', { code: late.recovery[0] ?? '' })
  expect(recovered.url.pathname).toBe('/')
})

test('a_secret_that_nobody_can_read_keeps_no_other_from_being_sealed_again', async () => {
  await using before = await openGatewayEnvironment()
  const [bo, cy] = [
    await armAccount(await signUp(before, { name: 'Bo' }), new Date()),
    await armAccount(await signUp(before, { name: 'Cy' }), new Date()),
  ]
  const factorsOf = async ({ email }: typeof bo) =>
    before.deps.store.factors.find((await before.deps.store.people.byEmail(email))?._id ?? '')
  const first = await factorsOf(bo)
  await before.db
    .collection<{ _id: string }>('second_factors')
    .updateOne({ _id: first?._id ?? '' }, { $set: { 'code_app.sealed': 'A'.repeat(80) } })
  const sealed = (await factorsOf(cy))?.code_app?.sealed
  await using both = await openGatewayEnvironment(BOTH, before)
  await resealFactors(both.deps)
  expect((await factorsOf(cy))?.code_app?.sealed).not.toBe(sealed)
})
