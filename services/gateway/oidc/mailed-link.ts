// Connects a provider by a mailed link, where no password proves whose an account is. Two things prove it together: the
// provider has verified the address of the account, and its mailbox is read in the browser that came from the provider.
import { personOfAccountMail, requestAccountMail } from '../accounts/account-mails.ts'
import { isActive, isConfirmed, mayUsePassword } from '../accounts/person-rules.ts'
import type { Deps } from '../deps.ts'
import { PROVIDER_LINKS_PER_ACCOUNT } from '../limits/policies.ts'
import { unmarked } from '../secrets.ts'
import type { OpenLink } from './sign-in.ts'

/** How long the link in the mail works, and so the browser's part of it (ms). */
export const MAILED_MS = 30 * 60_000

/**
 * Whether a link may be mailed: to nobody who proves the account by a password, to no address that may be a stranger's, and
 * only while the account has the address that the provider has verified.
 */
export const offersMailedLink = (
  { passwords_for }: Pick<Deps, 'passwords_for'>,
  { link, person }: OpenLink,
): boolean =>
  !mayUsePassword(passwords_for, person) &&
  isActive(person) &&
  isConfirmed(person) &&
  link.email === person.email

/**
 * Mails the link. One that was mailed for the same sign-in before ends.
 * @returns false when the sign-in has ended meanwhile.
 * @throws AppError `rate_limited`.
 */
export const mailLink = async (deps: Deps, { link, person, provider }: OpenLink): Promise<boolean> => {
  const { store, ids, clock, limits } = deps
  await limits.countTry(`provider links of ${person._id}`, PROVIDER_LINKS_PER_ACCOUNT)
  const _id = ids.next()
  const now = clock.now()
  const expires_at = new Date(now.getTime() + MAILED_MS)
  // First the sign-in, so that no mail has a link that never works. After a crash in between its person asks again.
  if (!(await store.oidcLinks.noteMail(link._id, link.browser, now, { mail_id: _id, expires_at })))
    return false
  const facts = { provider: provider.settings.name, shown: link.shown }
  await requestAccountMail(deps, person, 'provider_link', { _id, facts })
  return true
}

/** What a link in a mail is worth in a browser: `over` anywhere, `elsewhere` where another sign-in waits, or none. */
export const judgeMailedLink = async (
  deps: Deps,
  token: string,
  open: OpenLink | undefined,
): Promise<'right' | 'over' | 'elsewhere'> => {
  const id = unmarked(deps.secrets.confirmation, token)
  const found = id === undefined ? undefined : await personOfAccountMail(deps, id)
  if (found?.mail.kind !== 'provider_link') return 'over'
  const isOfBrowser = open?.link.mail_id === id && open?.person._id === found.person._id
  if (!open || !isOfBrowser) return 'elsewhere'
  return offersMailedLink(deps, open) ? 'right' : 'over'
}
