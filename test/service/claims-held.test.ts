// What a connection holds, as get_workspace shows it, and how much is claimed and blocked, as get_next_work counts it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import {
  type AgentsEnvironment,
  agentOf,
  openAgentsEnvironment,
  worker,
} from '../support/agents-environment.ts'
import { until } from '../support/tasks-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

/** A loop with approved tasks. */
const approved = async (
  owner: Caller,
  titles: readonly string[],
  visibility: 'public' | 'private' = 'public',
): Promise<{ loop_id: string; task_ids: string[] }> => {
  const { loop } = await env.loopsOf(owner).create_loop({ name: 'Loop', visibility })
  const tasks = titles.map((title) => ({ title, loop_id: loop.id }))
  const { results } = await env.tasksOf(owner).create_tasks({ tasks })
  const task_ids = results.flatMap(({ task }) => task?.id ?? [])
  await env.tasksOf(owner).bulk_update_tasks({ task_ids, status: 'approved' })
  return { loop_id: loop.id, task_ids }
}
const workspaceOf = (caller: Caller) => env.as(gateway, caller).get_workspace({})
const countsOf = async (caller: Caller) => (await env.loopsOf(caller).get_next_work({})).counts

test('get_workspace_shows_what_the_connection_holds_in_the_form_of_claim_next_work', async () => {
  const ann = await env.newOwner()
  await approved(ann, ['One', 'Two', 'Three'])
  const agent = agentOf(ann)
  expect(await workspaceOf(agent)).not.toHaveProperty('holding')
  await env.loopsOf(agent).claim_next_work({})
  const { holding } = await env.loopsOf(agent).claim_next_work({})
  await env.loopsOf(agent).claim_next_work({ agent: 'left' })
  const shown = (await workspaceOf(agent)).holding ?? []
  expect(shown.map(({ title, agent }) => ({ title, agent }))).toEqual([
    { title: 'One' },
    { title: 'Two' },
    { title: 'Three', agent: 'left' },
  ])
  expect(shown[0]).toEqual(holding[0])
  // Other connections of the same person hold nothing.
  for (const other of [ann, agentOf(ann)])
    expect((await workspaceOf(other)).holding, other.client_name).toBeUndefined()
})

test('nothing_is_shown_of_a_loop_that_its_holder_does_not_see_any_more', async () => {
  const ann = await env.newOwner()
  const { loop_id } = await approved(ann, ['Secret'], 'private')
  const bob = worker(ann.workspace_id)
  await env.loopsOf(ann).set_loop_member({ loop_id, user_id: bob.user_id, member: true })
  expect((await env.loopsOf(bob).claim_next_work({})).claims).toHaveLength(1)
  expect((await workspaceOf(bob)).holding).toHaveLength(1)
  await env.loopsOf(ann).set_loop_member({ loop_id, user_id: bob.user_id, member: false })
  const after = await workspaceOf(bob)
  expect(after.holding).toBeUndefined()
  expect(after.holding_unknown).toBeUndefined()
})

test('more_than_fits_says_how_much_there_is', async () => {
  const ann = await env.newOwner()
  const long = 'ž'.repeat(200)
  const { task_ids } = await approved(ann, Array(40).fill(long))
  const agent = agentOf(ann)
  await env.tasksOf(agent).bulk_update_tasks({ task_ids, status: 'in_progress' })
  const { holding = [], holding_total } = await workspaceOf(agent)
  expect(holding.length).toBeGreaterThan(5)
  expect(holding.length).toBeLessThan(40)
  expect(holding_total).toBe(40)
})

test('get_next_work_counts_what_is_claimed_and_what_is_blocked_as_its_reader_sees_it', async () => {
  const ann = await env.newOwner()
  const open = await approved(ann, ['One', 'Two', 'Three'])
  const secret = await approved(ann, ['Secret'], 'private')
  const bob = worker(ann.workspace_id)
  expect(await countsOf(bob)).not.toHaveProperty('claimed_tasks')
  const [one = '', two = '', three = ''] = open.task_ids
  await env.tasksOf(ann).update_task({ task_id: three, blocked_by: { add: [two] } })
  await env.tasksOf(agentOf(ann)).claim_task({ task_id: one })
  await env.tasksOf(agentOf(ann)).claim_task({ task_id: secret.task_ids[0] ?? '' })
  const { task } = await env.tasksOf(ann).create_task({ title: 'In no loop' })
  await env.tasksOf(agentOf(ann)).claim_task({ task_id: task.id })
  await env.allCounted()
  expect(await countsOf(bob)).toMatchObject({ claimed_tasks: 1, blocked_tasks: 1 })
  expect(await countsOf(ann)).toMatchObject({ claimed_tasks: 2, blocked_tasks: 1 })
})

test('unfinished_work_of_a_shipped_loop_is_claimed_by_nobody', async () => {
  const ann = await env.newOwner()
  const { loop_id, task_ids } = await approved(ann, ['One'])
  await env.loopsOf(ann).create_loop({ name: 'Next' })
  await env.tasksOf(agentOf(ann)).claim_task({ task_id: task_ids[0] ?? '' })
  expect((await env.loopsOf(agentOf(ann)).claim_next_work({})).reason).toBe('all_claimed')
  await env.loopsOf(ann).ship_loop({ loop_id })
  await until(async () => !('claimed_tasks' in (await countsOf(ann))))
  expect((await env.loopsOf(agentOf(ann)).claim_next_work({})).reason).toBe('nothing_ready')
})
