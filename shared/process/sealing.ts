// Secrets that have to be read back are kept encrypted (AES-256-GCM), each for its owner. Randomness comes from the caller.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Keys } from './service-keys.ts'

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts a secret for one owner, such as a document, with the newest key. It cannot be opened for another owner.
 * @param token random bits (base64url), never the same twice.
 */
export const seal = ([key]: Keys, owner: string, secret: string, token: string): string => {
  const iv = Buffer.from(token, 'base64url').subarray(0, IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(owner))
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')
}

const open = (key: Uint8Array, owner: string, sealed: string): string => {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(owner))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString()
}

/** Decrypts a secret, and says whether it was sealed with the newest key. @throws when no key opens it for this owner. */
export const unsealWith = (
  keys: Keys,
  owner: string,
  sealed: string,
): Readonly<{ secret: string; newest: boolean }> => {
  let cause: unknown
  for (const key of keys)
    try {
      return { secret: open(key, owner, sealed), newest: key === keys[0] }
    } catch (error) {
      cause = error
    }
  throw new Error('This secret was sealed under another LOOPS_SECRET.', { cause })
}

/** Decrypts a secret. @throws when no key opens it for this owner. */
export const unseal = (keys: Keys, owner: string, sealed: string): string =>
  unsealWith(keys, owner, sealed).secret

/** The same of a secret that may have been sealed under a LOOPS_SECRET that is gone; undefined then. */
export const tryUnseal = (
  keys: Keys,
  owner: string,
  sealed: string,
): ReturnType<typeof unsealWith> | undefined => {
  try {
    return unsealWith(keys, owner, sealed)
  } catch {
    return undefined
  }
}

/** Those of several secrets that can be read. @throws when there is none. */
export const unsealSome = (keys: Keys, owner: string, sealed: readonly string[]): string[] => {
  const read = sealed.flatMap((one) => tryUnseal(keys, owner, one)?.secret ?? [])
  return read.length > 0 || sealed.length === 0 ? read : [unseal(keys, owner, sealed[0] ?? '')]
}
