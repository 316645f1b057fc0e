// The edges of a chain of tasks, all saved at once: none of them is lost. In a file of its own, since it needs an instance busy with
// nothing else.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { type AgentsEnvironment, openAgentsEnvironment } from '../support/agents-environment.ts'
import { until } from '../support/tasks-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

test.each([1, 2])('every_edge_of_a_chain_saved_at_once_is_kept_%i', async (turn) => {
  const ann = await env.newOwner()
  const tasks = env.tasksOf(ann)
  const made: string[] = []
  for (let index = 0; index < 12; index += 1)
    made.push((await tasks.create_task({ title: `Task ${index}` })).task.id)
  const both = turn % 2 === 0
  const answers = await Promise.allSettled(
    made.slice(1).map((task_id, index) =>
      tasks.update_task({
        task_id,
        blocked_by: { add: [made[index] as string] },
        ...(both ? { status: 'approved' as const } : {}),
      }),
    ),
  )
  expect(answers.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))).toEqual([])
  await until(
    async () =>
      (await env.db
        .collection<TaskDoc>('tasks')
        .countDocuments({ ws: ann.workspace_id, pending_sync: { $exists: true } })) === 0,
  )
  const { tasks: rows } = await tasks.list_tasks({ scope: 'all', limit: 50 })
  expect(rows.filter(({ open_blockers }) => open_blockers === 1)).toHaveLength(11)
})
