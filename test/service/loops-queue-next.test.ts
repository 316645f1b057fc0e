// Next work, and the members of new private loops. For these, loops-queue asks the tasks service and the gateway.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { openPeople, type People } from '../support/people.ts'
import { ids, openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

let env: TestEnvironment
let people: People
beforeAll(async () => {
  env = await openEnvironment()
  await Promise.all([env.start('loops-queue', 2), env.start('tasks', 2), env.start('gateway')])
  people = await openPeople(env.mongodbUrl)
})
afterAll(async () => {
  await people?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const loopsOf = (caller: Caller) => env.as(loopsQueue, caller)
const tasksOf = (caller: Caller) => env.as(tasks, caller)
/** Ann, who owns a new workspace, and Bob, a member. */
const newWorkspace = async (): Promise<{ ann: Caller; bob: Caller }> => {
  const email = `${ids.next()}@example.com`
  const { members } = await people.workspace('Search', [
    { name: 'Ann', email },
    { name: 'Bob', email: `bob.${email}` },
  ])
  const [ann, bob] = members.map(({ caller }) => caller)
  return { ann: ann as Caller, bob: bob as Caller }
}
const makeLoop = async (caller: Caller, name: string, visibility: 'public' | 'private' = 'public') =>
  (await loopsOf(caller).create_loop({ name, visibility, ai_context: `How to ${name}` })).loop.id
const makeReady = async (caller: Caller, title: string, loop_id: string): Promise<string> => {
  const { task } = await tasksOf(caller).create_task({ title, loop_id })
  await tasksOf(caller).update_task({ task_id: task.id, status: 'approved' })
  return task.id
}

describe('get_next_work', () => {
  test('returns_the_first_loop_with_work_ready_and_both_contexts', async () => {
    const { bob } = await newWorkspace()
    await makeLoop(bob, 'Empty')
    const second = await makeLoop(bob, 'Second')
    const third = await makeLoop(bob, 'Third')
    const low = await makeReady(bob, 'Low', second)
    const urgent = await makeReady(bob, 'Urgent', second)
    await tasksOf(bob).update_task({ task_id: urgent, priority: 'urgent' })
    await tasksOf(bob).create_task({ title: 'Open', loop_id: second })
    const other = await makeReady(bob, 'Other', third)
    const next = await loopsOf(bob).get_next_work({})
    expect(next).toMatchObject({
      loop: { id: second, ai_context: 'How to Second', priority: 1 },
      workspace: { id: bob.workspace_id, name: 'Search' },
      tasks: [{ id: urgent }, { id: low }],
      tasks_total: 2,
      counts: { active_loops: 3, on_hold_loops: 0, tasks: { total: 4, open: 1, approved: 3 } },
    })
    expect(next.reason).toBeUndefined()
    await loopsOf(bob).set_loop_priority({ loop_id: third, priority: 0 })
    expect(await loopsOf(bob).get_next_work({})).toMatchObject({
      loop: { id: third },
      tasks: [{ id: other }],
    })
    expect(await loopsOf(bob).get_next_work({ limit: 1 })).toMatchObject({ tasks_total: 1 })
  })

  test('finds_the_first_work_far_down_the_order', async () => {
    const { bob } = await newWorkspace()
    const loops: string[] = []
    for (let n = 0; n < 60; n += 1) loops.push(await makeLoop(bob, `Loop ${n}`))
    await makeReady(bob, 'Last', loops[59] ?? '')
    expect(await loopsOf(bob).get_next_work({})).toMatchObject({ loop: { id: loops[59], priority: 59 } })
    await makeReady(bob, 'Before', loops[52] ?? '')
    expect(await loopsOf(bob).get_next_work({})).toMatchObject({ loop: { id: loops[52], priority: 52 } })
  })

  test('claims_nothing', async () => {
    const { bob } = await newWorkspace()
    await makeReady(bob, 'T', await makeLoop(bob, 'L'))
    const answers = await Promise.all([1, 2, 3].map(() => loopsOf(bob).get_next_work({})))
    expect(
      new Set(answers.map(({ loop, tasks: [task] }) => `${loop?.id} ${task?.id} ${task?.version}`)).size,
    ).toBe(1)
  })

  test('says_why_there_is_no_work', async () => {
    const { bob } = await newWorkspace()
    const reasonOf = async () => {
      const { loop, tasks: rows, tasks_total, reason } = await loopsOf(bob).get_next_work({})
      expect({ loop, rows, tasks_total }).toEqual({ loop: null, rows: [], tasks_total: 0 })
      return reason
    }
    expect(await reasonOf()).toBe('queue_empty')
    const loop_id = await makeLoop(bob, 'L')
    expect(await reasonOf()).toBe('nothing_approved')
    await makeReady(bob, 'T', loop_id)
    await loopsOf(bob).close_loop({ loop_id })
    expect(await reasonOf()).toBe('all_on_hold')
    await loopsOf(bob).ship_loop({ loop_id })
    expect(await reasonOf()).toBe('queue_empty')
  })

  test('never_returns_work_of_a_loop_hidden_from_the_caller', async () => {
    const { ann, bob } = await newWorkspace()
    const carl = person(ann.workspace_id)
    const secret = await makeLoop(bob, 'Secret', 'private')
    await makeReady(bob, 'T', secret)
    expect(await loopsOf(carl).get_next_work({})).toMatchObject({
      loop: null,
      reason: 'queue_empty',
      counts: { active_loops: 0, tasks: { total: 0 } },
    })
    for (const who of [ann, bob])
      expect(await loopsOf(who).get_next_work({})).toMatchObject({ loop: { id: secret } })
  })
})

describe('member_ids', () => {
  test('become_members_of_a_new_private_loop_beside_its_creator', async () => {
    const { ann, bob } = await newWorkspace()
    const member_ids = [bob.user_id, ann.user_id]
    const { loop } = await loopsOf(ann).create_loop({ name: 'Ours', visibility: 'private', member_ids })
    expect(loop.member_ids).toEqual([ann.user_id, bob.user_id])
    expect((await loopsOf(bob).get_loop({ loop_id: loop.id })).loop.member_ids).toEqual(loop.member_ids)
    const { task } = await tasksOf(ann).create_task({ title: 'T' })
    const formed = await loopsOf(ann).create_loop_from_tasks({
      loop_name: 'Ours too',
      task_ids: [task.id],
      visibility: 'private',
      member_ids: [bob.user_id],
    })
    expect(formed.loop.member_ids).toEqual([ann.user_id, bob.user_id])
  })

  test('refused_naming_those_outside_the_workspace_and_nothing_is_created', async () => {
    const { ann, bob } = await newWorkspace()
    const stranger = (await newWorkspace()).bob.user_id
    const nobody = ids.next()
    const { task } = await tasksOf(ann).create_task({ title: 'T' })
    const members = { visibility: 'private' as const, member_ids: [bob.user_id, stranger, nobody] }
    const refusal = { code: 'not_found', extras: { details: { user_ids: [stranger, nobody] } } }
    await expect(loopsOf(ann).create_loop({ name: 'No', ...members })).rejects.toMatchObject(refusal)
    const formed = loopsOf(ann).create_loop_from_tasks({ loop_name: 'No', task_ids: [task.id], ...members })
    await expect(formed).rejects.toMatchObject(refusal)
    expect((await loopsOf(ann).list_loops({})).total).toBe(0)
  })
})
