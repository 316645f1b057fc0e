// What people do with accounts: make one, sign in, join a workspace. One write of the person's own document decides each;
// the documents beside it (workspace, invitation) follow, after a crash through unfinished.ts.
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { byOf, recordAudit } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { spendOrRefuse } from '../limits/limits.ts'
import {
  PER_ACCOUNT,
  PER_ADDRESS,
  SIGN_IN_WARNINGS,
  SIGN_UPS_PER_ADDRESS,
  WARN_AFTER_TRIES,
} from '../limits/policies.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'
import { requestAccountMail, requestConfirmation } from './account-mails.ts'
import type { Inserted } from './account-store.ts'
import type { Device } from './devices.ts'
import {
  emailFault,
  isActive,
  type Membership,
  mayUsePassword,
  membershipIn,
  normalizeEmail,
  normalizeName,
  type Person,
  passwordFault,
} from './person-rules.ts'
import { joinedEvent, type MembershipEvent } from './role-rules.ts'
import { deactivated } from './sessions.ts'
import { signUpState } from './setup.ts'
import { finish } from './unfinished.ts'
import { isDeleted } from './workspace-deletion-rules.ts'
import { type Invitation, isOpen } from './workspace-rules.ts'

const invitationOver = (): AppError => translatedError('not_found', (words) => words.word('invitation_over'))
/** An invitation is for whoever reads the mailbox that it was sent to; a link that was passed on is worthless. */
const ofAnother = ({ email, invited_by }: Invitation, person: Pick<Person, 'email'>): AppError =>
  translatedError('forbidden', (words) =>
    words.say('invitation_of_another', { email, inviter: invited_by.name, own: person.email }),
  )
const closed = (): AppError => translatedError('forbidden', (words) => words.word('by_invitation'))
/** The refusal of a password from somebody who signs in by a provider alone. */
export const passwordsOff = (): AppError =>
  translatedError('forbidden', (words) => words.word('passwords_off'))
const needsSetupLink = (): AppError => translatedError('forbidden', (words) => words.word('needs_setup_link'))

/** What somebody enters to make an account. */
export type NewAccount = Readonly<{ name: string; password: string; locale: string }>

const newPerson = async (deps: Deps, email: string, account: NewAccount): Promise<Person> => {
  const name = normalizeName(account.name)
  if (!name) throw fieldFault('name', (words) => words.word('no_name'))
  const wrong = passwordFault(account.password, email, name)
  if (wrong) throw wrong
  return {
    _id: deps.ids.next(),
    v: 1,
    email,
    name,
    password_hash: await deps.passwords.hash(account.password),
    memberships: [],
    unsettled: [],
    locale: account.locale,
    confirmed_at: null,
    created_at: deps.clock.now(),
  }
}

const addressTaken = (): AppError =>
  translatedError('already_exists', (words) => words.word('address_taken'), { details: { field: 'email' } })

/** Stores a new account, as the first one of the installation if there is none yet. */
const insertPerson = async (
  { store, sign_up, clock }: Deps,
  person: Person,
  events: readonly MembershipEvent[],
): Promise<Inserted | 'inserted_first'> => {
  // Whoever sets the installation up needs no confirmation: it can then be tried without a mail server.
  const first = await store.people.insert({ ...person, first: true, confirmed_at: clock.now() }, events)
  if (first === 'inserted') return 'inserted_first'
  return first === 'not_first' && sign_up === 'open' ? store.people.insert(person, events) : first
}

/**
 * Makes an account with a workspace of its own. The first account of an installation is made with the setup link where the
 * address is public; of several at the same moment one wins. Later ones are made only where sign-up is open.
 * @param address counts tries that meet an existing account: they reveal who has one.
 * @throws AppError with a sentence for the form: `invalid_argument`, `already_exists`, `forbidden`, `rate_limited`.
 */
export const signUp = async (
  deps: Deps,
  account: NewAccount & Readonly<{ email: string; workspace: string; setup?: string | undefined }>,
  address: string,
): Promise<Person> => {
  const { clock, ids, limits } = deps
  const state = await signUpState(deps, account.setup)
  if (state !== 'open') throw state === 'closed' ? closed() : needsSetupLink()
  const takenAddresses = `taken addresses from ${address}`
  await limits.refuseBlocked(takenAddresses)
  const email = normalizeEmail(account.email)
  if (!email) throw emailFault()
  const workspace_name = normalizeName(account.workspace)
  if (!workspace_name) throw fieldFault('workspace', (words) => words.word('no_workspace_name'))
  const bare = await newPerson(deps, email, account)
  await spendOrRefuse(deps.limits, `sign-ups from ${address}`, SIGN_UPS_PER_ADDRESS)
  const now = clock.now()
  const membership: Membership = {
    id: ids.next(),
    workspace_id: ids.next(),
    workspace_name,
    role: 'owner',
    joined_at: now,
  }
  const person: Person = {
    ...bare,
    memberships: [membership],
    unsettled: [{ workspace_id: membership.workspace_id, at: now }],
  }
  const inserted = await insertPerson(deps, person, [joinedEvent(person, membership)])
  if (inserted === 'not_first') throw closed()
  if (inserted === 'email_taken' || inserted === 'invitation_taken') {
    await limits.countTry(takenAddresses, PER_ADDRESS)
    throw addressTaken()
  }
  deps.at('sign_up.person_inserted')
  await finish(deps, person)
  await recordAudit(deps, {
    action: 'account.made',
    ws: [membership.workspace_id],
    by: byOf({ person }),
    address,
    target: { user_id: person._id },
    outcome: 'done',
  })
  if (inserted === 'inserted') await requestConfirmation(deps, person)
  return person
}

/**
 * Makes an account for the address of an open invitation, as a member of its workspace.
 * @throws AppError with a sentence for the form: `invalid_argument`, `already_exists`, `not_found`, `rate_limited`.
 */
export const signUpInvited = async (
  deps: Deps,
  invitation: Invitation,
  account: NewAccount,
): Promise<Person> => {
  const { store, clock } = deps
  if (deps.passwords_for !== 'on') throw passwordsOff()
  const bare = await newPerson(deps, invitation.email, account)
  // Hashing took a while, so the invitation is looked at again as late as possible.
  const fresh = await openInvitation(deps, invitation._id)
  const membership = await membershipOf(deps, fresh)
  const { workspace_id } = membership
  const person: Person = {
    ...bare,
    confirmed_at: clock.now(),
    memberships: [membership],
    invitation_ids: [invitation._id],
    unsettled: [{ workspace_id, invitation_id: invitation._id, at: clock.now() }],
  }
  const inserted = await store.people.insert(person, [joinedEvent(person, membership)])
  if (inserted === 'email_taken') throw addressTaken()
  if (inserted !== 'inserted') throw invitationOver()
  deps.at('join.person_saved')
  await finish(deps, person)
  return person
}

/**
 * Makes a person with an account a member of the invitation's workspace. Joining again changes nothing.
 * @throws AppError `not_found` when the invitation is no longer open; `forbidden` when it is for another address;
 *   `already_exists` for a member; `version_conflict` when the account changed meanwhile.
 */
export const joinByInvitation = async (deps: Deps, person: Person, invitationId: string): Promise<Person> => {
  if (!isActive(person)) throw deactivated()
  if (person.invitation_ids?.includes(invitationId)) return person
  const invitation = await openInvitation(deps, invitationId)
  if (person.email !== invitation.email) throw ofAnother(invitation, person)
  if (membershipIn(person, invitation.ws))
    throw translatedError('already_exists', (words) => words.word('already_joined'))
  const membership = await membershipOf(deps, invitation)
  const events = [joinedEvent(person, membership)]
  const joined = await deps.store.people.join(person, membership, invitationId, events)
  if (joined === 'invitation_taken') throw invitationOver()
  if (joined === 'stale') throw translatedError('version_conflict', (words) => words.word('account_changed'))
  deps.at('join.person_saved')
  await finish(deps, joined)
  return joined
}

const membershipOf = async (deps: Deps, invitation: Invitation): Promise<Membership> => {
  const workspace = await deps.store.workspaces.find(invitation.ws)
  if (!workspace) throw invitationOver()
  return {
    id: deps.ids.next(),
    workspace_id: invitation.ws,
    workspace_name: workspace.name,
    role: invitation.role,
    joined_at: deps.clock.now(),
  }
}

/**
 * An invitation whose link still works.
 * @throws AppError `not_found`.
 */
export const openInvitation = async ({ store, clock }: Deps, id: string): Promise<Invitation> => {
  const invitation = await store.invitations.find(id)
  const inviter = invitation && (await store.people.byId(invitation.invited_by.user_id))
  if (!invitation || !isOpen(invitation, inviter, clock.now())) throw invitationOver()
  if (isDeleted(await store.workspaces.findTombstone(invitation.ws))) throw invitationOver()
  if (await store.people.byInvitation(id)) throw invitationOver()
  return invitation
}

/** Warns a person by mail that somebody is trying passwords at their account. */
const warnOfTries = async (deps: Deps, person: Person): Promise<void> => {
  if ((await deps.limits.spend(`tries told to ${person._id}`, SIGN_IN_WARNINGS)) > 0) return
  await requestAccountMail(deps, person, 'failed_sign_ins')
}

/** Records a wrong password. What was typed is not recorded: people type their passwords into the wrong field. */
const recordRefusal = (deps: Deps, person: Person | null, address: string): Promise<void> =>
  recordAudit(deps, {
    action: 'sign_in.refused',
    ws: (person?.memberships ?? []).map(({ workspace_id }) => workspace_id),
    by: { user_id: null, name: '', via: 'web' },
    address,
    target: person ? { user_id: person._id, name: person.name } : {},
    outcome: 'refused',
    reason: 'forbidden',
  })

/**
 * Finds the person of an address and a password. An unknown address and a wrong password get the same answer in the same
 * time. A try is counted before it is made, so that many at once cannot evade the count. A browser that this person has
 * used before has a count of its own, whatever happens elsewhere.
 * @throws AppError `forbidden` when they do not match, or the account is deactivated; `rate_limited` after too many tries, or for too many at once.
 */
export const signIn = async (
  deps: Deps,
  typed: Readonly<{ email: string; password: string }>,
  from: Readonly<{ address: string; devices: readonly Device[] }>,
): Promise<Person> => {
  const { limits } = deps
  if (deps.passwords_for === 'off') throw passwordsOff()
  const email = normalizeEmail(typed.email) ?? ''
  const person = email === '' ? null : await deps.store.people.byEmail(email)
  const device = from.devices.find(({ user_id }) => user_id === person?._id)
  const address = device ? undefined : from.address
  const tried = device ? `device ${device.id}` : `account ${email}`
  if (address !== undefined) await limits.refuseBlocked(`address ${address}`)
  const tries = await limits.countTry(tried, PER_ACCOUNT)
  const right = await deps.passwords.verify(person?.password_hash, typed.password)
  if (person && right) {
    await limits.forgetTries(tried)
    if (!isActive(person)) throw deactivated()
    if (!mayUsePassword(deps.passwords_for, person)) throw passwordsOff()
    return person
  }
  if (address !== undefined) await limits.countTry(`address ${address}`, PER_ADDRESS)
  if (person && tries >= WARN_AFTER_TRIES) await warnOfTries(deps, person)
  await recordRefusal(deps, person, from.address)
  throw translatedError('forbidden', (words) => words.word('wrong_sign_in'))
}
