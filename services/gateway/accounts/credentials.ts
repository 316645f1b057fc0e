// How a person comes by a new password, and ends what was made under the old one: every session and every connection.

import { AppError } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/aggregate.ts'
import type { Deps } from '../deps.ts'
import { marked, unmarked } from '../secrets.ts'
import type { PasswordReset } from './link-store.ts'
import {
  isOfPassword,
  normalizeEmail,
  type Person,
  passwordFault,
  passwordVersionOf,
} from './person-rules.ts'
import { PER_ACCOUNT, RESETS_PER_ACCOUNT, RESETS_PER_ADDRESS } from './throttle-rules.ts'
import { count } from './tries.ts'

/** How long the link of a mail for a new password works (ms). */
export const RESET_MS = 60 * 60_000
const PURGE_MS = 24 * 60 * 60_000

const fault = (field: 'current' | 'password', sentence: string): AppError =>
  new AppError('invalid_argument', sentence, { details: { field } })

const setPassword = async (
  deps: Deps,
  person: Person,
  password: string,
  confirmed_at?: Date,
): Promise<Person> => {
  const wrong = passwordFault(password, person.email, person.name)
  if (wrong) throw fault('password', wrong)
  const saved = await deps.store.people.setPassword(person, await deps.passwords.hash(password), confirmed_at)
  if (saved === 'stale')
    throw new AppError('version_conflict', 'Your account changed at the same moment. Try again.')
  return saved
}

/**
 * Changes the password of a person who is signed in and knows the present one. Tries are counted with those of signing in,
 * so that a browser left open is no way around that.
 * @throws AppError with a sentence for the form: `invalid_argument`, `rate_limited`, `version_conflict`.
 */
export const changePassword = async (
  deps: Deps,
  person: Person,
  typed: Readonly<{ current: string; password: string }>,
): Promise<Person> => {
  const account = `account ${person.email}`
  await count(deps, account, PER_ACCOUNT)
  if (!(await deps.passwords.verify(person.password_hash, typed.current)))
    throw fault('current', 'That is not your current password.')
  await deps.store.throttles.clear(account)
  return setPassword(deps, person, typed.password)
}

/** Signs a person out of every browser and disconnects every app, on every gateway. The password stays. */
export const signOutEverywhere = (deps: Deps, userId: string): Promise<true> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(userId)
    return !person || (await deps.store.people.endAll(person)) !== 'stale' ? true : undefined
  }, deps.ids.random)

/**
 * Has a mail with a link for a new password sent, if the address is an account's. What is done and answered is the same
 * when it is not, so that nobody learns who has an account.
 * @throws AppError `invalid_argument` for what is no address; `rate_limited`.
 */
export const requestReset = async (deps: Deps, typed: string, address: string): Promise<void> => {
  const { store, clock, ids } = deps
  const email = normalizeEmail(typed)
  if (!email)
    throw new AppError('invalid_argument', 'That is not an email address.', { details: { field: 'email' } })
  await count(deps, `resets from ${address}`, RESETS_PER_ADDRESS)
  await count(deps, `resets of ${email}`, RESETS_PER_ACCOUNT)
  const person = await store.people.byEmail(email)
  const reset_id = ids.next()
  const now = clock.now()
  const state = {
    _id: reset_id,
    ws: person?.memberships[0]?.workspace_id ?? reset_id,
    user_id: person?._id ?? null,
    ...passwordVersionOf(person ?? {}),
    created_at: now,
    expires_at: new Date(now.getTime() + RESET_MS),
    purge_at: new Date(now.getTime() + PURGE_MS),
  }
  const told = person && {
    name: 'person.password_reset_requested',
    data: { reset_id, user_id: person._id },
  }
  await store.resets.insert(state, told ? [told] : [])
}

/** The link of a request: whoever has it may set the password. */
export const resetUrl = (deps: Deps, reset: Pick<PasswordReset, '_id'>): string =>
  `${deps.public_url}/reset/${marked(deps.secrets.password_reset, reset._id)}`

/** Who may set a new password by a request: undefined when it was used, has expired or was overtaken. */
export const personOfReset = async (
  { store, clock }: Deps,
  reset_id: string,
): Promise<Readonly<{ person: Person; reset: PasswordReset }> | undefined> => {
  const reset = await store.resets.find(reset_id)
  if (!reset || reset.user_id === null || reset.expires_at <= clock.now()) return undefined
  const person = await store.people.byId(reset.user_id)
  return person && isOfPassword(reset, person) ? { person, reset } : undefined
}

/** Who may set a new password by the link with this token. */
export const personOfLink = async (deps: Deps, token: string): Promise<Person | undefined> => {
  const reset_id = unmarked(deps.secrets.password_reset, token)
  return reset_id === undefined ? undefined : (await personOfReset(deps, reset_id))?.person
}

/**
 * Sets a new password by a link. The link is used up by it, and so are all others of the person.
 * @throws AppError with a sentence for the form: `invalid_argument`, `not_found`, `version_conflict`.
 */
export const resetPassword = async (deps: Deps, token: string, password: string): Promise<Person> => {
  const person = await personOfLink(deps, token)
  if (!person) throw new AppError('not_found', 'This link was used or has expired. Ask for a new one.')
  const saved = await setPassword(deps, person, password, deps.clock.now())
  // Whoever was kept out by somebody else's guesses gets in now.
  await deps.store.throttles.clear(`account ${person.email}`)
  return saved
}
