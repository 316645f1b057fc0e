// What a call spares the database: commands that only tasks with edges, or tasks that have changed, need.
import { isDeepStrictEqual } from 'node:util'
import type { Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { profiled } from '../support/profile.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
let ann: Caller
beforeAll(async () => {
  env = await openTasksEnvironment(1)
  ann = env.owner()
})
afterAll(() => env[Symbol.asyncDispose]())

const fileTask = async (blocked_by?: string[]): Promise<string> =>
  (await env.tasksOf(ann).create_task({ title: 'Task', ...(blocked_by ? { blocked_by } : {}) })).task.id

/** The queries for the edges of one task; those of the sweepers name none. */
const edgeQueries = async (work: () => Promise<unknown>): Promise<Document[]> => {
  const commands = await profiled(env.db, ['tasks'], work)
  return commands.filter(({ command }) => command.filter?._id && command.filter.pending_sync)
}

/** The writes that move the comments of a task to another list of the search, once the task is indexed. */
const movesOf = async (task: () => Promise<string>, v: number): Promise<Document[]> => {
  let id = ''
  const commands = await profiled(env.db, ['search'], async () => {
    id = await task()
    const isIndexed = () => env.db.collection<{ _id: string; v: number }>('search').findOne({ _id: id, v })
    await expect.poll(isIndexed, { timeout: 20_000 }).not.toBeNull()
    // Of two reactions to one task, the second begins when the first has ended.
    await env.tasksOf(ann).delete_task({ task_id: id })
    const isGone = async () =>
      (await env.db.collection<{ _id: string }>('search').findOne({ _id: id })) === null
    await expect.poll(isGone, { timeout: 20_000 }).toBe(true)
  })
  return commands.filter(({ op, command }) => op === 'update' && command.q?.parent === id)
}

test('only_a_change_of_a_task_that_blocks_others_asks_for_edges_afterwards', async () => {
  const alone = await fileTask()
  const blocking = await fileTask()
  await fileTask([blocking])
  const close = (task_id: string) => () => env.tasksOf(ann).update_task({ task_id, status: 'rejected' })
  expect(await edgeQueries(close(alone))).toEqual([])
  expect(await edgeQueries(close(blocking))).not.toEqual([])
})

test('a_task_whose_comments_are_all_shown_asks_no_counter_for_their_number', async () => {
  const task_id = await fileTask()
  for (const text of ['One', 'Two']) await env.tasksOf(ann).add_comment({ task_id, text })
  await env.allCounted()
  /** The reads of the counter of this task, which come together with what is pending. */
  const countsRead = async (work: () => Promise<unknown>): Promise<Document[]> => {
    const commands = await profiled(env.db, ['comments'], work)
    const ids = { $in: [task_id] }
    return commands.filter(({ command }) =>
      isDeepStrictEqual(command.pipeline?.at(-1)?.$unionWith?.pipeline[0]?.$match?._id, ids),
    )
  }
  const whole = () => env.tasksOf(ann).get_task({ task_id })
  expect(await countsRead(whole)).toEqual([])
  expect(await whole()).toMatchObject({ comments_total: 2 })
  const add = (text: string) => env.tasksOf(ann).add_comment({ task_id, text })
  await Promise.all(Array.from({ length: 100 }, (_, n) => add(`${n}`)))
  expect(await countsRead(whole)).toHaveLength(1)
  expect(await whole()).toMatchObject({ comments_total: 102 })
})

test('only_a_task_that_has_changed_takes_its_comments_along_in_the_search', async () => {
  const change = async () => {
    const task_id = await fileTask()
    await env.tasksOf(ann).update_task({ task_id, title: 'Another title' })
    return task_id
  }
  expect(await movesOf(fileTask, 1)).toEqual([])
  expect(await movesOf(change, 2)).not.toEqual([])
})
