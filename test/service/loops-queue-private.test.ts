// Private loops: who sees them, how they are shared, and that they leave no trace for others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller, Operation } from '../../shared/contracts/define/contract.ts'
import { type AppError, toErrorBody } from '../../shared/contracts/define/errors.ts'
import { inputSchema } from '../../shared/contracts/define/json-schema.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { type Arguments, leastArgumentsFor } from '../support/from-schema.ts'
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
/** Another member of the same workspace. */
const newPrivateMaker = (caller: Caller): Caller => person(caller.workspace_id, { user_name: 'Bob' })

/** Operations on a named loop: they answer for a hidden loop as for an unknown one. */
const ON_A_LOOP: readonly (readonly [string, Operation])[] = Object.entries<Operation>(
  loopsQueue.operations,
).filter(
  ([, { input, errors }]) =>
    ('loop_id' in input.shape || 'loop_ids' in input.shape) && errors.includes('not_found'),
)
const argumentsOn = ({ input }: Operation, loop_id: string): Arguments => ({
  ...leastArgumentsFor(inputSchema(input), loop_id),
  ...('loop_id' in input.shape ? { loop_id } : { loop_ids: [loop_id] }),
})
/** Calls an operation by its name and returns the refusal. */
const refusalOf = (caller: Caller, name: string, input: Arguments): Promise<AppError> => {
  const operations: Readonly<Record<string, (input: never) => Promise<unknown>>> = as(caller)
  return refused(Promise.resolve(operations[name]?.(input as never)))
}

describe('private loops', () => {
  const setting = async () => {
    const ann = newMember()
    const bob = newPrivateMaker(ann)
    const owner = person(ann.workspace_id, { role: 'owner' })
    const open = await makeLoops(as(ann), ['A', 'B', 'C'])
    const { P } = await makeLoops(as(bob), ['P'], 'private')
    await as(bob).set_loop_priority({ loop_id: P, priority: 1 })
    return { ann, bob, owner, loops: { ...open, P } }
  }

  test('visible_to_their_members_and_the_owner_only', async () => {
    const { ann, bob, owner, loops } = await setting()
    expect(await orderOf(as(bob), loops)).toBe('APBC')
    expect(await orderOf(as(owner), loops)).toBe('APBC')
    expect(await orderOf(as(ann), loops)).toBe('ABC')
    expect(await as(bob).check_loop({ loop_id: loops.P })).toMatchObject({ loop: { visibility: 'private' } })
    expect(await as(owner).check_loop({ loop_id: loops.P })).toMatchObject({ loop: { id: loops.P } })
  })

  test('answered_to_others_word_for_word_like_an_unknown_id', async () => {
    const { ann, loops } = await setting()
    const admin = person(ann.workspace_id, { role: 'admin' })
    expect(ON_A_LOOP.length).toBeGreaterThanOrEqual(9)
    const unknown = ids.next()
    const bytes = (refusal: AppError, id: string) => JSON.stringify(toErrorBody(refusal)).replaceAll(id, 'ID')
    for (const caller of [ann, admin, newMember()])
      for (const [name, operation] of ON_A_LOOP) {
        const ask = async (loop_id: string): Promise<string> =>
          bytes(await refusalOf(caller, name, argumentsOn(operation, loop_id)), loop_id)
        const hidden = await ask(loops.P)
        expect(hidden, name).toBe(await ask(unknown))
        expect(hidden, name).toContain('not_found')
      }
  })

  test('keep_their_places_when_others_reorder', async () => {
    const { ann, bob, loops } = await setting()
    await as(ann).set_loop_priority({ loop_id: loops.C, priority: 0 })
    expect(await orderOf(as(ann), loops)).toBe('CAB')
    expect(await orderOf(as(bob), loops)).toBe('CPAB')
    await as(ann).reorder_loops({ loop_ids: [loops.B, loops.A] })
    expect(await orderOf(as(bob), loops)).toBe('BPAC')
  })

  test('not_named_in_the_explanation_of_a_conflict', async () => {
    const { ann, bob, loops } = await setting()
    const { version } = await peek(as(ann))
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

  test('listed_for_the_services_that_must_hide_their_contents', async () => {
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
    expect(await orderOf(as(ann), loops)).toBe('APBC')
    expect(await as(ann).list_loop_members({ loop_id: loops.P })).toMatchObject({
      member_ids: both,
      version: 2,
    })
    await as(ann).set_loop_member({ ...ask, member: false })
    expect(await orderOf(as(ann), loops)).toBe('ABC')
    const events = await env.events('loops-queue', ann.workspace_id, (published) =>
      published.some(({ type, sequence }) => type === 'loop.members_changed' && sequence === 3),
    )
    const changes = events.filter(({ type }) => type === 'loop.members_changed')
    expect(changes.map(({ data }) => data.member_ids)).toEqual([both, [bob.user_id]])
  })

  test('members_of_many_are_listed_to_those_who_see_them', async () => {
    const { ann, bob, owner, loops } = await setting()
    await as(bob).set_loop_member({ loop_id: loops.P, user_id: ann.user_id, member: true })
    const stranger = newMember()
    const { X } = await makeLoops(as(stranger), ['X'], 'private')
    const membersFor = async (caller: Caller, limit?: number) => {
      const loop_ids = [loops.P, loops.A, X, ids.next()]
      const listed = await as(caller).list_loops_members({ loop_ids, ...(limit ? { limit } : {}) })
      return new Map<string, object>(listed.loops.map(({ loop_id, ...members }) => [loop_id, members]))
    }
    const everybody: [string, object] = [loops.A, { member_ids: null }]
    const both = { member_ids: [bob.user_id, ann.user_id], members_total: 2 }
    for (const caller of [ann, bob, owner])
      expect(await membersFor(caller)).toEqual(new Map([everybody, [loops.P, both]]))
    expect((await membersFor(ann, 1)).get(loops.P)).toEqual({ member_ids: [bob.user_id], members_total: 2 })
    expect(await membersFor(person(ann.workspace_id))).toEqual(new Map([everybody]))
    const asNobody = as(null).list_loops_members({ loop_ids: [loops.A] })
    expect(await refused(asNobody)).toMatchObject({ code: 'forbidden' })
  })

  test('shared_by_the_owner_who_is_not_a_member', async () => {
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
