// Limits of claims: set on the page of a workspace or with a token, and held by every replica soon after.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { NextWork } from '../../shared/contracts/loops-queue/shapes.ts'
import type { ClaimedTask } from '../../shared/contracts/tasks/shapes.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { tokenOf } from '../support/fleet.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { refused } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

/** Longer than any cache, on a machine that is busy. */
const SOON = { timeout: 15_000, interval: 200 }
const LIMITS = {
  default_ttl_seconds: '120',
  max_ttl_seconds: '10080',
  max_claims: '5',
  max_claims_per_agent: '1',
}

let system: System
let owner: Account
beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga' })
})
afterAll(() => system?.stop())

/** As many ready tasks in a new loop. */
const file = async (agent: McpClient, count: number): Promise<string[]> => {
  const { loop } = await agent.call('create_loop', { name: 'Loop' })
  const tasks = Array.from({ length: count }, (_, n) => ({ title: `Task ${n}` }))
  const { results } = await agent.call('create_tasks', { tasks, loop_id: loop.id })
  const task_ids = results.map(({ task }) => task?.id ?? '')
  await agent.call('bulk_update_tasks', { task_ids, status: 'approved' })
  return task_ids
}
/** Claims as much as a token lets it. */
const claimWith = async (token: string): Promise<NextWork> => {
  const params = { name: 'claim_next_work', arguments: { max_tasks: 10 } }
  const response = await fetch(new URL('/mcp', system.url), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  })
  const { result } = (await response.json()) as { result: { structuredContent: NextWork } }
  return result.structuredContent
}
const lastsSeconds = ({ expires_at }: Pick<ClaimedTask, 'expires_at'>): number =>
  (Date.parse(expires_at ?? '') - Date.now()) / 1_000
const everywhere = async (isSo: () => Promise<void>): Promise<void> => {
  // Each call goes to the next of the two gateways.
  await vi.waitFor(async () => {
    await isSo()
    await isSo()
  }, SOON)
}

test('what_an_admin_sets_holds_for_every_connection', async () => {
  await using agent = await agentOf(system, owner)
  const [first = '', second = ''] = await file(agent, 6)
  const { claim } = await agent.call('claim_task', { task_id: first })
  expect(lastsSeconds(claim)).toBeGreaterThan(7_000)
  const set = { default_ttl_seconds: '10', max_ttl_seconds: '30', max_claims: '7', max_claims_per_agent: '2' }
  const saved = await owner.browser.submit('/workspace/claims', set)
  expect([saved.status, saved.url.pathname]).toEqual([200, '/workspace'])
  expect(saved.text).toMatch(/id="max_claims" name="max_claims" type="number" value="7"/)

  await everywhere(async () => {
    await refused(agent.call('renew_claims', { ttl_seconds: 1_801 }))
  })
  const { claim: shorter } = await agent.call('claim_task', { task_id: second })
  expect(lastsSeconds(shorter)).toBeLessThanOrEqual(600)
  for (const [tool, given] of [
    ['claim_next_work', { ttl_seconds: 1_801 }],
    ['claim_task', { task_id: first, ttl_seconds: 1_801 }],
    ['renew_claims', { ttl_seconds: 1_801 }],
  ] as const) {
    const { code, message, extras } = await refused(agent.call(tool, given))
    expect({ code, ...extras.details }, tool).toMatchObject({
      code: 'invalid_argument',
      min: 300,
      max: 1_800,
    })
    expect(message, tool).toContain('1800')
  }
  const { claims } = await agent.call('claim_next_work', { max_tasks: 3, agent: 'one', ttl_seconds: 1_800 })
  expect(claims).toHaveLength(2)
  expect(lastsSeconds(claims[0] as ClaimedTask)).toBeGreaterThan(1_500)
  // A seed client's day is cut to the longest term.
  const [free = ''] = await file(agent, 1)
  await agent.call('update_task', { task_id: free, status: 'in_progress' })
  const { holding = [] } = await agent.call('get_workspace', {})
  const held = holding.find(({ task_id }) => task_id === free)
  expect(lastsSeconds({ expires_at: held?.expires_at ?? '' })).toBeLessThanOrEqual(1_800)

  await owner.browser.submit('/workspace/claims', LIMITS)
  await everywhere(async () => {
    await agent.call('renew_claims', { ttl_seconds: 7_200 })
  })
})

test('a_token_has_a_bound_of_its_own_and_other_connections_keep_theirs', async () => {
  const ben = await signUp(system, { name: 'Ben' })
  await using agent = await agentOf(system, ben)
  await file(agent, 20)
  const token = (max_claims: string) => tokenOf(ben, { name: `bound “${max_claims}”`, max_claims })
  const [large, small, unset] = [await token('8'), await token('2'), await token('')]
  const taken = []
  for (const one of [large, small, unset]) taken.push((await claimWith(one)).claims.length)
  expect(taken).toEqual([8, 2, 5])
  const again = await claimWith(large)
  expect([again.reason, again.claims.length]).toEqual(['at_capacity', 8])
  expect((await ben.browser.open('/account/tokens')).text).toContain('8 tasks at once')
})

test('whoever_may_not_administer_neither_sees_the_form_nor_can_send_it', async () => {
  const mia = await joinWorkspace(system, owner, { name: 'Mia', role: 'member' })
  expect((await mia.browser.open('/workspace')).text).not.toContain('action="/workspace/claims"')
  const answer = await mia.browser.submit('/workspace/claims', { ...LIMITS, max_claims: '50' })
  expect(answer.status).toBe(403)
  expect((await owner.browser.open('/workspace')).text).toContain('name="max_claims" type="number" value="5"')
  const faulty = await owner.browser.submit('/workspace/claims', { ...LIMITS, max_claims: '500' })
  expect([faulty.status, faulty.text.includes('role="alert"')]).toEqual([400, true])
  expect(faulty.text).toContain('value="500"')
})
