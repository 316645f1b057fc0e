// Labels over two instances of each service: kept, changed, found, and hidden with their tasks.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

test('set_as_a_whole_left_alone_when_absent_and_cleared_by_an_empty_list', async () => {
  const ann = env.owner()
  const tools = env.tasksOf(ann)
  const { task } = await tools.create_task({ title: 'T', labels: [' Docs', 'docs', 'API'] })
  expect(task.labels).toEqual(['docs', 'api'])
  const task_id = task.id
  expect((await tools.update_task({ task_id, title: 'U' })).task.labels).toEqual(['docs', 'api'])
  expect((await tools.update_task({ task_id, labels: ['DOCS', 'api'] })).changed).toBe(false)
  expect((await tools.update_task({ task_id, labels: ['New'] })).task.labels).toEqual(['new'])
  expect((await tools.update_task({ task_id, labels: [] })).task).not.toHaveProperty('labels')
  const events = await env.events('tasks', ann.workspace_id, (published) => published.length >= 4)
  expect(events.map(({ data }) => [data.labels, data.also_changed, data.changed])).toEqual([
    [['docs', 'api'], undefined, undefined],
    [['docs', 'api'], undefined, ['title']],
    [['new'], ['labels'], []],
    [undefined, ['labels'], []],
  ])
})

test('found_on_pages_and_counted_together_with_status_and_priority', async () => {
  const tools = env.tasksOf(env.owner())
  const made: string[] = []
  for (const priority of ['high', 'low', 'high'] as const)
    made.unshift((await tools.create_task({ title: 'T', priority, labels: ['docs'] })).task.id)
  await tools.create_task({ title: 'Other', labels: ['doc'] })
  const page = await tools.list_tasks({ label: ' Docs ', limit: 2 })
  expect(page).toMatchObject({ total: 3, tasks: [{ id: made[0] }, { id: made[1] }] })
  const rest = await tools.list_tasks({ label: 'docs', limit: 2, cursor: page.next_cursor ?? '' })
  expect(rest).toMatchObject({ total: 3, tasks: [{ id: made[2] }], next_cursor: null })
  expect((await tools.list_tasks({ label: 'docs', priority: 'high' })).total).toBe(2)
  expect((await tools.list_tasks({ label: 'docs', status: 'shipped' })).total).toBe(0)
  await tools.delete_task({ task_id: made[0] ?? '' })
  expect((await tools.list_tasks({ label: 'docs' })).total).toBe(2)
})

test('of_a_private_loop_are_found_and_counted_only_by_those_who_see_it', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const { loop } = await env.loopsOf(ann).create_loop({ name: 'Secret', visibility: 'private' })
  const { task } = await env.tasksOf(ann).create_task({ title: 'T', labels: ['docs'] })
  const asked = { label: 'docs', scope: 'all' } as const
  expect((await env.tasksOf(bob).list_tasks(asked)).total).toBe(1)
  await env.tasksOf(ann).update_task({ task_id: task.id, loop_id: loop.id })
  expect(await env.tasksOf(bob).list_tasks(asked)).toMatchObject({ total: 0, tasks: [] })
  expect(await env.tasksOf(ann).list_tasks(asked)).toMatchObject({ total: 1, tasks: [{ id: task.id }] })
})

test('refused_where_there_are_too_many_or_one_is_empty_or_too_long', async () => {
  const tools = env.tasksOf(env.owner())
  const codeOf = async (labels: string[]) => (await refused(tools.create_task({ title: 'T', labels }))).code
  expect(await codeOf(Array.from({ length: 21 }, (_, n) => `l${n}`))).toBe('limit_exceeded')
  expect(await codeOf([' '])).toBe('invalid_argument')
  expect(await codeOf(['x'.repeat(51)])).toBe('limit_exceeded')
})

test('found_by_an_index', async () => {
  const explained = await env.db
    .collection<TaskDoc>('tasks')
    .find({ ws: 'w', labelled: { $in: ['unassigned docs'] }, status: 'open', priority: 'none' })
    .sort({ _id: -1 })
    .hint('labelled')
    .explain('queryPlanner')
  expect(JSON.stringify(explained.queryPlanner.winningPlan)).not.toMatch(/"(SORT|COLLSCAN)"/)
})
