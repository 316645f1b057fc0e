// Finishes what follows a person's own document: the workspace of its first member, an accepted invitation, a decided change
// of a member. After a crash the next one to come does it.
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { finishChange } from './members.ts'
import { membershipIn, type Person } from './person-rules.ts'
import { acceptInvitation, createWorkspace } from './workspace-rules.ts'

/** Whatever is unfinished for longer than this was left behind by a crash (ms). */
const LEFT_AFTER_MS = 5_000
/** How many are finished in one pass. */
const BATCH = 50

const markAccepted = async ({ store, ids }: Pick<Deps, 'store' | 'ids'>, id: string): Promise<void> => {
  await untilSaved(async () => {
    const invitation = await store.invitations.find(id)
    // A withdrawal at the same moment is too late: the person's own document has decided.
    if (!invitation || invitation.status === 'accepted') return true
    return (await store.invitations.save(invitation, acceptInvitation(invitation), [])) ? true : undefined
  }, ids.random)
}

/** What finishing needs: a command has it without a gateway. */
type Parts = Pick<Deps, 'store' | 'ids' | 'clock'>

/** Writes the documents beside a person's memberships that are missing. Safe to repeat, also concurrently. */
export const finish = async (deps: Parts, person: Person): Promise<void> => {
  const { store, clock } = deps
  for (const { workspace_id, invitation_id } of person.unsettled) {
    const membership = membershipIn(person, workspace_id)
    if (invitation_id) await markAccepted(deps, invitation_id)
    else if (membership)
      await store.workspaces.insert(createWorkspace(workspace_id, membership.workspace_name, clock.now()), [])
    await store.people.markFinished(person._id, workspace_id)
  }
}

/** Finishes what a crash left behind. Meant to be called repeatedly. */
export const finishLeftBehind = async (deps: Deps): Promise<void> => {
  const { store, clock } = deps
  const before = new Date(clock.now().getTime() - LEFT_AFTER_MS)
  for (const person of await store.people.unfinished(before, BATCH)) await finish(deps, person)
  for (const { _id, member_change } of await store.workspaces.changing(before, BATCH))
    if (member_change) await finishChange(deps, _id, member_change)
}
