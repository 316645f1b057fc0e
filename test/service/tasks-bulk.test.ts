// One change to many tasks, over two instances of the service.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const file = async (caller: Caller, count: number, loop_id?: string): Promise<string[]> => {
  const made = await Promise.all(
    Array.from({ length: count }, (_, n) => env.tasksOf(caller).create_task({ title: `Task ${n}`, loop_id })),
  )
  return made.map(({ task }) => task.id)
}
const loop = async (caller: Caller, visibility: 'public' | 'private' = 'public'): Promise<string> =>
  (await env.loopsOf(caller).create_loop({ name: 'Loop', visibility })).loop.id

describe('bulk_update_tasks', () => {
  test('each_task_is_changed_on_its_own_in_the_given_order_and_repeated_ids_once', async () => {
    const ann = env.owner()
    const [a, b, c] = (await file(ann, 3)) as [string, string, string]
    await env.tasksOf(ann).update_task({ task_id: b, status: 'rejected' })
    await env.tasksOf(ann).update_task({ task_id: c, status: 'in_progress' })
    const missing = ids.next()
    const { results, ...counts } = await env
      .tasksOf(ann)
      .bulk_update_tasks({ task_ids: [c, missing, a, c.toLowerCase(), b], status: 'in_progress' })
    expect(results).toMatchObject([
      { task_id: c, ok: true, changed: false, version: 2 },
      { task_id: missing, ok: false, error: { code: 'not_found' } },
      { task_id: a, ok: true, changed: true, version: 2 },
      {
        task_id: b,
        ok: false,
        error: { code: 'invalid_transition', hint: expect.stringContaining('open, approved') },
      },
    ])
    expect(counts).toEqual({ updated: 1, unchanged: 1, failed: 2 })
    expect((await env.tasksOf(ann).list_tasks({ status: 'in_progress' })).total).toBe(2)
  })

  test('each_task_is_changed_only_at_the_version_given_for_it', async () => {
    const ann = env.owner()
    const [a, b, c] = (await file(ann, 3)) as [string, string, string]
    await env.tasksOf(ann).update_task({ task_id: b, title: 'Newer' })
    const asked = {
      task_ids: [a, b, c, a],
      priority: 'high',
      expected_versions: [1, 1, 1, 9],
      idempotency_key: 'k',
    } as const
    const bulk = () =>
      env.tasksOf(ann).bulk_update_tasks({
        ...asked,
        task_ids: [...asked.task_ids],
        expected_versions: [...asked.expected_versions],
      })
    const { results } = await bulk()
    expect(results).toMatchObject([
      { task_id: a, ok: true, version: 2 },
      { task_id: b, ok: false, error: { code: 'version_conflict' } },
      { task_id: c, ok: true, version: 2 },
    ])
    expect((await env.tasksOf(ann).get_task({ task_id: b })).task.priority).toBe('none')
    // A repeat finds done what was done, though the versions have grown.
    expect((await bulk()).results).toEqual(results)
  })

  test('as_many_versions_as_tasks_or_nothing_is_changed', async () => {
    const ann = env.owner()
    const task_ids = await file(ann, 2)
    for (const expected_versions of [[1], [1, 1, 1]]) {
      const asked = { task_ids, status: 'approved' as const, expected_versions }
      const { code, extras } = await refused(env.tasksOf(ann).bulk_update_tasks(asked))
      expect([code, extras.details?.field]).toEqual(['invalid_argument', 'expected_versions'])
    }
    expect((await env.tasksOf(ann).list_tasks({ status: 'open' })).total).toBe(2)
  })

  test('forbidden_for_each_task_that_the_caller_may_not_approve', async () => {
    const ann = env.owner()
    const agent = person(ann.workspace_id, { scopes: ['loops:write'] })
    const [a, b] = (await file(ann, 2)) as [string, string]
    await env.tasksOf(ann).update_task({ task_id: a, status: 'approved' })
    const { results } = await env
      .tasksOf(agent)
      .bulk_update_tasks({ task_ids: [a, b], status: 'in_progress' })
    expect(results).toMatchObject([{ ok: true }, { ok: false, error: { code: 'forbidden' } }])
  })

  test('a_hundred_at_once_with_matching_counts', async () => {
    const ann = env.owner()
    const to = await loop(ann)
    const task_ids = await file(ann, 100)
    const answer = await env
      .tasksOf(ann)
      .bulk_update_tasks({ task_ids, loop_id: to, priority: 'high', status: 'approved' })
    expect(answer).toMatchObject({ updated: 100, failed: 0 })
    expect(
      (await env.tasksOf(ann).list_tasks({ loop_id: to, status: 'approved', priority: 'high' })).total,
    ).toBe(100)
    expect((await env.tasksOf(ann).list_tasks({})).total).toBe(0)
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 200)
    expect(published.filter(({ type }) => type === 'task.updated')).toHaveLength(100)
  })

  test('refused_for_more_than_a_hundred', async () => {
    const task_ids = Array.from({ length: 101 }, () => ids.next())
    const refusal = await refused(env.tasksOf(env.owner()).bulk_update_tasks({ task_ids, status: 'open' }))
    expect(refusal.code).toBe('limit_exceeded')
  })

  test('an_absent_loop_id_keeps_the_loop_and_null_takes_the_task_out', async () => {
    const ann = env.owner()
    const from = await loop(ann)
    const task_ids = await file(ann, 2, from)
    await env.tasksOf(ann).bulk_update_tasks({ task_ids, priority: 'low' })
    expect((await env.tasksOf(ann).list_tasks({ loop_id: from })).total).toBe(2)
    await env.tasksOf(ann).bulk_update_tasks({ task_ids, loop_id: null })
    expect((await env.tasksOf(ann).list_tasks({ loop_id: from })).total).toBe(0)
    expect((await env.tasksOf(ann).list_tasks({ priority: 'low' })).total).toBe(2)
  })

  test('refused_when_there_is_nothing_to_change', async () => {
    const ann = env.owner()
    const refusal = await refused(env.tasksOf(ann).bulk_update_tasks({ task_ids: await file(ann, 1) }))
    expect(refusal.code).toBe('invalid_argument')
  })

  test('refused_as_a_whole_for_a_loop_that_takes_no_tasks', async () => {
    const ann = env.owner()
    const bob = person(ann.workspace_id)
    const [shipped, secret] = [await loop(ann), await loop(ann, 'private')]
    await env.loopsOf(ann).ship_loop({ loop_id: shipped })
    const task_ids = await file(ann, 2)
    for (const [loop_id, code] of [
      [shipped, 'invalid_transition'],
      [secret, 'not_found'],
      [ids.next(), 'not_found'],
    ] as const)
      expect(
        (await refused(env.tasksOf(bob).bulk_update_tasks({ task_ids, loop_id, priority: 'high' }))).code,
      ).toBe(code)
    expect((await env.tasksOf(ann).list_tasks({ priority: 'none' })).total).toBe(2)
  })

  test('a_task_in_a_loop_hidden_from_the_caller_is_answered_like_one_that_never_existed', async () => {
    const ann = env.owner()
    const bob = person(ann.workspace_id)
    const [hidden] = (await file(ann, 1, await loop(ann, 'private'))) as [string]
    const [seen] = (await file(bob, 1, await loop(bob, 'private'))) as [string]
    const never = ids.next()
    const { results } = await env
      .tasksOf(bob)
      .bulk_update_tasks({ task_ids: [hidden, never, seen], priority: 'high' })
    const [first, second, third] = results
    expect(JSON.stringify(first).replaceAll(hidden, 'ID')).toBe(
      JSON.stringify(second).replaceAll(never, 'ID'),
    )
    expect(first).toMatchObject({ ok: false, error: { code: 'not_found' } })
    expect(third).toMatchObject({ ok: true, changed: true })
    const byOwner = await env.tasksOf(ann).bulk_update_tasks({ task_ids: [hidden, seen], priority: 'low' })
    expect(byOwner.updated).toBe(2)
  })
})
