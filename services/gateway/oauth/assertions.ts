// Checks the assertion by which a service account proves who it is with a key of its own (RFC 7523 §2.2, §3).
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { ASSERTION_ALGORITHMS, type PublicJwk, type ServiceKeys } from '../accounts/service-key-rules.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { ASSERTION_CHARS, CLOCK_SECONDS, checkAssertion } from './assertion-rules.ts'
import { PATHS } from './metadata.ts'
import { allowed, type Ruled, refused } from './refusals.ts'

/** Whom an assertion claims to be about, unchecked; undefined for what is none. */
export const subjectOf = (assertion: string): string | undefined => {
  if (assertion.length > ASSERTION_CHARS) return undefined
  try {
    const { sub } = decodeJwt(assertion)
    return typeof sub === 'string' && sub !== '' ? sub : undefined
  } catch {
    return undefined
  }
}

/** Who claims to have made a token, unchecked; undefined for what is none. */
export const issuerOf = (token: string): string | undefined => {
  if (token.length > ASSERTION_CHARS) return undefined
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** The header of a token, unchecked; undefined for what is none. */
export const headerOf = (token: string): Readonly<{ kid?: unknown; typ?: unknown }> | undefined => {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return undefined
  }
}

const verifiedBy = async (
  token: string,
  keys: readonly PublicJwk[],
  now: Date,
): Promise<JWTPayload | 'several'> => {
  const options = {
    algorithms: [...ASSERTION_ALGORITHMS],
    currentDate: now,
    clockTolerance: CLOCK_SECONDS,
  }
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), options)
    return payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys && keys.length > 1) return 'several'
    throw error
  }
}

/**
 * The claims of a token that one of these keys signed with a listed algorithm and that has not expired; else why it is refused.
 * A token that does not say which of several keys signed it is tried with each.
 */
export const verifySigned = async (
  token: string,
  keys: readonly PublicJwk[],
  now: Date,
): Promise<Ruled<JWTPayload>> => {
  try {
    const payload = await verifiedBy(token, keys, now)
    if (payload !== 'several') return allowed(payload)
    for (const key of keys) {
      const ruled = await verifySigned(token, [key], now)
      if (ruled.ok || ruled.reason === 'assertion_expired') return ruled
    }
    return refused('assertion_wrong')
  } catch (error) {
    return refused(error instanceof errors.JWTExpired ? 'assertion_expired' : 'assertion_wrong')
  }
}

/**
 * Checks that an assertion is by the client of these keys, for this server, and used for the first time.
 * @throws AppError `unavailable` when it cannot be noted as used.
 */
export const acceptAssertion = async (
  deps: Pick<Deps, 'clock' | 'keySets' | 'public_url' | 'store'>,
  client: Readonly<{ client_id: string; keys: ServiceKeys }>,
  assertion: string,
): Promise<Ruled<true>> => {
  const { clock, keySets, public_url, store } = deps
  const { client_id } = client
  const header = headerOf(assertion)
  if (!header || assertion.length > ASSERTION_CHARS) return refused('assertion_malformed')
  const kid = typeof header.kid === 'string' ? header.kid : undefined
  const keys = client.keys.kind === 'jwks' ? client.keys.keys : await keySets.keys(client.keys.url, kid)
  if (!keys) return refused('assertion_keys_unreachable')
  const now = clock.now()
  const signed = await verifySigned(assertion, keys, now)
  if (!signed.ok) return signed
  const audiences = [public_url, `${public_url}${PATHS.token}`]
  const ruled = checkAssertion(header.typ, signed.value, { client_id, audiences, now })
  if (!ruled.ok) return ruled
  const { jti, until } = ruled.value
  const isNew = await store.assertions.use(sha256(JSON.stringify([client_id, jti])), until)
  return isNew ? allowed(true) : refused('assertion_used')
}
