// get_activity over two instances of each service: who did what, for whoever may see it now.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ShownActivity } from '../../shared/contracts/activity.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { Activity } from '../../shared/events/activity-rules.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, openTasksEnvironment, type TasksEnvironment, until } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const DAY_MS = 24 * 60 * 60 * 1_000
const tasksOf = (caller: Caller) => env.tasksOf(caller)
const loopsOf = (caller: Caller) => env.loopsOf(caller)
type Asked = Parameters<ReturnType<typeof loopsOf>['get_activity']>[0]
const activity = async (caller: Caller, asked: Asked = {}): Promise<readonly ShownActivity[]> =>
  (await loopsOf(caller).get_activity(asked)).activity
/** Waits until what happened is on record. */
const recorded = (ws: string, service: 'tasks' | 'loops-queue', count: number) =>
  until(async () => (await env.database(service).collection('activity').countDocuments({ ws })) >= count)
const typesOf = (entries: readonly ShownActivity[]): string[] => entries.map(({ type }) => type)

describe('what is told', () => {
  test('who_did_what_through_which_client_and_agent_newest_first_with_short_values_before_and_after', async () => {
    const ann = env.owner()
    const bot = person(ann.workspace_id, { user_name: 'Bob', client_name: 'Robot', grant_id: ids.next() })
    const { loop } = await loopsOf(ann).create_loop({ name: 'Loop' })
    const { task } = await tasksOf(ann).create_task({ title: 'Old', body: 'Secret of old', loop_id: loop.id })
    const task_id = task.id
    await tasksOf(ann).update_task({
      task_id,
      title: 'New',
      body: 'Other',
      priority: 'high',
      due_date: '2026-03-04',
    })
    await tasksOf(ann).update_task({ task_id, status: 'approved' })
    await tasksOf(bot).claim_task({ task_id, agent: 'one' })
    await tasksOf(bot).update_task({ task_id, priority: 'low' })
    await tasksOf(ann).update_task({ task_id, priority: 'medium' })
    await tasksOf(bot).add_comment({ task_id, text: 'A word.' })
    await recorded(ann.workspace_id, 'tasks', 8)
    const told = await activity(ann, { task_id })
    expect(typesOf(told)).toEqual([
      'comment.added',
      'task.updated',
      'task.updated',
      'task.claimed',
      'task.updated',
      'task.updated',
      'task.updated',
      'task.created',
    ])
    for (const one of told) expect(one).toMatchObject({ task_id, title: 'New', loop_id: loop.id })
    expect(told.map(({ by }) => `${by.name} ${by.client}`)).toEqual([
      ...['Bob Robot', 'Ann Test client', 'Bob Robot', 'Bob Robot', 'Bob Robot'],
      ...['Ann Test client', 'Ann Test client', 'Ann Test client'],
    ])
    // Ann holds nothing: what she changes is not what the agent did.
    const agents = told.slice(1, 6).map(({ agent }) => agent)
    expect(agents).toEqual([undefined, 'one', 'one', 'one', undefined])
    expect(told[4]?.changes).toEqual([{ field: 'status', before: 'approved', after: 'in_progress' }])
    expect(told[6]?.changes).toEqual([
      { field: 'title' },
      { field: 'body' },
      { field: 'priority', before: 'none', after: 'high' },
      { field: 'due_date', before: null, after: '2026-03-04' },
    ])
    expect(JSON.stringify(told)).not.toMatch(/Secret|Old|A word/)
  })

  test('of_a_loop_with_its_tasks_and_of_the_order', async () => {
    const ann = env.owner()
    const [one, two] = [
      (await loopsOf(ann).create_loop({ name: 'One' })).loop,
      (await loopsOf(ann).create_loop({ name: 'Two' })).loop,
    ]
    const { task } = await tasksOf(ann).create_task({ title: 'Task', loop_id: one.id })
    await tasksOf(ann).update_task({ task_id: task.id, loop_id: two.id })
    await loopsOf(ann).set_loop_priority({ loop_id: two.id, priority: 0 })
    await loopsOf(ann).close_loop({ loop_id: one.id })
    await recorded(ann.workspace_id, 'tasks', 2)
    await recorded(ann.workspace_id, 'loops-queue', 4)
    const ofOne = await activity(ann, { loop_id: one.id })
    // The task left it: that is part of its history.
    expect(typesOf(ofOne)).toEqual(['loop.held', 'task.updated', 'task.created', 'loop.created'])
    expect(ofOne[1]?.changes).toEqual([{ field: 'loop_id', before: one.id, after: two.id }])
    const ofTwo = await activity(ann, { loop_id: two.id })
    expect(typesOf(ofTwo)).toEqual(['queue.changed', 'task.updated', 'loop.created'])
    expect(ofTwo[0]).toMatchObject({ title: 'Two', loop_id: two.id })
    expect(typesOf(await activity(ann))).toHaveLength(6)
  })

  test('pages_hold_both_histories_once_and_since_ends_them', async () => {
    const ann = env.owner()
    for (let n = 0; n < 4; n += 1) {
      await loopsOf(ann).create_loop({ name: `Loop ${n}` })
      await tasksOf(ann).create_task({ title: `Task ${n}` })
    }
    await recorded(ann.workspace_id, 'tasks', 4)
    await recorded(ann.workspace_id, 'loops-queue', 4)
    const all = await activity(ann)
    expect(all).toHaveLength(8)
    const walked: ShownActivity[] = []
    let cursor: string | undefined
    do {
      const page = await loopsOf(ann).get_activity({ limit: 3, cursor })
      expect(page.activity.length).toBeLessThanOrEqual(3)
      walked.push(...page.activity)
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(walked).toEqual(all)
    const since = all[2]?.at
    const late = await activity(ann, { since })
    expect(late.length).toBeGreaterThanOrEqual(3)
    for (const { at } of late) expect(at >= (since ?? '')).toBe(true)
    expect(await activity(ann, { since: new Date(Date.now() + DAY_MS).toISOString() })).toEqual([])
  })
})

describe('who is told', () => {
  test('whoever_does_not_see_a_private_loop_is_told_nothing_of_it_and_its_tasks', async () => {
    const ann = env.owner()
    const [insider, outsider] = [person(ann.workspace_id), person(ann.workspace_id)]
    const { loop } = await loopsOf(insider).create_loop({ name: 'Hidden', visibility: 'private' })
    const hidden = {
      task_id: (await tasksOf(insider).create_task({ title: 'Hidden', loop_id: loop.id })).task.id,
    }
    const open = { task_id: (await tasksOf(insider).create_task({ title: 'Open' })).task.id }
    await tasksOf(insider).add_comment({ ...hidden, text: 'Psst.' })
    await tasksOf(insider).add_comment({ loop_id: loop.id, text: 'Psst.' })
    await loopsOf(ann).set_loop_priority({ loop_id: loop.id, priority: 0 })
    await recorded(ann.workspace_id, 'tasks', 4)
    await recorded(ann.workspace_id, 'loops-queue', 1)
    expect(typesOf(await activity(outsider))).toEqual(['task.created'])
    expect((await activity(insider)).length).toBeGreaterThanOrEqual(5)
    for (const asked of [hidden, { loop_id: loop.id }]) {
      const [id = ''] = Object.values(asked)
      const never = ids.next()
      const other = 'task_id' in asked ? { task_id: never } : { loop_id: never }
      const [seen, unknown] = [
        await refused(loopsOf(outsider).get_activity(asked)),
        await refused(loopsOf(outsider).get_activity(other)),
      ]
      expect(bytesOf(seen, id)).toBe(bytesOf(unknown, never))
    }
    // It is as visible as its task is now, and never names the loop that it came from.
    await tasksOf(insider).update_task({ ...hidden, loop_id: null })
    await tasksOf(insider).update_task({ ...open, loop_id: loop.id })
    await recorded(ann.workspace_id, 'tasks', 6)
    const now = await activity(outsider)
    expect(typesOf(now)).toEqual(['task.updated', 'comment.added', 'task.created'])
    expect(new Set(now.map(({ task_id }) => task_id))).toEqual(new Set([hidden.task_id]))
    expect(JSON.stringify(now)).not.toContain(loop.id)
    // Back again, and out once more: where it was in between is not told either.
    await tasksOf(insider).update_task({ ...hidden, loop_id: loop.id })
    await tasksOf(insider).update_task({ ...hidden, loop_id: null })
    await recorded(ann.workspace_id, 'tasks', 8)
    const later = await activity(outsider, hidden)
    expect(later).toHaveLength(5)
    expect(JSON.stringify(later)).not.toContain(loop.id)
    expect(JSON.stringify(await activity(insider, hidden))).toContain(loop.id)
  })

  test('nobody_is_told_of_a_deleted_task_any_more', async () => {
    const ann = env.owner()
    const { task } = await tasksOf(ann).create_task({ title: 'Gone' })
    await tasksOf(ann).delete_task({ task_id: task.id })
    await recorded(ann.workspace_id, 'tasks', 2)
    expect(await activity(ann)).toEqual([])
    expect((await refused(loopsOf(ann).get_activity({ task_id: task.id }))).code).toBe('not_found')
  })

  test('entries_that_are_hidden_neither_shorten_a_page_nor_end_the_list', async () => {
    const ann = env.owner()
    const [insider, outsider] = [person(ann.workspace_id), person(ann.workspace_id)]
    const { loop } = await loopsOf(insider).create_loop({ name: 'Hidden', visibility: 'private' })
    const seen: string[] = []
    for (let n = 0; n < 3; n += 1) {
      seen.push((await tasksOf(insider).create_task({ title: 'Open' })).task.id)
      for (let m = 0; m < 4; m += 1) await tasksOf(insider).create_task({ title: 'Hidden', loop_id: loop.id })
    }
    await recorded(ann.workspace_id, 'tasks', 15)
    const page = await loopsOf(outsider).get_activity({ limit: 2 })
    expect(page.activity.map(({ task_id }) => task_id)).toEqual([seen[2], seen[1]])
    const rest = await loopsOf(outsider).get_activity({ limit: 2, cursor: page.next_cursor ?? undefined })
    expect(rest).toMatchObject({ activity: [{ task_id: seen[0] }], next_cursor: null })
  })
})

test('arguments_that_do_not_go_together_or_are_no_cursor_are_refused', async () => {
  const ann = env.owner()
  for (const asked of [{ task_id: ids.next(), loop_id: ids.next() }, { cursor: 'nonsense' }])
    expect((await refused(loopsOf(ann).get_activity(asked))).code).toBe('invalid_argument')
})

test('it_is_kept_for_a_year_and_told_without_the_stream', async () => {
  const ann = env.owner()
  const { task } = await tasksOf(ann).create_task({ title: 'Task' })
  await recorded(ann.workspace_id, 'tasks', 1)
  const stored = await env.db.collection<Activity>('activity').findOne({ task_id: task.id })
  expect(stored?.expires_at.getTime()).toBe((stored?.at.getTime() ?? 0) + 365 * DAY_MS)
  await env.bus.jsm.streams.delete(EVENTS_STREAM)
  expect(typesOf(await activity(ann))).toEqual(['task.created'])
})
