// How the policy of tokens and the blocked clients of a workspace change. Pure.
import { actorOf, type Caller } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import type { State } from '../../../shared/storage/aggregate.ts'
import { forbiddenCredential } from './credential-words.ts'
import { samePolicy, type TokenPolicy } from './token-policy-rules.ts'
import { type GatewayEvent, manages, type Workspace } from './workspace-rules.ts'

/** Clients that a workspace may block. */
export const BLOCKED_CLIENTS = 100

type Changed = Readonly<{ workspace: State<Workspace>; events: GatewayEvent[] }>

const changedBy = (
  workspace: Workspace,
  caller: Caller,
  change: Partial<Pick<Workspace, 'token_policy' | 'blocked_clients'>>,
): Changed => ({
  workspace: { ...workspace, ...change },
  events: [
    {
      name: 'workspace.updated',
      data: {
        workspace_id: workspace._id,
        version: workspace.v + 1,
        changed: [],
        also_changed: Object.keys(change),
        by: actorOf(caller),
      },
    },
  ],
})

const UNCHANGED = (workspace: Workspace): Changed => ({ workspace, events: [] })

/** @throws AppError `forbidden` unless owner or admin. */
export const requireAccessManager = ({ role }: Pick<Caller, 'role'>): void => {
  if (!manages(role)) throw forbiddenCredential((words) => words.word('only_managers_of_access'))
}

/**
 * Sets the policy.
 * @throws AppError `forbidden` unless owner.
 */
export const withPolicy = (workspace: Workspace, policy: TokenPolicy, caller: Caller): Changed => {
  if (caller.role !== 'owner') throw forbiddenCredential((words) => words.word('only_owner_of_policy'))
  return samePolicy(policy, workspace.token_policy)
    ? UNCHANGED(workspace)
    : changedBy(workspace, caller, { token_policy: policy })
}

/**
 * Blocks a client.
 * @throws AppError `forbidden` unless owner or admin, and where too many are blocked already.
 */
export const withBlocked = (
  workspace: Workspace,
  client: Readonly<{ client_id: string; name: string }>,
  caller: Caller,
  now: Date,
): Changed => {
  requireAccessManager(caller)
  const present = workspace.blocked_clients ?? []
  if (present.some(({ client_id }) => client_id === client.client_id)) return UNCHANGED(workspace)
  if (present.length >= BLOCKED_CLIENTS)
    throw forbiddenCredential((words) => words.say('too_many_blocked', { max: String(BLOCKED_CLIENTS) }))
  const { client_id, name } = client
  const blocked = [...present, { client_id, name, at: now, by: actorOf(caller) }]
  return changedBy(workspace, caller, { blocked_clients: blocked })
}

/**
 * Lets a blocked client in again; connections that were ended stay so.
 * @throws AppError `forbidden` unless owner or admin; `not_found`.
 */
export const withUnblocked = (workspace: Workspace, client_id: string, caller: Caller): Changed => {
  requireAccessManager(caller)
  const present = workspace.blocked_clients ?? []
  const left = present.filter((one) => one.client_id !== client_id)
  if (left.length === present.length) throw notFound('client', client_id)
  return changedBy(workspace, caller, { blocked_clients: left })
}
