// Who may delete a workspace, and what is left of it: a tombstone that nothing works in. Pure; knows no storage and no page.

import { actorOf, type Caller } from '../../../shared/contracts/define/contract.ts'
import type { State } from '../../../shared/storage/aggregate.ts'
import { forbiddenDeletion } from './deletion-words.ts'
import type { GatewayEvent, Workspace } from './workspace-rules.ts'

/**
 * Whether a workspace is deleted: everything in its name is refused, whatever else says that it may.
 * @param workspace null for one that does not exist, which is not deleted.
 */
export const isDeleted = (workspace: Pick<Workspace, 'deleted'> | null | undefined): boolean =>
  workspace?.deleted !== undefined

/**
 * Refuses to delete a workspace to all but its owners.
 * @throws AppError `forbidden`.
 */
export const requireDeleter = ({ role }: Pick<Caller, 'role'>): void => {
  if (role !== 'owner') throw forbiddenDeletion((words) => words.word('only_owner_deletes'))
}

/**
 * The workspace once deleted, with its event. Of what it was only the name stays, until every member has their mail.
 * @throws AppError `forbidden` unless the caller is an owner.
 */
export const deletedWorkspace = (
  workspace: Workspace,
  caller: Caller,
  now: Date,
): { workspace: State<Workspace>; events: GatewayEvent[] } => {
  requireDeleter(caller)
  const by = actorOf(caller)
  const { _id, ws, name, time_zone, created_at } = workspace
  return {
    workspace: {
      _id,
      ws,
      name,
      ai_context: '',
      time_zone,
      created_at,
      deleted: { at: now, by },
      ending_since: now,
    },
    events: [{ name: 'workspace.deleted', data: { workspace_id: _id, version: workspace.v + 1, by } }],
  }
}
