// Every step of the tasks service at which only part of a command is done. The process is killed there and two others
// started; soon the command is wholly done or wholly absent, counted exactly, and published once.
import { describe, expect, test, vi } from 'vitest'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import { type Acting, ids, person, refused } from '../support/service-environment.ts'
import {
  expectKilled,
  openTasksEnvironment,
  type TasksEnvironment,
  until,
} from '../support/tasks-environment.ts'

/** How long to wait for a call that is never answered (ms). */
const BUDGET_MS = 6_000
/** Longer than any sweeper waits before it takes over, and shorter than a test may take. */
const SWEPT = { timeout: 40_000, interval: 100 } as const
// Several processes start at once, which is slow while other test files do the same.
vi.setConfig({ testTimeout: 120_000 })

type Crash = AsyncDisposable &
  Readonly<{
    env: TasksEnvironment
    ann: Caller
    tasks: Acting<typeof tasks>
    loops: Acting<typeof loopsQueue>
    /** A new loop. */
    loop: (name: string) => Promise<string>
    /** Waits until the doomed process has died, and starts two others. */
    died: () => Promise<void>
    /** Runs a command that kills the process, then does the same as `died`. */
    during: (command: (dying: Acting<typeof tasks>) => Promise<unknown>) => Promise<void>
    /** Waits until nothing is half done, and compares all counts with a fresh count. */
    exact: (...loop_ids: readonly string[]) => Promise<void>
    /** All events of the workspace's tasks and comments, as `type subject version`. */
    published: () => Promise<readonly string[]>
  }>

const line = ({ type, data }: CloudEvent): string => {
  const { task_id, version = '-' } = data
  return `${type} ${task_id} ${version}`
}

const exactly =
  (env: TasksEnvironment, ann: Caller): Crash['exact'] =>
  async (...loop_ids) => {
    const ws = ann.workspace_id
    await until(
      async () => (await env.db.collection('tasks').countDocuments({ 'move.at': { $exists: true } })) === 0,
    )
    await env.allCounted()
    const counted = await env
      .tasksOf(null)
      .count_workspace({ workspace_id: ws, visible_private_loop_ids: null })
    expect(counted.all).toEqual(await env.recount(ws))
    expect(counted.unassigned).toEqual(await env.recount(ws, { loop_id: null }))
    const { loops } = await env.tasksOf(null).count_loops({ workspace_id: ws, loop_ids: [...loop_ids] })
    for (const { loop_id, counts } of loops) expect(counts).toEqual(await env.recount(ws, { loop_id }))
  }

/** A tasks service in a process of its own that kills itself at `step`, and a person who works with it. */
const openCrash = async (step: string): Promise<Crash> => {
  const env = await openTasksEnvironment(0)
  await env.start('loops-queue')
  const { died } = await env.startFaulty('tasks', step)
  const ann = person(ids.next(), { role: 'owner' })
  const service = env.tasksOf(ann)
  const restarted = async (): Promise<void> => {
    expect(await died).toBe('SIGKILL')
    await env.start('tasks', 2)
  }
  return {
    env,
    ann,
    tasks: service,
    loops: env.loopsOf(ann),
    loop: async (name) => (await env.loopsOf(ann).create_loop({ name })).loop.id,
    died: restarted,
    during: async (command) => {
      const unanswered = expectKilled(step, command(env.tasksOf(ann, BUDGET_MS)))
      await restarted()
      await unanswered
    },
    exact: exactly(env, ann),
    published: async () => {
      // Once the last event has arrived, so have all before it.
      for (const name of ['tasks', 'comments'])
        await until(
          async () => (await env.db.collection(name).countDocuments({ 'outbox.0': { $exists: true } })) === 0,
        )
      const { task } = await service.create_task({ title: 'The end' })
      const events = await env.events(
        'tasks',
        ann.workspace_id,
        (all) => all.at(-1)?.data.task_id === task.id,
      )
      return events.slice(0, -1).map(line).toSorted()
    },
    [Symbol.asyncDispose]: () => env[Symbol.asyncDispose](),
  }
}

// Concurrent, since they mostly wait for processes and sweepers.
describe.concurrent('done_wholly_when_killed_at', () => {
  test.each(['create_task.saved', 'counters.added', 'create_task.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const loop_id = await crash.loop('Loop')
    const request = { title: 'T', loop_id, idempotency_key: 'k' }
    await crash.during((dying) => dying.create_task(request))
    await crash.exact(loop_id)
    const again = await crash.tasks.create_task(request)
    expect(again).toMatchObject({ replayed: true, task: { title: 'T', loop_id, version: 1 } })
    expect(await crash.tasks.list_tasks({ scope: 'all' })).toMatchObject({
      total: 1,
      tasks: [{ title: 'T' }],
    })
    expect(await crash.published()).toEqual([`task.created ${again.task.id} 1`])
  })

  test.each(['update_task.saved', 'update_task.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const [old, loop_id] = [await crash.loop('Old'), await crash.loop('New')]
    const { task } = await crash.tasks.create_task({ title: 'T', loop_id: old })
    const request = { task_id: task.id, loop_id, status: 'approved', idempotency_key: 'k' } as const
    await crash.during((dying) => dying.update_task(request))
    await crash.exact(old, loop_id)
    const after = { loop_id, status: 'approved', version: 2 }
    expect(await crash.tasks.update_task(request)).toMatchObject({ changed: true, task: after })
    expect((await crash.tasks.get_task({ task_id: task.id })).task).toMatchObject(after)
    expect((await crash.tasks.list_tasks({ loop_id })).total).toBe(1)
    expect(await crash.published()).toEqual([`task.created ${task.id} 1`, `task.updated ${task.id} 2`])
  })

  test.each(['delete_task.saved', 'delete_task.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { task } = await crash.tasks.create_task({ title: 'T' })
    await crash.during((dying) => dying.delete_task({ task_id: task.id }))
    await crash.exact()
    const task_id = task.id
    const calls = [crash.tasks.delete_task({ task_id }), crash.tasks.get_task({ task_id })]
    for (const { code } of await Promise.all(calls.map(refused))) expect(code).toBe('not_found')
    expect(await crash.tasks.list_tasks({ scope: 'all' })).toMatchObject({ total: 0, tasks: [] })
    expect(await crash.published()).toEqual([`task.created ${task.id} 1`, `task.deleted ${task.id} 2`])
  })

  test.each(['add_comment.saved', 'add_comment.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { task } = await crash.tasks.create_task({ title: 'T' })
    const request = { task_id: task.id, text: 'Done', idempotency_key: 'k' }
    await crash.during((dying) => dying.add_comment(request))
    await crash.env.allCounted()
    expect(await crash.tasks.add_comment(request)).toMatchObject({
      replayed: true,
      comment: { text: 'Done' },
    })
    const found = await crash.tasks.get_task({ task_id: task.id })
    expect(found).toMatchObject({ comments_total: 1, comments: [{ text: 'Done' }] })
    expect(await crash.published()).toEqual([`comment.added ${task.id} -`, `task.created ${task.id} 1`])
  })
})

describe.concurrent('many new tasks are completed by a repeat when killed at', () => {
  test.each(['create_tasks.saved', 'create_tasks.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const loop_id = await crash.loop('Loop')
    const titles = Array.from({ length: 20 }, (_, n) => `T${n}`)
    const request = { tasks: titles.map((title) => ({ title })), loop_id, idempotency_key: 'k' }
    await crash.during((dying) => dying.create_tasks(request))
    // Each task that was created is complete in itself.
    await crash.exact(loop_id)
    const { total } = await crash.tasks.list_tasks({ loop_id })
    expect(total).toBeGreaterThan(0)
    // Counting comes after the answer: all may be there.
    const isWhole = step === 'create_tasks.counted' && total === 20
    expect(total).toBeLessThan(isWhole ? 21 : 20)
    const answer = await crash.tasks.create_tasks(request)
    expect(answer).toMatchObject({ created: 20, failed: 0, ...(isWhole ? {} : { replayed: false }) })
    expect(answer.results.map(({ task }) => task?.title)).toEqual(titles)
    expect(await crash.tasks.create_tasks(request)).toEqual({ ...answer, replayed: true })
    await crash.exact(loop_id)
    expect((await crash.tasks.list_tasks({ loop_id })).total).toBe(20)
    const created = answer.results.map(({ task }) => `task.created ${task?.id} 1`)
    expect(await crash.published()).toEqual(created.toSorted())
  })
})

describe.concurrent('a bulk change is taken up by its repeat when killed at', () => {
  const STEPS = ['bulk_update_tasks.saved_one', 'bulk_update_tasks.saved', 'bulk_update_tasks.counted']
  test.each(STEPS)('%s', async (step) => {
    await using crash = await openCrash(step)
    const loop_id = await crash.loop('Loop')
    const task_ids: string[] = []
    for (let n = 0; n < 12; n += 1) task_ids.push((await crash.tasks.create_task({ title: `T${n}` })).task.id)
    const request = { task_ids, loop_id, status: 'approved', idempotency_key: 'k' } as const
    await crash.during((dying) => dying.bulk_update_tasks(request))
    // Each part that was done is complete in itself.
    await crash.exact(loop_id)
    expect((await crash.tasks.list_tasks({ loop_id })).total).toBeGreaterThan(0)
    const answer = await crash.tasks.bulk_update_tasks(request)
    expect(answer).toMatchObject({ updated: 12, unchanged: 0, failed: 0 })
    for (const { version } of answer.results) expect(version).toBe(2)
    expect(await crash.tasks.bulk_update_tasks(request)).toEqual(answer)
    await crash.exact(loop_id)
    expect((await crash.tasks.list_tasks({ loop_id, status: 'approved' })).total).toBe(12)
    const published = task_ids.flatMap((id) => [`task.created ${id} 1`, `task.updated ${id} 2`])
    expect(await crash.published()).toEqual(published.toSorted())
  })
})

describe.concurrent('create_loop_from_tasks, while tasks is killed at', () => {
  const setting = async (crash: Crash) => {
    const old = await crash.loop('Old')
    const one = async (title: string, loop_id?: string) =>
      (await crash.tasks.create_task({ title, loop_id })).task.id
    const task_ids = [await one('Free'), await one('Taken', old), await one('Another')]
    const created = task_ids.map((id) => `task.created ${id} 1`)
    return { old, task_ids, created, request: { loop_name: 'New', task_ids, idempotency_key: 'k' } }
  }
  const loopIdsOf = ({ tasks: service }: Crash, task_ids: readonly string[]) =>
    Promise.all(task_ids.map(async (task_id) => (await service.get_task({ task_id })).task.loop_id))

  test('prepare_move.reserved: refused, wholly absent, and done by its repeat', async () => {
    await using crash = await openCrash('prepare_move.reserved')
    const { old, task_ids, created, request } = await setting(crash)
    const refusal = refused(crash.env.loopsOf(crash.ann, BUDGET_MS).create_loop_from_tasks(request))
    await crash.died()
    expect((await refusal).code).toMatch(/^(timeout|unavailable)$/)
    await crash.exact(old)
    expect(await loopIdsOf(crash, task_ids)).toEqual([null, old, null])
    expect((await crash.loops.list_loops({})).total).toBe(1)
    const again = await vi.waitFor(() => crash.loops.create_loop_from_tasks(request), SWEPT)
    expect(again).toMatchObject({ replayed: false, queue_version: 2 })
    await crash.exact(old, again.loop.id)
    expect(await loopIdsOf(crash, task_ids)).toEqual(task_ids.map(() => again.loop.id))
    expect(await crash.published()).toEqual(
      [...created, ...task_ids.map((id) => `task.updated ${id} 2`)].toSorted(),
    )
  })

  const STEPS = ['finish_move.moved', 'finish_move.saved', 'finish_move.counted']
  test.each(STEPS)('%s: answered as done, and done', async (step) => {
    await using crash = await openCrash(step)
    const { old, task_ids, created, request } = await setting(crash)
    const making = crash.loops.create_loop_from_tasks(request)
    await crash.died()
    const made = await making
    const moved = [null, old, null].map((moved_from, n) => ({ task_id: task_ids[n], moved_from }))
    expect(made).toMatchObject({ replayed: false, queue_version: 2, tasks: moved })
    await crash.exact(old, made.loop.id)
    expect(await loopIdsOf(crash, task_ids)).toEqual(task_ids.map(() => made.loop.id))
    expect((await crash.tasks.list_tasks({ loop_id: made.loop.id })).total).toBe(3)
    const again = await crash.loops.create_loop_from_tasks(request)
    expect(again).toMatchObject({ replayed: true, loop: { id: made.loop.id }, tasks: moved })
    expect(await crash.published()).toEqual(
      [...created, ...task_ids.map((id) => `task.updated ${id} 2`)].toSorted(),
    )
  })
})

describe.concurrent('work is in one pair of hands, and its comments are there once, when killed at', () => {
  /** An approved task in a loop. */
  const ready = async (crash: Crash) => {
    const loop_id = await crash.loop('Loop')
    const { task } = await crash.tasks.create_task({ title: 'T', loop_id })
    await crash.tasks.update_task({ task_id: task.id, status: 'approved' })
    return { loop_id, task_id: task.id }
  }
  const found = (crash: Crash, task_id: string) => crash.tasks.get_task({ task_id })
  const commentsOf = (crash: Crash, task_id: string, texts: readonly string[]) =>
    vi.waitFor(async () => {
      const { comments } = await found(crash, task_id)
      expect(comments.map(({ text }) => text)).toEqual(texts)
    }, SWEPT)

  test.each(['claim_task.saved', 'claim_task.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { loop_id, task_id } = await ready(crash)
    await crash.during((dying) => dying.claim_task({ task_id }))
    await crash.exact(loop_id)
    expect(await crash.tasks.claim_task({ task_id })).toMatchObject({ renewed: true, claim: { fence: 1 } })
    const changes = [2, 3].map((version) => `task.updated ${task_id} ${version}`)
    expect(await crash.published()).toEqual([
      `task.claimed ${task_id} 3`,
      `task.created ${task_id} 1`,
      ...changes,
    ])
  })

  test.each(['claim_ready.saved', 'claim_ready.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { loop_id, task_id } = await ready(crash)
    const request = { key: 'k', hash: 'h' }
    const asked = { loop_ids: [loop_id], max_tasks: 1, visible_private_loop_ids: null, request }
    await crash.during((dying) => dying.claim_ready(asked))
    await crash.exact(loop_id)
    const { claims } = await crash.tasks.claim_ready(asked)
    expect(claims).toMatchObject([{ task: { id: task_id, version: 3 }, fence: 1 }])
  })

  test.each(['complete.saved', 'complete.counted', 'post_comment.saved', 'post_comment.counted'])(
    '%s',
    async (step) => {
      await using crash = await openCrash(step)
      const { loop_id, task_id } = await ready(crash)
      await crash.tasks.claim_task({ task_id })
      const asked = { task_id, outcome: 'Done', links: [], visible_private_loop_ids: null }
      await crash.during((dying) => dying.complete(asked))
      await crash.exact(loop_id)
      await commentsOf(crash, task_id, ['Done'])
      expect(await crash.tasks.complete(asked)).toMatchObject({ changed: false, task: { status: 'shipped' } })
      await commentsOf(crash, task_id, ['Done'])
    },
  )

  test.each(['release_claims.saved', 'release_claims.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { loop_id, task_id } = await ready(crash)
    await crash.tasks.claim_task({ task_id })
    await crash.during((dying) => dying.release_claims({ note: 'Half' }))
    await crash.exact(loop_id)
    await commentsOf(crash, task_id, ['Half'])
    expect((await found(crash, task_id)).task).toMatchObject({ status: 'approved', version: 4 })
  })

  test.each(['expire_claim.saved', 'expire_claim.counted'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { loop_id, task_id } = await ready(crash)
    const agent = crash.env.tasksOf({ ...crash.ann, grant_id: ids.next() })
    await agent.claim_task({ task_id })
    await crash.env.db
      .collection('tasks')
      .updateOne({ _id: task_id as never }, { $set: { 'claim.until': new Date(Date.now() - 60_000) } })
    await crash.died()
    await crash.exact(loop_id)
    expect((await found(crash, task_id)).task).toMatchObject({ status: 'approved', version: 4 })
    expect(await agent.renew_claims({ task_ids: [task_id] })).toMatchObject({
      claims: [{ held: false, error: { code: 'claim_lost' } }],
    })
  })
})

describe.concurrent('a deleted task leaves nothing behind when killed at', () => {
  test.each(['purge_task.comments_removed', 'purge_task.count_removed'])('%s', async (step) => {
    await using crash = await openCrash(step)
    const { db } = crash.env
    const request = { title: 'T', idempotency_key: 'k' }
    const { task } = await crash.tasks.create_task(request)
    for (const text of ['One', 'Two']) await crash.tasks.add_comment({ task_id: task.id, text })
    await crash.tasks.delete_task({ task_id: task.id })
    await crash.env.allCounted()
    // As if it had been deleted some time ago.
    await db
      .collection('tasks')
      .updateOne({ _id: task.id as never }, { $set: { deleted_at: new Date(Date.now() - 120_000) } })
    await crash.died()
    await until(
      async () => (await db.collection('tasks').countDocuments({ expires_at: { $exists: true } })) === 1,
    )
    expect(await db.collection('comments').countDocuments({ parent: task.id })).toBe(0)
    expect(await db.collection('tallies').countDocuments({ _id: task.id as never })).toBe(0)
    await crash.exact()
    expect((await refused(crash.tasks.create_task(request))).code).toBe('not_found')
    const comments = [`comment.added ${task.id} -`, `comment.added ${task.id} -`]
    expect(await crash.published()).toEqual([
      ...comments,
      `task.created ${task.id} 1`,
      `task.deleted ${task.id} 2`,
    ])
  })
})
