// Every operation of the contract, gathered from the files that answer them.
import type { Handlers } from '../../shared/contracts/define/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import { create } from './create-tools.ts'
import type { Deps } from './deps.ts'
import { forming } from './forming.ts'
import { members } from './internals.ts'
import { lifecycle } from './lifecycle-tools.ts'
import { listing } from './loop-tools.ts'
import { nextWork } from './next-work-tools.ts'
import { ordering } from './queue-tools.ts'
import { shipping } from './ship-tools.ts'

/** The handlers of this service but those about records. */
export const handlers = (deps: Deps): Omit<Handlers<typeof loopsQueue>, RecordOperation> => ({
  ...listing(deps),
  ...create(deps),
  ...forming(deps),
  ...lifecycle(deps),
  ...shipping(deps),
  ...ordering(deps),
  ...nextWork(deps),
  ...members(deps),
})
