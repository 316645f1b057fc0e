// Changing members of a workspace: their roles, and who belongs to it. Decided in the workspace's document, done in the
// person's, and done to the end by whoever comes next after a crash.

import type { Caller, Role } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/aggregate.ts'
import type { Deps } from '../deps.ts'
import { membershipIn } from './person-rules.ts'
import { changeEvent, decideChange, isPending, type MemberChange, membershipAfter } from './role-rules.ts'

/** Writes the change into the person's document, with its event. Safe to repeat, and for several at once. */
const apply = (deps: Deps, workspaceId: string, change: MemberChange): Promise<true> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(change.user_id)
    if (!person || !isPending(change, membershipIn(person, workspaceId))) return true
    const after = membershipAfter(change)
    const saved = await deps.store.people.changeMembership(person, workspaceId, after, [
      changeEvent(change, person),
    ])
    return saved === 'stale' ? undefined : true
  }, deps.ids.random)

/** Does to the end what was decided. */
export const finishChange = async (deps: Deps, workspaceId: string, change: MemberChange): Promise<void> => {
  await apply(deps, workspaceId, change)
  deps.at('change_member.applied')
  await deps.store.workspaces.endChange(workspaceId, change.id)
}

/**
 * Gives a member another role, or, with null, takes them out: from then on all that works in their name there is refused,
 * on every gateway, as soon as it has looked again.
 * @throws AppError `not_found`, `forbidden`.
 */
export const changeMember = (
  deps: Deps,
  caller: Caller,
  userId: string,
  role: Role | null,
): Promise<true> => {
  const { store, ids, clock } = deps
  const { workspace_id } = caller
  return untilSaved(async () => {
    const workspace = await store.workspaces.find(workspace_id)
    if (!workspace) throw notFound('workspace', workspace_id)
    if (workspace.member_change) {
      await finishChange(deps, workspace_id, workspace.member_change)
      return undefined
    }
    const [person, owners] = await Promise.all([
      store.people.byId(userId),
      store.people.countOwners(workspace_id),
    ])
    const change = decideChange({ person, role, owners }, caller, ids.next(), clock.now())
    if (!change) return true
    const saved = await store.workspaces.save(workspace, { ...workspace, member_change: change }, [])
    if (!saved) return undefined
    deps.at('change_member.decided')
    await finishChange(deps, workspace_id, change)
    return true
  }, ids.random)
}
