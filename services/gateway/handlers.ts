// The gateway's answers on the bus: workspaces, people, invitations, and the texts of the workflows.

import { startBudget } from '../../shared/bus/headers.ts'
import type { Member } from '../../shared/contracts/define/common.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Handlers, MemberCall } from '../../shared/contracts/define/contract.ts'
import { pageById } from '../../shared/contracts/define/cursor.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import {
  ANSWER_BYTES,
  countFitting,
  ENVELOPE_BYTES,
  jsonBytes,
} from '../../shared/contracts/define/page-bytes.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { RecordOperation } from '../../shared/contracts/records.ts'
import { accountMailUrl, personOfAccountMail } from './accounts/account-mails.ts'
import { personOfReset, resetUrl } from './accounts/credentials.ts'
import { isActive, membershipIn, type Person, readingOf } from './accounts/person-rules.ts'
import { isOpen, workspaceView } from './accounts/workspace-rules.ts'
import { invitationUrl, loadWorkspace } from './accounts/workspaces.ts'
import type { Deps } from './deps.ts'
import { workflowText } from './mcp/workflows.ts'
import { callerOfConnection } from './oauth/access.ts'

type GatewayHandlers = Handlers<typeof gateway>

const memberView = (person: Person, workspaceId: string): Member => ({
  user_id: person._id,
  name: person.name,
  role: membershipIn(person, workspaceId)?.role ?? 'viewer',
})

/** How long get_workspace waits for what the caller holds (ms): the rest of its answer does not need other services. */
const HELD_BUDGET_MS = 2_000
/** Room in it for what the caller holds (bytes). */
const HELD_BYTES = 10_000

type Holding = Pick<
  Awaited<ReturnType<GatewayHandlers['get_workspace']>>,
  'holding' | 'holding_total' | 'holding_unknown'
>

/** What the connection of a call holds, out of what its person sees; or that it cannot be told now. */
const holdingOf = async (deps: Deps, call: MemberCall): Promise<Holding> => {
  const budget = startBudget(deps.clock, Math.min(HELD_BUDGET_MS, call.remainingMs()), call.signal)
  const asked = { ...call, ...budget }
  try {
    const { loop_ids } = await deps.loops.list_private_loops({}, asked)
    const wanted = { visible_private_loop_ids: loop_ids, max_bytes: HELD_BYTES }
    const { holding, total } = await deps.tasks.list_held(wanted, asked)
    if (total === 0) return {}
    return { holding, ...(holding.length < total ? { holding_total: total } : {}) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    deps.log.debug('what is held cannot be told', { request_id: call.request_id, code: error.code })
    return { holding_unknown: true }
  }
}

const getWorkspace =
  (deps: Deps): GatewayHandlers['get_workspace'] =>
  async (_, call) => {
    const { workspace_id, user_id, user_name, role, scopes } = call.caller
    const [workspace, members, members_total, holding] = await Promise.all([
      loadWorkspace(deps, workspace_id),
      deps.store.people.members(workspace_id, { limit: LIMITS.page }),
      deps.store.people.countMembers(workspace_id),
      holdingOf(deps, call),
    ])
    const answer = {
      workspace: workspaceView(workspace),
      you: { user_id, name: user_name, role, scopes: [...scopes] },
      ...holding,
      members_total,
    }
    const rows = members.map((person) => memberView(person, workspace_id))
    const room = ANSWER_BYTES - ENVELOPE_BYTES - jsonBytes(answer)
    return { ...answer, members: rows.slice(0, countFitting(rows, room, 0)) }
  }

const listMembers =
  (deps: Deps): GatewayHandlers['list_members'] =>
  async ({ workspace_id, user_ids, limit, cursor }) => {
    const [workspace, found] = await Promise.all([
      loadWorkspace(deps, workspace_id),
      deps.store.people.members(workspace_id, {
        ...(user_ids ? { user_ids } : {}),
        ...(cursor ? { after: cursor } : {}),
        limit: limit + 1,
      }),
    ])
    const { page: members, next_cursor } = pageById(found, limit, (person) => ({
      ...memberView(person, workspace_id),
      email: person.email,
      // Absent (`undefined`) in accounts older than the confirmation of addresses: they go on getting mail.
      ...(person.confirmed_at === null ? { unconfirmed: true as const } : {}),
      ...(isActive(person) ? {} : { deactivated: true as const }),
      ...readingOf(person, workspace),
    }))
    return { members, next_cursor }
  }

const getAccountMail =
  (deps: Deps): GatewayHandlers['get_account_mail'] =>
  async ({ account_mail_id }) => {
    const found = await personOfAccountMail(deps, account_mail_id)
    if (!found) throw notFound('account_mail', account_mail_id)
    const { person, mail } = found
    return {
      // What is left of a deleted account has no name.
      name: mail.kind === 'account_deleted' ? (mail.facts?.name ?? '') : person.name,
      email: mail.email,
      url: accountMailUrl(deps, mail),
      expires_at: mail.expires_at.toISOString(),
      ...(mail.facts ? { facts: mail.facts } : {}),
      ...(mail.reading ?? readingOf(person, await deps.store.workspaces.find(mail.ws))),
    }
  }

const getPasswordReset =
  (deps: Deps): GatewayHandlers['get_password_reset'] =>
  async ({ reset_id }) => {
    const found = await personOfReset(deps, reset_id)
    if (!found) throw notFound('reset', reset_id)
    const { person, reset } = found
    const [membership] = person.memberships
    const workspace = membership ? await deps.store.workspaces.find(membership.workspace_id) : null
    return {
      name: person.name,
      email: person.email,
      url: resetUrl(deps, reset),
      expires_at: reset.expires_at.toISOString(),
      ...readingOf(person, workspace),
    }
  }

const getInvitation =
  (deps: Deps): GatewayHandlers['get_invitation'] =>
  async ({ invitation_id }) => {
    const { people, invitations } = deps.store
    const invitation = await invitations.find(invitation_id)
    const inviter = invitation && (await people.byId(invitation.invited_by.user_id))
    if (!invitation || !isOpen(invitation, inviter, deps.clock.now()))
      throw notFound('invitation', invitation_id)
    const { email, invited_by } = invitation
    const [workspace, invited] = await Promise.all([
      loadWorkspace(deps, invitation.ws),
      people.byEmail(email),
    ])
    return {
      email,
      url: invitationUrl(deps, invitation),
      workspace_name: workspace.name,
      invited_by: invited_by.name,
      expires_at: invitation.expires_at.toISOString(),
      // Somebody without an account most likely reads the language of whoever invites them.
      ...readingOf(invited ?? { locale: inviter?.locale ?? 'en' }, workspace),
    }
  }

/** Answers each operation of the contract, except those about records. */
export const handlers = (deps: Deps): Omit<GatewayHandlers, RecordOperation> => ({
  get_workspace: getWorkspace(deps),
  get_workflow: async ({ workflow }) => {
    const { title, instructions } = workflowText(workflow)
    return { workflow, title, instructions }
  },
  get_workspace_context: async ({ workspace_id }) => ({
    workspace: workspaceView(await loadWorkspace(deps, workspace_id)),
  }),
  get_connection: async ({ grant_id }) => {
    const caller = await callerOfConnection(deps, grant_id)
    return { caller: caller && { ...caller, scopes: [...caller.scopes], grant_id } }
  },
  list_members: listMembers(deps),
  get_account_mail: getAccountMail(deps),
  get_password_reset: getPasswordReset(deps),
  get_invitation: getInvitation(deps),
})
