// The rules of the authorization server, one function each: plain data and `now` in, a value or a tagged reason out.
// Pure; refusals.ts says what clients get. The ids in brackets (A2, K7 …) number the project's protocol requirements.

import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES, includesScope as includes } from '../../../shared/contracts/define/scopes.ts'
import { isLoopback, LOOPBACK_URI } from '../http/host.ts'
import { sameText, sha256 } from '../secrets.ts'
import type { Client, Grant } from './model.ts'
import { allowed, type Ruled, refused } from './refusals.ts'

/** Lifetimes (ms). */
export const REQUEST_MS = 30 * 60_000
export const CODE_MS = 60_000
/** However often it is refreshed, a grant ends after this. */
export const GRANT_MS = 365 * 24 * 60 * 60_000
/** For how long the answer to a refresh may be had again that its client shows no sign of having got. */
export const LOST_ANSWER_MS = 7 * 24 * 60 * 60_000
/** How long an ended grant's document stays, so that its tokens are known for what they were. */
const PURGE_MS = 7 * 24 * 60 * 60_000

const loopbackParts = (uri: string): string | undefined => {
  const found = LOOPBACK_URI.exec(uri)
  if (!found) return undefined
  const rest = found[2] ?? ''
  return `${found[1]} ${rest.startsWith('/') ? rest : `/${rest}`}`
}

/**
 * Whether a requested redirect URI is a registered one: the same string, or, on a loopback host, the same but for its
 * port, which a native app picks when it starts (RFC 8252 §7.3) [A2]. `localhost` and `127.0.0.1` are two hosts.
 */
export const matchesRedirect = (registered: string, requested: string): boolean =>
  registered === requested ||
  (isLoopback(requested) && loopbackParts(registered) === loopbackParts(requested))

/** The URI to redirect to; one that was left out is the registered one if there is only one (RFC 6749 §3.1.2.3). */
export const chooseRedirect = (client: Client, requested: string | undefined): Ruled<string> => {
  if (requested === undefined) {
    const [only, another] = client.redirect_uris
    return only !== undefined && another === undefined ? allowed(only) : refused('redirect_uri_missing')
  }
  return client.redirect_uris.some((registered) => matchesRedirect(registered, requested))
    ? allowed(requested)
    : refused('redirect_uri_not_registered')
}

/** The challenge of a request: required of every client, S256 only, so that a stolen code is worth nothing [A3]. */
export const checkChallenge = (challenge: string | undefined, method: string | undefined): Ruled<string> => {
  if (!challenge) return refused('challenge_missing')
  if (method !== 'S256') return refused('challenge_method_not_s256')
  return /^[A-Za-z0-9_-]{43}$/.test(challenge) ? allowed(challenge) : refused('challenge_malformed')
}

/** Whether a verifier is the one behind a challenge (RFC 7636 §4.6). */
export const checkVerifier = (verifier: string | undefined, challenge: string): Ruled<true> => {
  if (!verifier || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return refused('verifier_missing')
  return sameText(sha256(verifier), challenge) ? allowed(true) : refused('verifier_wrong')
}

const isScope = (name: string): name is Scope => (ALL_SCOPES as readonly string[]).includes(name)

/** Listed in the server's metadata for clients that ask for it; a refresh token is given without it too [K5]. */
export const OFFLINE_ACCESS = 'offline_access'

/** The scopes to ask the person for: the baseline when none is named, unknown ones are dropped [A4]. */
export const narrowScopes = (asked: string | undefined): Ruled<Scope[]> => {
  const names = (asked ?? '').split(/\s+/).filter((name) => name !== '' && name !== OFFLINE_ACCESS)
  if (names.length === 0) return allowed([...BASELINE_SCOPES])
  const known = ALL_SCOPES.filter((scope) => names.includes(scope))
  return known.length > 0 ? allowed(known) : refused('scope_unknown')
}

/** The scopes of a refreshed access token: those asked for, if the grant has them all [K10]. */
export const refreshScopes = (granted: readonly Scope[], asked: string | undefined): Ruled<Scope[]> => {
  const names = (asked ?? '').split(/\s+/).filter((name) => name !== '' && name !== OFFLINE_ACCESS)
  if (names.length === 0) return allowed([...granted])
  if (!names.every((name) => isScope(name) && includes(granted, name))) return refused('scope_widened')
  return allowed(ALL_SCOPES.filter((scope) => names.includes(scope)))
}

/** The path of the resource under the public URL. */
export const RESOURCE_PATH = '/mcp'

/** The canonical identifier of the resource (RFC 8707): the audience of every token. */
export const resourceOf = (publicUrl: string): string => `${publicUrl}${RESOURCE_PATH}`

/**
 * Whether every `resource` means our MCP endpoint: absent, canonical, with a slash behind it, with host and scheme in
 * another case, or the bare origin, as clients in the field send it [A5].
 */
export const checkResource = (
  asked: readonly string[],
  publicUrl: string,
  reason: 'resource_foreign' | 'target_foreign',
): Ruled<string> => {
  const ours = ['', '/', RESOURCE_PATH, `${RESOURCE_PATH}/`]
  const means = (value: string): boolean => {
    if (!/^https?:\/\/[^/?#@\\]+(\/[^?#]*)?$/i.test(value) || !URL.canParse(value)) return false
    const { origin, pathname } = new URL(value)
    return origin === publicUrl && ours.includes(pathname)
  }
  return asked.every(means) ? allowed(resourceOf(publicUrl)) : refused(reason)
}

/** What a client sent to prove itself. */
export type Credentials = Readonly<{
  client_id: string
  secret?: string
  by: 'none' | 'client_secret_basic' | 'client_secret_post'
}>

/** Whether the credentials are the client's: its secret, or none where it registered none [K2]. */
export const checkCredentials = (client: Client | null, given: Credentials): Ruled<Client> => {
  if (!client) return refused('credentials_wrong')
  // A secret counts in either place: clients mix them up between code and refresh, and it proves the same.
  if ((client.auth_method === 'none') !== (given.by === 'none')) return refused('credentials_by_other_method')
  if (client.auth_method === 'none') return allowed(client)
  return given.secret !== undefined && sameText(sha256(given.secret), client.secret_hash ?? '')
    ? allowed(client)
    : refused('credentials_wrong')
}

const after = (now: Date, ms: number, end: Date): Date =>
  new Date(Math.min(now.getTime() + ms, end.getTime()))

/** Until when a grant lasts that is used at `now`: a while longer, but never past its end [K11]. */
export const lifetime = (
  ends_at: Date,
  now: Date,
  refresh_ms: number,
): Pick<Grant, 'expires_at' | 'purge_at'> => {
  const expires_at = after(now, refresh_ms, ends_at)
  return { expires_at, purge_at: new Date(expires_at.getTime() + PURGE_MS) }
}

/** Until when an access token counts that is made at `now`. */
export const accessLifetime = (grant: Pick<Grant, 'ends_at'>, now: Date, access_ms: number): Date =>
  after(now, access_ms, grant.ends_at)

/** What comes with a code. */
export type Exchange = Readonly<{
  client_id: string
  redirect_uri: string | undefined
  verifier: string | undefined
  /** When this exchange began: one that began before the code was used ran beside the one that used it. */
  began: Date
}>

/**
 * Whether a code may be exchanged. Checked whole before the code is used up, so that a wrong try does not burn it [K3].
 * `code_replayed` ends the grant [K4].
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

/** What a refresh token gets: the next generation, or, within the grace, the current one once more. */
export type Rotation = 'rotate' | 'repeat'

/**
 * Rotation with a grace of one generation. Two processes of one client that refresh at once, and a client that lost the
 * answer, get the same successor; nobody gets a second chain [K6, K7]. Anything older means that the token is in two
 * hands, and ends the grant [K8] (RFC 9700 §4.14.2; the grace is a deliberate deviation, bounded by count and time).
 *
 * The token that was just replaced counts while its replacement is younger than the grace, and after that for
 * LOST_ANSWER_MS as long as nothing shows that the client ever got it: neither its refresh token nor its access token was
 * used.
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
