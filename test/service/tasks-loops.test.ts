// Tasks in loops, over two instances each of tasks and loops-queue. It tests who sees them, where they may go, and what
// loops-queue is answered about them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { isPublic } from '../../services/webhooks/webhook-rules.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const loop = async (caller: Caller, visibility: 'public' | 'private' = 'public'): Promise<string> =>
  (await env.loopsOf(caller).create_loop({ name: `A ${visibility} loop`, visibility })).loop.id
type Filing = Partial<Parameters<ReturnType<TasksEnvironment['tasksOf']>['create_task']>[0]>
const file = async (caller: Caller, given: Filing = {}): Promise<string> =>
  (await env.tasksOf(caller).create_task({ title: 'Task', ...given })).task.id

/** A workspace with a task of each visibility; Bob is not in the owner's private loop. */
const neighbourhood = async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const [open, anns, bobs] = await Promise.all([loop(ann), loop(ann, 'private'), loop(bob, 'private')])
  const tasks = {
    unassigned: await file(ann),
    public: await file(ann, { loop_id: open }),
    anns: await file(ann, { loop_id: anns }),
    bobs: await file(bob, { loop_id: bobs }),
  }
  return { ann, bob, loops: { open, anns, bobs }, tasks }
}

describe('list_tasks', () => {
  test('each_scope_holds_what_the_caller_sees_and_its_exact_total', async () => {
    const { ann, bob, tasks } = await neighbourhood()
    const list = async (caller: Caller, scope?: 'unassigned' | 'assigned' | 'all') => {
      const page = await env.tasksOf(caller).list_tasks({ scope })
      expect(page.tasks).toHaveLength(page.total)
      return page.tasks.map(({ id }) => id)
    }
    expect(await list(bob)).toEqual([tasks.unassigned])
    expect(await list(bob, 'unassigned')).toEqual([tasks.unassigned])
    expect((await list(bob, 'assigned')).toSorted()).toEqual([tasks.public, tasks.bobs].toSorted())
    expect((await list(bob, 'all')).toSorted()).toEqual(
      [tasks.unassigned, tasks.public, tasks.bobs].toSorted(),
    )
    expect((await list(ann, 'assigned')).toSorted()).toEqual(
      [tasks.public, tasks.anns, tasks.bobs].toSorted(),
    )
    expect((await list(ann, 'all')).toSorted()).toEqual(Object.values(tasks).toSorted())
    const elsewhere = person(ann.workspace_id)
    expect((await list(elsewhere, 'all')).toSorted()).toEqual([tasks.unassigned, tasks.public].toSorted())
  })

  test('one_loop_if_it_is_visible', async () => {
    const { bob, loops, tasks } = await neighbourhood()
    const page = await env.tasksOf(bob).list_tasks({ loop_id: loops.open })
    expect(page).toMatchObject({ total: 1, tasks: [{ id: tasks.public, loop_id: loops.open }] })
    const never = ids.next()
    const hidden = await refused(env.tasksOf(bob).list_tasks({ loop_id: loops.anns }))
    const unknown = await refused(env.tasksOf(bob).list_tasks({ loop_id: never }))
    expect(bytesOf(hidden, loops.anns)).toBe(bytesOf(unknown, never))
    const both = env.tasksOf(bob).list_tasks({ loop_id: loops.open, scope: 'all' })
    expect((await refused(both)).code).toBe('invalid_argument')
  })

  test('pages_over_more_private_loops_than_one_query_holds_have_each_task_once', async () => {
    const ann = env.owner()
    const bob = person(ann.workspace_id)
    const filed: string[] = []
    for (let batch = 0; batch < 4; batch += 1) {
      const secret = await Promise.all(Array.from({ length: 10 }, () => loop(bob, 'private')))
      filed.push(...(await Promise.all(secret.map((loop_id) => file(bob, { loop_id, priority: 'high' })))))
    }
    const seen: string[] = []
    let cursor: string | undefined
    do {
      // 41 lists with 6 statuses each are more ordered scans than the database merges.
      const page = await env
        .tasksOf(bob)
        .list_tasks({ scope: 'assigned', priority: 'high', limit: 15, cursor })
      expect(page.total).toBe(40)
      seen.push(...page.tasks.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(filed.toSorted().reverse())
  })
})

describe('get_task', () => {
  test('shows_its_loop_to_those_who_see_it_and_nothing_to_others', async () => {
    const { ann, bob, loops, tasks } = await neighbourhood()
    expect((await env.tasksOf(ann).get_task({ task_id: tasks.anns })).loop).toEqual({
      id: loops.anns,
      name: 'A private loop',
      status: 'active',
      visibility: 'private',
    })
    const never = ids.next()
    const calls = (task_id: string) => [
      env.tasksOf(bob).get_task({ task_id }),
      env.tasksOf(bob).update_task({ task_id, loop_id: null }),
      env.tasksOf(bob).delete_task({ task_id }),
      env.tasksOf(bob).add_comment({ task_id, text: 'Mine' }),
    ]
    const hidden = await Promise.all(calls(tasks.anns).map(refused))
    const unknown = await Promise.all(calls(never).map(refused))
    expect(hidden.map((refusal) => bytesOf(refusal, tasks.anns))).toEqual(
      unknown.map((refusal) => bytesOf(refusal, never)),
    )
    expect(hidden.every(({ code }) => code === 'not_found')).toBe(true)
    expect((await env.tasksOf(ann).get_task({ task_id: tasks.anns })).task.version).toBe(1)
  })
})

describe('the loop of a task', () => {
  test('may_be_active_or_on_hold_but_not_shipped', async () => {
    const ann = env.owner()
    const [held, shipped] = [await loop(ann), await loop(ann)]
    const inside = await file(ann, { loop_id: shipped })
    await env.loopsOf(ann).close_loop({ loop_id: held })
    await env.loopsOf(ann).ship_loop({ loop_id: shipped })
    const task_id = await file(ann, { loop_id: held })
    const calls = [
      file(ann, { loop_id: shipped }),
      env.tasksOf(ann).update_task({ task_id, loop_id: shipped }),
    ]
    // Each is awaited from its beginning: the second may be refused before the first.
    for (const refusal of await Promise.all(calls.map(refused)))
      expect(refusal).toMatchObject({
        code: 'invalid_transition',
        extras: { details: { loop_id: shipped } },
      })
    // What is in it stays in it, and can be changed and taken out.
    const same = await env.tasksOf(ann).update_task({ task_id: inside, loop_id: shipped, priority: 'low' })
    expect(same.task).toMatchObject({ loop_id: shipped, priority: 'low' })
    expect((await env.tasksOf(ann).update_task({ task_id: inside, loop_id: null })).task.loop_id).toBeNull()
  })

  test('makes_a_task_as_private_as_it_is', async () => {
    const { ann, bob, loops, tasks } = await neighbourhood()
    const hide = await env.tasksOf(ann).update_task({ task_id: tasks.unassigned, loop_id: loops.anns })
    expect(hide).toMatchObject({ changed: true, task: { loop_id: loops.anns } })
    expect((await refused(env.tasksOf(bob).get_task({ task_id: tasks.unassigned }))).code).toBe('not_found')
    expect((await env.tasksOf(bob).list_tasks({})).total).toBe(0)
    await env.tasksOf(ann).update_task({ task_id: tasks.unassigned, loop_id: loops.open })
    expect((await env.tasksOf(bob).get_task({ task_id: tasks.unassigned })).loop?.id).toBe(loops.open)
    const never = ids.next()
    const hidden = await refused(env.tasksOf(bob).update_task({ task_id: tasks.public, loop_id: loops.anns }))
    const unknown = await refused(env.tasksOf(bob).update_task({ task_id: tasks.public, loop_id: never }))
    expect(bytesOf(hidden, loops.anns)).toBe(bytesOf(unknown, never))
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 7)
    expect(published.filter(({ type }) => type === 'task.updated').map(({ data }) => data)).toMatchObject([
      { loop_id: loops.anns, loop_id_before: null, private: true, changed: ['loop_id'] },
      { loop_id: loops.open, loop_id_before: null, private: false },
    ])
    // Readers of public events learn that the task is hidden, then that it is back; and never where it was.
    const received = published.filter(({ type, data }) =>
      isPublic(contract.events[type as 'task.updated'], { data }),
    )
    expect(received.filter(({ subject }) => subject === tasks.unassigned)).toMatchObject([
      { type: 'task.created', sequence: 1 },
      { type: 'task.hidden', sequence: 2, data: { task_id: tasks.unassigned, version: 2 } },
      { type: 'task.updated', sequence: 3, data: { loop_id: loops.open } },
    ])
    expect(JSON.stringify(received)).not.toContain(loops.anns)
  })
})

describe('what loops-queue is answered', () => {
  const filed = async () => {
    const ann = env.owner()
    const loop_id = await loop(ann)
    const make = async (
      title: string,
      given: Filing,
      status?: 'approved' | 'shipped' | 'rejected' | 'in_progress',
    ) => {
      const task_id = await file(ann, { title, loop_id, ...given })
      if (status) await env.tasksOf(ann).update_task({ task_id, status })
    }
    await make('low', { priority: 'low' }, 'approved')
    await make('none', {})
    await make('high, due late', { priority: 'high', due_date: '2026-12-01' }, 'approved')
    await make('high, older', { priority: 'high' }, 'approved')
    await make('high, newer', { priority: 'high' }, 'in_progress')
    await make('high, due soon', { priority: 'high', due_date: '2026-11-01' }, 'shipped')
    await make('urgent', { priority: 'urgent' }, 'rejected')
    return { ann, loop_id, workspace_id: ann.workspace_id, ask: env.tasksOf(null) }
  }

  test('tasks_of_a_loop_in_order_of_work_page_by_page', async () => {
    const { loop_id, workspace_id, ask } = await filed()
    const titles: string[] = []
    let cursor: string | undefined
    do {
      const page = await ask.list_loop_tasks({ workspace_id, loop_id, limit: 2, cursor })
      expect(page).toMatchObject({ total: 7, counts: { total: 7, open: 1, approved: 3, in_progress: 1 } })
      titles.push(...page.tasks.map(({ title }) => title))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(titles).toEqual([
      'urgent',
      'high, due soon',
      'high, due late',
      'high, older',
      'high, newer',
      'low',
      'none',
    ])
  })

  test('only_the_ready_ones_when_asked', async () => {
    const { loop_id, workspace_id, ask } = await filed()
    const page = await ask.list_loop_tasks({ workspace_id, loop_id, ready_only: true })
    expect(page.tasks.map(({ title }) => title)).toEqual(['high, due late', 'high, older', 'low'])
    expect(page.total).toBe(3)
  })

  test('only_those_of_one_status_when_asked_page_by_page', async () => {
    const { loop_id, workspace_id, ask } = await filed()
    const of = { workspace_id, loop_id, status: 'approved' as const, limit: 2 }
    const page = await ask.list_loop_tasks(of)
    expect(page.tasks.map(({ title }) => title)).toEqual(['high, due late', 'high, older'])
    expect(page).toMatchObject({ total: 3, counts: { total: 7 } })
    const next = await ask.list_loop_tasks({ ...of, cursor: page.next_cursor ?? '' })
    expect(next.tasks.map(({ title }) => title)).toEqual(['low'])
    expect(next.next_cursor).toBeNull()
  })

  test('tasks_that_are_held_back_are_not_listed_counted_or_found_as_ready', async () => {
    const { loop_id, workspace_id, ask } = await filed()
    await env.allCounted()
    const tasks = env.db.collection<Pick<TaskDoc, '_id' | 'loop_id' | 'title' | 'status'>>('tasks')
    const counters = env.db.collection<{ _id: string }>('tallies')
    const holdBack = async (title: string) => {
      await tasks.updateOne({ loop_id, title }, { $set: { ready: false } })
      await counters.updateOne({ _id: loop_id }, { $inc: { [`held_back.${loop_id}`]: 1 } })
    }
    const ready = async () => {
      const { tasks, total } = await ask.list_loop_tasks({ workspace_id, loop_id, ready_only: true })
      const { first } = await ask.find_ready({ workspace_id, loop_ids: [loop_id] })
      return { titles: tasks.map(({ title }) => title), total, first }
    }
    await holdBack('high, due late')
    expect(await ready()).toEqual({ titles: ['high, older', 'low'], total: 2, first: loop_id })
    await holdBack('high, older')
    await holdBack('low')
    expect(await ready()).toEqual({ titles: [], total: 0, first: null })
    const all = await ask.list_loop_tasks({ workspace_id, loop_id })
    expect(all).toMatchObject({ total: 7, counts: { approved: 3 } })
  })

  test('the_summary_of_a_loop', async () => {
    const { ann, loop_id, workspace_id, ask } = await filed()
    const summary = await ask.summarize_loop({ workspace_id, loop_id, limit: 3 })
    expect(summary.shipped.map(({ title }) => title)).toEqual(['high, due soon'])
    expect(summary.unfinished.map(({ title }) => title)).toEqual([
      'high, due late',
      'high, older',
      'high, newer',
    ])
    expect(summary).toMatchObject({ unfinished_total: 5, counts: { shipped: 1, rejected: 1, total: 7 } })
    expect(summary.author_ids).toEqual([ann.user_id])
  })

  test('the_first_of_some_loops_with_ready_tasks_and_how_many_have_some', async () => {
    const { ann, loop_id, workspace_id, ask } = await filed()
    const [empty, second] = [await loop(ann), await loop(ann)]
    const task_id = await file(ann, { loop_id: second })
    const find = (loop_ids: string[]) => ask.find_ready({ workspace_id, loop_ids })
    expect(await find([empty, second, loop_id])).toEqual({ first: loop_id, ready_loops: 1 })
    await env.tasksOf(ann).update_task({ task_id, status: 'approved' })
    expect(await find([empty, second, loop_id])).toEqual({ first: second, ready_loops: 2 })
    expect(await find([empty])).toEqual({ first: null, ready_loops: 0 })
    expect(await find([])).toEqual({ first: null, ready_loops: 0 })
    const many = [...Array.from({ length: 1_200 }, () => ids.next()), second]
    expect(await find(many)).toEqual({ first: second, ready_loops: 1 })
    await env.tasksOf(ann).delete_task({ task_id })
    expect(await find([second])).toEqual({ first: null, ready_loops: 0 })
    expect(
      await env.tasksOf(null).find_ready({ workspace_id: ids.next(), loop_ids: [loop_id] }),
    ).toMatchObject({
      first: null,
    })
  })

  test('counts_of_loops_and_of_the_workspace_as_a_caller_sees_them', async () => {
    const { ann, loops } = await neighbourhood()
    const { workspace_id } = ann
    const never = ids.next()
    const counted = await env.tasksOf(null).count_loops({ workspace_id, loop_ids: [loops.anns, never] })
    expect(counted.loops).toMatchObject([
      { loop_id: loops.anns, counts: { total: 1, open: 1 } },
      { loop_id: never, counts: { total: 0 } },
    ])
    const count = async (visible_private_loop_ids: string[] | null) => {
      const { all, unassigned } = await env
        .tasksOf(null)
        .count_workspace({ workspace_id, visible_private_loop_ids })
      return [all.total, all.open, unassigned.total]
    }
    expect(await count(null)).toEqual([4, 4, 1])
    expect(await count([])).toEqual([2, 2, 1])
    expect(await count([loops.bobs])).toEqual([3, 3, 1])
  })
})
