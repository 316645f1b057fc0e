// Approvals of a text: what a change of text or status does to them, by those who may approve and by those who may not.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { textDiff, toApprovedText } from '../../../services/tasks/approved-text-rules.ts'
import { createTask, editTask, type TaskChange, type Versioned } from '../../../services/tasks/task-rules.ts'
import { NOWHERE } from '../../../services/tasks/visibility-rules.ts'
import { TASK_STATUSES, type TaskStatus } from '../../../shared/contracts/define/common.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'

const ann = { user_id: '01JTESTPERS0N0000000000000', name: 'Ann', client: 'Web' }
const bob = { user_id: '01JTESTED1T0R0000000000000', name: 'Bob', client: 'Agent' }
const approver = { actor: ann, may_approve: true }
const writer = { actor: bob, may_approve: false }
const now = new Date('2026-01-02T03:04:05Z')

const created = (): Versioned => ({
  ...createTask({
    id: '01JTESTTASK000000000000000',
    ws: '01JTESTW0RKSPACE0000000000',
    title: 'Title',
    body: 'Body',
    priority: 'none',
    due_date: null,
    location: NOWHERE,
    by: bob,
    now,
  }).next,
  v: 1,
})
const edited = (task: Versioned, change: TaskChange, by = approver): Versioned => {
  const next = editTask(task, change, by, now)?.next
  return next ? { ...next, v: task.v + 1 } : task
}
const approved = (): Versioned => edited(created(), { status: 'approved' })
const refusal = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, ...error.extras }
    throw error
  }
  throw new Error('It was let through.')
}

describe('a new text by somebody who may not approve', () => {
  test('sends_an_approved_task_back_to_open_and_says_so', () => {
    const decision = editTask(approved(), { body: 'Other' }, writer, now)
    expect(decision?.next).toMatchObject({ status: 'open', approved_by: null, body: 'Other', text_rev: 2 })
    expect(decision?.next.approval).toBeUndefined()
    expect(decision?.events).toMatchObject([
      {
        name: 'task.updated',
        data: { changed: ['body', 'status'], status_before: 'approved', approval_withdrawn: true },
      },
    ])
  })
  test('leaves_an_approved_task_alone_when_it_is_the_same_text', () => {
    const change = { title: 'Title', body: 'Body', priority: 'high' } as const
    expect(edited(approved(), change, writer)).toMatchObject({ status: 'approved', approved_by: ann })
  })
  test('takes_the_approval_of_a_task_on_hold_which_stays_on_hold', () => {
    const after = edited(edited(approved(), { status: 'on_hold' }), { title: 'Other' }, writer)
    expect(after).toMatchObject({ status: 'on_hold', approved_by: null })
    for (const status of ['approved', 'in_progress'] as const)
      expect(refusal(() => editTask(after, { status }, writer, now))).toMatchObject({ code: 'forbidden' })
  })
  test('refused_while_somebody_works_from_it', () => {
    const working = edited(approved(), { status: 'in_progress' }, writer)
    for (const change of [{ body: 'Other' }, { title: 'Other', status: 'shipped' as const }])
      expect(refusal(() => editTask(working, change, writer, now))).toMatchObject({
        code: 'forbidden',
        hint: expect.stringContaining('add_comment'),
        details: { scope: 'loops:approve' },
      })
  })
  test.each(['approved', 'in_progress'] as const)('refused_together_with_%s', (status) => {
    const change = { body: 'Other', status }
    expect(refusal(() => editTask(approved(), change, writer, now))).toMatchObject({
      code: 'forbidden',
      details: { scope: 'loops:approve' },
    })
  })
})

describe('a new text by somebody who may approve', () => {
  test.each(['approved', 'in_progress', 'on_hold'] as const)('approved_with_it_when_%s', (status) => {
    const other = { actor: bob, may_approve: true }
    const before = status === 'approved' ? approved() : edited(approved(), { status })
    expect(edited(before, { body: 'Other' }, other)).toMatchObject({
      status,
      approved_by: bob,
      text_rev: 2,
      approval: { by: bob, rev: 2 },
    })
  })
  test('not_approved_with_it_while_open', () =>
    expect(edited(created(), { body: 'Other' })).toMatchObject({ status: 'open', approved_by: null }))
})

describe('the text that was approved last', () => {
  const shown = (task: Versioned) => toApprovedText(task, 1_000).approved_text
  test('shown_until_the_new_one_is_approved', () => {
    const pending = edited(edited(approved(), { body: 'Other' }, writer), { body: 'Third' }, writer)
    expect(shown(pending)).toEqual({
      title: 'Title',
      body: 'Body',
      approved_by: ann,
      approved_at: now.toISOString(),
    })
    expect(edited(pending, { status: 'approved' }).approved_text).toBeUndefined()
  })
  test('kept_when_the_approval_was_withdrawn_before_the_text_changed', () => {
    const open = edited(approved(), { status: 'open' }, writer)
    expect(shown(open)).toBeUndefined()
    expect(shown(edited(open, { title: 'Other' }, writer))).toMatchObject({ title: 'Title' })
  })
  test('kept_when_the_text_changes_after_it_shipped', () => {
    const shipped = edited(edited(approved(), { status: 'in_progress' }), { status: 'shipped' })
    const changed = edited(shipped, { body: 'Other' }, writer)
    expect(changed).toMatchObject({ status: 'shipped', approved_by: ann, approval: { rev: 1 }, text_rev: 2 })
    expect(shown(edited(changed, { status: 'open' }, writer))).toMatchObject({ body: 'Body' })
  })
  test('known_of_a_task_of_an_earlier_release', () => {
    const { approval: _, ...old } = approved()
    const text = shown(edited(old, { body: 'Other' }, writer))
    expect(text).toEqual({ title: 'Title', body: 'Body', approved_by: ann })
  })
  test('told_as_a_diff_where_that_is_shorter', () => {
    const lines = Array.from({ length: 40 }, (_, n) => `Line ${n}`)
    const before = edited(approved(), { body: lines.join('\n') })
    const pending = edited(before, { body: lines.with(20, 'Another').join('\n') }, writer)
    const { diff, body } = shown(pending) ?? {}
    expect(body).toBeUndefined()
    expect(diff?.split('\n')).toEqual([
      '@@ -18,7 +18,7 @@',
      ...[' Line 17', ' Line 18', ' Line 19', '-Line 20', '+Another', ' Line 21', ' Line 22', ' Line 23'],
    ])
    expect(toApprovedText(pending, 50).approved_text?.diff).toBeUndefined()
  })
  test('without_its_body_where_only_the_title_changed', () => {
    const text = shown(edited(approved(), { title: 'Other' }, writer))
    expect(text).toEqual({ title: 'Title', approved_by: ann, approved_at: now.toISOString() })
  })
  test('whole_where_nothing_is_left_of_it', () => {
    const many = (word: string) => Array.from({ length: 3_000 }, (_, n) => `${word} ${n}`).join('\n')
    expect(textDiff(many('Old'), many('New'))).toBeUndefined()
    expect(textDiff('a\n'.repeat(5_000), 'b\n'.repeat(5_000))).toBeUndefined()
    expect(textDiff('The same', 'The same\n')).toBeUndefined()
  })
  test('cut_to_its_room', () => {
    const pending = edited(edited(approved(), { body: 'ЖЖЖЖ' }), { body: '' }, writer)
    expect(toApprovedText(pending, 6).approved_text).toMatchObject({ body: 'ЖЖ', body_truncated: true })
    expect(toApprovedText(pending, -7).approved_text).toMatchObject({ body: '', body_truncated: true })
  })
})

const step = fc.record({
  may_approve: fc.boolean(),
  change: fc.record(
    {
      title: fc.constantFrom('a', 'b'),
      body: fc.constantFrom('x', 'y', 'z'),
      status: fc.constantFrom<TaskStatus>(...TASK_STATUSES),
    },
    { requiredKeys: [] },
  ),
})

test('no_work_is_handed_out_on_a_text_that_no_approver_approved', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let task = created()
      let last: string | null = null
      for (const { may_approve, change } of steps) {
        try {
          task = edited(task, change, may_approve ? approver : writer)
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          continue
        }
        const text = JSON.stringify([task.title, task.body])
        if (may_approve && task.approved_by) last = text
        if (task.status !== 'approved' && task.status !== 'in_progress') continue
        expect(text).toBe(last)
        expect(task.approved_by).toEqual(ann)
        expect(task.approval).toEqual({ by: ann, at: now, rev: task.text_rev ?? 1 })
        expect(task.approved_text).toBeUndefined()
      }
    }),
    { numRuns: 2_000 },
  )
})
