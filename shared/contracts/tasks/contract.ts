// The contract of the tasks service: tasks, and the comments on tasks and on loops.
import { defineContract } from '../define/contract.ts'
import { recordOperations } from '../records.ts'
import { events } from './events.ts'
import { internals } from './internals.ts'
import { tools } from './tools.ts'

export const tasks = defineContract({
  name: 'tasks',
  version: '1.0.0',
  description: 'Tasks, and the comments on tasks and on loops.',
  operations: { ...tools, ...internals, ...recordOperations() },
  events,
})
