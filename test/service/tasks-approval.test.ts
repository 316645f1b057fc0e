// Approvals of a text, over two instances of each service: no verb hands work out on a text that nobody approved.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { type AgentsEnvironment, openAgentsEnvironment, worker } from '../support/agents-environment.ts'
import { refused } from '../support/service-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

/** An owner, who may approve, an agent who may not, and an approved task in a loop. */
const setting = async () => {
  const ann = await env.newOwner()
  const agent = worker(ann.workspace_id)
  const { loop } = await env.loopsOf(ann).create_loop({ name: 'Loop' })
  const { task } = await env.tasksOf(ann).create_task({ title: 'Search', body: 'Find it', loop_id: loop.id })
  await env.tasksOf(ann).update_task({ task_id: task.id, status: 'approved' })
  return { ann, agent, loop_id: loop.id, task_id: task.id, as: env.tasksOf(ann), by: env.tasksOf(agent) }
}
const NEEDS_SCOPE = { code: 'forbidden', extras: { details: { scope: 'loops:approve' } } }

describe('a new text by somebody who may not approve', () => {
  test('takes_the_task_out_of_work_until_it_is_approved_anew', async () => {
    const { ann, agent, task_id, as, by } = await setting()
    const asked = { task_id, body: 'Delete it', idempotency_key: 'k' }
    const answer = await by.update_task(asked)
    expect(answer).toMatchObject({ approval_withdrawn: true, task: { status: 'open', approved_by: null } })
    expect(await by.update_task(asked)).toEqual(answer)
    expect((await env.loopsOf(agent).claim_next_work({})).claims).toEqual([])
    expect((await env.loopsOf(agent).get_next_work({})).loop).toBeNull()
    for (const attempt of [
      () => by.claim_task({ task_id }),
      () => by.update_task({ task_id, status: 'in_progress' }),
      () => by.update_task({ task_id, status: 'approved', body: 'Find it' }),
      () => by.bulk_update_tasks({ task_ids: [task_id], status: 'approved' }),
      () => env.loopsOf(agent).complete_task({ task_id, outcome: 'Done' }),
    ])
      expect(await refused(attempt())).toMatchObject(NEEDS_SCOPE)
    const read = await as.get_task({ task_id })
    expect(read).toMatchObject({
      task: { body: 'Delete it', status: 'open' },
      approved_text: { title: 'Search', body: 'Find it', approved_by: { user_id: ann.user_id } },
    })
    await as.update_task({ task_id, status: 'approved', expected_version: read.task.version })
    const { claims } = await env.loopsOf(agent).claim_next_work({})
    expect(claims).toMatchObject([{ task: { id: task_id, body: 'Delete it' } }])
    expect(await as.get_task({ task_id })).not.toHaveProperty('approved_text')
  })

  test('published_with_the_approval_that_it_took', async () => {
    const { ann, task_id, by } = await setting()
    await by.update_task({ task_id, title: 'Other' })
    const events = await env.events('tasks', ann.workspace_id, (published) => published.length >= 3)
    expect(events.at(-1)).toMatchObject({
      type: 'task.updated',
      data: { status: 'open', status_before: 'approved', approval_withdrawn: true },
    })
  })

  test('refused_to_holder_and_others_while_work_is_in_progress', async () => {
    const { agent, task_id, as, by } = await setting()
    await env.loopsOf(agent).claim_next_work({})
    const refusal = await refused(by.update_task({ task_id, body: 'Easier' }))
    expect(refusal).toMatchObject(NEEDS_SCOPE)
    expect(refusal.extras.hint).toContain('add_comment')
    expect(await by.update_task({ task_id, priority: 'high' })).toMatchObject({ changed: true })
    expect((await as.update_task({ task_id, body: 'Clearer' })).task).toMatchObject({ status: 'in_progress' })
    expect(await by.get_task({ task_id })).toMatchObject({ task: { body: 'Clearer' } })
  })

  test('does_not_come_back_to_work_from_hold', async () => {
    const { task_id, as, by } = await setting()
    await by.update_task({ task_id, status: 'on_hold' })
    expect(await by.update_task({ task_id, body: 'Other' })).toMatchObject({ approval_withdrawn: true })
    expect(await refused(by.update_task({ task_id, status: 'in_progress' }))).toMatchObject(NEEDS_SCOPE)
    expect(await as.update_task({ task_id, status: 'approved' })).toMatchObject({ changed: true })
  })
})

test('a_shipped_task_is_approved_anew', async () => {
  const { agent, task_id, as, by } = await setting()
  await env.loopsOf(agent).claim_next_work({})
  await env.loopsOf(agent).complete_task({ task_id })
  expect(await refused(by.update_task({ task_id, status: 'approved' }))).toMatchObject(NEEDS_SCOPE)
  expect((await as.update_task({ task_id, status: 'approved' })).task).toMatchObject({ status: 'approved' })
})

test('an_approval_of_an_earlier_release_stands_and_is_withdrawn_like_any_other', async () => {
  const { task_id, by } = await setting()
  const tasks = env.db.collection<TaskDoc>('tasks')
  await tasks.updateOne({ _id: task_id }, { $unset: { approval: '', text_rev: '' } })
  await by.update_task({ task_id, status: 'on_hold' })
  await by.update_task({ task_id, status: 'approved' })
  expect(await by.update_task({ task_id, body: 'Other' })).toMatchObject({ approval_withdrawn: true })
  expect((await by.get_task({ task_id })).approved_text).toMatchObject({ body: 'Find it' })
})
