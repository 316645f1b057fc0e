// The answer of list_tasks that both servers of the gateway's benchmark give: ten rows.
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'

const row: TaskRow = {
  id: '01M82DYV0BHWY37HDFE0VSVH96',
  title: 'Reserve seats before payment starts',
  status: 'approved',
  priority: 'urgent',
  due_date: '2026-12-01',
  loop_id: null,
  author: { user_id: '01M82DYV0BHWY37HDFE0VSVH97', name: 'Maren', client: 'bench' },
  approved_by: null,
  created_at: '2026-11-22T20:00:00.000Z',
  updated_at: '2026-11-22T20:00:00.000Z',
  version: 2,
}

export const cannedTasks = { tasks: Array.from({ length: 10 }, () => row), total: 10, next_cursor: null }
