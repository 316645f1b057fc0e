// The only file that reads randomness, for ids, secret tokens and jitter: everything else is given an Ids.
import { createHash, randomBytes } from 'node:crypto'
import { encodeTime, monotonicFactory } from 'ulid'

/** A source of identifiers and randomness. */
export type Ids = Readonly<{
  /** A new ULID (26 characters, Crockford base 32, upper case). Within a process, later ones sort later. */
  next: () => string
  /** A secret of 256 random bits, base64url (43 characters). */
  token: () => string
  /** A number in [0, 1), for jitter; not a secret. */
  random: () => number
}>

/** How many random bytes to fetch at once: to ask the system for each of an id's sixteen would cost more than all else. */
const POOL_BYTES = 4_096

/** Makes a source of numbers in [0, 1) with eight random bits each, which is what `ulid` needs for one of 32 characters. */
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

/** How many characters of a ULID are its time, and how many are random. */
const TIME_CHARS = 10
const RANDOM_CHARS = 16
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A lower bound: ULIDs of this moment or later are not less, all earlier ones are (https://github.com/ulid/spec). */
export const idFloor = (at: Date): string =>
  // There is no ULID of a moment before 1970.
  encodeTime(Math.max(0, at.getTime()), TIME_CHARS) + '0'.repeat(RANDOM_CHARS)

/** An id that follows from a text, and sorts among those of a moment: whoever makes it anew gets the same. */
export const derivedId = (at: Date, text: string): string => {
  const hash = createHash('sha256').update(text).digest()
  const chars = [...hash.subarray(0, RANDOM_CHARS)].map((byte) => CROCKFORD[byte % CROCKFORD.length])
  return encodeTime(Math.max(0, at.getTime()), TIME_CHARS) + chars.join('')
}

/** Ids from this machine's random source. */
export const systemIds = (): Ids => {
  const ulid = monotonicFactory(pooledRandom())
  return {
    next: () => ulid(),
    token: () => randomBytes(32).toString('base64url'),
    random: () => Math.random(),
  }
}
