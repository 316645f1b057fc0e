// Questions on tasks that nobody has answered: until when they are open, and who sees them; over two instances.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CommentDoc } from '../../services/tasks/comment-store.ts'
import { QUESTION_CHARS } from '../../services/tasks/question-rules.ts'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { agentOf } from '../support/agents-environment.ts'
import { person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const WEEK_MS = 7 * 24 * 60 * 60 * 1_000
const newTask = async (caller: Caller, loop_id?: string): Promise<string> =>
  (await env.tasksOf(caller).create_task({ title: 'Task', ...(loop_id ? { loop_id } : {}) })).task.id
const say = async (caller: Caller, task_id: string, text: string): Promise<string> =>
  (await env.tasksOf(caller).add_comment({ task_id, text })).comment.id
const ask = async (caller: Caller, task_id: string, text = 'Which one?', hold = false): Promise<string> =>
  (await env.tasksOf(caller).add_comment({ task_id, text, kind: 'question', ...(hold ? { hold } : {}) }))
    .comment.id
const openFor = async (caller: Caller, given: { limit?: number; before?: string } = {}) => {
  const { loop_ids } = await env.loopsOf(caller).list_private_loops({})
  return await env.tasksOf(caller).list_open_questions({ visible_private_loop_ids: loop_ids, ...given })
}
const idsFor = async (caller: Caller): Promise<string[]> =>
  (await openFor(caller)).questions.map(({ question }) => question.id)
const settled = async (): Promise<string[]> => {
  const comments = env.db.collection<CommentDoc>('comments')
  return (await comments.find({ settled: true }).toArray()).map(({ _id }) => _id)
}

test('a_question_is_open_until_somebody_else_comments', async () => {
  const ann = env.owner()
  const agent = agentOf(ann)
  const [task_id, other] = [await newTask(ann), await newTask(ann)]
  const question = await ask(agent, task_id, 'Red or blue?')
  await say(ann, other, 'No question')
  const { questions, next } = await openFor(ann)
  expect(next).toBeNull()
  expect(questions).toEqual([
    {
      task: expect.objectContaining({ id: task_id, title: 'Task', status: 'open', version: 1 }),
      question: {
        id: question,
        by: { user_id: ann.user_id, name: ann.user_name, client: 'Agent' },
        at: expect.any(String),
        text: 'Red or blue?',
      },
    },
  ])
  await say(agent, task_id, 'I mean the button.')
  expect(await idsFor(ann)).toEqual([question])
  // The same person, but by themselves.
  await say(ann, task_id, 'Blue.')
  expect(await idsFor(ann)).toEqual([])
  expect(await settled()).toContain(question)
  expect(await idsFor(ann)).toEqual([])
})

test('of_several_questions_of_one_agent_the_last_stands_for_all', async () => {
  const ann = env.owner()
  const agent = agentOf(ann)
  const task_id = await newTask(ann)
  await ask(agent, task_id, 'First?')
  const last = await ask(agent, task_id, 'Second?')
  expect(await idsFor(ann)).toEqual([last])
  await say(person(ann.workspace_id), task_id, 'Yes, and no.')
  expect(await idsFor(ann)).toEqual([])
})

test('a_question_is_not_listed_while_its_task_is_finished_and_settled_a_week_later', async () => {
  const ann = env.owner()
  const task_id = await newTask(ann)
  await env.tasksOf(ann).update_task({ task_id, status: 'approved' })
  const question = await ask(agentOf(ann), task_id, 'Why?', true)
  expect((await openFor(ann)).questions).toMatchObject([
    { task: { status: 'on_hold', question_id: question } },
  ])
  await env.tasksOf(ann).update_task({ task_id, status: 'rejected' })
  expect(await idsFor(ann)).toEqual([])
  await env.tasksOf(ann).update_task({ task_id, status: 'open' })
  expect(await idsFor(ann)).toEqual([question])
  await env.tasksOf(ann).update_task({ task_id, status: 'rejected' })
  const longAgo = new Date(Date.now() - 2 * WEEK_MS)
  await env.db.collection<TaskDoc>('tasks').updateOne({ _id: task_id }, { $set: { updated_at: longAgo } })
  expect(await idsFor(ann)).toEqual([])
  expect(await settled()).toContain(question)
  const deleted = await newTask(ann)
  await ask(agentOf(ann), deleted)
  await env.tasksOf(ann).delete_task({ task_id: deleted })
  expect(await idsFor(ann)).toEqual([])
})

test('pages_go_from_the_newest_to_the_oldest_past_what_is_hidden_and_answered', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const { loop } = await env.loopsOf(bob).create_loop({ name: 'Private', visibility: 'private' })
  const asked: { id: string; hidden: boolean }[] = []
  for (let n = 0; n < 12; n += 1) {
    const hidden = n % 3 === 1
    const task_id = await newTask(bob, hidden ? loop.id : undefined)
    const id = await ask(agentOf(bob), task_id)
    if (n % 4 === 3) await say(ann, task_id, 'Answered')
    else asked.unshift({ id, hidden })
  }
  const allFor = async (caller: Caller): Promise<string[]> => {
    const found: string[] = []
    let before: string | undefined
    do {
      const page = await openFor(caller, { limit: 2, ...(before ? { before } : {}) })
      expect(page.questions.length).toBeLessThanOrEqual(2)
      found.push(...page.questions.map(({ question }) => question.id))
      before = page.next ?? undefined
    } while (before !== undefined)
    return found
  }
  const everything = asked.map(({ id }) => id)
  expect(await allFor(bob)).toEqual(everything)
  expect(await allFor(ann)).toEqual(everything)
  const shown = asked.flatMap(({ id, hidden }) => (hidden ? [] : [id]))
  expect(await allFor(person(ann.workspace_id))).toEqual(shown)
  expect(await allFor(env.owner())).toEqual([])
})

test('a_long_question_is_cut', async () => {
  const ann = env.owner()
  await ask(agentOf(ann), await newTask(ann), '😀'.repeat(QUESTION_CHARS + 1))
  const [open] = (await openFor(ann)).questions
  expect([...(open?.question.text ?? '')]).toHaveLength(QUESTION_CHARS)
  expect(open?.question.text_truncated).toBe(true)
  const asNobody = env.tasksOf(null).list_open_questions({ visible_private_loop_ids: null })
  expect((await refused(asNobody)).code).toBe('forbidden')
})
