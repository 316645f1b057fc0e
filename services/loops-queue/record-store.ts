// Loops and their order as the records of a snapshot.
import { loopsQueue as contract } from '../../shared/contracts/loops-queue/contract.ts'
import {
  INTERNAL_FIELDS,
  type RecordSource,
  recordSource,
  type StoredThing,
} from '../../shared/events/record-store.ts'
import { createdEvents } from './loop-rules.ts'
import { orderEvent } from './queue-rules.ts'

const loops = recordSource<StoredThing & { ws: string } & Parameters<typeof createdEvents>[0]>(
  contract.name,
  {
    type: 'loop.created',
    collection: 'loops',
    filter: { status: { $ne: 'forming' } },
    within: 'ws',
    fields: { ...INTERNAL_FIELDS, description: 0, ai_context: 0, formed_from: 0 },
    eventsOf: (found) =>
      found.map((loop) => createdEvents(loop, loop.v).map((event) => ({ ws: loop.ws, event }))),
  },
)

const orders = recordSource<StoredThing & Parameters<typeof orderEvent>[0]>(contract.name, {
  type: 'queue.changed',
  collection: 'queues',
  filter: {},
  within: 'ws',
  fields: { ...INTERNAL_FIELDS, log: 0 },
  eventsOf: (queues) => queues.map((queue) => [{ ws: queue.ws, event: orderEvent(queue) }]),
})

/** The records of this service. */
export const records: readonly RecordSource[] = [loops, orders]
