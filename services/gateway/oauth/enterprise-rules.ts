// Enterprise-managed authorization: what the assertion of an identity provider must say, and what it gives. Pure.
//
// The provider decides that a client may act for a person (the MCP extension of that name, over
// draft-ietf-oauth-identity-assertion-authz-grant); this server decides what they may do here.
import * as z from 'zod'
import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES, effectiveScopes, includesScope } from '../../../shared/contracts/define/scopes.ts'
import {
  type Membership,
  membershipIdOf,
  membershipIn,
  type Person,
  passwordVersionOf,
} from '../accounts/person-rules.ts'
import { commonScopes, type TokenPolicy } from '../accounts/token-policy-rules.ts'
import { CLOCK_SECONDS } from './assertion-rules.ts'
import { isDocumentId } from './document-rules.ts'
import { checkResource, GRANT_MS, lifetime } from './grant-rules.ts'
import type { Client, Grant } from './model.ts'
import { allowed, type Ruled, refused } from './refusals.ts'

/** The grant type at the token endpoint (RFC 7523 §2.1), and the profile as the metadata names it. */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const ID_JAG_PROFILE = 'urn:ietf:params:oauth:grant-profile:id-jag'
/** The type in the header of such an assertion. */
const ID_JAG_TYPE = 'oauth-id-jag+jwt'
/** Longest life of an assertion (s). Providers give five minutes; it is used once in any case. */
const LONGEST_SECONDS = 15 * 60

const one = z.string().min(1).max(512)
const Claims = z.object({
  iss: one,
  sub: z.string().min(1).max(255),
  aud: z.union([z.string(), z.tuple([z.string()])]),
  client_id: z.string().max(2_000),
  jti: z.string().min(1).max(256),
  exp: z.number(),
  iat: z.number().optional(),
  scope: z.string().max(2_000).optional(),
  resource: z.union([z.string(), z.array(z.string()).max(5)]).optional(),
})

/** What an assertion says, once it has been checked. */
export type IdentityAssertion = Readonly<{
  iss: string
  sub: string
  jti: string
  /** The scopes that the provider allows; undefined where it says nothing. */
  scope: string | undefined
  /** Until when it has to be remembered. */
  until: Date
}>

/** Whether a client may use this grant: one that authenticates, or that is known by its address. */
export const maySendAssertions = ({ auth_method, _id }: Client): boolean =>
  auth_method !== 'none' || isDocumentId(_id)

/**
 * Checks what a signed assertion says: for this server, this resource and this client.
 * @param expected `iss`: the provider whose key signed it.
 */
export const checkIdentityAssertion = (
  typ: unknown,
  payload: unknown,
  expected: Readonly<{ iss: string; client_id: string; public_url: string; now: Date }>,
): Ruled<IdentityAssertion> => {
  if (typ !== ID_JAG_TYPE) return refused('identity_assertion_type')
  const parsed = Claims.safeParse(payload)
  if (!parsed.success) return refused('identity_assertion_malformed')
  const { iss, sub, aud, client_id, jti, exp, iat, scope, resource } = parsed.data
  if (iss !== expected.iss) return refused('identity_issuer_unknown')
  const audience = typeof aud === 'string' ? aud : aud[0]
  // Clients print the issuer as a URL, which then ends in a slash.
  if (audience !== expected.public_url && audience !== `${expected.public_url}/`)
    return refused('identity_assertion_audience')
  if (client_id !== expected.client_id) return refused('identity_assertion_of_another')
  const now = Math.floor(expected.now.getTime() / 1_000)
  if (exp + CLOCK_SECONDS <= now) return refused('identity_assertion_expired')
  if (exp > now + LONGEST_SECONDS + CLOCK_SECONDS) return refused('identity_assertion_malformed')
  if (iat !== undefined && iat > now + CLOCK_SECONDS) return refused('identity_assertion_malformed')
  const target = checkResource([resource ?? []].flat(), expected.public_url, 'target_foreign')
  if (!target.ok) return target
  return allowed({ iss, sub, jti, scope, until: new Date((exp + 2 * CLOCK_SECONDS) * 1_000) })
}

/**
 * The membership that an assertion is about: that in the configured workspace, or the person's only one.
 * @param workspace_id the workspace that the operator has named, if any.
 */
export const chooseMembership = (
  person: Pick<Person, 'memberships'>,
  workspace_id: string | undefined,
): Ruled<Membership> => {
  const [only, another] = person.memberships
  const chosen = workspace_id === undefined ? only : membershipIn(person, workspace_id)
  if (!chosen) return refused('identity_no_member')
  return workspace_id === undefined && another ? refused('identity_workspace_unclear') : allowed(chosen)
}

const known = (text: string): Scope[] => ALL_SCOPES.filter((scope) => text.split(/\s+/).includes(scope))

/**
 * The scopes of the access token: what the provider allows (without its word, the baseline), what the client asks for of it,
 * what the role allows, and what the policy of the workspace allows programs.
 */
export const enterpriseScopes = (
  given: Readonly<{ allowed: string | undefined; asked: string | undefined }>,
  { role }: Pick<Membership, 'role'>,
  policy: TokenPolicy | undefined,
): Ruled<Scope[]> => {
  const most = given.allowed === undefined ? [...BASELINE_SCOPES] : known(given.allowed)
  const wanted = given.asked === undefined ? most : known(given.asked)
  const scopes = commonScopes(effectiveScopes(commonScopes(most, wanted), role), policy?.scopes)
  // Reading is in writing, so it needs no mention of its own unless it was named.
  const least = scopes.filter(
    (scope) =>
      most.includes(scope) ||
      !includesScope(
        scopes.filter((other) => other !== scope),
        scope,
      ),
  )
  return least.length > 0 ? allowed(least) : refused('scope_widened')
}

/** The connection of a person and a client that a provider allows: always the same one, renewed by each assertion. */
export const enterpriseGrant = (
  given: Readonly<{
    id: string
    client: Client
    person: Person
    membership: Membership
    scopes: readonly Scope[]
    resource: string
    iss: string
    now: Date
    refresh_ms: number
  }>,
): Grant => {
  const { id, client, person, membership, scopes, resource, iss, now, refresh_ms } = given
  const ends_at = new Date(now.getTime() + GRANT_MS)
  return {
    _id: id,
    client_id: client._id,
    client_name: client.name,
    // Where the person’s pages say that the app gets its answers: by the word of the provider.
    redirect_uri: iss,
    user_id: person._id,
    ...passwordVersionOf(person),
    ws: membership.workspace_id,
    ...membershipIdOf(membership),
    scopes: [...scopes],
    resource,
    enterprise: { iss },
    code: { challenge: '', expires_at: now, used_at: now },
    gen: 1,
    rotated_at: now,
    used_gen: 0,
    last_used_at: null,
    revoked: null,
    ended_tokens: [],
    created_at: now,
    ends_at,
    ...lifetime(ends_at, now, refresh_ms),
  }
}
