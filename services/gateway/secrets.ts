// Keys made from the one secret of the installation, each for one purpose, and the marks (MACs) that they put on ids: a
// token is an id with its mark, so that nothing secret needs to be kept. Pure.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

const PURPOSES = [
  'code',
  'refresh',
  'invitation',
  'password_reset',
  'confirmation',
  'device',
  'setup',
  'signing_keys',
  'introspection',
] as const
export type Purpose = (typeof PURPOSES)[number]
export type Secrets = Readonly<Record<Purpose, Uint8Array>>

/** Derives the keys (HKDF-SHA256, RFC 5869). Without LOOPS_SECRET, none of them can be guessed from another. */
export const deriveSecrets = (secret: string): Secrets =>
  Object.fromEntries(
    PURPOSES.map((purpose) => [
      purpose,
      new Uint8Array(hkdfSync('sha256', secret, 'loops', `gateway ${purpose}`, 32)),
    ]),
  ) as Secrets

/** The mark of a text, base64url, 43 characters. */
export const mark = (key: Uint8Array, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url')

/** A text with its mark behind a dot. */
export const marked = (key: Uint8Array, text: string): string => `${text}.${mark(key, text)}`

/** The text of a marked one, or undefined when the mark is not ours. Compared in constant time. */
export const unmarked = (key: Uint8Array, token: string): string | undefined => {
  const dot = token.lastIndexOf('.')
  if (dot < 1 || token.length > 512) return undefined
  const text = token.slice(0, dot)
  const given = Buffer.from(token.slice(dot + 1))
  const right = Buffer.from(mark(key, text))
  return given.length === right.length && timingSafeEqual(given, right) ? text : undefined
}
