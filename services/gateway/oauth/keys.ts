// The keys that access tokens are signed with: shared by all gateways through the store, encrypted there. Knows no token.
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
import type { Clock } from '../../../shared/clock.ts'
import { AppError } from '../../../shared/errors.ts'
import type { SigningKey } from './model.ts'
import type { KeyStore } from './store.ts'

/** The one algorithm of access tokens (RFC 7518 §3.4). Nothing else verifies. */
export const ALGORITHM = 'ES256'
/** A key that is not known is looked for in the store at most this often (ms). */
const RELOAD_MS = 5_000

type Signer = Readonly<{ kid: string; key: CryptoKey }>
type Loaded = Readonly<{ signer: Signer; publicKeys: ReadonlyMap<string, CryptoKey>; jwks: readonly JWK[] }>

export type Keys = Readonly<{
  signer: () => Signer
  /** The public key of a `kid`; undefined when no gateway has made it. */
  verifier: (kid: string) => Promise<CryptoKey | undefined>
  /** What /.well-known/jwks.json publishes. */
  jwks: () => Readonly<{ keys: readonly JWK[] }>
}>

const encrypt = (jwk: JWK, secret: Uint8Array): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(secret)

const decrypt = async (jwe: string, secret: Uint8Array): Promise<JWK> => {
  try {
    const { plaintext } = await compactDecrypt(jwe, secret)
    return JSON.parse(new TextDecoder().decode(plaintext)) as JWK
  } catch (cause) {
    throw new AppError(
      'unavailable',
      'LOOPS_SECRET is not the one that this database was set up with; set it to that one.',
      { cause },
    )
  }
}

const makeKey = async (number: number, secret: Uint8Array, clock: Clock): Promise<SigningKey> => {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true })
  const public_jwk = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(public_jwk)
  return {
    _id: kid,
    number,
    public_jwk: { ...public_jwk, kid, alg: ALGORITHM, use: 'sig' },
    private_jwe: await encrypt(await exportJWK(pair.privateKey), secret),
    created_at: clock.now(),
  }
}

const importKey = async (jwk: JWK): Promise<CryptoKey> => (await importJWK(jwk, ALGORITHM)) as CryptoKey

const load = async (kept: readonly SigningKey[], secret: Uint8Array): Promise<Loaded | undefined> => {
  const newest = kept[0]
  if (!newest) return undefined
  const publicKeys = new Map<string, CryptoKey>()
  for (const { _id, public_jwk } of kept) publicKeys.set(_id, await importKey(public_jwk))
  const key = await importKey(await decrypt(newest.private_jwe, secret))
  return { signer: { kid: newest._id, key }, publicKeys, jwks: kept.map(({ public_jwk }) => public_jwk) }
}

/**
 * Finds the keys, or makes the first one: of gateways that start at once, one makes it and all use it.
 * @throws AppError `unavailable` when they were encrypted with another LOOPS_SECRET.
 */
export const openKeys = async (
  deps: Readonly<{ store: KeyStore; secret: Uint8Array; clock: Clock }>,
): Promise<Keys> => {
  const { store, secret, clock } = deps
  const read = async (): Promise<Loaded | undefined> => load(await store.list(), secret)
  let loaded = await read()
  if (!loaded) {
    await store.insert(await makeKey(1, secret, clock))
    loaded = await read()
  }
  if (!loaded) throw new AppError('unavailable', 'The signing keys cannot be read back from the database.')
  let current = loaded
  let looked_ms = clock.monotonicMs()
  return {
    signer: () => current.signer,
    verifier: async (kid) => {
      if (!current.publicKeys.has(kid) && clock.monotonicMs() - looked_ms > RELOAD_MS) {
        looked_ms = clock.monotonicMs()
        current = (await read()) ?? current
      }
      return current.publicKeys.get(kid)
    },
    jwks: () => ({ keys: current.jwks }),
  }
}
