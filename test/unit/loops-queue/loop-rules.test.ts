// The life of one loop, its members and how it is shown.
import { describe, expect, test } from 'vitest'
import {
  editTexts,
  formed,
  hold,
  LOOP_MEMBERS,
  type NewLoop,
  newLoop,
  owesReport,
  reopen,
  setMember,
  ship,
  shipReport,
} from '../../../services/loops-queue/loop-rules.ts'
import { viewLoop, viewRow } from '../../../services/loops-queue/loop-view.ts'
import type { TaskRow } from '../../../shared/contracts/tasks/shapes.ts'

const ann = { user_id: '01ARZ3NDEKTSV4RRFFQ69G5FAA', name: 'Ann', client: 'Agent' }
const bob = { user_id: '01ARZ3NDEKTSV4RRFFQ69G5FAB', name: 'Bob', client: 'web' }
const at = (seconds: number) => ({ by: ann, now: new Date(seconds * 1_000), key: `KEY${seconds}` })
const later = { by: bob, now: new Date(60_000), key: 'KEY60' }
const asked: NewLoop = {
  name: 'Search',
  description: 'Find things',
  ai_context: 'Be quick',
  visibility: 'public',
  member_ids: [],
}
const active = { ...newLoop('LOOP', 'WS', 'active', asked, at(1)), v: 3 }
const privately = (...member_ids: string[]) => ({
  ...newLoop('LOOP', 'WS', 'active', { ...asked, visibility: 'private', member_ids }, at(1)),
  v: 3,
})
const counts = { total: 2, open: 1, approved: 0, in_progress: 0, on_hold: 0, shipped: 1, rejected: 0 }
const summary = { counts, shipped: [], unfinished: [], unfinished_total: 0, author_ids: [] }

describe('a new loop', () => {
  test('is_seen_by_everybody_when_public', () => expect(active.readers).toEqual(['public']))
  test('is_seen_by_its_maker_and_the_named_when_private', () =>
    expect(privately(bob.user_id, ann.user_id, bob.user_id).readers).toEqual([ann.user_id, bob.user_id]))
  test('is_told_of_when_it_is_formed', () => {
    const forming = { ...newLoop('LOOP', 'WS', 'forming', asked, at(1)), v: 1 }
    const made = formed(forming, [{ task_id: 'T', moved_from: null }], at(2))
    expect(made.next).toMatchObject({ status: 'active', formed_from: [{ task_id: 'T', moved_from: null }] })
    expect(made.events).toEqual([
      {
        name: 'loop.created',
        data: {
          loop_id: 'LOOP',
          name: 'Search',
          visibility: 'public',
          status: 'active',
          version: 2,
          member_ids: null,
          by: ann,
        },
      },
    ])
  })
  test('names_in_every_event_who_sees_a_private_one', () => {
    const loop = privately(bob.user_id)
    const events = [hold(loop, later), reopen({ ...loop, status: 'on_hold' }, later)].flatMap(
      (made) => made?.events,
    )
    expect(events).toHaveLength(2)
    for (const event of events) expect(event?.data).toMatchObject({ member_ids: [ann.user_id, bob.user_id] })
  })
})

describe('a change of texts', () => {
  test('changes_what_is_given_and_names_what_changed', () => {
    const decision = editTexts(active, { name: 'Find', description: 'Find things', ai_context: '' }, later)
    expect(decision?.next).toEqual({ ...active, name: 'Find', ai_context: '', updated_at: later.now })
    expect(decision?.events).toMatchObject([
      { name: 'loop.updated', data: { name: 'Find', version: 4, changed: ['name', 'ai_context'], by: bob } },
    ])
  })
  test('keeps_the_texts_to_those_who_read_the_loop', () => {
    const texts = { description: 'Our plan', ai_context: 'Our way' }
    expect(JSON.stringify(editTexts(active, texts, later)?.events)).not.toContain('Our')
  })
  test('nothing_when_it_is_like_that', () => {
    expect(editTexts(active, {}, later)).toBeNull()
    expect(editTexts({ ...active, status: 'shipped' }, { name: active.name }, later)).toBeNull()
  })
  test('changed_on_hold_and_refused_when_shipped', () => {
    expect(editTexts({ ...active, status: 'on_hold' }, { name: 'Find' }, later)?.next.status).toBe('on_hold')
    expect(() => editTexts({ ...active, status: 'shipped' }, { name: 'Find' }, later)).toThrow(
      expect.objectContaining({ code: 'invalid_transition' }),
    )
  })
})

describe('a change of status', () => {
  test('held', () => {
    const decision = hold(active, later)
    expect(decision?.next).toMatchObject({ status: 'on_hold', status_key: 'KEY60', updated_at: later.now })
    expect(decision?.events).toMatchObject([
      { name: 'loop.held', data: { loop_id: 'LOOP', status: 'on_hold', version: 4, by: bob } },
    ])
  })
  test('nothing_when_held_already', () => expect(hold({ ...active, status: 'on_hold' }, later)).toBeNull())
  test('reopened', () => {
    const decision = reopen({ ...active, status: 'on_hold' }, later)
    expect(decision?.next).toMatchObject({ status: 'active', status_key: 'KEY60' })
    expect(decision?.events).toMatchObject([
      { name: 'loop.reopened', data: { status: 'active', version: 4 } },
    ])
  })
  test('nothing_when_active_already', () => expect(reopen(active, later)).toBeNull())
  test.each([hold, reopen])('refused_when_shipped', (change) => {
    const hint = expect.stringContaining('create_loop')
    const refusal = { code: 'invalid_transition', extras: expect.objectContaining({ hint }) }
    expect(() => change({ ...active, status: 'shipped' }, later)).toThrow(expect.objectContaining(refusal))
  })
})

describe('shipping', () => {
  const row = (n: number): TaskRow => ({
    id: `T${n}`,
    title: `Task ${n}`,
    status: 'open',
    priority: 'none',
    due_date: null,
    loop_id: 'LOOP',
    author: ann,
    approved_by: null,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
    version: 1,
  })
  test('shipped_from_active_and_from_hold', () => {
    for (const status of ['active', 'on_hold'] as const) {
      const decision = ship({ ...active, status }, later)
      expect(decision?.next).toMatchObject({ status: 'shipped', shipped_at: later.now, shipped_by: bob })
      expect(decision?.events).toEqual([])
    }
  })
  test('nothing_when_shipped_already', () => expect(ship({ ...active, status: 'shipped' }, later)).toBeNull())
  const shipped = (loop: Parameters<typeof ship>[0]) => {
    const next = { ...ship(loop, later)!.next, v: loop.v + 1 }
    if (!owesReport(next)) throw new Error('It owes its report.')
    return next
  }
  test('owes_its_report_until_that_is_published', () => {
    expect(owesReport(shipped(active))).toBe(true)
    expect(owesReport({ ...shipped(active), report_due: null })).toBe(false)
    expect(owesReport(active)).toBe(false)
  })
  test('told_with_the_first_twenty_unfinished_tasks_and_everybody_of_a_public_loop', () => {
    const unfinished = Array.from({ length: 30 }, (_, n) => row(n))
    const event = shipReport(shipped(active), { ...summary, unfinished, unfinished_total: 77 })
    expect(event).toMatchObject({
      name: 'loop.shipped',
      data: {
        description: 'Find things',
        shipped_at: '1970-01-01T00:01:00.000Z',
        member_ids: null,
        task_counts: counts,
        unfinished_total: 77,
      },
    })
    const told = event.data.unfinished_tasks
    expect(told).toHaveLength(20)
    expect(told[0]).toEqual({ task_id: 'T0', title: 'Task 0', status: 'open' })
  })
  test('told_with_everybody_who_took_part_each_once', () => {
    const carol = { ...ann, user_id: 'CAROL' }
    const author_ids = [carol.user_id, bob.user_id]
    const event = shipReport(shipped({ ...active, created_by: ann }), { ...summary, author_ids })
    expect(event.data).toMatchObject({ people_ids: [ann.user_id, bob.user_id, carol.user_id] })
  })
  test('told_to_the_members_of_a_private_loop', () =>
    expect(shipReport(shipped(privately(bob.user_id)), summary).data).toMatchObject({
      member_ids: [ann.user_id, bob.user_id],
    }))
})

describe('members', () => {
  test('added_and_told', () => {
    const decision = setMember(privately(), bob.user_id, true, later)
    expect(decision?.next.readers).toEqual([ann.user_id, bob.user_id])
    expect(decision?.events).toMatchObject([
      { name: 'loop.members_changed', data: { version: 4, member_ids: [ann.user_id, bob.user_id] } },
    ])
  })
  test('taken_out', () =>
    expect(setMember(privately(bob.user_id), ann.user_id, false, later)?.next.readers).toEqual([bob.user_id]))
  test('nothing_when_it_is_like_that', () => {
    expect(setMember(privately(), ann.user_id, true, later)).toBeNull()
    expect(setMember(privately(), bob.user_id, false, later)).toBeNull()
  })
  test('refused_for_a_public_loop', () =>
    expect(() => setMember(active, bob.user_id, true, later)).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    ))
  test('refused_beyond_the_limit', () => {
    const full = { ...privately(), readers: Array.from({ length: LOOP_MEMBERS }, (_, n) => `U${n}`) }
    expect(() => setMember(full, bob.user_id, true, later)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    )
    expect(setMember(full, 'U7', true, later)).toBeNull()
  })
})

describe('a view', () => {
  test('names_members_only_of_private_loops', () => {
    expect(viewLoop(active, 0).member_ids).toBeNull()
    expect(viewLoop(privately(), null).member_ids).toEqual([ann.user_id])
  })
  test('cuts_the_ai_context_of_a_row_between_characters_and_says_so', () => {
    const whole = { ...active, ai_context: '🦉'.repeat(300) }
    expect(viewRow(whole, 0, counts)).toMatchObject({
      ai_context: '🦉'.repeat(300),
      ai_context_truncated: false,
    })
    const longer = { ...active, ai_context: `${'🦉'.repeat(300)}x` }
    expect(viewRow(longer, 0, counts)).toMatchObject({
      ai_context: '🦉'.repeat(300),
      ai_context_truncated: true,
    })
  })
  test('keeps_our_own_fields_to_itself', () => {
    const own = ['readers', 'status_key', 'ws', '_id', 'v']
    expect(Object.keys(viewLoop(active, 0)).filter((key) => own.includes(key))).toEqual([])
    expect(Object.keys(viewRow(active, 0, counts)).filter((key) => own.includes(key))).toEqual([])
  })
})
