// create_tasks over two instances of the service: in order, each by itself, and once for one key.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ids, person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const key = (): string => `key ${ids.next()}`
const titled = (count: number) => Array.from({ length: count }, (_, n) => ({ title: `Task ${n}` }))

test('created_in_the_order_asked_each_with_what_it_was_given', async () => {
  const ann = env.owner()
  const tools = env.tasksOf(ann)
  const { loop } = await env.loopsOf(ann).create_loop({ name: 'For all' })
  const { loop: own } = await env.loopsOf(ann).create_loop({ name: 'Of one' })
  const { results, ...counts } = await tools.create_tasks({
    loop_id: loop.id,
    tasks: [
      { title: 'A', body: 'How', priority: 'high', due_date: '2026-12-24', labels: ['Docs'] },
      { title: 'B', loop_id: own.id },
      { title: 'C' },
    ],
  })
  expect(counts).toEqual({ created: 3, failed: 0, replayed: false })
  expect(results.map(({ ok, task }) => [ok, task?.title, task?.loop_id, task?.version])).toEqual([
    [true, 'A', loop.id, 1],
    [true, 'B', own.id, 1],
    [true, 'C', loop.id, 1],
  ])
  const { task } = await tools.get_task({ task_id: results[0]?.task?.id ?? '' })
  expect(task).toMatchObject({
    body: 'How',
    status: 'open',
    priority: 'high',
    due_date: '2026-12-24',
    labels: ['docs'],
  })
})

test('refused_one_by_one_where_a_loop_is_unknown_hidden_or_shipped', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const { loop: secret } = await env.loopsOf(ann).create_loop({ name: 'Secret', visibility: 'private' })
  const { loop: shipped } = await env.loopsOf(ann).create_loop({ name: 'Shipped' })
  await env.loopsOf(ann).ship_loop({ loop_id: shipped.id })
  const unknown = ids.next()
  const loop_ids = [secret.id, undefined, unknown, shipped.id, undefined]
  const tasks = loop_ids.map((loop_id, n) => ({ title: `Task ${n}`, loop_id }))
  const { results, ...counts } = await env.tasksOf(bob).create_tasks({ tasks })
  expect(counts).toEqual({ created: 2, failed: 3, replayed: false })
  expect(results.map(({ task, error }) => task?.title ?? error?.code)).toEqual([
    'not_found',
    'Task 1',
    'not_found',
    'invalid_transition',
    'Task 4',
  ])
  // A hidden loop is answered like one that never was.
  const said = (n: number, id: string) => JSON.stringify(results[n]).replaceAll(id, '<id>')
  expect(said(0, secret.id)).toBe(said(2, unknown))
  expect((await env.tasksOf(ann).list_tasks({ scope: 'all' })).total).toBe(2)
})

test('refused_as_a_whole_where_the_loop_for_all_is_none_or_an_item_does_not_fit', async () => {
  const ann = env.owner()
  const tools = env.tasksOf(ann)
  const bad = [...titled(3), { title: '' }]
  for (const [input, code, field] of [
    [{ tasks: titled(2), loop_id: ids.next() }, 'not_found', undefined],
    [{ tasks: [] }, 'invalid_argument', 'tasks'],
    [{ tasks: titled(51) }, 'limit_exceeded', 'tasks'],
    [{ tasks: bad }, 'invalid_argument', 'tasks.3.title'],
  ] as const) {
    const refusal = await refused(tools.create_tasks({ ...input, tasks: [...input.tasks] }))
    expect(refusal.code).toBe(code)
    if (field) expect(refusal.extras.details).toMatchObject({ fields: [{ field }] })
  }
  expect((await tools.list_tasks({ scope: 'all' })).total).toBe(0)
})

test('created_once_for_a_key_however_many_ask_at_once', async () => {
  const tools = env.tasksOf(env.owner())
  const request = { tasks: titled(50), idempotency_key: key() }
  const answers = await Promise.all(Array.from({ length: 5 }, () => tools.create_tasks(request)))
  const idsOf = ({ results }: (typeof answers)[number]) => results.map(({ task }) => task?.id)
  for (const answer of answers) expect(idsOf(answer)).toEqual(idsOf(answers[0]!))
  expect(new Set(idsOf(answers[0]!)).size).toBe(50)
  expect((await tools.list_tasks({})).total).toBe(50)
  expect((await tools.create_tasks(request)).replayed).toBe(true)
  const other = { ...request, tasks: titled(49) }
  expect((await refused(tools.create_tasks(other))).code).toBe('idempotency_conflict')
  expect((await tools.list_tasks({})).total).toBe(50)
})

test('created_again_without_a_key', async () => {
  const tools = env.tasksOf(env.owner())
  await tools.create_tasks({ tasks: titled(3) })
  await tools.create_tasks({ tasks: titled(3) })
  expect((await tools.list_tasks({})).total).toBe(6)
})
