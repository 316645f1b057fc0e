// Mails about an account to its own address: a warning of failed sign-ins, and the link that confirms the address.

import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { CONFIRMATIONS_PER_ACCOUNT } from '../limits/policies.ts'
import { marked, unmarked } from '../secrets.ts'
import { translatedError } from '../translated-errors.ts'
import type { AccountMail } from './link-store.ts'
import { isActive, isConfirmed, type Person } from './person-rules.ts'

const DAY_MS = 24 * 60 * 60_000
/** How long the link that confirms an address works (ms). */
const CONFIRMATION_MS = 7 * DAY_MS

const EVENTS = {
  confirmation: 'person.confirmation_requested',
  failed_sign_ins: 'person.sign_ins_failed',
} as const satisfies Readonly<Record<AccountMail['kind'], string>>

/** Requests a mail to a person's own address, with an event by which the notifier sends it. */
export const requestAccountMail = async (
  { store, clock, ids }: Deps,
  { _id: user_id, email, memberships }: Person,
  kind: AccountMail['kind'],
): Promise<void> => {
  const account_mail_id = ids.next()
  const now = clock.now()
  const expires_at = new Date(now.getTime() + (kind === 'confirmation' ? CONFIRMATION_MS : DAY_MS))
  const mail = {
    _id: account_mail_id,
    ws: memberships[0]?.workspace_id ?? account_mail_id,
    kind,
    user_id,
    email,
    created_at: now,
    expires_at,
    purge_at: new Date(expires_at.getTime() + DAY_MS),
  }
  await store.accountMails.insert(mail, [{ name: EVENTS[kind], data: { account_mail_id, user_id } }])
}

/**
 * Requests the mail with the link that confirms a person's address.
 * @throws AppError `rate_limited` when it was requested too often.
 */
export const requestConfirmation = async (deps: Deps, person: Person): Promise<void> => {
  await deps.throttle.count(`confirmations of ${person.email}`, CONFIRMATIONS_PER_ACCOUNT)
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

/** The address that a mail about an account links to: the confirmation, or the page for a new password. */
export const accountMailUrl = (deps: Deps, { kind, _id }: Pick<AccountMail, 'kind' | '_id'>): string =>
  kind === 'confirmation'
    ? `${deps.public_url}/confirm/${marked(deps.secrets.confirmation, _id)}`
    : `${deps.public_url}/forgot`

/** A mail that still has something to say, and its person; undefined when it is out of date. */
export const personOfAccountMail = async (
  { store, clock }: Deps,
  id: string,
): Promise<Readonly<{ person: Person; mail: AccountMail }> | undefined> => {
  const mail = await store.accountMails.find(id)
  if (!mail || mail.expires_at <= clock.now()) return undefined
  const person = await store.people.byId(mail.user_id)
  if (!person || !isActive(person) || person.email !== mail.email) return undefined
  return mail.kind === 'confirmation' && isConfirmed(person) ? undefined : { person, mail }
}

/** The person whose address a confirmation link confirms; undefined when the link has expired or was used. */
export const personOfConfirmation = async (deps: Deps, token: string): Promise<Person | undefined> => {
  const id = unmarked(deps.secrets.confirmation, token)
  const found = id === undefined ? undefined : await personOfAccountMail(deps, id)
  return found?.mail.kind === 'confirmation' ? found.person : undefined
}

/**
 * Confirms the address of a signed-in person, by the link that was sent there. The link alone is not enough: somebody else
 * may have made the account with the address of whoever follows it.
 * @throws AppError `not_found` for a link that has expired or was used; `forbidden` for the link of another account.
 */
export const confirmAddress = async (deps: Deps, signedIn: Person, token: string): Promise<void> => {
  const person = await personOfConfirmation(deps, token)
  if (!person) throw translatedError('not_found', (words) => words.word('link_over'))
  if (person._id !== signedIn._id)
    throw translatedError('forbidden', (words) => words.say('link_of_another', { email: person.email }))
  await untilSaved(async () => {
    const fresh = (await deps.store.people.byId(person._id)) ?? person
    if (isConfirmed(fresh)) return true
    return (await deps.store.people.confirm(fresh, deps.clock.now())) === 'stale' ? undefined : true
  }, deps.ids.random)
}
