// Claims over two instances of each service: one holder of each task, whatever is called how often and at once.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { ClaimedTask } from '../../shared/contracts/tasks/shapes.ts'
import {
  type AgentsEnvironment,
  agentOf,
  openAgentsEnvironment,
  worker,
} from '../support/agents-environment.ts'
import { refused } from '../support/service-environment.ts'
import { until } from '../support/tasks-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const newOwner = () => env.newOwner()
const tasksOf = (caller: Caller) => env.tasksOf(caller)
const loopsOf = (caller: Caller) => env.loopsOf(caller)

/** A loop with approved tasks, first in the order of work first. */
const approved = async (owner: Caller, count: number): Promise<{ loop_id: string; task_ids: string[] }> => {
  const { loop } = await loopsOf(owner).create_loop({ name: 'Loop' })
  const task_ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const { task } = await tasksOf(owner).create_task({
      title: `Task ${n}`,
      body: `Do ${n}`,
      loop_id: loop.id,
    })
    task_ids.push(task.id)
  }
  await tasksOf(owner).bulk_update_tasks({ task_ids, status: 'approved' })
  return { loop_id: loop.id, task_ids: task_ids.toSorted() }
}
const statusOf = async (caller: Caller, task_id: string) =>
  (await tasksOf(caller).get_task({ task_id })).task.status
/** As if the claims of a workspace had ended some time ago. */
const endClaims = (ws: string) =>
  env.db
    .collection<TaskDoc>('tasks')
    .updateMany(
      { ws, 'claim.until': { $type: 'date' } },
      { $set: { 'claim.until': new Date(Date.now() - 60_000) } },
    )
const first = <T>(items: readonly T[]): T => {
  const [item] = items
  if (item === undefined) throw new Error('there is none')
  return item
}

describe('one task, many agents', () => {
  test('of_eight_agents_that_set_it_to_in_progress_one_is_told_that_it_worked', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    const agents = Array.from({ length: 8 }, () => agentOf(ann))
    const outcomes = await Promise.all(
      agents.map((agent) =>
        tasksOf(agent)
          .update_task({ task_id, status: 'in_progress' })
          .then(
            () => 'done',
            (error: { code?: string }) => error.code,
          ),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(7)
  })

  test('the_holder_may_say_it_again_and_another_is_refused_in_every_verb', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    const [holder, other] = [worker(ann.workspace_id), worker(ann.workspace_id)]
    await tasksOf(holder).update_task({ task_id, status: 'in_progress' })
    expect((await tasksOf(holder).update_task({ task_id, status: 'in_progress' })).changed).toBe(false)
    const verbs: readonly (() => Promise<unknown>)[] = [
      ...(['in_progress', 'shipped', 'approved', 'on_hold', 'rejected', 'open'] as const).map(
        (status) => () => tasksOf(other).update_task({ task_id, status }),
      ),
      () => tasksOf(other).update_task({ task_id, loop_id: null }),
      () => tasksOf(other).delete_task({ task_id }),
      () => tasksOf(other).claim_task({ task_id }),
      () => tasksOf(other).claim_task({ task_id, take_over: true }),
      () => loopsOf(other).complete_task({ task_id }),
      () => loopsOf(other).create_loop_from_tasks({ loop_name: 'Theirs', task_ids }),
    ]
    for (const verb of verbs) expect((await refused(verb())).code).toBe('claimed')
    const { results } = await tasksOf(other).bulk_update_tasks({ task_ids, status: 'shipped' })
    expect(results[0]?.error?.code).toBe('claimed')
    // Words are open to all.
    await tasksOf(other).update_task({ task_id, priority: 'high' })
    await tasksOf(other).add_comment({ task_id, text: 'How far is it?' })
    expect(await statusOf(ann, task_id)).toBe('in_progress')
  })
})

describe('claim_next_work', () => {
  test('hands_each_task_to_one_agent_and_says_when_none_is_left', async () => {
    const ann = await newOwner()
    const { task_ids, loop_id } = await approved(ann, 6)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => loopsOf(agentOf(ann)).claim_next_work({})),
    )
    const claims = answers.flatMap((answer) => answer.claims)
    expect(claims.map(({ task }) => task.id).toSorted()).toEqual(task_ids)
    expect(new Set(claims.map(({ claim_id }) => claim_id)).size).toBe(6)
    for (const { claims: own, loop } of answers) if (own.length > 0) expect(loop?.id).toBe(loop_id)
    const empty = answers.filter((answer) => answer.claims.length === 0)
    expect(empty.map(({ reason }) => reason)).toEqual(['all_claimed', 'all_claimed'])
    expect(first(empty).retry_after_ms).toBeGreaterThan(0)
  })

  test('a_labelled_agent_that_forgot_gets_back_what_it_holds', async () => {
    const ann = await newOwner()
    await approved(ann, 3)
    const agent = agentOf(ann)
    const one = await loopsOf(agent).claim_next_work({ agent: 'one' })
    const again = await loopsOf(agent).claim_next_work({ agent: 'one' })
    expect(again.reason).toBe('at_capacity')
    expect(first(again.claims)).toMatchObject({
      task: { id: first(one.claims).task.id, body: 'Do 0' },
      claim_id: first(one.claims).claim_id,
    })
    const two = await loopsOf(agent).claim_next_work({ agent: 'two' })
    expect(first(two.claims).task.id).not.toBe(first(one.claims).task.id)
  })

  test('a_connection_without_labels_holds_five_and_never_one_twice', async () => {
    const ann = await newOwner()
    await approved(ann, 8)
    const agent = agentOf(ann)
    const answers = await Promise.all(Array.from({ length: 8 }, () => loopsOf(agent).claim_next_work({})))
    const taken = answers.filter(({ reason }) => reason === undefined).flatMap(({ claims }) => claims)
    expect(new Set(taken.map(({ task }) => task.id)).size).toBe(taken.length)
    expect(taken.length).toBeLessThanOrEqual(5)
    const held = await tasksOf(agent).renew_claims({})
    expect(held.claims.map(({ task_id }) => task_id).toSorted()).toEqual(
      taken.map(({ task }) => task.id).toSorted(),
    )
  })

  test('of_many_calls_at_once_under_one_label_all_get_the_one_task_that_it_may_hold', async () => {
    const ann = await newOwner()
    await approved(ann, 8)
    const agent = agentOf(ann)
    const claim = () => loopsOf(agent).claim_next_work({ agent: 'a' })
    const answers = await Promise.all(Array.from({ length: 6 }, claim))
    for (const { claims, reason } of answers) if (claims.length === 0) expect(reason).toBe('at_capacity')
    const { claims } = await claim()
    expect(claims).toHaveLength(1)
    expect(answers.some((answer) => answer.claims[0]?.task.id === claims[0]?.task.id)).toBe(true)
  })

  test('a_repeat_with_the_same_key_gives_the_same_claim', async () => {
    const ann = await newOwner()
    await approved(ann, 3)
    const agent = agentOf(ann)
    const ask = () => loopsOf(agent).claim_next_work({ idempotency_key: 'once' })
    const answers = await Promise.all([ask(), ask(), ask()])
    const claim_ids = new Set(answers.flatMap(({ claims }) => claims.map(({ claim_id }) => claim_id)))
    expect(claim_ids.size).toBe(1)
  })
})

describe('complete_task', () => {
  const claimOne = async (agent: Caller): Promise<ClaimedTask> =>
    first((await loopsOf(agent).claim_next_work({})).claims)

  test('ships_it_with_its_outcome_and_takes_the_next', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 2)
    const agent = agentOf(ann)
    const { task, claim_id } = await claimOne(agent)
    const done = await loopsOf(agent).complete_task({
      task_id: task.id,
      claim_id,
      outcome: 'Done and tested.',
      links: ['https://example.com/pull/1'],
      claim_next: true,
    })
    expect(done).toMatchObject({ changed: true, task: { status: 'shipped' } })
    expect(done.next?.claims.map((claim) => claim.task.id)).toEqual(task_ids.filter((id) => id !== task.id))
    const { comments } = await tasksOf(ann).get_task({ task_id: task.id })
    expect(comments.map(({ text }) => text)).toEqual(['Done and tested.\n- <https://example.com/pull/1>'])
    const again = await loopsOf(agent).complete_task({ task_id: task.id, claim_id, outcome: 'Done.' })
    expect(again.changed).toBe(false)
    expect((await tasksOf(ann).get_task({ task_id: task.id })).comments).toHaveLength(1)
  })

  test('refused_to_whoever_lost_the_claim', async () => {
    const ann = await newOwner()
    await approved(ann, 1)
    const [dead, next] = [agentOf(ann), agentOf(ann)]
    const lost = await claimOne(dead)
    await endClaims(ann.workspace_id)
    await until(async () => (await statusOf(ann, lost.task.id)) === 'approved')
    const live = await claimOne(next)
    expect(live).toMatchObject({ attempt: 2, fence: 2, task: { id: lost.task.id } })
    const asked = { task_id: lost.task.id, claim_id: lost.claim_id }
    expect((await refused(loopsOf(dead).complete_task(asked))).code).toBe('claim_lost')
    expect((await refused(loopsOf(dead).complete_task({ task_id: lost.task.id }))).code).toBe('claimed')
    const { claims } = await tasksOf(dead).renew_claims({ task_ids: [lost.task.id] })
    expect(first(claims)).toMatchObject({ held: false, error: { code: 'claim_lost' } })
    await loopsOf(next).complete_task({ task_id: live.task.id, claim_id: live.claim_id })
    expect(await statusOf(ann, live.task.id)).toBe('shipped')
    // It was done, but not by them: they must not believe that their outcome stands there.
    const late = { task_id: lost.task.id, outcome: 'Done, too.' }
    expect((await refused(loopsOf(dead).complete_task(late))).code).toBe('claim_lost')
  })
})

describe('claims that nobody renews', () => {
  test('the_third_in_a_row_puts_the_task_on_hold_with_a_comment', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    for (const status of ['approved', 'approved', 'on_hold']) {
      await loopsOf(agentOf(ann)).claim_next_work({})
      await endClaims(ann.workspace_id)
      await until(async () => (await statusOf(ann, task_id)) === status)
    }
    await until(async () => (await tasksOf(ann).get_task({ task_id })).comments.length === 1)
    const events = await env.events('tasks', ann.workspace_id, (told) =>
      told.some(({ type, data }) => type === 'task.claim_expired' && data.status === 'on_hold'),
    )
    const expired = events.filter(({ type }) => type === 'task.claim_expired')
    expect(expired.map(({ data }) => data.attempt)).toEqual([1, 2, 3])
  })

  test('a_renewal_that_came_first_wins', async () => {
    const ann = await newOwner()
    await approved(ann, 1)
    const agent = agentOf(ann)
    const { claims } = await loopsOf(agent).claim_next_work({ ttl_seconds: 300 })
    const { task } = first(claims)
    const soon = new Date(Date.now() + 1_000)
    await env.db.collection<TaskDoc>('tasks').updateOne({ _id: task.id }, { $set: { 'claim.until': soon } })
    const renewed = await tasksOf(agent).renew_claims({ progress: 'Half of it.' })
    expect(first(renewed.claims).held).toBe(true)
    const stored = await env.db.collection<TaskDoc>('tasks').findOne({ _id: task.id })
    expect(stored?.claim?.until?.getTime()).toBeGreaterThan(soon.getTime())
    expect(stored).toMatchObject({ v: task.version, claim: { progress: 'Half of it.' } })
  })

  test('whatever_its_holder_writes_to_the_task_renews_it_and_what_others_write_does_not', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    const agent = agentOf(ann)
    const soon = async (): Promise<number> => {
      const until = new Date(Date.now() + 60_000)
      const { matchedCount } = await env.db
        .collection<TaskDoc>('tasks')
        .updateOne({ _id: task_id }, { $set: { 'claim.until': until } })
      expect(matchedCount).toBe(1)
      return until.getTime()
    }
    const ends = async () =>
      (await env.db.collection<TaskDoc>('tasks').findOne({ _id: task_id }))?.claim?.until?.getTime()
    await tasksOf(agent).claim_task({ task_id })

    let end = await soon()
    await tasksOf(agent).update_task({ task_id, priority: 'high' })
    expect(await ends()).toBeGreaterThan(end)
    end = await soon()
    await tasksOf(agent).add_comment({ task_id, text: 'Half of it is done.' })
    expect(await ends()).toBeGreaterThan(end)
    end = await soon()
    await tasksOf(agentOf(ann)).update_task({ task_id, priority: 'low' })
    await tasksOf(agentOf(ann)).add_comment({ task_id, text: 'How far are you?' })
    expect(await ends()).toBe(end)
  })

  test('end_when_their_loop_ships_and_its_holder_is_told_to_stop', async () => {
    const ann = await newOwner()
    const { loop_id, task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    const agent = agentOf(ann)
    await tasksOf(agent).claim_task({ task_id })
    await loopsOf(ann).ship_loop({ loop_id })
    const { task } = await tasksOf(ann).get_task({ task_id })
    expect(task).toMatchObject({ status: 'in_progress' })
    expect(task.held_by).toBeUndefined()
    const { claims } = await tasksOf(agent).renew_claims({ task_ids: [task_id] })
    expect(claims).toMatchObject([
      { task_id, held: false, stop: 'loop_shipped', error: { code: 'claim_lost' } },
    ])
  })

  test('say_that_the_text_has_changed_since_the_work_began', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    const agent = agentOf(ann)
    await tasksOf(agent).claim_task({ task_id })
    expect((await tasksOf(agent).renew_claims({})).claims[0]?.stop).toBeUndefined()
    await tasksOf(ann).update_task({ task_id, body: 'Do something else.' })
    expect((await tasksOf(agent).renew_claims({})).claims).toMatchObject([
      { held: true, stop: 'task_changed' },
    ])
  })

  test('released_work_is_ready_for_the_next_with_what_was_found_out', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const agent = agentOf(ann)
    await loopsOf(agent).claim_next_work({})
    await tasksOf(agent).renew_claims({ progress: 'Found the cause.' })
    expect((await tasksOf(agent).release_claims({ note: 'It is the cache.' })).released).toEqual([
      { task_id: task_ids[0], ok: true },
    ])
    expect((await tasksOf(agent).release_claims({ task_ids })).released[0]?.ok).toBe(true)
    const next = await loopsOf(agentOf(ann)).claim_next_work({})
    expect(first(next.claims)).toMatchObject({ attempt: 1, last_progress: 'Found the cause.' })
    const { comments } = await tasksOf(ann).get_task({ task_id: first(task_ids) })
    expect(comments.map(({ text }) => text)).toEqual(['It is the cache.'])
  })

  test('taken_over_by_an_approver_with_a_comment', async () => {
    const ann = await newOwner()
    const { task_ids } = await approved(ann, 1)
    const task_id = first(task_ids)
    const holder = worker(ann.workspace_id)
    const held = await tasksOf(holder).claim_task({ task_id })
    expect((await refused(tasksOf(agentOf(ann)).claim_task({ task_id }))).code).toBe('claimed')
    const taken = await tasksOf(agentOf(ann)).claim_task({ task_id, take_over: true })
    expect(taken.claim.fence).toBe(held.claim.fence + 1)
    const asked = { task_id, claim_id: held.claim.claim_id }
    expect((await refused(loopsOf(holder).complete_task(asked))).code).toBe('claim_lost')
    await until(async () => (await tasksOf(ann).get_task({ task_id })).comments.length === 1)
  })
})
