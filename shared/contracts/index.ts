// The list of contracts, from which everything else is derived. It stands alone so that no contract knows the others.
import type { Contract } from './define/contract.ts'
import { gateway } from './gateway/contract.ts'
import { loopsQueue } from './loops-queue/contract.ts'
import { notifier } from './notifier/contract.ts'
import { tasks } from './tasks/contract.ts'
import { webhooks } from './webhooks/contract.ts'

/** Every service, in the order in which one process starts them. */
export const CONTRACTS: readonly Contract[] = [tasks, loopsQueue, notifier, webhooks, gateway]
