// Tasks moved into a loop while it ships, over two instances of each service. The report counts what is in the loop,
// whoever was first, and a task that came too late is where it was.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { LoopDoc } from '../../services/loops-queue/loop-store.ts'
import { openComments } from '../../services/tasks/comment-store.ts'
import { openCounters } from '../../services/tasks/counter-store.ts'
import { createHandlers } from '../../services/tasks/main.ts'
import { openRecount } from '../../services/tasks/recount-store.ts'
import { openTasks, type TaskDoc } from '../../services/tasks/task-store.ts'
import { client } from '../../shared/bus/client.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { openActivity } from '../../shared/events/activity-store.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import { asService } from '../support/keys.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import {
  expectKilled,
  openTasksEnvironment,
  type TasksEnvironment,
  until,
} from '../support/tasks-environment.ts'

/** How long to wait for a call that is never answered (ms). */
const BUDGET_MS = 2_000
const ROUNDS = 3
// Some start processes, and wait for sweepers.
vi.setConfig({ testTimeout: 120_000 })

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const loop = async (caller: Caller, name = 'Loop', on = env): Promise<string> =>
  (await on.loopsOf(caller).create_loop({ name })).loop.id
const file = async (caller: Caller, loop_id?: string, on = env): Promise<string> =>
  (await on.tasksOf(caller).create_task({ title: 'Task', loop_id })).task.id
const inLoop = (loop_id: string, on = env): Promise<TaskDoc[]> =>
  on.db.collection<TaskDoc>('tasks').find({ loop_id }).toArray()
/** The one report of a shipped loop. */
const reportOf = async (caller: Caller, loop_id: string, on = env) => {
  const isReport = ({ type, subject }: { type: string; subject: string }) =>
    type === 'loop.shipped' && subject === loop_id
  const published = await on.events('loops-queue', caller.workspace_id, (events) => events.some(isReport))
  const [report, ...more] = published.filter(isReport)
  expect(more).toEqual([])
  return report?.data as { task_counts: { total: number }; unfinished_total: number; version: number }
}
/** Waits until no task is on its way into a loop. */
const allReleased = (on = env) =>
  until(async () => (await on.db.collection('tasks').countDocuments({ 'move.at': { $exists: true } })) === 0)

describe('while a loop ships', () => {
  test('the_loop_and_its_report_hold_exactly_the_accepted_tasks', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const ann = env.owner()
      const [target, other] = [await loop(ann), await loop(ann, 'Other')]
      const [free, taken, many] = await Promise.all([
        Promise.all(Array.from({ length: 8 }, () => file(ann))),
        Promise.all(Array.from({ length: 8 }, () => file(ann, other))),
        Promise.all(Array.from({ length: 16 }, () => file(ann))),
      ])
      const service = env.tasksOf(ann)
      const moved: string[] = []
      const late: AppError[] = []
      const doing = (call: Promise<string | string[]>) =>
        call.then(
          (done) => void moved.push(...[done].flat()),
          (error: unknown) => {
            if (!(error instanceof AppError)) throw error
            late.push(error)
          },
        )
      const move = (task_id: string) =>
        doing(service.update_task({ task_id, loop_id: target, title: 'Moved' }).then(() => task_id))
      const create = () =>
        doing(service.create_task({ title: 'New', loop_id: target }).then(({ task }) => task.id))
      const bulk = () =>
        doing(
          service.bulk_update_tasks({ task_ids: many, loop_id: target }).then(({ results }) => {
            for (const { error } of results)
              if (error) late.push(new AppError(error.code as 'internal', error.message))
            return results.flatMap(({ ok, task_id }) => (ok ? task_id : []))
          }),
        )
      const ship = async () => {
        await file(ann)
        return await env.loopsOf(ann).ship_loop({ loop_id: target })
      }
      const [answer] = await Promise.all([
        ship(),
        bulk(),
        ...free.map(move),
        ...taken.map(move),
        ...Array.from({ length: 12 }, create),
      ])
      await allReleased()
      const inside = (await inLoop(target)).map(({ _id }) => _id).toSorted()
      expect(inside).toEqual(moved.toSorted())
      expect(answer.task_counts.total).toBe(inside.length)
      const report = await reportOf(ann, target)
      expect(report).toMatchObject({
        task_counts: { total: inside.length },
        unfinished_total: inside.length,
        version: answer.loop.version,
      })
      for (const { code, message } of late) expect(message, code).toMatch(/is shipped/)
      // A refused task is unchanged, and one that was not created does not exist.
      const left = await env.db
        .collection<TaskDoc>('tasks')
        .find({ ws: ann.workspace_id, loop_id: { $ne: target }, deleted_at: { $exists: false } })
        .toArray()
      for (const { title } of left) expect(title).toBe('Task')
      await env.allCounted()
      const counted = await env.tasksOf(null).count_loops({
        workspace_id: ann.workspace_id,
        loop_ids: [target, other],
      })
      for (const { loop_id, counts } of counted.loops)
        expect(counts).toEqual(await env.recount(ann.workspace_id, { loop_id }))
    }
  })

  test('tasks_it_is_being_formed_from_are_in_its_report', async () => {
    const ann = env.owner()
    const task_ids = [await file(ann), await file(ann)]
    const made = await env.loopsOf(ann).create_loop_from_tasks({ loop_name: 'New', task_ids })
    // As if its creator had died before moving the tasks.
    const location = { loop_id: null, acl: 'public', shelves: ['unassigned'] }
    const move = { loop_id: made.loop.id, at: new Date(), by: { ...ann, name: 'Ann', client: 'Test' } }
    await env.db
      .collection<TaskDoc>('tasks')
      .updateMany({ loop_id: made.loop.id }, { $set: { ...location, move } })
    expect((await env.loopsOf(ann).ship_loop({ loop_id: made.loop.id })).task_counts.total).toBe(2)
    expect(await reportOf(ann, made.loop.id)).toMatchObject({ task_counts: { total: 2 } })
    expect(await inLoop(made.loop.id)).toHaveLength(2)
  })

  test('a_repeat_is_answered_with_its_contents_and_reports_nothing_more', async () => {
    const ann = env.owner()
    const loop_id = await loop(ann)
    await file(ann, loop_id)
    const first = await env.loopsOf(ann).ship_loop({ loop_id })
    const again = await env.loopsOf(ann).ship_loop({ loop_id })
    expect(again).toMatchObject({
      already_shipped: true,
      shipped_at: first.shipped_at,
      task_counts: { total: 1 },
    })
    await loop(ann, 'The end')
    const published = await env.events('loops-queue', ann.workspace_id, (events) =>
      events.some(({ type, data }) => type === 'loop.created' && data.name === 'The end'),
    )
    expect(published.filter(({ type }) => type === 'loop.shipped')).toHaveLength(1)
  })
})

describe('shipped at the moment', () => {
  type Step = 'before_insert' | 'after_insert' | 'after_reserve' | 'after_look'
  /** The service's handlers over its real stores; a loop ships at one of their steps. */
  const shippingAt = async (step: Step) => {
    const stack = new AsyncDisposableStack()
    const ann = env.owner()
    const loop_id = await loop(ann)
    const log = createLog({ filter: 'error', topic: 'test' })
    const database_clock = await openDatabaseClock(env.db, systemClock)
    const given = { clock: systemClock, database_clock, ids, at: () => undefined, log }
    const requests = await openRequests(env.db, systemClock)
    const stored = { service: 'tasks', ...given, requests, onCommit: () => undefined }
    const [tasks, comments] = [await openTasks(env.db, stored), await openComments(env.db, stored)]
    const counters = stack.use(await openCounters(env.db, given))
    const loops = client(asService(env.bus, 'tasks'), loopsQueue)
    const handlers = createHandlers({
      ...given,
      comments,
      counters,
      requests,
      activity: await openActivity(env.db, 1),
      recount: await openRecount(env.db),
      tasks: {
        ...tasks,
        insert: async (...args) => {
          if (step === 'before_insert') await ship()
          const pending = await tasks.insert(...args)
          if (step === 'after_insert') await ship()
          return pending
        },
        reserve: async (...args) => {
          const reserved = await tasks.reserve(...args)
          if (step === 'after_reserve') await ship()
          return reserved
        },
      },
      loops: {
        ...loops,
        get_loop_states: async (...args) => {
          const states = await loops.get_loop_states(...args)
          if (step === 'after_look') await ship()
          return states
        },
      },
    })
    const ship = () => env.loopsOf(ann).ship_loop({ loop_id })
    const call = () => ({ caller: ann, request_id: ids.next(), ...startBudget(systemClock, 8_000) })
    return { ann, loop_id, handlers, call, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  }
  const expectReport = async (ann: Caller, loop_id: string, total: number) => {
    expect(await reportOf(ann, loop_id)).toMatchObject({ task_counts: { total }, unfinished_total: total })
    expect(await inLoop(loop_id)).toHaveLength(total)
  }

  test.each(['after_reserve', 'after_look'] as const)('%s: the task stays where it was', async (step) => {
    await using setting = await shippingAt(step)
    const { ann, loop_id, handlers, call } = setting
    const task_id = await file(ann)
    const moving = handlers.update_task({ task_id, loop_id, title: 'New' }, call())
    expect((await refused(moving)).code).toBe('invalid_transition')
    await expectReport(ann, loop_id, 0)
    const { task } = await env.tasksOf(ann).get_task({ task_id })
    expect(task).toMatchObject({ title: 'Task', loop_id: null, version: 1 })
  })

  test('before_insert: a new task is refused and leaves no trace', async () => {
    await using setting = await shippingAt('before_insert')
    const { ann, loop_id, handlers, call } = setting
    const asked = { title: 'New', body: '', priority: 'none', loop_id } as const
    expect((await refused(handlers.create_task(asked, call()))).code).toBe('invalid_transition')
    await expectReport(ann, loop_id, 0)
    expect(await env.tasksOf(ann).list_tasks({ scope: 'all' })).toMatchObject({ total: 0, tasks: [] })
  })

  test.each(['after_insert', 'after_look'] as const)('%s: a new task is in the report', async (step) => {
    await using setting = await shippingAt(step)
    const { ann, loop_id, handlers, call } = setting
    const asked = { title: 'New', body: '', priority: 'none', loop_id } as const
    expect((await handlers.create_task(asked, call())).task).toMatchObject({ loop_id })
    await expectReport(ann, loop_id, 1)
  })
})

/** Instances of which that of `service` kills itself at `step`, and a person who calls them. */
const openCrash = async (service: 'tasks' | 'loops-queue', step: string) => {
  const stack = new AsyncDisposableStack()
  const crash = stack.use(await openTasksEnvironment(0))
  await crash.start(service === 'tasks' ? 'loops-queue' : 'tasks')
  const { died } = await crash.startFaulty(service, step)
  return {
    crash,
    ann: person(ids.next(), { role: 'owner' }),
    during: async (call: Promise<unknown>) => {
      // A task that comes into a shipped loop is refused; counting comes after that.
      const unanswered = expectKilled(step, call, ['answered', 'invalid_transition'])
      expect(await died).toBe('SIGKILL')
      await crash.start(service)
      await unanswered
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
/** Ships a loop without asking the tasks service which tasks are on their way into it, as if it had asked before. */
const shippedBefore = (crash: TasksEnvironment, loop_id: string) =>
  crash
    .database('loops-queue')
    .collection<LoopDoc>('loops')
    .updateOne({ _id: loop_id }, { $set: { status: 'shipped' } })

describe.concurrent('killed at', () => {
  test('enter_loop.reserved: the task is where it was, and can be changed', async () => {
    await using setting = await openCrash('tasks', 'enter_loop.reserved')
    const { crash, ann, during } = setting
    const loop_id = await loop(ann, 'Loop', crash)
    const task_id = await file(ann, undefined, crash)
    await during(crash.tasksOf(ann, BUDGET_MS).update_task({ task_id, loop_id, title: 'New' }))
    const { task } = await crash.tasksOf(ann).update_task({ task_id, priority: 'low' })
    expect(task).toMatchObject({ title: 'Task', loop_id: null, version: 2 })
    expect((await crash.loopsOf(ann).ship_loop({ loop_id })).task_counts.total).toBe(0)
    await allReleased(crash)
  })

  test('create_task.saved: the task stays in a loop that is open', async () => {
    await using setting = await openCrash('tasks', 'create_task.saved')
    const { crash, ann, during } = setting
    const loop_id = await loop(ann, 'Loop', crash)
    await during(crash.tasksOf(ann, BUDGET_MS).create_task({ title: 'Task', loop_id }))
    await allReleased(crash)
    expect(await inLoop(loop_id, crash)).toHaveLength(1)
    expect((await crash.loopsOf(ann).ship_loop({ loop_id })).task_counts.total).toBe(1)
  })

  test('create_task.saved: the task is withdrawn from a loop that has shipped without it, and its request can be made again', async () => {
    // Counting comes after the look at the loop, so only here has the task certainly not arrived.
    await using setting = await openCrash('tasks', 'create_task.saved')
    const { crash, ann, during } = setting
    const loop_id = await loop(ann, 'Loop', crash)
    const request = { title: 'Task', loop_id, idempotency_key: 'k' }
    const call = crash.tasksOf(ann, BUDGET_MS).create_task(request)
    await until(async () => (await inLoop(loop_id, crash)).length === 1)
    await shippedBefore(crash, loop_id)
    await during(call)
    await until(async () => (await inLoop(loop_id, crash)).length === 0)
    await crash.allCounted()
    expect(await crash.recount(ann.workspace_id)).toMatchObject({ total: 0 })
    const counted = await crash
      .tasksOf(null)
      .count_workspace({ workspace_id: ann.workspace_id, visible_private_loop_ids: null })
    expect(counted.all.total).toBe(0)
    expect((await refused(crash.tasksOf(ann).create_task(request))).code).toBe('invalid_transition')
    const open = await loop(ann, 'Open', crash)
    expect(
      await crash.tasksOf(ann).create_task({ ...request, loop_id: open, idempotency_key: 'l' }),
    ).toMatchObject({ replayed: false })
  })

  test('withdraw_task.saved and withdraw_task.counted leave exact counts', async () => {
    for (const step of ['withdraw_task.saved', 'withdraw_task.counted']) {
      await using setting = await openCrash('tasks', step)
      const { crash, ann } = setting
      const loop_id = await loop(ann, 'Loop', crash)
      const task_id = await file(ann, loop_id, crash)
      // As if its creator had died before checking whether the loop is open.
      const entering = {
        loop_id,
        at: new Date(0),
        by: { ...ann, name: 'Ann', client: 'Test' },
        entering: ids.next(),
      }
      await shippedBefore(crash, loop_id)
      await crash.db.collection<TaskDoc>('tasks').updateOne({ _id: task_id }, { $set: { move: entering } })
      await until(async () => (await inLoop(loop_id, crash)).length === 0)
      await crash.start('tasks')
      await crash.allCounted()
      const counted = await crash
        .tasksOf(null)
        .count_workspace({ workspace_id: ann.workspace_id, visible_private_loop_ids: null })
      expect(counted.all.total).toBe(0)
    }
  })

  test('ship_loop.shipped: reported once by whoever finds it', async () => {
    await using setting = await openCrash('loops-queue', 'ship_loop.shipped')
    const { crash, ann, during } = setting
    const loop_id = await loop(ann, 'Loop', crash)
    await file(ann, loop_id, crash)
    await during(crash.loopsOf(ann, BUDGET_MS).ship_loop({ loop_id }))
    expect(await reportOf(ann, loop_id, crash)).toMatchObject({ task_counts: { total: 1 } })
    expect(await crash.loopsOf(ann).ship_loop({ loop_id })).toMatchObject({ already_shipped: true })
  })
})
