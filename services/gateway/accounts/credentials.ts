// Changing and resetting passwords, which ends every session and connection made under the old one.

import { untilSaved } from '../../../shared/storage/command.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { PER_ACCOUNT, RESETS_PER_ACCOUNT, RESETS_PER_ADDRESS } from '../limits/policies.ts'
import { marked, unmarked } from '../secrets.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'
import { prepareAccountMail } from './account-mails.ts'
import { passwordsOff } from './accounts.ts'
import type { PasswordReset } from './link-store.ts'
import {
  isActive,
  isConfirmed,
  isOfPassword,
  mayUsePassword,
  normalizeEmail,
  type Person,
  passwordFault,
  passwordVersionOf,
} from './person-rules.ts'

/** How long the link for a new password works (ms). */
export const RESET_MS = 60 * 60_000
/** How long the request's document stays (ms). */
const PURGE_MS = 24 * 60 * 60_000

const setPassword = async (
  deps: Deps,
  person: Person,
  password: string,
  confirmed_at?: Date,
): Promise<Person> => {
  const wrong = passwordFault(password, person.email, person.name)
  if (wrong) throw wrong
  const saved = await deps.store.people.setPassword(
    person,
    await deps.passwords.hash(password),
    confirmed_at,
    // Before the address is confirmed, nothing but its confirmation is sent there.
    confirmed_at || isConfirmed(person) ? [await prepareAccountMail(deps, person, 'password_changed')] : [],
  )
  if (saved === 'stale') throw translatedError('version_conflict', (words) => words.word('account_changed'))
  return saved
}

/**
 * Proves that an account is the person's own by its password. Tries count together with sign-in tries: no page must offer
 * more guesses.
 * @param field the field that it was typed in.
 * @throws AppError with a sentence for the form: `invalid_argument`, `rate_limited`.
 */
export const provePassword = async (
  deps: Deps,
  person: Pick<Person, 'email' | 'password_hash'>,
  typed: string,
  field: string,
): Promise<void> => {
  const account = `account ${person.email}`
  await deps.limits.countTry(account, PER_ACCOUNT)
  if (!(await deps.passwords.verify(person.password_hash, typed)))
    throw fieldFault(field, (words) => words.word('not_current_password'))
  await deps.limits.forgetTries(account)
}

/**
 * Changes the password of a signed-in person who knows the current one.
 * @throws AppError with a sentence for the form: `invalid_argument`, `rate_limited`, `version_conflict`. Who has no password
 *   gets one by a mailed link alone, see requestReset.
 */
export const changePassword = async (
  deps: Deps,
  person: Person,
  typed: Readonly<{ current: string; password: string }>,
): Promise<Person> => {
  if (!mayUsePassword(deps.passwords_for, person)) throw passwordsOff()
  await provePassword(deps, person, typed.current, 'current')
  return setPassword(deps, person, typed.password)
}

/** Signs a person out of every browser and disconnects every app. The password stays. */
export const signOutEverywhere = (deps: Pick<Deps, 'store' | 'ids'>, userId: string): Promise<true> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(userId)
    return !person || (await deps.store.people.endAll(person)) !== 'stale' ? true : undefined
  }, deps.ids.random)

const newReset = (reset_id: string, person: Person | null, now: Date) => ({
  _id: reset_id,
  ws: person?.memberships[0]?.workspace_id ?? reset_id,
  user_id: person?._id ?? null,
  ...passwordVersionOf(person ?? {}),
  created_at: now,
  expires_at: new Date(now.getTime() + RESET_MS),
  purge_at: new Date(now.getTime() + PURGE_MS),
})

/** Makes a link for a new password that nobody is mailed: an operator hands it over. It works once, for an hour. */
export const makeResetLink = async (
  deps: Pick<Deps, 'store' | 'ids' | 'clock' | 'secrets' | 'public_url'>,
  person: Person,
): Promise<string> => {
  const reset = newReset(deps.ids.next(), person, deps.clock.now())
  await deps.store.resets.insert(reset, [])
  return resetUrl(deps, reset)
}

/**
 * Requests the mail with a link for a new password. For an address without an account the same is done and answered, but
 * for the mail: nobody learns who has an account.
 * @param address the network address that the request came from.
 * @throws AppError `invalid_argument` for what is no email address; `rate_limited`.
 */
export const requestReset = async (deps: Deps, typed: string, address: string): Promise<void> => {
  const { store, clock, ids, limits } = deps
  const email = normalizeEmail(typed)
  if (!email) throw fieldFault('email', (words) => words.word('no_email'))
  await limits.countTry(`resets from ${address}`, RESETS_PER_ADDRESS)
  await limits.countTry(`resets of ${email}`, RESETS_PER_ACCOUNT)
  const found = await store.people.byEmail(email)
  const person = found && mayUsePassword(deps.passwords_for, found) ? found : null
  const reset_id = ids.next()
  const state = newReset(reset_id, person, clock.now())
  const event = person &&
    isActive(person) && {
      name: 'person.password_reset_requested',
      data: { reset_id, user_id: person._id },
    }
  await store.resets.insert(state, event ? [event] : [])
  // Also for an address without an account, so that both take the same time.
  await recordAudit(deps, {
    action: 'password_reset.requested',
    ws: (person?.memberships ?? []).map(({ workspace_id }) => workspace_id),
    by: { user_id: null, name: '', via: 'web' },
    address,
    target: person ? { user_id: person._id, name: person.name } : {},
    outcome: 'done',
  })
}

/** The link of a reset: whoever has it may set the password. */
export const resetUrl = (
  deps: Pick<Deps, 'secrets' | 'public_url'>,
  reset: Pick<PasswordReset, '_id'>,
): string => `${deps.public_url}/reset/${marked(deps.secrets.password_reset, reset._id)}`

/** Who may set a new password by a reset; undefined when it was used, has expired, or the password has changed since. */
export const personOfReset = async (
  { store, clock }: Deps,
  reset_id: string,
): Promise<Readonly<{ person: Person; reset: PasswordReset }> | undefined> => {
  const reset = await store.resets.find(reset_id)
  if (!reset || reset.user_id === null || reset.expires_at <= clock.now()) return undefined
  const person = await store.people.byId(reset.user_id)
  return person && isActive(person) && isOfPassword(reset, person) ? { person, reset } : undefined
}

/** The same by the token in the link. */
export const personOfLink = async (deps: Deps, token: string): Promise<Person | undefined> => {
  const reset_id = unmarked(deps.secrets.password_reset, token)
  return reset_id === undefined ? undefined : (await personOfReset(deps, reset_id))?.person
}

/**
 * Sets a new password by a link. This uses up the link and all others of the person.
 * @throws AppError with a sentence for the form: `invalid_argument`, `not_found`, `version_conflict`.
 */
export const resetPassword = async (deps: Deps, token: string, password: string): Promise<Person> => {
  const person = await personOfLink(deps, token)
  if (!person) throw translatedError('not_found', (words) => words.word('reset_over'))
  const saved = await setPassword(deps, person, password, deps.clock.now())
  // Somebody else's guesses no longer keep this person out.
  await deps.limits.forgetTries(`account ${person.email}`)
  return saved
}
