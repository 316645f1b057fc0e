// What is ready for work, and what of it is stored.
import { expect, test } from 'vitest'
import { isHeldBack, isReady, storedReady } from '../../../services/tasks/ready-rules.ts'
import { createTask, editTask } from '../../../services/tasks/task-rules.ts'
import { NOWHERE } from '../../../services/tasks/visibility-rules.ts'
import { TASK_STATUSES } from '../../../shared/contracts/define/common.ts'

const by = { user_id: 'ann', name: 'Ann', client: 'test' }
const now = new Date('2026-05-06T07:08:09Z')

test('work_begins_with_approved_tasks_alone', () => {
  expect(TASK_STATUSES.filter((status) => isReady({ status }))).toEqual(['approved'])
})

test('a_task_is_stored_as_held_back_only_where_its_status_does_not_say_it', () => {
  expect(TASK_STATUSES.filter((status) => isHeldBack({ status, ready: false }))).toEqual(['approved'])
  for (const status of TASK_STATUSES) {
    expect(isHeldBack({ status })).toBe(false)
    expect(isHeldBack({ status, ready: storedReady({ status }) })).toBe(
      status === 'approved' && !isReady({ status }),
    )
  }
})

test('each_write_decides_anew_whether_a_task_is_ready', () => {
  const made = createTask({
    id: 'T',
    ws: 'W',
    title: 'T',
    body: '',
    priority: 'none',
    due_date: null,
    location: NOWHERE,
    by,
    now,
  })
  const before = { ...made.next, v: 1, ready: false as const }
  const edited = editTask(before, { status: 'approved' }, { actor: by, may_approve: true }, now)
  expect(edited?.next).toMatchObject({ status: 'approved', ready: storedReady({ status: 'approved' }) })
})
