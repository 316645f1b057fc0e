// Kills the gateway at every step between two documents and starts another one. The person's command is then done, and
// its events are published once.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { type Browser, openBrowser } from '../support/accounts.ts'
import { type KilledGateway, openKilledGateway } from '../support/killed-gateway.ts'
import { authorizationUrl, exchangeCode, newPkce, registerApp } from '../support/oauth-client.ts'

const PASSWORD = 'seven green bicycles in a row'
const ANN = { name: 'Ann', email: 'ann@example.com', password: PASSWORD, workspace: 'Acme' }

let killed: KilledGateway
let environment: KilledGateway['environment']
let site: string
let mongo: KilledGateway['mongo']
let people: KilledGateway['people']

beforeEach(async () => {
  killed = await openKilledGateway()
  ;({ environment, site, mongo, people } = killed)
})
afterEach(() => killed[Symbol.asyncDispose]())

/** Kills the only gateway at `step` while it runs `command`, and starts another one. */
const dieAt = async (step: string, command: () => Promise<unknown>): Promise<void> => {
  const { died } = await environment.startFaulty('gateway', step)
  await expect(command()).rejects.toThrow()
  expect(await died).toBe('SIGKILL')
  await environment.start('gateway')
}

const joinings = async (workspaceId: string, count: number): Promise<readonly unknown[]> => {
  const events = await environment.events(
    'gateway',
    workspaceId,
    (events) => events.filter(({ type }) => type === 'person.joined').length >= count,
  )
  return events.filter(({ type }) => type === 'person.joined').map(({ data }) => data.name)
}

const signedIn = async (email: string): Promise<Browser> => {
  const browser = openBrowser(site)
  const arrived = await browser.submit('/sign-in', { email, password: PASSWORD })
  expect([arrived.status, arrived.url.pathname]).toEqual([200, '/'])
  return browser
}

test('an_account_without_its_workspace_gets_it', async () => {
  await dieAt('sign_up.person_inserted', () => openBrowser(site).submit('/sign-up', ANN))
  const ann = await signedIn(ANN.email)
  expect((await ann.open('/workspace')).text).toContain('<h1>Acme</h1>')
  const workspaceId = (await people.byEmail(ANN.email))?.memberships[0]?.workspace_id ?? ''
  expect(await joinings(workspaceId, 1)).toEqual(['Ann'])
})

test('a_missing_workspace_is_created_without_a_request', async () => {
  await dieAt('sign_up.person_inserted', () => openBrowser(site).submit('/sign-up', ANN))
  const workspaceId = (await people.byEmail(ANN.email))?.memberships[0]?.workspace_id ?? ''
  expect(await joinings(workspaceId, 1)).toEqual(['Ann'])
  await expect.poll(async () => (await people.byEmail(ANN.email))?.unsettled).toEqual([])
})

test('an_accepted_invitation_is_used_up', async () => {
  const running = await environment.start('gateway')
  const ann = openBrowser(site)
  await ann.submit('/sign-up', ANN)
  const page = await ann.submit('/workspace/invite', { email: 'bo@example.com', role: 'member' })
  const [, invitation_id = ''] = /\/workspace\/invitations\/(\w+)\/withdraw/.exec(page.text) ?? []
  const { url } = await environment.as(gateway, null).get_invitation({ invitation_id })
  await running[Symbol.asyncDispose]()

  await dieAt('join.person_saved', () => openBrowser(site).submit(url, { name: 'Bo', password: PASSWORD }))
  await signedIn('bo@example.com')
  expect((await openBrowser(site).open(url)).status).toBe(404)
  const workspaceId = (await people.byEmail(ANN.email))?.memberships[0]?.workspace_id ?? ''
  expect(await joinings(workspaceId, 2)).toEqual(['Ann', 'Bo'])
  const asked = () =>
    environment
      .as(gateway, null)
      .get_invitation({ invitation_id })
      .catch(({ code }) => code)
  await expect.poll(asked).toBe('not_found')
})

test('an_app_that_was_allowed_gets_its_code_at_the_next_click', async () => {
  const running = await environment.start('gateway')
  const ann = openBrowser(site)
  await ann.submit('/sign-up', ANN)
  const app = await registerApp(site)
  const { verifier, challenge } = newPkce()
  const consent = await ann.open(authorizationUrl(site, app, challenge))
  await running[Symbol.asyncDispose]()

  await dieAt('consent.decided', () => ann.submit(consent.url, { decision: 'allow' }))
  const { url } = await ann.submit(consent.url, { decision: 'allow' })
  const code = url.searchParams.get('code') ?? ''
  expect((await exchangeCode(site, app, { code, verifier })).status).toBe(200)
})

test.each(['change_member.decided', 'change_member.applied'])(
  'somebody_removed_is_out_with_one_event_after_a_crash_at: %s',
  async (step) => {
    const running = await environment.start('gateway')
    const ann = openBrowser(site)
    await ann.submit('/sign-up', ANN)
    const page = await ann.submit('/workspace/invite', { email: 'bo@example.com', role: 'member' })
    const [, invitation_id = ''] = /\/workspace\/invitations\/(\w+)\/withdraw/.exec(page.text) ?? []
    const { url } = await environment.as(gateway, null).get_invitation({ invitation_id })
    await openBrowser(site).submit(url, { name: 'Bo', password: PASSWORD })
    const bo = await people.byEmail('bo@example.com')
    const workspaceId = bo?.memberships[0]?.workspace_id ?? ''
    await running[Symbol.asyncDispose]()

    await dieAt(step, () => ann.submit(`/workspace/members/${bo?._id}/end`, {}))
    await expect.poll(async () => (await people.byEmail('bo@example.com'))?.memberships).toEqual([])
    const workspaces = mongo.database('gateway').collection('workspaces')
    await expect.poll(() => workspaces.findOne({ member_change: { $exists: true } })).toBeNull()
    // Waits for a later event of the same person: the event about leaving comes before it, once.
    await (await signedIn(ANN.email)).submit('/workspace/invite', { email: 'cy@example.com' })
    const published = await environment.events('gateway', workspaceId, (events) =>
      events.some(({ type, data }) => type === 'person.invited' && data.invitation_id !== invitation_id),
    )
    expect(published.filter(({ type }) => type === 'person.left').map(({ data }) => data.name)).toEqual([
      'Bo',
    ])
  },
)

const mailsOf = (kind: string) =>
  mongo.database('gateway').collection('account_mails').countDocuments({ kind })

test('a_sign_in_in_a_new_browser_is_told_of_once_though_the_gateway_died_in_it', async () => {
  const running = await environment.start('gateway')
  await openBrowser(site).submit('/sign-up', ANN)
  await running[Symbol.asyncDispose]()
  const { email, password } = ANN
  const browser = openBrowser(site)
  await dieAt('sign_in.session_started', () => browser.submit('/sign-in', { email, password }))
  expect((await browser.submit('/sign-in', { email, password })).url.pathname).toBe('/')
  expect(await mailsOf('new_browser')).toBe(1)
})

test('the_end_of_a_token_is_told_of_once_though_the_gateway_died_before_it_was_noted', async () => {
  const running = await environment.start('gateway')
  const ann = openBrowser(site)
  await ann.submit('/sign-up', ANN)
  const asked = { token_name: 'CI', scope: 'loops:read', expires_in_days: '90' }
  await ann.submit('/account/tokens', asked)
  const tokens = mongo.database('gateway').collection('personal_tokens')
  const expires_at = new Date(clock.now().getTime() + 5 * 24 * 60 * 60_000)
  await tokens.updateOne({}, { $set: { expires_at, created_at: new Date(0) } })
  await running[Symbol.asyncDispose]()

  const { died } = await environment.startFaulty('gateway', 'token_warning.mailed')
  expect(await died).toBe('SIGKILL')
  expect([await mailsOf('token_expiring'), (await tokens.findOne({}))?.warned_at]).toEqual([1, undefined])
  await environment.start('gateway')
  await expect.poll(async () => (await tokens.findOne({}))?.warned_at).toBeInstanceOf(Date)
  expect(await mailsOf('token_expiring')).toBe(1)
  const workspaceId = (await people.byEmail(ANN.email))?.memberships[0]?.workspace_id ?? ''
  const isWarning = ({ type, data }: { type: string; data: Record<string, unknown> }) =>
    type === 'person.account_mail_requested' && data.mail === 'token-expiring'
  const published = await environment.events('gateway', workspaceId, (events) => events.some(isWarning))
  expect(published.filter(isWarning)).toHaveLength(1)
})
