// The collections of people and their browser sessions.
//
// people    one document per account, with its memberships; see Person.
// sessions  _id = SHA-256 of the cookie's token. Gone when expired.
import type { Collection, Db, Filter, IndexDescription, UpdateFilter } from 'mongodb'
import { stampEvents } from '../../../shared/contracts/define/cloud-event.ts'
import type { EventOf } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import type { gateway } from '../../../shared/contracts/gateway/contract.ts'
import {
  type AggregateDeps,
  OUTBOX_INDEX,
  type Outbox,
  outboxOf,
  requireOutboxRoom,
} from '../../../shared/storage/aggregate.ts'
import { openCollection } from '../../../shared/storage/collection.ts'
import { inserted, isDuplicateKey } from '../../../shared/storage/mongo.ts'
import { type DeletionStore, deletionStore } from './deletion-store.ts'
import type { Device } from './device-rules.ts'
import { isFormer, joining, type Membership, type Person, type ProviderIdentity } from './person-rules.ts'
import type { MembershipEvent } from './role-rules.ts'
import type { SessionMethod } from './session-rules.ts'

/** A signed-in browser; its pages show `workspace_id`. */
export type Session = {
  _id: string
  user_id: string
  workspace_id: string | null
  /** The password under which it began. Absent: 1. */
  password_version?: number
  /** When the person last proved who they are. Absent in older sessions: at `created_at`. */
  authenticated_at?: Date
  /** What they proved it by. Absent in older sessions. */
  methods?: SessionMethod[]
  /** The session at the identity provider that began it, which the provider may end. */
  provider?: ProviderSession
  created_at: Date
  expires_at: Date
  /** When it was last used, to within some minutes. Absent in older sessions until they are used. */
  used_at?: Date
  /** The network address that it was last used from. */
  address?: string
  /** What the browser says that it is. */
  device?: Device
}

/** A session at an identity provider (OpenID Connect Back-Channel Logout §2.1). */
export type ProviderSession = { iss: string; sid: string }
/** An event that a change of an account publishes: about a membership, or one that has a mail sent. */
export type PersonEvent =
  | MembershipEvent
  | Extract<EventOf<typeof gateway>, { name: 'person.account_mail_requested' | 'person.renamed' }>

/** What became of a new account. */
export type Inserted = 'inserted' | 'email_taken' | 'invitation_taken' | 'identity_taken' | 'not_first'

/** Which members to list: at most `limit`, with ids above `after`, of `user_ids` alone where given. */
export type MemberQuery = Readonly<{ user_ids?: readonly string[]; after?: string; limit: number }>

export type PeopleStore = DeletionStore<PersonEvent> &
  Readonly<{
    /** Pending events are in the document of the person that they are about. */
    outbox: Outbox
    /** Whether there is no account yet. */
    isEmpty: () => Promise<boolean>
    byId: (id: string) => Promise<Person | null>
    byEmail: (email: string) => Promise<Person | null>
    /** Whose account at an identity provider this is. */
    byIdentity: (iss: string, sub: string) => Promise<Person | null>
    insert: (person: Person, events: readonly PersonEvent[]) => Promise<Inserted>
    // Each change below applies to the account as it was read, and answers `stale` when it has changed since. What is left of a
    // deleted account never changes: `not_found` is thrown.
    /** Adds a membership: by an invitation, or of a new workspace. */
    join: (
      person: Person,
      membership: Membership,
      invitationId: string | undefined,
      events: readonly PersonEvent[],
    ) => Promise<Person | 'stale' | 'invitation_taken'>
    /** Connects an account at an identity provider. */
    addIdentity: (
      person: Person,
      identity: ProviderIdentity,
      events: readonly PersonEvent[],
    ) => Promise<Person | 'stale' | 'identity_taken'>
    /** Disconnects one. */
    removeIdentity: (
      person: Person,
      identity: Pick<ProviderIdentity, 'iss' | 'sub'>,
      events: readonly PersonEvent[],
    ) => Promise<Person | 'stale'>
    /** Replaces the membership in a workspace, or ends it (null). */
    changeMembership: (
      person: Person,
      workspaceId: string,
      after: Membership | null,
      events: readonly PersonEvent[],
    ) => Promise<Person | 'stale'>
    /**
     * Sets a new password.
     * @param confirmed_at set when a mailed link proved whose the address is.
     */
    setPassword: (
      person: Person,
      password_hash: string,
      confirmed_at: Date | undefined,
      events: readonly PersonEvent[],
    ) => Promise<Person | 'stale'>
    /** Sets the name. */
    setName: (person: Person, name: string, events: readonly PersonEvent[]) => Promise<Person | 'stale'>
    /** Sets another address, which a mailed link proved to be the person's. */
    setEmail: (
      person: Person,
      email: string,
      confirmed_at: Date,
      events: readonly PersonEvent[],
    ) => Promise<Person | 'stale' | 'email_taken'>
    /** Confirms that the address is the person's own. */
    confirm: (person: Person, now: Date) => Promise<Person | 'stale'>
    /** Sets the language and time zone of what the person is sent. */
    setReading: (
      person: Person,
      reading: Readonly<{ locale: string; time_zone: string | null }>,
    ) => Promise<Person | 'stale'>
    /** Notes that the documents beside a membership are written. Repeats do no harm. */
    markFinished: (id: string, workspaceId: string) => Promise<void>
    /** People with a membership that is unfinished since before `before`, oldest first. */
    unfinished: (before: Date, limit: number) => Promise<Person[]>
    /** Members of a workspace in the order of their ids. */
    members: (workspaceId: string, query: MemberQuery) => Promise<Person[]>
    countMembers: (workspaceId: string) => Promise<number>
    /** How many owners have an account that may be used. */
    countOwners: (workspaceId: string) => Promise<number>
    /** Owners and admins of a workspace, in the order of their ids. */
    managers: (workspaceId: string, limit: number) => Promise<Person[]>
    /** Who accepted an invitation. */
    byInvitation: (invitationId: string) => Promise<Person | null>
  }>

export type SessionStore = Readonly<{
  insert: (session: Session) => Promise<void>
  /** The session, unless it has expired at `now`. */
  find: (id: string, now: Date) => Promise<Session | null>
  /** Notes that its person has proved who they are once more. */
  prove: (id: string, at: Date, method: SessionMethod) => Promise<void>
  /** Makes its pages show another workspace. */
  show: (id: string, workspaceId: string) => Promise<void>
  /** Makes a person's pages stop showing a workspace. */
  leave: (userId: string, workspaceId: string) => Promise<void>
  remove: (id: string) => Promise<void>
  /** Ends those that a session at an identity provider began. @returns whose they were */
  removeOfProvider: (iss: string, sid: string) => Promise<readonly string[]>
  /** Notes that it was used, and from where. Does nothing to one that has ended. */
  noteUse: (id: string, use: Required<Pick<Session, 'used_at' | 'address' | 'device'>>) => Promise<void>
  /** Sessions of a person that have not expired at `now`, the last used first. */
  list: (userId: string, now: Date, limit: number) => Promise<Session[]>
  /** Ends a session of this person; false when there is none. */
  removeOf: (userId: string, id: string) => Promise<boolean>
  /** Ends all sessions of a person but one. */
  removeOthers: (userId: string, kept: string | undefined) => Promise<void>
}>

const PEOPLE_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  { key: { email: 1 }, name: 'email', unique: true },
  { key: { first: 1 }, name: 'first', unique: true, sparse: true },
  { key: { 'memberships.workspace_id': 1, _id: 1 }, name: 'members' },
  { key: { 'erasing.at': 1 }, name: 'erasing', sparse: true },
  { key: { leaving_at: 1 }, name: 'leaving', sparse: true },
  { key: { invitation_ids: 1 }, name: 'invitations', unique: true, sparse: true },
  { key: { 'identities.iss': 1, 'identities.sub': 1 }, name: 'identities', unique: true, sparse: true },
  { key: { 'unsettled.at': 1 }, name: 'unsettled', sparse: true },
]
const SESSION_INDEXES: readonly IndexDescription[] = [
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
  { key: { user_id: 1, used_at: -1 }, name: 'list' },
  { key: { 'provider.sid': 1 }, name: 'provider', sparse: true },
]

const reading = (people: Collection<Person>) => ({
  isEmpty: async () => (await people.findOne({}, { projection: { _id: 1 }, sort: { _id: 1 } })) === null,
  byId: (id: string) => people.findOne({ _id: id }),
  byEmail: (email: string) => people.findOne({ email }),
  byIdentity: (iss: string, sub: string) => people.findOne({ identities: { $elemMatch: { iss, sub } } }),
  byInvitation: (invitationId: string) => people.findOne({ invitation_ids: invitationId }),
  unfinished: (before: Date, limit: number) =>
    people
      .find({ 'unsettled.at': { $lte: before } })
      .sort({ 'unsettled.at': 1 })
      .limit(limit)
      .toArray(),
  members: (workspaceId: string, { user_ids, after, limit }: MemberQuery) => {
    const ids = { ...(user_ids ? { $in: [...user_ids] } : {}), ...(after ? { $gt: after } : {}) }
    const filter: Filter<Person> = {
      'memberships.workspace_id': workspaceId,
      ...(user_ids || after ? { _id: ids } : {}),
    }
    return people.find(filter).sort({ _id: 1 }).limit(limit).toArray()
  },
  managers: (workspace_id: string, limit: number) =>
    people
      .find({
        memberships: { $elemMatch: { workspace_id, role: { $in: ['owner', 'admin'] } } },
        deactivated_at: null,
      })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray(),
  countMembers: (workspaceId: string) => people.countDocuments({ 'memberships.workspace_id': workspaceId }),
  countOwners: (workspace_id: string) =>
    people.countDocuments({
      memberships: { $elemMatch: { workspace_id, role: 'owner' } },
      deactivated_at: null,
      leaving_at: null,
    }),
})

type Save = (
  person: Person,
  update: Pick<UpdateFilter<Person>, '$set' | '$unset' | '$pull'> & {
    $push?: Readonly<Record<string, unknown>>
  },
  events?: readonly PersonEvent[],
  and?: Filter<Person>,
) => Promise<Person | 'stale'>

const writing = (people: Collection<Person>, deps: AggregateDeps) => {
  const outbox = outboxOf(people)
  const stamped = (
    { _id, v, memberships }: Pick<Person, '_id' | 'v' | 'memberships'>,
    events: readonly PersonEvent[],
  ) =>
    events.flatMap((event) =>
      stampEvents([event], {
        service: deps.service,
        // What has no workspace goes by the person, so that it has a subject.
        workspace_id:
          'workspace_id' in event.data ? event.data.workspace_id : (memberships[0]?.workspace_id ?? _id),
        entity_id: _id,
        version: v,
        now: deps.clock.now(),
        nextId: deps.ids.next,
      }),
    )
  /** Changes an account as it was read: its next version and its events in one write. */
  const save: Save = async (person, update, events = [], and = {}) => {
    const { _id, v, memberships } = person
    if (isFormer(person)) throw notFound('person', _id)
    requireOutboxRoom(person.outbox ?? [], events)
    const waiting = stamped({ _id, v: v + 1, memberships }, events)
    const $push = { ...update.$push, ...(waiting.length > 0 ? { outbox: { $each: waiting } } : {}) }
    const saved = await people.findOneAndUpdate(
      { ...and, _id, v },
      { ...update, $push, $inc: { v: 1 } } as UpdateFilter<Person>,
      { returnDocument: 'after' },
    )
    if (saved && waiting.length > 0) deps.onCommit(outbox, _id, waiting)
    return saved ?? 'stale'
  }
  const insert = async (person: Person, events: readonly PersonEvent[]): Promise<boolean> => {
    const waiting = stamped(person, events)
    if (!(await inserted(people.insertOne({ ...person, outbox: waiting })))) return false
    if (waiting.length > 0) deps.onCommit(outbox, person._id, waiting)
    return true
  }
  return { outbox, save, insert }
}

const nextVersion = ({ password_version = 1 }: Person): number => password_version + 1

/** Changes of what a person may change of their own account. */
const detailsOf = (
  save: Save,
): Pick<PeopleStore, 'setPassword' | 'setName' | 'setEmail' | 'confirm' | 'setReading'> => ({
  confirm: (person, confirmed_at) => save(person, { $set: { confirmed_at } }),
  setReading: (person, reading) => save(person, { $set: reading }),
  setPassword: (person, password_hash, confirmed_at, events) =>
    save(
      person,
      {
        $set: {
          password_hash,
          password_version: nextVersion(person),
          ...(confirmed_at === undefined ? {} : { confirmed_at }),
        },
      },
      events,
    ),
  setName: (person, name, events) => save(person, { $set: { name } }, events),
  setEmail: async (person, email, confirmed_at, events) => {
    try {
      return await save(person, { $set: { email, confirmed_at } }, events)
    } catch (error) {
      if (isDuplicateKey(error)) return 'email_taken'
      throw error
    }
  },
})

const peopleOf = (people: Collection<Person>, deps: AggregateDeps): PeopleStore => {
  const { outbox, save, insert } = writing(people, deps)
  return {
    ...reading(people),
    outbox,
    insert: async (person, events) => {
      if (await insert(person, events)) return 'inserted'
      // Read back which unique key it violated: databases word that error differently.
      if (await people.findOne({ email: person.email })) return 'email_taken'
      if (await people.findOne({ invitation_ids: { $in: person.invitation_ids ?? [] } }))
        return 'invitation_taken'
      return person.identities ? 'identity_taken' : 'not_first'
    },
    join: async (person, membership, invitation_id, events) => {
      try {
        return await save(person, joining(membership, invitation_id), events)
      } catch (error) {
        if (isDuplicateKey(error)) return 'invitation_taken'
        throw error
      }
    },
    removeIdentity: (person, { iss, sub }, events) => {
      const identities = (person.identities ?? []).filter((one) => one.iss !== iss || one.sub !== sub)
      // A unique index treats an empty list as a value.
      return save(
        person,
        identities.length > 0 ? { $set: { identities } } : { $unset: { identities: '' } },
        events,
      )
    },
    addIdentity: async (person, identity, events) => {
      try {
        return await save(person, { $push: { identities: identity } }, events)
      } catch (error) {
        if (isDuplicateKey(error)) return 'identity_taken'
        throw error
      }
    },
    changeMembership: (person, workspace_id, after, events) =>
      after === null
        ? save(person, { $pull: { memberships: { workspace_id } } }, events)
        : save(person, { $set: { 'memberships.$': after } }, events, {
            'memberships.workspace_id': workspace_id,
          }),
    ...detailsOf(save),
    ...deletionStore(people, save),
    markFinished: async (id, workspaceId) => {
      // Without the version: removing a marker is right whatever else has changed.
      await people.updateOne({ _id: id }, { $pull: { unsettled: { workspace_id: workspaceId } } })
    },
  }
}

const sessionsOf = (sessions: Collection<Session>): SessionStore => ({
  insert: async (session) => void (await sessions.insertOne(session)),
  find: (id, now) => sessions.findOne({ _id: id, expires_at: { $gt: now } }),
  prove: async (id, at, method) => {
    await sessions.updateOne({ _id: id }, { $max: { authenticated_at: at }, $addToSet: { methods: method } })
  },
  show: async (id, workspaceId) => {
    await sessions.updateOne({ _id: id }, { $set: { workspace_id: workspaceId } })
  },
  leave: async (user_id, workspace_id) => {
    await sessions.updateMany({ user_id, workspace_id }, { $set: { workspace_id: null } })
  },
  remove: async (id) => void (await sessions.deleteOne({ _id: id })),
  removeOfProvider: async (iss, sid) => {
    const filter = { 'provider.sid': sid, 'provider.iss': iss }
    const users = await sessions.distinct('user_id', filter)
    await sessions.deleteMany(filter)
    return users
  },
  noteUse: async (_id, use) => void (await sessions.updateOne({ _id }, { $set: use })),
  list: (user_id, now, limit) =>
    sessions
      .find({ user_id, expires_at: { $gt: now } })
      .sort({ used_at: -1 })
      .limit(limit)
      .toArray(),
  removeOf: async (user_id, _id) => (await sessions.deleteOne({ _id, user_id })).deletedCount === 1,
  removeOthers: async (user_id, kept) =>
    void (await sessions.deleteMany({ user_id, ...(kept === undefined ? {} : { _id: { $ne: kept } }) })),
})

/** Opens the collections and makes their indexes. */
export const openPeopleStores = async (
  db: Db,
  deps: AggregateDeps,
): Promise<{ people: PeopleStore; sessions: SessionStore }> => {
  const people = await openCollection<Person>(db, 'people', { indexes: PEOPLE_INDEXES })
  const sessions = await openCollection<Session>(db, 'sessions', { indexes: SESSION_INDEXES })
  return {
    people: peopleOf(people.collection, deps),
    sessions: sessionsOf(sessions.collection),
  }
}
