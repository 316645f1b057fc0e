// New tasks that wait for others from the start: create_task and create_tasks with blocked_by, over two instances.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AgentsEnvironment, agentOf, openAgentsEnvironment } from '../support/agents-environment.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, until } from '../support/tasks-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

test('a_new_task_waits_for_what_it_names_and_its_event_says_so', async () => {
  const ann = await env.newOwner()
  const { loop } = await env.loopsOf(ann).create_loop({ name: 'Loop' })
  const [tasks, loop_id] = [env.tasksOf(ann), loop.id]
  const first = (await tasks.create_task({ title: 'first', loop_id })).task.id
  const done = (await tasks.create_task({ title: 'done', loop_id })).task.id
  await tasks.update_task({ task_id: done, status: 'rejected' })
  const asked = { title: 'second', loop_id, blocked_by: [first, done, first], idempotency_key: 'k' }
  const { task } = await tasks.create_task(asked)
  expect(task.open_blockers).toBe(1)
  expect(await tasks.create_task(asked)).toEqual({ task, replayed: true })
  const shown = (await tasks.get_task({ task_id: task.id })).blocked_by
  expect(shown?.tasks.map(({ title, status }) => [title, status])).toEqual([
    ['first', 'open'],
    ['done', 'rejected'],
  ])
  const published = await env.events('tasks', ann.workspace_id, (all) =>
    all.some(({ type, subject }) => type.endsWith('task.created') && subject === task.id),
  )
  expect(published.at(-1)?.data).toMatchObject({ title: 'second', open_blockers: 1 })
  await tasks.bulk_update_tasks({ task_ids: [first, task.id], status: 'approved' })
  const agent = agentOf(ann)
  const { claims } = await env.loopsOf(agent).claim_next_work({ max_tasks: 5 })
  expect(claims.map(({ task: { title } }) => title)).toEqual(['first'])
  const { unblocked } = await env.loopsOf(agent).complete_task({ task_id: first })
  expect(unblocked).toEqual([{ id: task.id, title: 'second' }])
})

test('of_many_each_is_checked_by_itself', async () => {
  const ann = await env.newOwner()
  const bob = person(ann.workspace_id, { scopes: ['loops:read', 'loops:write'] })
  const { loop } = await env.loopsOf(ann).create_loop({ name: 'Secret', visibility: 'private' })
  const secret = (await env.tasksOf(ann).create_task({ title: 'secret', loop_id: loop.id })).task.id
  const open = (await env.tasksOf(ann).create_task({ title: 'open' })).task.id
  const nothing = ids.next()
  const { results, created } = await env.tasksOf(bob).create_tasks({
    tasks: [open, secret, nothing].map((id) => ({ title: 'Waits', blocked_by: [id] })),
  })
  expect(created).toBe(1)
  expect(results.map(({ ok, error }) => error?.code ?? ok)).toEqual([true, 'not_found', 'not_found'])
  const blanked = (n: number, id: string) => JSON.stringify(results[n]).replaceAll(id, 'ID')
  expect(blanked(1, secret)).toBe(blanked(2, nothing))
  const [hidden, never] = await Promise.all(
    [secret, nothing].map(async (id) =>
      bytesOf(await refused(env.tasksOf(bob).create_task({ title: 'Waits', blocked_by: [id] })), id),
    ),
  )
  expect(hidden).toBe(never)
  const { total } = await env.tasksOf(bob).list_tasks({ scope: 'all' })
  expect(total).toBe(2)
  expect((await env.tasksOf(bob).get_task({ task_id: results[0]?.task?.id ?? '' })).task.open_blockers).toBe(
    1,
  )
})

test('a_blocker_that_is_finished_at_the_same_moment_leaves_nothing_waiting', async () => {
  const ann = await env.newOwner()
  const tasks = env.tasksOf(ann)
  const titles = Array.from({ length: 12 }, (_, n) => `blocker ${n}`)
  const { results } = await tasks.create_tasks({ tasks: titles.map((title) => ({ title })) })
  const blockers = results.map(({ task }) => task?.id ?? '')
  await Promise.all(
    blockers.flatMap((id) => [
      tasks.update_task({ task_id: id, status: 'shipped' }),
      tasks.create_task({ title: 'Waits', blocked_by: [id] }),
    ]),
  )
  const waiting = async () =>
    (await tasks.list_tasks({ status: 'open' })).tasks.filter(({ open_blockers }) => open_blockers)
  await until(async () => (await waiting()).length === 0)
  expect((await tasks.list_tasks({ status: 'open' })).total).toBe(12)
})
