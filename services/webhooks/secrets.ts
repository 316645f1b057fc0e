// The secrets of webhooks: their form, their encryption, and the signatures made with them. Each call is signed with its
// secret, so secrets are encrypted, not hashed. Randomness comes from the caller.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { Webhook as Signer } from 'standardwebhooks'
import type { Keys } from '../../shared/process/service-keys.ts'

export { SEALING } from '../../shared/contracts/webhooks/contract.ts'

/** A secret as Standard Webhooks writes it: `whsec_` and base64, of 256 random bits in base64url. */
export const secretOf = (token: string): string =>
  `whsec_${Buffer.from(token, 'base64url').toString('base64')}`

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts a secret for one webhook with the newest key. It cannot be opened for another webhook.
 * @param token random bits (base64url), never the same twice.
 */
export const seal = ([key]: Keys, webhookId: string, secret: string, token: string): string => {
  const iv = Buffer.from(token, 'base64url').subarray(0, IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(webhookId))
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')
}

const open = (key: Uint8Array, webhookId: string, sealed: string): string => {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(webhookId))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString()
}

/** Decrypts a secret, and says whether it was sealed with the newest key. @throws when no key opens it for this webhook. */
export const unsealWith = (
  keys: Keys,
  webhookId: string,
  sealed: string,
): Readonly<{ secret: string; newest: boolean }> => {
  let cause: unknown
  for (const key of keys)
    try {
      return { secret: open(key, webhookId, sealed), newest: key === keys[0] }
    } catch (error) {
      cause = error
    }
  throw new Error('This secret was sealed under another LOOPS_SECRET.', { cause })
}

/** Decrypts a secret. @throws when no key opens it for this webhook. */
export const unseal = (keys: Keys, webhookId: string, sealed: string): string =>
  unsealWith(keys, webhookId, sealed).secret

/** The headers of a call (https://www.standardwebhooks.com), with a signature for each secret. */
export const signedHeaders = (
  id: string,
  body: string,
  secrets: readonly string[],
  now: Date,
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
  'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, now, body)).join(' '),
})
