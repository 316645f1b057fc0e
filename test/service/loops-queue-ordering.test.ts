// set_loop_priority and reorder_loops over two instances of loops-queue: strict with a version, by intent without one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { type Loops, makeLoops, orderOf, peek } from '../support/loops.ts'
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

describe('set_loop_priority', () => {
  test('moved_and_the_others_close_up', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C', 'D'])
    const moved = await as(ann).set_loop_priority({ loop_id: loops.D.toLowerCase(), priority: 1 })
    expect(moved).toEqual({
      loop_id: loops.D,
      priority: 1,
      changed: true,
      version_before: 4,
      version: 5,
      order_head: [loops.A, loops.D, loops.B, loops.C],
    })
  })

  test('last_when_past_the_end', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C'])
    expect(await as(ann).set_loop_priority({ loop_id: loops.A, priority: 1_000 })).toMatchObject({
      priority: 2,
    })
    expect(await orderOf(as(ann), loops)).toBe('BCA')
  })

  test('nothing_changed_when_already_there', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B'])
    const still = await as(ann).set_loop_priority({ loop_id: loops.B, priority: 7 })
    expect(still).toMatchObject({ changed: false, priority: 1, version_before: 2, version: 2 })
    expect((await peek(as(ann))).version).toBe(2)
  })

  test('nothing_changed_at_an_old_version_when_already_there', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C'])
    await as(ann).set_loop_priority({ loop_id: loops.C, priority: 0 })
    const still = await as(ann).set_loop_priority({ loop_id: loops.A, priority: 1, expected_version: 3 })
    expect(still).toMatchObject({ changed: false, priority: 1, version_before: 4, version: 4 })
    const again = { loop_ids: [loops.C, loops.A], expected_version: 3 }
    expect(await as(ann).reorder_loops(again)).toMatchObject({ changed: false, version: 4 })
  })

  test('refused_when_stale_with_everything_needed_to_retry', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C'])
    await as(ann).set_loop_priority({ loop_id: loops.C, priority: 0, expected_version: 3 })
    const refusal = await refused(
      as(ann).set_loop_priority({ loop_id: loops.A, priority: 0, expected_version: 3 }),
    )
    expect(refusal.code).toBe('version_conflict')
    expect(refusal.extras.hint).toContain('expected_version 4')
    expect(refusal.extras.details).toMatchObject({
      expected: 3,
      current: 4,
      order_head: [loops.C, loops.A, loops.B],
      changed_since: [{ v: 4, change: 'moved', loop_ids: [loops.C], by: { user_id: ann.user_id } }],
    })
    expect(await orderOf(as(ann), loops)).toBe('CAB')
  })

  test('refused_for_loops_without_a_place', async () => {
    const ann = newMember()
    const { A } = await makeLoops(as(ann), ['A'])
    await as(ann).close_loop({ loop_id: A })
    const refusal = await refused(as(ann).set_loop_priority({ loop_id: A, priority: 0 }))
    expect(refusal).toMatchObject({ code: 'invalid_transition' })
    expect(refusal.extras.hint).toContain('reopen_loop')
    const unknown = await refused(as(ann).set_loop_priority({ loop_id: ids.next(), priority: 0 }))
    expect(unknown).toMatchObject({ code: 'not_found' })
  })

  test.each([-1, 1.5, '0', Number.MAX_SAFE_INTEGER + 1])('refused_for_the_priority %s', async (priority) => {
    const refusal = await refused(
      as(newMember()).set_loop_priority({ loop_id: ids.next(), priority: priority as number }),
    )
    expect(refusal.code).toBe('invalid_argument')
  })

  test('done_once_when_repeated_with_its_key', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C'])
    const ask = { loop_id: loops.C, priority: 0, idempotency_key: 'up' }
    const first = await as(ann).set_loop_priority(ask)
    await as(ann).set_loop_priority({ loop_id: loops.A, priority: 0 })
    expect(await as(ann).set_loop_priority(ask)).toEqual(first)
    expect(await orderOf(as(ann), loops)).toBe('ACB')
    const other = await refused(as(ann).set_loop_priority({ ...ask, priority: 1 }))
    expect(other.code).toBe('idempotency_conflict')
  })

  test('done_once_when_repeated_after_60_other_requests_with_keys', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B'])
    const ask = { loop_id: loops.B, priority: 0, idempotency_key: 'up' }
    const first = await as(ann).set_loop_priority(ask)
    for (let n = 0; n < 61; n += 1)
      await as(ann).set_loop_priority({ loop_id: loops.A, priority: n % 2, idempotency_key: `key ${n}` })
    expect(await as(ann).set_loop_priority(ask)).toEqual(first)
    expect(await orderOf(as(ann), loops)).toBe('AB')
  })

  test('remembered_by_its_key_even_when_nothing_had_to_change', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B'])
    const ask = { loop_id: loops.A, priority: 0, idempotency_key: 'stay' }
    expect(await as(ann).set_loop_priority(ask)).toMatchObject({ changed: false })
    await as(ann).set_loop_priority({ loop_id: loops.B, priority: 0 })
    expect(await as(ann).set_loop_priority(ask)).toMatchObject({ changed: false, version: 2 })
    expect(await orderOf(as(ann), loops)).toBe('BA')
  })
})

describe('reorder_loops', () => {
  test('given_loops_first_and_the_others_after_them_in_their_order', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C', 'D'])
    const done = await as(ann).reorder_loops({ loop_ids: [loops.D, loops.B] })
    expect(done).toEqual({
      changed: true,
      version_before: 4,
      version: 5,
      order_head: [loops.D, loops.B, loops.A, loops.C],
      total: 4,
    })
    expect(await as(ann).reorder_loops({ loop_ids: [loops.D] })).toMatchObject({ changed: false, version: 5 })
  })

  test('refused_with_every_bad_id_named_and_nothing_applied', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'H'])
    const { P } = await makeLoops(as(person(ann.workspace_id)), ['P'], 'private')
    await as(ann).close_loop({ loop_id: loops.H })
    const nothing = ids.next()
    const { version } = await peek(as(ann))
    const unknown = await refused(as(ann).reorder_loops({ loop_ids: [loops.B, nothing, P, loops.H] }))
    expect(unknown.code).toBe('not_found')
    expect(unknown.extras.details?.bad_ids).toEqual([
      { loop_id: nothing, reason: 'not_found' },
      { loop_id: P, reason: 'not_found' },
      { loop_id: loops.H, reason: 'on_hold' },
    ])
    const twice = await refused(as(ann).reorder_loops({ loop_ids: [loops.B, nothing, loops.B] }))
    expect(twice.code).toBe('invalid_argument')
    expect(twice.extras.details?.bad_ids).toEqual([
      { loop_id: loops.B, reason: 'duplicate' },
      { loop_id: nothing, reason: 'not_found' },
    ])
    const held = await refused(as(ann).reorder_loops({ loop_ids: [loops.H, loops.B] }))
    expect(held.code).toBe('invalid_argument')
    expect(await peek(as(ann))).toEqual({ version, head: [loops.A, loops.B] })
  })

  test('refused_when_stale_and_applied_to_the_newest_order_without_a_version', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C'])
    await as(ann).create_loop({ name: 'D' })
    const stale = await refused(
      as(ann).reorder_loops({ loop_ids: [loops.C, loops.B, loops.A], expected_version: 3 }),
    )
    expect(stale.code).toBe('version_conflict')
    const done = await as(ann).reorder_loops({ loop_ids: [loops.C, loops.B, loops.A] })
    expect(done).toMatchObject({ changed: true, version: 5, total: 4 })
  })

  test('all_intents_applied_when_many_reorder_at_once', async () => {
    const ann = newMember()
    const loops = await makeLoops(as(ann), ['A', 'B', 'C', 'D', 'E'])
    const answers = await Promise.all(
      Object.values(loops).flatMap((id) => [
        as(ann).reorder_loops({ loop_ids: [id] }),
        as(ann).set_loop_priority({ loop_id: id, priority: 4 }),
      ]),
    )
    const changed = answers.filter((answer) => answer.changed)
    const versions = changed.map(({ version }) => version).sort((a, b) => a - b)
    expect(versions).toEqual(changed.map((_, n) => 6 + n))
    expect([...(await orderOf(as(ann), loops))].sort().join('')).toBe('ABCDE')
  })
})
