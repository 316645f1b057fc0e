// The loops-queue service by itself, in two instances: creating, holding and reopening loops, and their events. What
// needs the tasks service is in loops-queue-tasks.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import {
  changesAmong,
  type Loops,
  makeLoops,
  orderOf,
  peek,
  publishedUpTo,
  versionsUpTo,
} from '../support/loops.ts'
import { replayed } from '../support/queue-model.ts'
import {
  ids,
  openEnvironment,
  person,
  refused,
  type TestEnvironment,
} from '../support/service-environment.ts'

let env: TestEnvironment
beforeAll(async () => {
  env = await openEnvironment()
  await env.start('loops-queue', 2)
})
afterAll(() => env[Symbol.asyncDispose]())

const as = (caller: Caller | null): Loops => env.as(loopsQueue, caller)
const newMember = () => person(ids.next())

describe('create_loop', () => {
  test('created_active_at_the_end_of_the_queue', async () => {
    const ann = newMember()
    const first = await as(ann).create_loop({ name: 'First' })
    const second = await as(ann).create_loop({
      name: 'Second 🦉',
      description: 'What',
      ai_context: 'How',
    })
    expect(first).toMatchObject({
      queue_version: 1,
      replayed: false,
      loop: { priority: 0, status: 'active' },
    })
    expect(second).toMatchObject({
      queue_version: 2,
      loop: {
        name: 'Second 🦉',
        description: 'What',
        ai_context: 'How',
        visibility: 'public',
        member_ids: null,
        priority: 1,
        version: 1,
        shipped_at: null,
        created_by: { user_id: ann.user_id, name: 'Ann', client: 'Test client' },
      },
    })
  })

  test('published_once_with_its_place_in_the_order', async () => {
    const ann = newMember()
    const { loop } = await as(ann).create_loop({ name: 'Published' })
    const events = await env.events('loops-queue', ann.workspace_id, (published) => published.length >= 2)
    expect(events.map(({ type }) => type).sort()).toEqual(['loop.created', 'queue.changed'])
    expect(events.find(({ type }) => type === 'loop.created')?.data).toMatchObject({
      loop_id: loop.id,
      visibility: 'public',
      version: 1,
    })
    expect(events.find(({ type }) => type === 'queue.changed')?.data).toEqual({
      workspace_id: ann.workspace_id,
      version: 1,
      change: 'added',
      loop_ids: [loop.id],
      position: 0,
      order: null,
      by: loop.created_by,
    })
  })

  test('created_once_when_repeated_with_its_key_even_at_the_same_moment', async () => {
    const ann = newMember()
    const ask = () => as(ann).create_loop({ name: 'Once', idempotency_key: 'k1' })
    const answers = await Promise.all(Array.from({ length: 8 }, ask))
    expect(new Set(answers.map(({ loop }) => loop.id)).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await ask()).toMatchObject({ replayed: true, queue_version: 1 })
    expect((await peek(as(ann))).head).toHaveLength(1)
  })

  test('refused_when_its_key_was_used_for_another', async () => {
    const ann = newMember()
    await as(ann).create_loop({ name: 'One', idempotency_key: 'k1' })
    const refusal = await refused(as(ann).create_loop({ name: 'Two', idempotency_key: 'k1' }))
    expect(refusal.code).toBe('idempotency_conflict')
    const bob = person(ann.workspace_id)
    expect(await as(bob).create_loop({ name: 'Two', idempotency_key: 'k1' })).toMatchObject({
      replayed: false,
    })
  })

  test('refused_when_a_public_loop_is_given_members', async () => {
    const ann = newMember()
    const refusal = await refused(as(ann).create_loop({ name: 'Open', member_ids: [ids.next()] }))
    expect(refusal.code).toBe('invalid_argument')
  })

  test.each([
    ['no name', { name: ' ' }],
    ['an operator', { name: { $ne: 1 } }],
    ['a NUL', { name: 'a\0b' }],
    ['half a surrogate pair', { name: 'a\ud800' }],
    ['an unknown parameter', { name: 'a', owner: 'me' }],
  ])('refused_with_%s', async (_, input) => {
    const refusal = await refused(as(newMember()).create_loop(input as never))
    expect(refusal.code).toBe('invalid_argument')
  })

  test('refused_over_a_limit_naming_field_limit_and_size', async () => {
    const refusal = await refused(as(newMember()).create_loop({ name: 'x'.repeat(201) }))
    expect(refusal).toMatchObject({ code: 'limit_exceeded' })
    expect(refusal.extras.details?.fields).toEqual([
      expect.objectContaining({ field: 'name', limit: 200, size: 201 }),
    ])
  })

  test('refused_to_a_viewer', async () => {
    const viewer = person(ids.next(), { role: 'viewer', scopes: ['loops:read'] })
    expect(await refused(as(viewer).create_loop({ name: 'No' }))).toMatchObject({ code: 'forbidden' })
  })
})

describe('update_loop', () => {
  test('changes_what_is_given_and_leaves_the_rest', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'], 'private')
    const texts = { name: 'B 🦉', ai_context: 'How' }
    expect(await as(ann).update_loop({ loop_id: A, ...texts })).toEqual({
      loop_id: A,
      changed: true,
      version: 2,
    })
    const { loop } = await as(ann).close_loop({ loop_id: A })
    expect(loop).toMatchObject({ ...texts, description: '', visibility: 'private', version: 3 })
    const events = await env.events('loops-queue', ann.workspace_id, (published) =>
      published.some(({ type }) => type === 'loop.held'),
    )
    expect(events.find(({ type }) => type === 'loop.updated')?.data).toMatchObject({
      loop_id: A,
      name: 'B 🦉',
      changed: ['name', 'ai_context'],
      member_ids: [ann.user_id],
      version: 2,
    })
  })

  test('changes_nothing_when_it_is_like_that_and_refuses_to_be_told_nothing', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'])
    const same = { loop_id: A, name: 'A', expected_version: 7 }
    expect(await as(ann).update_loop(same)).toEqual({ loop_id: A, changed: false, version: 1 })
    expect(await refused(as(ann).update_loop({ loop_id: A, expected_version: 1 }))).toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('takes_effect_once_when_repeated_with_its_key_and_conflicts_when_stale', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'])
    const first = { loop_id: A, name: 'B', idempotency_key: 'k' }
    const answer = await as(ann).update_loop(first)
    await as(ann).update_loop({ loop_id: A, name: 'C' })
    expect(await as(ann).update_loop(first)).toEqual(answer)
    const other = await refused(as(ann).update_loop({ ...first, name: 'D' }))
    expect(other).toMatchObject({ code: 'idempotency_conflict' })
    const stale = await refused(as(ann).update_loop({ loop_id: A, name: 'E', expected_version: 2 }))
    expect(stale).toMatchObject({ code: 'version_conflict' })
    expect((await as(ann).close_loop({ loop_id: A })).loop).toMatchObject({ name: 'C', version: 4 })
  })

  test('creates_the_loop_once_even_after_many_changes_with_keys', async () => {
    const ann = newMember()
    const create = { name: 'A', idempotency_key: 'created' }
    const loop_id = (await as(ann).create_loop(create)).loop.id
    for (let n = 0; n < 60; n += 1)
      await as(ann).update_loop({ loop_id, name: `A${n}`, idempotency_key: `k${n}` })
    expect(await as(ann).create_loop(create)).toMatchObject({ replayed: true, loop: { id: loop_id } })
    const first = { loop_id, name: 'A0', idempotency_key: 'k0' }
    expect(await as(ann).update_loop(first)).toEqual({ loop_id, changed: true, version: 2 })
  })

  test('refused_to_a_viewer', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'])
    const viewer = person(ann.workspace_id, { role: 'viewer', scopes: ['loops:read'] })
    expect(await refused(as(viewer).update_loop({ loop_id: A, name: 'B' }))).toMatchObject({
      code: 'forbidden',
    })
  })
})

describe('close_loop and reopen_loop', () => {
  test('held_and_reopened_at_its_old_place', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C', 'D'])
    const held = await as(ann).close_loop({ loop_id: loops.B })
    expect(held).toMatchObject({
      changed: true,
      queue_version: 5,
      loop: { status: 'on_hold', priority: null },
    })
    expect(await orderOf(as(ann), loops)).toBe('ACD')
    const back = await as(ann).reopen_loop({ loop_id: loops.B })
    expect(back).toMatchObject({ changed: true, queue_version: 6, loop: { status: 'active', priority: 1 } })
    expect(await orderOf(as(ann), loops)).toBe('ABCD')
  })

  test('nothing_changed_and_nothing_published_when_it_already_has_that_status', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'])
    expect(await as(ann).reopen_loop({ loop_id: A })).toMatchObject({ changed: false, queue_version: 1 })
    await as(ann).close_loop({ loop_id: A })
    const again = await as(ann).close_loop({ loop_id: A, expected_version: 1 })
    expect(again).toMatchObject({ changed: false, queue_version: 2, loop: { version: 2 } })
    await as(ann).reopen_loop({ loop_id: A })
    const events = await env.events('loops-queue', ann.workspace_id, (published) => published.length >= 6)
    expect(events.filter(({ type }) => type !== 'queue.changed').map(({ type }) => type)).toEqual([
      'loop.created',
      'loop.held',
      'loop.reopened',
    ])
  })

  test('refused_when_stale', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'])
    await as(ann).close_loop({ loop_id: A, expected_version: 1 })
    const refusal = await refused(as(ann).reopen_loop({ loop_id: A, expected_version: 1 }))
    expect(refusal).toMatchObject({ code: 'version_conflict' })
    expect(refusal.extras.details).toMatchObject({ expected: 1, current: 2 })
  })

  test('refused_for_an_unknown_loop', async () => {
    for (const command of ['close_loop', 'reopen_loop', 'ship_loop'] as const)
      expect(await refused(as(newMember())[command]({ loop_id: ids.next() }))).toMatchObject({
        code: 'not_found',
      })
  })
})

describe('another workspace', () => {
  test('never_seen_or_touched', async () => {
    const ann = newMember()
    const stranger = person(ids.next(), { role: 'owner' })
    const loops = await makeLoops(as(ann), ['A'])
    expect(await refused(as(stranger).close_loop({ loop_id: loops.A }))).toMatchObject({ code: 'not_found' })
    expect(await peek(as(stranger))).toEqual({ version: 0, head: [] })
    const states = await as(null).get_loop_states({
      workspace_id: stranger.workspace_id,
      loop_ids: [loops.A],
    })
    expect(states.loops).toEqual([])
    const own = await as(null).get_loop_states({ workspace_id: ann.workspace_id, loop_ids: [loops.A] })
    expect(own.loops).toEqual([{ id: loops.A, status: 'active', visibility: 'public' }])
  })
})

test('every_version_has_exactly_one_event_that_replays_it', async () => {
  const ann = newMember()
  const loops = await makeLoops(as(ann), ['A', 'B', 'C', 'D'])
  await as(ann).close_loop({ loop_id: loops.B })
  await as(ann).set_loop_priority({ loop_id: loops.D, priority: 0 })
  await as(ann).reorder_loops({ loop_ids: [loops.C] })
  const last = await as(ann).reopen_loop({ loop_id: loops.B })
  const published = changesAmong(await publishedUpTo(env, ann.workspace_id, last.queue_version))
  expect(published.map(({ version }) => version)).toEqual(versionsUpTo(8))
  expect(published.map(({ change }) => change).slice(4)).toEqual(['removed', 'moved', 'reordered', 'added'])
  expect(published.reduce(replayed, [])).toEqual((await peek(as(ann))).head)
})
