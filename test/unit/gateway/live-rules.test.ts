// Which events an open page is told of, and what it must be asked who may know.
import { describe, expect, test } from 'vitest'
import { addPassed, type Changes, NO_CHANGES } from '../../../services/gateway/web/board/live-rules.ts'

const [TASK, OTHER, LOOP, SECRET] = ['01A', '01B', '01L', '01S']
const once = (
  type: string,
  data: Record<string, unknown>,
  subject?: Parameters<typeof addPassed>[1],
): Changes => addPassed(NO_CHANGES, subject, { type, data })

describe('a page of the whole workspace', () => {
  test('is_told_of_what_everybody_sees', () => {
    expect(once('task.updated', { task_id: TASK, loop_id: LOOP, private: false }).everybody).toBe(true)
  })
  test('is_told_of_private_things_by_name_alone', () => {
    expect(once('task.updated', { task_id: TASK, loop_id: SECRET, private: true })).toEqual({
      ...NO_CHANGES,
      loop_ids: [SECRET],
    })
    expect(once('loop.updated', { loop_id: SECRET, visibility: 'private' }).loop_ids).toEqual([SECRET])
  })
  test('is_told_of_a_private_comment_by_its_task', () => {
    expect(once('comment.added', { task_id: TASK, loop_id: null, private: true }).task_ids).toEqual([TASK])
  })
  test('is_told_of_the_order_by_the_loops_that_moved', () => {
    expect(once('queue.changed', { workspace_id: 'W', loop_ids: [SECRET] })).toEqual({
      ...NO_CHANGES,
      loop_ids: [SECRET],
    })
  })
  test('is_told_once_events_may_have_been_missed', () => {
    expect(addPassed(NO_CHANGES, { task_id: TASK }, undefined).everybody).toBe(true)
  })
  test('keeps_few_names', () => {
    let changes = NO_CHANGES
    for (let index = 0; index < 60; index += 1)
      changes = addPassed(changes, undefined, {
        type: 'task.updated',
        data: { task_id: TASK, loop_id: `S${index}`, private: true },
      })
    expect(changes.hidden).toBe(true)
    expect(changes.loop_ids.length).toBeLessThan(60)
  })
})

describe('a page of one task', () => {
  const subject = { task_id: TASK }
  test('is_told_of_its_task', () => {
    expect(once('task.updated', { task_id: TASK, private: false }, subject).everybody).toBe(true)
    expect(once('comment.added', { task_id: TASK, private: false }, subject).everybody).toBe(true)
  })
  test('is_not_told_of_another', () => {
    const before = NO_CHANGES
    expect(addPassed(before, subject, { type: 'task.updated', data: { task_id: OTHER } })).toBe(before)
  })
})

describe('a page of one loop', () => {
  const subject = { loop_id: LOOP }
  test.each([
    { task_id: TASK, loop_id: LOOP },
    { task_id: TASK, loop_id: null, loop_id_before: LOOP },
    // Where a task came from is not said when that was private.
    { task_id: TASK, loop_id: null, loop_id_before: null, changed: ['loop_id'] },
    { loop_ids: [OTHER, LOOP] },
  ])('is_told_of %j', (data) => {
    expect(once('task.updated', { private: false, ...data }, subject).everybody).toBe(true)
  })
  test('is_not_told_of_another', () => {
    expect(once('task.updated', { task_id: TASK, loop_id: OTHER, private: false }, subject)).toBe(NO_CHANGES)
  })
})
