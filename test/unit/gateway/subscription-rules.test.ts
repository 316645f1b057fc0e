// What an event may have changed, and who is told.
import { describe, expect, test } from 'vitest'
import type { Named } from '../../../services/gateway/mcp/resources.ts'
import {
  afterEvent,
  EVERYTHING,
  NOTHING,
  type Pending,
  type Sight,
  urisToNotify,
} from '../../../services/gateway/mcp/subscription-rules.ts'
import type { Passed } from '../../../shared/events/watch.ts'

const subscribed = new Map<string, Named>([
  ['queue', { kind: 'queue' }],
  ['task T', { kind: 'task', id: 'T' }],
  ['task H', { kind: 'task', id: 'H' }],
  ['loop L', { kind: 'loop', id: 'L' }],
  ['loop P', { kind: 'loop', id: 'P' }],
])

/** Sees all but what is in the private loop P. */
const outsider: Sight = { ids: new Set(['T', 'L']), private_loop_ids: new Set(), private_key: 'none' }
/** Sees P too. */
const insider: Sight = {
  ids: new Set(['T', 'H', 'L', 'P']),
  private_loop_ids: new Set(['P']),
  private_key: 'P',
}

const after = (...passed: Passed[]): Pending =>
  passed.reduce<Pending>((pending, one) => afterEvent(pending, subscribed, one), NOTHING)
const told = (sight: Sight, ...passed: Passed[]) => urisToNotify(subscribed, after(...passed), sight, sight)

const task = (type: string, data: Record<string, unknown>): Passed => ({
  type: `task.${type}`,
  data: { private: false, loop_id: null, ...data },
})

describe('an event', () => {
  test.each<[string, Passed, string[], string[]]>([
    [
      'a new status',
      task('updated', { task_id: 'T', loop_id: 'L', changed: ['status'] }),
      ['queue', 'task T', 'loop L'],
      ['queue', 'task T', 'loop L'],
    ],
    [
      'a new title',
      task('updated', { task_id: 'T', loop_id: 'L', changed: ['title'] }),
      ['task T', 'loop L'],
      ['task T', 'loop L'],
    ],
    ['a task in no loop', task('created', { task_id: 'T' }), ['task T'], ['task T']],
    [
      'a hidden task',
      task('claimed', { task_id: 'H', loop_id: 'P', private: true }),
      [],
      ['queue', 'task H', 'loop P'],
    ],
    [
      'a comment on a hidden task',
      { type: 'comment.added', data: { task_id: 'H', loop_id: null, private: true } },
      [],
      ['task H'],
    ],
    [
      'a hidden loop',
      { type: 'loop.updated', data: { loop_id: 'P', visibility: 'private' } },
      [],
      ['queue', 'loop P'],
    ],
    [
      'a move of which only the end is named, and seen',
      task('updated', { task_id: 'T', loop_id: 'L', changed: ['loop_id'], loop_id_before: null }),
      ['queue', 'task T', 'loop L'],
      ['queue', 'task T', 'loop L', 'loop P'],
    ],
    [
      'a move between loops that neither sees',
      task('updated', {
        task_id: 'X',
        loop_id: 'Q',
        private: true,
        changed: ['loop_id'],
        loop_id_before: null,
      }),
      [],
      [],
    ],
    [
      'a move out of sight',
      task('updated', {
        task_id: 'X',
        loop_id: 'Q',
        private: true,
        changed: ['loop_id'],
        loop_id_before: 'L',
      }),
      ['queue', 'loop L'],
      ['queue', 'loop L'],
    ],
    ['the order', { type: 'queue.changed', data: { loop_ids: ['P'] } }, ['queue'], ['queue', 'loop P']],
    ['a gap', undefined, ['queue', 'task T', 'loop L'], ['queue', 'task T', 'task H', 'loop L', 'loop P']],
    ['a warning', task('claim_warned', { task_id: 'T', loop_id: 'L' }), [], []],
    [
      'a task that is free',
      task('unblocked', { task_id: 'T', loop_id: 'L' }),
      ['task T', 'loop L'],
      ['task T', 'loop L'],
    ],
    ['a person', { type: 'person.joined', data: { user_id: 'T' } }, [], []],
    ['another task', task('updated', { task_id: 'X', loop_id: null, changed: ['title'] }), [], []],
  ])('about_%s_is_told_to_those_who_see_it', (_, passed, outside, inside) => {
    expect(told(outsider, passed)).toEqual(outside)
    expect(told(insider, passed)).toEqual(inside)
  })

  test('that_changes_nothing_subscribed_to_leaves_what_is_pending_as_it_is', () => {
    const pending = after(task('updated', { task_id: 'T', changed: ['title'] }))
    expect(afterEvent(pending, subscribed, task('updated', { task_id: 'X', changed: ['title'] }))).toBe(
      pending,
    )
    expect(afterEvent(pending, subscribed, task('updated', { task_id: 'T', changed: ['body'] }))).toBe(
      pending,
    )
    expect(afterEvent(NOTHING, new Map(), task('created', { task_id: 'T' }))).toBe(NOTHING)
  })
})

test('what_vanishes_is_told_once_and_what_appears_is_told', () => {
  const members: Passed = { type: 'loop.members_changed', data: { loop_id: 'Q', visibility: 'private' } }
  const uris = ['queue', 'task H', 'loop P']
  expect(urisToNotify(subscribed, after(members), insider, outsider)).toEqual(uris)
  expect(urisToNotify(subscribed, after(members), outsider, insider)).toEqual(uris)
  expect(told(outsider, members)).toEqual([])
})

test('an_owner_sees_every_private_loop', () => {
  const owner: Sight = { ...insider, private_loop_ids: null }
  const hidden = task('created', { task_id: 'X', loop_id: 'Q', private: true })
  expect(told(owner, hidden)).toEqual(['queue'])
})

test('too_many_places_to_remember_count_as_a_gap', () => {
  const many = Array.from({ length: 201 }, (_, index) =>
    task('created', { task_id: 'X', loop_id: `P${index}`, private: true }),
  )
  expect(after(...many)).toEqual(EVERYTHING)
  expect(after(...many.slice(1))).not.toEqual(EVERYTHING)
})
