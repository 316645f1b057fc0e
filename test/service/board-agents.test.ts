// Agents on the board, over HTTP and two gateways: what each finished, and whose connections somebody may end.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type Account,
  type Arrived,
  agentOf,
  joinWorkspace,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { getServiceToken, serviceAccountOf, tokenOf } from '../support/fleet.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

/** How long something may take to come true. */
const SOON = { timeout: 20_000, interval: 100 }

let system: System
let owner: Account
let admin: Account
let bo: Account
let viewer: Account

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  admin = await joinWorkspace(system, owner, { name: 'Ada', role: 'admin' })
  bo = await joinWorkspace(system, owner, { name: 'Bo' })
  viewer = await joinWorkspace(system, owner, { name: 'Vi', role: 'viewer' })
})
afterAll(() => system?.stop())

const readable = ({ text }: Arrived): string =>
  text
    .slice(text.indexOf('<main'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
const agents = ({ browser }: Account) => browser.open('/agents')
/** The card of a connection. */
const cardOf = ({ text }: Arrived, name: string): string =>
  text.split('<li class="card connection"').find((card) => card.includes(`>${name}</h3>`)) ?? ''
const formOf = (card: string): string => /action="(\/agents\/\w+\/disconnect)"/.exec(card)?.[1] ?? ''

/** What each gateway answers to a request with a token. */
const statuses = (token: string): Promise<number[]> =>
  Promise.all(
    system.gateways.map(async (gateway) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
      return (await fetch(new URL('/mcp', gateway), { method: 'POST', headers, body: '{}' })).status
    }),
  )
const isRefused = (token: string) =>
  vi.waitFor(async () => expect(new Set(await statuses(token))).toEqual(new Set([401])), SOON)
const works = async (token: string) => expect(await statuses(token)).not.toContain(401)

/** A task that somebody's app has begun. */
const begin = async (agent: McpClient, title: string): Promise<string> => {
  const { id } = (await agent.call('create_task', { title })).task
  await agent.call('update_task', { task_id: id, status: 'approved' })
  await agent.call('claim_task', { task_id: id })
  return id
}

describe('what each finished', () => {
  test('is_counted_for_the_last_days_and_leads_to_what_it_did', async () => {
    await using agent = await agentOf(system, bo, { name: 'builder' })
    await using idle = await agentOf(system, bo, { name: 'idler' })
    await idle.call('get_queue_stats', {})
    for (const title of ['First', 'Second'])
      await agent.call('complete_task', { task_id: await begin(agent, title), outcome: 'Done.' })
    const card = await vi.waitFor(async () => {
      const found = cardOf(await agents(bo), 'builder')
      expect(found).toContain('finished 2 tasks in 7 days')
      return found
    }, SOON)
    const [, week = ''] = /href="(\/activity\?[^"]*client=builder[^"]*)"/.exec(card) ?? []
    const activity = readable(await bo.browser.open(week.replaceAll('&amp;', '&')))
    expect(activity).toContain('Bo shipped “First”')
    expect(activity).toContain('Bo shipped “Second”')
    expect(cardOf(await agents(bo), 'idler')).toContain('finished nothing in 7 days')
    // The owner sees the same; other members see nothing of it.
    expect(cardOf(await agents(owner), 'builder')).toContain('finished 2 tasks in 7 days')
    expect(readable(await agents(viewer))).not.toContain('builder')
  })

  test('is_counted_together_for_connections_of_the_same_name', async () => {
    await using one = await agentOf(system, bo, { name: 'twin' })
    await using other = await agentOf(system, bo, { name: 'twin' })
    await one.call('get_queue_stats', {})
    await other.call('get_queue_stats', {})
    expect(cardOf(await agents(bo), 'twin')).toContain('(with others of this name)')
  })

  test('in_private_loops_is_counted_only_for_those_who_see_them', async () => {
    await using agent = await agentOf(system, bo, { name: 'secretive' })
    const { id: loop_id } = (await agent.call('create_loop', { name: 'Hidden', visibility: 'private' })).loop
    const { id: task_id } = (await agent.call('create_task', { title: 'Hide', loop_id })).task
    for (const status of ['approved', 'in_progress', 'shipped'] as const)
      await agent.call('update_task', { task_id, status })
    await vi.waitFor(
      async () => expect(cardOf(await agents(owner), 'secretive')).toContain('finished 1 task in 7 days'),
      SOON,
    )
    expect(cardOf(await agents(admin), 'secretive')).toContain('finished nothing in 7 days')
  })
})

describe('a connection', () => {
  test.each([
    ['the_owner', () => owner],
    ['an_admin', () => admin],
  ])('of_a_member_is_ended_by_%s_on_every_gateway', async (who, manager) => {
    await using agent = await agentOf(system, bo, { name: `of-bo-${who}` })
    const task_id = await begin(agent, `Held until ${who} comes`)
    await works(agent.accessToken())
    const page = await agents(manager())
    const left = await manager().browser.submit(formOf(cardOf(page, `of-bo-${who}`)), {})
    expect(readable(left)).toContain(`“of-bo-${who}” is disconnected.`)
    expect(cardOf(left, `of-bo-${who}`)).toBe('')
    await isRefused(agent.accessToken())
    // As after a disconnection by Bo: what it held lapses, or is released by hand.
    expect(left.text).toContain(`id="held-${task_id}"`)
    await manager().browser.submit(`/tasks/${task_id}/claim`, { from: '/agents', release: 'true' })
    expect((await agents(manager())).text).not.toContain(`id="held-${task_id}"`)
  })

  test('by_an_access_token_is_ended_by_an_admin_too', async () => {
    const token = await tokenOf(bo, { name: 'ci' })
    await works(token)
    expect(cardOf(await agents(bo), 'ci')).toContain('href="/account/tokens"')
    await admin.browser.submit(formOf(cardOf(await agents(admin), 'ci')), {})
    await isRefused(token)
    expect(cardOf(await agents(admin), 'ci')).toBe('')
  })

  test('of_somebody_else_is_to_members_viewers_and_strangers_one_that_never_existed', async () => {
    await using agent = await agentOf(system, owner, { name: 'of-olga' })
    await agent.call('get_queue_stats', {})
    const stranger = await signUp(system, { name: 'Eve', workspace: 'Elsewhere' })
    const path = formOf(cardOf(await agents(owner), 'of-olga'))
    const unknown = '/agents/01JDAAAAAAAAAAAAAAAAAAAAAA/disconnect'
    for (const { browser } of [bo, viewer, stranger]) {
      const answers = [await browser.submit(path, {}), await browser.submit(unknown, {})]
      expect(answers.map(({ status }) => status)).toEqual([404, 404])
      const texts = answers.map((answer) => readable(answer).replace(/\b\w{26}\b/, 'the id'))
      expect(new Set(texts).size).toBe(1)
    }
    for (const path of ['/agents/nonsense/disconnect', `/agents/${'x'.repeat(2_000)}/disconnect`])
      expect((await owner.browser.submit(path, {})).status).toBe(404)
    await works(agent.accessToken())
    expect((await agents(bo)).text).not.toContain('of-olga')
  })

  test('is_not_ended_without_a_session_nor_from_another_site', async () => {
    await using agent = await agentOf(system, owner, { name: 'kept' })
    await agent.call('get_queue_stats', {})
    const path = formOf(cardOf(await agents(owner), 'kept'))
    expect((await openBrowser(system.url).submit(path, {})).url.pathname).toBe('/sign-in')
    const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
    expect((await fetch(new URL(path, system.url), { method: 'POST', headers })).status).toBe(403)
    await works(agent.accessToken())
  })

  test('of_a_service_account_is_ended_on_its_own_page', async () => {
    const client = await serviceAccountOf(owner, { name: 'Crane' })
    expect(cardOf(await agents(owner), 'Crane')).toContain('not used yet')
    const { access_token } = (await getServiceToken(system.url, client)).body
    await works(String(access_token))
    const card = cardOf(await agents(owner), 'Crane')
    expect(card).toContain('last used')
    expect(card).toContain(`href="/workspace/service-accounts/${client.client_id}"`)
    expect(formOf(card)).toBe('')
    expect((await owner.browser.submit(`/agents/${client.client_id}/disconnect`, {})).status).toBe(404)
    expect((await agents(bo)).text).not.toContain('Crane')
  })
})
