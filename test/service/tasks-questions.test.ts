// Questions, outcomes and links, over two instances of each service: what a comment is, and what it does to its task.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment, until } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

const worker = (ws: string): Caller =>
  person(ws, { grant_id: ids.next(), scopes: ['loops:read', 'loops:write'] })
/** An owner, two agents who may not approve, and a task that the first of them has claimed. */
const setting = async () => {
  const ann = env.owner()
  const [agent, other] = [worker(ann.workspace_id), worker(ann.workspace_id)]
  const as = env.tasksOf(ann)
  const { task } = await as.create_task({ title: 'T' })
  await as.update_task({ task_id: task.id, status: 'approved' })
  await env.tasksOf(agent).claim_task({ task_id: task.id })
  return { ann, agent, other, task_id: task.id, as, by: env.tasksOf(agent) }
}
const QUESTION = { text: 'Which one?', kind: 'question' } as const

describe('a question that holds its task', () => {
  test('ends_the_claim_and_is_named_by_the_task_until_it_goes_on', async () => {
    const { ann, task_id, as, by } = await setting()
    const { comment, replayed } = await by.add_comment({ task_id, ...QUESTION, hold: true })
    expect([comment.kind, replayed]).toEqual(['question', false])
    const read = await as.get_task({ task_id })
    expect(read).toMatchObject({
      task: { status: 'on_hold', question_id: comment.id },
      comments: [comment],
      comments_total: 1,
    })
    expect(read.task).not.toHaveProperty('held_by')
    const { tasks } = await as.list_tasks({ status: 'on_hold' })
    expect(tasks).toMatchObject([{ id: task_id, question_id: comment.id }])
    const events = await env.events('tasks', ann.workspace_id, (published) =>
      published.some(({ type }) => type === 'comment.added'),
    )
    expect(events.at(-1)?.data).toMatchObject({ comment_id: comment.id, kind: 'question' })
    await as.update_task({ task_id, status: 'approved' })
    expect((await as.get_task({ task_id })).task).not.toHaveProperty('question_id')
  })

  test('asked_once_when_repeated_with_its_key', async () => {
    const { task_id, as, by } = await setting()
    const asked = { task_id, ...QUESTION, hold: true, idempotency_key: 'k' }
    const { comment } = await by.add_comment(asked)
    await as.update_task({ task_id, status: 'approved' })
    expect(await by.add_comment(asked)).toEqual({ comment, replayed: true })
    expect((await as.get_task({ task_id })).task.status).toBe('approved')
    const other = await refused(by.add_comment({ ...asked, text: 'Why?' }))
    expect(other.code).toBe('idempotency_conflict')
    expect((await as.get_task({ task_id })).comments).toEqual([comment])
  })

  test('only_a_comment_where_the_task_is_on_hold_already', async () => {
    const { task_id, as, by } = await setting()
    const first = await by.add_comment({ task_id, ...QUESTION, hold: true })
    const second = { task_id, ...QUESTION, hold: true, idempotency_key: 'k' }
    const { comment } = await by.add_comment(second)
    expect(await by.add_comment(second)).toEqual({ comment, replayed: true })
    expect(await as.get_task({ task_id })).toMatchObject({
      task: { question_id: first.comment.id },
      comments_total: 2,
    })
  })

  test('refused_to_who_may_not_stop_the_work_and_to_nothing_that_can_be_held', async () => {
    const { other, task_id, as, by } = await setting()
    const stop = env.tasksOf(other).add_comment({ task_id, ...QUESTION, hold: true })
    expect((await refused(stop)).code).toBe('claimed')
    expect(await env.tasksOf(other).add_comment({ task_id, ...QUESTION })).toMatchObject({ replayed: false })
    for (const input of [
      { task_id, text: 'A', hold: true },
      { task_id, text: 'A', kind: 'outcome' as const, hold: true },
    ])
      expect((await refused(by.add_comment(input))).code).toBe('invalid_argument')
    await by.update_task({ task_id, status: 'shipped' })
    const late = await refused(by.add_comment({ task_id, ...QUESTION, hold: true }))
    expect(late.code).toBe('invalid_transition')
    expect((await as.get_task({ task_id })).comments_total).toBe(1)
  })

  test('stands_among_the_comments_even_when_its_writer_died_before', async () => {
    const { agent, task_id, as } = await setting()
    const id = ids.next()
    const author = { user_id: agent.user_id, name: agent.user_name, client: agent.client_name }
    const at = new Date(Date.now() - 60_000)
    await env.db
      .collection<TaskDoc>('tasks')
      .updateOne(
        { _id: task_id },
        { $set: { pending_comments: [{ id, kind: 'question', author, text: 'Which one?', at }] } },
      )
    await until(async () => (await as.get_task({ task_id })).comments_total === 1)
    expect((await as.get_task({ task_id })).comments).toMatchObject([{ id, kind: 'question' }])
  })
})

test('the_kind_of_a_comment_is_shown_unless_it_is_a_note', async () => {
  const { task_id, as } = await setting()
  for (const kind of [undefined, 'note', 'question', 'outcome'] as const)
    await as.add_comment({ task_id, text: 'A', kind })
  const { comments } = await as.get_task({ task_id })
  expect(comments.map(({ kind }) => kind)).toEqual([undefined, undefined, 'question', 'outcome'])
  expect(comments[1]).not.toHaveProperty('kind')
})

describe('a completion', () => {
  const link = (n: number) => `https://example.com/${n}`
  test('leaves_its_outcome_as_a_comment_and_its_links_with_the_task_also_when_reopened', async () => {
    const { agent, task_id, as } = await setting()
    const asked = { task_id, outcome: 'Done.', links: [link(1)] }
    const { comment_id } = await env.loopsOf(agent).complete_task(asked)
    expect(await as.get_task({ task_id })).toMatchObject({
      task: { status: 'shipped', links: [link(1)] },
      comments: [{ id: comment_id, kind: 'outcome', text: `Done.\n- <${link(1)}>` }],
    })
    await as.update_task({ task_id, status: 'approved' })
    await env.tasksOf(agent).claim_task({ task_id })
    const many = Array.from({ length: LIMITS.links }, (_, n) => link(n + 1))
    await env.loopsOf(agent).complete_task({ task_id, links: [...many.slice(1), link(99)] })
    const { task } = await as.get_task({ task_id })
    expect(task.links).toEqual([...many.slice(1), link(99)])
    expect((await as.list_tasks({})).tasks[0]).not.toHaveProperty('links')
  })

  test('has_room_for_the_longest_outcome_beside_links', async () => {
    const { agent, task_id, as } = await setting()
    const outcome = 'x'.repeat(LIMITS.comment_bytes)
    const links = Array.from({ length: LIMITS.links }, (_, n) => link(n).padEnd(LIMITS.link_chars, 'y'))
    await env.loopsOf(agent).complete_task({ task_id, outcome, links })
    const { task, comments } = await as.get_task({ task_id })
    expect(task.links).toEqual(links)
    expect(comments).toMatchObject([{ text: outcome }])
  })
})
