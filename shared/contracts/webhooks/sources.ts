// The events that other teams can have sent over HTTP: the public ones of every contract.
import type { Contract } from '../define/contract.ts'
import { gateway } from '../gateway/contract.ts'
import { loopsQueue } from '../loops-queue/contract.ts'
import { notifier } from '../notifier/contract.ts'
import { tasks } from '../tasks/contract.ts'

/** The contracts whose public events can be had. */
export const SOURCES: readonly Contract[] = [tasks, loopsQueue, gateway, notifier]

export const namesOf = (isPublic: boolean, contracts = SOURCES): readonly string[] =>
  contracts.flatMap(({ events }) =>
    Object.entries(events).flatMap(([name, declared]) =>
      (declared.public !== undefined) === isPublic ? [name] : [],
    ),
  )

/** The names of the events that can be had. */
export const SENT_EVENTS = namesOf(true)
/** Those that are on the bus alone: private loops or matters of Loops' own are in them. */
export const BUS_EVENTS = namesOf(false)
