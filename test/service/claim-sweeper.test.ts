// The sweeper that ends claims, against a renewal that comes between its look and its write.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openComments } from '../../services/tasks/comment-store.ts'
import { openCounters } from '../../services/tasks/counter-store.ts'
import { expireClaims } from '../../services/tasks/sweepers.ts'
import { openTasks, type TaskDoc } from '../../services/tasks/task-store.ts'
import { TTL_SECONDS } from '../../shared/contracts/tasks/shapes.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import { type AgentsEnvironment, agentOf, openAgentsEnvironment } from '../support/agents-environment.ts'
import { ids } from '../support/service-environment.ts'

/** How far the sweeper of these tests is ahead of those that run: only it finds the claims ended. */
const AHEAD_MS = 2 * TTL_SECONDS.min * 1_000

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

/** Sweeps once over the real stores; `meanwhile` happens when a task has been read and before it is written. */
const sweep = async (meanwhile: () => Promise<unknown>): Promise<void> => {
  await using stack = new AsyncDisposableStack()
  const log = createLog({ filter: 'error', topic: 'test' })
  const clock = await openDatabaseClock(env.db, systemClock)
  const database_clock = { ...clock, sync: async () => new Date((await clock.sync()).getTime() + AHEAD_MS) }
  const given = { clock: systemClock, database_clock, ids, at: () => undefined, log }
  const requests = await openRequests(env.db, systemClock)
  const stored = { service: 'tasks', ...given, requests, onCommit: () => undefined }
  const tasks = await openTasks(env.db, stored)
  await expireClaims({
    ...given,
    comments: await openComments(env.db, stored),
    counters: stack.use(await openCounters(env.db, given)),
    tasks: {
      ...tasks,
      get: async (...args) => {
        const found = await tasks.get(...args)
        await meanwhile()
        return found
      },
    },
  })
}

test.each([
  ['renewed_meanwhile_it_is_kept', true, 'in_progress'],
  ['not_renewed_it_ends', false, 'approved'],
] as const)('%s', async (_, isRenewed, status) => {
  const ann = await env.newOwner()
  const agent = agentOf(ann)
  const { task } = await env.tasksOf(ann).create_task({ title: 'Task' })
  await env.tasksOf(ann).update_task({ task_id: task.id, status: 'approved' })
  const { claim } = await env.tasksOf(agent).claim_task({ task_id: task.id, ttl_seconds: TTL_SECONDS.min })
  await sweep(async () => {
    if (isRenewed) await env.tasksOf(agent).renew_claims({ ttl_seconds: TTL_SECONDS.max })
  })
  const stored = await env.db.collection<TaskDoc>('tasks').findOne({ _id: task.id })
  expect({ status: stored?.status, claim_id: stored?.claim?.id }).toEqual({
    status,
    claim_id: isRenewed ? claim.claim_id : undefined,
  })
})
