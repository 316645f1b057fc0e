// Turns a bearer token into the person, workspace and scopes that it stands for now. Knows no HTTP.
import { LRUCache } from 'lru-cache'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { effectiveScopes, includesScope } from '../../../shared/contracts/define/scopes.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import { isOfPassword, membershipUnder, type Person } from '../accounts/person-rules.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { resourceOf } from './grant-rules.ts'
import type { Grant } from './model.ts'
import { type AccessClaims, readAccessToken } from './tokens.ts'

/** Why a token is refused. For the log alone: the client gets `invalid_token`. */
export type AccessRefusal = 'invalid' | 'expired' | 'revoked' | 'password_changed' | 'not_a_member'

/** What a token stands for. `expires_at` is in seconds since the epoch, as in the token. */
export type Access =
  | Readonly<{ ok: true; caller: Caller; grant_id: string; gen: number; expires_at: number }>
  | Readonly<{ ok: false; reason: AccessRefusal }>

/**
 * Checks an access token.
 * @param unknown called before the check of a token that this process has not seen lately; it may throw to refuse it.
 * @throws AppError `unavailable` when the database cannot be asked. Answer 503: clients throw a token away on 401.
 */
export type VerifyAccess = (token: string, unknown?: () => void) => Promise<Access>

/** How long the check of a token's signature is cached (ms). */
const SIGNATURE_TTL_MS = 60_000
/** How long grants and people are cached, and so how long a revoked one may still get through (ms). */
const STATE_TTL_MS = 2_000
/** Most entries of each cache. */
const TOKENS = 20_000
const STATES = 20_000

const no = (reason: AccessRefusal): Access => ({ ok: false, reason })

/** What a valid, unexpired token stands for, given its grant and its person as they are now. */
export const judge = (
  claims: AccessClaims,
  grant: Grant | null,
  person: Person | null,
  now: Date,
): Access => {
  if (!grant || grant.revoked || grant.ends_at <= now) return no('revoked')
  if (grant.ended_tokens.some(({ jti }) => jti === claims.jti)) return no('revoked')
  const membership = person && membershipUnder(grant, person)
  if (!person || !membership) return no('not_a_member')
  if (!isOfPassword(grant, person)) return no('password_changed')
  const { role } = membership
  return {
    ok: true,
    caller: {
      kind: 'person',
      user_id: person._id,
      user_name: person.name,
      workspace_id: grant.ws,
      role,
      // The person may have withdrawn a scope since the token was made.
      scopes: effectiveScopes(
        claims.scopes.filter((scope) => includesScope(grant.scopes, scope)),
        role,
      ),
      client_id: grant.client_id,
      client_name: grant.client_name,
      grant_id: grant._id,
    },
    grant_id: grant._id,
    gen: claims.gen,
    expires_at: claims.exp,
  }
}

const isWithin = ({ scopes }: AccessClaims, known: { grant: Grant | null } | undefined): boolean =>
  !known?.grant || scopes.every((scope) => known.grant && includesScope(known.grant.scopes, scope))

/** Makes the check with its caches, one per process. Refusals are not cached, so that junk cannot evict valid tokens. */
export const verifyAccess = (deps: Deps): VerifyAccess => {
  const { keys, store, clock, public_url: issuer } = deps
  const resource = resourceOf(issuer)
  const perf = { now: clock.monotonicMs }
  const tokens = new LRUCache<string, AccessClaims>({ max: TOKENS, perf })
  // `fetch` asks the database once for all that want the same entry at the same time.
  const grantsById = new LRUCache<string, { grant: Grant | null }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf,
    fetchMethod: async (id) => ({ grant: await store.grants.find(id) }),
  })
  const peopleById = new LRUCache<string, { person: Person | null }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf,
    fetchMethod: async (id) => ({ person: await store.people.byId(id) }),
  })
  const read = async (token: string, unknown: () => void): Promise<AccessClaims | 'invalid' | 'expired'> => {
    const hash = sha256(token)
    const now = clock.now()
    const known = tokens.get(hash)
    if (known) return known.exp * 1_000 > now.getTime() ? known : 'expired'
    unknown()
    const claims = await readAccessToken(keys, token, { issuer, resource, now })
    if (typeof claims === 'string') return claims
    tokens.set(hash, claims, { ttl: SIGNATURE_TTL_MS })
    // Once per token and process. That a client has its token distinguishes a lost answer from a stolen refresh token.
    await store.grants.markUsed(claims.grant, claims.gen, now)
    return claims
  }
  return async (token, unknown = () => undefined) => {
    try {
      const claims = await read(token, unknown)
      if (typeof claims === 'string') return no(claims)
      const [known, person] = await Promise.all([
        grantsById.fetch(claims.grant),
        peopleById.fetch(claims.sub),
      ])
      // A token that allows more than the cached grant was made after the person allowed more.
      const grant = isWithin(claims, known)
        ? known
        : await grantsById.fetch(claims.grant, { forceRefresh: true })
      return judge(claims, grant?.grant ?? null, person?.person ?? null, clock.now())
    } catch (error) {
      throw mongoFault(error) ?? error
    }
  }
}
