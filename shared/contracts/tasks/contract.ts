// The contract of the tasks service: tasks, and the comments on tasks and on loops. It stands alone, as in every service, so
// that its parts do not know each other.
import { defineContract } from '../define/contract.ts'
import { forgettingOperations } from '../forgetting.ts'
import { recordOperations } from '../records.ts'
import { boardInternals } from './board.ts'
import { events } from './events.ts'
import { imports } from './imports.ts'
import { internals } from './internals.ts'
import { tools } from './tools.ts'

export const tasks = defineContract({
  name: 'tasks',
  version: '1.0.0',
  description: 'Tasks, and the comments on tasks and on loops.',
  operations: {
    ...tools,
    ...internals,
    ...boardInternals,
    ...imports,
    ...recordOperations(),
    ...forgettingOperations(),
  },
  events,
  consumes: {
    tasks: ['task.created', 'task.updated', 'task.deleted', 'comment.added'],
    gateway: ['person.left', 'person.deactivated', 'workspace.deleted'],
  },
})
