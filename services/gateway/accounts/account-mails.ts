// Mails about an account to its own address: that somebody tries its passwords, and the link that confirms the address.

import { AppError } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/aggregate.ts'
import type { Deps } from '../deps.ts'
import { marked, unmarked } from '../secrets.ts'
import type { AccountMail } from './link-store.ts'
import { isConfirmed, type Person } from './person-rules.ts'
import { CONFIRMATIONS_PER_ACCOUNT } from './throttle-rules.ts'
import { count } from './tries.ts'

const DAY_MS = 24 * 60 * 60_000
/** How long the link that confirms an address works (ms). */
const CONFIRMATION_MS = 7 * DAY_MS

const EVENTS = {
  confirmation: 'person.confirmation_requested',
  failed_sign_ins: 'person.sign_ins_failed',
} as const satisfies Readonly<Record<AccountMail['kind'], string>>

/** Has a mail sent to a person's own address; it is owed from then on. */
export const oweAccountMail = async (
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
 * Sends a person the link that confirms their address.
 * @throws AppError `rate_limited` when that was asked for too often.
 */
export const requestConfirmation = async (deps: Deps, person: Person): Promise<void> => {
  await count(deps, `confirmations of ${person.email}`, CONFIRMATIONS_PER_ACCOUNT)
  await oweAccountMail(deps, person, 'confirmation')
}

/**
 * Whether anything may be sent to others on somebody's behalf.
 * @throws AppError `forbidden` until they have shown that their address is theirs.
 */
export const requireConfirmed = (person: Person): void => {
  if (isConfirmed(person)) return
  throw new AppError(
    'forbidden',
    'Confirm your own address first, by the link that was mailed to you. The page of your account sends it again.',
  )
}

/** What a mail about an account leads to: its link, or the page at which a new password is asked for. */
export const accountMailUrl = (deps: Deps, { kind, _id }: Pick<AccountMail, 'kind' | '_id'>): string =>
  kind === 'confirmation'
    ? `${deps.public_url}/confirm/${marked(deps.secrets.confirmation, _id)}`
    : `${deps.public_url}/forgot`

/** A mail that still has something to tell, and its person. */
export const personOfAccountMail = async (
  { store, clock }: Deps,
  id: string,
): Promise<Readonly<{ person: Person; mail: AccountMail }> | undefined> => {
  const mail = await store.accountMails.find(id)
  if (!mail || mail.expires_at <= clock.now()) return undefined
  const person = await store.people.byId(mail.user_id)
  if (!person || person.email !== mail.email) return undefined
  return mail.kind === 'confirmation' && isConfirmed(person) ? undefined : { person, mail }
}

/** Whose address the link with this token confirms; undefined when it has expired or was used. */
export const personOfConfirmation = async (deps: Deps, token: string): Promise<Person | undefined> => {
  const id = unmarked(deps.secrets.confirmation, token)
  const found = id === undefined ? undefined : await personOfAccountMail(deps, id)
  return found?.mail.kind === 'confirmation' ? found.person : undefined
}

/**
 * Confirms the address of a person who is signed in, by the link that was sent there. Both are needed: somebody else may
 * have made the account with the address of whoever follows the link.
 * @throws AppError `not_found` for a link that is over; `forbidden` for that of another account.
 */
export const confirmAddress = async (deps: Deps, visitor: Person, token: string): Promise<void> => {
  const person = await personOfConfirmation(deps, token)
  if (!person) throw new AppError('not_found', 'This link was used or has expired.')
  if (person._id !== visitor._id)
    throw new AppError('forbidden', `This link is for the account of ${person.email}. Sign in with that one.`)
  await untilSaved(async () => {
    const fresh = (await deps.store.people.byId(person._id)) ?? person
    if (isConfirmed(fresh)) return true
    return (await deps.store.people.confirm(fresh, deps.clock.now())) === 'stale' ? undefined : true
  }, deps.ids.random)
}
