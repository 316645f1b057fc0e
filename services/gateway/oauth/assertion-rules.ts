// What an assertion by which a client proves who it is must say (RFC 7523 §3). Pure; its signature is checked in assertions.ts.
import * as z from 'zod'
import { allowed, type Ruled, refused } from './refusals.ts'

/** How RFC 7523 §2.2 names this way of proof. */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Longest assertion that is looked at (characters). */
export const ASSERTION_CHARS = 8_192
/** Longest life of an assertion, and how far the clocks of both sides may differ (s). */
export const ASSERTION_SECONDS = 5 * 60
export const CLOCK_SECONDS = 30

const Claims = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.tuple([z.string()])]),
  exp: z.number(),
  iat: z.number().optional(),
  jti: z.string().min(1).max(256),
})

/** Types that an assertion may have in its header: none, the general one, and that of RFC 7523bis. */
const TYPES: readonly unknown[] = [undefined, 'JWT', 'jwt', 'client-authentication+jwt']

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000)

/**
 * Checks what a signed assertion says: by the client about itself, for this server alone, short-lived and named, so that it
 * can be used once.
 * @param expected `audiences`: what names this server.
 * @returns its name, and until when it has to be remembered.
 */
export const checkAssertion = (
  typ: unknown,
  payload: unknown,
  expected: Readonly<{ client_id: string; audiences: readonly string[]; now: Date }>,
): Ruled<Readonly<{ jti: string; until: Date }>> => {
  if (!TYPES.includes(typ)) return refused('assertion_malformed')
  const parsed = Claims.safeParse(payload)
  if (!parsed.success) return refused('assertion_malformed')
  const { iss, sub, aud, exp, iat, jti } = parsed.data
  if (iss !== expected.client_id || sub !== expected.client_id) return refused('assertion_of_another')
  if (!expected.audiences.includes(typeof aud === 'string' ? aud : aud[0]))
    return refused('assertion_audience')
  const now = seconds(expected.now)
  if (exp + CLOCK_SECONDS <= now) return refused('assertion_expired')
  if (exp > now + ASSERTION_SECONDS + CLOCK_SECONDS) return refused('assertion_too_long')
  if (iat !== undefined && iat > now + CLOCK_SECONDS) return refused('assertion_malformed')
  return allowed({ jti, until: new Date((exp + 2 * CLOCK_SECONDS) * 1_000) })
}
