// What owners and admins do with a workspace: edit it, invite people, withdraw invitations. One write each.

import { roleList } from '../../../shared/contracts/define/access-words.ts'
import { checkInput } from '../../../shared/contracts/define/check.ts'
import { AiContext } from '../../../shared/contracts/define/common.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { spendOrRefuse } from '../limits/limits.ts'
import { INVITATIONS_PER_ADDRESS, INVITATIONS_PER_WORKSPACE } from '../limits/policies.ts'
import { marked } from '../secrets.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'
import { requireConfirmed } from './account-mails.ts'
import { emailFault, membershipIn, normalizeEmail, normalizeName } from './person-rules.ts'
import { finish } from './unfinished.ts'
import {
  createInvitation,
  editWorkspace,
  INVITED_ROLES,
  type Invitation,
  isOpen,
  OPEN_INVITATIONS,
  type Workspace,
  type WorkspaceEdit,
  withdrawInvitation,
} from './workspace-rules.ts'

/**
 * Loads a workspace. If a crash kept its document from being written, that is done now.
 * @throws AppError `not_found`.
 */
export const loadWorkspace = async (deps: Deps, id: string): Promise<Workspace> => {
  const found = await deps.store.workspaces.find(id)
  if (found) return found
  const [person] = await deps.store.people.members(id, { limit: 1 })
  if (person) await finish(deps, person)
  const made = await deps.store.workspaces.find(id)
  if (!made) throw notFound('workspace', id)
  return made
}

/** The link of an invitation: with it, the invited person may join. */
export const invitationUrl = (deps: Deps, invitation: Pick<Invitation, '_id'>): string =>
  `${deps.public_url}/invitations/${marked(deps.secrets.invitation, invitation._id)}`

/**
 * Changes the name, the AI context, the time zone, the limits of claims, or whether a second factor is required.
 * @throws AppError `forbidden`, `invalid_argument`, `limit_exceeded`.
 */
export const saveWorkspace = (deps: Deps, caller: Caller, typed: WorkspaceEdit): Promise<Workspace> => {
  const name = typed.name === undefined ? undefined : normalizeName(typed.name)
  if (typed.name !== undefined && name === undefined)
    throw fieldFault('name', (words) => words.word('no_workspace_name'))
  const { ai_context, time_zone, claim_limits, require_second_factor } = typed
  if (ai_context !== undefined) checkInput(AiContext, ai_context)
  const edit: WorkspaceEdit = {
    ...(name === undefined ? {} : { name }),
    ...(ai_context === undefined ? {} : { ai_context }),
    ...(time_zone === undefined ? {} : { time_zone }),
    ...(claim_limits === undefined ? {} : { claim_limits }),
    ...(require_second_factor === undefined ? {} : { require_second_factor }),
  }
  return untilSaved(async () => {
    const before = await loadWorkspace(deps, caller.workspace_id)
    const { workspace, events } = editWorkspace(before, edit, caller)
    if (events.length === 0) return before
    return (await deps.store.workspaces.save(before, workspace, events)) ?? undefined
  }, deps.ids.random)
}

const refuseMember = async ({ store }: Deps, email: string, workspaceId: string): Promise<void> => {
  const person = await store.people.byEmail(email)
  if (person && membershipIn(person, workspaceId))
    throw translatedError('already_exists', (words) => words.say('already_member', { name: person.name }), {
      details: { field: 'email' },
    })
}

/** Withdraws an earlier invitation to an address if its link no longer works; refuses if it still does. */
const clearPending = async (deps: Deps, caller: Caller, email: string): Promise<void> => {
  const { invitations } = deps.store
  const pending = await invitations.findPending(caller.workspace_id, email)
  if (!pending) return
  const inviter = await deps.store.people.byId(pending.invited_by.user_id)
  if (isOpen(pending, inviter, deps.clock.now()))
    throw translatedError('already_exists', (words) => words.word('already_invited'), {
      details: { field: 'email' },
    })
  await invitations.save(pending, withdrawInvitation(pending, caller), [])
}

/**
 * Invites an address, with an event by which the notifier sends the mail.
 * @throws AppError `forbidden`, `invalid_argument`, `already_exists`, `limit_exceeded`, `rate_limited`.
 */
export const invite = async (
  deps: Deps,
  caller: Caller,
  typed: Readonly<{ email: string; role: string }>,
): Promise<Invitation> => {
  const { store, ids, clock } = deps
  const email = normalizeEmail(typed.email)
  if (!email) throw emailFault()
  const role = INVITED_ROLES.find((one) => one === (typed.role || 'member'))
  if (!role)
    throw fieldFault('role', (words, language) =>
      words.say('unknown_invited_role', { roles: roleList(INVITED_ROLES, language) }),
    )
  const inviter = await store.people.byId(caller.user_id)
  const membership_id = inviter && membershipIn(inviter, caller.workspace_id)?.id
  if (inviter) requireConfirmed(inviter)
  const invited = { email, role, ...(membership_id ? { membership_id } : {}) }
  const { invitation, events } = createInvitation(invited, caller, ids.next(), clock.now())
  await refuseMember(deps, email, caller.workspace_id)
  await clearPending(deps, caller, email)
  const pending = await store.invitations.listPending(caller.workspace_id, OPEN_INVITATIONS)
  if (pending.length >= OPEN_INVITATIONS)
    throw translatedError('limit_exceeded', (words) =>
      words.say('too_many_invitations', { max: String(OPEN_INVITATIONS) }),
    )
  await spendOrRefuse(deps.limits, `invitations of ${caller.workspace_id}`, INVITATIONS_PER_WORKSPACE)
  await spendOrRefuse(deps.limits, `invitations to ${email}`, INVITATIONS_PER_ADDRESS)
  const inserted = await store.invitations.insert(invitation, events)
  if (!inserted) throw translatedError('already_exists', (words) => words.word('invited_meanwhile'))
  return inserted
}

/**
 * Withdraws an invitation. One that was accepted, or belongs to another workspace, counts as not found.
 * @throws AppError `forbidden`, `not_found`.
 */
export const withdraw = (deps: Deps, caller: Caller, invitationId: string): Promise<Invitation> =>
  untilSaved(async () => {
    const before = await deps.store.invitations.find(invitationId)
    if (!before || before.ws !== caller.workspace_id || before.status === 'accepted')
      throw notFound('invitation', invitationId)
    if (before.status === 'withdrawn') return before
    return (await deps.store.invitations.save(before, withdrawInvitation(before, caller), [])) ?? undefined
  }, deps.ids.random)
