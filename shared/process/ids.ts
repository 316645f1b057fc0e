// The only reads of randomness: ids, secret tokens, jitter. Everything else is given an Ids.
import { randomBytes } from 'node:crypto'
import { encodeTime, monotonicFactory } from 'ulid'

/** A source of identifiers and randomness. */
export type Ids = Readonly<{
  /** A new ULID (26 characters, Crockford base 32, upper case); later ones of one process sort later. */
  next: () => string
  /** A secret of 256 random bits, base64url (43 characters). */
  token: () => string
  /** A number in [0, 1), for jitter; not a secret. */
  random: () => number
}>

/** Random bytes fetched at once: asking the system for each of an id's sixteen would cost more than all the rest of it. */
const POOL_BYTES = 4_096

/** Numbers in [0, 1) with eight random bits each, as `ulid` wants for one of 32 characters. */
const pooledRandom = (): (() => number) => {
  let pool = randomBytes(POOL_BYTES)
  let used = 0
  return () => {
    if (used === pool.length) {
      pool = randomBytes(POOL_BYTES)
      used = 0
    }
    return (pool[used++] as number) / 256
  }
}

/** Characters of a ULID that say its moment, and that are random. */
const TIME_CHARS = 10
const RANDOM_CHARS = 16

/** What every ULID of this moment or later sorts behind, and every earlier one before (https://github.com/ulid/spec). */
export const idFloor = (at: Date): string => encodeTime(at.getTime(), TIME_CHARS) + '0'.repeat(RANDOM_CHARS)

/** Identifiers from this machine's random source. */
export const systemIds = (): Ids => {
  const ulid = monotonicFactory(pooledRandom())
  return {
    next: () => ulid(),
    token: () => randomBytes(32).toString('base64url'),
    random: () => Math.random(),
  }
}
