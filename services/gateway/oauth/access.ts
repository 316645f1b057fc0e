// Turns a bearer token into the person, workspace and scopes that it stands for now. Knows no HTTP.
import { LRUCache } from 'lru-cache'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { effectiveScopes, includesScope } from '../../../shared/contracts/define/scopes.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import { isActive, isOfPassword, membershipUnder } from '../accounts/person-rules.ts'
import { type Holder, judgeToken } from '../accounts/personal-token-rules.ts'
import { claimsToBe } from '../accounts/token-format.ts'
import type { Credential } from '../accounts/token-policy-rules.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { governedNow, withWorkspaceRules } from './governed.ts'
import { isOfService, resourceOf } from './grant-rules.ts'
import { cachedHolders, findHolder, STATE_TTL_MS, STATES } from './holders.ts'
import type { Grant } from './model.ts'
import { accessOf, verifyPersonal } from './personal-access.ts'
import { type AccessClaims, readAccessToken } from './tokens.ts'

/** Why a token is refused. For the log alone: the client gets `invalid_token`. */
export type AccessRefusal =
  | 'invalid'
  | 'expired'
  | 'revoked'
  | 'password_changed'
  | 'not_a_member'
  | 'deactivated'
  | 'client_blocked'
  | 'beyond_policy'
  | 'workspace_deleted'

/** What a token stands for. `expires_at` is in seconds since the epoch, as in the token. */
export type Access =
  | Readonly<{
      ok: true
      caller: Caller
      grant_id: string
      gen: number
      expires_at: number
      /** Only for what the policy of tokens is about: bearer tokens and service accounts. */
      credential?: Credential
    }>
  | Readonly<{ ok: false; reason: AccessRefusal }>

/**
 * Checks an access token.
 * @param unknown called before the check of a token that this process has not seen lately; it may throw to refuse it.
 * @throws AppError `unavailable` when the database cannot be asked. Answer 503: clients throw a token away on 401.
 */
export type VerifyAccess = (token: string, unknown?: () => void) => Promise<Access>

/** How long the check of a signature is cached (ms). */
const SIGNATURE_TTL_MS = 60_000
/** Most entries of their cache. */
const TOKENS = 20_000
/**
 * How young a token is whose refusal is not left to the caches (s): what they hold may be older than the token, as after a new
 * secret. Later, whoever floods a gateway with an ended token costs the database nothing.
 */
const YOUNG_S = 5

const no = (reason: AccessRefusal): Extract<Access, { ok: false }> => ({ ok: false, reason })

/** Whom a grant acts for, given its holder as they are now; or why it has ended. */
type Judged = Readonly<{ ok: true; caller: Caller; holder: Holder }> | Extract<Access, { ok: false }>

/**
 * What a grant stands for now.
 * @param asked the scopes of a token; all that the grant allows when absent.
 */
export const judgeGrant = (
  grant: Grant | null,
  holder: Holder | null,
  now: Date,
  asked?: AccessClaims['scopes'],
): Judged => {
  if (!grant || grant.revoked || grant.ends_at <= now) return no('revoked')
  const membership = holder && membershipUnder(grant, holder)
  if (!holder || !membership) return no('not_a_member')
  if (!isActive(holder)) return no('deactivated')
  if (!isOfPassword(grant, holder)) return no('password_changed')
  const { role } = membership
  // The person may have withdrawn a scope since the token was made.
  const scopes = (asked ?? grant.scopes).filter((scope) => includesScope(grant.scopes, scope))
  return {
    ok: true,
    holder,
    caller: {
      kind: 'person',
      user_id: holder._id,
      user_name: holder.name,
      workspace_id: grant.ws,
      role,
      scopes: effectiveScopes(scopes, role),
      client_id: grant.client_id,
      client_name: grant.client_name,
      grant_id: grant._id,
    },
  }
}

/** A service account's own connection, as the policy sees it. */
const serviceCredential = (caller: Caller): Readonly<{ credential?: Credential }> =>
  isOfService(caller) ? { credential: { of: 'service', since: null } } : {}

/** What a valid, unexpired token stands for, given its grant and whom it acts for as they are now. */
export const judge = (
  claims: AccessClaims,
  grant: Grant | null,
  holder: Holder | null,
  now: Date,
): Access => {
  const judged = judgeGrant(grant, holder, now, claims.scopes)
  if (!judged.ok) return judged
  if (grant?.ended_tokens.some(({ jti }) => jti === claims.jti)) return no('revoked')
  // The generation of a service account's token is that of its secret.
  const { secret_version = claims.gen } = judged.holder
  if (secret_version !== claims.gen) return no('revoked')
  const { caller } = judged
  return {
    ok: true,
    caller,
    grant_id: claims.grant,
    gen: claims.gen,
    expires_at: claims.exp,
    ...serviceCredential(caller),
  }
}

/**
 * Whom a connection acts for now and all that it may do, for what is done on its behalf when it sends no token; null when
 * it has ended. Asks the database each time.
 */
export const callerOfConnection = async (
  deps: Pick<Deps, 'store' | 'clock'>,
  grant_id: string,
): Promise<Caller | null> => {
  const { store, clock } = deps
  const find = findHolder({ store })
  const token = await store.personalTokens.find(grant_id)
  if (token) {
    const judged = accessOf(token, judgeToken(token, await find(token.user_id), clock.now()))
    const access = await governedNow(deps, judged)
    return access.ok ? access.caller : null
  }
  const grant = await store.grants.find(grant_id)
  const judged = judgeGrant(grant, grant && (await find(grant.user_id)), clock.now())
  if (!judged.ok) return null
  const { secret_version = grant?.gen } = judged.holder
  if (!grant || secret_version !== grant.gen) return null
  const { caller } = judged
  const stands = { ok: true, caller, grant_id, gen: grant.gen, expires_at: 0 } as const
  const access = await governedNow(deps, { ...stands, ...serviceCredential(caller) })
  return access.ok ? access.caller : null
}

const isWithin = ({ scopes }: AccessClaims, known: { grant: Grant | null } | undefined): boolean =>
  !known?.grant || scopes.every((scope) => known.grant && includesScope(known.grant.scopes, scope))

/** Makes the check with its caches, one per process. Refusals are not cached, so that junk cannot evict valid tokens. */
export const verifyAccess = (deps: Deps): VerifyAccess => {
  const { keys, store, clock, public_url: issuer } = deps
  const resource = resourceOf(issuer)
  const perf = { now: clock.monotonicMs }
  const tokens = new LRUCache<string, AccessClaims>({ max: TOKENS, perf })
  let removals = keys.removals()
  // `fetch` asks the database once for all that want the same entry at the same time.
  const grantsById = new LRUCache<string, { grant: Grant | null }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf,
    fetchMethod: async (id) => ({ grant: await store.grants.find(id) }),
  })
  const holders = cachedHolders(deps)
  const personal = verifyPersonal(deps, holders)
  const governed = withWorkspaceRules(deps)
  const read = async (token: string, unknown: () => void): Promise<AccessClaims | 'invalid' | 'expired'> => {
    const hash = sha256(token)
    const now = clock.now()
    if (removals !== keys.removals()) {
      // A key was dropped: what it signed must not live on in the cache.
      removals = keys.removals()
      tokens.clear()
    }
    const known = tokens.get(hash)
    if (known) return known.exp * 1_000 > now.getTime() ? known : 'expired'
    unknown()
    const claims = await readAccessToken(keys, token, { issuer, resource, now })
    if (typeof claims === 'string') return claims
    // Unless a key was dropped while it was verified.
    if (removals === keys.removals()) tokens.set(hash, claims, { ttl: SIGNATURE_TTL_MS })
    // Once per token and process. That a client has its token distinguishes a lost answer from a stolen refresh token.
    await store.grants.markUsed(claims.grant, claims.gen, now)
    return claims
  }
  return async (token, unknown = () => undefined) => {
    try {
      if (claimsToBe('personal_token', token)) return await governed(await personal(token, unknown))
      const claims = await read(token, unknown)
      if (typeof claims === 'string') return no(claims)
      const [known, holder] = await Promise.all([grantsById.fetch(claims.grant), holders(claims.sub)])
      const now = clock.now()
      const judged = judge(claims, known?.grant ?? null, holder, now)
      const isYoung = Math.abs(now.getTime() / 1_000 - claims.iat) <= YOUNG_S
      // A token that allows more than the cached grant was made after the person allowed more.
      if (isWithin(claims, known) && (judged.ok || !isYoung)) return await governed(judged)
      const [grant, fresh] = await Promise.all([
        grantsById.fetch(claims.grant, { forceRefresh: true }),
        holders(claims.sub, true),
      ])
      return await governed(judge(claims, grant?.grant ?? null, fresh, clock.now()))
    } catch (error) {
      throw mongoFault(error) ?? error
    }
  }
}
