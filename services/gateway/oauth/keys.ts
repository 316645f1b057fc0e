// The keys that sign access tokens: shared by all gateways through the store, where they are encrypted. Knows no token.
import {
  CompactEncrypt,
  type CryptoKey,
  calculateJwkThumbprint,
  compactDecrypt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Keys as SealingKeys } from '../../../shared/process/service-keys.ts'
import {
  ANNOUNCE_MS,
  DROP_MS,
  dueNumber,
  type KeyUse,
  keysNeeded,
  retiredAt,
  signerAt,
  usesAt,
} from './key-schedule.ts'
import type { SigningKey } from './model.ts'
import type { KeyStore } from './oauth-store.ts'

/** The only algorithm that access tokens are signed with or verified by (RFC 7518 §3.4). */
export const ALGORITHM = 'ES256'
/** How often at most an unknown key is looked for in the store (ms). */
const RELOAD_MS = 5_000

type Signer = Readonly<{ kid: string; key: CryptoKey }>
type Pair = Signer & Readonly<{ number: number; created_at: Date; publicKey: CryptoKey; public_jwk: JWK }>

export type Keys = Readonly<{
  signer: () => Signer
  /** The public key with this `kid`; undefined when no gateway has made it. */
  verifier: (kid: string) => Promise<CryptoKey | undefined>
  /** What /.well-known/jwks.json publishes. */
  jwks: () => Readonly<{ keys: readonly JWK[] }>
  /** Every key and its use now, newest first. */
  uses: () => readonly (KeyUse & { key: Readonly<{ kid: string; created_at: Date }> })[]
  /** Makes the next key before it is due; false while one is already announced. Gateways see it at their next look. */
  rotate: () => Promise<boolean>
  /**
   * Removes a key at once: every gateway refuses what it signed as soon as it reads the keys again. In place of the key that
   * signs, a new one signs from then on. Waits DROP_MS for that, so that no gateway meets a key that it does not know.
   * @returns false when there is no such key.
   */
  drop: (kid: string) => Promise<boolean>
  /** Reads the keys again. Meant to be called often. */
  look: () => Promise<void>
  /** Counts how often a known key has gone. What was verified under an earlier count has to be verified again. */
  removals: () => number
  /** Reads the keys again, makes the next one if it is due, and removes retired ones. Meant to be called repeatedly. */
  tend: () => Promise<void>
}>

const encrypt = (jwk: JWK, secret: Uint8Array): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(secret)

/** A decrypted key; `newest`: it was sealed under the newest secret. */
type Opened = Readonly<{ jwk: JWK; newest: boolean }>

const decrypt = async (jwe: string, secrets: SealingKeys): Promise<Opened> => {
  let cause: unknown
  for (const secret of secrets)
    try {
      const { plaintext } = await compactDecrypt(jwe, secret)
      return { jwk: JSON.parse(new TextDecoder().decode(plaintext)) as JWK, newest: secret === secrets[0] }
    } catch (error) {
      cause = error
    }
  throw new AppError(
    'unavailable',
    'LOOPS_SECRET is not the one that this database was set up with. Set it to that one, or set LOOPS_SECRET_OLD to it while you replace it.',
    { cause },
  )
}

/** Seals again under the newest secret what is still sealed under an old one. @returns how many keys. */
const resealKeys = async (store: KeyStore, secrets: SealingKeys, clock: Clock): Promise<number> => {
  if (secrets.length === 1) return 0
  let resealed = 0
  for (const kept of await store.list()) {
    const { jwk, newest } = await decrypt(kept.private_jwe, secrets)
    if (!newest && (await store.reseal(kept, await encrypt(jwk, secrets[0]), clock.now()))) resealed += 1
  }
  return resealed
}

/** How many keys still need an old secret, and since when the newest one has been in use (null: from the beginning). */
export const sealingOf = async (
  store: KeyStore,
  secrets: SealingKeys,
): Promise<Readonly<{ under_old: number; since: Date | null }>> => {
  const kept = await store.list()
  const opened = await Promise.all(kept.map(({ private_jwe }) => decrypt(private_jwe, secrets)))
  const moments = kept.flatMap(({ sealed_at }) => (sealed_at ? [sealed_at.getTime()] : []))
  return {
    under_old: opened.filter(({ newest }) => !newest).length,
    since: moments.length > 0 ? new Date(Math.max(...moments)) : null,
  }
}

const makeKey = async (number: number, secret: Uint8Array, created_at: Date): Promise<SigningKey> => {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true })
  const public_jwk = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(public_jwk)
  return {
    _id: kid,
    number,
    public_jwk: { ...public_jwk, kid, alg: ALGORITHM, use: 'sig' },
    private_jwe: await encrypt(await exportJWK(pair.privateKey), secret),
    created_at,
  }
}

const importKey = async (jwk: JWK): Promise<CryptoKey> => (await importJWK(jwk, ALGORITHM)) as CryptoKey

const importPair = async (kept: SigningKey, secrets: SealingKeys): Promise<Pair> => ({
  kid: kept._id,
  number: kept.number,
  created_at: kept.created_at,
  key: await importKey((await decrypt(kept.private_jwe, secrets)).jwk),
  publicKey: await importKey(kept.public_jwk),
  public_jwk: kept.public_jwk,
})

type KeyDeps = Readonly<{ store: KeyStore; secrets: SealingKeys; clock: Clock }>

/** The keys as this process last read them. */
const openRing = ({ store, secrets, clock }: KeyDeps) => {
  let pairs: readonly Pair[] = []
  let looked_ms = clock.monotonicMs()
  let removals = 0
  const find = (kid: string): Pair | undefined => pairs.find((pair) => pair.kid === kid)
  const read = async (): Promise<void> => {
    looked_ms = clock.monotonicMs()
    const known = new Map(pairs.map((pair) => [pair.kid, pair]))
    const kept = await store.list()
    // Importing is expensive, so each key is imported once. Its date is read every time: setting it back rotates the key.
    pairs = await Promise.all(
      kept.map(async (key) => ({
        ...(known.get(key._id) ?? (await importPair(key, secrets))),
        created_at: key.created_at,
      })),
    )
    if ([...known.keys()].some((kid) => !find(kid))) removals += 1
  }
  return {
    pairs: () => pairs,
    find,
    read,
    removals: () => removals,
    isOutOfDate: () => clock.monotonicMs() - looked_ms > RELOAD_MS,
  }
}

type Ring = ReturnType<typeof openRing>

/** @see Keys.drop */
const dropKey = async ({ store, secrets, clock }: KeyDeps, ring: Ring, kid: string): Promise<boolean> => {
  await ring.read()
  if (!ring.find(kid)) return false
  const now = clock.now()
  if (signerAt(ring.pairs(), now)?.kid === kid) {
    const created_at = new Date(now.getTime() - ANNOUNCE_MS + DROP_MS)
    await store.insert(await makeKey((ring.pairs()[0]?.number ?? 0) + 1, secrets[0], created_at))
    await new Promise((resolve) => setTimeout(resolve, DROP_MS))
  }
  await store.remove([kid])
  await ring.read()
  return true
}

/**
 * Loads the keys, or makes the first one. Of gateways that start at once, one makes it and all use it.
 * @throws AppError `unavailable` when they were encrypted with another LOOPS_SECRET.
 */
export const openKeys = async (deps: KeyDeps): Promise<Keys> => {
  const { store, secrets, clock } = deps
  const [secret] = secrets
  const ring = openRing(deps)
  const { pairs, find, read, removals } = ring
  const tend = async (): Promise<void> => {
    await read()
    const now = clock.now()
    const number = dueNumber(pairs(), now)
    // Of gateways that find it due at once, one makes it, since numbers are unique.
    if (number !== undefined) await store.insert(await makeKey(number, secret, now))
    const retired = retiredAt(pairs(), now)
    if (retired.length > 0) await store.remove(retired.map(({ kid }) => kid))
    if (number !== undefined || retired.length > 0) await read()
    await resealKeys(store, secrets, clock)
  }
  await tend()
  if (pairs().length === 0)
    throw new AppError('unavailable', 'The signing keys cannot be read back from the database.')
  return {
    signer: () => signerAt(pairs(), clock.now()) as Pair,
    verifier: async (kid) => {
      if (!find(kid) && ring.isOutOfDate()) await read()
      return find(kid)?.publicKey
    },
    jwks: () => ({ keys: pairs().map(({ public_jwk }) => public_jwk) }),
    uses: () => usesAt(pairs(), clock.now()),
    rotate: async () => {
      await read()
      const number = keysNeeded(pairs(), clock.now())
      const made = number !== undefined && (await store.insert(await makeKey(number, secret, clock.now())))
      await read()
      return made
    },
    drop: (kid) => dropKey(deps, ring, kid),
    look: read,
    removals,
    tend,
  }
}
