// Changes the roles of members, and removes them. A change is decided in the workspace's document and applied to the
// person's; after a crash the next one to come finishes it.

import type { Caller, Role } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { membershipIn } from './person-rules.ts'
import { changeEvent, decideChange, isPending, type MemberChange, membershipAfter } from './role-rules.ts'

/** What changing members needs: a command has it without a gateway. */
type Parts = Pick<Deps, 'store' | 'ids' | 'clock' | 'at'>

/** Applies the change to the person's document, with its event. Safe to repeat, also concurrently. */
const applyChange = (deps: Parts, workspaceId: string, change: MemberChange): Promise<true> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(change.user_id)
    if (!person || !isPending(change, membershipIn(person, workspaceId))) return true
    const after = membershipAfter(change)
    const saved = await deps.store.people.changeMembership(person, workspaceId, after, [
      changeEvent(change, person),
    ])
    return saved === 'stale' ? undefined : true
  }, deps.ids.random)

/** Finishes a decided change. */
export const finishChange = async (deps: Parts, workspaceId: string, change: MemberChange): Promise<void> => {
  await applyChange(deps, workspaceId, change)
  deps.at('change_member.applied')
  await deps.store.workspaces.endChange(workspaceId, change.id)
}

/**
 * Gives a member another role, or removes them (null). From then on every gateway refuses what works in their name in that
 * workspace, as soon as its caches expire.
 * @throws AppError `not_found`, `forbidden`.
 */
export const changeMember = (
  deps: Parts,
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
