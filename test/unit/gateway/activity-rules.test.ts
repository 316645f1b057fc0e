// Which sentence tells what somebody did.
import { describe, expect, test } from 'vitest'
import { byDay, sentenceOf, withoutEchoes } from '../../../services/gateway/web/board/activity-rules.ts'
import type { Change, ShownActivity } from '../../../shared/contracts/activity.ts'

const by = { user_id: '01JDAAAAAAAAAAAAAAAAAAAAAA', name: 'Ann', client: 'Claude' }
const entry = (more: Partial<ShownActivity> = {}): ShownActivity => ({
  at: '2026-01-31T23:30:00.000Z',
  type: 'task.updated',
  by,
  task_id: by.user_id,
  ...more,
})
const status = (before: string, after: string): Change => ({ field: 'status', before, after })

describe('the sentence', () => {
  test.each([
    ['filed', { type: 'task.created' }],
    ['approved', { changes: [status('open', 'approved')] }],
    ['withdrew', { changes: [status('approved', 'open')] }],
    ['gave_back', { changes: [status('in_progress', 'approved')] }],
    ['reopened', { changes: [status('shipped', 'open')] }],
    ['shipped', { changes: [status('in_progress', 'shipped'), { field: 'loop_id' }] }],
    ['commented', { type: 'comment.added' }],
    ['loop_commented', { type: 'comment.added', task_id: undefined, loop_id: by.user_id }],
    ['loop_moved', { type: 'queue.changed' }],
    ['changed_how', { changes: [{ field: 'labels' }] }],
    ['changed', { type: 'task.something_new' }],
  ] as const)('is_%s', (key, more) => {
    expect(sentenceOf(entry(more as Partial<ShownActivity>)).key).toBe(key)
  })

  test('names_a_new_text_before_the_status_that_follows_from_it', () => {
    const changes = [{ field: 'body' }, status('approved', 'open')]
    expect(sentenceOf(entry({ changes }))).toEqual({ key: 'changed_how', changes })
  })
})

test('work_that_begins_with_a_claim_is_told_once', () => {
  const begun = entry({ changes: [status('approved', 'in_progress')] })
  const claimed = entry({ type: 'task.claimed' })
  const later = { ...begun, at: '2026-02-01T08:00:00.000Z' }
  expect(withoutEchoes([later, claimed, begun])).toEqual([later, claimed])
})

test('days_are_those_of_the_reader', () => {
  const entries = [entry({ at: '2026-02-01T08:00:00.000Z' }), entry()]
  const days = (time_zone: string) => [...byDay(entries, { locale: 'en', time_zone }).keys()]
  expect(days('UTC')).toEqual(['2026-02-01', '2026-01-31'])
  expect(days('Europe/Zurich')).toEqual(['2026-02-01'])
})
