// What the collection of people does to end an account, for a while or for good. It stands apart from the rest of the store by its length.
import type { Collection } from 'mongodb'
import { FORMER_MEMBER } from '../../../shared/contracts/define/common.ts'
import { deletedAddress, type Person, workspacesOf } from './person-rules.ts'

/** Writes a change of an account as it was read, with its events. */
type Save<E> = (
  person: Person,
  update: Readonly<{ $set: Partial<Person>; $unset?: Readonly<Record<string, ''>> }>,
  events?: readonly E[],
) => Promise<Person | 'stale'>

/** What ends an account. `E` are the events that go with them. */
export type DeletionStore<E> = Readonly<{
  /** Says that the account may not be used, which ends every session, connection and link; or that it may again (null). */
  setDeactivated: (
    person: Person,
    deactivated_at: Date | null,
    events: readonly E[],
  ) => Promise<Person | 'stale'>
  /** Ends every session, connection and link. */
  endAll: (person: Person) => Promise<Person | 'stale'>
  /** Says that the account is being deleted, or not any more (null). */
  setLeaving: (person: Person, leaving_at: Date | null) => Promise<Person | 'stale'>
  /** Deletes the account: only its id stays, and what is needed to erase the rest. */
  bury: (person: Person, now: Date, events: readonly E[]) => Promise<Person | 'stale'>
  /** Those whose deletion was begun before `before` and not ended, oldest first. */
  leavingSince: (before: Date, limit: number) => Promise<Person[]>
  /** Deleted accounts beside which something is still to be erased at `now`, oldest first. */
  toErase: (now: Date, limit: number) => Promise<Person[]>
  /** Looks at one of them again later. */
  eraseLater: (id: string, at: Date) => Promise<void>
  /** Notes that everything beside a deleted account is erased. Repeats do no harm. */
  markErased: (id: string) => Promise<void>
}>

const nextVersion = ({ password_version = 1 }: Person): number => password_version + 1

/** What is left of an account. */
const leftOf = (person: Person, now: Date): Partial<Person> => ({
  email: deletedAddress(person._id),
  name: FORMER_MEMBER,
  password_hash: null,
  password_version: nextVersion(person),
  memberships: [],
  unsettled: [],
  locale: 'en',
  time_zone: null,
  confirmed_at: null,
  // Gateways of earlier releases refuse it by this.
  deactivated_at: now,
  leaving_at: null,
  deleted_at: now,
  erasing: {
    at: now,
    email: person.email,
    workspace_ids: workspacesOf(person),
  },
})

/** Makes that part of the store. */
export const deletionStore = <E>(people: Collection<Person>, save: Save<E>): DeletionStore<E> => ({
  setDeactivated: (person, deactivated_at, events) =>
    save(person, { $set: { deactivated_at, password_version: nextVersion(person) } }, events),
  endAll: (person) => save(person, { $set: { password_version: nextVersion(person) } }),
  setLeaving: (person, leaving_at) => save(person, { $set: { leaving_at } }),
  bury: (person, now, events) =>
    save(person, { $set: leftOf(person, now), $unset: { identities: '', invitation_ids: '' } }, events),
  leavingSince: (before, limit) =>
    people
      .find({ leaving_at: { $lte: before } })
      .sort({ leaving_at: 1 })
      .limit(limit)
      .toArray(),
  toErase: (now, limit) =>
    people
      .find({ 'erasing.at': { $lte: now } })
      .sort({ 'erasing.at': 1 })
      .limit(limit)
      .toArray(),
  // Without the version: nothing else changes what is left of an account.
  eraseLater: async (_id, at) => {
    await people.updateOne({ _id, erasing: { $exists: true } }, { $set: { 'erasing.at': at } })
  },
  markErased: async (_id) => void (await people.updateOne({ _id }, { $unset: { erasing: '' } })),
})
