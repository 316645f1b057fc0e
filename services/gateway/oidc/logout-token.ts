// Checks logout tokens, by which a provider ends what it has begun (OpenID Connect Back-Channel Logout 1.0).
import { createRemoteJWKSet, customFetch, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import * as z from 'zod'
import type { Provider } from './provider.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** How far the clocks of both sides may differ, and how old a token may be (s). */
const TOLERANCE_S = 60
const MAX_AGE_S = 10 * 60
/** Keys are asked for again at most this often, however many tokens name an unknown one (ms). */
const COOLDOWN_MS = 30_000

/** §2.4: what the token must say; a `nonce` would make it pass for an ID token. */
const LogoutClaims = z.object({
  iss: z.string(),
  jti: z.string().min(1).max(255),
  sub: z.string().min(1).max(255).optional(),
  sid: z.string().min(1).max(255).optional(),
  events: z.looseObject({ [EVENT]: z.looseObject({}) }),
  nonce: z.undefined().optional(),
  exp: z.number().optional(),
})
export type LogoutClaims = z.infer<typeof LogoutClaims>

/** A checked token, or why it is refused. `away`: the provider's keys could not be read, so it may be sent again. */
export type CheckedLogout =
  | Readonly<{ ok: true; claims: LogoutClaims }>
  | Readonly<{ ok: false; reason: 'invalid' | 'away'; detail: string }>

const no = (detail: string, reason: 'invalid' | 'away' = 'invalid'): CheckedLogout => ({
  ok: false,
  reason,
  detail,
})

type KeySet = ReturnType<typeof createRemoteJWKSet>
const keySets = new WeakMap<Provider, KeySet>()

const keysOf = (provider: Provider, jwksUri: string): KeySet => {
  const known = keySets.get(provider)
  if (known) return known
  const made = createRemoteJWKSet(new URL(jwksUri), {
    cooldownDuration: COOLDOWN_MS,
    [customFetch]: (url, init) => provider.fetch(url, init as RequestInit),
  })
  keySets.set(provider, made)
  return made
}

const ASYMMETRIC = /^(?:RS|PS|ES)(?:256|384|512)$|^Ed(?:DSA|25519)$/

/** The issuer that an unchecked token names, which tells whose keys to check it with. */
export const issuerOf = (token: string): string | undefined => {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** Checks a token of this provider (§2.6). */
export const checkLogout = async (provider: Provider, token: string, now: Date): Promise<CheckedLogout> => {
  const metadata = await provider.discover()
  if (metadata?.jwks_uri === undefined) return no('discovery', 'away')
  const algorithms = (metadata.id_token_signing_alg_values_supported ?? ['RS256']).filter((alg) =>
    ASYMMETRIC.test(alg),
  )
  let payload: JWTPayload
  try {
    const verified = await jwtVerify(token, keysOf(provider, metadata.jwks_uri), {
      issuer: metadata.issuer,
      audience: provider.settings.client_id,
      algorithms,
      clockTolerance: TOLERANCE_S,
      maxTokenAge: MAX_AGE_S,
      currentDate: now,
    })
    const { typ } = verified.protectedHeader
    if (typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(typ)) return no('typ')
    payload = verified.payload
  } catch (error) {
    const isOfToken = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)
    return isOfToken ? no(error.code) : no('keys', 'away')
  }
  const claims = LogoutClaims.safeParse(payload)
  if (!claims.success) return no(String(claims.error.issues[0]?.path[0] ?? 'claims'))
  if (claims.data.sub === undefined && claims.data.sid === undefined) return no('sub and sid')
  return { ok: true, claims: claims.data }
}
