// The token of an unsubscribe link: a person and a workspace, sealed with a key. Pure. It works without signing in (RFC 8058),
// so it gives access to nothing else.
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { UNSUBSCRIBE } from '../../shared/contracts/notifier/contract.ts'
import { deriveKey, type Keys } from '../../shared/process/service-keys.ts'

/** Whose mails of which workspace. */
export type Subject = Readonly<{ workspace_id: string; user_id: string }>

export { UNSUBSCRIBE }

const ID_CHARS = 26
const SEAL_BYTES = 32

/**
 * The key of these links, derived from the secret that all replicas share. A key object, because bare bytes would be made
 * into one for each mail, which takes longer than sealing.
 */
export const unsubscribeKey = (secret: string): KeyObject => createSecretKey(deriveKey(secret, UNSUBSCRIBE))

/** The keys of these links. The first seals new ones; each of them reads. */
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

/** The subject of a token; undefined when it was sealed with none of these keys. Compared in constant time. */
export const readUnsubscribeToken = (keys: readonly KeyObject[], token: string): Subject | undefined => {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== 2 * ID_CHARS + SEAL_BYTES || bytes.toString('base64url') !== token) return undefined
  const ids = bytes.subarray(0, 2 * ID_CHARS)
  if (!keys.some((key) => timingSafeEqual(seal(key, ids), bytes.subarray(2 * ID_CHARS)))) return undefined
  const text = ids.toString('ascii')
  return { workspace_id: text.slice(0, ID_CHARS), user_id: text.slice(ID_CHARS) }
}
