// Deactivates an account in the whole installation: its sessions, connections, tokens and links end at once, and its tasks go
// back. It stays a member, so that nothing of its work is lost, and may be reactivated.
import { type AppError, notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { translatedError } from '../translated-errors.ts'
import { isActive, membershipIn, ownedBy, type Person } from './person-rules.ts'
import { deactivationEvents } from './role-rules.ts'
import type { Workspace } from './workspace-rules.ts'

/** Who deactivates accounts: an operator by command, or the identity provider by its word. Owners remove members instead. */
export type Deactivator = 'operator' | 'identity_provider'

/** What deactivating needs: a command has it without a gateway. */
export type DeactivationDeps = Pick<Deps, 'clock' | 'ids'> &
  Readonly<{ store: Pick<Deps['store'], 'people' | 'workspaces'> }>

/** Members that are looked at, and of them named, for the choice of a new owner. */
const CANDIDATES = 200
const NAMED = 3

/** Names of members who could own a workspace next: admins first. */
const successors = async (
  { store }: DeactivationDeps,
  workspace_id: string,
  leaving: string,
): Promise<readonly string[]> => {
  const members = await store.people.members(workspace_id, { limit: CANDIDATES })
  const rank = (person: Person): number =>
    ['admin', 'member', 'viewer'].indexOf(membershipIn(person, workspace_id)?.role ?? '')
  return members
    .filter((person) => person._id !== leaving && isActive(person))
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ name }) => name)
}

/** The refusal to take the last owner from a workspace, with some of those who could own it next. */
export const lastActiveOwner = (
  { name }: Pick<Person, 'name'>,
  workspace: Pick<Workspace, 'name'>,
  others: readonly string[],
): AppError =>
  translatedError('forbidden', (words) =>
    words.say('last_active_owner', { name, workspace: workspace.name, others: others.join(', ') }),
  )

/** The refusal to leave a workspace that has others without an owner; undefined where every workspace keeps one. */
const ownerless = async (
  deps: DeactivationDeps,
  person: Person,
  least: number,
): Promise<AppError | undefined> => {
  for (const id of ownedBy(person)) {
    const workspace = await deps.store.workspaces.find(id)
    // A deleted one needs no owner.
    if (!workspace) continue
    // A change that is decided but not applied yet may be about another owner.
    const leaving = workspace.member_change?.before.role === 'owner' ? 1 : 0
    if ((await deps.store.people.countOwners(id)) - leaving >= least) continue
    const others = await successors(deps, id, person._id)
    // Nobody else is there who could own it.
    if (others.length === 0) continue
    return lastActiveOwner(person, workspace, others.slice(0, NAMED))
  }
  return undefined
}

const setDeactivated = (
  deps: DeactivationDeps,
  by: Deactivator,
  userId: string,
  deactivated_at: Date | null,
): Promise<Person> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(userId)
    if (!person) throw notFound('person', userId)
    if (isActive(person) === (deactivated_at === null)) return person
    const name = deactivated_at === null ? 'person.reactivated' : 'person.deactivated'
    const events = deactivationEvents(name, person, by)
    const saved = await deps.store.people.setDeactivated(person, deactivated_at, events)
    return saved === 'stale' ? undefined : saved
  }, deps.ids.random)

/**
 * Deactivates an account. Every gateway refuses it as soon as its caches expire. Repeats change nothing.
 *
 * An owner may be demoted at the same moment. So this is written first, then the version of each owned workspace is moved
 * on, which makes a change that was decided before fail and be decided anew, and then the owners are counted.
 * @param force also the last owner of a workspace that has other members.
 * @throws AppError `not_found`; `forbidden` for the last owner, with a sentence that says who could be made owner. The account
 *   is then as it was, but signed out.
 */
export const deactivatePerson = async (
  deps: DeactivationDeps,
  by: Deactivator,
  userId: string,
  { force = false }: Readonly<{ force?: boolean }> = {},
): Promise<Person> => {
  const person = await deps.store.people.byId(userId)
  if (!person) throw notFound('person', userId)
  if (!isActive(person)) return person
  const refusal = force ? undefined : await ownerless(deps, person, 2)
  if (refusal) throw refusal
  const saved = await setDeactivated(deps, by, userId, deps.clock.now())
  if (force) return saved
  for (const id of ownedBy(saved)) await deps.store.workspaces.touch(id)
  const late = await ownerless(deps, saved, 1)
  if (!late) return saved
  await setDeactivated(deps, by, userId, null)
  throw late
}

/**
 * Lets an account be used again. What ended stays ended: the person signs in and connects their apps anew.
 * @throws AppError `not_found`.
 */
export const reactivatePerson = (deps: DeactivationDeps, by: Deactivator, userId: string): Promise<Person> =>
  setDeactivated(deps, by, userId, null)
