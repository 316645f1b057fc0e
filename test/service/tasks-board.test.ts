// What the pages ask about many tasks at once: what each person sees of it, and nothing else; over two instances.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const tasksOf = (caller: Caller) => env.tasksOf(caller)
const stored = () => env.db.collection<TaskDoc>('tasks')
const member = ({ workspace_id }: Caller, given: Partial<Caller> = {}): Caller => person(workspace_id, given)
/** An agent of somebody, by a connection of its own. */
const agentOf = (caller: Caller, client_name = 'Claude'): Caller => ({
  ...caller,
  grant_id: ids.next(),
  client_name,
})
const newLoop = async (caller: Caller, visibility: 'public' | 'private' = 'public'): Promise<string> =>
  (await env.loopsOf(caller).create_loop({ name: 'Loop', visibility })).loop.id
const newTask = async (caller: Caller, title: string, given: { loop_id?: string } = {}): Promise<string> =>
  (await tasksOf(caller).create_task({ title, ...given })).task.id
const approved = async (caller: Caller, title: string, given: { loop_id?: string } = {}): Promise<string> => {
  const task_id = await newTask(caller, title, given)
  await tasksOf(caller).update_task({ task_id, status: 'approved' })
  return task_id
}
const visibleTo = async (caller: Caller) => ({
  visible_private_loop_ids: (await env.loopsOf(caller).list_private_loops({})).loop_ids,
})

test('loops_are_described_with_what_is_ready_blocked_and_in_work', async () => {
  const ann = env.owner()
  const [loop_id, empty] = [await newLoop(ann), await newLoop(ann)]
  const first = await approved(ann, 'First', { loop_id })
  const second = await approved(ann, 'Second', { loop_id })
  const waiting = await approved(ann, 'Waiting', { loop_id })
  await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [second] } })
  await newTask(ann, 'Not approved', { loop_id })
  const nothing = { ready: 0, blocked: 0, holders: [], holders_total: 0 }
  const filedAt = async (_id: string) => (await stored().findOne({ _id }))?.created_at.toISOString()
  const describe = async () =>
    (await tasksOf(ann).describe_loops({ loop_ids: [empty, loop_id, empty] })).loops
  expect(await describe()).toEqual([
    { loop_id: empty, ...nothing },
    { loop_id, ...nothing, ready: 2, blocked: 1, oldest_ready_at: await filedAt(first) },
  ])
  const agent = agentOf(ann)
  const { claim } = await tasksOf(agent).claim_task({ task_id: first, agent: 'red' })
  const [, described] = await describe()
  expect(described).toEqual({
    loop_id,
    ready: 1,
    blocked: 1,
    oldest_ready_at: await filedAt(second),
    holders: [
      {
        task_id: first,
        title: 'First',
        name: ann.user_name,
        client: 'Claude',
        agent: 'red',
        since: expect.any(String),
        expires_at: claim.expires_at,
      },
    ],
    holders_total: 1,
  })
  await tasksOf(agent).release_claims({ task_ids: [first] })
  expect((await describe())[1]).toMatchObject({ ready: 2, holders: [], holders_total: 0 })
})

test('a_loop_names_the_first_three_that_work_in_it', async () => {
  const ann = env.owner()
  const loop_id = await newLoop(ann, 'private')
  const claimed: string[] = []
  for (const title of ['A', 'B', 'C', 'D']) {
    const task_id = await approved(ann, title, { loop_id })
    await tasksOf(agentOf(ann)).claim_task({ task_id })
    claimed.push(task_id)
  }
  const [described] = (await tasksOf(ann).describe_loops({ loop_ids: [loop_id] })).loops
  expect(described?.holders.map(({ task_id }) => task_id)).toEqual(claimed.slice(0, 3))
  expect(described?.holders_total).toBe(4)
})

test('nothing_is_told_of_the_loops_of_another_workspace', async () => {
  const [ann, eve] = [env.owner(), env.owner()]
  const loop_id = await newLoop(ann)
  await approved(ann, 'Ready', { loop_id })
  const held = await approved(ann, 'Held', { loop_id })
  await tasksOf(agentOf(ann)).claim_task({ task_id: held })
  expect(await tasksOf(eve).describe_loops({ loop_ids: [loop_id] })).toEqual({
    loops: [{ loop_id, ready: 0, blocked: 0, holders: [], holders_total: 0 }],
  })
  expect(await tasksOf(eve).list_claims({ visible_private_loop_ids: null })).toEqual({ claims: [], total: 0 })
})

test('claims_are_listed_to_those_who_see_their_tasks_longest_first', async () => {
  const ann = env.owner()
  const bob = member(ann)
  const hidden = await newLoop(bob, 'private')
  const inHidden = await approved(bob, 'In a private loop', { loop_id: hidden })
  const outside = await approved(ann, 'In no loop')
  const byBob = agentOf(bob)
  await tasksOf(byBob).claim_task({ task_id: inHidden, agent: 'blue' })
  await tasksOf(byBob).renew_claims({ task_ids: [inHidden], progress: 'Half done' })
  await tasksOf(ann).claim_task({ task_id: outside })
  const claimsFor = async (caller: Caller, limit?: number) =>
    await tasksOf(caller).list_claims({ ...(await visibleTo(caller)), ...(limit ? { limit } : {}) })
  const { claims, total } = await claimsFor(bob)
  expect(total).toBe(2)
  expect(claims).toMatchObject([
    {
      task_id: inHidden,
      title: 'In a private loop',
      loop_id: hidden,
      by: { user_id: bob.user_id, name: bob.user_name, client: 'Claude' },
      agent: 'blue',
      grant_id: byBob.grant_id,
      last_progress: 'Half done',
    },
    { task_id: outside, loop_id: null, by: { user_id: ann.user_id }, expires_at: null },
  ])
  expect(claims[1]).not.toHaveProperty('agent')
  expect(await claimsFor(bob, 1)).toEqual({ claims: [claims[0]], total: 2 })
  expect(await claimsFor(ann)).toEqual({ claims, total: 2 })
  expect(await claimsFor(member(ann))).toEqual({ claims: [claims[1]], total: 1 })
  expect((await refused(env.tasksOf(null).list_claims({ visible_private_loop_ids: null }))).code).toBe(
    'forbidden',
  )
})

test('the_connection_of_a_claim_is_told_to_its_person_the_owner_and_admins', async () => {
  const ann = env.owner()
  const bob = member(ann)
  const agent = agentOf(bob)
  await tasksOf(agent).claim_task({ task_id: await approved(ann, 'Work') })
  const grantFor = async (caller: Caller) =>
    (await tasksOf(caller).list_claims({ visible_private_loop_ids: [] })).claims.map(
      ({ grant_id }) => grant_id,
    )
  for (const caller of [bob, ann, member(ann, { role: 'admin' })])
    expect(await grantFor(caller)).toEqual([agent.grant_id])
  expect(await grantFor(member(ann))).toEqual([undefined])
})

test('a_holder_was_heard_of_when_its_claim_began_or_was_last_renewed', async () => {
  const ann = env.owner()
  const task_id = await approved(ann, 'Work')
  const agent = agentOf(ann)
  const heard = async () => {
    const [claim] = (await tasksOf(ann).list_claims({ visible_private_loop_ids: null })).claims
    return { since: claim?.since, heard_at: claim?.heard_at ?? '', expires_at: claim?.expires_at ?? '' }
  }
  await tasksOf(agent).claim_task({ task_id })
  const begun = await heard()
  expect(begun.heard_at).toBe(begun.since)
  // A renewal is written only when a good part of the term has passed.
  await stored().updateOne({ _id: task_id }, { $set: { 'claim.until': new Date(Date.now() + 60_000) } })
  const ttl_seconds = 7_200
  await tasksOf(agent).renew_claims({ task_ids: [task_id], ttl_seconds })
  const renewed = await heard()
  expect(renewed.since).toBe(begun.since)
  expect(renewed.heard_at > begun.heard_at).toBe(true)
  const term_ms = new Date(renewed.expires_at).getTime() - new Date(renewed.heard_at).getTime()
  expect(term_ms).toBe(ttl_seconds * 1_000)
})

test('the_tasks_beside_one_are_those_of_the_list_that_its_reader_sees', async () => {
  const ann = env.owner()
  const bob = member(ann)
  const hidden = await newLoop(bob, 'private')
  const shown = await newLoop(ann)
  const oldest = await newTask(ann, 'Oldest')
  const inHidden = await newTask(bob, 'Hidden', { loop_id: hidden })
  const middle = await newTask(ann, 'Middle', { loop_id: shown })
  const newest = await newTask(ann, 'Newest')
  await newTask(env.owner(), 'Elsewhere')
  const besideFor = async (caller: Caller, position: string) => {
    const asked = { position, ...(await visibleTo(caller)) }
    const { previous, next } = await tasksOf(caller).list_neighbours(asked)
    return [previous?.id, next?.id]
  }
  expect(await besideFor(bob, middle)).toEqual([newest, inHidden])
  expect(await besideFor(ann, middle)).toEqual([newest, inHidden])
  expect(await besideFor(member(ann), middle)).toEqual([newest, oldest])
  expect(await besideFor(ann, newest)).toEqual([undefined, middle])
  expect(await besideFor(ann, oldest)).toEqual([inHidden, undefined])
  await tasksOf(ann).update_task({ task_id: middle, status: 'approved' })
  // It has just left the list: the page goes on from where it was.
  expect(await besideFor(member(ann), middle)).toEqual([newest, oldest])
  expect(await besideFor(member(ann), newest)).toEqual([undefined, oldest])
  const { next } = await tasksOf(ann).list_neighbours({
    position: newest,
    status: 'approved',
    visible_private_loop_ids: null,
  })
  expect(next).toEqual({ id: middle, title: 'Middle', status: 'approved' })
})

test('what_waits_for_a_task_is_listed_to_those_who_see_it', async () => {
  const ann = env.owner()
  const bob = member(ann)
  const hidden = await newLoop(bob, 'private')
  const blocker = await newTask(ann, 'Blocker')
  const done = await approved(ann, 'Done')
  await tasksOf(ann).update_task({ task_id: done, status: 'in_progress' })
  await tasksOf(ann).update_task({ task_id: done, status: 'shipped' })
  const inHidden = await newTask(bob, 'Hidden', { loop_id: hidden })
  const waiting = await newTask(ann, 'Waiting')
  for (const task_id of [done, inHidden, waiting])
    await tasksOf(bob).update_task({ task_id, blocked_by: { add: [blocker] } })
  const blockedFor = async (caller: Caller, task_id = blocker) =>
    await tasksOf(caller).list_blocked({ task_id, ...(await visibleTo(caller)) })
  const rows = [
    { id: inHidden, title: 'Hidden', status: 'open', loop_id: hidden },
    { id: waiting, title: 'Waiting', status: 'open', loop_id: null },
    { id: done, title: 'Done', status: 'shipped', loop_id: null },
  ]
  expect(await blockedFor(bob)).toEqual({ tasks: rows, total: 3 })
  expect(await blockedFor(member(ann))).toEqual({ tasks: [rows[1], rows[2]], total: 2 })
  expect(await blockedFor(ann, waiting)).toEqual({ tasks: [], total: 0 })
  await tasksOf(ann).delete_task({ task_id: waiting })
  expect((await blockedFor(member(ann))).total).toBe(1)
})

test('what_waits_for_a_task_that_is_hidden_is_refused_as_for_one_that_never_was', async () => {
  const ann = env.owner()
  const hidden = await newTask(ann, 'Hidden', { loop_id: await newLoop(ann, 'private') })
  const visible = { visible_private_loop_ids: [] }
  const refusal = async (caller: Caller, task_id: string) =>
    bytesOf(await refused(tasksOf(caller).list_blocked({ task_id, ...visible })), task_id)
  const unknown = await refusal(ann, ids.next())
  expect(unknown).toContain('not_found')
  expect(await refusal(member(ann), hidden)).toBe(unknown)
  expect(await refusal(env.owner(), hidden)).toBe(unknown)
})
