// The tasks of people who left a workspace or were deactivated go back, however often and late the event comes, and wherever
// the process is killed.
import { expect, test } from 'vitest'
import { stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { ids, openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

/** Publishes, as the gateway does, that a member may not work any more. */
const stop = async (
  env: TestEnvironment,
  name: 'person.left' | 'person.deactivated',
  { user_id, user_name, workspace_id }: Caller,
  now = clock.now(),
): Promise<void> => {
  const who = { user_id, workspace_id, name: user_name }
  const by = { user_id: ids.next(), name: 'Ann', client: 'Loops in the browser' }
  const data = name === 'person.left' ? { ...who, role: 'member', by } : { ...who, through: 'operator' }
  gateway.events[name].data.parse(data)
  const stamp = { service: 'gateway', workspace_id, entity_id: user_id, version: 7, now, nextId: ids.next }
  for (const { subject, event } of stampEvents([{ name, data }], stamp))
    await env.bus.js.publish(subject, JSON.stringify(event), { msgID: ids.next() })
}

/** Two people of a workspace, one of whom works on three tasks. */
const working = async (env: TestEnvironment) => {
  const bo = person(ids.next(), { user_name: 'Bo', role: 'owner' })
  const cy = person(bo.workspace_id, { user_name: 'Cy', role: 'owner' })
  const mine = env.as(tasks, bo)
  const { loop } = await env.as(loopsQueue, bo).create_loop({ name: 'Cake' })
  const task_ids: string[] = []
  for (const title of ['Bake', 'Ice', 'Eat'])
    task_ids.push((await mine.create_task({ title, loop_id: loop.id })).task.id)
  await mine.bulk_update_tasks({ task_ids, status: 'approved' })
  for (const task_id of task_ids) await mine.claim_task({ task_id })
  const statuses = () =>
    Promise.all(task_ids.map(async (task_id) => (await env.as(tasks, cy).get_task({ task_id })).task.status))
  return { bo, cy, task_ids, statuses }
}
const BACK = ['approved', 'approved', 'approved']

test.each(['person.left', 'person.deactivated'] as const)('go_back_with_%s', async (name) => {
  await using env = await openEnvironment()
  await Promise.all([env.start('tasks', 2), env.start('loops-queue')])
  const { bo, statuses } = await working(env)
  const elsewhere = await working(env)
  await stop(env, name, bo)
  await expect.poll(statuses).toEqual(BACK)
  expect(await elsewhere.statuses()).toEqual(['in_progress', 'in_progress', 'in_progress'])
})

test('go_back_unless_they_were_claimed_after_coming_back', async () => {
  await using env = await openEnvironment()
  await Promise.all([env.start('tasks'), env.start('loops-queue')])
  const { bo, cy, task_ids, statuses } = await working(env)
  const [first = ''] = task_ids
  await stop(env, 'person.deactivated', bo, new Date(clock.now().getTime() - 60_000))
  // Another member’s event, published after it: once that is handled, the late one was too.
  await env.as(tasks, cy).claim_task({ task_id: first, take_over: true })
  await stop(env, 'person.deactivated', cy)
  await expect.poll(statuses).toEqual(['approved', 'in_progress', 'in_progress'])
})

test('go_back_after_a_crash_between_two', async () => {
  await using env = await openEnvironment()
  const running = await env.start('tasks')
  await env.start('loops-queue')
  const { bo, statuses } = await working(env)
  await running[Symbol.asyncDispose]()
  const { died } = await env.startFaulty('tasks', 'release_held.released')
  await stop(env, 'person.deactivated', bo)
  expect(await died).toBe('SIGKILL')
  await env.start('tasks')
  await expect.poll(statuses, { timeout: 60_000 }).toEqual(BACK)
})
