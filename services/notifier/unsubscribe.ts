// The secret of an unsubscribe link: whose mails of which workspace it is about, sealed with our key. Pure; it works
// without a login, so it can do nothing else (RFC 8058).
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { UNSUBSCRIBE } from '../../shared/contracts/notifier/contract.ts'
import { deriveKey, type Keys } from '../../shared/process/service-keys.ts'

/** Whose mails of which workspace. */
export type Subject = Readonly<{ workspace_id: string; user_id: string }>

export { UNSUBSCRIBE }

const ID_CHARS = 26
const SEAL_BYTES = 32

/**
 * The key of these links alone, from the secret that all replicas share. A key object, because sealing with bare bytes makes
 * one anew for each mail, which takes longer than the seal.
 */
export const unsubscribeKey = (secret: string): KeyObject => createSecretKey(deriveKey(secret, UNSUBSCRIBE))

/** The keys of these links: new ones are made with the first, each of them reads. */
export const unsubscribeKeys = ([first, ...others]: Keys): readonly [KeyObject, ...KeyObject[]] => [
  createSecretKey(first),
  ...others.map((key) => createSecretKey(key)),
]

const seal = (key: KeyObject, ids: Uint8Array): Buffer => createHmac('sha256', key).update(ids).digest()

/** The token of a link: always the same for the same person and workspace. */
export const unsubscribeToken = (key: KeyObject, { workspace_id, user_id }: Subject): string => {
  const ids = Buffer.from(`${workspace_id}${user_id}`, 'ascii')
  return Buffer.concat([ids, seal(key, ids)]).toString('base64url')
}

/** What a token is about, or undefined when it was made with none of these keys. Compared in constant time. */
export const readUnsubscribeToken = (keys: readonly KeyObject[], token: string): Subject | undefined => {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== 2 * ID_CHARS + SEAL_BYTES || bytes.toString('base64url') !== token) return undefined
  const ids = bytes.subarray(0, 2 * ID_CHARS)
  if (!keys.some((key) => timingSafeEqual(seal(key, ids), bytes.subarray(2 * ID_CHARS)))) return undefined
  const text = ids.toString('ascii')
  return { workspace_id: text.slice(0, ID_CHARS), user_id: text.slice(ID_CHARS) }
}
