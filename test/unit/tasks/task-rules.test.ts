// What can be done with a task, decided without a database.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createTask,
  type Decision,
  deleteTask,
  editTask,
  rankOf,
  type TaskState,
  type Versioned,
} from '../../../services/tasks/task-rules.ts'
import {
  type Location,
  locationIn,
  NOWHERE,
  openLocationIn,
} from '../../../services/tasks/visibility-rules.ts'
import { PRIORITIES } from '../../../shared/contracts/define/common.ts'
import type { PlainEvent } from '../../../shared/contracts/define/contract.ts'
import { tasks } from '../../../shared/contracts/tasks/contract.ts'

const WS = '01JTESTW0RKSPACE0000000000'
const ID = '01JTESTTASK000000000000000'
const LOOP = '01JTEST100P000000000000000'
const OPEN = locationIn({ id: LOOP, visibility: 'public' })
const SECRET = locationIn({ id: '01JTESTSECRET0000000000000', visibility: 'private' })
const OTHER = locationIn({ id: '01JTEST0THER00000000000000', visibility: 'private' })
const ann = { user_id: '01JTESTPERS0N0000000000000', name: 'Ann', client: 'Agent' }
const editor = { actor: ann, may_approve: true }
const born = new Date('2026-01-02T03:04:05Z')
const later = new Date('2026-02-03T04:05:06Z')

const fresh = (given: Partial<Parameters<typeof createTask>[0]> = {}): Versioned => {
  const { next } = createTask({
    id: ID,
    ws: WS,
    title: 'Title',
    body: 'Body',
    priority: 'none',
    due_date: null,
    location: NOWHERE,
    by: ann,
    now: born,
    ...given,
  })
  return { ...next, v: 7 }
}
/** A decision that has one event. */
const one = <T>({ next, events }: Decision<T>): { next: T; event: PlainEvent } => {
  expect(events).toHaveLength(1)
  return { next, event: events[0]! }
}
const dataOf = (name: keyof typeof tasks.events, event: { data: unknown }) =>
  tasks.events[name].data.strict().parse(event.data)

describe('createTask', () => {
  test('created_open_and_unapproved', () => {
    const { next, event } = one(
      createTask({
        id: ID,
        ws: WS,
        title: 'T',
        body: '',
        priority: 'high',
        due_date: '2026-05-06',
        location: NOWHERE,
        by: ann,
        now: born,
      }),
    )
    expect(next).toMatchObject({
      status: 'open',
      approved_by: null,
      author: ann,
      created_at: born,
      updated_at: born,
    })
    expect(event.name).toBe('task.created')
    expect(dataOf('task.created', event)).toMatchObject({ task_id: ID, version: 1, by: ann, private: false })
  })

  test('private_when_its_loop_is', () => {
    const location = locationIn({ id: LOOP, visibility: 'private' })
    expect(fresh({ location })).toMatchObject({ loop_id: LOOP, acl: LOOP })
    expect(fresh({ location: locationIn({ id: LOOP, visibility: 'public' }) })).toMatchObject({
      loop_id: LOOP,
      acl: 'public',
    })
  })
})

describe('openLocationIn', () => {
  const loop = { id: LOOP, name: 'L', visibility: 'public' } as const
  test('allowed_while_active_or_on_hold', () => {
    for (const status of ['active', 'on_hold'] as const)
      expect(openLocationIn({ ...loop, status })).toEqual({ loop_id: LOOP, acl: 'public' })
  })
  test('refused_once_shipped', () => {
    expect(() => openLocationIn({ ...loop, status: 'shipped' })).toThrow(
      expect.objectContaining({ code: 'invalid_transition' }),
    )
  })
})

describe('editTask', () => {
  test('changes_what_is_given_and_leaves_the_rest', () => {
    const before = fresh({ due_date: '2026-05-06' })
    const { next, event } = one(editTask(before, { title: 'New' }, editor, later)!)
    expect(next).toEqual({ ...before, title: 'New', text_rev: 2, updated_at: later })
    expect(event.name).toBe('task.updated')
    expect(dataOf('task.updated', event)).toMatchObject({
      version: 8,
      changed: ['title'],
      status_before: 'open',
      loop_id_before: null,
    })
  })

  test('null_clears_the_due_date_and_absence_keeps_it', () => {
    const before = fresh({ due_date: '2026-05-06' })
    expect(editTask(before, { due_date: null }, editor, later)?.next.due_date).toBeNull()
    expect(editTask(before, { due_date: undefined }, editor, later)).toBeNull()
  })

  test('unchanged_when_it_is_like_that_already', () => {
    const before = fresh({ location: locationIn({ id: LOOP, visibility: 'private' }) })
    const { title, body, status, priority, due_date, loop_id, acl } = before
    const same = { title, body, status, priority, due_date, location: { loop_id, acl } }
    expect(editTask(before, same, { actor: ann, may_approve: false }, later)).toBeNull()
  })

  test('moved_with_its_visibility', () => {
    const before = fresh({ location: SECRET })
    expect(editTask(before, { location: NOWHERE }, editor, later)?.next).toMatchObject({
      loop_id: null,
      acl: 'public',
      shelves: ['unassigned'],
    })
  })

  test.each<[string, Location, Location, string | null]>([
    ['a_public_loop_to_those_who_see_the_next', OPEN, NOWHERE, LOOP],
    ['a_public_loop_to_members_of_a_private_one', OPEN, SECRET, LOOP],
    ['no_private_loop_to_everybody', SECRET, OPEN, null],
    ['no_private_loop_when_the_task_is_in_no_loop_any_more', SECRET, NOWHERE, null],
    ['no_private_loop_to_members_of_another', SECRET, OTHER, null],
    ['a_private_loop_that_the_task_stays_in', SECRET, SECRET, SECRET.loop_id],
  ])('names_as_the_loop_before %s', (_, from, to, named) => {
    const before = fresh({ location: from })
    const { events } = editTask(before, { location: to, title: 'New' }, editor, later)!
    expect(dataOf('task.updated', events[0]!)).toMatchObject({ loop_id: to.loop_id, loop_id_before: named })
    const gone = from === to ? [] : [from.loop_id, from.acl]
    if (named === null) for (const secret of gone) expect(JSON.stringify(events)).not.toContain(secret)
  })

  test.each<[string, Location, Location, boolean]>([
    ['into_a_private_loop_from_none', NOWHERE, SECRET, true],
    ['into_a_private_loop_from_a_public_one', OPEN, SECRET, true],
    ['out_of_a_private_loop', SECRET, OPEN, false],
    ['from_one_private_loop_to_another', SECRET, OTHER, false],
    ['from_no_loop_to_a_public_one', NOWHERE, OPEN, false],
  ])('says_that_it_is_hidden_when_moved %s: %#', (_, from, to, hidden) => {
    const { events } = editTask(fresh({ location: from }), { location: to }, editor, later)!
    const published = events.filter(({ name }) => name === 'task.hidden')
    expect(published.map((event) => dataOf('task.hidden', event))).toEqual(
      hidden ? [{ task_id: ID, version: 8 }] : [],
    )
  })

  test('nothing_is_changed_when_the_status_is_refused', () => {
    expect(() =>
      editTask(fresh(), { title: 'New', status: 'shipped' }, { actor: ann, may_approve: false }, later),
    ).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })
})

describe('deleteTask', () => {
  test('leaves_no_text_and_is_on_no_list', () => {
    const created = { key: 'k', hash: 'h', at: born, result: { task: { title: 'Secret' } } }
    const before = { ...fresh({ title: 'Secret', body: 'Secret' }), created }
    const { next, event } = one(deleteTask(before, ann, later))
    expect(JSON.stringify(next)).not.toContain('Secret')
    expect(next).toMatchObject({
      shelves: [],
      loop_id: null,
      deleted_at: later,
      created: { key: 'k', hash: 'h' },
    })
    expect(dataOf('task.deleted', event)).toMatchObject({ version: 8, title: 'Secret' })
  })
})

describe('rankOf', () => {
  const date = fc
    .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10))
  const task = fc.record({
    _id: fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
    priority: fc.constantFrom(...PRIORITIES),
    due_date: fc.option(date),
  })
  type Ranked = Pick<TaskState, '_id' | 'priority' | 'due_date'>
  const order = (a: Ranked, b: Ranked): number => {
    const priority = PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority)
    if (priority !== 0) return priority
    if (a.due_date !== b.due_date) {
      if (a.due_date === null) return 1
      if (b.due_date === null) return -1
      return a.due_date < b.due_date ? -1 : 1
    }
    return a._id < b._id ? -1 : 1
  }

  test('sorts_by_urgency_then_due_date_with_none_last_then_age', () => {
    fc.assert(
      fc.property(fc.uniqueArray(task, { selector: ({ _id }) => _id, maxLength: 30 }), (all) => {
        const byRank = [...all].sort((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))
        expect(byRank).toEqual([...all].sort(order))
      }),
    )
  })
})
