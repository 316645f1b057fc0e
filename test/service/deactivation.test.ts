// An account that is deactivated, over two gateways: nothing works in its name any more, its tasks go back, and no mail
// goes to it. The last owner of a workspace is kept.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPeopleStores } from '../../services/gateway/accounts/account-store.ts'
import {
  type DeactivationDeps,
  deactivatePerson,
  reactivatePerson,
} from '../../services/gateway/accounts/deactivation.ts'
import { openWorkspaceStores } from '../../services/gateway/accounts/workspace-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import {
  type Account,
  agentOf,
  asksToSignIn,
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
let deps: DeactivationDeps

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  mongo = await connectMongo(system.stack.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const db = mongo.database('gateway')
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  const { people } = await openPeopleStores(db, aggregate)
  deps = { clock, ids, store: { people, workspaces: (await openWorkspaceStores(db, aggregate)).workspaces } }
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

const found = async ({ email }: Account) => {
  const person = await deps.store.people.byEmail(email)
  if (!person) throw new Error(`nobody has ${email}`)
  return person
}
const idOf = async (account: Account): Promise<string> => (await found(account))._id
const workspaceOf = async (account: Account): Promise<string> =>
  (await found(account)).memberships[0]?.workspace_id ?? ''
const deactivate = async (account: Account, force = false) =>
  deactivatePerson(deps, 'operator', await idOf(account), { force })
const everywhere = (token: string, status: number): Promise<void> =>
  expect
    .poll(() => Promise.all(system.gateways.map((site) => tryToken(site, token))))
    .toEqual(system.gateways.map(() => status))
const signIn = (who: Account, password = who.password) =>
  openBrowser(system.url).submit('/sign-in', { email: who.email, password })

/** Two people of one workspace. */
const two = async () => {
  const ann = await signUp(system, { name: 'Ann' })
  return { ann, bo: await joinWorkspace(system, ann, { name: 'Bo' }) }
}

describe('an account that is deactivated', () => {
  test('is_refused_by_every_gateway_whatever_it_shows', async () => {
    const { bo } = await two()
    const { app, tokens } = await connectApp(system.url, bo)
    const personal = await tokenOf(bo, { name: 'ci' })
    await everywhere(tokens.access_token, 200)
    await everywhere(personal, 200)
    await deactivate(bo)
    expect(asksToSignIn(await bo.browser.open('/sign-in'))).toBe(true)
    await everywhere(tokens.access_token, 401)
    await everywhere(personal, 401)
    for (const site of system.gateways)
      expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const refused = await signIn(bo)
    expect([refused.status, refused.text.includes('This account is deactivated.')]).toEqual([403, true])
    expect((await signIn(bo, 'a wrong password here')).text).not.toContain('deactivated')
  })

  test('works_again_after_reactivation_but_nothing_that_ended_does', async () => {
    const { bo } = await two()
    const { tokens } = await connectApp(system.url, bo)
    const personal = await tokenOf(bo, { name: 'ci' })
    await deactivate(bo)
    await deactivate(bo)
    await reactivatePerson(deps, 'operator', await idOf(bo))
    expect((await signIn(bo)).url.pathname).toBe('/')
    expect(asksToSignIn(await bo.browser.open('/sign-in'))).toBe(true)
    await everywhere(tokens.access_token, 401)
    await everywhere(personal, 401)
  })

  test('gets_no_mail_and_no_link_for_a_new_password', async () => {
    const { ann, bo } = await two()
    const subjects = async ({ email }: Account) =>
      (await system.mails()).filter(({ to }) => to.includes(email)).map(({ subject }) => subject)
    const before = await subjects(bo)
    await deactivate(bo)
    await openBrowser(system.url).submit('/forgot', { email: bo.email })
    await using agent = await agentOf(system, ann)
    const { loop } = await agent.call('create_loop', { name: 'Cake' })
    await agent.call('ship_loop', { loop_id: loop.id })
    await expect.poll(() => subjects(ann)).toContainEqual(expect.stringContaining('Shipped: '))
    expect(await subjects(bo)).toEqual(before)
  })

  test('gives_back_the_tasks_that_it_holds_through_an_agent_and_in_the_browser', async () => {
    const { ann, bo } = await two()
    await using owner = await agentOf(system, ann)
    await using agent = await agentOf(system, bo)
    const { loop } = await owner.call('create_loop', { name: 'Cake' })
    const task_ids: string[] = []
    for (const title of ['Bake', 'Ice', 'Eat']) {
      const { task } = await owner.call('create_task', { title, loop_id: loop.id })
      task_ids.push(task.id)
    }
    const [first = '', second = '', third = ''] = task_ids
    await owner.call('bulk_update_tasks', { task_ids, status: 'approved' })
    await agent.call('claim_task', { task_id: first })
    const { task } = await owner.call('get_task', { task_id: second })
    const seen = { expected_version: String(task.version), seen_status: 'approved', from: '/' }
    await bo.browser.submit(`/tasks/${second}`, { status: 'in_progress', ...seen })
    await owner.call('claim_task', { task_id: third })
    const held = async () =>
      Promise.all(task_ids.map(async (task_id) => (await owner.call('get_task', { task_id })).task.status))
    expect(await held()).toEqual(['in_progress', 'in_progress', 'in_progress'])
    await deactivate(bo)
    await expect.poll(held).toEqual(['approved', 'approved', 'in_progress'])
  })

  test('makes_no_change_once_a_gateway_has_refused_its_agent', async () => {
    const { ann, bo } = await two()
    const token = await tokenOf(bo, { name: 'fast', scope: ['loops:read', 'loops:write'] })
    await using owner = await agentOf(system, ann)
    const write = async (site: string, title: string): Promise<number> => {
      const call = { name: 'create_task', arguments: { title } }
      const response = await fetch(new URL('/mcp', site), {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }),
      })
      await response.text()
      return response.status
    }
    const outcomes = await Promise.all([
      ...system.gateways.map(async (site, gateway) => {
        const statuses: number[] = []
        while (!statuses.includes(401)) statuses.push(await write(site, `${gateway} ${statuses.length}`))
        for (let more = 0; more < 5; more += 1) statuses.push(await write(site, `${gateway} late ${more}`))
        return statuses
      }),
      write(system.url, 'before').then(async (status) => {
        await deactivate(bo)
        return [status]
      }),
    ])
    const [one = [], other = [], before = []] = outcomes
    expect(before).toEqual([200])
    for (const statuses of [one, other]) {
      expect(new Set(statuses)).toEqual(new Set([200, 401]))
      expect(statuses.slice(statuses.indexOf(401)).every((status) => status === 401)).toBe(true)
    }
    const written = [one, other, before].flat().filter((status) => status === 200).length
    const titles = async () =>
      (await owner.call('list_tasks', { limit: 200 })).tasks.map(({ title }) => title)
    expect((await titles()).filter((title) => title.includes('late'))).toEqual([])
    expect(await titles()).toHaveLength(written)
  })
})

describe('the last owner of a workspace with other members', () => {
  test('is_not_deactivated_and_the_refusal_names_who_could_be_made_owner', async () => {
    const { ann } = await two()
    await expect(deactivate(ann)).rejects.toMatchObject({
      code: 'forbidden',
      message: 'Ann is the last owner of Ann’s workspace. Make somebody else its owner first, such as Bo.',
    })
    expect((await ann.browser.open('/workspace')).status).toBe(200)
    await deactivate(ann, true)
    expect(asksToSignIn(await ann.browser.open('/sign-in'))).toBe(true)
  })

  test('is_deactivated_where_nobody_else_is_there', async () => {
    const eve = await signUp(system, { name: 'Eve' })
    await deactivate(eve)
    expect((await signIn(eve)).status).toBe(403)
  })

  test('is_left_when_another_owner_is_demoted_at_the_same_moment', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { ann, bo } = await two()
      const page = (who: string) => `/workspace/members/${who}`
      await ann.browser.submit(`${page(await idOf(bo))}/role`, { role: 'owner' })
      const boId = await idOf(bo)
      await Promise.allSettled([
        deactivate(ann),
        bo.browser.submit(`${page(boId)}/role`, { role: 'member' }),
        bo.browser.submit(`${page(boId)}/end`, {}),
      ])
      const left = await deps.store.people.members(await workspaceOf(ann), { limit: 10 })
      const active = left.filter(({ deactivated_at }) => !deactivated_at)
      // Bo may have left, and Ann then be alone; else somebody who may sign in owns the workspace.
      if (active.length > 0)
        expect(await deps.store.people.countOwners(await workspaceOf(ann))).toBeGreaterThan(0)
    }
  })

  test('does_not_count_who_is_deactivated_and_may_remove_them', async () => {
    const { ann, bo } = await two()
    const page = `/workspace/members/${await idOf(bo)}`
    await ann.browser.submit(`${page}/role`, { role: 'owner' })
    await deactivate(bo)
    expect((await ann.browser.submit(`/workspace/members/${await idOf(ann)}/end`, {})).status).toBe(403)
    expect((await ann.browser.submit(`${page}/end`, {})).url.pathname).toBe('/workspace')
  })
})
