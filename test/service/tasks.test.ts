// Tasks in no loop, over two instances of the service: filing, listing, changing, deleting, and their events.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

/** A member of the same workspace who may not approve. */
const agentOf = (caller: Caller): Caller =>
  person(caller.workspace_id, { scopes: ['loops:read', 'loops:write'], client_name: 'Agent' })
const file = async (caller: Caller, title = 'Task') => (await env.tasksOf(caller).create_task({ title })).task
const eventsOf = (caller: Caller, count: number) =>
  env.events('tasks', caller.workspace_id, (published) => published.length >= count)

describe('create_task', () => {
  test('created_open_and_published', async () => {
    const ann = env.owner()
    const { task, replayed } = await env.tasksOf(ann).create_task({
      title: 'Say “hello” 🦉',
      body: '```ts\nconst a = 1\n```\nשלום',
      priority: 'high',
      due_date: '2026-02-28',
    })
    expect(replayed).toBe(false)
    expect(task).toMatchObject({
      title: 'Say “hello” 🦉',
      status: 'open',
      priority: 'high',
      due_date: '2026-02-28',
      loop_id: null,
      approved_by: null,
      version: 1,
      author: { user_id: ann.user_id, name: 'Ann', client: 'Test client' },
    })
    expect(await env.tasksOf(ann).get_task({ task_id: task.id.toLowerCase() })).toEqual({
      task: { ...task, body: '```ts\nconst a = 1\n```\nשלום' },
      loop: null,
      comments: [],
      comments_total: 0,
      comments_next_cursor: null,
    })
    const [published] = await eventsOf(ann, 1)
    expect(published).toMatchObject({ type: 'task.created', subject: task.id, sequence: 1 })
    expect(published?.data).toMatchObject({ task_id: task.id, title: task.title, private: false, version: 1 })
  })

  test('refused_for_an_invalid_date', async () => {
    const refusal = await refused(
      env.tasksOf(env.owner()).create_task({ title: 'T', due_date: '2026-02-30' }),
    )
    expect(refusal.code).toBe('invalid_argument')
  })

  test('refused_over_a_limit_naming_limit_and_size', async () => {
    const ann = env.owner()
    const refusal = await refused(
      env.tasksOf(ann).create_task({ title: 'T', body: 'ä'.repeat(32 * 1024 + 1) }),
    )
    expect(refusal.code).toBe('limit_exceeded')
    expect(refusal.extras.details).toMatchObject({ fields: [{ field: 'body', limit: 65_536, size: 65_538 }] })
    expect((await env.tasksOf(ann).list_tasks({})).total).toBe(0)
  })
})

describe('list_tasks', () => {
  test('newest_first_in_pages_that_hold_each_task_once', async () => {
    const ann = env.owner()
    const filed: string[] = []
    for (let n = 0; n < 7; n += 1) filed.unshift((await file(ann, `Task ${n}`)).id)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await env.tasksOf(ann).list_tasks({ limit: 3, cursor })
      expect(page.total).toBe(7)
      expect(page.tasks.every((task) => !('body' in task))).toBe(true)
      seen.push(...page.tasks.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(filed)
  })

  test('narrowed_to_a_status_a_priority_or_both', async () => {
    const ann = env.owner()
    const api = env.tasksOf(ann)
    for (const priority of ['high', 'low', 'high'] as const) await api.create_task({ title: 'T', priority })
    const [first] = (await api.list_tasks({ priority: 'high' })).tasks
    await api.update_task({ task_id: first?.id ?? '', status: 'approved' })
    const count = async (filter: Parameters<typeof api.list_tasks>[0]) => {
      const { tasks, total } = await api.list_tasks(filter)
      expect(tasks).toHaveLength(total)
      return total
    }
    expect(await count({})).toBe(3)
    expect(await count({ priority: 'high' })).toBe(2)
    expect(await count({ status: 'open' })).toBe(2)
    expect(await count({ status: 'open', priority: 'high' })).toBe(1)
    expect(await count({ status: 'approved', priority: 'low' })).toBe(0)
    expect(await count({ status: 'shipped' })).toBe(0)
  })

  test('refused_for_a_cursor_that_it_did_not_return', async () => {
    const refusal = await refused(env.tasksOf(env.owner()).list_tasks({ cursor: '{"$gt":""}' }))
    expect(refusal.code).toBe('invalid_argument')
  })

  test('holds_nothing_of_another_workspace', async () => {
    const [ann, eve] = [env.owner(), env.owner()]
    await file(ann)
    expect(await env.tasksOf(eve).list_tasks({ scope: 'all' })).toEqual({
      tasks: [],
      total: 0,
      next_cursor: null,
    })
  })
})

describe('get_task', () => {
  test('an_id_of_another_workspace_is_answered_like_one_that_never_existed', async () => {
    const [ann, eve] = [env.owner(), env.owner()]
    const { id } = await file(ann)
    const never = ids.next()
    const calls = (task_id: string) => [
      env.tasksOf(eve).get_task({ task_id }),
      env.tasksOf(eve).update_task({ task_id, title: 'Mine' }),
      env.tasksOf(eve).delete_task({ task_id }),
      env.tasksOf(eve).add_comment({ task_id, text: 'Mine' }),
    ]
    const foreign = await Promise.all(calls(id).map(refused))
    const unknown = await Promise.all(calls(never).map(refused))
    expect(foreign.map((refusal) => bytesOf(refusal, id))).toEqual(
      unknown.map((refusal) => bytesOf(refusal, never)),
    )
    expect(foreign.every(({ code }) => code === 'not_found')).toBe(true)
    expect((await env.tasksOf(ann).get_task({ task_id: id })).task.version).toBe(1)
  })
})

describe('update_task', () => {
  test('changes_what_is_given_and_publishes_what_changed', async () => {
    const ann = env.owner()
    const { id } = await file(ann, 'Old')
    const { task, changed } = await env
      .tasksOf(ann)
      .update_task({ task_id: id, title: 'New', priority: 'urgent', due_date: '2026-12-31' })
    expect(changed).toBe(true)
    expect(task).toMatchObject({
      title: 'New',
      priority: 'urgent',
      due_date: '2026-12-31',
      status: 'open',
      version: 2,
    })
    const [, published] = await eventsOf(ann, 2)
    expect(published).toMatchObject({ type: 'task.updated', sequence: 2 })
    expect(published?.data).toMatchObject({
      changed: ['title', 'priority', 'due_date'],
      status_before: 'open',
    })
    const cleared = await env.tasksOf(ann).update_task({ task_id: id, due_date: null })
    expect(cleared.task).toMatchObject({ due_date: null, title: 'New', version: 3 })
  })

  test('unchanged_and_unpublished_when_nothing_differs', async () => {
    const ann = env.owner()
    const { id } = await file(ann, 'Same')
    const again = await env
      .tasksOf(ann)
      .update_task({ task_id: id, title: 'Same', status: 'open', loop_id: null })
    expect(again).toMatchObject({ changed: false, task: { version: 1 } })
    await env.tasksOf(ann).update_task({ task_id: id, title: 'Other' })
    expect((await eventsOf(ann, 2)).map(({ type, sequence }) => `${type} ${sequence}`)).toEqual([
      'task.created 1',
      'task.updated 2',
    ])
  })

  test('refused_when_there_is_nothing_to_change', async () => {
    const ann = env.owner()
    const { id } = await file(ann)
    const refusal = await refused(env.tasksOf(ann).update_task({ task_id: id, expected_version: 1 }))
    expect(refusal.code).toBe('invalid_argument')
    expect(refusal.extras.hint).toContain('title, body, status, priority, due_date, loop_id')
  })

  test('refused_for_an_illegal_status_naming_the_legal_ones', async () => {
    const ann = env.owner()
    const { id } = await file(ann)
    await env.tasksOf(ann).update_task({ task_id: id, status: 'rejected' })
    const refusal = await refused(
      env.tasksOf(ann).update_task({ task_id: id, status: 'shipped', title: 'New' }),
    )
    expect(refusal.code).toBe('invalid_transition')
    expect(refusal.extras.details).toMatchObject({
      from: 'rejected',
      to: 'shipped',
      legal: ['open', 'approved'],
    })
    expect((await env.tasksOf(ann).get_task({ task_id: id })).task).toMatchObject({
      version: 2,
      title: 'Task',
    })
  })

  test('approved_by_those_who_may_and_then_worked_on_by_anyone', async () => {
    const ann = env.owner()
    const agent = agentOf(ann)
    const { id } = await file(agent)
    for (const status of ['approved', 'in_progress', 'shipped'] as const) {
      const refusal = await refused(env.tasksOf(agent).update_task({ task_id: id, status }))
      expect(refusal).toMatchObject({ code: 'forbidden', extras: { details: { scope: 'loops:approve' } } })
    }
    const { task } = await env.tasksOf(ann).update_task({ task_id: id, status: 'approved' })
    expect(task.approved_by).toMatchObject({ user_id: ann.user_id })
    for (const status of ['in_progress', 'on_hold', 'in_progress', 'on_hold', 'approved'] as const)
      expect((await env.tasksOf(agent).update_task({ task_id: id, status })).task).toMatchObject({
        status,
        approved_by: { user_id: ann.user_id },
      })
    const withdrawn = await env.tasksOf(agent).update_task({ task_id: id, status: 'open' })
    expect(withdrawn.task.approved_by).toBeNull()
    expect((await refused(env.tasksOf(agent).update_task({ task_id: id, status: 'approved' }))).code).toBe(
      'forbidden',
    )
  })

  test('refused_when_stale_naming_the_current_version', async () => {
    const ann = env.owner()
    const { id } = await file(ann)
    await env.tasksOf(ann).update_task({ task_id: id, title: 'Second', expected_version: 1 })
    const refusal = await refused(
      env.tasksOf(ann).update_task({ task_id: id, title: 'Third', expected_version: 1 }),
    )
    expect(refusal.code).toBe('version_conflict')
    expect(refusal.extras.details).toMatchObject({ expected: 1, current: 2 })
    expect((await refused(env.tasksOf(ann).delete_task({ task_id: id, expected_version: 1 }))).code).toBe(
      'version_conflict',
    )
  })

  test('one_of_many_with_the_same_expected_version_wins', async () => {
    const ann = env.owner()
    const { id } = await file(ann)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        env.tasksOf(ann).update_task({ task_id: id, title: `Title ${n}`, expected_version: 1 }),
      ),
    )
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.code] : [],
    )
    expect(refusals).toEqual(Array(19).fill('version_conflict'))
    expect((await env.tasksOf(ann).get_task({ task_id: id })).task.version).toBe(2)
  })

  test('no_update_is_lost_when_many_change_it_at_once', async () => {
    const ann = env.owner()
    const { id } = await file(ann)
    const changes = [
      { title: 'New title' },
      { body: 'New body' },
      { priority: 'urgent' },
      { due_date: '2026-07-08' },
      { status: 'approved' },
    ] as const
    const answers = await Promise.all(
      changes.map((change) => env.tasksOf(ann).update_task({ task_id: id, ...change })),
    )
    expect(answers.map(({ task }) => task.version).sort()).toEqual([2, 3, 4, 5, 6])
    const { task } = await env.tasksOf(ann).get_task({ task_id: id })
    expect(task).toMatchObject({ ...Object.assign({}, ...changes), version: 6 })
    const published = (await eventsOf(ann, 6)).map(({ sequence }) => sequence)
    expect([...published].sort()).toEqual([1, 2, 3, 4, 5, 6])
  })
})

describe('delete_task', () => {
  test('gone_for_every_reader_at_once', async () => {
    const ann = env.owner()
    const { id } = await file(ann, 'Secret')
    await env.tasksOf(ann).add_comment({ task_id: id, text: 'Secret too' })
    expect(await env.tasksOf(ann).delete_task({ task_id: id })).toEqual({ task_id: id, deleted: true })
    const api = env.tasksOf(ann)
    const late = [
      api.get_task({ task_id: id }),
      api.update_task({ task_id: id, title: 'Back' }),
      api.delete_task({ task_id: id }),
      api.add_comment({ task_id: id, text: 'Late' }),
    ]
    for (const refusal of await Promise.all(late.map(refused))) expect(refusal.code).toBe('not_found')
    expect(await api.list_tasks({ scope: 'all' })).toMatchObject({ tasks: [], total: 0 })
    const published = await eventsOf(ann, 3)
    expect(published.at(-1)).toMatchObject({ type: 'task.deleted', sequence: 2 })
    const [left] = await env.db.collection<{ _id: string }>('tasks').find({ _id: id }).toArray()
    expect(left).toMatchObject({ title: '', body: '' })
  })

  test('answered_once_when_many_delete_it', async () => {
    const ann = env.owner()
    const { id } = await file(ann)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => env.tasksOf(ann).delete_task({ task_id: id })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
