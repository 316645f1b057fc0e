// The list of contracts. Everything that is derived from declarations starts here.
import type { Contract } from './define/contract.ts'
import { gateway } from './gateway.ts'
import { loopsQueue } from './loops-queue.ts'
import { notifier } from './notifier.ts'
import { tasks } from './tasks.ts'
import { webhooks } from './webhooks.ts'

/** Every service, in the order in which one process starts them. */
export const CONTRACTS: readonly Contract[] = [tasks, loopsQueue, notifier, webhooks, gateway]
