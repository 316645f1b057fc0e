// One-time codes of an app (RFC 6238): six digits, thirty seconds, SHA-1, as every such app reads them. Pure: the time is given.
import { Secret, TOTP } from 'otpauth'

const PERIOD_S = 30
/** Bytes of a secret, as RFC 4226 §4 recommends. */
const SECRET_BYTES = 20
/** Steps before and after the present one whose codes are accepted: clocks differ (RFC 6238 §5.2). */
const WINDOW = 1

const totpOf = (secret: string, label: string, issuer: string): TOTP =>
  new TOTP({ issuer, label, secret: Secret.fromBase32(secret), period: PERIOD_S })

/** A new secret, base 32. @param token at least 160 random bits, base64url. */
export const codeSecretOf = (token: string): string =>
  new Secret({ buffer: Uint8Array.from(Buffer.from(token, 'base64url').subarray(0, SECRET_BYTES)).buffer })
    .base32

/** What an app reads from the picture (https://github.com/google/google-authenticator/wiki/Key-Uri-Format). */
export const codeUri = (secret: string, email: string, host: string): string =>
  totpOf(secret, email, `Loops (${host.replaceAll(':', ' ')})`).toString()

/** The time step of a code; undefined when it is of none near `now`. */
export const stepOfCode = (secret: string, code: string, now: Date): number | undefined => {
  if (!/^\d{6}$/.test(code)) return undefined
  const timestamp = now.getTime()
  const delta = totpOf(secret, '', '').validate({ token: code, timestamp, window: WINDOW })
  return delta === null ? undefined : Math.floor(timestamp / (PERIOD_S * 1_000)) + delta
}
