// Tasks that wait for others, over two instances of each service.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { type AgentsEnvironment, agentOf, openAgentsEnvironment } from '../support/agents-environment.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { bytesOf, until } from '../support/tasks-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const newOwner = () => env.newOwner()
const tasksOf = (caller: Caller) => env.tasksOf(caller)
const loopsOf = (caller: Caller) => env.loopsOf(caller)

/** Approved tasks with these titles in a new loop, by title. */
const approved = async <T extends string>(owner: Caller, ...titles: readonly T[]) => {
  const { loop } = await loopsOf(owner).create_loop({ name: 'Loop' })
  const made = {} as Record<T, string>
  for (const title of titles) {
    const { task } = await tasksOf(owner).create_task({ title, loop_id: loop.id })
    await tasksOf(owner).update_task({ task_id: task.id, status: 'approved' })
    made[title] = task.id
  }
  return { ...made, loop_id: loop.id }
}
const get = (caller: Caller, task_id: string) => tasksOf(caller).get_task({ task_id })
const openBlockers = async (caller: Caller, task_id: string) =>
  (await get(caller, task_id)).task.open_blockers ?? 0
/** Nothing waits to be compared. */
const allSynced = (ws: string) =>
  until(
    async () =>
      (await env.db.collection<TaskDoc>('tasks').countDocuments({ ws, pending_sync: { $exists: true } })) ===
      0,
  )

describe('a task that waits for another', () => {
  test('is_not_handed_out_and_not_begun_until_what_it_waits_for_is_done', async () => {
    const ann = await newOwner()
    const { first, second } = await approved(ann, 'first', 'second')
    const { task } = await tasksOf(ann).update_task({ task_id: second, blocked_by: { add: [first] } })
    expect(task.open_blockers).toBe(1)
    expect((await get(ann, second)).blocked_by).toEqual({
      tasks: [{ id: first, title: 'first', status: 'approved' }],
    })
    for (const begin of [
      () => tasksOf(ann).update_task({ task_id: second, status: 'in_progress' }),
      () => tasksOf(agentOf(ann)).claim_task({ task_id: second }),
    ]) {
      const refusal = await refused(begin())
      expect([refusal.code, refusal.message]).toEqual([
        'invalid_transition',
        expect.stringContaining('“first”'),
      ])
    }
    const agent = agentOf(ann)
    const { claims } = await loopsOf(agent).claim_next_work({ max_tasks: 5 })
    expect(claims.map(({ task: { id } }) => id)).toEqual([first])
    const done = await loopsOf(agent).complete_task({ task_id: first })
    expect(done.unblocked).toEqual([{ id: second, title: 'second' }])
    expect((await get(ann, second)).task.open_blockers).toBeUndefined()
    const next = await loopsOf(agent).claim_next_work({})
    expect(next.claims.map(({ task: { id } }) => id)).toEqual([second])
    await allSynced(ann.workspace_id)
  })

  test('opens_when_its_blocker_is_rejected_or_deleted_and_closes_when_it_is_taken_up_again', async () => {
    const ann = await newOwner()
    const { a, b, waiting } = await approved(ann, 'a', 'b', 'waiting')
    await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [a, b] } })
    expect(await openBlockers(ann, waiting)).toBe(2)
    await tasksOf(ann).delete_task({ task_id: b })
    expect((await get(ann, waiting)).blocked_by?.tasks.map(({ id }) => id)).toEqual([a])
    await tasksOf(ann).bulk_update_tasks({ task_ids: [a], status: 'rejected' })
    expect(await openBlockers(ann, waiting)).toBe(0)
    await tasksOf(ann).update_task({ task_id: a, status: 'open' })
    expect(await openBlockers(ann, waiting)).toBe(1)
    await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { remove: [a] } })
    expect(await openBlockers(ann, waiting)).toBe(0)
    await tasksOf(ann).update_task({ task_id: waiting, status: 'in_progress' })
  })

  test('goes_on_when_its_blocker_is_taken_up_again_after_work_has_begun', async () => {
    const ann = await newOwner()
    const { a, waiting } = await approved(ann, 'a', 'waiting')
    await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [a] } })
    await tasksOf(ann).update_task({ task_id: a, status: 'in_progress' })
    await tasksOf(ann).update_task({ task_id: a, status: 'shipped' })
    await tasksOf(ann).update_task({ task_id: waiting, status: 'in_progress' })
    await tasksOf(ann).update_task({ task_id: a, status: 'approved' })
    expect((await get(ann, waiting)).task).toMatchObject({ status: 'in_progress', open_blockers: 1 })
    const { task } = await loopsOf(ann).complete_task({ task_id: waiting })
    expect(task.status).toBe('shipped')
  })

  test('counts_say_that_all_is_blocked', async () => {
    const ann = await newOwner()
    const { a, b, waiting } = await approved(ann, 'a', 'b', 'waiting')
    await tasksOf(ann).update_task({ task_id: a, status: 'on_hold' })
    await tasksOf(ann).update_task({ task_id: b, status: 'on_hold' })
    await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [a] } })
    await env.allCounted()
    const next = await loopsOf(ann).get_next_work({})
    expect(next).toMatchObject({ reason: 'all_blocked', counts: { blocked_tasks: 1 } })
    expect(await loopsOf(ann).claim_next_work({})).toMatchObject({ claims: [], reason: 'all_blocked' })
    expect((await loopsOf(ann).get_queue_stats({})).loops_with_work_ready).toBe(0)
    await tasksOf(ann).delete_task({ task_id: a })
    await env.allCounted()
    expect((await loopsOf(ann).get_next_work({})).tasks.map(({ id }) => id)).toEqual([waiting])
    expect((await loopsOf(ann).get_queue_stats({})).loops_with_work_ready).toBe(1)
  })
})

describe('what is refused', () => {
  test('a_cycle_an_edge_to_itself_and_the_fifty_first', async () => {
    const ann = await newOwner()
    const { a, b, c } = await approved(ann, 'a', 'b', 'c')
    await tasksOf(ann).update_task({ task_id: a, blocked_by: { add: [b] } })
    await tasksOf(ann).update_task({ task_id: b, blocked_by: { add: [c] } })
    const cycle = await refused(tasksOf(ann).update_task({ task_id: c, blocked_by: { add: [a] } }))
    expect(cycle.code).toBe('invalid_argument')
    expect(cycle.extras.details?.cycle).toEqual(
      [
        [c, 'c'],
        [a, 'a'],
        [b, 'b'],
        [c, 'c'],
      ].map(([id, title]) => ({ id, title })),
    )
    const itself = await refused(tasksOf(ann).update_task({ task_id: a, blocked_by: { add: [a] } }))
    expect(itself.code).toBe('invalid_argument')
    const many = await approved(ann, ...Array.from({ length: 50 }, (_, n) => `t${n}`))
    const { loop_id: _, ...fifty } = many
    const asked = { task_id: a, blocked_by: { add: Object.values(fifty) } }
    expect((await refused(tasksOf(ann).update_task(asked))).code).toBe('limit_exceeded')
    const fiftyOne = { task_id: a, blocked_by: { add: [...Object.values(fifty), c] } }
    expect((await refused(tasksOf(ann).update_task(fiftyOne))).code).toMatch(
      /invalid_argument|limit_exceeded/,
    )
    expect((await get(ann, a)).blocked_by?.tasks).toHaveLength(1)
  })

  test('what_the_caller_does_not_see_is_not_found_and_a_hidden_blocker_counts_without_a_name', async () => {
    const ann = await newOwner()
    const bob = person(ann.workspace_id, { scopes: ['loops:read', 'loops:write', 'loops:approve'] })
    const other = await newOwner()
    const { waiting } = await approved(ann, 'waiting')
    const { elsewhere } = await approved(other, 'elsewhere')
    const { loop } = await loopsOf(ann).create_loop({ name: 'Secret', visibility: 'private' })
    const secret = (await tasksOf(ann).create_task({ title: 'secret', loop_id: loop.id })).task.id
    const nothing = ids.next()
    for (const way of ['add', 'remove'] as const) {
      const [hidden, foreign, never] = await Promise.all(
        [secret, elsewhere, nothing].map(async (id) =>
          bytesOf(
            await refused(tasksOf(bob).update_task({ task_id: waiting, blocked_by: { [way]: [id] } })),
            id,
          ),
        ),
      )
      expect([hidden, foreign]).toEqual([never, never])
    }
    await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [secret] } })
    const seen = await get(bob, waiting)
    expect(seen.blocked_by).toEqual({ tasks: [], others: 1 })
    expect(seen.task.open_blockers).toBe(1)
    const refusal = await refused(tasksOf(bob).update_task({ task_id: waiting, status: 'in_progress' }))
    expect(JSON.stringify(refusal.extras) + refusal.message).not.toContain('secret')
    expect(refusal.message).toContain('1 more')
    const hidden = await refused(
      tasksOf(bob).update_task({ task_id: waiting, blocked_by: { remove: [secret] } }),
    )
    expect(hidden.code).toBe('not_found')
  })
})

describe('at the same time', () => {
  test('edges_both_ways_never_leave_a_cycle', async () => {
    const ann = await newOwner()
    const { a, b, c } = await approved(ann, 'a', 'b', 'c')
    const edges = [
      [a, b],
      [b, c],
      [c, a],
    ] as const
    for (let round = 0; round < 8; round += 1) {
      await Promise.allSettled(
        edges.map(([task_id, id]) => tasksOf(ann).update_task({ task_id, blocked_by: { add: [id] } })),
      )
      await allSynced(ann.workspace_id)
      const stored = await Promise.all(
        edges.map(async ([id]) => ((await get(ann, id)).blocked_by?.tasks.length ?? 0) > 0),
      )
      expect(stored.every(Boolean)).toBe(false)
      for (const [task_id, id] of edges)
        await tasksOf(ann).update_task({ task_id, blocked_by: { remove: [id] } })
    }
  })

  test('an_edge_added_while_its_blocker_ships_says_what_the_blocker_is', async () => {
    const ann = await newOwner()
    for (let round = 0; round < 10; round += 1) {
      const { blocker, waiting } = await approved(ann, 'blocker', 'waiting')
      await Promise.all([
        tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [blocker] } }),
        tasksOf(ann).update_task({ task_id: blocker, status: 'rejected' }),
      ])
      await allSynced(ann.workspace_id)
      expect(await openBlockers(ann, waiting)).toBe(0)
    }
  })

  test('an_old_mark_is_finished_by_a_sweeper', async () => {
    const ann = await newOwner()
    const { blocker, waiting } = await approved(ann, 'blocker', 'waiting')
    await tasksOf(ann).update_task({ task_id: waiting, blocked_by: { add: [blocker] } })
    await allSynced(ann.workspace_id)
    // As a process leaves it that died right after its write.
    const at = new Date(Date.now() - 60_000)
    await env.db.collection<TaskDoc>('tasks').updateOne(
      { _id: blocker },
      {
        $set: {
          status: 'rejected',
          pending_sync: { v: 9, at, by: { user_id: 'ann', name: 'Ann', client: 'x' } },
        },
        $inc: { v: 5 },
      },
    )
    await until(async () => (await openBlockers(ann, waiting)) === 0)
  })
})
