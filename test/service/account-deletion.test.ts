// An account that its person deletes, over two gateways: nothing works in its name any more, what it wrote stays without its
// name, and its address is free. No workspace is left without an owner.
import { EJSON } from 'bson'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPeopleStores, type PeopleStore } from '../../services/gateway/accounts/account-store.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import {
  type Account,
  agentOf,
  asksToSignIn,
  confirmAddress,
  joinWorkspace,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { tokenOf } from '../support/fleet.ts'
import { connectApp, refreshTokens, tryToken } from '../support/oauth-client.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let mongo: Mongo
let people: PeopleStore

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  mongo = await connectMongo(system.stack.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  people = (await openPeopleStores(mongo.database('gateway'), aggregate)).people
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

const PATH = '/account/delete'
const idOf = async ({ email }: Account): Promise<string> => (await people.byEmail(email))?._id ?? ''
const workspaceOf = async ({ email }: Account): Promise<string> =>
  (await people.byEmail(email))?.memberships[0]?.workspace_id ?? ''
const remove = (who: Account, more: Readonly<Record<string, string>> = {}) =>
  who.browser.submit(PATH, { email: who.email, ...more })
const erased = (id: string) => expect.poll(async () => (await people.byId(id))?.erasing ?? null).toBeNull()
const everywhere = (token: string, status: number): Promise<void> =>
  expect
    .poll(() => Promise.all(system.gateways.map((site) => tryToken(site, token))), { timeout: 5_000 })
    .toEqual(system.gateways.map(() => status))
const two = async (names: Readonly<{ ann?: string; bo?: string }> = {}) => {
  const ann = await signUp(system, { name: names.ann ?? 'Ann' })
  return { ann, bo: await joinWorkspace(system, ann, { name: names.bo ?? 'Bo' }) }
}
const farewells = async ({ email }: Account) =>
  (await system.mails()).filter(({ to, text }) => to.includes(email) && text.includes('was deleted'))

/** Where a text still is: `<service>.<collection>`, each once. */
const placesOf = async (text: string): Promise<string[]> => {
  const found = new Set<string>()
  for (const { name: service } of CONTRACTS)
    for (const { name } of await mongo.database(service).listCollections().toArray())
      for await (const document of mongo.database(service).collection(name).find())
        if (EJSON.stringify(document).toLowerCase().includes(text.toLowerCase()))
          found.add(`${service}.${name}`)
  return [...found].toSorted()
}

describe('an account that its person deletes', () => {
  test('is_refused_by_every_gateway_whatever_it_shows', async () => {
    const { bo } = await two()
    const { app, tokens } = await connectApp(system.url, bo)
    const personal = await tokenOf(bo, { name: 'ci' })
    await everywhere(tokens.access_token, 200)
    await everywhere(personal, 200)
    const id = await idOf(bo)
    const answer = await remove(bo)
    expect([answer.status, answer.text.includes('Your account is deleted')]).toEqual([200, true])
    expect(asksToSignIn(await bo.browser.open('/sign-in'))).toBe(true)
    await everywhere(tokens.access_token, 401)
    await everywhere(personal, 401)
    for (const site of system.gateways)
      expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const again = await openBrowser(system.url).submit('/sign-in', { email: bo.email, password: bo.password })
    expect([again.status, again.text.includes('Email or password is wrong.')]).toEqual([403, true])
    await erased(id)
  })

  test('leaves_its_work_to_a_former_member_and_its_name_and_address_nowhere_but_where_the_page_says', async () => {
    const name = 'Zebedee Quux'
    const { ann, bo } = await two({ bo: name })
    await using owner = await agentOf(system, ann)
    const taskOfBo = await (async () => {
      await using agent = await agentOf(system, bo)
      const { loop } = await owner.call('create_loop', { name: 'Cake' })
      const { task } = await agent.call('create_task', { title: 'Bake', loop_id: loop.id })
      await agent.call('add_comment', { task_id: task.id, text: 'With plums' })
      await owner.call('update_task', { task_id: task.id, status: 'approved' })
      await agent.call('claim_task', { task_id: task.id })
      return task.id
    })()
    const id = await idOf(bo)
    await ann.browser.submit(`/workspace/members/${id}/role`, { role: 'admin' })
    await bo.browser.submit('/workspace/invite', { email: `guest.${ids.next().toLowerCase()}@example.com` })
    await remove(bo)
    await erased(id)
    await expect
      .poll(async () => (await owner.call('get_task', { task_id: taskOfBo })).task.status)
      .toBe('approved')
    const { task } = await owner.call('get_task', { task_id: taskOfBo })
    expect(task.author.name).toBe('Former member')
    const page = await ann.browser.open(`/tasks/${taskOfBo}`)
    expect([page.text.includes('Former member'), page.text.includes(name)]).toEqual([true, false])
    await ann.browser.submit('/account/reading', { language: 'de', time_zone: '' })
    const german = await ann.browser.open(`/tasks/${taskOfBo}`)
    expect([german.text.includes('Ehemaliges Mitglied'), german.text.includes('Former member')]).toEqual([
      true,
      false,
    ])
    await expect.poll(() => farewells(bo)).toHaveLength(1)
    // The audit log; events on their way and the log of them; mails that were sent, and the last one, for two days.
    const stays = ['gateway.audit', 'gateway.events', 'tasks.events']
    const mails = ['gateway.account_mails', 'notifier.dev_mails']
    await expect.poll(() => placesOf(name), { timeout: 10_000 }).toEqual(stays.concat(mails).toSorted())
    // An invitation is in the log by its address; how many were sent there is counted for a day.
    const log = ['gateway.audit', 'gateway.events', 'gateway.windows']
    expect(await placesOf(bo.email)).toEqual([...log, ...mails].toSorted())
  })

  test('says_so_by_one_mail_to_the_address_that_it_had', async () => {
    const { bo } = await two()
    const id = await idOf(bo)
    await Promise.all([remove(bo), remove(bo)])
    await erased(id)
    await expect.poll(() => farewells(bo)).toHaveLength(1)
    expect((await farewells(bo))[0]?.text).toContain('Hi Bo, your account was deleted.')
  })

  test('frees_its_address_for_a_new_account_and_for_an_invitation', async () => {
    const { ann, bo } = await two()
    const id = await idOf(bo)
    await remove(bo)
    await erased(id)
    const back = openBrowser(system.url)
    const made = { name: 'Bo again', email: bo.email, password: bo.password, workspace: 'Anew' }
    expect((await back.submit('/sign-up', made)).url.pathname).toBe('/')
    const fresh = await idOf(bo)
    expect([fresh === '', fresh === id]).toEqual([false, false])
    expect((await back.open('/account')).text).toContain('Bo again')
    const sent = await ann.browser.submit('/workspace/invite', { email: bo.email, role: 'member' })
    expect(sent.text).toContain(bo.email)
  })

  test('is_kept_until_its_own_address_is_typed', async () => {
    const { bo } = await two()
    for (const email of ['', 'somebody.else@example.com']) {
      const page = await bo.browser.submit(PATH, { email })
      expect([page.status, page.text.includes('That is not the address of this account.')]).toEqual([
        400,
        true,
      ])
    }
    expect((await bo.browser.open('/account')).status).toBe(200)
  })

  test('is_kept_when_the_form_comes_from_another_site_or_from_nobody', async () => {
    const { bo } = await two()
    const posted = (headers: Readonly<Record<string, string>>) =>
      fetch(`${system.url}${PATH}`, {
        method: 'POST',
        body: new URLSearchParams({ email: bo.email }),
        headers,
        redirect: 'manual',
      })
    const foreign = await posted({ cookie: bo.browser.cookie(), origin: 'https://evil.example.com' })
    expect(foreign.status).toBe(403)
    expect((await posted({ origin: system.url })).headers.get('location')).toBe('/sign-in')
    expect(await idOf(bo)).not.toBe('')
  })

  test('is_kept_when_it_was_not_proved_lately_who_it_is', async () => {
    const { bo } = await two()
    const long_ago = new Date(Date.now() - 24 * 60 * 60_000)
    await mongo
      .database('gateway')
      .collection('sessions')
      .updateMany({ user_id: await idOf(bo) }, { $set: { authenticated_at: long_ago, created_at: long_ago } })
    const asked = await remove(bo)
    expect([asked.status, asked.text.includes('name="password"')]).toEqual([401, true])
    expect((await bo.browser.open(PATH)).url.pathname).toBe('/account/re-authenticate')
    expect(await idOf(bo)).not.toBe('')
  })
})

describe('the last owner of a workspace', () => {
  test('is_told_to_make_somebody_else_an_owner_first', async () => {
    const { ann } = await two()
    const page = await ann.browser.open(PATH)
    expect(page.text).toContain('You are the last owner')
    expect(page.text).not.toContain('for good')
    const refused = await remove(ann)
    expect([refused.status, refused.text.includes('is the last owner of')]).toEqual([403, true])
    expect((await ann.browser.open('/account')).status).toBe(200)
  })

  test('is_left_when_two_owners_delete_themselves_at_the_same_moment', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { ann, bo } = await two()
      await ann.browser.submit(`/workspace/members/${await idOf(bo)}/role`, { role: 'owner' })
      const workspace = await workspaceOf(ann)
      await Promise.all([remove(ann), remove(bo)])
      const left = await people.members(workspace, { limit: 10 })
      expect(left.length).toBeGreaterThan(0)
      expect(await people.countOwners(workspace)).toBeGreaterThan(0)
    }
  })

  test('is_left_when_the_other_owner_is_demoted_at_the_same_moment', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { ann, bo } = await two()
      const boId = await idOf(bo)
      await ann.browser.submit(`/workspace/members/${boId}/role`, { role: 'owner' })
      const workspace = await workspaceOf(ann)
      await Promise.all([
        remove(ann),
        bo.browser.submit(`/workspace/members/${boId}/role`, { role: 'member' }),
      ])
      expect(await people.countOwners(workspace)).toBeGreaterThan(0)
    }
  })
})

describe('the only member of a workspace', () => {
  test('takes_it_along_after_seeing_its_name', async () => {
    const ann = await signUp(system, { name: 'Ann', workspace: 'Lonely Bakery' })
    await confirmAddress(system, ann)
    const [id, workspace] = [await idOf(ann), await workspaceOf(ann)]
    const page = await ann.browser.open(PATH)
    expect(page.text).toContain('Lonely Bakery')
    const unseen = await remove(ann)
    expect([unseen.status, await idOf(ann)]).toEqual([409, id])
    expect((await remove(ann, { along: workspace })).text).toContain('Your account is deleted')
    const stored = await mongo
      .database('gateway')
      .collection<{ _id: string }>('workspaces')
      .findOne({ _id: workspace })
    expect(stored === null || 'deleted' in stored).toBe(true)
    await erased(id)
    await expect.poll(() => farewells(ann)).toHaveLength(1)
  })
})
