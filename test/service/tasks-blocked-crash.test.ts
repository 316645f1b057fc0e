// Every step at which only part of what an edge between tasks asks for is done. The process is killed there and two others
// started; soon the dependent says what its blocker is, and whoever repeats the call finds it done.
import { describe, expect, test, vi } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { ids, person } from '../support/service-environment.ts'
import { expectKilled, openTasksEnvironment, until } from '../support/tasks-environment.ts'

/** How long to wait for a call that is never answered (ms). */
const BUDGET_MS = 2_000
// Several processes start at once, which is slow while other test files do the same.
vi.setConfig({ testTimeout: 120_000 })

/** Two approved tasks, a tasks service that kills itself at `step`, and what happens then. */
const openCrash = async (step: string) => {
  const env = await openTasksEnvironment(0)
  await env.start('loops-queue')
  const { died } = await env.startFaulty('tasks', step)
  const ann = person(ids.next(), { role: 'owner' })
  const service = env.tasksOf(ann)
  const one = async (title: string) => {
    const { task } = await service.create_task({ title })
    await service.update_task({ task_id: task.id, status: 'approved' })
    return task.id
  }
  return {
    env,
    service,
    blocker: await one('blocker'),
    waiting: await one('waiting'),
    /** Runs a command that kills the process, and starts two others. */
    during: async (command: (dying: typeof service) => Promise<unknown>): Promise<void> => {
      const unanswered = expectKilled(step, command(env.tasksOf(ann, BUDGET_MS)))
      expect(await died).toBe('SIGKILL')
      await env.start('tasks', 2)
      await unanswered
    },
    /** Waits until nothing is half done, and compares what is ready with the counters. */
    synced: async (ready: number): Promise<void> => {
      const left = { ws: ann.workspace_id, pending_sync: { $exists: true } }
      const tasks = env.db.collection<TaskDoc>('tasks')
      await until(async () => (await tasks.countDocuments(left)) === 0)
      await env.allCounted()
      const held = await tasks.countDocuments({ ws: ann.workspace_id, status: 'approved', ready: false })
      const counter = await env.db
        .collection<{ _id: string; held_back?: Record<string, number> }>('tallies')
        .findOne({ _id: ann.workspace_id })
      expect(counter?.held_back?.unassigned ?? 0).toBe(held)
      const approved = (await service.list_tasks({ status: 'approved' })).tasks
      expect(approved.filter(({ open_blockers }) => open_blockers === undefined)).toHaveLength(ready)
    },
    [Symbol.asyncDispose]: () => env[Symbol.asyncDispose](),
  }
}

describe.concurrent('a new task that waits is whole when its call is killed at', () => {
  test.each(['blocked_by.marked', 'sync_blocking.found'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { service, blocker } = crash
    const request = { title: 'new', blocked_by: [blocker], idempotency_key: 'k' }
    await crash.during((dying) => dying.create_task(request))
    const { task } = await service.create_task(request)
    expect((await service.list_tasks({ status: 'open' })).tasks.map(({ id }) => id)).toEqual([task.id])
    await service.update_task({ task_id: blocker, status: 'rejected' })
    await crash.synced(1)
    expect((await service.get_task({ task_id: task.id })).task.open_blockers).toBeUndefined()
  })
})

describe.concurrent('an edge is whole when its call is killed at', () => {
  test.each(['blocked_by.marked', 'sync_blocking.found'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { service, blocker, waiting } = crash
    const request = { task_id: waiting, blocked_by: { add: [blocker] }, idempotency_key: 'k' }
    await crash.during((dying) => dying.update_task(request))
    // Its blocker is finished before anybody has looked.
    await service.update_task({ task_id: blocker, status: 'rejected' })
    await crash.synced(1)
    await service.update_task(request)
    await service.update_task({ task_id: blocker, status: 'open' })
    await crash.synced(0)
    expect((await service.get_task({ task_id: waiting })).blocked_by?.tasks).toHaveLength(1)
  })
})

describe.concurrent('a dependent opens when the call about its blocker is killed at', () => {
  test.each(['sync_blocking.saved', 'sync_blocking.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { service, blocker, waiting } = crash
    await service.update_task({ task_id: waiting, blocked_by: { add: [blocker] } })
    await crash.during((dying) => dying.update_task({ task_id: blocker, status: 'rejected' }))
    await crash.synced(1)
    expect((await service.update_task({ task_id: waiting, status: 'in_progress' })).changed).toBe(true)
  })
})
