// How many loops have work ready. The number is exact whatever happens to tasks and loops, and costs only what has
// changed.
import type { Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReadyLoops, readyLoops } from '../../services/loops-queue/ready-loops.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import type { Call, Caller } from '../../shared/contracts/define/contract.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { ids, person } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

type Stored = Document & { _id: string }
const makeLoop = async (caller: Caller, visibility: 'public' | 'private' = 'public') =>
  (await env.loopsOf(caller).create_loop({ name: 'Loop', visibility })).loop.id
const makeTask = async (caller: Caller, loop_id?: string) =>
  (await env.tasksOf(caller).create_task({ title: 'Task', loop_id })).task.id
const approve = async (caller: Caller, ...task_ids: string[]) =>
  void (await env.tasksOf(caller).bulk_update_tasks({ task_ids, status: 'approved' }))
const makeReady = async (caller: Caller, loop_id: string) => {
  const task_id = await makeTask(caller, loop_id)
  await approve(caller, task_id)
  return task_id
}
/** The distinct answers of several calls, each of which may reach another instance. */
const shown = async (caller: Caller): Promise<number[]> => {
  const answers = await inParallel([1, 2, 3, 4, 5, 6], 3, () => env.loopsOf(caller).get_queue_stats({}))
  return [...new Set(answers.map(({ loops_with_work_ready }) => loops_with_work_ready))]
}

test('exact_after_each_change_of_tasks_and_loops', async () => {
  const ann = env.owner()
  const [first, second, third] = [await makeLoop(ann), await makeLoop(ann), await makeLoop(ann)]
  const tasks = env.tasksOf(ann)
  const loops = env.loopsOf(ann)
  expect(await shown(ann)).toEqual([0])
  const task_id = await makeReady(ann, first)
  expect(await shown(ann)).toEqual([1])
  const other = await makeReady(ann, second)
  expect(await shown(ann)).toEqual([2])
  await tasks.update_task({ task_id, status: 'in_progress' })
  expect(await shown(ann)).toEqual([1])
  await tasks.update_task({ task_id, status: 'approved', priority: 'urgent' })
  expect(await shown(ann)).toEqual([2])
  await tasks.update_task({ task_id, loop_id: third })
  await tasks.update_task({ task_id: other, loop_id: third })
  expect(await shown(ann)).toEqual([1])
  await loops.close_loop({ loop_id: third })
  expect(await shown(ann)).toEqual([0])
  const fresh = await makeTask(ann)
  await approve(ann, fresh)
  await loops.create_loop_from_tasks({ loop_name: 'Formed', task_ids: [fresh, other] })
  expect(await shown(ann)).toEqual([1])
  await loops.reopen_loop({ loop_id: third })
  expect(await shown(ann)).toEqual([2])
  await tasks.delete_task({ task_id })
  expect(await shown(ann)).toEqual([1])
  await loops.ship_loop({ loop_id: first })
  expect(await shown(ann)).toEqual([1])
})

test('exact_when_one_task_becomes_ready_as_another_is_begun', async () => {
  const ann = env.owner()
  const loop_id = await makeLoop(ann)
  let [ready, waiting] = [await makeReady(ann, loop_id), await makeTask(ann, loop_id)]
  for (let round = 0; round < 5; round += 1) {
    await Promise.all([
      env.tasksOf(ann).update_task({ task_id: ready, status: 'open' }),
      approve(ann, waiting),
      env.loopsOf(ann).get_queue_stats({}),
      env.loopsOf(ann).get_queue_stats({}),
    ])
    expect(await shown(ann)).toEqual([1])
    ;[ready, waiting] = [waiting, ready]
  }
})

test('each_sees_only_their_own_private_loops_counted', async () => {
  const ann = env.owner()
  const [bob, carl] = [person(ann.workspace_id), person(ann.workspace_id)]
  await makeReady(ann, await makeLoop(ann))
  const secret = await makeLoop(bob, 'private')
  expect(await shown(bob)).toEqual([1])
  await makeReady(bob, secret)
  expect([await shown(ann), await shown(bob), await shown(carl)]).toEqual([[2], [2], [1]])
})

test('exact_when_a_backup_is_restored_under_a_running_service', async () => {
  const ann = env.owner()
  const { workspace_id: ws } = ann
  const [first, second, third] = [await makeLoop(ann), await makeLoop(ann), await makeLoop(ann)]
  await makeReady(ann, first)
  expect(await shown(ann)).toEqual([1])
  await env.allCounted()
  const names = ['tasks', 'tallies']
  const backup = await Promise.all(
    names.map((name) => env.db.collection<Stored>(name).find({ ws }).toArray()),
  )
  await makeReady(ann, second)
  await makeReady(ann, third)
  expect(await shown(ann)).toEqual([3])
  await env.allCounted()
  for (const [n, name] of names.entries()) {
    await env.db.collection<Stored>(name).deleteMany({ ws })
    await env.db.collection<Stored>(name).insertMany(backup[n] ?? [])
  }
  expect(await shown(ann)).toEqual([1])
  await makeReady(ann, second)
  expect(await shown(ann)).toEqual([2])
})

test('exact_when_more_changed_than_one_answer_holds', async () => {
  const ann = env.owner()
  const { workspace_id: ws } = ann
  const [first, second] = [await makeLoop(ann), await makeLoop(ann)]
  const task_id = await makeReady(ann, first)
  expect(await shown(ann)).toEqual([1])
  await makeReady(ann, second)
  await env.tasksOf(ann).update_task({ task_id, status: 'on_hold' })
  await makeReady(ann, await makeLoop(ann))
  const later = Array.from({ length: 1_200 }, () => ({
    _id: ids.next(),
    ws,
    ready_changed_at: new Date(systemClock.now().getTime() + 60_000),
  }))
  await env.db.collection<Stored>('tallies').insertMany(later)
  expect(await shown(ann)).toEqual([2])
})

test('known_loops_are_not_asked_about_again_however_many_there_are', async () => {
  const ann = env.owner()
  const LOOPS = 150
  const loops = await inParallel(Array.from({ length: LOOPS }), 8, () => makeLoop(ann))
  await inParallel(loops, 8, (loop_id) => makeReady(ann, loop_id))
  expect(await shown(ann)).toEqual([LOOPS])
  await env.allCounted()
  // Recent changes are read again for some seconds: here they are long past.
  const counters = env.db.collection<Stored>('tallies')
  for (const [n, _id] of loops.entries())
    await counters.updateOne({ _id }, { $set: { ready_changed_at: new Date(2026, 0, 1, 0, n) } })
  // Often enough that each instance gets a request, though they are spread at random.
  for (let n = 0; n < 4; n += 1) expect(await shown(ann)).toEqual([LOOPS])
  await env.db.command({ profile: 2 })
  await makeReady(ann, loops[0] ?? '')
  expect(await shown(ann)).toEqual([LOOPS])
  await env.db.command({ profile: 0 })
  const looks = await env.db
    .collection('system.profile')
    .find({ ns: /\.(tasks|tallies)$/, op: { $in: ['query', 'command'] }, keysExamined: { $gt: 0 } })
    .toArray()
  // The relay and the counters read there too.
  const asked = looks.filter(({ command }) => /ready_changed_at|"loop_id"/.test(JSON.stringify(command)))
  expect(asked.length).toBeGreaterThan(0)
  for (const { keysExamined, command } of asked)
    expect(keysExamined, JSON.stringify(command)).toBeLessThan(10)
})

/** One instance's knowledge, with its own clock and the tasks service's answers as `pass` forwards them. */
const observer = (pass: (answer: Awaited<ReturnType<typeof ask>>) => Awaited<ReturnType<typeof ask>>) => {
  let ms = 1
  const clock = { monotonicMs: () => ms }
  const find_ready = async (input: Parameters<typeof ask>[0]) => pass(await ask(input))
  const known = readyLoops({ tasks: { find_ready }, clock })
  const wait = (by_ms: number): void => {
    ms += by_ms
  }
  return { ...known, wait }
}
const ask = (input: Parameters<ReturnType<TasksEnvironment['tasksOf']>['find_ready']>[0]) =>
  env.tasksOf(null).find_ready(input)
const call = (): Call => ({ caller: null, request_id: 'test', ...startBudget(systemClock, 5_000) })

test('what_an_earlier_release_changed_is_seen_eventually', async () => {
  const ann = env.owner()
  const [first, second] = [await makeLoop(ann), await makeLoop(ann)]
  const task_id = await makeReady(ann, first)
  await makeReady(ann, second)
  await env.allCounted()
  const earlier = { $set: { ready_changed_at: new Date('2026-01-01') } }
  await env.db.collection<Stored>('tallies').updateOne({ _id: first }, earlier)
  const { count, wait } = observer((answer) => answer)
  const counted = () => count(ann.workspace_id, [first, second], call())
  expect(await counted()).toBe(2)
  // As it writes: nothing says when the loop's ready tasks changed.
  await env.db.collection<Stored>('tasks').updateOne({ _id: task_id }, { $set: { status: 'open' } })
  expect(await counted()).toBe(2)
  for (let minutes = 0; minutes < 10; minutes += 1) {
    wait(60_000)
    await counted()
  }
  expect(await counted()).toBe(1)
})

test('exact_where_some_instances_of_the_tasks_service_are_of_an_earlier_release', async () => {
  const ann = env.owner()
  const [first, second] = [await makeLoop(ann), await makeLoop(ann)]
  const task_id = await makeReady(ann, first)
  let asked = 0
  const mixed: ReadyLoops = observer((answer) =>
    asked++ % 2 ? answer : { first: answer.first, ready_loops: answer.ready_loops },
  )
  const counted = () => mixed.count(ann.workspace_id, [first, second], call())
  expect([await counted(), await counted(), await counted()]).toEqual([1, 1, 1])
  await makeReady(ann, second)
  expect([await counted(), await counted(), await counted()]).toEqual([2, 2, 2])
  await env.tasksOf(ann).update_task({ task_id, status: 'open' })
  expect([await counted(), await counted(), await counted()]).toEqual([1, 1, 1])
})
