// Every step at which an import has done only a part. The process is killed there, two others are started, and the import
// runs again: then everything is there, once.
import { describe, expect, test, vi } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { fitToLimits } from '../../shared/imports/fit-rules.ts'
import { runImport } from '../../shared/imports/run-import.ts'
import { bring, depsOf, parsed, ref, task } from '../support/imports.ts'
import { expectKilled, openTasksEnvironment, until } from '../support/tasks-environment.ts'

/** How long to wait for a call that is never answered (ms). */
const BUDGET_MS = 5_000
// Several processes start at once, which is slow while other test files do the same.
vi.setConfig({ testTimeout: 300_000 })

describe.concurrent('an import that is killed goes on where it was, at', () => {
  test.each([
    'import_tasks.filed',
    'import_tasks.updated_one',
    'import_tasks.saved',
    'import_tasks.counted',
    'import_comments.added',
    'import_comments.saved',
    'import_comments.counted',
    'finish_import.saved_one',
    'finish_import.saved',
    'finish_import.counted',
  ])('%s', async (step) => {
    await using world = await openTasksEnvironment(0)
    await world.start('loops-queue')
    const ann = world.owner()
    const updates = step === 'import_tasks.updated_one'
    const old = [task('0', { body: 'old' })]
    const what = parsed(
      [
        task('0', { body: 'new', status: 'open' }),
        ...Array.from({ length: 12 }, (_, n) =>
          task(String(n + 1), {
            loop: 'l',
            blocked_by: n > 0 ? [ref(String(n))] : [],
            comments: [{ text: 'x' }],
          }),
        ),
      ],
      [{ key: 'l', name: 'l' }],
    )
    if (updates) {
      await using _ = await world.start('tasks')
      await bring(world, ann, parsed(old))
    }
    const { died } = await world.startFaulty('tasks', step)
    const options = { approve: true, dry_run: false }
    const run = runImport(depsOf(world, ann, BUDGET_MS), fitToLimits(what), options)
    const unanswered = expectKilled(step, run)
    expect(await died).toBe('SIGKILL')
    await unanswered
    await world.start('tasks', 2)
    expect((await bring(world, ann, what, { approve: true })).rows).toEqual([])
    const service = world.tasksOf(ann)
    const { tasks } = await service.list_tasks({ scope: 'all', limit: 200 })
    expect(tasks.map(({ title }) => title).toSorted()).toEqual(
      what.tasks.map(({ title }) => title).toSorted(),
    )
    expect(tasks.filter(({ open_blockers }) => open_blockers === 1)).toHaveLength(11)
    expect(tasks.filter(({ status }) => status === 'approved')).toHaveLength(12)
    expect(await world.db.collection('comments').countDocuments({ ws: ann.workspace_id })).toBe(12)
    const reserved = { ws: ann.workspace_id, move: { $ne: null } }
    await until(async () => (await world.db.collection<TaskDoc>('tasks').countDocuments(reserved)) === 0)
    await world.allCounted()
    expect((await service.list_tasks({ scope: 'all' })).total).toBe(13)
    expect((await world.loopsOf(ann).list_loops({})).total).toBe(1)
  })
})
