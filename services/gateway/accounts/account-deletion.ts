// Deletes an account. One write leaves only its id, for what the person wrote; erasure.ts removes what is kept beside it.
import { ALL_SCOPES, FORMER_MEMBER } from '../../../shared/contracts/define/common.ts'
import { type AppError, notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { translatedError } from '../translated-errors.ts'
import { prepareAccountMail } from './account-mails.ts'
import { lastActiveOwner } from './deactivation.ts'
import { isConfirmed, isFormer, type Membership, ownedBy, type Person, readingOf } from './person-rules.ts'
import type { MembershipEvent } from './role-rules.ts'
import { finish } from './unfinished.ts'
import { deleteWorkspace } from './workspace-deletion.ts'
import type { Workspace } from './workspace-rules.ts'

/** What deleting needs: a command has it without a gateway. */
export type DeletionDeps = Pick<Deps, 'store' | 'ids' | 'clock' | 'at'>

/** What deleting an account means for one workspace of the person. */
export type Standing = Readonly<{
  workspace: Workspace
  membership: Membership
  /** `blocked`: its last owner, and others are there. `goes`: its only member. `stays`: it goes on without the person. */
  fate: 'blocked' | 'goes' | 'stays'
  /** Only where it is blocked: some of those who could own it. */
  others: readonly string[]
}>

/** Members that are looked at for the names of others, and how many are named. */
const CANDIDATES = 50
const NAMED = 3
/** A deletion that was begun longer ago has been left behind by a crash (ms). */
const LEFT_AFTER_MS = 60_000
const BATCH = 50

/** How many owners a workspace would keep without the person. A change of another owner that is decided counts as applied. */
const ownersWithout = async (
  { store }: DeletionDeps,
  { _id, member_change }: Workspace,
  person: Person,
): Promise<number> => {
  const own = person.leaving_at || person.deactivated_at ? 0 : 1
  const change = member_change?.user_id === person._id ? undefined : member_change
  return (await store.people.countOwners(_id)) - own - (change?.before.role === 'owner' ? 1 : 0)
}

const standingIn = async (
  deps: DeletionDeps,
  person: Person,
  membership: Membership,
): Promise<Standing | undefined> => {
  const workspace = await deps.store.workspaces.find(membership.workspace_id)
  // It was deleted, and its memberships are about to go.
  if (!workspace) return undefined
  const { _id } = workspace
  const others = (await deps.store.people.members(_id, { limit: CANDIDATES })).filter(
    (other) => other._id !== person._id,
  )
  if (others.length === 0) return { workspace, membership, fate: 'goes', others: [] }
  const isOwner = membership.role === 'owner'
  if (!isOwner || (await ownersWithout(deps, workspace, person)) > 0)
    return { workspace, membership, fate: 'stays', others: [] }
  return { workspace, membership, fate: 'blocked', others: others.slice(0, NAMED).map(({ name }) => name) }
}

/** What deleting an account means for each workspace of the person. Service accounts and invitations are no people. */
export const standingsOf = async (deps: DeletionDeps, person: Person): Promise<readonly Standing[]> => {
  const standings: Standing[] = []
  for (const membership of person.memberships) {
    const standing = await standingIn(deps, person, membership)
    if (standing) standings.push(standing)
  }
  return standings
}

/** Refuses what would leave a workspace without an owner, or take one along that was not agreed to. */
const refusalOf = (
  person: Person,
  standings: readonly Standing[],
  agreed: readonly string[],
): AppError | undefined => {
  const blocked = standings.find(({ fate }) => fate === 'blocked')
  if (blocked) return lastActiveOwner(person, blocked.workspace, blocked.others)
  const more = standings.some(({ fate, workspace }) => fate === 'goes' && !agreed.includes(workspace._id))
  return more ? translatedError('version_conflict', (words) => words.word('more_goes_along')) : undefined
}

const setLeaving = (deps: DeletionDeps, userId: string, at: Date | null): Promise<Person> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(userId)
    if (!person) throw notFound('person', userId)
    const saved = await deps.store.people.setLeaving(person, at)
    return saved === 'stale' ? undefined : saved
  }, deps.ids.random)

/** How an account is deleted: through what, and which workspaces may go along. */
export type Asked = Readonly<{ client: string; agreed: readonly string[] }>

/** The events of somebody who is no member any more. They name nobody: events are kept for long. */
const leftEvents = (person: Person, standings: readonly Standing[], client: string): MembershipEvent[] =>
  standings
    .filter(({ fate }) => fate === 'stays')
    .map(({ membership: { workspace_id, role } }) => ({
      name: 'person.left',
      data: {
        user_id: person._id,
        workspace_id,
        name: FORMER_MEMBER,
        role,
        by: { user_id: person._id, name: FORMER_MEMBER, client },
      },
    }))

/** Says once more, by mail, that the account was deleted: to an address that is known to be the person's. */
const farewell = async (deps: DeletionDeps, person: Person, standings: readonly Standing[]) => {
  if (!isConfirmed(person)) return []
  const reading = readingOf(person, standings[0]?.workspace ?? null)
  return [
    await prepareAccountMail(deps, person, 'account_deleted', { facts: { name: person.name }, reading }),
  ]
}

const deleteAlong = async (deps: DeletionDeps, person: Person, standing: Standing, client: string) => {
  // Its only member, so whatever their role is, nobody else could.
  await deleteWorkspace(deps, {
    kind: 'person',
    user_id: person._id,
    user_name: FORMER_MEMBER,
    workspace_id: standing.workspace._id,
    role: 'owner',
    scopes: ALL_SCOPES,
    client_id: 'web',
    client_name: client,
    grant_id: null,
  })
}

/** What was done: the workspaces that went along, and those that go on. */
export type Deleted = Readonly<{ went: readonly string[]; left: readonly string[] }>

const work = async (deps: DeletionDeps, marked: Person, asked: Asked): Promise<Deleted | undefined> => {
  const standings = await standingsOf(deps, marked)
  const refusal = refusalOf(marked, standings, asked.agreed)
  if (refusal) throw refusal
  const named = (which: Standing['fate']) =>
    standings.filter(({ fate }) => fate === which).map(({ workspace }) => workspace.name)
  const events = leftEvents(marked, standings, asked.client)
  for (const standing of standings)
    if (standing.fate === 'goes') await deleteAlong(deps, marked, standing, asked.client)
  const told = await farewell(deps, marked, standings)
  const saved = await deps.store.people.bury(marked, deps.clock.now(), [...events, ...told])
  if (saved === 'stale') return undefined
  deps.at('delete_account.buried')
  return { went: named('goes'), left: named('stays') }
}

/**
 * Deletes an account for good. Every gateway refuses what works in its name as soon as its caches expire. Repeats change
 * nothing.
 *
 * Another owner may be demoted, or leave, at the same moment. So it is first written that this one is leaving, then the
 * version of each owned workspace is moved on, which makes a change that was decided before be decided anew, and then the
 * owners are counted. Of two last owners who leave at the same moment, at most one does.
 * @param asked `agreed` are the workspaces that may be deleted along, because the person is their only member.
 * @throws AppError `not_found`; `forbidden` for the last owner of a workspace that has other members; `version_conflict` when a
 *   workspace would go along that was not agreed to. The account is then as it was.
 */
export const deleteAccount = async (deps: DeletionDeps, userId: string, asked: Asked): Promise<Deleted> => {
  const { store, ids, clock } = deps
  const person = await store.people.byId(userId)
  if (!person) throw notFound('person', userId)
  if (isFormer(person)) return { went: [], left: [] }
  await finish(deps, person)
  const early = refusalOf(person, await standingsOf(deps, person), asked.agreed)
  if (early) throw early
  try {
    return await untilSaved(async () => {
      const marked = await setLeaving(deps, userId, clock.now())
      deps.at('delete_account.marked')
      for (const id of ownedBy(marked)) await store.workspaces.touch(id)
      return work(deps, marked, asked)
    }, ids.random)
  } catch (error) {
    const fresh = await store.people.byId(userId)
    // The same was asked for twice at once.
    if (!fresh || isFormer(fresh)) return { went: [], left: [] }
    await setLeaving(deps, userId, null)
    throw error
  }
}

/** Takes back what a crash left half begun: the account is as it was. Meant to be called repeatedly. */
export const forgetLeaving = async (deps: DeletionDeps): Promise<void> => {
  const before = new Date(deps.clock.now().getTime() - LEFT_AFTER_MS)
  for (const person of await deps.store.people.leavingSince(before, BATCH))
    await deps.store.people.setLeaving(person, null)
}
