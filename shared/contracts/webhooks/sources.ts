// The events that webhooks can get: the public ones of every contract. Apart, because the contract
// and its internals both go by them.
import type { Contract } from '../define/contract.ts'
import { gateway } from '../gateway/contract.ts'
import { loopsQueue } from '../loops-queue/contract.ts'
import { notifier } from '../notifier/contract.ts'
import { tasks } from '../tasks/contract.ts'

/** The contracts whose public events webhooks can get. */
export const SOURCES: readonly Contract[] = [tasks, loopsQueue, gateway, notifier]

export const namesOf = (isPublic: boolean, contracts = SOURCES): readonly string[] =>
  contracts.flatMap(({ events }) =>
    Object.entries(events).flatMap(([name, declared]) =>
      (declared.public !== undefined) === isPublic ? [name] : [],
    ),
  )

/** The events that webhooks can get. */
export const SENT_EVENTS = namesOf(true)
/** The events that stay on the bus, since private loops or secrets are in them. */
export const BUS_EVENTS = namesOf(false)
