// Mails about an account to its own address: a warning of failed sign-ins, and the link that confirms the address.

import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { CONFIRMATIONS_PER_ACCOUNT } from '../limits/policies.ts'
import { marked, unmarked } from '../secrets.ts'
import { translatedError } from '../translated-errors.ts'
import type { PersonEvent } from './account-store.ts'
import type { AccountMail } from './link-store.ts'
import { isActive, isConfirmed, isOfPassword, type Person } from './person-rules.ts'

const DAY_MS = 24 * 60 * 60_000
/** How long the link that confirms an address works (ms). */
const CONFIRMATION_MS = 7 * DAY_MS

type Kind = AccountMail['kind']

/** How long a mail with a link works (ms); the others are worth sending for a day. */
const LASTS_MS: Readonly<Partial<Record<Kind, number>>> = {
  confirmation: CONFIRMATION_MS,
  new_address: CONFIRMATION_MS,
  // As long as the browser is remembered in which it was asked for.
  provider_link: 30 * 60_000,
}

/** The mails that have an event of their own; the others share one. */
const EVENTS: Readonly<Partial<Record<Kind, string>>> = {
  confirmation: 'person.confirmation_requested',
  failed_sign_ins: 'person.sign_ins_failed',
}

/** Where each mail leads. Those that confirm an address have a secret link. */
const PAGES: Readonly<Partial<Record<Kind, string>>> = {
  app_connected: '/apps',
  address_changed: '/account',
  provider_changed: '/account',
  token_expiring: '/account/tokens',
  new_browser: '/account/sessions',
  account_deleted: '/sign-in',
  workspace_deleted: '/',
}

/** The event by which the notifier sends a mail. */
const requestedEvent = ({ _id, kind, user_id }: Pick<AccountMail, '_id' | 'kind' | 'user_id'>) => {
  const own = EVENTS[kind]
  const data = { account_mail_id: _id, user_id }
  return own === undefined
    ? { name: 'person.account_mail_requested', data: { ...data, mail: kind.replaceAll('_', '-') } }
    : { name: own, data }
}

/** What a mail has besides its kind: another address than the person's own, and what it says. */
type More = Pick<Partial<AccountMail>, 'email' | 'email_before' | 'password_version' | 'facts' | 'reading'> &
  // An id that follows from what it is about: repeating the request sends it once. The workspace, where it is about one.
  Partial<Pick<AccountMail, '_id' | 'ws'>>

const newMail = ({ clock, ids }: Pick<Deps, 'clock' | 'ids'>, person: Person, kind: Kind, more: More) => {
  const _id = more._id ?? ids.next()
  const now = clock.now()
  const expires_at = new Date(now.getTime() + (LASTS_MS[kind] ?? DAY_MS))
  return {
    _id,
    ws: person.memberships[0]?.workspace_id ?? _id,
    kind,
    user_id: person._id,
    email: person.email,
    ...more,
    created_at: now,
    expires_at,
    purge_at: new Date(expires_at.getTime() + DAY_MS),
  }
}

/** Requests a mail about an account, with an event by which the notifier sends it. It goes to the person's own address. */
export const requestAccountMail = async (
  deps: Deps,
  person: Person,
  kind: Kind,
  more: More = {},
): Promise<void> => {
  const mail = newMail(deps, person, kind, more)
  await deps.store.accountMails.insert(mail, [requestedEvent(mail)])
}

/**
 * Prepares a mail about a change of the account that is yet to be saved. The event that sends it belongs into the write that
 * makes the change: so there is no change without its mail.
 */
export const prepareAccountMail = async (
  deps: Pick<Deps, 'clock' | 'ids'> & Readonly<{ store: Pick<Deps['store'], 'accountMails'> }>,
  person: Person,
  kind: Kind,
  more: More = {},
): Promise<PersonEvent> => {
  const mail = newMail(deps, person, kind, more)
  await deps.store.accountMails.insert(mail, [])
  return requestedEvent(mail) as PersonEvent
}

/**
 * Requests the mail with the link that confirms a person's address.
 * @throws AppError `rate_limited` when it was requested too often.
 */
export const requestConfirmation = async (deps: Deps, person: Person): Promise<void> => {
  await deps.limits.countTry(`confirmations of ${person.email}`, CONFIRMATIONS_PER_ACCOUNT)
  await requestAccountMail(deps, person, 'confirmation')
}

/**
 * Refuses to send anything to others on behalf of somebody whose address is not confirmed.
 * @throws AppError `forbidden`.
 */
export const requireConfirmed = (person: Person): void => {
  if (isConfirmed(person)) return
  throw translatedError('forbidden', (words) => words.word('unconfirmed'))
}

/** The address that a mail about an account links to: the confirmation, or the page to go on at. */
export const accountMailUrl = (
  { public_url, secrets }: Deps,
  { kind, _id, ws, facts }: Pick<AccountMail, 'kind' | '_id' | 'ws' | 'facts'>,
): string => {
  if (kind === 'confirmation' || kind === 'new_address')
    return `${public_url}/confirm/${marked(secrets.confirmation, _id)}`
  if (kind === 'provider_link') return `${public_url}/oidc/mailed/${marked(secrets.confirmation, _id)}`
  if (kind === 'token_expiring' && facts?.account_id !== undefined)
    return `${public_url}/workspace/service-accounts/${facts.account_id}?workspace=${ws}`
  return `${public_url}${PAGES[kind] ?? '/forgot'}`
}

/** Whether a mail is out of date: the account has moved on since it was requested. */
const isOutdated = (mail: AccountMail, person: Person): boolean => {
  switch (mail.kind) {
    case 'new_address':
      return mail.email_before !== person.email || !isOfPassword(mail, person)
    case 'address_changed':
      return false
    case 'confirmation':
      return person.email !== mail.email || isConfirmed(person)
    default:
      return person.email !== mail.email
  }
}

/** Whether the token of a warning is there, and ends when it did. */
const isEndOf = async (
  { store }: Pick<Deps, 'store'>,
  { token_id = '', ends }: Readonly<Record<string, string>>,
): Promise<boolean> => (await store.personalTokens.find(token_id))?.expires_at.toISOString() === ends

/** A mail that still has something to say, and its person; undefined when it is out of date. */
export const personOfAccountMail = async (
  { store, clock }: Deps,
  id: string,
): Promise<Readonly<{ person: Person; mail: AccountMail }> | undefined> => {
  const mail = await store.accountMails.find(id)
  if (!mail || mail.expires_at <= clock.now()) return undefined
  const person = await store.people.byId(mail.user_id)
  if (mail.kind === 'account_deleted') return person ? { person, mail } : undefined
  if (!person || !isActive(person) || isOutdated(mail, person)) return undefined
  if (mail.kind === 'token_expiring' && !(await isEndOf({ store }, mail.facts ?? {}))) return undefined
  return { person, mail }
}

/** The person and the address that a confirmation link is for; undefined when the link has expired or was used. */
export const personOfConfirmation = async (
  deps: Deps,
  token: string,
): Promise<Readonly<{ person: Person; mail: AccountMail }> | undefined> => {
  const id = unmarked(deps.secrets.confirmation, token)
  const found = id === undefined ? undefined : await personOfAccountMail(deps, id)
  return found && ['confirmation', 'new_address'].includes(found.mail.kind) ? found : undefined
}

const linkOver = () => translatedError('not_found', (words) => words.word('link_over'))

/** Gives a person the address that a link proves to be theirs, and tells the one that they had. */
const useNewAddress = async (deps: Deps, mail: AccountMail): Promise<void> => {
  const { email, user_id } = mail
  await untilSaved(async () => {
    const person = await deps.store.people.byId(user_id)
    if (person?.email === email) return true
    if (!person || isOutdated(mail, person)) throw linkOver()
    // An address that was never confirmed may be a stranger's.
    const told = isConfirmed(person)
      ? [await prepareAccountMail(deps, person, 'address_changed', { facts: { email } })]
      : []
    const saved = await deps.store.people.setEmail(person, email, deps.clock.now(), told)
    if (saved === 'email_taken')
      throw translatedError('already_exists', (words) => words.word('address_taken_meanwhile'))
    return saved === 'stale' ? undefined : true
  }, deps.ids.random)
}

/**
 * Confirms the address of a signed-in person, or gives them the new one, by the link that was sent there. The link alone is not enough: somebody else
 * may have made the account with the address of whoever follows it.
 * @throws AppError `not_found` for a link that has expired or was used; `forbidden` for the link of another account;
 *   `already_exists` when somebody else has the new address by now.
 */
export const confirmAddress = async (deps: Deps, signedIn: Person, token: string): Promise<void> => {
  const found = await personOfConfirmation(deps, token)
  if (!found) throw linkOver()
  const { person, mail } = found
  if (person._id !== signedIn._id)
    throw translatedError('forbidden', (words) => words.say('link_of_another', { email: person.email }))
  if (mail.kind === 'new_address') return useNewAddress(deps, mail)
  await untilSaved(async () => {
    const fresh = (await deps.store.people.byId(person._id)) ?? person
    if (isConfirmed(fresh)) return true
    return (await deps.store.people.confirm(fresh, deps.clock.now())) === 'stale' ? undefined : true
  }, deps.ids.random)
}
