// Loops together with their tasks, over two instances each of loops-queue and tasks. Lists with counts, whole loops,
// shipping, loops created from tasks, and the statistics.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import {
  type Acting,
  ids,
  openEnvironment,
  person,
  refused,
  type TestEnvironment,
} from '../support/service-environment.ts'

let env: TestEnvironment
beforeAll(async () => {
  env = await openEnvironment()
  await Promise.all([env.start('loops-queue', 2), env.start('tasks', 2)])
})
afterAll(() => env[Symbol.asyncDispose]())

const loopsOf = (caller: Caller): Acting<typeof loopsQueue> => env.as(loopsQueue, caller)
const tasksOf = (caller: Caller): Acting<typeof tasks> => env.as(tasks, caller)
const newMember = () => person(ids.next())

const makeLoop = async (caller: Caller, name: string, visibility: 'public' | 'private' = 'public') =>
  (await loopsOf(caller).create_loop({ name, visibility, ai_context: `How to ${name}` })).loop.id

const makeTask = async (caller: Caller, title: string, loop_id?: string): Promise<string> =>
  (await tasksOf(caller).create_task({ title, loop_id })).task.id

/** All pages of list_loops, as names; each page's total is the same. */
const listAll = async (
  caller: Caller,
  limit: number,
  status?: 'active' | 'on_hold' | 'shipped',
): Promise<string[]> => {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const page = await loopsOf(caller).list_loops({ limit, cursor, status })
    expect(page.loops.length).toBeLessThanOrEqual(limit)
    names.push(...page.loops.map(({ name }) => name))
    cursor = page.next_cursor ?? undefined
    if (cursor === undefined) expect(page.total).toBe(names.length)
  } while (cursor !== undefined)
  return names
}

describe('list_loops', () => {
  const setting = async () => {
    const ann = newMember()
    const bob = person(ann.workspace_id)
    const owner = person(ann.workspace_id, { role: 'owner' })
    const made: Record<string, string> = {}
    for (const name of ['A', 'B', 'C', 'H1', 'H2', 'S1', 'S2']) made[name] = await makeLoop(ann, name)
    for (const name of ['P', 'PH', 'PS']) made[name] = await makeLoop(bob, name, 'private')
    const id = (name: string) => made[name] as string
    await loopsOf(ann).close_loop({ loop_id: id('H1') })
    await loopsOf(bob).close_loop({ loop_id: id('PH') })
    await loopsOf(ann).close_loop({ loop_id: id('H2') })
    await loopsOf(ann).ship_loop({ loop_id: id('S1') })
    await loopsOf(bob).ship_loop({ loop_id: id('PS') })
    await loopsOf(ann).ship_loop({ loop_id: id('S2') })
    await loopsOf(ann).set_loop_priority({ loop_id: id('C'), priority: 0 })
    return { ann, bob, owner, id }
  }
  const all = ['C', 'A', 'B', 'P', 'H2', 'PH', 'H1', 'S2', 'PS', 'S1']
  const open = all.filter((name) => !name.startsWith('P'))

  test('active_in_order_then_on_hold_then_shipped_newest_first_on_pages_of_any_size', async () => {
    const { ann, bob, owner } = await setting()
    for (const limit of [1, 2, 3, 4, 7, 50]) {
      expect(await listAll(ann, limit)).toEqual(open)
      expect(await listAll(bob, limit)).toEqual(all)
      expect(await listAll(owner, limit)).toEqual(all)
    }
    expect(await listAll(ann, 2, 'active')).toEqual(['C', 'A', 'B'])
    expect(await listAll(bob, 2, 'on_hold')).toEqual(['H2', 'PH', 'H1'])
    expect(await listAll(ann, 1, 'shipped')).toEqual(['S2', 'S1'])
  })

  test('rows_have_the_place_visible_to_the_caller_and_exact_counts', async () => {
    const { ann, id } = await setting()
    const task = await makeTask(ann, 'Do it', id('A'))
    await makeTask(ann, 'Do more', id('A'))
    await tasksOf(ann).update_task({ task_id: task, status: 'approved' })
    const { loops } = await loopsOf(ann).list_loops({})
    expect(loops.slice(0, 4).map(({ priority, status }) => [priority, status])).toEqual([
      [0, 'active'],
      [1, 'active'],
      [2, 'active'],
      [null, 'on_hold'],
    ])
    expect(loops[1]).toMatchObject({
      ai_context: 'How to A',
      task_counts: { total: 2, open: 1, approved: 1 },
    })
    expect(loops[0]?.task_counts).toMatchObject({ total: 0 })
  })

  test('refused_for_a_cursor_that_is_not_its_own', async () => {
    const { ann } = await setting()
    const { next_cursor } = await loopsOf(ann).list_loops({ limit: 1 })
    for (const [cursor, status] of [
      ['x', undefined],
      ['e30', undefined],
      [next_cursor, 'shipped'],
    ] as const)
      expect(await refused(loopsOf(ann).list_loops({ cursor: cursor ?? '', status }))).toMatchObject({
        code: 'invalid_argument',
      })
  })
})

describe('get_loop_queue', () => {
  test('paged_in_order_with_the_version_and_without_hidden_loops', async () => {
    const ann = newMember()
    const made: string[] = []
    for (let n = 0; n < 5; n += 1) made.push(await makeLoop(ann, `L${n}`))
    await makeLoop(person(ann.workspace_id), 'Hidden', 'private')
    const first = await loopsOf(ann).get_loop_queue({ limit: 3 })
    expect(first).toMatchObject({ version: 6, total: 5 })
    const second = await loopsOf(ann).get_loop_queue({ limit: 3, cursor: first.next_cursor ?? '' })
    expect([...first.loops, ...second.loops].map(({ id }) => id)).toEqual(made)
    expect([...first.loops, ...second.loops].map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 4])
    expect(second.next_cursor).toBeNull()
  })

  test('empty_before_the_first_loop', async () =>
    expect(await loopsOf(newMember()).get_loop_queue({})).toEqual({
      version: 0,
      loops: [],
      total: 0,
      next_cursor: null,
    }))
})

describe('get_loop', () => {
  test('complete_with_its_tasks_in_order_of_work_and_its_comments', async () => {
    const ann = newMember()
    const ai_context = '🦉'.repeat(400)
    const { loop } = await loopsOf(ann).create_loop({ name: 'Whole', ai_context })
    const low = await makeTask(ann, 'Low', loop.id)
    const urgent = await makeTask(ann, 'Urgent', loop.id)
    await tasksOf(ann).update_task({ task_id: urgent, priority: 'urgent' })
    await tasksOf(ann).add_comment({ loop_id: loop.id, text: 'Well begun' })
    const whole = await loopsOf(ann).get_loop({ loop_id: loop.id })
    expect(whole.loop).toMatchObject({ ai_context, priority: 0, member_ids: null })
    expect(whole.tasks.map(({ id }) => id)).toEqual([urgent, low])
    expect(whole).toMatchObject({
      task_counts: { total: 2, open: 2 },
      tasks_total: 2,
      tasks_next_cursor: null,
      comments: [{ text: 'Well begun', author: { user_id: ann.user_id } }],
      comments_total: 1,
    })
    const { loops } = await loopsOf(ann).list_loops({})
    expect(loops[0]).toMatchObject({ ai_context: '🦉'.repeat(300), ai_context_truncated: true })
  })

  test('tasks_on_pages', async () => {
    const ann = newMember()
    const loop_id = await makeLoop(ann, 'Pages')
    const made: string[] = []
    for (let n = 0; n < 3; n += 1) made.push(await makeTask(ann, `T${n}`, loop_id))
    const first = await loopsOf(ann).get_loop({ loop_id, tasks_limit: 2 })
    const second = await loopsOf(ann).get_loop({
      loop_id,
      tasks_limit: 2,
      tasks_cursor: first.tasks_next_cursor ?? '',
    })
    expect([...first.tasks, ...second.tasks].map(({ id }) => id)).toEqual(made)
    expect(second).toMatchObject({ tasks_total: 3, tasks_next_cursor: null })
  })
})

describe('ship_loop', () => {
  test('shipped_with_what_is_unfinished_and_published_once', async () => {
    const ann = newMember()
    const loop_id = await makeLoop(ann, 'Ship me')
    const done = await makeTask(ann, 'Done', loop_id)
    const rest = await makeTask(ann, 'Rest', loop_id)
    await tasksOf(ann).update_task({ task_id: done, status: 'shipped' })
    const shipped = await loopsOf(ann).ship_loop({ loop_id })
    expect(shipped).toMatchObject({
      already_shipped: false,
      loop: { status: 'shipped', priority: null, shipped_by: { user_id: ann.user_id } },
      task_counts: { total: 2, open: 1, shipped: 1 },
      unfinished: [{ id: rest, status: 'open' }],
      unfinished_total: 1,
      queue_version: 2,
    })
    const again = await loopsOf(person(ann.workspace_id)).ship_loop({ loop_id, expected_version: 1 })
    expect(again).toMatchObject({
      already_shipped: true,
      shipped_at: shipped.shipped_at,
      loop: { version: 2, shipped_by: { user_id: ann.user_id } },
    })
    await loopsOf(ann).create_loop({ name: 'Later' })
    const events = await env.events('loops-queue', ann.workspace_id, (published) => published.length >= 6)
    const ships = events.filter(({ type }) => type === 'loop.shipped')
    expect(ships).toHaveLength(1)
    expect(ships[0]?.data).toMatchObject({
      loop_id,
      name: 'Ship me',
      shipped_at: shipped.shipped_at,
      member_ids: null,
      shipped_tasks: [{ task_id: done, title: 'Done', status: 'shipped' }],
      unfinished_tasks: [{ task_id: rest, title: 'Rest', status: 'open' }],
      unfinished_total: 1,
    })
  })

  test('shipped_from_hold_without_changing_the_order', async () => {
    const ann = newMember()
    const loop_id = await makeLoop(ann, 'Held')
    const { queue_version } = await loopsOf(ann).close_loop({ loop_id })
    expect(await loopsOf(ann).ship_loop({ loop_id })).toMatchObject({ already_shipped: false, queue_version })
    for (const command of ['close_loop', 'reopen_loop'] as const) {
      const refusal = await refused(loopsOf(ann)[command]({ loop_id }))
      expect(refusal).toMatchObject({ code: 'invalid_transition', extras: { hint: expect.any(String) } })
    }
    const order = await refused(loopsOf(ann).reorder_loops({ loop_ids: [loop_id] }))
    expect(order).toMatchObject({ code: 'invalid_argument' })
    expect(order.extras.details?.bad_ids).toEqual([{ loop_id, reason: 'shipped' }])
  })

  test('refused_when_stale', async () => {
    const ann = newMember()
    const loop_id = await makeLoop(ann, 'Stale')
    await loopsOf(ann).close_loop({ loop_id })
    expect(await refused(loopsOf(ann).ship_loop({ loop_id, expected_version: 1 }))).toMatchObject({
      code: 'version_conflict',
    })
    expect((await loopsOf(ann).get_loop({ loop_id })).loop.status).toBe('on_hold')
  })

  test('shipped_once_when_many_ship_at_the_same_moment', async () => {
    const ann = newMember()
    const loop_id = await makeLoop(ann, 'Race')
    const answers = await Promise.all(Array.from({ length: 10 }, () => loopsOf(ann).ship_loop({ loop_id })))
    expect(answers.filter(({ already_shipped }) => !already_shipped)).toHaveLength(1)
    expect(new Set(answers.map(({ shipped_at }) => shipped_at)).size).toBe(1)
  })
})

describe('create_loop_from_tasks', () => {
  test('created_last_with_the_tasks_moved_and_where_they_came_from', async () => {
    const ann = newMember()
    const from = await makeLoop(ann, 'From')
    const free = await makeTask(ann, 'Free')
    const taken = await makeTask(ann, 'Taken', from)
    const made = await loopsOf(ann).create_loop_from_tasks({
      loop_name: 'New',
      loop_description: 'Why',
      task_ids: [free, taken, free],
    })
    expect(made).toMatchObject({
      loop: { name: 'New', description: 'Why', status: 'active', priority: 1 },
      tasks: [
        { task_id: free, moved_from: null },
        { task_id: taken, moved_from: from },
      ],
      queue_version: 2,
      replayed: false,
    })
    const whole = await loopsOf(ann).get_loop({ loop_id: made.loop.id })
    expect(whole.tasks.map(({ id }) => id)).toEqual([free, taken])
    expect(whole.task_counts.total).toBe(2)
    expect((await loopsOf(ann).get_loop({ loop_id: from })).task_counts.total).toBe(0)
  })

  test('nothing_changed_when_any_task_is_missing_or_invisible', async () => {
    const ann = newMember()
    const bob = person(ann.workspace_id)
    const secret = await makeLoop(bob, 'Secret', 'private')
    const hidden = await makeTask(bob, 'Hidden', secret)
    const mine = await makeTask(ann, 'Mine')
    for (const bad of [ids.next(), hidden]) {
      const ask = { loop_name: 'No', task_ids: [mine, bad], idempotency_key: 'again' }
      const refusal = await refused(loopsOf(ann).create_loop_from_tasks(ask))
      expect(refusal).toMatchObject({ code: 'not_found' })
      expect(JSON.stringify(refusal.extras.details)).toContain(bad)
    }
    expect(await loopsOf(ann).get_loop_queue({})).toMatchObject({ total: 0 })
    const { task } = await tasksOf(ann).update_task({ task_id: mine, title: 'Still mine' })
    expect(task).toMatchObject({ loop_id: null, version: 2 })
  })

  test('created_once_when_repeated_with_its_key', async () => {
    const ann = newMember()
    const task = await makeTask(ann, 'T')
    const ask = { loop_name: 'Once', task_ids: [task], idempotency_key: 'k' }
    const made = await loopsOf(ann).create_loop_from_tasks(ask)
    const again = await loopsOf(ann).create_loop_from_tasks(ask)
    expect(again).toMatchObject({
      replayed: true,
      loop: { id: made.loop.id },
      tasks: made.tasks,
      queue_version: 1,
    })
    const other = await refused(loopsOf(ann).create_loop_from_tasks({ ...ask, loop_name: 'Twice' }))
    expect(other.code).toBe('idempotency_conflict')
  })

  test('private_to_its_creator_and_so_are_its_tasks', async () => {
    const ann = newMember()
    const bob = person(ann.workspace_id)
    const task = await makeTask(ann, 'T')
    const { loop } = await loopsOf(ann).create_loop_from_tasks({
      loop_name: 'Mine',
      task_ids: [task],
      visibility: 'private',
    })
    expect(loop.member_ids).toEqual([ann.user_id])
    expect(await refused(tasksOf(bob).get_task({ task_id: task }))).toMatchObject({ code: 'not_found' })
    expect(await listAll(bob, 10)).toEqual([])
  })

  test('each_task_is_in_exactly_one_loop_when_two_request_it_at_the_same_moment', async () => {
    const ann = newMember()
    const shared = [await makeTask(ann, 'T1'), await makeTask(ann, 'T2'), await makeTask(ann, 'T3')]
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, n) =>
        loopsOf(ann).create_loop_from_tasks({
          loop_name: `L${n}`,
          task_ids: n % 2 ? shared : shared.toReversed(),
        }),
      ),
    )
    const made = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value.loop.id] : [],
    )
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'version_conflict' })
    const { loops, total } = await loopsOf(ann).get_loop_queue({})
    expect(loops.map(({ id }) => id).sort()).toEqual(made.sort())
    expect(total).toBe(made.length)
    const { tasks: all } = await tasksOf(ann).list_tasks({ scope: 'all' })
    expect(loops.reduce((sum, loop) => sum + loop.task_counts.total, 0)).toBe(
      all.filter((task) => task.loop_id).length,
    )
    expect(new Set(all.map((task) => task.loop_id)).size).toBe(1)
  })
})

describe('get_queue_stats', () => {
  test('counts_only_what_the_caller_sees', async () => {
    const ann = newMember()
    const bob = person(ann.workspace_id)
    const owner = person(ann.workspace_id, { role: 'owner' })
    const [a, held, done] = [await makeLoop(ann, 'A'), await makeLoop(ann, 'H'), await makeLoop(ann, 'S')]
    const secret = await makeLoop(bob, 'P', 'private')
    await loopsOf(ann).close_loop({ loop_id: held })
    await loopsOf(ann).ship_loop({ loop_id: done })
    await makeTask(ann, 'Free')
    for (const loop_id of [a, secret, held])
      await tasksOf(bob).update_task({ task_id: await makeTask(bob, 'T', loop_id), status: 'approved' })
    expect(await loopsOf(ann).get_queue_stats({})).toMatchObject({
      loops: { total: 3, active: 1, on_hold: 1, shipped: 1 },
      loops_with_work_ready: 1,
      tasks: { total: 3, open: 1, approved: 2 },
      unassigned_tasks: { total: 1, open: 1 },
    })
    for (const who of [bob, owner])
      expect(await loopsOf(who).get_queue_stats({})).toMatchObject({
        loops: { total: 4, active: 2, on_hold: 1, shipped: 1 },
        loops_with_work_ready: 2,
        tasks: { total: 4, open: 1, approved: 3 },
      })
  })

  test('nothing_of_another_workspace', async () =>
    expect(await loopsOf(newMember()).get_queue_stats({})).toMatchObject({
      loops: { total: 0, active: 0, on_hold: 0, shipped: 0 },
      loops_with_work_ready: 0,
      tasks: { total: 0 },
      unassigned_tasks: { total: 0 },
      queue_version: 0,
    }))
})
