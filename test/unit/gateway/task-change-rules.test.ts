// What a form asks of a task, what takes it back, and what is said of it.
import { describe, expect, test } from 'vitest'
import {
  changedBy,
  doneSentence,
  readTaskChange,
  undoOf,
} from '../../../services/gateway/web/board/task-change-rules.ts'
import { taskWords } from '../../../services/gateway/web/board/task-forms.ts'
import { LANGUAGES, type Language } from '../../../shared/contracts/define/language.ts'

const ID = '01J00000000000000000000001'
const LOOP = '01J0000000000000000000100P'
const BEFORE = {
  id: ID,
  title: 'Fix it',
  body: 'one\r\ntwo',
  status: 'open',
  priority: 'none',
  due_date: null,
  loop_id: null,
  approved_by: null,
  version: 3,
} as const
const posted = (fields: Record<string, string>) => readTaskChange(new URLSearchParams(fields))

describe('a form', () => {
  test('asks_only_for_the_fields_that_it_has', () => {
    expect(posted({ status: 'approved', expected_version: '3', seen_status: 'open' })).toEqual({
      update: { status: 'approved' },
      expected_version: 3,
      seen_status: 'open',
    })
  })

  test('clears_the_loop_and_the_due_date_by_an_empty_field_and_leaves_what_was_not_filled_in', () => {
    expect(posted({ loop_id: '', due_date: '', priority: '', status: '', text: '' }).update).toEqual({
      loop_id: null,
      due_date: null,
    })
  })

  test('keeps_the_line_feeds_of_a_text_as_they_are_stored', () => {
    expect(posted({ title: 'T', body: 'a\r\nb' }).update).toEqual({ title: 'T', body: 'a\nb' })
    expect(posted({ text: 'a\r\nb' }).comment?.text).toBe('a\nb')
    expect(changedBy(posted({ title: 'Fix it', body: 'one\r\ntwo' }), BEFORE)).toEqual({})
  })

  test.each<Record<string, string>>([
    { status: 'done' },
    { priority: 'most' },
    { due_date: '2026-02-30' },
    { loop_id: 'nowhere' },
    { title: ' ' },
    { title: 'x'.repeat(201) },
    { body: 'x'.repeat(64 * 1024 + 1) },
    { text: ' ' },
    { expected_version: 'one' },
    { expected_version: '0' },
  ])('is_refused_with_%o', (fields) => {
    expect(() => posted(fields)).toThrow(Object.keys(fields)[0])
  })
})

describe('undo', () => {
  test('takes_back_what_was_changed_at_the_version_after_it', () => {
    const update = { status: 'approved', loop_id: LOOP } as const
    expect(undoOf(BEFORE, 4, update)).toEqual([
      { kind: 'tasks', tasks: [[ID, 4]], back: { status: 'open', loop_id: null } },
    ])
    expect(undoOf({ ...BEFORE, due_date: '2026-01-31' }, 4, { due_date: null })).toEqual([
      { kind: 'tasks', tasks: [[ID, 4]], back: { due_date: '2026-01-31' } },
    ])
  })

  test('is_not_offered_for_texts_for_what_cannot_be_reversed_and_for_nothing', () => {
    expect(undoOf(BEFORE, 4, { title: 'Other', status: 'approved' })).toBeUndefined()
    expect(undoOf(BEFORE, 4, { status: 'in_progress' })).toBeUndefined()
    expect(undoOf(BEFORE, 3, {})).toBeUndefined()
  })
})

test.each(Object.keys(LANGUAGES) as Language[])('what_was_done_is_said_in_%s', (language) => {
  const { words } = taskWords(language)
  const reading = { locale: language, time_zone: 'UTC' }
  const said = (update: Parameters<typeof doneSentence>[0]['update'], commented = false) =>
    doneSentence({ title: 'T1', update, commented, approval_withdrawn: false, loop: 'L1' }, words, reading)
  const sentences = [
    said({}),
    said({ status: 'approved' }),
    said({ status: 'rejected' }),
    said({ priority: 'high' }),
    said({ due_date: '2026-01-31' }),
    said({ due_date: null }),
    said({ loop_id: LOOP }),
    said({ loop_id: null }),
    said({ title: 'T1' }),
    said({}, true),
  ]
  for (const sentence of sentences) expect(sentence).toContain('T1')
  expect(new Set(sentences).size).toBe(sentences.length)
  expect(said({ loop_id: LOOP, status: 'approved' })).toContain('L1')
})
