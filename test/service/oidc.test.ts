// Single sign-on by a real provider: who gets an account, with which role, and how it goes on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invitationUrl } from '../../services/gateway/accounts/workspaces.ts'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { startOidcProvider, type TestProvider } from '../support/oidc-provider.ts'
import { answerOf, signInByProvider } from '../support/provider-sign-in.ts'
import { ids } from '../support/service-environment.ts'

let provider: TestProvider
let loops: GatewayEnvironment
let ann: Account

beforeAll(async () => {
  provider = await startOidcProvider()
  loops = await openGatewayEnvironment({
    ...provider.env,
    OIDC_SIGN_UP: 'allowed',
    OIDC_ALLOWED_DOMAINS: 'acme.example',
    OIDC_ROLES: 'eng=member,leads=admin,guests=viewer,chiefs=owner',
  })
  provider.allow(loops.url)
  ann = await signUp(loops, { name: 'Ann', workspace: 'Acme' })
})
afterAll(async () => {
  await loops?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
})

const people = () => loops.deps.store.people
const newSub = (): string => ids.next().toLowerCase()
/** Somebody whose address the provider has verified. */
const verified = (name: string, more: Readonly<Record<string, unknown>> = {}) => {
  const sub = newSub()
  return { sub, name, email: `${sub}@acme.example`, email_verified: true, ...more }
}
const signInAs = (person: ReturnType<typeof verified>, browser = openBrowser(loops.url), path?: string) => {
  provider.become(person)
  return signInByProvider(browser, path)
}
const roleOf = async (sub: string) =>
  (await people().byIdentity(provider.issuer, sub))?.memberships.map(({ role }) => role)
const workspaceId = async (): Promise<string> => (await loops.deps.store.workspaces.oldest())?._id ?? ''

describe('somebody of an allowed domain', () => {
  test('becomes_a_member_of_the_first_workspace_without_a_password_and_comes_back_as_the_same_person', async () => {
    const bo = verified('Bo Lind')
    const arrived = await signInAs(bo)
    expect([arrived.status, arrived.url.pathname]).toEqual([200, '/'])
    const made = await people().byEmail(bo.email)
    expect(made).toMatchObject({
      name: 'Bo Lind',
      password_hash: null,
      identities: [{ iss: provider.issuer, sub: bo.sub }],
    })
    expect(made?.memberships).toMatchObject([{ workspace_id: await workspaceId(), role: 'member' }])
    await signInAs({ ...bo, email: 'moved@elsewhere.example', name: 'Bo' })
    const [again, moved] = [
      await people().byEmail(bo.email),
      await people().byEmail('moved@elsewhere.example'),
    ]
    expect([again?._id, again?.memberships.length, moved]).toEqual([made?._id, 1, null])
  })

  test('has_a_session_that_says_how_it_began', async () => {
    const cy = verified('Cy')
    await signInAs(cy)
    const person = await people().byEmail(cy.email)
    const session = await loops.db.collection('sessions').findOne({ user_id: person?._id ?? '' })
    expect(session).toMatchObject({ methods: ['oidc'] })
  })

  test('goes_on_to_the_app_that_waits', async () => {
    const waiting = `request=${'r'.repeat(43)}`
    const arrived = await signInAs(verified('Di'), openBrowser(loops.url), `/oidc/start?${waiting}`)
    expect(arrived.url.pathname).toBe('/consent')
  })
})

describe('somebody without a right to an account', () => {
  test.each([
    ['of_another_domain', { email: 'eve@evil.example' }, 'may not sign up here'],
    ['of_a_domain_that_only_ends_alike', { email: 'eve@notacme.example' }, 'may not sign up here'],
    ['whose_address_is_not_verified', { email_verified: false }, 'has not verified your email address'],
    ['whose_address_is_said_to_be_verified_in_a_text', { email_verified: 'true' }, 'has not verified'],
    ['without_an_address', { email: undefined }, 'has not verified'],
    [
      'with_ten_thousand_groups',
      { groups: Array.from({ length: 10_000 }, (_, n) => `g${n}`) },
      'more groups',
    ],
  ])('%s_is_refused_and_nothing_is_made', async (_, claims, sentence) => {
    const person = verified('Eve')
    provider.become({ ...person, ...claims })
    const before = await loops.db.collection('people').countDocuments()
    const arrived = await signInByProvider(openBrowser(loops.url))
    expect([arrived.status, arrived.text.includes(sentence)]).toEqual([403, true])
    expect(arrived.text).toContain('href="/sign-in"')
    expect(await loops.db.collection('people').countDocuments()).toBe(before)
    expect(arrived.headers.getSetCookie().join()).not.toContain('loops_session')
  })
})

describe('an answer of the provider', () => {
  test('works_once_in_the_browser_that_asked_and_of_many_at_once_one_counts', async () => {
    provider.become(verified('Finn'))
    const browser = openBrowser(loops.url)
    const answer = await answerOf(browser)
    const stolen = await openBrowser(loops.url).open(answer)
    expect([stolen.status, stolen.text.includes('Begin again')]).toEqual([400, true])
    const all = await Promise.all(Array.from({ length: 8 }, () => browser.open(answer)))
    const done = all.filter(({ url }) => url.pathname === '/')
    expect(done).toHaveLength(1)
    expect(all.filter(({ status }) => status === 400)).toHaveLength(7)
    expect((await browser.open(answer)).status).toBe(400)
  })

  test('comes_too_late_after_ten_minutes', async () => {
    await using late = await openGatewayEnvironment(provider.env)
    provider.allow(late.url)
    provider.become(verified('Late'))
    const browser = openBrowser(late.url)
    const answer = await answerOf(browser)
    late.advance(10 * 60_000 + 1)
    expect((await browser.open(answer)).status).toBe(400)
    provider.allow(loops.url)
  })

  test('is_taken_by_any_gateway_of_the_site', async () => {
    await using beside = await openGatewayEnvironment(
      { ...provider.env, OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: '*' },
      loops,
    )
    const gil = verified('Gil')
    provider.become(gil)
    const browser = openBrowser(loops.url)
    const answer = await answerOf(browser)
    const elsewhere = await fetch(new URL(`${answer.pathname}${answer.search}`, beside.url), {
      headers: { cookie: browser.cookie() },
      redirect: 'manual',
    })
    expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([303, '/'])
    expect(await roleOf(gil.sub)).toEqual(['member'])
  })
})

describe('groups', () => {
  test('give_the_role_at_each_sign_in_and_none_of_them_leaves_it', async () => {
    const ivy = verified('Ivy')
    const as = async (groups: unknown) => {
      await signInAs({ ...ivy, groups } as typeof ivy)
      return roleOf(ivy.sub)
    }
    expect(await as(['guests'])).toEqual(['viewer'])
    expect(await as(['eng', 'leads', 'else'])).toEqual(['admin'])
    expect(await as('eng')).toEqual(['member'])
    expect(await as(['unknown'])).toEqual(['member'])
    expect(await as({ eng: true })).toEqual(['member'])
  })

  test('never_take_the_role_from_the_last_owner_whichever_of_two_goes_first', async () => {
    const [one, two] = [verified('One'), verified('Two')]
    for (const person of [one, two]) await signInAs({ ...person, groups: ['chiefs'] } as typeof person)
    const ws = await workspaceId()
    // Ann, who founded the workspace, steps down; two owners are left.
    const page = /href="(\/workspace\/members\/\w+)">Ann</.exec(
      (await ann.browser.open('/workspace')).text,
    )?.[1]
    await ann.browser.submit(`${page}/role`, { role: 'admin' })
    expect(await people().countOwners(ws)).toBe(2)
    const answers: [ReturnType<typeof openBrowser>, URL][] = []
    for (const person of [one, two]) {
      const browser = openBrowser(loops.url)
      provider.become({ ...person, groups: ['guests'] } as typeof person)
      answers.push([browser, await answerOf(browser)])
    }
    const arrived = await Promise.all(answers.map(([browser, answer]) => browser.open(answer)))
    expect(arrived.map(({ url }) => url.pathname)).toEqual(['/', '/'])
    expect(await people().countOwners(ws)).toBe(1)
    const roles = [await roleOf(one.sub), await roleOf(two.sub)].flat().toSorted()
    expect(roles).toEqual(['owner', 'viewer'])
  })
})

describe('where people are invited', () => {
  test('an_open_invitation_for_the_verified_address_makes_the_account_and_no_other_address_does', async () => {
    const alone = await openGatewayEnvironment(provider.env)
    await using _ = alone
    provider.allow(alone.url)
    const host = await signUp(alone, { name: 'Host', workspace: 'Hosts' })
    await alone.db
      .collection('people')
      .updateOne({ email: host.email }, { $set: { confirmed_at: new Date() } })
    const guest = verified('Guest')
    provider.become(guest)
    const refused = await signInByProvider(openBrowser(alone.url))
    expect([refused.status, refused.text.includes('no open invitation')]).toEqual([403, true])
    await host.browser.submit('/workspace/invite', { email: guest.email, role: 'viewer' })
    const [invitation] = await alone.db.collection<{ _id: string }>('invitations').find().toArray()
    const link = new URL(invitationUrl(alone.deps, { _id: invitation?._id ?? '' }))
    const browser = openBrowser(alone.url)
    const page = await browser.open(link)
    const start = /href="(\/oidc\/start\?invitation=[^"]+)"/.exec(page.text)?.[1] ?? ''
    const arrived = await signInByProvider(browser, start)
    expect([arrived.status, arrived.url.pathname]).toEqual([200, '/'])
    expect(await alone.deps.store.people.byEmail(guest.email)).toMatchObject({
      memberships: [{ role: 'viewer', workspace_name: 'Hosts' }],
      password_hash: null,
    })
    expect(await alone.deps.store.invitations.find(invitation?._id ?? '')).toMatchObject({
      status: 'accepted',
    })
    provider.allow(loops.url)
  })

  test('the_first_account_is_made_with_a_password_and_never_by_a_provider', async () => {
    await using empty = await openGatewayEnvironment({
      ...provider.env,
      OIDC_SIGN_UP: 'allowed',
      OIDC_ALLOWED_DOMAINS: '*',
    })
    provider.allow(empty.url)
    provider.become(verified('First'))
    const refused = await signInByProvider(openBrowser(empty.url))
    expect([refused.status, refused.text.includes('no account here yet')]).toEqual([403, true])
    expect(await empty.deps.store.people.isEmpty()).toBe(true)
    provider.allow(loops.url)
  })
})
