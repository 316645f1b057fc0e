// How a person comes by a new password. Setting one ends every session and every connection made under the old one.
import { AppError } from '../../../shared/errors.ts'
import type { Deps } from '../deps.ts'
import { type Person, passwordFault } from './person.ts'
import { PER_ACCOUNT } from './throttle.ts'
import { count } from './tries.ts'

const fault = (field: 'current' | 'password', sentence: string): AppError =>
  new AppError('invalid_argument', sentence, { details: { field } })

const setPassword = async (deps: Deps, person: Person, password: string): Promise<Person> => {
  const wrong = passwordFault(password, person.email, person.name)
  if (wrong) throw fault('password', wrong)
  const saved = await deps.store.people.setPassword(person, await deps.passwords.hash(password))
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
    throw fault('current', 'That is not your present password.')
  await deps.store.throttles.clear(account)
  return setPassword(deps, person, typed.password)
}
