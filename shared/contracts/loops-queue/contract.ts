// The contract of the loops-queue service: loops, their members, their order, and what to work on next.
// It stands alone, as in every service, so that its parts do not know each other.
import { defineContract } from '../define/contract.ts'
import { forgettingOperations } from '../forgetting.ts'
import { recordOperations } from '../records.ts'
import { events } from './events.ts'
import { internals } from './internals.ts'
import { tools } from './tools.ts'

export const loopsQueue = defineContract({
  name: 'loops-queue',
  version: '1.0.0',
  description: 'Loops, their members, their order, and what to work on next.',
  operations: { ...tools, ...internals, ...recordOperations(), ...forgettingOperations() },
  events,
  consumes: {
    gateway: ['person.left', 'workspace.deleted'],
    'loops-queue': ['loop.created', 'loop.updated'],
  },
})
