// What people do with accounts: make one, sign in, join a workspace. Each is decided by one write of the person's own
// document; what belongs beside it (the workspace, the invitation) follows, and is made up for after a crash.
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Deps } from '../deps.ts'
import { SIGN_UPS_PER_ADDRESS, TRIES_MAILED } from '../limits/limits.ts'
import { oweAccountMail, requestConfirmation } from './account-mails.ts'
import type { Device } from './devices.ts'
import {
  EMAIL_FAULT,
  type Membership,
  membershipIn,
  normalizeEmail,
  normalizeName,
  type Person,
  passwordFault,
} from './person-rules.ts'
import { joinedEvent } from './role-rules.ts'
import { signUpState } from './setup.ts'
import { MAILED_AFTER, PER_ACCOUNT, PER_ADDRESS } from './throttle-rules.ts'
import { count, refuseBlocked, spend } from './tries.ts'
import { finish } from './unfinished.ts'
import { type Invitation, isOpen } from './workspace-rules.ts'

/** A sentence for the person who filled in a form; the form is shown again with it. */
const fault = (field: keyof NewAccount | 'email' | 'workspace', sentence: string): AppError =>
  new AppError('invalid_argument', sentence, { details: { field } })
const gone = (): AppError =>
  new AppError(
    'not_found',
    'This invitation was used or withdrawn, it has expired, or whoever sent it may not invite any more. Ask for a new one.',
  )
/** Whoever reads the mailbox of an address may take up what was sent there; a link that was passed on is worth nothing. */
const ofAnother = ({ email, invited_by }: Invitation, person: Pick<Person, 'email'>): AppError =>
  new AppError(
    'forbidden',
    `This invitation is for ${email}. Use that account, or ask ${invited_by.name} to invite ${person.email}.`,
  )
const closed = (): AppError =>
  new AppError('forbidden', 'This installation is by invitation only. Ask a member to invite you.')

const needsSetupLink = (): AppError =>
  new AppError('forbidden', 'The first account is made by the setup link in the log of the gateway.')

/** What a person gives to make an account. */
export type NewAccount = Readonly<{ name: string; password: string; locale: string }>

const newPerson = async (deps: Deps, email: string, account: NewAccount): Promise<Person> => {
  const name = normalizeName(account.name)
  if (!name) throw fault('name', 'Enter your name, in at most 200 characters.')
  const wrong = passwordFault(account.password, email, name)
  if (wrong) throw fault('password', wrong)
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

const taken = (): AppError =>
  new AppError('already_exists', 'There is an account with this address already. Sign in instead.', {
    details: { field: 'email' },
  })

/**
 * Makes an account with a workspace of its own. On a new installation the first one wins, whoever else tries at the same
 * moment, and on a public address it needs the setup link; after it this is closed unless the installation is open. Tries that meet an account are counted by `address`:
 * they tell who has one.
 * @throws AppError with a sentence for the form: `invalid_argument`, `already_exists`, `forbidden`, `rate_limited`.
 */
export const signUp = async (
  deps: Deps,
  account: NewAccount & Readonly<{ email: string; workspace: string; setup?: string | undefined }>,
  address: string,
): Promise<Person> => {
  const { store, clock, ids } = deps
  const state = await signUpState(deps, account.setup)
  if (state !== 'open') throw state === 'closed' ? closed() : needsSetupLink()
  const taker = `taken addresses from ${address}`
  await refuseBlocked(deps, taker)
  const email = normalizeEmail(account.email)
  if (!email) throw fault('email', EMAIL_FAULT)
  const workspace_name = normalizeName(account.workspace)
  if (!workspace_name) throw fault('workspace', 'Name the workspace, in at most 200 characters.')
  const bare = await newPerson(deps, email, account)
  await spend(deps, `sign-ups from ${address}`, SIGN_UPS_PER_ADDRESS)
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
  const told = [joinedEvent(person, membership)]
  // Whoever sets the installation up is taken at their word, so that it can be tried without a mail server.
  let became = await store.people.insert({ ...person, first: true, confirmed_at: now }, told)
  const isFirst = became === 'inserted'
  if (became === 'not_first' && deps.sign_up === 'open') became = await store.people.insert(person, told)
  if (became === 'not_first') throw closed()
  if (became !== 'inserted') {
    await count(deps, taker, PER_ADDRESS)
    throw taken()
  }
  deps.at('sign_up.person_inserted')
  await finish(deps, person)
  if (!isFirst) await requestConfirmation(deps, person)
  return person
}

/** Makes an account for the address that an open invitation went to, as a member of its workspace. */
export const signUpInvited = async (
  deps: Deps,
  invitation: Invitation,
  account: NewAccount,
): Promise<Person> => {
  const { store, clock } = deps
  const bare = await newPerson(deps, invitation.email, account)
  // Hashing took a while; whether the invitation still stands is asked as late as can be.
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
  const became = await store.people.insert(person, [joinedEvent(person, membership)])
  if (became === 'email_taken') throw taken()
  if (became !== 'inserted') throw gone()
  deps.at('join.person_saved')
  await finish(deps, person)
  return person
}

/**
 * Makes a person who has an account a member of the invitation's workspace. Joining again changes nothing.
 * @throws AppError `not_found` when the invitation is used up; `forbidden` when it went to another address; `version_conflict` when the account changed meanwhile.
 */
export const joinByInvitation = async (deps: Deps, person: Person, invitationId: string): Promise<Person> => {
  if (person.invitation_ids?.includes(invitationId)) return person
  const invitation = await openInvitation(deps, invitationId)
  if (person.email !== invitation.email) throw ofAnother(invitation, person)
  if (membershipIn(person, invitation.ws))
    throw new AppError('already_exists', 'You are a member of this workspace already.')
  const membership = await membershipOf(deps, invitation)
  const told = [joinedEvent(person, membership)]
  const joined = await deps.store.people.join(person, membership, invitationId, told)
  if (joined === 'invitation_taken') throw gone()
  if (joined === 'stale')
    throw new AppError('version_conflict', 'Your account changed at the same moment. Try again.')
  deps.at('join.person_saved')
  await finish(deps, joined)
  return joined
}

const membershipOf = async (deps: Deps, invitation: Invitation): Promise<Membership> => {
  const workspace = await deps.store.workspaces.find(invitation.ws)
  if (!workspace) throw gone()
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
  if (!invitation || !isOpen(invitation, inviter, clock.now())) throw gone()
  if (await store.people.byInvitation(id)) throw gone()
  return invitation
}

/** Tells a person, at their own address, that somebody tries their passwords. */
const tellOfTries = async (deps: Deps, person: Person): Promise<void> => {
  if ((await deps.limits.spend(`tries told to ${person._id}`, TRIES_MAILED)) > 0) return
  await oweAccountMail(deps, person, 'failed_sign_ins')
}

/**
 * The person of an address and a password. An unknown address and a wrong password get the same answer in the same time.
 * A try is counted before it is made, so that many at once are no way around the count; that of a browser in which this
 * person has signed in before by itself, whatever others do.
 * @throws AppError `forbidden` when they do not fit; `rate_limited` when there were too many tries or too many at once.
 */
export const signIn = async (
  deps: Deps,
  typed: Readonly<{ email: string; password: string }>,
  from: Readonly<{ address: string; device?: Device | undefined }>,
): Promise<Person> => {
  const email = normalizeEmail(typed.email) ?? ''
  const person = email === '' ? null : await deps.store.people.byEmail(email)
  const device = from.device !== undefined && from.device.user_id === person?._id ? from.device : undefined
  const address = device ? undefined : from.address
  const tried = device ? `device ${device.id}` : `account ${email}`
  if (address !== undefined) await refuseBlocked(deps, `address ${address}`)
  const tries = await count(deps, tried, PER_ACCOUNT)
  const right = await deps.passwords.verify(person?.password_hash, typed.password)
  if (person && right) {
    await deps.store.throttles.clear(tried)
    return person
  }
  if (address !== undefined) await count(deps, `address ${address}`, PER_ADDRESS)
  if (person && tries >= MAILED_AFTER) await tellOfTries(deps, person)
  throw new AppError('forbidden', 'Email or password is wrong.')
}
