// Every operation of the contract and who does it.
import type { Handlers } from '../../shared/contracts/define/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import { bulkHandlers } from './bulk-tools.ts'
import { commentHandlers } from './comment-tools.ts'
import type { Deps } from './deps.ts'
import { internalHandlers } from './internals.ts'
import { moveHandlers } from './moves.ts'
import { readingHandlers } from './reading-tools.ts'
import { writingHandlers } from './task-tools.ts'

/** The handlers of the service but those about records. */
export const createHandlers = (deps: Deps): Omit<Handlers<typeof tasks>, RecordOperation> => ({
  ...readingHandlers(deps),
  ...writingHandlers(deps),
  ...bulkHandlers(deps),
  ...commentHandlers(deps),
  ...moveHandlers(deps),
  ...internalHandlers(deps),
})
