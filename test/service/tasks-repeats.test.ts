// Requests that come twice, late or all at once. Each takes effect once, over two instances of the service.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ids, person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const key = (): string => `key ${ids.next()}`

describe('create_task with a key', () => {
  test('created_once_however_many_ask_at_once', async () => {
    const ann = env.owner()
    const request = { title: 'Once', idempotency_key: key() }
    const answers = await Promise.all(Array.from({ length: 50 }, () => env.tasksOf(ann).create_task(request)))
    expect(new Set(answers.map(({ task }) => task.id)).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await env.tasksOf(ann).list_tasks({})).toMatchObject({ total: 1, tasks: [{ title: 'Once' }] })
  })

  test('answered_like_the_first_time_whatever_became_of_the_task', async () => {
    const ann = env.owner()
    const request = { title: 'First', idempotency_key: key() }
    const { task } = await env.tasksOf(ann).create_task(request)
    await env.tasksOf(ann).update_task({ task_id: task.id, title: 'Later' })
    expect(await env.tasksOf(ann).create_task(request)).toEqual({ task, replayed: true })
  })

  test('refused_with_other_arguments_and_new_to_another_person_or_client', async () => {
    const ann = env.owner()
    const idempotency_key = key()
    const { task } = await env.tasksOf(ann).create_task({ title: 'One', idempotency_key })
    const refusal = await refused(env.tasksOf(ann).create_task({ title: 'Two', idempotency_key }))
    expect(refusal.code).toBe('idempotency_conflict')
    for (const other of [person(ann.workspace_id), { ...ann, client_id: 'another' }]) {
      const made = await env.tasksOf(other).create_task({ title: 'Two', idempotency_key })
      expect(made.replayed).toBe(false)
      expect(made.task.id).not.toBe(task.id)
    }
  })

  test('not_created_again_once_it_was_deleted', async () => {
    const ann = env.owner()
    const request = { title: 'Gone', idempotency_key: key() }
    const { task } = await env.tasksOf(ann).create_task(request)
    await env.tasksOf(ann).delete_task({ task_id: task.id })
    expect((await refused(env.tasksOf(ann).create_task(request))).code).toBe('not_found')
    expect((await env.tasksOf(ann).list_tasks({})).total).toBe(0)
  })
})

describe('update_task with a key', () => {
  test('changed_once_and_answered_like_the_first_time', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'Old' })
    const request = { task_id: task.id, title: 'New', idempotency_key: key() }
    const answers = await Promise.all(Array.from({ length: 10 }, () => env.tasksOf(ann).update_task(request)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ changed: true, task: { version: 2 } })
    await env.tasksOf(ann).update_task({ task_id: task.id, title: 'Newest' })
    expect(await env.tasksOf(ann).update_task(request)).toEqual(answers[0])
    expect((await env.tasksOf(ann).get_task({ task_id: task.id })).task.title).toBe('Newest')
  })

  test('answered_like_the_first_time_after_60_other_requests_with_keys', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'Old' })
    const request = { task_id: task.id, title: 'First', idempotency_key: key() }
    const first = await env.tasksOf(ann).update_task(request)
    for (let n = 0; n < 60; n += 1)
      await env.tasksOf(ann).update_task({ task_id: task.id, title: `Title ${n}`, idempotency_key: key() })
    expect(await env.tasksOf(ann).update_task(request)).toEqual(first)
    expect((await env.tasksOf(ann).get_task({ task_id: task.id })).task.title).toBe('Title 59')
  })

  test('refused_on_another_version_than_expected_even_where_nothing_would_change', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'Now' })
    const stale = { task_id: task.id, expected_version: 7 }
    for (const title of ['Now', 'Later']) {
      const refusal = await refused(env.tasksOf(ann).update_task({ ...stale, title }))
      expect(refusal.code).toBe('version_conflict')
    }
  })

  test('a_repeat_of_what_changed_nothing_changes_nothing_later', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'Old' })
    const request = { task_id: task.id, title: 'Old', idempotency_key: key() }
    expect(await env.tasksOf(ann).update_task(request)).toMatchObject({
      changed: false,
      task: { version: 1 },
    })
    await env.tasksOf(ann).update_task({ task_id: task.id, title: 'New' })
    expect(await env.tasksOf(ann).update_task(request)).toMatchObject({ changed: false })
    expect((await env.tasksOf(ann).get_task({ task_id: task.id })).task).toMatchObject({
      title: 'New',
      version: 2,
    })
  })

  test('refused_with_other_arguments', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'Old' })
    const request = { task_id: task.id, title: 'New', idempotency_key: key() }
    await env.tasksOf(ann).update_task(request)
    const refusal = await refused(env.tasksOf(ann).update_task({ ...request, title: 'Other' }))
    expect(refusal.code).toBe('idempotency_conflict')
  })
})

describe('add_comment with a key', () => {
  test('written_once_however_many_ask_at_once', async () => {
    const ann = env.owner()
    const { task } = await env.tasksOf(ann).create_task({ title: 'T' })
    const request = { task_id: task.id, text: 'Done', idempotency_key: key() }
    const answers = await Promise.all(Array.from({ length: 20 }, () => env.tasksOf(ann).add_comment(request)))
    expect(new Set(answers.map(({ comment }) => comment.id)).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect((await env.tasksOf(ann).get_task({ task_id: task.id })).comments_total).toBe(1)
    const refusal = await refused(env.tasksOf(ann).add_comment({ ...request, text: 'Other' }))
    expect(refusal.code).toBe('idempotency_conflict')
  })
})

describe('bulk_update_tasks with a key', () => {
  const fileTwo = async (ann: Parameters<TasksEnvironment['tasksOf']>[0]) => {
    const made = [
      await env.tasksOf(ann).create_task({ title: 'A' }),
      await env.tasksOf(ann).create_task({ title: 'B' }),
    ]
    return made.map(({ task }) => task.id)
  }

  test('done_once_and_answered_like_the_first_time', async () => {
    const ann = env.owner()
    const task_ids = [...(await fileTwo(ann)), ids.next()]
    const request = { task_ids, status: 'approved' as const, idempotency_key: key() }
    const [first] = await Promise.all([
      env.tasksOf(ann).bulk_update_tasks(request),
      env.tasksOf(ann).bulk_update_tasks(request),
    ])
    expect(first).toMatchObject({ updated: 2, unchanged: 0, failed: 1 })
    await env.tasksOf(ann).bulk_update_tasks({ task_ids: task_ids.slice(0, 2), status: 'open' })
    expect(await env.tasksOf(ann).bulk_update_tasks(request)).toEqual(first)
    expect((await env.tasksOf(ann).list_tasks({ status: 'approved' })).total).toBe(0)
  })

  test('refused_for_other_tasks', async () => {
    const ann = env.owner()
    const [a, b] = (await fileTwo(ann)) as [string, string]
    const request = { priority: 'high' as const, idempotency_key: key() }
    await env.tasksOf(ann).bulk_update_tasks({ ...request, task_ids: [a] })
    const refusal = await refused(env.tasksOf(ann).bulk_update_tasks({ ...request, task_ids: [b] }))
    expect(refusal.code).toBe('idempotency_conflict')
    expect((await env.tasksOf(ann).get_task({ task_id: b })).task.priority).toBe('none')
  })

  test('resumed_where_it_was_interrupted', async () => {
    const ann = env.owner()
    const task_ids = await fileTwo(ann)
    const request = { task_ids, priority: 'high' as const, idempotency_key: key() }
    const first = await env.tasksOf(ann).bulk_update_tasks(request)
    // As after a crash before the answer was recorded; one of the tasks has changed since.
    await env.db.collection('requests').updateMany({ ws: ann.workspace_id }, { $set: { result: null } })
    await env.tasksOf(ann).update_task({ task_id: task_ids[0] ?? '', priority: 'low' })
    expect(await env.tasksOf(ann).bulk_update_tasks(request)).toEqual(first)
    expect((await env.tasksOf(ann).get_task({ task_id: task_ids[0] ?? '' })).task.priority).toBe('low')
  })
})
