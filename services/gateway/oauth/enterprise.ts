// Enterprise-managed authorization: the assertion of a configured identity provider becomes a connection without a consent
// page. There is no refresh token: the provider is asked again, and so can say no.
import { LRUCache } from 'lru-cache'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import { isActive, isOfPassword, membershipUnder, type Person } from '../accounts/person-rules.ts'
import { isDeleted } from '../accounts/workspace-deletion-rules.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { field } from '../http/forms.ts'
import { sha256 } from '../secrets.ts'
import { ASSERTION_CHARS } from './assertion-rules.ts'
import { headerOf, issuerOf, verifySigned } from './assertions.ts'
import { fetchDocument } from './document-fetch.ts'
import {
  checkIdentityAssertion,
  chooseMembership,
  enterpriseGrant,
  enterpriseScopes,
  type IdentityAssertion,
  maySendAssertions,
} from './enterprise-rules.ts'
import { isBlocked } from './governed-rules.ts'
import { resourceOf } from './grant-rules.ts'
import { openKeySets } from './key-sets.ts'
import type { Client, Grant } from './model.ts'
import { allowed, type Ruled, refused } from './refusals.ts'

/** How long what a provider publishes about itself is used, and how long one that was away is left alone (ms). */
const KNOWN_MS = 60 * 60_000
const AWAY_MS = 10_000
const MAX_BYTES = 64 * 1024

/** The keys of the configured identity providers. */
export type Issuers = Readonly<{
  /** The keys of a provider; undefined when it is none of those configured, or cannot be reached. */
  keys: (iss: string, kid: string | undefined) => ReturnType<ReturnType<typeof openKeySets>['keys']>
}>

/**
 * Makes the reader of the providers’ keys, one per process. The operator chose them, so their addresses may be private ones.
 * Their own addresses come from their metadata (OpenID Connect Discovery §4), which must be about the very issuer.
 */
export const openIssuers = (
  deps: Readonly<{ issuers: readonly string[]; clock: Clock; log: Log }>,
): Issuers => {
  const { issuers, clock, log } = deps
  const keySets = openKeySets({ loopback: false, inside: true, clock, log })
  const perf = { now: clock.monotonicMs }
  const addresses = new LRUCache<string, { jwks_uri: string | undefined }>({ max: 10, ttl: KNOWN_MS, perf })
  const discover = async (iss: string): Promise<string | undefined> => {
    const known = addresses.get(iss)
    if (known) return known.jwks_uri
    const url = new URL(`${iss.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const fetched = await fetchDocument(url, { loopback: false, inside: true, max_bytes: MAX_BYTES })
    const metadata = (fetched.ok ? fetched.body : undefined) as Readonly<Record<string, unknown>> | undefined
    const { issuer, jwks_uri: named } = metadata ?? {}
    const isOwn = issuer === iss && typeof named === 'string' && URL.canParse(named)
    // As safe as the issuer itself: without TLS only where that has none.
    const jwks_uri = isOwn && (named.startsWith('https:') || iss.startsWith('http:')) ? named : undefined
    if (jwks_uri === undefined)
      log.warn('an identity provider cannot be used', { iss, fault: fetched.ok ? 'metadata' : fetched.fault })
    addresses.set(iss, { jwks_uri }, { ttl: jwks_uri === undefined ? AWAY_MS : KNOWN_MS })
    return jwks_uri
  }
  return {
    keys: async (iss, kid) => {
      if (!issuers.includes(iss)) return undefined
      const jwks_uri = await discover(iss)
      return jwks_uri === undefined ? undefined : keySets.keys(jwks_uri, kid)
    },
  }
}

/** An assertion that a configured provider signed, for this server and client, used for the first time. */
const acceptIdentity = async (
  deps: Deps,
  client: Client,
  assertion: string,
): Promise<Ruled<IdentityAssertion>> => {
  const { clock, issuers, public_url, store } = deps
  const header = headerOf(assertion)
  const iss = issuerOf(assertion)
  if (!header || iss === undefined || assertion.length > ASSERTION_CHARS)
    return refused('identity_assertion_malformed')
  if (!deps.oauth.enterprise_issuers.includes(iss)) return refused('identity_issuer_unknown')
  const keys = await issuers.keys(iss, typeof header.kid === 'string' ? header.kid : undefined)
  if (!keys) return refused('identity_issuer_away')
  const now = clock.now()
  const signed = await verifySigned(assertion, keys, now)
  if (!signed.ok)
    return refused(
      signed.reason === 'assertion_expired' ? 'identity_assertion_expired' : 'identity_assertion_wrong',
    )
  const ruled = checkIdentityAssertion(header.typ, signed.value, {
    iss,
    client_id: client._id,
    public_url,
    now,
  })
  if (!ruled.ok) return ruled
  const { jti, until } = ruled.value
  const isNew = await store.assertions.use(sha256(JSON.stringify(['id-jag', iss, jti])), until)
  return isNew ? ruled : refused('identity_assertion_used')
}

/** The connection that is there already, or a new one. */
const connectionOf = async (
  { store, ids }: Deps,
  client: Client,
  person: Person,
  ws: string,
): Promise<string> => {
  const present = await store.grants.enterprise(person._id, client._id, ws)
  const isUsable = present && isOfPassword(present, person) && membershipUnder(present, person)
  return isUsable ? present._id : ids.next()
}

/** What an accepted assertion gives: whose account it is must be known from an earlier sign-in, never from an address. */
const grantFor = async (
  deps: Deps,
  client: Client,
  identity: IdentityAssertion,
  asked: string | undefined,
): Promise<Ruled<{ grant: Grant; person: Person; scopes: Scope[] }>> => {
  const { store, clock, oauth, public_url } = deps
  const person = await store.people.byIdentity(identity.iss, identity.sub)
  if (!person) return refused('identity_unknown')
  if (!isActive(person)) return refused('person_deactivated')
  const membership = chooseMembership(person, oauth.enterprise_workspace)
  if (!membership.ok) return membership
  const ws = membership.value.workspace_id
  const rules = await store.workspaces.accessRules(ws)
  if (isDeleted(rules)) return refused('identity_no_member')
  if (isBlocked(rules, client._id)) return refused('client_blocked')
  const given = { allowed: identity.scope, asked }
  const scopes = enterpriseScopes(given, membership.value, rules?.token_policy)
  if (!scopes.ok) return scopes
  const grant = enterpriseGrant({
    id: await connectionOf(deps, client, person, ws),
    client,
    person,
    membership: membership.value,
    scopes: scopes.value,
    resource: resourceOf(public_url),
    iss: identity.iss,
    now: clock.now(),
    refresh_ms: oauth.refresh_ms,
  })
  return allowed({ grant, person, scopes: scopes.value })
}

/**
 * Answers the jwt-bearer grant (RFC 7523 §2.1) for the assertion of an identity provider (ID-JAG).
 * @param address where the request came from.
 * @returns the connection, and the scopes of its access token.
 * @throws AppError `unavailable` when it cannot be written down.
 */
export const acceptEnterprise = async (
  deps: Deps,
  client: Client,
  form: URLSearchParams,
  address: string,
): Promise<Ruled<Readonly<{ grant: Grant; scopes: readonly Scope[] }>>> => {
  if (!maySendAssertions(client)) return refused('identity_client_public')
  const assertion = field(form, 'assertion')
  if (assertion === undefined) return refused('identity_assertion_missing')
  const identity = await acceptIdentity(deps, client, assertion)
  if (!identity.ok) return identity
  const ruled = await grantFor(deps, client, identity.value, field(form, 'scope'))
  const target = { client_id: client._id, iss: identity.value.iss, sub: identity.value.sub }
  if (!ruled.ok) {
    const by = { user_id: null, name: '', via: client.name }
    const end = { outcome: 'refused', reason: ruled.reason } as const
    await recordAudit(deps, { action: 'assertion.refused', ws: [], by, address, target, ...end })
    return ruled
  }
  const { grant, person, scopes } = ruled.value
  await deps.store.grants.keep(grant)
  await deps.store.grants.setScopes(grant._id, scopes)
  const by = { user_id: person._id, name: person.name, via: client.name }
  const entry = { action: 'assertion.accepted', ws: [grant.ws], by, address, target } as const
  await recordAudit(deps, { ...entry, outcome: 'done' })
  return allowed({ grant, scopes })
}
