// The form of the secrets that programs keep, by which secret scanners find them where they should not be.
//
// `loops_pat_` and 49 characters: 256 random bits in base 62 (43 characters), then the CRC-32 of all before it (6). The
// checksum lets a scanner, and this server, tell a real one from a look-alike without asking the database.
import { crc32 } from 'node:zlib'

/** How each kind of secret begins. */
export const PREFIXES = { personal_token: 'loops_pat_', client_secret: 'loops_secret_' } as const
export type SecretKind = keyof typeof PREFIXES

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARS = 43
const CHECK_CHARS = 6
const REST = new RegExp(`^[0-9A-Za-z]{${RANDOM_CHARS + CHECK_CHARS}}$`)

const base62 = (number: bigint, chars: number): string => {
  let [rest, text] = [number, '']
  while (text.length < chars) {
    text = DIGITS[Number(rest % 62n)] + text
    rest /= 62n
  }
  return text
}

const withChecksum = (text: string): string => text + base62(BigInt(crc32(text)), CHECK_CHARS)

/** The text of a regular expression that finds secrets of every kind. */
const PATTERN = `loops_(?:pat|secret)_[0-9A-Za-z]{${RANDOM_CHARS + CHECK_CHARS}}`

/** What secret scanners need to know: how secrets look, how to tell real ones, and what to do about one that was found. */
export const secretScanning = (publicUrl: string) => ({
  issuer: publicUrl,
  secrets: [
    { type: 'personal_access_token', prefix: PREFIXES.personal_token },
    { type: 'client_secret', prefix: PREFIXES.client_secret },
  ],
  pattern: PATTERN,
  checksum: {
    algorithm: 'CRC-32 (ISO-HDLC, as in zlib), of all characters before the last six, in ASCII',
    encoding: 'six digits of base 62, most significant first, padded with 0',
    digits: DIGITS,
  },
  revocation: {
    endpoint: `${publicUrl}/revoke`,
    how: 'POST application/x-www-form-urlencoded with the member token (RFC 7009). A personal access token needs no authentication: whoever presents it ends it. The answer is 200, whether or not it existed.',
    client_secret: 'An owner or admin of its workspace replaces it at /workspace/service-accounts.',
  },
})

/** A secret of a kind. @param random 256 random bits in base64url, as ids.token() gives them. */
export const formatSecret = (kind: SecretKind, random: string): string => {
  const number = BigInt(`0x${Buffer.from(random, 'base64url').toString('hex')}`)
  return withChecksum(PREFIXES[kind] + base62(number, RANDOM_CHARS))
}

/** Whether a text claims to be a secret of a kind. */
export const claimsToBe = (kind: SecretKind, text: string): boolean => text.startsWith(PREFIXES[kind])

/** Whether a text has the form of a secret of a kind, checksum included. */
export const isSecret = (kind: SecretKind, text: string): boolean =>
  claimsToBe(kind, text) &&
  REST.test(text.slice(PREFIXES[kind].length)) &&
  withChecksum(text.slice(0, -CHECK_CHARS)) === text
