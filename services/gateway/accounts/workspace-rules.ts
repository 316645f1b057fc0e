// Workspaces and invitations, and which changes of them are legal. Pure; knows no storage and no page.

import type { ClaimLimits } from '../../../shared/contracts/define/claim-limits.ts'
import type { Caller, EventOf, Role } from '../../../shared/contracts/define/contract.ts'
import { actorOf } from '../../../shared/contracts/define/contract.ts'
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { isTimeZone } from '../../../shared/contracts/define/language.ts'
import type { gateway } from '../../../shared/contracts/gateway/contract.ts'
import type { Workspace as WorkspaceView } from '../../../shared/contracts/gateway/shapes.ts'
import type { Aggregate, State } from '../../../shared/storage/aggregate.ts'
import { translatedError } from '../translated-errors.ts'
import { sameLimits } from './claim-limit-rules.ts'
import { factorFault } from './factor-rules.ts'
import { isActive, membershipIn, membershipUnder, type Person } from './person-rules.ts'
import { type MemberChange, rolesToGive } from './role-rules.ts'
import type { BlockedClient, TokenPolicy } from './token-policy-rules.ts'

export type GatewayEvent = EventOf<typeof gateway>
type Actor = { user_id: string; name: string; client: string }

export type Workspace = Aggregate & {
  name: string
  ai_context: string
  time_zone: string
  created_at: Date
  /** Absent: as `CLAIM_LIMITS` has them. */
  claim_limits?: ClaimLimits
  /** Members without a second factor can do nothing on its pages. Absent: they may. */
  require_second_factor?: true
  /** What tokens and service accounts may at most. Absent: what their holders may. */
  token_policy?: TokenPolicy
  /** Clients that may not work here. */
  blocked_clients?: readonly BlockedClient[]
  /** The change of a member that is being applied. */
  member_change?: MemberChange
  /** When it was deleted, and by whom. Absent: it was not. What has this is a tombstone, which stays. */
  deleted?: Readonly<{ at: Date; by: Actor }>
  /** Since when it is being ended; absent once its members have left and what the gateway keeps of it is being erased. */
  ending_since?: Date
}

/** What of a workspace bounds those who work in it. */
export type AccessRules = Pick<Workspace, 'claim_limits' | 'token_policy' | 'blocked_clients' | 'deleted'>

/** An invitation by email. Its link is made from its id, so nothing secret is stored. */
export type Invitation = Aggregate & {
  email: string
  role: Role
  invited_by: Actor
  /** The inviter's membership; see Membership. Absent in older invitations. */
  membership_id?: string
  status: 'pending' | 'accepted' | 'withdrawn'
  created_at: Date
  expires_at: Date
  /** When the document is deleted. */
  purge_at: Date
}

/** How long a link works (ms). */
export const INVITATION_MS = 7 * 24 * 60 * 60_000
/** How long its document stays after that (ms). */
const PURGE_AFTER_MS = 30 * 24 * 60 * 60_000
/** Open invitations that a workspace may have at once. */
export const OPEN_INVITATIONS = 500

/** Roles that an invitation may give. */
export const INVITED_ROLES = ['admin', 'member', 'viewer'] as const

/** Whether a role may edit the workspace and invite people. */
export const manages = (role: Role): boolean => role === 'owner' || role === 'admin'

const requireManager = (caller: Caller): void => {
  if (!manages(caller.role)) throw translatedError('forbidden', (words) => words.word('only_managers'))
}

const noTimeZone = (zone: string): AppError =>
  translatedError('invalid_argument', (words) => words.say('no_such_time_zone', { zone }), {
    hint: (words) => words.word('time_zone_hint'),
  })

/** A new workspace. The first member's own document has the membership and the event about it. */
export const createWorkspace = (id: string, name: string, now: Date): State<Workspace> => ({
  _id: id,
  ws: id,
  name,
  ai_context: '',
  time_zone: 'UTC',
  created_at: now,
})

/** What can be edited; an absent member stays as it is. */
export type WorkspaceEdit = Readonly<{
  name?: string
  ai_context?: string
  time_zone?: string
  claim_limits?: ClaimLimits
  require_second_factor?: boolean
}>

/**
 * The workspace after an edit; no event when nothing changed.
 * @throws AppError `forbidden` unless owner or admin; `invalid_argument` for a time zone that does not exist.
 */
export const editWorkspace = (
  workspace: Workspace,
  edit: WorkspaceEdit,
  caller: Caller,
): { workspace: State<Workspace>; events: GatewayEvent[] } => {
  requireManager(caller)
  const requires = edit.require_second_factor
  if (requires !== undefined && caller.role !== 'owner') throw factorFault('forbidden', 'only_owner_requires')
  if (edit.time_zone !== undefined && !isTimeZone(edit.time_zone)) throw noTimeZone(edit.time_zone)
  const changed = (['name', 'ai_context', 'time_zone'] as const).filter(
    (field) => edit[field] !== undefined && edit[field] !== workspace[field],
  )
  const limits = edit.claim_limits
  const newLimits = limits && !sameLimits(limits, workspace.claim_limits) ? limits : undefined
  const isNew = requires !== undefined && requires !== (workspace.require_second_factor === true)
  const also_changed = [...(newLimits ? ['claim_limits'] : []), ...(isNew ? ['second_factor'] : [])]
  const { require_second_factor: required, ...before } = workspace
  const next = {
    ...before,
    ...((requires ?? required) ? { require_second_factor: true as const } : {}),
    ...Object.fromEntries(changed.map((field) => [field, edit[field]])),
    ...(newLimits ? { claim_limits: newLimits } : {}),
  }
  if (changed.length + also_changed.length === 0) return { workspace: next, events: [] }
  const data = {
    workspace_id: workspace._id,
    version: workspace.v + 1,
    changed,
    // Readers of `changed` know its names; what later releases made changeable has a list of its own.
    ...(also_changed.length > 0 ? { also_changed } : {}),
    by: actorOf(caller),
  }
  return { workspace: next, events: [{ name: 'workspace.updated', data }] }
}

/** A workspace as callers see it. */
export const workspaceView = (workspace: Workspace): WorkspaceView => ({
  id: workspace._id,
  name: workspace.name,
  ai_context: workspace.ai_context,
  time_zone: workspace.time_zone,
  created_at: workspace.created_at.toISOString(),
  version: workspace.v,
})

/**
 * A new invitation.
 * @throws AppError `forbidden` unless owner or admin.
 */
export const createInvitation = (
  asked: Readonly<{ email: string; role: (typeof INVITED_ROLES)[number]; membership_id?: string }>,
  caller: Caller,
  id: string,
  now: Date,
): { invitation: State<Invitation>; events: GatewayEvent[] } => {
  requireManager(caller)
  const by = actorOf(caller)
  const expires = now.getTime() + INVITATION_MS
  return {
    invitation: {
      _id: id,
      ws: caller.workspace_id,
      ...asked,
      invited_by: by,
      status: 'pending',
      created_at: now,
      expires_at: new Date(expires),
      purge_at: new Date(expires + PURGE_AFTER_MS),
    },
    events: [
      {
        name: 'person.invited',
        data: { invitation_id: id, workspace_id: caller.workspace_id, by, role: asked.role },
      },
    ],
  }
}

/** Whether the inviter may still give the role: an invitation passes on their right. */
const isBacked = (
  invitation: Invitation,
  inviter: Pick<Person, 'memberships' | 'deactivated_at'> | null,
): boolean => {
  const membership =
    inviter &&
    isActive(inviter) &&
    (invitation.membership_id === undefined
      ? membershipIn(inviter, invitation.ws)
      : membershipUnder(invitation, inviter))
  return membership ? rolesToGive(membership.role).includes(invitation.role) : false
}

/** Whether an invitation's link still works. @param inviter as they are now. */
export const isOpen = (
  invitation: Invitation,
  inviter: Pick<Person, 'memberships' | 'deactivated_at'> | null,
  now: Date,
): boolean => invitation.status === 'pending' && invitation.expires_at > now && isBacked(invitation, inviter)

/** The invitation once accepted. No event: the person's own document decided that and has it. */
export const acceptInvitation = (invitation: Invitation): State<Invitation> => ({
  ...invitation,
  status: 'accepted',
})

/**
 * The invitation once withdrawn.
 * @throws AppError `forbidden` unless owner or admin.
 */
export const withdrawInvitation = (invitation: Invitation, caller: Caller): State<Invitation> => {
  requireManager(caller)
  return { ...invitation, status: 'withdrawn' }
}
