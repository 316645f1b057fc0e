// People who left a workspace are removed from its private loops. That holds however often and late the event comes, and
// wherever the process is killed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OutboxEvent, stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { DEAD_LETTERS, type DeadLetter, openDeadLetters } from '../../shared/events/dead-letter-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Loops, makeLoops } from '../support/loops.ts'
import { ids, openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

/** The event of a removed member. */
const leaving = ({ user_id, user_name, workspace_id }: Caller, at = clock.now()): OutboxEvent => {
  const by = { user_id: ids.next(), name: 'Ann', client: 'Loops in the browser' }
  const data = { user_id, workspace_id, name: user_name, role: 'member', by }
  gateway.events['person.left'].data.parse(data)
  const [published] = stampEvents([{ name: 'person.left', data }], {
    service: 'gateway',
    workspace_id,
    entity_id: user_id,
    version: 7,
    now: at,
    nextId: ids.next,
  })
  if (!published) throw new Error('There is no event.')
  return published
}
/** Publishes, as the gateway does, that a member was removed. */
const leave = async (env: TestEnvironment, caller: Caller, at = clock.now()): Promise<OutboxEvent> => {
  const published = leaving(caller, at)
  await publishEvent(env, published)
  return published
}
/** Each call adds it to the stream: an id of its own avoids the duplicate window. */
const publishEvent = async (env: TestEnvironment, { subject, event }: OutboxEvent): Promise<void> => {
  await env.bus.js.publish(subject, JSON.stringify(event), { msgID: ids.next() })
}
const membersOf = async (owner: Loops, loop_id: string) =>
  (await owner.list_loop_members({ loop_id })).member_ids

describe('somebody who left', () => {
  let env: TestEnvironment
  beforeAll(async () => {
    env = await openEnvironment()
    await Promise.all([env.start('loops-queue', 2), env.start('tasks')])
  })
  afterAll(() => env[Symbol.asyncDispose]())

  const setting = async () => {
    const bo = person(ids.next(), { user_name: 'Bo' })
    const cy = person(bo.workspace_id, { user_name: 'Cy' })
    const owner = env.as(loopsQueue, person(bo.workspace_id, { role: 'owner' }))
    const service = env.as(loopsQueue, bo)
    const { A, B, C } = await makeLoops(service, ['A', 'B', 'C'], 'private')
    const { P } = await makeLoops(service, ['P'])
    await service.set_loop_member({ loop_id: A, user_id: cy.user_id, member: true })
    await service.close_loop({ loop_id: B })
    await service.ship_loop({ loop_id: C })
    return { bo, cy, owner, loops: { A, B, C, P } }
  }

  test('is_removed_from_every_private_loop_of_that_workspace_whatever_its_status', async () => {
    const { bo, cy, owner, loops } = await setting()
    const elsewhere = { ...bo, workspace_id: ids.next() }
    const { Z } = await makeLoops(env.as(loopsQueue, elsewhere), ['Z'], 'private')
    await leave(env, bo)
    const members = () => Promise.all([loops.A, loops.B, loops.C].map((id) => membersOf(owner, id)))
    await expect.poll(members).toEqual([[cy.user_id], [], []])
    expect(await env.as(loopsQueue, bo).list_private_loops({})).toEqual({ loop_ids: [] })
    expect(await membersOf(env.as(loopsQueue, elsewhere), Z)).toEqual([bo.user_id])
    expect(await membersOf(owner, loops.P)).toBeNull()
    const events = await env.events(
      'loops-queue',
      bo.workspace_id,
      (published) => published.filter(({ type }) => type === 'loop.members_changed').length >= 4,
    )
    const last = events.findLast(
      ({ type, data }) => type === 'loop.members_changed' && data.loop_id === loops.A,
    )
    expect(last?.data).toMatchObject({ member_ids: [cy.user_id], by: { name: 'Ann' } })
  })

  test('stays_in_loops_they_were_added_to_after_coming_back_when_the_event_is_late', async () => {
    const { bo, cy, owner, loops } = await setting()
    const left_at = clock.now()
    await owner.set_loop_member({ loop_id: loops.A, user_id: bo.user_id, member: false })
    await owner.set_loop_member({ loop_id: loops.A, user_id: bo.user_id, member: true })
    await leave(env, bo, left_at)
    await expect.poll(() => membersOf(owner, loops.B)).toEqual([])
    expect(await membersOf(owner, loops.A)).toEqual([cy.user_id, bo.user_id])
  })

  test('stays_in_loops_they_were_added_to_after_coming_back_when_the_event_is_repeated', async () => {
    const { bo, cy, owner, loops } = await setting()
    const published = await leave(env, bo)
    await expect.poll(() => membersOf(owner, loops.A)).toEqual([cy.user_id])
    await owner.set_loop_member({ loop_id: loops.A, user_id: bo.user_id, member: true })
    await publishEvent(env, published)
    // Another member’s departure, published after it: once that is handled, the repeat was too.
    await leave(env, cy)
    await expect.poll(() => membersOf(owner, loops.A)).toEqual([bo.user_id])
  })
})

test('removed_from_every_loop_after_a_crash_between_two', async () => {
  await using env = await openEnvironment()
  const running = await env.start('loops-queue')
  const bo = person(ids.next(), { user_name: 'Bo' })
  const owner = env.as(loopsQueue, person(bo.workspace_id, { role: 'owner' }))
  const loops = await makeLoops(env.as(loopsQueue, bo), ['A', 'B', 'C'], 'private')
  await running[Symbol.asyncDispose]()
  const { died } = await env.startFaulty('loops-queue', 'person_left.taken_out')
  await leave(env, bo)
  expect(await died).toBe('SIGKILL')
  await env.start('loops-queue')
  const members = () => Promise.all(Object.values(loops).map((id) => membersOf(owner, id)))
  await expect.poll(members, { timeout: 60_000 }).toEqual([[], [], []])
})

test('removed_by_another_replica_when_the_one_that_redrives_the_event_is_killed', async () => {
  await using env = await openEnvironment({ LEASE_MS: '2000' })
  const running = await env.start('loops-queue')
  const bo = person(ids.next(), { user_name: 'Bo' })
  const owner = env.as(loopsQueue, person(bo.workspace_id, { role: 'owner' }))
  const loops = await makeLoops(env.as(loopsQueue, bo), ['A', 'B', 'C'], 'private')
  await running[Symbol.asyncDispose]()
  const { died } = await env.startFaulty('loops-queue', 'person_left.taken_out')
  const log = createLog({ filter: 'error', topic: 'test' })
  await using mongo = await connectMongo(env.mongodbUrl, log)
  const db = mongo.database('loops-queue')
  const { put } = await openDeadLetters(db, { clock: await openDatabaseClock(db, clock), ids })
  const { id: event_id, subject, event } = leaving(bo)
  const row = { durable: 'loops-queue', subject, stream_seq: 1, event_id, deliveries: 8 }
  await put({ ...row, payload: JSON.stringify(event), reason: 'a test' }, true)
  expect(await died).toBe('SIGKILL')
  await env.start('loops-queue')
  const members = () => Promise.all(Object.values(loops).map((loop) => membersOf(owner, loop)))
  await expect.poll(members, { timeout: 60_000 }).toEqual([[], [], []])
  const deadLetters = db.collection<DeadLetter>(DEAD_LETTERS)
  await expect.poll(() => deadLetters.findOne({})).toHaveProperty('redriven_at')
  expect(await deadLetters.findOne({})).toMatchObject({ redrives: 2, fence: 2 })
})
