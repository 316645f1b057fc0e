// The rules of the authorization server, one function each: plain data and `now` in, a value or a reason out. Pure.
// refusals.ts says what clients get.

import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES, includesScope } from '../../../shared/contracts/define/scopes.ts'
import type { ServiceAccount } from '../accounts/service-account-rules.ts'
import { isLoopback, LOOPBACK_URI } from '../http/host.ts'
import { sameText, sha256 } from '../secrets.ts'
import { type Client, type Grant, KEY_METHOD } from './model.ts'
import { allowed, type Ruled, refused } from './refusals.ts'

/** How long a request waits for its person, and how long a code can be exchanged (ms). */
export const REQUEST_MS = 30 * 60_000
export const CODE_MS = 60_000
/** How long a grant lasts, however often it is refreshed (ms). */
export const GRANT_MS = 365 * 24 * 60 * 60_000
/** How long the answer to a refresh can be had again while nothing shows that the client received it (ms). */
export const LOST_ANSWER_MS = 7 * 24 * 60 * 60_000
/** How long an expired grant's document stays, so that its tokens are still recognized (ms). */
const PURGE_MS = 7 * 24 * 60 * 60_000

const loopbackParts = (uri: string): string | undefined => {
  const found = LOOPBACK_URI.exec(uri)
  if (!found) return undefined
  const rest = found[2] ?? ''
  return `${found[1]} ${rest.startsWith('/') ? rest : `/${rest}`}`
}

/**
 * Whether a requested redirect URI is a registered one: the same string, or, on a loopback host, the same except for the
 * port, which a native app picks when it starts (RFC 8252 §7.3). `localhost` and `127.0.0.1` are different hosts.
 */
export const matchesRedirect = (registered: string, requested: string): boolean =>
  registered === requested ||
  (isLoopback(requested) && loopbackParts(registered) === loopbackParts(requested))

/** The URI to redirect to. It may be omitted if only one is registered (RFC 6749 §3.1.2.3). */
export const chooseRedirect = (client: Client, requested: string | undefined): Ruled<string> => {
  if (requested === undefined) {
    const [only, another] = client.redirect_uris
    return only !== undefined && another === undefined ? allowed(only) : refused('redirect_uri_missing')
  }
  return client.redirect_uris.some((registered) => matchesRedirect(registered, requested))
    ? allowed(requested)
    : refused('redirect_uri_not_registered')
}

/** The PKCE challenge of a request: required of every client, S256 only, so that a stolen code is worthless (RFC 9700 §2.1.1). */
export const checkChallenge = (challenge: string | undefined, method: string | undefined): Ruled<string> => {
  if (!challenge) return refused('challenge_missing')
  if (method !== 'S256') return refused('challenge_method_not_s256')
  return /^[A-Za-z0-9_-]{43}$/.test(challenge) ? allowed(challenge) : refused('challenge_malformed')
}

/** Checks a verifier against its challenge (RFC 7636 §4.6). */
export const checkVerifier = (verifier: string | undefined, challenge: string): Ruled<true> => {
  if (!verifier || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return refused('verifier_missing')
  return sameText(sha256(verifier), challenge) ? allowed(true) : refused('verifier_wrong')
}

const isScope = (name: string): name is Scope => (ALL_SCOPES as readonly string[]).includes(name)

/** Listed in the metadata for clients that ask for it. Refresh tokens are issued with or without it. */
export const OFFLINE_ACCESS = 'offline_access'

/** The scopes to ask the person for: the baseline when none is named; unknown ones are dropped (RFC 6749 §3.3). */
export const narrowScopes = (asked: string | undefined): Ruled<Scope[]> => {
  const names = (asked ?? '').split(/\s+/).filter((name) => name !== '' && name !== OFFLINE_ACCESS)
  if (names.length === 0) return allowed([...BASELINE_SCOPES])
  const known = ALL_SCOPES.filter((scope) => names.includes(scope))
  return known.length > 0 ? allowed(known) : refused('scope_unknown')
}

/** The scopes of a refreshed access token: those requested, if the grant has them all (RFC 6749 §6). */
export const refreshScopes = (granted: readonly Scope[], asked: string | undefined): Ruled<Scope[]> => {
  const names = (asked ?? '').split(/\s+/).filter((name) => name !== '' && name !== OFFLINE_ACCESS)
  if (names.length === 0) return allowed([...granted])
  if (!names.every((name) => isScope(name) && includesScope(granted, name))) return refused('scope_widened')
  return allowed(ALL_SCOPES.filter((scope) => names.includes(scope)))
}

/** The path of the resource under the public URL. */
export const RESOURCE_PATH = '/mcp'

/** The canonical identifier of the resource (RFC 8707): the audience of every token. */
export const resourceOf = (publicUrl: string): string => `${publicUrl}${RESOURCE_PATH}`

/**
 * Whether every `resource` means this MCP endpoint (RFC 8707 §2). Besides the canonical form, clients in the field send
 * none, a trailing slash, host and scheme in another case, or the bare origin.
 */
export const checkResource = (
  asked: readonly string[],
  publicUrl: string,
  reason: 'resource_foreign' | 'target_foreign',
): Ruled<string> => {
  const paths = ['', '/', RESOURCE_PATH, `${RESOURCE_PATH}/`]
  const isEndpoint = (value: string): boolean => {
    if (!/^https?:\/\/[^/?#@\\]+(\/[^?#]*)?$/i.test(value) || !URL.canParse(value)) return false
    const { origin, pathname } = new URL(value)
    return origin === publicUrl && paths.includes(pathname)
  }
  return asked.every(isEndpoint) ? allowed(resourceOf(publicUrl)) : refused(reason)
}

/** The credentials that a client sent, and how. */
export type Credentials = Readonly<{
  client_id: string
  secret?: string
  /** A signed JWT that says who the client is; checked in assertions.ts. */
  assertion?: string
  by: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
}>

/** Checks that the credentials are the client's: its secret, or none where it registered none (RFC 6749 §3.2.1). */
export const checkCredentials = (client: Client | null, given: Credentials): Ruled<Client> => {
  if (!client) return refused('credentials_wrong')
  // A secret is accepted in either place: some clients mix them up, and it proves the same.
  if (client.auth_method === KEY_METHOD || given.by === KEY_METHOD)
    return refused('credentials_by_other_method')
  if ((client.auth_method === 'none') !== (given.by === 'none')) return refused('credentials_by_other_method')
  if (client.auth_method === 'none') return allowed(client)
  const hash = given.secret === undefined ? '' : sha256(given.secret)
  return hash !== '' && [client.secret_hash, client.old_secret_hash].some((one) => sameText(hash, one ?? ''))
    ? allowed(client)
    : refused('credentials_wrong')
}

const after = (now: Date, ms: number, end: Date): Date =>
  new Date(Math.min(now.getTime() + ms, end.getTime()))

/** How far using a grant at `now` extends it: by `refresh_ms`, but never past `ends_at`. */
export const lifetime = (
  ends_at: Date,
  now: Date,
  refresh_ms: number,
): Pick<Grant, 'expires_at' | 'purge_at'> => {
  const expires_at = after(now, refresh_ms, ends_at)
  return { expires_at, purge_at: new Date(expires_at.getTime() + PURGE_MS) }
}

/** When an access token made at `now` expires: after `access_ms`, but never after its grant ends. */
export const accessLifetime = (grant: Pick<Grant, 'ends_at'>, now: Date, access_ms: number): Date =>
  after(now, access_ms, grant.ends_at)

/** The grant of a service account: always the same one, with the generation of its secret. */
export const serviceGrant = (account: ServiceAccount, resource: string, now: Date): Grant => {
  const ends_at = new Date(now.getTime() + GRANT_MS)
  return {
    _id: account._id,
    client_id: account._id,
    client_name: account.name,
    redirect_uri: '',
    user_id: account._id,
    ws: account.ws,
    membership_id: account._id,
    scopes: account.scopes,
    resource,
    code: { challenge: '', expires_at: now, used_at: now },
    gen: account.secret_version,
    rotated_at: account.secret_made_at,
    used_gen: 0,
    last_used_at: null,
    revoked: null,
    ended_tokens: [],
    created_at: account.created_at,
    ends_at,
    ...lifetime(ends_at, now, GRANT_MS),
  }
}

/** Whether a grant is that of a service account: it has no person who could allow more. */
export const isOfService = ({ user_id, client_id }: Pick<Grant, 'user_id' | 'client_id'>): boolean =>
  user_id === client_id

/** What is sent with a code. */
export type Exchange = Readonly<{
  client_id: string
  redirect_uri: string | undefined
  verifier: string | undefined
  /** When this exchange began. One that began before the code was used ran concurrently with the one that used it. */
  began: Date
}>

/**
 * Whether a code may be exchanged. Everything is checked before the code is used up, so that a wrong request does not burn
 * it. `code_replayed` ends the grant (RFC 6749 §4.1.2).
 */
export const checkExchange = (grant: Grant | null, asked: Exchange): Ruled<Grant> => {
  if (!grant) return refused('code_unknown')
  if (grant.client_id !== asked.client_id) return refused('code_of_another_client')
  if (grant.code.used_at)
    return refused(asked.began < grant.code.used_at ? 'code_used_at_once' : 'code_replayed')
  if (grant.revoked) return refused('grant_revoked')
  if (grant.code.expires_at <= asked.began) return refused('code_expired')
  if (asked.redirect_uri !== undefined && asked.redirect_uri !== grant.redirect_uri)
    return refused('redirect_uri_differs')
  const verified = checkVerifier(asked.verifier, grant.code.challenge)
  return verified.ok ? allowed(grant) : verified
}

/** What a refresh token gets: the next generation, or the current one once more (within the grace period). */
export type Rotation = 'rotate' | 'repeat'

/**
 * Rotation with a grace of one generation. Two processes of one client that refresh at once, and a client that lost the
 * answer, get the same successor; there is never a second chain. Anything older means that two parties have the token, and
 * ends the grant (RFC 9700 §4.14.2; the grace is a deliberate deviation, bounded by count and time).
 *
 * The token that was just replaced is accepted while its replacement is younger than `grace_ms`. After that it is accepted
 * for LOST_ANSWER_MS, as long as nothing shows that the client received the replacement: neither its refresh token nor its
 * access token was used.
 */
export const checkRefresh = (
  grant: Grant | null,
  presented: Readonly<{ gen: number; client_id: string }>,
  now: Date,
  grace_ms: number,
): Ruled<Rotation> => {
  if (!grant || !(presented.gen >= 1 && presented.gen <= grant.gen)) return refused('refresh_token_unknown')
  if (grant.client_id !== presented.client_id) return refused('grant_of_another_client')
  if (grant.revoked) return refused('grant_revoked')
  if (grant.expires_at <= now) return refused('grant_expired')
  if (presented.gen === grant.gen) return allowed('rotate')
  const age_ms = now.getTime() - grant.rotated_at.getTime()
  const successorLost = grant.used_gen < grant.gen && age_ms <= LOST_ANSWER_MS
  return presented.gen === grant.gen - 1 && (age_ms <= grace_ms || successorLost)
    ? allowed('repeat')
    : refused('refresh_token_reused')
}
