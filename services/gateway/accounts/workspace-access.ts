// What owners and admins do about the access of programs to their workspace: the policy, blocked clients, ending tokens.
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { type PolicyTyped, readPolicy } from './token-policy-rules.ts'
import { requireAccessManager, withBlocked, withPolicy, withUnblocked } from './workspace-access-rules.ts'
import type { Workspace } from './workspace-rules.ts'
import { loadWorkspace } from './workspaces.ts'

const change = (
  deps: Deps,
  caller: Caller,
  next: (workspace: Workspace) => ReturnType<typeof withPolicy>,
): Promise<Workspace> =>
  untilSaved(async () => {
    const before = await loadWorkspace(deps, caller.workspace_id)
    const { workspace, events } = next(before)
    if (events.length === 0) return before
    return (await deps.store.workspaces.save(before, workspace, events)) ?? undefined
  }, deps.ids.random)

/**
 * Sets the policy of tokens and service accounts. It holds for those present within seconds.
 * @throws AppError `forbidden`, `invalid_argument` with the field.
 */
export const savePolicy = (deps: Deps, caller: Caller, typed: PolicyTyped): Promise<Workspace> => {
  const policy = readPolicy(typed)
  return change(deps, caller, (before) => withPolicy(before, policy, caller))
}

/**
 * Blocks a client for the workspace and ends its connections there. After a crash in between they are refused all the same,
 * since every use asks whether the client is blocked.
 * @throws AppError `forbidden`, `not_found` where it has no connection there.
 */
export const blockClient = async (deps: Deps, caller: Caller, client_id: string): Promise<Workspace> => {
  requireAccessManager(caller)
  const { store, clock } = deps
  const known = await store.grants.ofClient(caller.workspace_id, client_id)
  // A service account is a client of its own; its page disables it.
  if (!known || known.user_id === client_id) throw notFound('client', client_id)
  const client = { client_id, name: known.client_name }
  const saved = await change(deps, caller, (before) => withBlocked(before, client, caller, clock.now()))
  await store.grants.revokeClient(caller.workspace_id, client_id, clock.now())
  return saved
}

/**
 * Lets a blocked client ask again.
 * @throws AppError `forbidden`, `not_found`.
 */
export const unblockClient = (deps: Deps, caller: Caller, client_id: string): Promise<Workspace> =>
  change(deps, caller, (before) => withUnblocked(before, client_id, caller))

/**
 * Ends a token of the workspace, whoever has it.
 * @throws AppError `forbidden`; `not_found`, also for one of another workspace.
 */
export const endToken = async ({ store }: Deps, caller: Caller, id: string): Promise<void> => {
  requireAccessManager(caller)
  const token = await store.personalTokens.find(id)
  if (token?.ws !== caller.workspace_id) throw notFound('token', id)
  await store.personalTokens.remove(token.user_id, id)
}

/**
 * Ends every token of the workspace.
 * @throws AppError `forbidden`.
 */
export const endAllTokens = async ({ store }: Deps, caller: Caller): Promise<void> => {
  requireAccessManager(caller)
  await store.personalTokens.removeOfWorkspace(caller.workspace_id)
}

/**
 * Ends a connection of an app, whoever made it.
 * @throws AppError `forbidden`; `not_found`, also for one of another workspace.
 */
export const endConnection = async ({ store, clock }: Deps, caller: Caller, id: string): Promise<void> => {
  requireAccessManager(caller)
  const grant = await store.grants.find(id)
  if (grant?.ws !== caller.workspace_id || grant.user_id === grant.client_id) throw notFound('connection', id)
  await store.grants.revoke(id, 'revoked_by_manager', clock.now())
}
