// The only reads of randomness: ids, secret tokens, jitter. Everything else is given an Ids.
import { randomBytes } from 'node:crypto'
import { monotonicFactory } from 'ulid'

/** A source of identifiers and randomness. */
export type Ids = Readonly<{
  /** A new ULID (26 characters, Crockford base 32, upper case); later ones of one process sort later. */
  next: () => string
  /** A secret of 256 random bits, base64url (43 characters). */
  token: () => string
  /** A number in [0, 1), for jitter; not a secret. */
  random: () => number
}>

/** Identifiers from this machine's random source. */
export const systemIds = (): Ids => {
  const ulid = monotonicFactory()
  return {
    next: () => ulid(),
    token: () => randomBytes(32).toString('base64url'),
    random: () => Math.random(),
  }
}
