// Activity by person, app, agent and day as the pages ask for it, and who finished how much; over two instances.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { Activity } from '../../shared/events/activity-rules.ts'
import { idFloor } from '../../shared/process/ids.ts'
import { agentOf } from '../support/agents-environment.ts'
import { person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment, until } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const tasksOf = (caller: Caller) => env.tasksOf(caller)
type Asked = Omit<
  Parameters<ReturnType<typeof tasksOf>['list_activity']>[0],
  'workspace_id' | 'visible_private_loop_ids'
>
const visibleTo = async (caller: Caller) => ({
  visible_private_loop_ids: (await env.loopsOf(caller).list_private_loops({})).loop_ids,
})
const listFor = async (caller: Caller, asked: Asked) =>
  await tasksOf(caller).list_activity({
    ...asked,
    workspace_id: caller.workspace_id,
    ...(await visibleTo(caller)),
  })
const titlesFor = async (caller: Caller, asked: Asked): Promise<(string | undefined)[]> =>
  (await listFor(caller, asked)).entries.map(({ title }) => title)
/** Waits until what a service published is kept as activity. */
const kept = (service: string, ws: string, count: number): Promise<void> =>
  until(async () => (await env.database(service).collection('activity').countDocuments({ ws })) >= count)
const approved = async (caller: Caller, title: string, loop_id?: string): Promise<string> => {
  const { task } = await tasksOf(caller).create_task({ title, ...(loop_id ? { loop_id } : {}) })
  await tasksOf(caller).update_task({ task_id: task.id, status: 'approved' })
  return task.id
}

test('activity_of_tasks_is_listed_by_person_app_and_agent', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id, { user_name: 'Bob' })
  const { loop } = await env.loopsOf(bob).create_loop({ name: 'Private', visibility: 'private' })
  await tasksOf(ann).create_task({ title: 'By Ann' })
  await tasksOf(bob).create_task({ title: 'By Bob' })
  await tasksOf(bob).create_task({ title: 'Hidden', loop_id: loop.id })
  const agent = agentOf(bob)
  const { task } = await tasksOf(agent).create_task({ title: 'By an agent' })
  await tasksOf(ann).update_task({ task_id: task.id, status: 'approved' })
  await tasksOf(agent).claim_task({ task_id: task.id, agent: 'red' })
  await kept('tasks', ann.workspace_id, 7)
  const other = person(ann.workspace_id)
  expect(new Set(await titlesFor(ann, { user_id: bob.user_id }))).toEqual(
    new Set(['By an agent', 'Hidden', 'By Bob']),
  )
  expect(new Set(await titlesFor(other, { user_id: bob.user_id }))).toEqual(
    new Set(['By an agent', 'By Bob']),
  )
  expect(new Set(await titlesFor(other, { client: 'Agent' }))).toEqual(new Set(['By an agent']))
  const byRed = (await listFor(other, { agent: 'red' })).entries
  expect(byRed.length).toBeGreaterThan(0)
  expect(byRed.every(({ agent: label, by }) => label === 'red' && by.user_id === bob.user_id)).toBe(true)
  expect(await titlesFor(env.owner(), { user_id: bob.user_id })).toEqual([])
  const byBobsAgent = { user_id: bob.user_id, client: 'Agent' }
  expect(new Set(await titlesFor(other, byBobsAgent))).toEqual(new Set(['By an agent']))
  expect(await titlesFor(other, { ...byBobsAgent, user_id: ann.user_id })).toEqual([])
  expect(await titlesFor(ann, { user_id: bob.user_id, loop_id: loop.id })).toEqual(['Hidden'])
  expect(await titlesFor(ann, { task_id: task.id, agent: 'red' })).toHaveLength(byRed.length)
  expect(await titlesFor(ann, { task_id: task.id, agent: 'blue' })).toEqual([])
})

test('a_page_of_several_things_reads_on_where_most_is_of_one_of_them', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id, { user_name: 'Bob' })
  const { task } = await tasksOf(ann).create_task({ title: 'Task' })
  const act = (n: number, { user_id, user_name: name }: Caller): Activity => ({
    _id: idFloor(new Date(Date.UTC(2031, 0, 1, 0, n))),
    ws: ann.workspace_id,
    at: new Date(Date.UTC(2031, 0, 1, 0, n)),
    type: 'task.updated',
    by: { user_id, name, client: 'Robot' },
    task_id: task.id,
    loop_ids: [],
    private: false,
    expires_at: new Date('2999-01-01'),
  })
  const acts = Array.from({ length: 130 }, (_, n) => act(n, n % 26 === 0 ? bob : ann))
  await env.db.collection<Activity>('activity').insertMany(acts)
  const asked = { task_id: task.id, user_id: bob.user_id, limit: 2 }
  const found: string[] = []
  let pages = 0
  for (let before: string | undefined; ; ) {
    const { entries, next } = await listFor(ann, { ...asked, ...(before ? { before } : {}) })
    found.push(...entries.map(({ at }) => at))
    pages += 1
    if (next === null || pages > 20) break
    before = next
  }
  expect(found).toEqual([104, 78, 52, 26, 0].map((n) => new Date(Date.UTC(2031, 0, 1, 0, n)).toISOString()))
})

test('activity_since_a_moment_before_all_ids_is_all_of_it', async () => {
  const ann = env.owner()
  await tasksOf(ann).create_task({ title: 'Task' })
  await kept('tasks', ann.workspace_id, 1)
  expect(await titlesFor(ann, { since: '1815-12-10T00:00:00Z' })).toEqual(['Task'])
})

test('activity_is_listed_by_day_and_page', async () => {
  const ann = env.owner()
  const { task } = await tasksOf(ann).create_task({ title: 'Task' })
  const days = ['2030-01-01', '2030-01-02', '2030-01-03'].map((day) => `${day}T00:00:00.000Z`)
  const acts = days.map(
    (day): Activity => ({
      _id: idFloor(new Date(day)),
      ws: ann.workspace_id,
      at: new Date(day),
      type: 'task.updated',
      by: { user_id: ann.user_id, name: ann.user_name, client: ann.client_name },
      task_id: task.id,
      loop_ids: [],
      private: false,
      expires_at: new Date('2999-01-01'),
    }),
  )
  await env.db.collection<Activity>('activity').insertMany(acts)
  const [first = '', second = '', third = ''] = days
  const atFor = async (asked: Asked) => (await listFor(ann, asked)).entries.map(({ at }) => at)
  expect(await atFor({ since: first, until: third })).toEqual([second, first])
  expect(await atFor({ since: second, until: third })).toEqual([second])
  expect(await atFor({ since: '2030-01-03T00:00:00.001Z' })).toEqual([])
  const asked = { user_id: ann.user_id, since: first, until: third, limit: 1 }
  const page = await listFor(ann, asked)
  expect(page.entries.map(({ at }) => at)).toEqual([second])
  expect(await atFor({ ...asked, before: page.next ?? '' })).toEqual([first])
})

test('activity_of_loops_is_listed_to_those_who_see_them', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const { loop: open } = await env.loopsOf(ann).create_loop({ name: 'Open' })
  const { loop: hidden } = await env.loopsOf(bob).create_loop({ name: 'Hidden', visibility: 'private' })
  await kept('loops-queue', ann.workspace_id, 2)
  const namesFor = async (caller: Caller, asked: { user_id?: string; loop_id?: string; until?: string }) =>
    (await env.loopsOf(caller).list_loop_activity(asked)).entries.map(({ title }) => title)
  expect(await namesFor(bob, {})).toEqual(['Hidden', 'Open'])
  expect(await namesFor(ann, { user_id: bob.user_id })).toEqual(['Hidden'])
  expect(await namesFor(person(ann.workspace_id), { user_id: bob.user_id })).toEqual([])
  expect(await namesFor(person(ann.workspace_id), { loop_id: open.id })).toEqual(['Open'])
  expect(await namesFor(bob, { until: new Date(0).toISOString() })).toEqual([])
  const other = person(ann.workspace_id)
  expect(await refused(namesFor(other, { loop_id: hidden.id }))).toMatchObject({ code: 'not_found' })
  expect(await namesFor(ann, { loop_id: open.id, user_id: ann.user_id })).toEqual(['Open'])
  expect(await namesFor(ann, { loop_id: open.id, user_id: bob.user_id })).toEqual([])
  expect(await refused(env.loopsOf(null).list_loop_activity({}))).toMatchObject({ code: 'forbidden' })
})

test('finished_tasks_are_counted_for_each_person_app_and_agent_that_finished_them', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id, { user_name: 'Bob' })
  const { loop } = await env.loopsOf(bob).create_loop({ name: 'Private', visibility: 'private' })
  const finish = async (caller: Caller, task_id: string, agent?: string): Promise<void> => {
    await tasksOf(caller).claim_task({ task_id, ...(agent ? { agent } : {}) })
    await tasksOf(caller).update_task({ task_id, status: 'shipped' })
  }
  const agent = agentOf(bob)
  const again = await approved(ann, 'Again')
  for (const task_id of [again, await approved(ann, 'Another')]) await finish(agent, task_id, 'red')
  await finish(ann, await approved(ann, 'By hand'))
  await finish(agent, await approved(bob, 'Hidden', loop.id), 'red')
  await tasksOf(ann).update_task({ task_id: again, status: 'approved' })
  await finish(agent, again, 'red')
  const shipped = { ws: ann.workspace_id, 'changes.after': 'shipped' }
  const activity = env.db.collection<Activity>('activity')
  await until(async () => (await activity.countDocuments(shipped)) === 5)
  const since = new Date(0).toISOString()
  const finishedFor = async (caller: Caller, from = since) =>
    await tasksOf(caller).count_finished({ since: from, ...(await visibleTo(caller)) })
  const byRed = { by: { user_id: bob.user_id, name: 'Bob', client: 'Agent' }, agent: 'red' }
  const byHand = { by: { user_id: ann.user_id, name: ann.user_name, client: ann.client_name }, tasks: 1 }
  for (const caller of [ann, bob])
    expect(await finishedFor(caller)).toEqual({ finished: [{ ...byRed, tasks: 3 }, byHand], complete: true })
  const other = person(ann.workspace_id)
  expect((await finishedFor(other)).finished).toEqual([{ ...byRed, tasks: 2 }, byHand])
  expect((await finishedFor(env.owner())).finished).toEqual([])
  expect((await finishedFor(ann, '2999-01-01T00:00:00Z')).finished).toEqual([])
  const asNobody = env.tasksOf(null).count_finished({ since, visible_private_loop_ids: null })
  expect((await refused(asNobody)).code).toBe('forbidden')
})
