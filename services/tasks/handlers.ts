// Every operation of the contract and who does it.
import type { Handlers } from '../../shared/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import type { tasks } from '../../shared/contracts/tasks.ts'
import { bulkHandlers } from './bulk.ts'
import { commentHandlers } from './comments.ts'
import type { Deps } from './deps.ts'
import { internalHandlers } from './internals.ts'
import { moveHandlers } from './moves.ts'
import { readingHandlers } from './reading.ts'
import { writingHandlers } from './writing.ts'

/** The handlers of the service but those about records. */
export const createHandlers = (deps: Deps): Omit<Handlers<typeof tasks>, RecordOperation> => ({
  ...readingHandlers(deps),
  ...writingHandlers(deps),
  ...bulkHandlers(deps),
  ...commentHandlers(deps),
  ...moveHandlers(deps),
  ...internalHandlers(deps),
})
