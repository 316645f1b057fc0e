// Tasks moved into a loop that is formed from them, over two instances of each service. All move or none, whoever finds
// an interrupted move finishes it, and refused moves leave no trace.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment, until } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const file = async (caller: Caller, count: number, loop_id?: string): Promise<string[]> => {
  const made = await Promise.all(
    Array.from({ length: count }, (_, n) => env.tasksOf(caller).create_task({ title: `Task ${n}`, loop_id })),
  )
  return made.map(({ task }) => task.id).toSorted()
}
const loop = async (caller: Caller, visibility: 'public' | 'private' = 'public'): Promise<string> =>
  (await env.loopsOf(caller).create_loop({ name: 'Loop', visibility })).loop.id
const get = async (caller: Caller, task_id: string) => (await env.tasksOf(caller).get_task({ task_id })).task
const stored = () => env.db.collection<TaskDoc>('tasks')
const reserve = (caller: Caller, task_ids: string[], loop_id: string) =>
  env.tasksOf(caller).prepare_move({ task_ids, loop_id, visible_private_loop_ids: null })
const reservedOf = (caller: Caller): Promise<number> =>
  stored().countDocuments({ ws: caller.workspace_id, 'move.loop_id': { $exists: true } })
/** As if the process that reserved them had died some time ago. */
const age = (caller: Caller) =>
  stored().updateMany(
    { ws: caller.workspace_id, 'move.loop_id': { $exists: true } },
    { $set: { 'move.at': new Date(Date.now() - 60_000) } },
  )
/** A loop that is still being formed. */
const formingLoop = async (caller: Caller): Promise<string> => {
  const _id = ids.next()
  await env
    .database('loops-queue')
    .collection<{ _id: string }>('loops')
    .insertOne({
      _id,
      ws: caller.workspace_id,
      status: 'forming',
      visibility: 'public',
      created_at: new Date(),
    } as never)
  return _id
}

describe('create_loop_from_tasks', () => {
  test('moves_all_tasks_and_publishes_each_move_in_the_name_of_the_caller', async () => {
    const ann = env.owner()
    const old = await loop(ann)
    const [inside, ...outside] = [...(await file(ann, 1, old)), ...(await file(ann, 3))] as [
      string,
      ...string[],
    ]
    const made = await env
      .loopsOf(ann)
      .create_loop_from_tasks({ loop_name: 'New', task_ids: [inside, ...outside] })
    expect(made.tasks).toEqual([
      { task_id: inside, moved_from: old },
      ...outside.map((task_id) => ({ task_id, moved_from: null })),
    ])
    for (const id of [inside, ...outside])
      expect(await get(ann, id)).toMatchObject({ loop_id: made.loop.id, version: 2 })
    expect((await env.tasksOf(ann).list_tasks({ loop_id: made.loop.id })).total).toBe(4)
    expect((await env.tasksOf(ann).list_tasks({ loop_id: old })).total).toBe(0)
    expect((await env.tasksOf(ann).list_tasks({})).total).toBe(0)
    expect(await reservedOf(ann)).toBe(0)
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 8)
    const updates = published.filter(({ type }) => type === 'task.updated').map(({ data }) => data)
    expect(updates).toHaveLength(4)
    for (const update of updates)
      expect(update).toMatchObject({
        changed: ['loop_id'],
        loop_id: made.loop.id,
        by: { user_id: ann.user_id },
      })
  })

  test('takes_tasks_that_have_just_moved_into_another_loop', async () => {
    const ann = env.owner()
    const [task_id = ''] = await file(ann, 1)
    const old = await loop(ann)
    await env.tasksOf(ann).update_task({ task_id, loop_id: old })
    expect(await reservedOf(ann)).toBe(0)
    const made = await env.loopsOf(ann).create_loop_from_tasks({ loop_name: 'New', task_ids: [task_id] })
    expect(made.tasks).toEqual([{ task_id, moved_from: old }])
  })

  test('makes_its_tasks_as_private_as_the_loop', async () => {
    const ann = env.owner()
    const [task_id] = (await file(ann, 1)) as [string]
    await env
      .loopsOf(ann)
      .create_loop_from_tasks({ loop_name: 'Secret', task_ids: [task_id], visibility: 'private' })
    const refusal = await refused(env.tasksOf(person(ann.workspace_id)).get_task({ task_id }))
    expect(refusal.code).toBe('not_found')
  })

  test('refused_without_a_trace_for_a_task_that_is_missing_or_hidden', async () => {
    const ann = env.owner()
    const bob = person(ann.workspace_id)
    const mine = await file(bob, 2)
    const [hidden] = (await file(ann, 1, await loop(ann, 'private'))) as [string]
    const before = await stored().find({ ws: ann.workspace_id }).sort({ _id: 1 }).toArray()
    for (const bad of [hidden, ids.next()]) {
      const call = env.loopsOf(bob).create_loop_from_tasks({ loop_name: 'No', task_ids: [...mine, bad] })
      expect(await refused(call)).toMatchObject({
        code: 'not_found',
        extras: { details: { task_ids: [bad] } },
      })
    }
    const after = await stored().find({ ws: ann.workspace_id }).sort({ _id: 1 }).toArray()
    const visibleParts = (docs: TaskDoc[]) => docs.map(({ outbox: _, uncounted: __, ...doc }) => doc)
    expect(visibleParts(after)).toEqual(visibleParts(before))
    expect((await env.loopsOf(bob).list_loops({})).total).toBe(0)
  })

  test('each_of_several_calls_for_the_same_tasks_moves_all_or_none', async () => {
    const ann = env.owner()
    const task_ids = await file(ann, 10)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, n) =>
        env.loopsOf(ann).create_loop_from_tasks({ loop_name: `Loop ${n}`, task_ids }),
      ),
    )
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason.code).toBe('version_conflict')
    const where = new Set(
      (await Promise.all(task_ids.map((id) => get(ann, id)))).map(({ loop_id }) => loop_id),
    )
    expect(where.size).toBe(1)
    expect(await reservedOf(ann)).toBe(0)
    const made = outcomes.filter(({ status }) => status === 'fulfilled').length
    expect((await env.loopsOf(ann).list_loops({})).total).toBe(made)
    const [first] = task_ids as [string]
    expect((await get(ann, first)).version).toBe(1 + made)
  })

  test('loses_no_change_that_is_made_at_the_same_time', async () => {
    const ann = env.owner()
    const task_ids = await file(ann, 10)
    const moving = env.loopsOf(ann).create_loop_from_tasks({ loop_name: 'New', task_ids })
    const writing = Promise.allSettled(
      task_ids.map((task_id) => env.tasksOf(ann).update_task({ task_id, title: 'Written' })),
    )
    const [{ loop: made }, written] = await Promise.all([moving, writing])
    for (const [n, task_id] of task_ids.entries()) {
      const outcome = written[n]
      const title = outcome?.status === 'fulfilled' ? 'Written' : expect.stringMatching(/^Task/)
      if (outcome?.status === 'rejected') expect(outcome.reason.code).toBe('version_conflict')
      expect(await get(ann, task_id)).toMatchObject({ title, loop_id: made.id })
    }
  })
})

describe('prepare_move', () => {
  test('reserves_all_or_none_and_repeats_do_no_harm', async () => {
    const ann = env.owner()
    const [a, b, c] = (await file(ann, 3)) as [string, string, string]
    const first = await formingLoop(ann)
    expect(await reserve(ann, [a, b], first)).toEqual(await reserve(ann, [a, b], first))
    expect(await reservedOf(ann)).toBe(2)
    const refusal = await refused(reserve(ann, [c, b], await formingLoop(ann)))
    expect(refusal).toMatchObject({ code: 'version_conflict', extras: { details: { task_ids: [b] } } })
    expect(await reservedOf(ann)).toBe(2)
    await env
      .tasksOf(null)
      .finish_move({ workspace_id: ann.workspace_id, loop_id: first, commit: false, visibility: 'public' })
    expect(await reservedOf(ann)).toBe(0)
    for (const id of [a, b, c]) expect(await get(ann, id)).toMatchObject({ version: 1, loop_id: null })
  })
})

describe('finish_move', () => {
  test('moves_once_however_often_it_is_requested', async () => {
    const ann = env.owner()
    const task_ids = await file(ann, 5)
    const loop_id = await loop(ann)
    await reserve(ann, task_ids, loop_id)
    const commit = { workspace_id: ann.workspace_id, loop_id, commit: true, visibility: 'public' } as const
    const answers = await Promise.all(Array.from({ length: 4 }, () => env.tasksOf(null).finish_move(commit)))
    expect(answers.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(5)
    for (const id of task_ids) expect(await get(ann, id)).toMatchObject({ loop_id, version: 2 })
    expect((await env.tasksOf(ann).list_tasks({ loop_id })).total).toBe(5)
  })
})

describe('a writer who meets a reservation', () => {
  test('waits_while_the_loop_is_being_formed_and_can_try_again', async () => {
    const ann = env.owner()
    const [task_id] = (await file(ann, 1)) as [string]
    await reserve(ann, [task_id], await formingLoop(ann))
    const calls = [
      env.tasksOf(ann).update_task({ task_id, title: 'New' }),
      env.tasksOf(ann).delete_task({ task_id }),
    ]
    for (const refusal of await Promise.all(calls.map(refused)))
      expect(refusal).toMatchObject({
        code: 'version_conflict',
        extras: { retry_after_ms: expect.any(Number) },
      })
    expect(await get(ann, task_id)).toMatchObject({ version: 1, title: 'Task 0' })
  })

  test('frees_the_task_of_a_loop_that_never_existed', async () => {
    const ann = env.owner()
    const [task_id] = (await file(ann, 1)) as [string]
    await reserve(ann, [task_id], ids.next())
    const { task } = await env.tasksOf(ann).update_task({ task_id, title: 'New' })
    expect(task).toMatchObject({ title: 'New', loop_id: null, version: 2 })
  })

  test('moves_the_task_into_a_loop_that_exists', async () => {
    const ann = env.owner()
    const task_ids = (await file(ann, 2)) as [string, string]
    const loop_id = await loop(ann, 'private')
    await reserve(ann, task_ids, loop_id)
    const { task } = await env.tasksOf(ann).update_task({ task_id: task_ids[0], title: 'New' })
    expect(task).toMatchObject({ title: 'New', loop_id, version: 3 })
    expect(await get(ann, task_ids[1])).toMatchObject({ loop_id, version: 2 })
    expect(
      (await refused(env.tasksOf(person(ann.workspace_id)).get_task({ task_id: task_ids[1] }))).code,
    ).toBe('not_found')
  })
})

describe('a reservation that was left', () => {
  test('finished_by_itself_when_the_loop_was_formed', async () => {
    const ann = env.owner()
    const task_ids = await file(ann, 3)
    const loop_id = await loop(ann)
    await reserve(ann, task_ids, loop_id)
    await age(ann)
    await until(async () => (await reservedOf(ann)) === 0)
    for (const id of task_ids) expect(await get(ann, id)).toMatchObject({ loop_id, version: 2 })
    await env.allCounted()
    expect((await env.tasksOf(ann).list_tasks({ loop_id })).total).toBe(3)
  })

  test('freed_by_itself_without_a_trace_when_the_loop_is_gone', async () => {
    const ann = env.owner()
    const task_ids = await file(ann, 3)
    await reserve(ann, task_ids, ids.next())
    await age(ann)
    await until(async () => (await reservedOf(ann)) === 0)
    for (const id of task_ids) expect(await get(ann, id)).toMatchObject({ loop_id: null, version: 1 })
  })

  test('kept_while_the_loop_is_being_formed', async () => {
    const ann = env.owner()
    const [kept] = (await file(ann, 1)) as [string]
    const [freed] = (await file(ann, 1)) as [string]
    const forming = await formingLoop(ann)
    await reserve(ann, [kept], forming)
    await reserve(ann, [freed], ids.next())
    await age(ann)
    // One pass of a sweeper sees both, so when the one is freed the other was examined too.
    await until(async () => (await reservedOf(ann)) === 1)
    expect((await stored().findOne({ _id: kept }))?.move).toMatchObject({ loop_id: forming })
  })
})
