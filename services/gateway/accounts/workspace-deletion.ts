// Deletes a workspace. One write marks it as deleted, and from then on every gateway refuses all that works in it.

import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { deletedWorkspace, isDeleted, requireDeleter } from './workspace-deletion-rules.ts'

/** What deleting needs: a command has it without a gateway. */
export type DeletionDeps = Pick<Deps, 'ids' | 'clock'> &
  Readonly<{ store: Pick<Deps['store'], 'workspaces'> }>

/**
 * Deletes the caller's workspace, with the event by which every service erases what it keeps of it. Every gateway refuses
 * what works in it as soon as its caches expire; the memberships and the rest go afterwards, in the background. Repeats
 * change nothing.
 * @throws AppError `forbidden` unless the caller is an owner; `not_found`.
 */
export const deleteWorkspace = (deps: DeletionDeps, caller: Caller): Promise<true> => {
  const { store, ids, clock } = deps
  requireDeleter(caller)
  const id = caller.workspace_id
  return untilSaved(async () => {
    const workspace = await store.workspaces.find(id)
    if (!workspace) {
      if (isDeleted(await store.workspaces.findTombstone(id))) return true
      throw notFound('workspace', id)
    }
    const decision = deletedWorkspace(workspace, caller, clock.now())
    return (await store.workspaces.save(workspace, decision.workspace, decision.events)) ? true : undefined
  }, ids.random)
}
