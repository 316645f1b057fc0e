// What deliverers of events ask about tasks, and what is published when a claim is about to end; over two instances.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import {
  type AgentsEnvironment,
  agentOf,
  openAgentsEnvironment,
  worker,
} from '../support/agents-environment.ts'
import { person, refused } from '../support/service-environment.ts'
import { until } from '../support/tasks-environment.ts'

let env: AgentsEnvironment
beforeAll(async () => {
  env = await openAgentsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const MINUTE_MS = 60_000
const tasksOf = (caller: Caller) => env.tasksOf(caller)
const stored = () => env.db.collection<TaskDoc>('tasks')
const approvedIn = async (owner: Caller, visibility: 'public' | 'private' = 'public') => {
  const { loop } = await env.loopsOf(owner).create_loop({ name: 'Loop', visibility })
  const { task } = await tasksOf(owner).create_task({ title: 'Work', loop_id: loop.id, labels: ['ui'] })
  await tasksOf(owner).update_task({ task_id: task.id, status: 'approved' })
  return { task_id: task.id, loop_id: loop.id }
}
const seenBy = async (caller: Caller, task_ids: string[]) => {
  const { loop_ids } = await env.loopsOf(caller).list_private_loops({})
  return (await tasksOf(caller).list_seen_tasks({ task_ids, visible_private_loop_ids: loop_ids })).tasks
}
const endIn = (task_id: string, left_ms: number, term_ms: number) =>
  stored().updateOne(
    { _id: task_id },
    { $set: { 'claim.until': new Date(Date.now() + left_ms), 'claim.term_ms': term_ms } },
  )
const isWarning = ({ type }: CloudEvent): boolean => type === 'task.claim_warned'
const warningsOf = async (caller: Caller, task_id: string, count: number) => {
  const ofTask = (all: readonly CloudEvent[]) =>
    all.filter((event) => isWarning(event) && event.subject === task_id)
  return ofTask(await env.events('tasks', caller.workspace_id, (all) => ofTask(all).length >= count))
}

test('a_task_is_seen_by_whoever_sees_its_loop_with_what_it_is_now', async () => {
  const ann = await env.newOwner()
  const [open, hidden] = [await approvedIn(ann), await approvedIn(ann, 'private')]
  const ids = [open.task_id, hidden.task_id]
  const row = { title: 'Work', priority: 'none', labels: ['ui'], ready: true }
  expect(await seenBy(worker(ann.workspace_id), ids)).toEqual([
    { ...row, id: open.task_id, loop_id: open.loop_id },
  ])
  expect((await seenBy(ann, ids)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  expect(await seenBy(await env.newOwner(), ids)).toEqual([])
  await tasksOf(ann).delete_task({ task_id: open.task_id })
  expect(await seenBy(worker(ann.workspace_id), ids)).toEqual([])
  const asNobody = env.tasksOf(null).list_seen_tasks({ task_ids: ids, visible_private_loop_ids: null })
  expect((await refused(asNobody)).code).toBe('forbidden')
})

test('only_the_connection_that_holds_a_task_is_told_until_when', async () => {
  const ann = await env.newOwner()
  const { task_id } = await approvedIn(ann)
  const [holder, other] = [agentOf(ann), agentOf(ann)]
  const claimed = await tasksOf(holder).claim_task({ task_id, agent: 'red' })
  const [seen] = await seenBy(holder, [task_id])
  expect(seen).toMatchObject({
    ready: false,
    own_claim: { agent: 'red', expires_at: claimed.claim.expires_at },
  })
  for (const one of [other, ann, person(ann.workspace_id)])
    expect(await seenBy(one, [task_id])).toEqual([
      expect.not.objectContaining({ own_claim: expect.anything() }),
    ])
})

test('that_a_claim_ends_soon_is_published_once_and_once_more_for_its_next_end', async () => {
  const ann = await env.newOwner()
  const { task_id } = await approvedIn(ann)
  const holder = agentOf(ann)
  await tasksOf(holder).claim_task({ task_id, agent: 'red' })
  const before = await stored().findOne({ _id: task_id })
  await endIn(task_id, 4 * MINUTE_MS, 120 * MINUTE_MS)
  const [first] = await warningsOf(ann, task_id, 1)
  expect(first?.data).toMatchObject({ task_id, agent: 'red', private: false, status: 'in_progress' })
  expect(first?.sequence).toBe(before?.v)
  // The holder can still act under the version that it knows.
  const { task } = await tasksOf(holder).update_task({
    task_id,
    priority: 'high',
    ...(before ? { expected_version: before.v } : {}),
  })
  expect(task.version).toBe((before?.v ?? 0) + 1)
  await endIn(task_id, 3 * MINUTE_MS, 120 * MINUTE_MS)
  const both = await warningsOf(ann, task_id, 2)
  expect(new Set(both.map(({ data }) => data.expires_at)).size).toBe(2)
  // Both instances have swept for both ends by the time that a third is published.
  await endIn(task_id, 2 * MINUTE_MS, 120 * MINUTE_MS)
  expect(await warningsOf(ann, task_id, 3)).toHaveLength(3)
})

test('a_claim_with_a_short_term_is_not_said_to_end_before_a_renewal_would_be_written', async () => {
  const ann = await env.newOwner()
  const [early, due] = [await approvedIn(ann), await approvedIn(ann)]
  for (const { task_id } of [early, due]) await tasksOf(agentOf(ann)).claim_task({ task_id })
  await endIn(early.task_id, 4 * MINUTE_MS, 5 * MINUTE_MS)
  await endIn(due.task_id, MINUTE_MS, 5 * MINUTE_MS)
  await warningsOf(ann, due.task_id, 1)
  expect((await stored().findOne({ _id: early.task_id }))?.warned_until).toBeUndefined()
})

test('a_claim_that_ended_is_not_said_to_end_soon', async () => {
  const ann = await env.newOwner()
  const [gone, due] = [await approvedIn(ann), await approvedIn(ann)]
  const holder = agentOf(ann)
  for (const { task_id } of [gone, due]) await tasksOf(holder).claim_task({ task_id })
  await tasksOf(holder).release_claims({ task_ids: [gone.task_id] })
  await endIn(due.task_id, MINUTE_MS, 120 * MINUTE_MS)
  await warningsOf(ann, due.task_id, 1)
  await until(async () => (await stored().countDocuments({ 'outbox.0': { $exists: true } })) === 0)
  expect((await stored().findOne({ _id: gone.task_id }))?.warned_until).toBeUndefined()
})
