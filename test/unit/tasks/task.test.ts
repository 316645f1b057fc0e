// What can be done with a task, decided without a database.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createTask,
  deleteTask,
  editTask,
  NOWHERE,
  openPlaceIn,
  placeIn,
  rankOf,
  type TaskState,
  type Versioned,
} from '../../../services/tasks/task.ts'
import { PRIORITIES } from '../../../shared/contracts/common.ts'
import { tasks } from '../../../shared/contracts/tasks.ts'

const WS = '01JTESTW0RKSPACE0000000000'
const ID = '01JTESTTASK000000000000000'
const LOOP = '01JTEST100P000000000000000'
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
    place: NOWHERE,
    by: ann,
    now: born,
    ...given,
  })
  return { ...next, v: 7 }
}
const dataOf = (name: keyof typeof tasks.events, event: { data: unknown }) =>
  tasks.events[name].data.strict().parse(event.data)

describe('createTask', () => {
  test('created_open_and_unapproved', () => {
    const { next, event } = createTask({
      id: ID,
      ws: WS,
      title: 'T',
      body: '',
      priority: 'high',
      due_date: '2026-05-06',
      place: NOWHERE,
      by: ann,
      now: born,
    })
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
    const place = placeIn({ id: LOOP, visibility: 'private' })
    expect(fresh({ place })).toMatchObject({ loop_id: LOOP, acl: LOOP })
    expect(fresh({ place: placeIn({ id: LOOP, visibility: 'public' }) })).toMatchObject({
      loop_id: LOOP,
      acl: 'public',
    })
  })
})

describe('openPlaceIn', () => {
  const loop = { id: LOOP, name: 'L', visibility: 'public' } as const
  test('allowed_while_active_or_on_hold', () => {
    for (const status of ['active', 'on_hold'] as const)
      expect(openPlaceIn({ ...loop, status })).toEqual({ loop_id: LOOP, acl: 'public' })
  })
  test('refused_once_shipped', () => {
    expect(() => openPlaceIn({ ...loop, status: 'shipped' })).toThrow(
      expect.objectContaining({ code: 'invalid_transition' }),
    )
  })
})

describe('editTask', () => {
  test('changes_what_is_given_and_leaves_the_rest', () => {
    const before = fresh({ due_date: '2026-05-06' })
    const { next, event } = editTask(before, { title: 'New' }, editor, later)!
    expect(next).toEqual({ ...before, title: 'New', updated_at: later })
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
    const before = fresh({ place: placeIn({ id: LOOP, visibility: 'private' }) })
    const { title, body, status, priority, due_date, loop_id, acl } = before
    const same = { title, body, status, priority, due_date, place: { loop_id, acl } }
    expect(editTask(before, same, { actor: ann, may_approve: false }, later)).toBeNull()
  })

  test('moved_with_its_visibility_and_tells_where_from', () => {
    const before = fresh({ place: placeIn({ id: LOOP, visibility: 'private' }) })
    const { next, event } = editTask(before, { place: NOWHERE }, editor, later)!
    expect(next).toMatchObject({ loop_id: null, acl: 'public', shelves: ['unassigned'] })
    expect(dataOf('task.updated', event)).toMatchObject({
      changed: ['loop_id'],
      loop_id: null,
      loop_id_before: LOOP,
      private: false,
    })
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
    const { next, event } = deleteTask(before, ann, later)
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
