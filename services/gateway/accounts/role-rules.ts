// Who may change whose role or remove whom from a workspace, and the events about it. Pure; knows no storage and no page.
import type { Actor } from '../../../shared/contracts/define/common.ts'
import { actorOf, type Caller, type EventOf, type Role } from '../../../shared/contracts/define/contract.ts'
import { type AppError, notFound } from '../../../shared/contracts/define/errors.ts'
import type { gateway } from '../../../shared/contracts/gateway/contract.ts'
import { translatedError } from '../translated-errors.ts'
import { isActive, type Membership, membershipIn, type Person } from './person-rules.ts'

/** An event about a membership. */
export type MembershipEvent = Extract<
  EventOf<typeof gateway>,
  {
    name:
      | 'person.joined'
      | 'person.role_changed'
      | 'person.left'
      | 'person.deactivated'
      | 'person.reactivated'
  }
>

/**
 * A decided change of one member that may not be applied yet. It is stored in the workspace's document, so each workspace has
 * one at a time: two owners cannot take the role from each other at once.
 */
export type MemberChange = {
  id: string
  user_id: string
  /** The membership as it was at the decision. If it has changed since, it is left alone. */
  before: Membership
  /** Null: the person leaves the workspace. */
  role: Role | null
  by: Actor
  at: Date
}

const forbidden = (
  key: 'only_managers' | 'only_owner_changes' | 'only_owner_makes' | 'last_owner',
): AppError => translatedError('forbidden', (words) => words.word(key))

/** The roles that somebody may give, and so may take away: only owners touch owners. */
export const rolesToGive = (by: Role): readonly Role[] => {
  if (by === 'owner') return ['owner', 'admin', 'member', 'viewer']
  return by === 'admin' ? ['admin', 'member', 'viewer'] : []
}

/** A requested change: another role, or null to leave. `owners` counts those of the workspace whose account may be used. */
export type RequestedChange = Readonly<{ person: Person | null; role: Role | null; owners: number }>

/**
 * Decides on a change of a member.
 * @returns null when the member already has the role.
 * @throws AppError `not_found` for somebody who is no member; `forbidden` when the caller may not, and for the last owner: a
 *   workspace without an owner could never be managed again.
 */
export const decideChange = (
  { person, role, owners }: RequestedChange,
  caller: Caller,
  id: string,
  at: Date,
): MemberChange | null => {
  const before = person ? membershipIn(person, caller.workspace_id) : undefined
  if (!person || !before) throw notFound('member', person?._id ?? '')
  const leaves = role === null && person._id === caller.user_id
  const given = rolesToGive(caller.role)
  if (!leaves && given.length === 0) throw forbidden('only_managers')
  if (!leaves && !given.includes(before.role)) throw forbidden('only_owner_changes')
  if (role !== null && !given.includes(role)) throw forbidden('only_owner_makes')
  if (before.role === role) return null
  if (before.role === 'owner' && isActive(person) && owners <= 1) throw forbidden('last_owner')
  return { id, user_id: person._id, before, role, by: actorOf(caller), at }
}

/** Whether a change is still to be applied: the membership is as it was at the decision. */
export const isPending = ({ before }: MemberChange, membership: Membership | undefined): boolean =>
  membership !== undefined &&
  membership.id === before.id &&
  membership.role === before.role &&
  membership.changed_at?.getTime() === before.changed_at?.getTime()

/** The membership after a change; null: it has ended. */
export const membershipAfter = ({ before, role, at }: MemberChange): Membership | null =>
  role === null ? null : { ...before, role, changed_at: at }

/** The event of a person who joined. */
export const joinedEvent = (
  { _id, name }: Pick<Person, '_id' | 'name'>,
  { workspace_id, role }: Membership,
): MembershipEvent => ({ name: 'person.joined', data: { user_id: _id, workspace_id, name, role } })

/** The event of a change. */
export const changeEvent = (
  { before, role, by }: MemberChange,
  { _id, name }: Pick<Person, '_id' | 'name'>,
): MembershipEvent => {
  const who = { user_id: _id, workspace_id: before.workspace_id, name, by }
  return role === null
    ? { name: 'person.left', data: { ...who, role: before.role } }
    : { name: 'person.role_changed', data: { ...who, role, role_before: before.role } }
}

/** The events of an account that was deactivated or may be used again: one for each of its workspaces. */
export const deactivationEvents = (
  name: 'person.deactivated' | 'person.reactivated',
  person: Pick<Person, '_id' | 'name' | 'memberships'>,
  through: 'operator' | 'identity_provider',
): MembershipEvent[] =>
  person.memberships.map(({ workspace_id }) => ({
    name,
    data: { user_id: person._id, workspace_id, name: person.name, through },
  }))
