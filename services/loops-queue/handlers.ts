// Every operation of the contract, gathered from the files that answer them.
import type { Handlers } from '../../shared/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import { create } from './create.ts'
import type { Deps } from './deps.ts'
import { forming } from './forming.ts'
import { lifecycle } from './lifecycle.ts'
import { listing } from './listing.ts'
import { members } from './members.ts'
import { nextWork } from './next-work.ts'
import { ordering } from './ordering.ts'
import { shipping } from './shipping.ts'

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
