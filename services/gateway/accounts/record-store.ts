// Memberships as the records of a snapshot. It stands alone, as in every service with records.
import { gateway as contract } from '../../../shared/contracts/gateway/contract.ts'
import { type RecordSource, recordSource, type StoredThing } from '../../../shared/events/record-store.ts'
import type { Person } from './person-rules.ts'
import { joinedEvent } from './role-rules.ts'

const members = recordSource<StoredThing & Pick<Person, '_id' | 'name' | 'memberships'>>(contract.name, {
  type: 'person.joined',
  collection: 'people',
  filter: {},
  within: 'memberships.workspace_id',
  // Nothing else of the account may leave.
  fields: { v: 1, schema: 1, name: 1, memberships: 1 },
  eventsOf: (people) =>
    people.map((person) =>
      person.memberships.map((membership) => ({
        ws: membership.workspace_id,
        event: joinedEvent(person, membership),
      })),
    ),
})

/** The records that this service has for a snapshot. */
export const records: readonly RecordSource[] = [members]
