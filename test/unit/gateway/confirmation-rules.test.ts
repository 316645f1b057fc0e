// Questions before what cannot be undone, and how long their state holds.
import { describe, expect, test } from 'vitest'
import {
  approvalPath,
  CONFIRMED,
  canAsk,
  canOpen,
  checkState,
  stateOf,
} from '../../../services/gateway/mcp/confirmation-rules.ts'
import type { Keys } from '../../../shared/process/service-keys.ts'

const questionOf = (tool: string, answer: Record<string, unknown>) => CONFIRMED[tool]?.question(answer)

describe('a loop that is to be shipped', () => {
  const loop = (unfinished: number, status = 'active') => ({
    loop: { name: 'Berths', status, version: 3 },
    task_counts: { total: unfinished + 2, shipped: 1, rejected: 1 },
    tasks: [
      { title: 'Gone', status: 'shipped' },
      ...Array.from({ length: unfinished }, (_, index) => ({ title: `T${index}`, status: 'open' })),
    ],
  })
  test.each([
    [1, 'Of its 3 tasks, 1 is unfinished: “T0”.'],
    [5, 'Of its 7 tasks, 5 are unfinished: “T0”, “T1”, “T2”, “T3”, “T4”.'],
    [7, 'Of its 9 tasks, 7 are unfinished: “T0”, “T1”, “T2”, “T3”, “T4”, 2 more.'],
  ])('with_%i_unfinished_tasks_names_them', (unfinished, text) => {
    expect(questionOf('ship_loop', loop(unfinished))).toEqual({
      version: 3,
      message: expect.stringContaining(text),
    })
  })
  test('that_is_finished_or_shipped_already_is_not_asked_about', () => {
    expect(questionOf('ship_loop', loop(0))).toBeUndefined()
    expect(questionOf('ship_loop', loop(4, 'shipped'))).toBeUndefined()
  })
})

test('a_task_that_is_to_be_deleted_is_named_and_what_goes_with_it', () => {
  const task = { title: '🚢'.repeat(200), status: 'approved', version: 8 }
  const message = (comments_total: number) => questionOf('delete_task', { task, comments_total })?.message
  expect(message(0)).toBe(
    `Delete the task “${'🚢'.repeat(80)}…” (approved) for good? Nobody can bring it back.`,
  )
  expect(message(2)).toContain('(approved) and its 2 comments for good?')
})

test('a_client_is_asked_if_it_declares_forms_or_no_mode_at_all', () => {
  const form = [{ elicitation: {} }, { elicitation: { form: {} } }, { elicitation: { form: {}, url: {} } }]
  expect(form.map(canAsk)).toEqual([true, true, true])
  expect([undefined, {}, { elicitation: { url: {} } }].map(canAsk)).toEqual([false, false, false])
})

test('a_client_that_declares_url_mode_can_open_a_page', () => {
  expect([{ elicitation: { url: {} } }, { elicitation: { url: {}, form: {} } }].map(canOpen)).toEqual([
    true,
    true,
  ])
  expect([undefined, {}, { elicitation: {} }, { elicitation: { form: {} } }].map(canOpen)).toEqual([
    false,
    false,
    false,
    false,
  ])
})

test('the_page_of_an_approval_is_that_of_the_task_or_of_all_open_ones', () => {
  for (const status of ['approved', 'in_progress', 'shipped'])
    expect(approvalPath('update_task', { task_id: 'T', status })).toBe('/tasks/T')
  expect(approvalPath('bulk_update_tasks', { task_ids: ['T'], status: 'approved' })).toBe('/triage')
  for (const [tool, status] of [
    ['update_task', undefined],
    ['update_task', 'rejected'],
    ['create_task', 'approved'],
  ] as const)
    expect(approvalPath(tool, { task_id: 'T', status })).toBeUndefined()
})

describe('a state', () => {
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const now = new Date('2026-11-27T10:00:00Z')
  const later = (ms: number): Date => new Date(now.getTime() + ms)
  const subject = {
    tool: 'delete_task',
    input: { task_id: 'T' },
    user_id: 'U',
    grant_id: 'G',
    question: { message: 'Delete?', version: 1 },
  }
  const state = stateOf([old], subject, now)
  const check = (given: Partial<typeof subject> = {}, at = now, keys: Keys = [old]) =>
    checkState(keys, state, { ...subject, ...given }, at)

  test('holds_for_ten_minutes_and_across_a_change_of_the_secret', () => {
    expect(check()).toBe('same')
    expect(check({}, later(10 * 60_000 - 1), [fresh, old])).toBe('same')
    expect(check({}, later(10 * 60_000))).toBe('other')
    expect(check({}, now, [fresh])).toBe('forged')
  })
  test.each([
    { tool: 'ship_loop' },
    { input: { task_id: 'X' } },
    { user_id: 'X' },
    { grant_id: 'X' },
    { question: { message: 'Delete?', version: 2 } },
    { question: { message: 'Delete it?', version: 1 } },
  ])('holds_for_nothing_else: %j', (given) => {
    expect(check(given)).toBe('other')
  })
})
