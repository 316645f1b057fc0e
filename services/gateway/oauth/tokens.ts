// Makes and reads codes, refresh tokens and access tokens. Knows no storage.
//
// A code is `<grant>.<mark>`, a refresh token `<grant>.<generation>.<mark>`. Both are recomputed when needed, so a repeated
// answer is the same answer and neither is ever stored. An access token is a JWT of type at+jwt (RFC 9068).
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import * as z from 'zod'
import { type Scope, ScopeName } from '../../../shared/contracts/define/common.ts'
import { marked, type Secrets, unmarked } from '../secrets.ts'
import { ALGORITHM, type Keys } from './keys.ts'
import type { Grant } from './model.ts'

const ACCESS_TYPE = 'at+jwt'

/** The code of a grant. */
export const codeOf = (secrets: Secrets, grantId: string): string => marked(secrets.code, grantId)

/** The id of a code's grant; undefined when this installation did not issue the code. */
export const readCode = (secrets: Secrets, code: string): string | undefined => unmarked(secrets.code, code)

/** The refresh token of a grant's present generation. */
export const refreshTokenOf = (secrets: Secrets, grant: Pick<Grant, '_id' | 'gen'>): string =>
  marked(secrets.refresh, `${grant._id}.${grant.gen}`)

/** Grant and generation of a refresh token; undefined when this installation did not issue it. */
export const readRefreshToken = (
  secrets: Secrets,
  token: string,
): { grant_id: string; gen: number } | undefined => {
  const [grant_id, gen] = unmarked(secrets.refresh, token)?.split('.') ?? []
  return grant_id !== undefined && gen !== undefined ? { grant_id, gen: Number(gen) } : undefined
}

/** The claims of an access token. `grant` and `gen` are private claims: its grant and its refresh generation. */
const Claims = z.object({
  sub: z.string(),
  client_id: z.string(),
  scope: z.string().transform((scope) => scope.split(' ').filter((name) => name !== '')),
  jti: z.string(),
  iat: z.int(),
  exp: z.int(),
  grant: z.string(),
  gen: z.int().min(1),
})
export type AccessClaims = Omit<z.output<typeof Claims>, 'scope'> & { scopes: Scope[] }

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000)

/** Signs an access token for a grant's present generation. */
export const signAccessToken = (
  keys: Keys,
  issuer: string,
  grant: Pick<Grant, '_id' | 'gen' | 'user_id' | 'client_id' | 'resource'>,
  token: Readonly<{ scopes: readonly Scope[]; jti: string; now: Date; expires_at: Date }>,
): Promise<string> => {
  const { kid, key } = keys.signer()
  return new SignJWT({
    client_id: grant.client_id,
    scope: token.scopes.join(' '),
    grant: grant._id,
    gen: grant.gen,
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: ACCESS_TYPE, kid })
    .setIssuer(issuer)
    .setAudience(grant.resource)
    .setSubject(grant.user_id)
    .setJti(token.jti)
    .setIssuedAt(seconds(token.now))
    .setExpirationTime(seconds(token.expires_at))
    .sign(key)
}

/** The key id of a token; undefined for what does not look like an access token, and so needs no key. */
const kidOf = (token: string): string | undefined => {
  try {
    const { kid, typ } = decodeProtectedHeader(token)
    return typ === ACCESS_TYPE ? kid : undefined
  } catch {
    return undefined
  }
}

const toClaims = (payload: JWTPayload): AccessClaims | undefined => {
  const parsed = Claims.safeParse(payload)
  if (!parsed.success) return undefined
  const { scope, ...rest } = parsed.data
  const scopes = z.array(ScopeName).safeParse(scope)
  return scopes.success ? { ...rest, scopes: scopes.data } : undefined
}

/** The claims of a valid access token, or why it is refused. */
export const readAccessToken = async (
  keys: Keys,
  token: string,
  expected: Readonly<{ issuer: string; resource: string; now: Date }>,
): Promise<AccessClaims | 'invalid' | 'expired'> => {
  const kid = kidOf(token)
  const key = kid === undefined ? undefined : await keys.verifier(kid)
  if (!key) return 'invalid'
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      typ: ACCESS_TYPE,
      issuer: expected.issuer,
      audience: expected.resource,
      currentDate: expected.now,
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    })
    // Exactly ours: any further audience could replay the token here (RFC 9068 §4).
    if (payload.aud !== expected.resource) return 'invalid'
    return toClaims(payload) ?? 'invalid'
  } catch (error) {
    return error instanceof errors.JWTExpired ? 'expired' : 'invalid'
  }
}
