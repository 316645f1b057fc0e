// Totals and counts over two instances of the service. They are exact after any mix of work, and after a half-counted
// change.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CountedCollection } from '../../services/tasks/counter-reading-store.ts'
import { countByStatus, differenceOf, type PendingIncrements } from '../../services/tasks/counter-rules.ts'
import { openCounters } from '../../services/tasks/counter-store.ts'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { PRIORITIES, TASK_STATUSES } from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { ids } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

const WRITERS = 8
const STEPS = 25

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const loop = async (caller: Caller, visibility: 'public' | 'private'): Promise<string> =>
  (await env.loopsOf(caller).create_loop({ name: 'Loop', visibility })).loop.id
const pick = <T>(items: readonly T[]): T => items[Math.floor(ids.random() * items.length)] as T
type CounterDoc = { _id: string; ws: string; seen?: Record<string, Date>; tasks?: Record<string, object> }
const counters = () => env.db.collection<CounterDoc>('tallies')
const tasks = () => env.db.collection<TaskDoc>('tasks')

/** Every count that a caller can see, beside a fresh count of the tasks. */
const expectExact = async (owner: Caller, loops: readonly string[], privateLoops: readonly string[]) => {
  const ws = owner.workspace_id
  const { all, unassigned } = await env
    .tasksOf(null)
    .count_workspace({ workspace_id: ws, visible_private_loop_ids: null })
  expect(all).toEqual(await env.recount(ws))
  expect(unassigned).toEqual(await env.recount(ws, { loop_id: null }))
  const outsider = await env.tasksOf(null).count_workspace({ workspace_id: ws, visible_private_loop_ids: [] })
  const hidden = await Promise.all(privateLoops.map((loop_id) => env.recount(ws, { loop_id })))
  expect(outsider.all.total).toBe(all.total - hidden.reduce((sum, { total }) => sum + total, 0))
  const counted = await env.tasksOf(null).count_loops({ workspace_id: ws, loop_ids: [...loops] })
  for (const { loop_id, counts } of counted.loops) expect(counts).toEqual(await env.recount(ws, { loop_id }))
  for (const status of TASK_STATUSES)
    for (const priority of PRIORITIES) {
      const page = await env.tasksOf(owner).list_tasks({ scope: 'all', status, priority, limit: 200 })
      expect(page.total).toBe(page.tasks.length)
    }
}

describe('after random work by many at once', () => {
  test('every_count_equals_a_fresh_count', async () => {
    const ann = env.owner()
    const secret = [await loop(ann, 'private'), await loop(ann, 'private')]
    const loops = [await loop(ann, 'public'), await loop(ann, 'public'), ...secret]
    const known: string[] = []
    const step = async (who: Caller): Promise<void> => {
      const api = env.tasksOf(who)
      const loop_id = pick([undefined, ...loops])
      const task_id = pick(known)
      const dice = ids.random()
      if (task_id === undefined || dice < 0.3)
        known.push((await api.create_task({ title: 'T', priority: pick(PRIORITIES), loop_id })).task.id)
      else if (dice < 0.6) await api.update_task({ task_id, status: pick(TASK_STATUSES) })
      else if (dice < 0.8)
        await api.update_task({ task_id, loop_id: loop_id ?? null, priority: pick(PRIORITIES) })
      else if (dice < 0.9) {
        const task_ids = Array.from({ length: 8 }, () => pick(known))
        await api.bulk_update_tasks({ task_ids, priority: pick(PRIORITIES), loop_id: loop_id ?? null })
      } else await api.delete_task({ task_id })
    }
    const work = async (): Promise<void> => {
      for (let n = 0; n < STEPS; n += 1)
        await step(ann).catch((error: unknown) => {
          if (!(error instanceof AppError) || !['not_found', 'invalid_transition'].includes(error.code))
            throw error
        })
    }
    await Promise.all(Array.from({ length: WRITERS }, work))
    await expectExact(ann, loops, secret)
    expect((await env.recount(ann.workspace_id)).total).toBeGreaterThan(0)
    await env.allCounted()
    const ofWorkspace = await counters().find({ ws: ann.workspace_id }).toArray()
    expect(ofWorkspace.map(({ _id }) => _id).toSorted()).toEqual([ann.workspace_id, ...loops].toSorted())
    // Counted changes are forgotten, except the last few of each instance.
    for (const { seen } of ofWorkspace) expect(Object.keys(seen ?? {}).length).toBeLessThan(2 * WRITERS * 8)
  })

  test('every_count_of_comments_equals_a_fresh_count', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'T' })
    await Promise.all(
      Array.from({ length: 120 }, (_, n) => env.tasksOf(ann).add_comment({ task_id: task.id, text: `${n}` })),
    )
    expect((await env.tasksOf(ann).get_task({ task_id: task.id })).comments_total).toBe(120)
  })
})

describe('while a counter cannot be written', () => {
  /** Keeps every other writer from the counters of a workspace until it is disposed. */
  const hold = async (ws: string): Promise<AsyncDisposable> => {
    const session = env.db.client.startSession()
    session.startTransaction()
    await counters().updateMany({ ws }, { $set: { held: true } }, { session })
    return {
      [Symbol.asyncDispose]: async () => {
        await session.abortTransaction()
        await session.endSession()
      },
    }
  }

  /** Counters in this process, beside those of the services. */
  const openHere = async (clock = systemClock) => {
    const log = createLog({ filter: 'error', topic: 'test' })
    const opened = await openCounters(env.db, { clock, log, at: () => undefined })
    opened.watch(env.db.collection('tasks') as unknown as CountedCollection)
    return opened
  }

  test('calls_are_answered_and_every_count_is_exact_before_and_after', async () => {
    const ann = env.owner()
    const api = env.tasksOf(ann)
    const [open, secret] = [await loop(ann, 'public'), await loop(ann, 'private')]
    const { task } = await api.create_task({ title: 'First', loop_id: open })
    await api.create_task({ title: 'Hidden', loop_id: secret })
    await api.add_comment({ loop_id: open, text: 'Hi' })
    await env.allCounted()
    {
      await using _ = await hold(ann.workspace_id)
      // Each may be answered by either instance, and so may each read.
      for (let n = 0; n < 6; n += 1) await api.create_task({ title: `${n}`, loop_id: open })
      await api.update_task({ task_id: task.id, status: 'approved' })
      await api.add_comment({ task_id: task.id, text: 'Hi' })
      await expectExact(ann, [open, secret], [secret])
      const { followed } = await env.tasksOf(null).find_ready({
        workspace_id: ann.workspace_id,
        loop_ids: [],
        since: { at: new Date().toISOString(), loop_id: null },
      })
      expect(followed).toMatchObject({ changed_loop_ids: expect.arrayContaining([open]) })
      let now_ms = 0
      const monotonicMs = () => {
        now_ms += 1_000
        return now_ms
      }
      await using slow = await openHere({ ...systemClock, monotonicMs })
      const read = await slow.read(ann.workspace_id, [open], 'tasks')
      expect(countByStatus(read, ann.workspace_id, [open])).toEqual(
        await env.recount(ann.workspace_id, { loop_id: open }),
      )
      const left = { ws: ann.workspace_id, 'uncounted.0': { $exists: true } }
      expect(await env.db.collection('tasks').countDocuments(left)).toBeGreaterThan(0)
    }
    await env.allCounted()
    await expectExact(ann, [open, secret], [secret])
    const stored = await counters().findOne({ _id: open })
    expect(stored?.tasks).toMatchObject({ [open]: { open: { none: 6 }, approved: { none: 1 } } })
  })

  test('a_call_that_brings_one_change_too_many_waits_until_it_is_counted', async () => {
    const ws = ids.next()
    await counters().insertOne({ _id: ws, ws })
    await using here = await openHere()
    const changed = env.db.collection('tasks') as unknown as CountedCollection
    const change = () => ({
      collection: changed,
      id: ids.next(),
      ws,
      change: { id: ids.next(), at: new Date(), sums: [{ tally: ws, path: 'comments', by: 1 }] },
    })
    let isCounted = false
    let last: Promise<void>
    {
      await using _ = await hold(ws)
      await here.count('test', Array.from({ length: 1_000 }, change))
      last = here.count('test', [change()]).then(() => {
        isCounted = true
      })
      await here.read(ws, [ws], 'tasks')
      expect(isCounted).toBe(false)
    }
    await last
    expect(await counters().findOne({ _id: ws })).toMatchObject({ comments: 1_001 })
  })
})

describe('a change that was left half counted', () => {
  /** A counted task in a loop, and the change that would count it again. */
  const counted = async () => {
    const ann = env.owner()
    const loop_id = await loop(ann, 'public')
    const { task } = await env.tasksOf(ann).create_task({ title: 'T', loop_id })
    await env.allCounted()
    const stored = await tasks().findOne({ _id: task.id })
    if (!stored) throw new Error('the task is not there')
    const sums = differenceOf(ann.workspace_id, null, stored)
    const change: PendingIncrements = { id: ids.next(), at: new Date(Date.now() - 60_000), sums }
    const leave = async () => {
      await tasks().updateOne({ _id: task.id }, { $push: { uncounted: change } } as never)
      await env.allCounted()
    }
    const totals = async () => {
      const [all, inLoop] = await Promise.all([
        env.tasksOf(ann).list_tasks({ scope: 'all' }),
        env.tasksOf(ann).list_tasks({ loop_id }),
      ])
      return [all.total, inLoop.total]
    }
    return { ann, loop_id, change, leave, totals }
  }

  test('counted_when_nothing_was', async () => {
    const { leave, totals } = await counted()
    expect(await totals()).toEqual([1, 1])
    await leave()
    expect(await totals()).toEqual([2, 2])
  })

  test('counted_where_it_was_not_and_not_where_it_was', async () => {
    const { ann, change, leave, totals } = await counted()
    await counters().updateOne({ _id: ann.workspace_id }, { $set: { [`seen.${change.id}`]: change.at } })
    await leave()
    expect(await totals()).toEqual([1, 2])
  })

  test('not_counted_again_when_all_of_it_was', async () => {
    const { ann, loop_id, change, leave, totals } = await counted()
    await counters().updateMany(
      { _id: { $in: [ann.workspace_id, loop_id] } },
      { $set: { [`seen.${change.id}`]: change.at } },
    )
    await leave()
    expect(await totals()).toEqual([1, 1])
  })

  test('remembered_so_that_a_late_writer_does_not_count_it_again', async () => {
    const { ann, change, leave } = await counted()
    await leave()
    await env.tasksOf(ann).create_task({ title: 'Another' })
    expect((await counters().findOne({ _id: ann.workspace_id }))?.seen).toHaveProperty(change.id)
  })
})
