// What is in the audit log: an entry for every kind of thing that it has to show, and in none of them a text or a secret.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPeopleStores, type PeopleStore } from '../../services/gateway/accounts/account-store.ts'
import { CHAIN_START, INSTALLATION_LOG, verifyChain } from '../../services/gateway/audit/audit-rules.ts'
import { type AuditStore, openAuditStore } from '../../services/gateway/audit/audit-store.ts'
import { AUDIT_TARGET_NAMES } from '../../services/gateway/web/messages/audit-details.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { type Account, joinWorkspace, linkInMail, openBrowser, signUp } from '../support/accounts.ts'
import { askForServiceAccount, serviceClientOn, tokenIdsOn, tokenOn } from '../support/fleet.ts'
import { connectApp, obtainCode, registerApp } from '../support/oauth-client.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

const log = createLog({ filter: 'error', topic: 'test' })
/** Texts that people write; none may be in the log. */
const CANARIES = [
  'canary of the context',
  'canary of the wrong password',
  'canary@typed.example.com',
] as const
const NEW_PASSWORD = 'nine purple canoes on a lake'

let system: System
let mongo: Mongo
let bus: Bus
let audit: AuditStore
let people: PeopleStore
let ann: Account
let bo: Account
let ws: string
const secrets: string[] = [NEW_PASSWORD, ...CANARIES]

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  mongo = await connectMongo(system.stack.mongodbUrl, log)
  bus = await connectBus(system.stack.natsUrl, 'test', log)
  const db = mongo.database('gateway')
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  audit = await openAuditStore(db, aggregate)
  people = (await openPeopleStores(db, aggregate)).people
  ann = await signUp(system, { name: 'Ann' })
  secrets.push(ann.password)
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  ws = /<code>([0-9A-Z]{26})<\/code>/.exec((await ann.browser.open('/workspace')).text)?.[1] ?? ''
})
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]()
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

const all = (chain = ws) => audit.read(chain, 0, 1_000)
const idOf = async ({ email }: Account): Promise<string> => (await people.byEmail(email))?._id ?? ''
const newService = async (name: string): Promise<string> => {
  const client = serviceClientOn(await askForServiceAccount(ann, { name, scope: ['loops:write'] }))
  secrets.push(client.client_secret)
  return client.client_id
}
const newToken = async (name: string): Promise<string> => {
  const made = await ann.browser.submit('/account/tokens', {
    token_name: name,
    expires_in_days: '90',
    scope: ['loops:read'],
  })
  secrets.push(tokenOn(made))
  return tokenIdsOn((await ann.browser.open('/account/tokens')).text)[0] ?? ''
}

type Way = () => Promise<unknown>
/** Every kind of thing, the way to do it, and the actions that have to be in the log afterwards. */
const WAYS: Readonly<Record<string, readonly [Way, ...(readonly string[])]>> = {
  signing_in: [
    () => openBrowser(system.url).submit('/sign-in', { email: ann.email, password: ann.password }),
    'session.started done',
  ],
  a_wrong_password: [
    () => openBrowser(system.url).submit('/sign-in', { email: ann.email, password: CANARIES[1] }),
    'sign_in.refused refused',
  ],
  signing_out: [
    async () => {
      const browser = openBrowser(system.url)
      await browser.submit('/sign-in', { email: bo.email, password: bo.password })
      await browser.submit('/sign-out', {})
    },
    'session.started done',
    'session.ended done',
  ],
  consent: [() => connectApp(system.url, ann), 'consent.given done'],
  no_consent: [
    async () => {
      const app = await registerApp(system.url)
      const deny = async (authorization: URL): Promise<URL> => {
        const page = await ann.browser.open(authorization)
        return (await ann.browser.submit(page.url, { decision: 'deny' })).url
      }
      await obtainCode(system.url, app, { ...ann, browse: deny }).catch(() => undefined)
    },
    'consent.denied done',
  ],
  a_token: [
    async () => {
      const id = await newToken('Nightly')
      await ann.browser.submit(`/account/tokens/${id}/revoke`, {})
    },
    'token.made done',
    'token.revoked done',
  ],
  a_service_account: [
    async () => {
      const path = `/workspace/service-accounts/${await newService('Builds')}`
      const rotated = await ann.browser.submit(`${path}/secret`, {})
      secrets.push(serviceClientOn(rotated).client_secret)
      secrets.push(
        tokenOn(await ann.browser.submit(`${path}/tokens`, { token_name: 'CI', expires_in_days: '90' })),
      )
      for (const step of ['disable', 'enable', 'delete']) await ann.browser.submit(`${path}/${step}`, {})
    },
    'service_account.made done',
    'client_secret.made done',
    'token.made done',
    'service_account.disabled done',
    'service_account.enabled done',
    'service_account.removed done',
  ],
  a_role: [
    async () => ann.browser.submit(`/workspace/members/${await idOf(bo)}/role`, { role: 'admin' }),
    'member.role_changed done',
  ],
  a_role_that_one_may_not_give: [
    async () => bo.browser.submit(`/workspace/members/${await idOf(ann)}/role`, { role: 'viewer' }),
    'member.role_changed refused',
  ],
  an_invitation: [
    async () => {
      await ann.browser.submit('/workspace/invite', { email: 'cy@example.com', role: 'member' })
      const { text } = await ann.browser.open('/workspace')
      await ann.browser.submit(/\/workspace\/invitations\/[0-9A-Z]+\/withdraw/.exec(text)?.[0] ?? '', {})
    },
    'invitation.made done',
    'invitation.withdrawn done',
  ],
  a_setting: [
    () => ann.browser.submit('/workspace', { name: 'Bakery', time_zone: 'UTC', ai_context: CANARIES[0] }),
    'workspace.setting_changed done',
  ],
  a_webhook: [
    async () => {
      const url = 'https://hooks.example.com/loops'
      const { text } = await ann.browser.submit('/workspace/webhooks/add_webhook', { url })
      secrets.push(/whsec_[A-Za-z0-9+/=]+/.exec(text)?.[0] ?? '')
    },
    'panel.secret_shown done',
  ],
  an_export: [() => ann.browser.open('/export/tasks.jsonl'), 'export.made done'],
  a_new_password: [
    async () => {
      await openBrowser(system.url).submit('/forgot', { email: bo.email })
      const link = await linkInMail(system, bo.email, 'reset')
      await openBrowser(system.url).submit(link, { password: NEW_PASSWORD })
      secrets.push(link.pathname.split('/').at(-1) ?? '')
    },
    'password_reset.requested done',
    'password.reset done',
  ],
  a_changed_password: [
    () => ann.browser.submit('/account/password', { current: ann.password, password: `${NEW_PASSWORD}!` }),
    'password.changed done',
  ],
  signing_out_everywhere: [
    async () => {
      const browser = openBrowser(system.url)
      await browser.submit('/sign-in', { email: bo.email, password: NEW_PASSWORD })
      await browser.submit('/account/sign-out-everywhere', {})
    },
    'sessions.ended done',
  ],
  leaving: [
    async () => {
      const browser = openBrowser(system.url)
      await browser.submit('/sign-in', { email: bo.email, password: NEW_PASSWORD })
      await browser.submit(`/workspace/members/${await idOf(bo)}/end`, {})
    },
    'member.left done',
  ],
}

test('joining_made_entries', async () => {
  const made = (await all()).map(({ action }) => action)
  expect(made).toEqual(
    expect.arrayContaining(['account.made', 'session.started', 'invitation.made', 'invitation.accepted']),
  )
})

test.each(Object.entries(WAYS))('%s_makes_its_entries', async (_, [way, ...expected]) => {
  const before = (await all()).length
  await way()
  const made = (await all()).slice(before)
  expect(made.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(expect.arrayContaining(expected))
  for (const { address } of made) expect(address).toBe('127.0.0.1')
})

test('an_unknown_address_is_in_the_log_of_the_installation_without_what_was_typed', async () => {
  const before = (await all(INSTALLATION_LOG)).length
  await openBrowser(system.url).submit('/sign-in', { email: CANARIES[2], password: CANARIES[1] })
  expect((await all(INSTALLATION_LOG)).slice(before)).toMatchObject([
    { action: 'sign_in.refused', by: { user_id: null }, address: '127.0.0.1', target: {} },
  ])
})

test('no_entry_has_a_text_or_a_secret_and_the_chain_is_whole', async () => {
  const entries = await all()
  const text = JSON.stringify([entries, await all(INSTALLATION_LOG)])
  expect(secrets.length).toBeGreaterThan(9)
  for (const secret of secrets) expect(text).not.toContain(secret)
  expect(verifyChain(ws, CHAIN_START, entries).fault).toBeUndefined()
})

test('what_an_entry_is_about_has_a_name_on_the_page', async () => {
  const members = new Set((await all()).flatMap(({ target }) => Object.keys(target)))
  expect(members.size).toBeGreaterThan(9)
  for (const name of members) expect(AUDIT_TARGET_NAMES.en).toHaveProperty(name)
})

test('subscribers_of_the_operator_get_each_entry_as_an_event', async () => {
  const entries = await all()
  const filter_subjects = eventSubject('gateway', 'audit.recorded', ws)
  const consumer = await bus.js.consumers.get(EVENTS_STREAM, { filter_subjects })
  const events = new Map<number, CloudEvent>()
  for await (const message of await consumer.consume()) {
    const event = CloudEvent.parse(message.json())
    events.set(event.sequence, event)
    if (events.size >= entries.length) break
  }
  for (const { id: entry_id, ws: log_id, ...entry } of entries)
    expect(events.get(entry.seq)?.data).toEqual({ log_id, workspace_id: ws, entry_id, ...entry })
})
