// A person changes their own name and address. A new address is theirs once the link that is mailed to it is followed.
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { CONFIRMATIONS_PER_ACCOUNT } from '../limits/policies.ts'
import { fieldFault } from '../translated-errors.ts'
import { requestAccountMail } from './account-mails.ts'
import { emailFault, normalizeEmail, normalizeName, type Person, passwordVersionOf } from './person-rules.ts'

/**
 * Changes a person's name, with an event in each of their workspaces. What they did before keeps the name of its time.
 * @throws AppError `invalid_argument` with a sentence for the form.
 */
export const changeName = ({ store, ids }: Deps, person: Person, typed: string): Promise<Person> => {
  const name = normalizeName(typed)
  if (!name) throw fieldFault('name', (words) => words.word('no_name'))
  return untilSaved(async () => {
    const fresh = (await store.people.byId(person._id)) ?? person
    if (fresh.name === name) return fresh
    const events = fresh.memberships.map(({ workspace_id }) => ({
      name: 'person.renamed' as const,
      data: { user_id: fresh._id, workspace_id, name, name_before: fresh.name },
    }))
    const saved = await store.people.setName(fresh, name, events)
    return saved === 'stale' ? undefined : saved
  }, ids.random)
}

/**
 * Requests the mail whose link makes an address the person's. Where somebody else has it, the answer is the same, but no mail
 * goes out: nobody learns who has an account.
 * @throws AppError `invalid_argument` with a sentence for the form; `rate_limited` when it was requested too often.
 */
export const requestNewAddress = async (deps: Deps, person: Person, typed: string): Promise<void> => {
  const email = normalizeEmail(typed)
  if (!email) throw emailFault()
  if (email === person.email) throw fieldFault('email', (words) => words.word('same_address'))
  await deps.limits.countTry(`new addresses of ${person._id}`, CONFIRMATIONS_PER_ACCOUNT)
  await deps.limits.countTry(`confirmations of ${email}`, CONFIRMATIONS_PER_ACCOUNT)
  if (await deps.store.people.byEmail(email)) return
  await requestAccountMail(deps, person, 'new_address', {
    email,
    email_before: person.email,
    ...passwordVersionOf(person),
  })
}
