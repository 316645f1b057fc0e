// Ends what a provider says has ended: the sessions that it began, and the person's connections. Knows no page.
import { signOutEverywhere } from '../accounts/credentials.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { checkLogout, issuerOf, type LogoutClaims } from './logout-token.ts'
import { findProviderOf } from './sign-in.ts'

/** How long a token is remembered: longer than one is accepted (ms). */
const REMEMBERED_MS = 60 * 60_000
/** The most connections of one person that are ended in one go. */
const CONNECTIONS = 1_000

/** What became of a logout token. */
export type LoggedOut = 'done' | 'invalid' | 'away'

const endConnections = async ({ store, clock }: Deps, userId: string): Promise<void> => {
  const now = clock.now()
  for (const { _id } of await store.grants.inForce(userId, now, CONNECTIONS))
    await store.grants.revoke(_id, 'revoked_by_provider', now)
}

/** Without a session, all of the person’s ends (§2.7); with one, what that session began, and the connections. */
const end = async (deps: Deps, { iss, sub, sid }: LogoutClaims): Promise<void> => {
  const { people, sessions } = deps.store
  const person = sub === undefined ? null : await people.byIdentity(iss, sub)
  if (sid === undefined) {
    if (person) await signOutEverywhere(deps, person._id)
    return
  }
  const users = new Set(await sessions.removeOfProvider(iss, sid))
  if (person) users.add(person._id)
  for (const userId of users) await endConnections(deps, userId)
}

/**
 * Acts on a logout token. Each works once; one that could not be acted on may be sent again.
 * @throws what the store throws.
 */
export const logOutByProvider = async (deps: Deps, token: string): Promise<LoggedOut> => {
  const { store, clock, log } = deps
  const provider = await findProviderOf(deps, issuerOf(token))
  const now = clock.now()
  const checked = provider && (await checkLogout(provider, token, now))
  if (!checked?.ok) {
    log.warn('a logout token was refused', { reason: checked?.detail ?? 'an unknown issuer' })
    return checked?.reason ?? 'invalid'
  }
  const { claims } = checked
  const id = sha256(`${claims.iss} ${claims.jti}`)
  if (!(await store.oidcLogouts.note(id, new Date(now.getTime() + REMEMBERED_MS)))) {
    log.warn('a logout token was refused', { reason: 'it was used before' })
    return 'invalid'
  }
  try {
    await end(deps, claims)
  } catch (error) {
    await store.oidcLogouts.forget(id)
    throw error
  }
  return 'done'
}
