// Deletes a workspace. One write marks it as deleted, and from then on every gateway refuses all that works in it. What
// follows is done in the background, by whichever gateway comes first, and again after a crash.

import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { prepareAccountMail } from './account-mails.ts'
import { isActive, membershipIn, type Person } from './person-rules.ts'
import { deletedWorkspace, isDeleted, requireDeleter } from './workspace-deletion-rules.ts'
import type { Workspace } from './workspace-rules.ts'

/** What deleting needs: a command has it without a gateway. */
export type DeletionDeps = Pick<Deps, 'ids' | 'clock' | 'at'> &
  Readonly<{ store: Pick<Deps['store'], 'workspaces'> }>

/** Members who leave at once, and how many in one turn. */
const BATCH = 50
const BATCHES = 10

/**
 * Deletes the caller's workspace, with the event by which every service erases what it keeps of it. Every gateway refuses
 * what works in it as soon as its caches expire; the memberships and the rest go afterwards, in the background. Repeats
 * change nothing.
 * @throws AppError `forbidden` unless the caller is an owner; `not_found`.
 */
export const deleteWorkspace = (deps: DeletionDeps, caller: Caller): Promise<true> => {
  const { store, ids, clock, at } = deps
  requireDeleter(caller)
  const id = caller.workspace_id
  return untilSaved(async () => {
    const workspace = await store.workspaces.find(id)
    if (!workspace) {
      if (isDeleted(await store.workspaces.findTombstone(id))) return true
      throw notFound('workspace', id)
    }
    const decision = deletedWorkspace(workspace, caller, clock.now())
    if (!(await store.workspaces.save(workspace, decision.workspace, decision.events))) return undefined
    at('delete_workspace.saved')
    return true
  }, ids.random)
}

/** What a member is mailed; nothing where no mail may be sent. Their language and address are looked up when it is sent. */
const mailTo = async (deps: Deps, person: Person, workspace: Workspace, ended: string) => {
  // As for every mail: none to an account that may not be used, or to an address that is not confirmed.
  if (!isActive(person) || person.confirmed_at === null) return []
  const facts = { workspace: workspace.name || ended, by: workspace.deleted?.by.name ?? '' }
  return [await prepareAccountMail(deps, person, 'workspace_deleted', { facts })]
}

/**
 * Ends somebody's membership of a deleted workspace, with the event that sends their mail, in one write: so nobody leaves
 * without a mail, and nobody gets two.
 */
const takeOut = (deps: Deps, userId: string, workspace: Workspace): Promise<true> => {
  const { store, ids } = deps
  const ws = workspace._id
  return untilSaved(async () => {
    const found = await store.people.byId(userId)
    const membership = found && membershipIn(found, ws)
    if (!found || !membership) return true
    // Mail and event go by what is left: under the deleted workspace they would be erased with it.
    const person = {
      ...found,
      memberships: found.memberships.filter(({ workspace_id }) => workspace_id !== ws),
    }
    const mails = await mailTo(deps, person, workspace, membership.workspace_name)
    await store.sessions.leave(userId, ws)
    await store.people.markFinished(userId, ws)
    const saved = await store.people.changeMembership(person, ws, null, mails)
    return saved === 'stale' ? undefined : true
  }, ids.random)
}

/** Ends the memberships of a deleted workspace. @returns false: there are more, for the next turn */
const takeOutMembers = async (deps: Deps, ws: string): Promise<boolean> => {
  const { store, at } = deps
  const workspace = await store.workspaces.findTombstone(ws)
  if (!workspace) return true
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const members = await store.people.members(ws, { limit: BATCH })
    for (const { _id } of members) {
      await takeOut(deps, _id, workspace)
      at('delete_workspace.member_left')
    }
    if (members.length < BATCH) {
      // Everybody has their mail, so nobody needs the name any more.
      await store.workspaces.forgetName(ws)
      at('delete_workspace.members_left')
      return true
    }
  }
  return false
}

/** Ends what belongs to deleted workspaces. Meant to be called repeatedly. @returns whether there were any. */
export const endDeleted = async (deps: Deps): Promise<boolean> => {
  const { store, erasure, at } = deps
  const ending = await store.workspaces.ending(BATCH)
  for (const { _id, deleted } of ending) {
    if (deleted) await erasure.mark(_id, deleted.at)
    at('delete_workspace.marked')
    await store.workspaces.noteErasing(_id)
  }
  return (await erasure.sweep((ws) => takeOutMembers(deps, ws))) || ending.length > 0
}
