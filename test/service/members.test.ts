// Members of a workspace over two gateways. Roles change, people leave or are removed; events are published, and access
// ends.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPeopleStores, type PeopleStore } from '../../services/gateway/accounts/account-store.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { type Account, agentOf, joinWorkspace, mailWithLink, signUp } from '../support/accounts.ts'
import { connectApp, refreshTokens, tryToken } from '../support/oauth-client.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

const log = createLog({ filter: 'error', topic: 'test' })
let system: System
let mongo: Mongo
let bus: Bus
let people: PeopleStore

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  mongo = await connectMongo(system.stack.mongodbUrl, log)
  bus = await connectBus(system.stack.natsUrl, 'test', log)
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  people = (await openPeopleStores(mongo.database('gateway'), aggregate)).people
})
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]()
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

const found = async ({ email }: Account) => {
  const person = await people.byEmail(email)
  if (!person) throw new Error(`nobody has ${email}`)
  return person
}
const idOf = async (account: Account): Promise<string> => (await found(account))._id
const workspaceOf = async (account: Account): Promise<string> =>
  (await found(account)).memberships[0]?.workspace_id ?? ''
const pageOf = async (account: Account): Promise<string> => `/workspace/members/${await idOf(account)}`
const give = async (by: Account, to: Account, role: string) =>
  by.browser.submit(`${await pageOf(to)}/role`, { role })
const end = async (by: Account, whom: Account) => by.browser.submit(`${await pageOf(whom)}/end`, {})
const everywhere = (token: string, status: number): Promise<void> =>
  expect
    .poll(() => Promise.all(system.gateways.map((site) => tryToken(site, token))))
    .toEqual(system.gateways.map(() => status))

/** The events about somebody's memberships, as soon as there are `count` of them. */
const membershipEvents = async (
  account: Account,
  workspaceId: string,
  count: number,
): Promise<CloudEvent[]> => {
  const user_id = await idOf(account)
  const filter_subjects = eventSubject('gateway', 'person.*', workspaceId)
  const consumer = await bus.js.consumers.get(EVENTS_STREAM, { filter_subjects })
  const events: CloudEvent[] = []
  for await (const message of await consumer.consume()) {
    const event = CloudEvent.parse(message.json())
    // Others have a mail sent.
    if (event.data.user_id === user_id && 'role' in event.data) events.push(event)
    if (events.length >= count) break
  }
  return events
}

describe('somebody who is taken out', () => {
  test('is_refused_on_every_gateway_within_seconds_in_this_workspace_alone [B5]', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    const { app, tokens } = await connectApp(system.url, bo)
    await everywhere(tokens.access_token, 200)
    expect((await end(ann, bo)).url.pathname).toBe('/workspace')
    await everywhere(tokens.access_token, 401)
    for (const site of system.gateways)
      expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const page = await bo.browser.open('/workspace')
    expect([page.status, page.text.includes('do not belong to a workspace')]).toEqual([403, true])
    expect((await bo.browser.open('/apps')).text).toContain('No app is connected')
    expect((await ann.browser.open('/workspace')).text).not.toContain(bo.email)
  })

  test('stays_out_with_the_old_tokens_when_invited_again', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    const { app, tokens } = await connectApp(system.url, bo)
    await end(ann, bo)
    await ann.browser.submit('/workspace/invite', { email: bo.email, role: 'member' })
    const mail = await expect
      .poll(
        async () =>
          (await system.mails()).filter(
            ({ to, text }) => to.includes(bo.email) && text.includes('/invitations/'),
          ).length,
      )
      .toBeGreaterThan(1)
      .then(() => mailWithLink(system, bo.email, 'invitations'))
    const link = /https?:\/\/\S+\/invitations\/[\w.-]+/.exec(mail.text)?.[0] ?? ''
    expect((await bo.browser.submit(link, {})).url.pathname).toBe('/')
    await everywhere(tokens.access_token, 401)
    expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const again = await connectApp(system.url, bo)
    await everywhere(again.tokens.access_token, 200)
    const events = await membershipEvents(bo, await workspaceOf(ann), 3)
    expect(events.map(({ type }) => type)).toEqual(['person.joined', 'person.left', 'person.joined'])
    expect(events.map(({ subject }) => subject)).toEqual(Array(3).fill(await idOf(bo)))
    const sequences = events.map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    expect(new Set(sequences).size).toBe(3)
  })
})

test('who_has_left_gets_no_mail_and_is_in_no_private_loop', async () => {
  const ann = await signUp(system, { name: 'Ann' })
  const bo = await joinWorkspace(system, ann, { name: 'Bo' })
  const cy = await joinWorkspace(system, ann, { name: 'Cy' })
  await using agent = await agentOf(system, ann)
  const member_ids = await Promise.all([bo, cy].map(idOf))
  const made = await agent.call('create_loop', { name: 'Secret', visibility: 'private', member_ids })
  const open = await agent.call('create_loop', { name: 'Open' })
  await end(ann, bo)
  const loops = mongo.database('loops-queue').collection<{ _id: string; readers: readonly string[] }>('loops')
  const readers = async () => (await loops.findOne({ _id: made.loop.id }))?.readers
  await expect.poll(readers).toEqual([await idOf(ann), await idOf(cy)])
  for (const { loop } of [made, open]) await agent.call('ship_loop', { loop_id: loop.id })
  const shipped = async ({ email }: Account) =>
    (await system.mails()).filter(({ to, subject }) => to.includes(email) && subject.startsWith('Shipped: '))
      .length
  for (const member of [ann, cy]) await expect.poll(() => shipped(member)).toBe(2)
  expect(await shipped(bo)).toBe(0)
})

describe('somebody who leaves', () => {
  test('has_one_event_under_their_own_name', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo', role: 'viewer' })
    expect((await end(bo, bo)).status).toBe(403)
    const [, left] = await membershipEvents(bo, await workspaceOf(ann), 2)
    const user_id = await idOf(bo)
    expect(left).toMatchObject({
      type: 'person.left',
      data: { user_id, name: 'Bo', role: 'viewer', by: { user_id } },
    })
  })
  test('may_not_be_the_last_owner', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    const refused = await end(ann, ann)
    expect([refused.status, refused.text.includes('The last owner')]).toEqual([403, true])
    expect((await give(ann, bo, 'owner')).status).toBe(200)
    expect((await end(ann, ann)).text).toContain('do not belong to a workspace')
    expect((await bo.browser.open('/workspace')).text).toContain('Members (1)')
  })
})

describe('a role', () => {
  test('that_allows_less_counts_for_connected_apps_within_seconds [B5]', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    await using agent = await agentOf(system, bo)
    await agent.call('create_task', { title: 'Before' })
    expect((await give(ann, bo, 'viewer')).text).toMatch(/<dd>viewer<\/dd>/)
    const scopes = async () => (await agent.call('get_workspace', {})).you.scopes
    await expect.poll(scopes).toEqual(['loops:read'])
    // The answer above is read anew; what the token may do is remembered for a second.
    const created = () =>
      agent.call('create_task', { title: 'After' }).then(
        () => 'created',
        ({ code }) => code as string,
      )
    await expect.poll(created).toBe('forbidden')
    const events = await membershipEvents(bo, await workspaceOf(ann), 2)
    expect(events[1]).toMatchObject({
      type: 'person.role_changed',
      data: { role: 'viewer', role_before: 'member', by: { user_id: await idOf(ann) } },
    })
  })
  test('taken_from_each_other_by_two_owners_at_once_leaves_one_owner', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const ann = await signUp(system, { name: 'Ann' })
      const bo = await joinWorkspace(system, ann, { name: 'Bo' })
      await give(ann, bo, 'owner')
      await Promise.all([give(ann, bo, 'member'), give(bo, ann, 'member'), end(ann, bo), end(bo, ann)])
      const workspaceId = (await workspaceOf(ann)) || (await workspaceOf(bo))
      expect(await people.countOwners(workspaceId)).toBe(1)
    }
  })
})

describe('the page of a member', () => {
  test('offers_what_the_person_may_do_and_nothing_else', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo', role: 'admin' })
    const cy = await joinWorkspace(system, ann, { name: 'Cy' })
    const [annPage, boPage, cyPage] = await Promise.all([ann, bo, cy].map(pageOf))
    const look = async (by: Account, page = '') => {
      const { status, text } = await by.browser.open(page)
      const roles = [...text.matchAll(/name="role" value="(\w+)"/g)].map(([, role]) => role)
      return [status, roles.join(' '), /<button class="second">([^<]+)/.exec(text)?.[1] ?? '']
    }
    const all = 'owner admin member viewer'
    expect(await look(ann, boPage)).toEqual([200, all, 'Remove Bo'])
    expect(await look(ann, annPage)).toEqual([200, all, 'Leave Ann’s workspace'])
    expect(await look(bo, cyPage)).toEqual([200, 'admin member viewer', 'Remove Cy'])
    expect(await look(bo, annPage)).toEqual([200, '', ''])
    expect(await look(cy, cyPage)).toEqual([200, '', 'Leave Ann’s workspace'])
    expect(await look(cy, boPage)).toEqual([404, '', ''])
    expect((await cy.browser.submit(`${boPage}/end`, {})).status).toBe(404)
    expect((await bo.browser.submit(`${annPage}/role`, { role: 'viewer' })).status).toBe(403)
    expect((await ann.browser.submit(`${boPage}/role`, { role: 'king' })).status).toBe(400)
  })
  test('is_not_found_for_people_of_other_workspaces', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const eve = await signUp(system, { name: 'Eve' })
    const page = await pageOf(ann)
    for (const arrived of [
      await eve.browser.open(page),
      await eve.browser.submit(`${page}/end`, {}),
      await eve.browser.submit(`${page}/role`, { role: 'viewer' }),
    ])
      expect(arrived.status).toBe(404)
    expect((await found(ann)).memberships).toHaveLength(1)
  })
})
