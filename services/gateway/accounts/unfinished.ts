// What belongs beside a person's own document and follows it: the workspace of a first member, the invitation that was
// taken up, the change of a member that was decided. What a crash kept from being written is made up for here.
import { untilSaved } from '../../../shared/storage/aggregate.ts'
import type { Deps } from '../deps.ts'
import { finishChange } from './members.ts'
import { membershipIn, type Person } from './person-rules.ts'
import { acceptInvitation, createWorkspace } from './workspace-rules.ts'

/** What is left undone for longer than this is nobody's work in hand any more (ms). */
const SETTLE_AFTER_MS = 5_000
const SETTLE_BATCH = 50

const settleInvitation = async ({ store, ids }: Deps, id: string): Promise<void> => {
  await untilSaved(async () => {
    const invitation = await store.invitations.find(id)
    // A withdrawal at the same moment came too late: the person's own document had decided.
    if (!invitation || invitation.status === 'accepted') return true
    return (await store.invitations.save(invitation, acceptInvitation(invitation), [])) ? true : undefined
  }, ids.random)
}

/** Writes what belongs beside a person's memberships and is not there yet. Safe to repeat, and for several at once. */
export const finish = async (deps: Deps, person: Person): Promise<void> => {
  const { store, clock } = deps
  for (const { workspace_id, invitation_id } of person.unsettled) {
    const membership = membershipIn(person, workspace_id)
    if (invitation_id) await settleInvitation(deps, invitation_id)
    else if (membership)
      await store.workspaces.insert(createWorkspace(workspace_id, membership.workspace_name, clock.now()), [])
    await store.people.settle(person._id, workspace_id)
  }
}

/** Settles what a crash left behind. Run it again and again. */
export const finishLeftBehind = async (deps: Deps): Promise<void> => {
  const { store, clock } = deps
  const before = new Date(clock.now().getTime() - SETTLE_AFTER_MS)
  for (const person of await store.people.unsettled(before, SETTLE_BATCH)) await finish(deps, person)
  for (const { _id, member_change } of await store.workspaces.changing(before, SETTLE_BATCH))
    if (member_change) await finishChange(deps, _id, member_change)
}
