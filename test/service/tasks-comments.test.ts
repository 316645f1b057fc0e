// Comments on tasks and on loops, over two instances of the service.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommentDoc } from '../../services/tasks/comment-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { Comment } from '../../shared/contracts/tasks/shapes.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, openTasksEnvironment, type TasksEnvironment, until } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const fileTask = async (caller: Caller): Promise<string> =>
  (await env.tasksOf(caller).create_task({ title: 'T' })).task.id

/** All comments of a task, page by page, and the size of each page. */
const readAll = async (caller: Caller, task_id: string) => {
  const comments: Comment[] = []
  const pages: number[] = []
  let comments_cursor: string | undefined
  do {
    const page = await env.tasksOf(caller).get_task({ task_id, comments_cursor })
    comments.push(...page.comments)
    pages.push(page.comments.length)
    expect(page.comments_total).toBeGreaterThanOrEqual(comments.length)
    comments_cursor = page.comments_next_cursor ?? undefined
  } while (comments_cursor)
  return { comments, pages }
}

describe('add_comment', () => {
  test('written_on_a_task_and_published', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    const text = `${'🦉'.repeat(200)} and more`
    const { comment } = await env.tasksOf(ann).add_comment({ task_id, text })
    expect(comment).toMatchObject({
      text,
      author: { user_id: ann.user_id, name: 'Ann', client: 'Test client' },
    })
    expect(await env.tasksOf(ann).get_task({ task_id })).toMatchObject({
      comments: [comment],
      comments_total: 1,
    })
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 2)
    expect(published.at(-1)).toMatchObject({
      type: 'comment.added',
      subject: comment.id,
      data: { comment_id: comment.id, task_id, loop_id: null, private: false, excerpt: '🦉'.repeat(200) },
    })
  })

  test('its_event_says_whether_it_may_mention_somebody', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    const texts = ['Is this right, @Bob?', 'Write to bob@example.com or `@Bob`']
    for (const text of texts) await env.tasksOf(ann).add_comment({ task_id, text })
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 3)
    expect(published.slice(1).map(({ data }) => data.may_mention)).toEqual([true, undefined])
  })

  test('read_by_the_notifier_with_what_it_is_on_as_it_is_now', async () => {
    const ann = env.owner()
    const { tasksOf, loopsOf } = env
    const workspace_id = ann.workspace_id
    const read = (comment_id: string) => env.as(tasks, null).get_comment({ workspace_id, comment_id })
    const task_id = await fileTask(ann)
    const { loop } = await loopsOf(ann).create_loop({ name: 'Secret', visibility: 'private' })
    const text = 'é'.repeat(1_000)
    const { comment } = await tasksOf(ann).add_comment({ task_id, text })
    const onTask = { id: task_id, title: 'T', loop_id: null, private: false }
    expect(await read(comment.id)).toEqual({ text, task: onTask, loop_id: null })
    await tasksOf(ann).update_task({ task_id, loop_id: loop.id })
    const moved = { ...onTask, loop_id: loop.id, private: true }
    expect(await read(comment.id)).toEqual({ text, task: moved, loop_id: null })
    const onLoop = await tasksOf(ann).add_comment({ loop_id: loop.id, text })
    expect(await read(onLoop.comment.id)).toEqual({ text, task: null, loop_id: loop.id })
    await tasksOf(ann).delete_task({ task_id })
    for (const gone of [comment.id, ids.next()])
      await expect(read(gone)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('written_on_a_loop_that_the_writer_sees', async () => {
    const ann = env.owner()
    const { loop } = await env.loopsOf(ann).create_loop({ name: 'Secret', visibility: 'private' })
    const bob = person(ann.workspace_id)
    const { comment } = await env.tasksOf(ann).add_comment({ loop_id: loop.id, text: 'Hello' })
    const page = await env
      .tasksOf(null)
      .list_loop_comments({ workspace_id: ann.workspace_id, loop_id: loop.id })
    expect(page).toEqual({ comments: [comment], comments_total: 1, comments_next_cursor: null })
    const never = ids.next()
    const hidden = await refused(env.tasksOf(bob).add_comment({ loop_id: loop.id, text: 'Hi' }))
    const unknown = await refused(env.tasksOf(bob).add_comment({ loop_id: never, text: 'Hi' }))
    expect(bytesOf(hidden, loop.id)).toBe(bytesOf(unknown, never))
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 1)
    expect(published.at(-1)?.data).toMatchObject({ loop_id: loop.id, task_id: null, private: true })
  })

  test('refused_unless_exactly_one_thing_is_named', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    for (const named of [{}, { task_id, loop_id: ids.next() }])
      expect((await refused(env.tasksOf(ann).add_comment({ ...named, text: 'Hi' }))).code).toBe(
        'invalid_argument',
      )
  })

  test('refused_over_its_limit', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    const refusal = await refused(env.tasksOf(ann).add_comment({ task_id, text: 'x'.repeat(16 * 1024 + 1) }))
    expect(refusal.code).toBe('limit_exceeded')
  })
})

describe('comments of a task', () => {
  test('oldest_first_in_pages_of_a_hundred_that_hold_each_once', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    const write = (n: number) => env.tasksOf(ann).add_comment({ task_id, text: `Comment ${n}` })
    const written: string[] = []
    for (let batch = 0; batch < 10; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 23 }, (_, n) => write(batch * 23 + n)))
      written.push(...answers.map(({ comment }) => comment.id))
    }
    const { comments, pages } = await readAll(ann, task_id)
    expect(comments.map(({ id }) => id)).toEqual(written.toSorted())
    expect(pages).toEqual([100, 100, 30])
    expect((await env.tasksOf(ann).get_task({ task_id })).comments_total).toBe(230)
  })

  test('a_page_of_long_comments_has_fewer_and_cuts_none', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    // As JSON each of these characters takes six bytes: the largest comment that there can be.
    const text = '\u0001'.repeat(16 * 1024)
    for (let n = 0; n < 6; n += 1) await env.tasksOf(ann).add_comment({ task_id, text })
    const { comments, pages } = await readAll(ann, task_id)
    expect(comments.map((comment) => comment.text === text)).toEqual(Array(6).fill(true))
    // One alone exceeds an answer's budget: none fits beside the task itself, and then each page has one.
    expect(pages).toEqual([0, 1, 1, 1, 1, 1, 1])
  })

  test('refused_for_a_cursor_that_it_did_not_return', async () => {
    const ann = env.owner()
    const task_id = await fileTask(ann)
    const refusal = await refused(env.tasksOf(ann).get_task({ task_id, comments_cursor: 'bm9uZQ' }))
    expect(refusal).toMatchObject({
      code: 'invalid_argument',
      extras: { details: { fields: [{ field: 'comments_cursor' }] } },
    })
  })

  test('removed_with_the_task_and_everything_else_of_it', async () => {
    const ann = env.owner()
    const [gone, kept] = [await fileTask(ann), await fileTask(ann)]
    for (const task_id of [gone, gone, kept]) await env.tasksOf(ann).add_comment({ task_id, text: 'Secret' })
    await env.tasksOf(ann).delete_task({ task_id: gone })
    const [tasks, comments] = [
      env.db.collection<{ _id: string }>('tasks'),
      env.db.collection<CommentDoc>('comments'),
    ]
    // As if it had been deleted long ago.
    await tasks.updateOne({ _id: gone }, { $set: { deleted_at: new Date(0) } })
    await until(async () => (await tasks.countDocuments({ _id: gone, expires_at: { $exists: true } })) === 1)
    expect(await comments.countDocuments({ parent: gone })).toBe(0)
    expect(JSON.stringify(await tasks.findOne({ _id: gone }))).not.toContain('Secret')
    expect(await tasks.findOne({ _id: gone })).toMatchObject({ ledger: [], outbox: [] })
    expect((await env.tasksOf(ann).get_task({ task_id: kept })).comments_total).toBe(1)
    const expiry = (await tasks.indexes()).find(({ name }) => name === 'expires')
    expect(expiry).toMatchObject({ key: { expires_at: 1 }, expireAfterSeconds: 0 })
  })
})
