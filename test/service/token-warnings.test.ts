// The mail a week before a token ends: once, to whoever can replace it. The tests move the clock.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountMailUrl, personOfAccountMail } from '../../services/gateway/accounts/account-mails.ts'
import type { AccountMail } from '../../services/gateway/accounts/link-store.ts'
import { warnOfTokenEnds } from '../../services/gateway/accounts/token-warnings.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { askForServiceAccount, askForToken, serviceClientOn } from '../support/fleet.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const DAY_MS = 24 * 60 * 60_000

let env: GatewayEnvironment
let other: GatewayEnvironment
beforeAll(async () => {
  env = await openGatewayEnvironment()
  other = await openGatewayEnvironment({}, env)
  await signUp(env, { name: 'Host' })
})
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const people = () => env.deps.store.people
const personOf = async ({ email }: Pick<Account, 'email'>) => {
  const person = await people().byEmail(email)
  if (!person) throw new Error(`nobody has ${email}`)
  return person
}
/** Somebody whose address is confirmed. */
const member = async (name: string): Promise<Account> => {
  const account = await signUp(env, { name, workspace: `${name}’s shop` })
  await people().confirm(await personOf(account), new Date())
  return account
}
const mailsTo = ({ email }: Pick<Account, 'email'>) =>
  env.db.collection<AccountMail>('account_mails').find({ email, kind: 'token_expiring' }).toArray()
const advance = (days: number): void => {
  for (const one of [env, other]) one.advance(days * DAY_MS)
}
/** What every gateway does once a minute. */
const sweep = () => warnOfTokenEnds(env.deps)
const tokenOf = async (account: Account) => {
  const [token] = await env.deps.store.personalTokens.list((await personOf(account))._id, 1)
  if (!token) throw new Error('there is no token')
  return token
}

describe('a token of 90 days', () => {
  test('is_told_of_once_a_week_before_its_end_by_however_many_gateways', async () => {
    const ann = await member('Ann')
    await askForToken(ann, { name: 'Nightly', days: '90' })
    const token = await tokenOf(ann)
    advance(82)
    await sweep()
    expect(await mailsTo(ann)).toEqual([])
    advance(2)
    await Promise.all([env, other, env, other].map(({ deps }) => warnOfTokenEnds(deps)))
    await sweep()
    const [mail, ...more] = await mailsTo(ann)
    expect(more).toEqual([])
    expect(mail?.facts).toMatchObject({
      token: 'Nightly',
      ending: token.ending,
      workspace: 'Ann’s shop',
      at: token.expires_at.toISOString(),
    })
    expect(mail?.outbox.length ?? 0).toBeLessThanOrEqual(1)
    expect(mail && accountMailUrl(env.deps, mail)).toBe(`${env.url}/account/tokens`)
    expect(mail && (await personOfAccountMail(env.deps, mail._id))).toBeDefined()
    advance(6)
    await sweep()
    expect(await mailsTo(ann)).toHaveLength(1)
  })

  test('that_was_replaced_is_told_of_before_its_next_end_and_an_earlier_mail_is_not_sent', async () => {
    const bo = await member('Bo')
    await askForToken(bo, { name: 'Nightly', days: '30' })
    const { _id } = await tokenOf(bo)
    advance(24)
    await sweep()
    const [first] = await mailsTo(bo)
    await bo.browser.submit('/sign-in', { email: bo.email, password: bo.password })
    await bo.browser.submit(`/account/tokens/${_id}/rotate`, {})
    await sweep()
    expect(await mailsTo(bo)).toHaveLength(1)
    expect(await personOfAccountMail(env.deps, first?._id ?? '')).toBeUndefined()
    advance(24)
    await sweep()
    expect(await mailsTo(bo)).toHaveLength(2)
  })
})

describe('nobody is told', () => {
  test('of_a_token_that_was_made_for_a_week', async () => {
    const cy = await member('Cy')
    await askForToken(cy, { name: 'Short', days: '7' })
    await sweep()
    expect(await mailsTo(cy)).toEqual([])
    // It is not looked at again and again.
    expect((await tokenOf(cy)).warned_at).toBeInstanceOf(Date)
  })

  test('of_a_token_that_was_revoked_or_ended_with_the_password_or_of_an_address_that_is_not_confirmed', async () => {
    const [di, ed] = [await member('Di'), await member('Ed')]
    const flo = await signUp(env, { name: 'Flo' })
    for (const one of [di, ed, flo]) await askForToken(one, { name: 'Nightly', days: '30' })
    const { _id, user_id } = await tokenOf(di)
    await env.deps.store.personalTokens.remove(user_id, _id)
    await people().endAll(await personOf(ed))
    advance(25)
    await sweep()
    for (const one of [di, ed, flo]) expect(await mailsTo(one)).toEqual([])
  })
})

test('owners_and_admins_are_told_of_a_token_of_a_service_account', async () => {
  const [owner, admin, reader] = [await member('Gus'), await member('Hal'), await member('Ida')]
  const ws = (await personOf(owner)).memberships[0]?.workspace_id ?? ''
  for (const [one, role] of [
    [admin, 'admin'],
    [reader, 'member'],
  ] as const) {
    const person = await personOf(one)
    const membership = { workspace_id: ws, workspace_name: '', role, joined_at: new Date() }
    await people().join(person, membership, env.deps.ids.next(), [])
  }
  const made = await askForServiceAccount(owner, { name: 'Builds', scope: ['loops:read'] })
  const { client_id } = serviceClientOn(made)
  const form = { name: 'Deploy', scope: ['loops:read'], expires_in_days: '30', token_name: 'Deploy' }
  await owner.browser.submit(`/workspace/service-accounts/${client_id}/tokens`, form)
  advance(25)
  await sweep()
  const [mails, others] = [[...(await mailsTo(owner)), ...(await mailsTo(admin))], await mailsTo(reader)]
  expect([mails.length, others]).toEqual([2, []])
  for (const mail of mails) {
    expect(mail.facts).toMatchObject({ token: 'Deploy', account: 'Builds' })
    expect(accountMailUrl(env.deps, mail)).toBe(
      `${env.url}/workspace/service-accounts/${client_id}?workspace=${ws}`,
    )
  }
})
