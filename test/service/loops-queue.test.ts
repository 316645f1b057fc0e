// The loops-queue service, two instances of it, by itself: making, holding, reopening and ordering loops, who sees
// them, and what is told. What needs the tasks service is in loops-queue-tasks.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CloudEvent } from '../../shared/cloud-event.ts'
import type { Caller } from '../../shared/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import { AppError, toErrorBody } from '../../shared/errors.ts'
import { replayed, type Told } from '../support/queue-model.ts'
import { type Acting, type Bed, ids, openBed, person } from '../support/service-bed.ts'

let bed: Bed
beforeAll(async () => {
  bed = await openBed()
  await bed.start('loops-queue', 2)
})
afterAll(() => bed[Symbol.asyncDispose]())

type Service = Acting<typeof loopsQueue>
const as = (caller: Caller | null): Service => bed.as(loopsQueue, caller)
const newMember = () => person(ids.next())

/** Makes loops of these names, one after the other; ids by name. */
const makeLoops = async <N extends string>(
  caller: Caller,
  names: readonly N[],
  visibility: 'public' | 'private' = 'public',
): Promise<Record<N, string>> => {
  const made = {} as Record<N, string>
  for (const name of names) made[name] = (await as(caller).create_loop({ name, visibility })).loop.id
  return made
}

/** The queue as the caller sees it, without a question to the tasks service: a refused change shows it. */
const peek = async (caller: Caller): Promise<{ version: number; head: string[] }> => {
  const never = { loop_id: ids.next(), priority: 0, expected_version: Number.MAX_SAFE_INTEGER }
  const refusal = await refused(as(caller).set_loop_priority(never))
  expect(refusal.code).toBe('version_conflict')
  return {
    version: Number(refusal.extras.details?.current),
    head: refusal.extras.details?.order_head as string[],
  }
}

/** The order that the caller sees, by names. */
const orderOf = async (caller: Caller, loops: Record<string, string>): Promise<string> => {
  const names = new Map(Object.entries(loops).map(([name, id]) => [id, name]))
  return (await peek(caller)).head.map((id) => names.get(id) ?? '?').join('')
}

/** The refusal that a call ends with. */
const refused = async (call: Promise<unknown>): Promise<AppError> => {
  const outcome = await call.then(
    (answer) => new Error(`it was not refused: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
  if (!(outcome instanceof AppError)) throw outcome
  return outcome
}

/** What was told of a workspace's order, version by version, up to a version. */
const toldUpTo = async (
  workspaceId: string,
  version: number,
): Promise<(Told & { version: number; by: unknown })[]> => {
  const of = (events: readonly CloudEvent[]) => events.filter(({ type }) => type === 'queue.changed')
  const events = await bed.events('loops-queue', workspaceId, (told) =>
    of(told).some(({ sequence }) => sequence === version),
  )
  return of(events)
    .map(({ data }) => loopsQueue.events['queue.changed'].data.parse(data))
    .sort((a, b) => a.version - b.version)
}

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

  test('told_once_with_its_place_in_the_order', async () => {
    const ann = newMember()
    const { loop } = await as(ann).create_loop({ name: 'Told' })
    const events = await bed.events('loops-queue', ann.workspace_id, (told) => told.length >= 2)
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

  test('made_once_when_repeated_with_its_key_also_at_the_same_moment', async () => {
    const ann = newMember()
    const ask = () => as(ann).create_loop({ name: 'Once', idempotency_key: 'k1' })
    const answers = await Promise.all(Array.from({ length: 8 }, ask))
    expect(new Set(answers.map(({ loop }) => loop.id)).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await ask()).toMatchObject({ replayed: true, queue_version: 1 })
    expect((await peek(ann)).head).toHaveLength(1)
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

describe('close_loop and reopen_loop', () => {
  test('held_and_back_at_its_old_place', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B', 'C', 'D'])
    const held = await as(ann).close_loop({ loop_id: loops.B })
    expect(held).toMatchObject({
      changed: true,
      queue_version: 5,
      loop: { status: 'on_hold', priority: null },
    })
    expect(await orderOf(ann, loops)).toBe('ACD')
    const back = await as(ann).reopen_loop({ loop_id: loops.B })
    expect(back).toMatchObject({ changed: true, queue_version: 6, loop: { status: 'active', priority: 1 } })
    expect(await orderOf(ann, loops)).toBe('ABCD')
  })

  test('nothing_changed_and_nothing_told_when_it_is_like_that_already', async () => {
    const ann = newMember()
    const { A } = await makeLoops(ann, ['A'])
    expect(await as(ann).reopen_loop({ loop_id: A })).toMatchObject({ changed: false, queue_version: 1 })
    await as(ann).close_loop({ loop_id: A })
    const again = await as(ann).close_loop({ loop_id: A, expected_version: 1 })
    expect(again).toMatchObject({ changed: false, queue_version: 2, loop: { version: 2 } })
    await as(ann).reopen_loop({ loop_id: A })
    const events = await bed.events('loops-queue', ann.workspace_id, (told) => told.length >= 6)
    expect(events.filter(({ type }) => type !== 'queue.changed').map(({ type }) => type)).toEqual([
      'loop.created',
      'loop.held',
      'loop.reopened',
    ])
  })

  test('refused_when_stale', async () => {
    const ann = newMember()
    const { A } = await makeLoops(ann, ['A'])
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

describe('set_loop_priority', () => {
  test('moved_and_the_others_close_up', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B', 'C', 'D'])
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
    const loops = await makeLoops(ann, ['A', 'B', 'C'])
    expect(await as(ann).set_loop_priority({ loop_id: loops.A, priority: 1_000 })).toMatchObject({
      priority: 2,
    })
    expect(await orderOf(ann, loops)).toBe('BCA')
  })

  test('nothing_changed_when_already_there', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B'])
    const still = await as(ann).set_loop_priority({ loop_id: loops.B, priority: 7 })
    expect(still).toMatchObject({ changed: false, priority: 1, version_before: 2, version: 2 })
    expect((await peek(ann)).version).toBe(2)
  })

  test('refused_when_stale_with_all_that_is_needed_to_try_again', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B', 'C'])
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
    expect(await orderOf(ann, loops)).toBe('CAB')
  })

  test('refused_for_loops_without_a_place', async () => {
    const ann = newMember()
    const { A } = await makeLoops(ann, ['A'])
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
    const loops = await makeLoops(ann, ['A', 'B', 'C'])
    const ask = { loop_id: loops.C, priority: 0, idempotency_key: 'up' }
    const first = await as(ann).set_loop_priority(ask)
    await as(ann).set_loop_priority({ loop_id: loops.A, priority: 0 })
    expect(await as(ann).set_loop_priority(ask)).toEqual(first)
    expect(await orderOf(ann, loops)).toBe('ACB')
    const other = await refused(as(ann).set_loop_priority({ ...ask, priority: 1 }))
    expect(other.code).toBe('idempotency_conflict')
  })

  test('remembered_by_its_key_also_when_nothing_had_to_change', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B'])
    const ask = { loop_id: loops.A, priority: 0, idempotency_key: 'stay' }
    expect(await as(ann).set_loop_priority(ask)).toMatchObject({ changed: false })
    await as(ann).set_loop_priority({ loop_id: loops.B, priority: 0 })
    expect(await as(ann).set_loop_priority(ask)).toMatchObject({ changed: false, version: 2 })
    expect(await orderOf(ann, loops)).toBe('BA')
  })
})

describe('reorder_loops', () => {
  test('given_ones_first_and_the_others_behind_in_their_order', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B', 'C', 'D'])
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
    const loops = await makeLoops(ann, ['A', 'B', 'H'])
    const { P } = await makeLoops(newPrivateMaker(ann), ['P'], 'private')
    await as(ann).close_loop({ loop_id: loops.H })
    const nothing = ids.next()
    const { version } = await peek(ann)
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
    expect(await peek(ann)).toEqual({ version, head: [loops.A, loops.B] })
  })

  test('refused_when_stale_and_applied_to_the_newest_order_without_a_version', async () => {
    const ann = newMember()
    const loops = await makeLoops(ann, ['A', 'B', 'C'])
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
    const loops = await makeLoops(ann, ['A', 'B', 'C', 'D', 'E'])
    const answers = await Promise.all(
      Object.values(loops).flatMap((id) => [
        as(ann).reorder_loops({ loop_ids: [id] }),
        as(ann).set_loop_priority({ loop_id: id, priority: 4 }),
      ]),
    )
    const changed = answers.filter((answer) => answer.changed)
    const versions = changed.map(({ version }) => version).sort((a, b) => a - b)
    expect(versions).toEqual(changed.map((_, n) => 6 + n))
    expect([...(await orderOf(ann, loops))].sort().join('')).toBe('ABCDE')
  })
})

/** Somebody else of the same workspace. */
const newPrivateMaker = (caller: Caller): Caller => person(caller.workspace_id, { user_name: 'Bob' })

describe('private loops', () => {
  const setting = async () => {
    const ann = newMember()
    const bob = newPrivateMaker(ann)
    const owner = person(ann.workspace_id, { role: 'owner' })
    const open = await makeLoops(ann, ['A', 'B', 'C'])
    const { P } = await makeLoops(bob, ['P'], 'private')
    await as(bob).set_loop_priority({ loop_id: P, priority: 1 })
    return { ann, bob, owner, loops: { ...open, P } }
  }

  test('seen_by_its_members_and_the_owner_only', async () => {
    const { ann, bob, owner, loops } = await setting()
    expect(await orderOf(bob, loops)).toBe('APBC')
    expect(await orderOf(owner, loops)).toBe('APBC')
    expect(await orderOf(ann, loops)).toBe('ABC')
    expect(await as(bob).check_loop({ loop_id: loops.P })).toMatchObject({ loop: { visibility: 'private' } })
    expect(await as(owner).check_loop({ loop_id: loops.P })).toMatchObject({ loop: { id: loops.P } })
  })

  test('not_found_for_others_in_the_very_words_of_an_unknown_id', async () => {
    const { ann, loops } = await setting()
    const admin = person(ann.workspace_id, { role: 'admin' })
    const commands: ((who: Service, loop_id: string) => Promise<unknown>)[] = [
      (who, loop_id) => who.close_loop({ loop_id }),
      (who, loop_id) => who.reopen_loop({ loop_id }),
      (who, loop_id) => who.ship_loop({ loop_id }),
      (who, loop_id) => who.get_loop({ loop_id }),
      (who, loop_id) => who.set_loop_priority({ loop_id, priority: 0 }),
      (who, loop_id) => who.reorder_loops({ loop_ids: [loop_id] }),
      (who, loop_id) => who.check_loop({ loop_id }),
      (who, loop_id) => who.list_loop_members({ loop_id }),
      (who, loop_id) => who.set_loop_member({ loop_id, user_id: ann.user_id, member: true }),
    ]
    const unknown = ids.next()
    const bytes = (refusal: AppError, id: string) => JSON.stringify(toErrorBody(refusal)).replaceAll(id, 'ID')
    for (const caller of [ann, admin, newMember()])
      for (const command of commands) {
        const hidden = bytes(await refused(command(as(caller), loops.P)), loops.P)
        expect(hidden).toBe(bytes(await refused(command(as(caller), unknown)), unknown))
        expect(hidden).toContain('not_found')
      }
  })

  test('keep_their_places_when_others_reorder', async () => {
    const { ann, bob, loops } = await setting()
    await as(ann).set_loop_priority({ loop_id: loops.C, priority: 0 })
    expect(await orderOf(ann, loops)).toBe('CAB')
    expect(await orderOf(bob, loops)).toBe('CPAB')
    await as(ann).reorder_loops({ loop_ids: [loops.B, loops.A] })
    expect(await orderOf(bob, loops)).toBe('BPAC')
  })

  test('unnamed_in_the_explanation_of_a_conflict', async () => {
    const { ann, bob, loops } = await setting()
    const { version } = await peek(ann)
    await as(bob).set_loop_priority({ loop_id: loops.P, priority: 3 })
    await as(bob).reorder_loops({ loop_ids: [loops.P, loops.B] })
    await as(bob).close_loop({ loop_id: loops.P })
    const stale = { loop_id: loops.A, priority: 0, expected_version: version }
    const forAnn = await refused(as(ann).set_loop_priority(stale))
    expect(JSON.stringify(forAnn.extras)).not.toContain(loops.P)
    expect(forAnn.extras.details?.changed_since).toMatchObject([{ change: 'reordered', loop_ids: [loops.B] }])
    const forBob = await refused(as(bob).set_loop_priority(stale))
    expect(forBob.extras.details?.changed_since).toMatchObject([
      { change: 'moved', loop_ids: [loops.P] },
      { change: 'reordered', loop_ids: [loops.P, loops.B] },
      { change: 'removed', loop_ids: [loops.P] },
    ])
  })

  test('listed_for_the_services_that_have_to_hide_what_is_in_them', async () => {
    const { ann, bob, owner, loops } = await setting()
    expect(await as(ann).list_private_loops({})).toEqual({ loop_ids: [] })
    expect(await as(bob).list_private_loops({})).toEqual({ loop_ids: [loops.P] })
    await as(bob).close_loop({ loop_id: loops.P })
    expect(await as(bob).list_private_loops({})).toEqual({ loop_ids: [loops.P] })
    expect(await as(owner).list_private_loops({})).toEqual({ loop_ids: null })
    expect(await refused(as(null).list_private_loops({}))).toMatchObject({ code: 'forbidden' })
  })

  test('shared_by_a_member_and_left_again', async () => {
    const { ann, bob, loops } = await setting()
    const ask = { loop_id: loops.P, user_id: ann.user_id }
    const both = [bob.user_id, ann.user_id]
    expect(await as(bob).set_loop_member({ ...ask, member: true })).toEqual({
      changed: true,
      member_ids: both,
    })
    expect(await as(bob).set_loop_member({ ...ask, member: true })).toEqual({
      changed: false,
      member_ids: both,
    })
    expect(await orderOf(ann, loops)).toBe('APBC')
    expect(await as(ann).list_loop_members({ loop_id: loops.P })).toMatchObject({
      member_ids: both,
      version: 2,
    })
    await as(ann).set_loop_member({ ...ask, member: false })
    expect(await orderOf(ann, loops)).toBe('ABC')
    const events = await bed.events('loops-queue', ann.workspace_id, (told) =>
      told.some(({ type, sequence }) => type === 'loop.members_changed' && sequence === 3),
    )
    const changes = events.filter(({ type }) => type === 'loop.members_changed')
    expect(changes.map(({ data }) => data.member_ids)).toEqual([both, [bob.user_id]])
  })

  test('shared_by_the_owner_who_is_no_member', async () => {
    const { ann, owner, bob, loops } = await setting()
    const done = await as(owner).set_loop_member({ loop_id: loops.P, user_id: ann.user_id, member: true })
    expect(done.member_ids).toEqual([bob.user_id, ann.user_id])
  })

  test('not_shared_by_a_viewer_and_public_ones_not_at_all', async () => {
    const { bob, loops } = await setting()
    const viewer = { ...bob, role: 'viewer' as const, scopes: ['loops:read' as const] }
    const add = { user_id: ids.next(), member: true }
    expect(await refused(as(viewer).set_loop_member({ ...add, loop_id: loops.P }))).toMatchObject({
      code: 'forbidden',
    })
    expect(await refused(as(bob).set_loop_member({ ...add, loop_id: loops.A }))).toMatchObject({
      code: 'invalid_argument',
    })
  })
})

describe('another workspace', () => {
  test('never_seen_or_touched', async () => {
    const ann = newMember()
    const stranger = person(ids.next(), { role: 'owner' })
    const loops = await makeLoops(ann, ['A'])
    expect(await refused(as(stranger).close_loop({ loop_id: loops.A }))).toMatchObject({ code: 'not_found' })
    expect(await peek(stranger)).toEqual({ version: 0, head: [] })
    const states = await as(null).get_loop_states({
      workspace_id: stranger.workspace_id,
      loop_ids: [loops.A],
    })
    expect(states.loops).toEqual([])
    const own = await as(null).get_loop_states({ workspace_id: ann.workspace_id, loop_ids: [loops.A] })
    expect(own.loops).toEqual([{ id: loops.A, status: 'active', visibility: 'public' }])
  })
})

test('every_version_is_told_by_exactly_one_event_that_replays_it', async () => {
  const ann = newMember()
  const loops = await makeLoops(ann, ['A', 'B', 'C', 'D'])
  await as(ann).close_loop({ loop_id: loops.B })
  await as(ann).set_loop_priority({ loop_id: loops.D, priority: 0 })
  await as(ann).reorder_loops({ loop_ids: [loops.C] })
  const last = await as(ann).reopen_loop({ loop_id: loops.B })
  const told = await toldUpTo(ann.workspace_id, last.queue_version)
  expect(told.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(told.map(({ change }) => change).slice(4)).toEqual(['removed', 'moved', 'reordered', 'added'])
  expect(told.reduce(replayed, [])).toEqual((await peek(ann)).head)
})
