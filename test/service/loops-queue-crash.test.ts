// Every step of every command of loops-queue that touches two documents. The process is killed there and another one
// started; the command is then wholly done or wholly absent, with its events published.
import { describe, expect, test, vi } from 'vitest'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { changesAmong, publishedUpTo, versionsUpTo } from '../support/loops.ts'
import { replayed } from '../support/queue-model.ts'
import { type Acting, ids, openEnvironment, person } from '../support/service-environment.ts'

/** How long to wait for a call that is never answered (ms). */
const BUDGET_MS = 2_000

type Crash = AsyncDisposable &
  Readonly<{
    service: Acting<typeof loopsQueue>
    tasksOf: Acting<typeof tasks>
    /** Kills the only process at `step` while it runs `command`, and starts another one. */
    at: (step: string, command: (dying: Acting<typeof loopsQueue>) => Promise<unknown>) => Promise<void>
    /** All types of events up to a version of the order, and the replayed order; waits until the stream has them. */
    published: (version: number) => Promise<{ types: string[]; order: readonly string[] }>
  }>

/** One instance of each service, and a person who calls them. */
const openCrash = async (): Promise<Crash> => {
  const env = await openEnvironment()
  const ann = person(ids.next())
  let [running] = await Promise.all([env.start('loops-queue'), env.start('tasks')])
  return {
    service: env.as(loopsQueue, ann),
    tasksOf: env.as(tasks, ann),
    at: async (step, command) => {
      await running[Symbol.asyncDispose]()
      const faulty = await env.startFaulty('loops-queue', step)
      const unanswered = expect(command(env.as(loopsQueue, ann, BUDGET_MS))).rejects.toMatchObject({
        code: expect.stringMatching(/^(timeout|unavailable)$/),
      })
      expect(await faulty.died).toBe('SIGKILL')
      await unanswered
      running = await env.start('loops-queue')
    },
    published: async (version) => {
      const events = await publishedUpTo(env, ann.workspace_id, version)
      const changes = changesAmong(events)
      expect(changes.map((change) => change.version)).toEqual(versionsUpTo(version))
      return {
        types: events.map(({ type }) => type),
        order: changes.reduce(replayed, [] as readonly string[]),
      }
    },
    [Symbol.asyncDispose]: () => env[Symbol.asyncDispose](),
  }
}

const make = async ({ service }: Crash, ...names: string[]): Promise<string[]> => {
  const made: string[] = []
  for (const name of names) made.push((await service.create_loop({ name })).loop.id)
  return made
}
const queueOf = async ({ service }: Crash) => {
  const { version, loops } = await service.get_loop_queue({})
  return { version, order: loops.map(({ id }) => id) }
}

describe('done_wholly_when_killed_at', () => {
  test('create_loop.inserted', async () => {
    await using crash = await openCrash()
    const [first] = await make(crash, 'First')
    const ask = { name: 'Second', idempotency_key: 'k' }
    await crash.at('create_loop.inserted', (dying) => dying.create_loop(ask))
    const again = await crash.service.create_loop(ask)
    expect(again).toMatchObject({ replayed: true, queue_version: 2, loop: { priority: 1 } })
    expect(await queueOf(crash)).toEqual({ version: 2, order: [first, again.loop.id] })
    const { types, order } = await crash.published(2)
    expect(types.filter((type) => type === 'loop.created')).toHaveLength(2)
    expect(order).toEqual([first, again.loop.id])
  })

  test('close_loop.held', async () => {
    await using crash = await openCrash()
    const [a, b, c] = await make(crash, 'A', 'B', 'C')
    await crash.at('close_loop.held', (dying) => dying.close_loop({ loop_id: b as string }))
    expect(await queueOf(crash)).toEqual({ version: 4, order: [a, c] })
    expect(await crash.service.close_loop({ loop_id: b as string })).toMatchObject({ changed: false })
    expect(await crash.service.reopen_loop({ loop_id: b as string })).toMatchObject({ loop: { priority: 1 } })
    const { types, order } = await crash.published(5)
    expect(types.filter((type) => type === 'loop.held')).toHaveLength(1)
    expect(order).toEqual([a, b, c])
  })

  test('reopen_loop.reopened', async () => {
    await using crash = await openCrash()
    const [a, b, c] = await make(crash, 'A', 'B', 'C')
    await crash.service.close_loop({ loop_id: b as string })
    await crash.at('reopen_loop.reopened', (dying) => dying.reopen_loop({ loop_id: b as string }))
    expect(await queueOf(crash)).toEqual({ version: 5, order: [a, b, c] })
    expect((await crash.published(5)).order).toEqual([a, b, c])
  })

  test('ship_loop.shipped', async () => {
    await using crash = await openCrash()
    const [a, b] = await make(crash, 'A', 'B')
    await crash.at('ship_loop.shipped', (dying) => dying.ship_loop({ loop_id: a as string }))
    expect(await queueOf(crash)).toEqual({ version: 3, order: [b] })
    expect(await crash.service.ship_loop({ loop_id: a as string })).toMatchObject({ already_shipped: true })
    // The report came before this.
    await make(crash, 'C')
    const { types } = await crash.published(4)
    expect(types.filter((type) => type === 'loop.shipped')).toHaveLength(1)
  })
})

// Concurrent, since they mostly wait for sweepers.
describe.concurrent('create_loop_from_tasks', () => {
  const SWEPT = { timeout: 40_000, interval: 300 }
  const setting = async (crash: Crash) => {
    const [old] = await make(crash, 'Old')
    const one = async (title: string, loop_id?: string) =>
      (await crash.tasksOf.create_task({ title, loop_id })).task.id
    const task_ids = [await one('Free'), await one('Taken', old)]
    return { old, task_ids, ask: { loop_name: 'New', task_ids, idempotency_key: 'k' } }
  }
  const loopIdsOf = ({ tasksOf }: Crash, task_ids: readonly string[]) =>
    Promise.all(task_ids.map(async (task_id) => (await tasksOf.get_task({ task_id })).task.loop_id))

  const ABSENT = ['create_loop_from_tasks.forming', 'create_loop_from_tasks.prepared']
  test.each(ABSENT)('wholly_absent_when_killed_at %s', async (step) => {
    await using crash = await openCrash()
    const { old, task_ids, ask } = await setting(crash)
    await crash.at(step, (dying) => dying.create_loop_from_tasks(ask))
    expect(await queueOf(crash)).toEqual({ version: 1, order: [old] })
    expect((await crash.service.list_loops({})).total).toBe(1)
    expect(await loopIdsOf(crash, task_ids)).toEqual([null, old])
    await vi.waitFor(async () => {
      const freed = await crash.tasksOf.bulk_update_tasks({ task_ids, priority: 'high' })
      expect(freed.failed).toBe(0)
    }, SWEPT)
    const again = await vi.waitFor(() => crash.service.create_loop_from_tasks(ask), SWEPT)
    expect(again).toMatchObject({ replayed: false, queue_version: 2 })
    expect(await loopIdsOf(crash, task_ids)).toEqual([again.loop.id, again.loop.id])
    expect((await crash.published(2)).types.filter((type) => type === 'loop.created')).toHaveLength(2)
  })

  test('wholly_absent_when_killed_at abandoned, after a refusal', async () => {
    await using crash = await openCrash()
    const { old, task_ids, ask } = await setting(crash)
    const bad = { ...ask, task_ids: [...task_ids, ids.next()] }
    await crash.at('create_loop_from_tasks.abandoned', (dying) => dying.create_loop_from_tasks(bad))
    expect(await queueOf(crash)).toEqual({ version: 1, order: [old] })
    const freed = await crash.tasksOf.bulk_update_tasks({ task_ids, priority: 'high' })
    expect(freed.updated).toBe(2)
    const again = crash.service.create_loop_from_tasks(bad)
    await expect(again).rejects.toMatchObject({ code: 'not_found' })
  })

  const DONE = ['create_loop_from_tasks.committed', 'create_loop_from_tasks.moved']
  test.each(DONE)('wholly_done_when_killed_at %s', async (step) => {
    await using crash = await openCrash()
    const { old, task_ids, ask } = await setting(crash)
    await crash.at(step, (dying) => dying.create_loop_from_tasks(ask))
    const { version, order } = await queueOf(crash)
    const made = order[1] as string
    expect({ version, order }).toEqual({ version: 2, order: [old, made] })
    await vi.waitFor(async () => expect(await loopIdsOf(crash, task_ids)).toEqual([made, made]), SWEPT)
    expect(await crash.service.create_loop_from_tasks(ask)).toMatchObject({
      replayed: true,
      loop: { id: made },
      tasks: [
        { task_id: task_ids[0], moved_from: null },
        { task_id: task_ids[1], moved_from: old },
      ],
    })
    const whole = await crash.service.get_loop({ loop_id: made })
    expect(whole.task_counts.total).toBe(2)
    expect((await crash.published(2)).types.filter((type) => type === 'loop.created')).toHaveLength(2)
  })
})
