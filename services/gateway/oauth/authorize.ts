// GET and POST /authorize until the person decides, and what the decision leads to (RFC 6749 §4.1, RFC 9207). Knows no page:
// it says where the browser goes next.
import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { effectiveScopes, includesScope } from '../../../shared/contracts/define/scopes.ts'
import { type Membership, membershipIdOf, type Person, passwordVersionOf } from '../accounts/person-rules.ts'
import type { Deps } from '../deps.ts'
import { field, repeats } from '../http/forms.ts'
import { sha256 } from '../secrets.ts'
import { isDocumentId } from './document-rules.ts'
import {
  CODE_MS,
  checkChallenge,
  checkResource,
  chooseRedirect,
  GRANT_MS,
  lifetime,
  narrowScopes,
  REQUEST_MS,
} from './grant-rules.ts'
import type { AuthorizationRequest, Client, Grant } from './model.ts'
import { allowed, oauthError, type Refusal, type Ruled, refused } from './refusals.ts'
import { codeOf } from './tokens.ts'

/** Longest `state` that is kept for a client. */
const STATE_CHARS = 4_096

/** Where a request to /authorize leads: to a page with the fault, back to the client, or to the person. */
export type Begun =
  | Readonly<{ to: 'fault'; reason: Refusal }>
  | Readonly<{ to: 'client'; url: string }>
  | Readonly<{ to: 'person'; request_id: string }>

type RequestedAccess = Pick<AuthorizationRequest, 'challenge' | 'scopes' | 'resource'>

/** The answer to a client: its redirect URI with these parameters, its `state` unchanged, and the issuer (RFC 9207). */
const answerUrl = (
  deps: Deps,
  request: Pick<AuthorizationRequest, 'redirect_uri' | 'state'>,
  answer: Readonly<Record<string, string>>,
): string => {
  const { redirect_uri, state } = request
  const params = new URLSearchParams({
    ...answer,
    ...(state === null ? {} : { state }),
    iss: deps.public_url,
  })
  return `${redirect_uri}${redirect_uri.includes('?') ? '&' : '?'}${params}`
}

const refusalUrl = (
  deps: Deps,
  request: Pick<AuthorizationRequest, 'redirect_uri' | 'state'>,
  reason: Refusal,
): string => {
  const { error, error_description } = oauthError(reason)
  return answerUrl(deps, request, { error, error_description })
}

const findClient = async (deps: Deps, id: string, from: readonly string[]): Promise<Ruled<Client>> => {
  if (isDocumentId(id)) return deps.documents.client(id, from)
  const client = await deps.store.clients.find(id, deps.clock.now())
  return client ? allowed(client) : refused('client_unknown')
}

const checkClient = async (
  deps: Deps,
  params: URLSearchParams,
  from: readonly string[],
): Promise<Ruled<{ client: Client; redirect_uri: string }>> => {
  if (params.getAll('client_id').length > 1) return refused('client_id_repeated')
  if (params.getAll('redirect_uri').length > 1) return refused('redirect_uri_repeated')
  const client_id = field(params, 'client_id')
  if (client_id === undefined) return refused('client_id_missing')
  const client = await findClient(deps, client_id, from)
  if (!client.ok) return client
  const redirect = chooseRedirect(client.value, field(params, 'redirect_uri'))
  return redirect.ok ? allowed({ client: client.value, redirect_uri: redirect.value }) : redirect
}

const checkRequestedAccess = (deps: Deps, params: URLSearchParams): Ruled<RequestedAccess> => {
  if (repeats(params, ['resource'])) return refused('parameter_repeated')
  if ((params.get('state') ?? '').length > STATE_CHARS) return refused('parameter_too_long')
  const responseType = field(params, 'response_type')
  if (responseType === undefined) return refused('response_type_missing')
  if (responseType !== 'code') return refused('response_type_unsupported')
  if ((field(params, 'response_mode') ?? 'query') !== 'query') return refused('response_mode_unsupported')
  const challenge = checkChallenge(field(params, 'code_challenge'), field(params, 'code_challenge_method'))
  if (!challenge.ok) return challenge
  const resources = params.getAll('resource').filter((value) => value !== '')
  const resource = checkResource(resources, deps.public_url, 'resource_foreign')
  if (!resource.ok) return resource
  const scopes = narrowScopes(field(params, 'scope'))
  if (!scopes.ok) return scopes
  return allowed({ challenge: challenge.value, scopes: scopes.value, resource: resource.value })
}

/**
 * Checks a request and keeps it for the person. Client and redirect URI are checked first: until they are known to be right,
 * no answer may be sent to the client (RFC 6749 §4.1.2.1).
 * @param from the parties that it counts for in limits: an address and its network.
 */
export const beginAuthorization = async (
  deps: Deps,
  params: URLSearchParams,
  from: readonly string[],
): Promise<Begun> => {
  const known = await checkClient(deps, params, from)
  if (!known.ok) return { to: 'fault', reason: known.reason }
  const { client, redirect_uri } = known.value
  const states = params.getAll('state')
  const state = states.length === 1 && (states[0] ?? '').length <= STATE_CHARS ? (states[0] ?? null) : null
  const access = checkRequestedAccess(deps, params)
  if (!access.ok) return { to: 'client', url: refusalUrl(deps, { redirect_uri, state }, access.reason) }
  const request_id = deps.ids.token()
  const now = deps.clock.now()
  await deps.store.requests.insert({
    _id: sha256(request_id),
    grant_id: deps.ids.next(),
    client_id: client._id,
    client_name: client.name,
    redirect_uri,
    state,
    ...access.value,
    session_id: null,
    decision: null,
    created_at: now,
    expires_at: new Date(now.getTime() + REQUEST_MS),
  })
  return { to: 'person', request_id }
}

/** The kept request with this id, from a page's address; null when it has expired or never existed. */
export const findRequest = (deps: Deps, requestId: string): Promise<AuthorizationRequest | null> =>
  deps.store.requests.find(sha256(requestId), deps.clock.now())

/** What the person allows: a workspace, and the requested scopes except those that they withhold. */
export type Consent = Readonly<{ person: Person; membership: Membership; withheld: readonly string[] }>

/**
 * The scopes that a consent gives: never more than requested, nor more than the person's role allows. A scope that includes
 * a withheld one is withheld too.
 */
export const consentedScopes = (
  request: Pick<AuthorizationRequest, 'scopes'>,
  { membership, withheld }: Pick<Consent, 'membership' | 'withheld'>,
): Scope[] =>
  effectiveScopes(
    request.scopes.filter(
      (scope) => !ALL_SCOPES.some((other) => withheld.includes(other) && includesScope([scope], other)),
    ),
    membership.role,
  )

const grantOf = (request: AuthorizationRequest, refresh_ms: number): Grant | undefined => {
  const { decision } = request
  if (!decision?.allow) return undefined
  const { at: decided_at } = decision
  const ends_at = new Date(decided_at.getTime() + GRANT_MS)
  return {
    _id: request.grant_id,
    client_id: request.client_id,
    client_name: request.client_name,
    redirect_uri: request.redirect_uri,
    user_id: decision.user_id,
    ...passwordVersionOf(decision),
    ws: decision.workspace_id,
    ...(decision.membership_id === undefined ? {} : { membership_id: decision.membership_id }),
    scopes: decision.scopes,
    resource: request.resource,
    code: {
      challenge: request.challenge,
      expires_at: new Date(decided_at.getTime() + CODE_MS),
      used_at: null,
    },
    gen: 0,
    rotated_at: decided_at,
    used_gen: 0,
    last_used_at: null,
    revoked: null,
    ended_tokens: [],
    created_at: decided_at,
    ...lifetime(ends_at, decided_at, refresh_ms),
    ends_at,
  }
}

/** The client's answer to the decision; undefined when its code was used or has expired. */
const answerOf = async (deps: Deps, request: AuthorizationRequest): Promise<string | undefined> => {
  const grant = grantOf(request, deps.oauth.refresh_ms)
  if (!grant) return refusalUrl(deps, request, 'denied_by_person')
  await deps.store.grants.insert(grant)
  const code = (await deps.store.grants.find(grant._id))?.code
  if (!code || code.used_at || code.expires_at <= deps.clock.now()) return undefined
  return answerUrl(deps, request, { code: codeOf(deps.secrets, grant._id) })
}

/**
 * Records the person's decision; `null` denies. The first decision stands: a second click or a reloaded page leads to the
 * same answer and makes no second grant.
 * @returns where to send the browser; `answered` when the client already has its answer; `not_yours` when another session
 *   has opened the request since.
 */
export const decide = async (
  deps: Deps,
  request: AuthorizationRequest,
  sessionId: string,
  consent: Consent | null,
): Promise<{ url: string } | 'answered' | 'not_yours'> => {
  const now = deps.clock.now()
  const decided = await deps.store.requests.decide(
    request._id,
    sessionId,
    consent === null
      ? { allow: false, at: now }
      : {
          allow: true,
          at: now,
          user_id: consent.person._id,
          ...passwordVersionOf(consent.person),
          workspace_id: consent.membership.workspace_id,
          ...membershipIdOf(consent.membership),
          scopes: consentedScopes(request, consent),
        },
  )
  if (!decided) return 'not_yours'
  deps.at('consent.decided')
  const url = await answerOf(deps, decided)
  return url === undefined ? 'answered' : { url }
}
