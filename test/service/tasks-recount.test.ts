// Wrong counters are found and repaired at run time, and late ones are not reported as wrong.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Drift, openRecount, type Recount } from '../../services/tasks/recount-store.ts'
import { recountSome } from '../../services/tasks/sweepers.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { ids } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

vi.setConfig({ testTimeout: 60_000 })

type CounterDoc = { _id: string; ws: string }
let environment: TasksEnvironment
let recount: Recount
beforeAll(async () => {
  environment = await openTasksEnvironment()
  recount = await openRecount(environment.db)
})
afterAll(() => environment[Symbol.asyncDispose]())

const counters = () => environment.db.collection<CounterDoc>('tallies')
/** All wrong counters, found a few at a time. */
const checkAll = async (): Promise<Drift[]> => {
  const drifts: Drift[] = []
  for (let after: string | null = ''; after !== null; ) {
    const check = await recount.check(after, 3)
    drifts.push(...check.drifts)
    after = check.end
  }
  return drifts
}
/** A workspace with tasks in a public loop, a private one and none, and comments on a task and a loop. */
const busyWorkspace = async () => {
  const ann = environment.owner()
  const [open, secret] = await Promise.all(
    (['public', 'private'] as const).map(
      async (visibility) =>
        (await environment.loopsOf(ann).create_loop({ name: 'Loop', visibility })).loop.id,
    ),
  )
  const file = async (loop_id?: string) =>
    (await environment.tasksOf(ann).create_task({ title: 'Task', loop_id })).task.id
  const task_ids = await inParallel([undefined, undefined, open, open, open, secret], 3, file)
  const [task_id = ''] = task_ids
  await environment.tasksOf(ann).add_comment({ task_id, text: 'Hi' })
  await environment.tasksOf(ann).add_comment({ loop_id: open, text: 'Hi' })
  return { ann, open: open as string, secret: secret as string, task_ids, task_id }
}
const shown = async (ann: Caller, task_id: string) => {
  const { workspace_id } = ann
  const { all } = await environment
    .tasksOf(null)
    .count_workspace({ workspace_id, visible_private_loop_ids: null })
  return { all, comments: (await environment.tasksOf(ann).get_task({ task_id })).comments_total }
}

test('wrong_counters_are_found_and_repaired_and_lost_ones_recreated', async () => {
  const { ann, open, secret, task_id } = await busyWorkspace()
  await environment.allCounted()
  const right = await shown(ann, task_id)
  expect(await checkAll()).toEqual([])
  await counters().updateOne({ _id: open }, { $inc: { [`tasks.${open}.open.none`]: 2, comments: -1 } })
  await counters().updateOne({ _id: ann.workspace_id }, { $inc: { 'tasks.unassigned.approved.high': 7 } })
  await counters().deleteMany({ _id: { $in: [secret, task_id] } })
  await recount.insertMissing()
  const found = await checkAll()
  expect(new Map(found.map(({ counter, missing }) => [counter, missing]))).toEqual(
    new Map([
      [open, { [`tasks.${open}.open.none`]: -2, comments: 1 }],
      [ann.workspace_id, { 'tasks.unassigned.approved.high': -7 }],
      [secret, { [`tasks.${secret}.open.none`]: 1 }],
      [task_id, { comments: 1 }],
    ]),
  )
  for (const drift of found) expect(await recount.repair(drift)).toBe(true)
  // What another replica has repaired is not repaired again.
  for (const drift of found) expect(await recount.repair(drift)).toBe(false)
  expect(await checkAll()).toEqual([])
  expect(await shown(ann, task_id)).toEqual(right)
})

test('tasks_that_are_held_back_are_recounted_too', async () => {
  const { ann, open, secret } = await busyWorkspace()
  await environment.allCounted()
  const held = { $set: { status: 'approved', ready: false } }
  const tasks = environment.db.collection<{ _id: string; ws: string; loop_id: string; status: string }>(
    'tasks',
  )
  await tasks.updateMany({ loop_id: open }, held)
  // Of a task that is not approved, only the status counts.
  await tasks.updateMany({ loop_id: secret }, { $set: { ready: false } })
  const moved = { 'open.none': -3, 'approved.none': 3 }
  const missing = (list: string) => ({
    ...Object.fromEntries(Object.entries(moved).map(([path, by]) => [`tasks.${list}.${path}`, by])),
    [`held_back.${list}`]: 3,
  })
  const found = await checkAll()
  expect(new Map(found.map((drift) => [drift.counter, drift.missing]))).toEqual(
    new Map([
      [open, missing(open)],
      [ann.workspace_id, { ...missing('assigned'), ...missing('public') }],
    ]),
  )
  for (const drift of found) await recount.repair(drift)
  expect(await checkAll()).toEqual([])
  await tasks.updateMany({ loop_id: open }, { $unset: { ready: '' } })
  expect(await checkAll()).toMatchObject([
    { missing: { 'held_back.assigned': -3, 'held_back.public': -3 } },
    { missing: { [`held_back.${open}`]: -3 } },
  ])
  for (const drift of await checkAll()) await recount.repair(drift)
})

test('lists_with_more_kinds_of_tasks_than_one_answer_of_the_database_holds_are_recounted', async () => {
  const { ann, task_id } = await busyWorkspace()
  await environment.allCounted()
  const tasks = environment.db.collection<{ _id: string; ws: string }>('tasks')
  const [{ _id, ...task }] = (await tasks.find({ _id: task_id }).toArray()) as [{ _id: string; ws: string }]
  const lists = Array.from({ length: 6 }, () => ids.next())
  const kinds = ['open', 'approved', 'in_progress', 'shipped', 'on_hold'].flatMap((status) =>
    ['urgent', 'high', 'medium', 'low', 'none'].map((priority) => ({ status, priority })),
  )
  const filed = lists.flatMap((list) => kinds.map((kind) => ({ ...task, ...kind, shelves: [list] })))
  await tasks.insertMany(filed.map((one) => ({ ...one, _id: ids.next() })))
  await counters().insertMany(lists.map((list) => ({ _id: list, ws: ann.workspace_id })))
  const after = lists.toSorted()[0]?.slice(0, -1) ?? ''
  const { drifts } = await recount.check(after, 100)
  const found = drifts.filter(({ counter }) => lists.includes(counter))
  expect(found.map(({ missing }) => Object.values(missing))).toEqual(lists.map(() => kinds.map(() => 1)))
  await tasks.deleteMany({ 'shelves.0': { $in: lists } })
  await counters().deleteMany({ _id: { $in: lists } })
})

test('late_counters_are_not_reported_as_wrong', async () => {
  const { ann, open } = await busyWorkspace()
  await environment.allCounted()
  const _id = (await environment.tasksOf(ann).create_task({ title: 'Late', loop_id: open })).task.id
  await environment.allCounted()
  // As if its writer had died when only one of the counters had it.
  const change = { id: ids.next(), at: new Date('2900-01-01') }
  const sums = [
    { tally: ann.workspace_id, path: 'tasks.assigned.open.none', by: 1 },
    { tally: open, path: `tasks.${open}.open.none`, by: 1 },
  ]
  await environment.db
    .collection<CounterDoc>('tasks')
    .updateOne({ _id }, { $set: { uncounted: [{ ...change, sums }] } })
  await counters().updateOne({ _id: ann.workspace_id }, { $inc: { 'tasks.assigned.open.none': -1 } })
  await counters().updateOne({ _id: open }, { $set: { [`seen.${change.id}`]: new Date() } })
  expect(await checkAll()).toEqual([])
  // As a very late sweeper would.
  await counters().updateOne({ _id: ann.workspace_id }, { $inc: { 'tasks.assigned.open.none': 1 } })
  await environment.db.collection<CounterDoc>('tasks').updateOne({ _id }, { $set: { uncounted: [] } })
})

test('nothing_is_reported_as_wrong_while_everything_changes', async () => {
  const { ann, open, secret, task_ids } = await busyWorkspace()
  const statuses = ['approved', 'in_progress', 'on_hold', 'open'] as const
  let writing = true
  const write = async (n: number): Promise<void> => {
    const task_id = task_ids[n % task_ids.length] ?? ''
    const loop_id = [open, secret, null][n % 3]
    await environment
      .tasksOf(ann)
      .update_task({ task_id, status: statuses[n % 4], loop_id })
      .catch(() => undefined)
    const made = await environment.tasksOf(ann).create_task({ title: 'T', loop_id: loop_id ?? undefined })
    await environment.tasksOf(ann).add_comment({ task_id: made.task.id, text: 'Hi' })
    if (n % 2) await environment.tasksOf(ann).delete_task({ task_id: made.task.id })
  }
  const writers = inParallel(
    Array.from({ length: 120 }, (_, n) => n),
    6,
    write,
  ).finally(() => {
    writing = false
  })
  let looks = 0
  for (; writing; looks += 1) expect(await checkAll()).toEqual([])
  await writers
  expect(looks).toBeGreaterThan(1)
})

test('the_slow_pass_repairs_counters_too_on_one_replica_at_a_time', async () => {
  const { ann, task_id } = await busyWorkspace()
  await environment.allCounted()
  const right = await shown(ann, task_id)
  await counters().updateOne({ _id: ann.workspace_id }, { $inc: { 'tasks.unassigned.open.none': 5 } })
  await environment.db.collection('recounts').deleteMany({})
  const log = createLog({ filter: 'error', topic: 'test' })
  let now = systemClock.now().getTime()
  const clock = { ...systemClock, now: () => new Date(now) }
  for (let hour = 0; hour < 40; hour += 1) {
    now += 60 * 60_000
    await Promise.all([recountSome({ recount, clock, log }), recountSome({ recount, clock, log })])
  }
  expect(await shown(ann, task_id)).toEqual(right)
})

test('the_command_exits_with_1_when_any_counter_is_wrong_and_with_0_once_repaired', async () => {
  const { ann } = await busyWorkspace()
  await environment.allCounted()
  await counters().updateOne({ _id: ann.workspace_id }, { $inc: { 'tasks.unassigned.open.none': 5 } })
  const command = join(import.meta.dirname, '../../infra/check-counts.ts')
  const run = async (...options: string[]) => {
    const env = { ...process.env, MONGODB_URL: environment.mongodbUrl, LOG: 'error' }
    return await promisify(execFile)(process.execPath, [command, ...options], { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
    )
  }
  const line = `${ann.workspace_id} of workspace ${ann.workspace_id} must change: tasks.unassigned.open.none by -5`
  expect(await run()).toMatchObject({ code: 1, stdout: expect.stringContaining(line) })
  expect(await run('--repair')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/1 wrong, 1 repaired/),
  })
  expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/ 0 wrong\.\n$/) })
  expect((await run('--what')).code).toBe(2)
})
