// The gateway's keys, each for one purpose, and the marks (MACs) that they put on ids. A token is an id with its mark, so
// nothing secret needs to be stored. Pure.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { GATEWAY_KEYS } from '../../shared/contracts/gateway/contract.ts'
import { type Keys, type ServiceKeys, serviceKeys } from '../../shared/process/service-keys.ts'

export type Purpose = keyof typeof GATEWAY_KEYS
export type Secrets = Readonly<Record<Purpose, Keys>>

/** Derives the gateway's keys, one set per purpose; none reveals another. */
export const openSecrets = (keys: ServiceKeys): Secrets =>
  Object.fromEntries(
    Object.entries(GATEWAY_KEYS).map(([name, purpose]) => [name, keys.of(purpose)]),
  ) as Secrets

/** The same from the secrets of the installation, newest first. */
export const deriveSecrets = (...secrets: readonly string[]): Secrets =>
  openSecrets(serviceKeys('gateway', { service_secrets: [], secrets }))

/** The mark of a text: HMAC-SHA-256, base64url, 43 characters. */
export const mark = (key: Uint8Array, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url')

/** A text, a dot, and its mark under the newest key. */
export const marked = ([key]: Keys, text: string): string => `${text}.${mark(key, text)}`

/** The text of a marked one; undefined when the mark is of none of the keys. Compares in constant time. */
export const unmarked = (keys: Keys, token: string): string | undefined => {
  const dot = token.lastIndexOf('.')
  if (dot < 1 || token.length > 512) return undefined
  const text = token.slice(0, dot)
  const given = Buffer.from(token.slice(dot + 1))
  const isRight = (key: Uint8Array): boolean => {
    const right = Buffer.from(mark(key, text))
    return given.length === right.length && timingSafeEqual(given, right)
  }
  return keys.some(isRight) ? text : undefined
}

/** Whether two strings are equal, compared in constant time. */
export const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

/** The SHA-256 of a text, base64url: how a secret is stored that only has to be recognized. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
