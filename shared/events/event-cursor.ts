// Cursors of subscriptions: a position in the stream of events, encrypted and always of one size.
//
// The stream is that of the whole installation. A position in the clear would tell how much happens in other workspaces,
// and in private loops.
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import type { Keys } from '../process/service-keys.ts'

/** Where a subscription stands. */
export type Position = Readonly<{
  /** The stream, as `streamHash` names it. */
  stream: string
  /** Everything up to this number was looked at. */
  seq: number
  /** When that was known to be all. */
  at: Date
}>

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const HASH_BYTES = 8
const BYTES = HASH_BYTES + 8 + 8
/** Characters of every cursor. */
const CHARS = Math.ceil(((IV_BYTES + TAG_BYTES + BYTES) * 4) / 3)

/** A short name for a stream, from the moment of its creation. */
export const streamHash = (id: string): string =>
  createHash('sha256').update(id).digest().subarray(0, HASH_BYTES).toString('base64url')

const write = ({ stream, seq, at }: Position): Buffer => {
  const bytes = Buffer.alloc(BYTES)
  bytes.set(Buffer.from(stream, 'base64url'))
  bytes.writeBigUInt64BE(BigInt(seq), HASH_BYTES)
  bytes.writeBigUInt64BE(BigInt(at.getTime()), HASH_BYTES + 8)
  return bytes
}

const read = (bytes: Buffer): Position => ({
  stream: bytes.subarray(0, HASH_BYTES).toString('base64url'),
  seq: Number(bytes.readBigUInt64BE(HASH_BYTES)),
  at: new Date(Number(bytes.readBigUInt64BE(HASH_BYTES + 8))),
})

/**
 * A position as a cursor for one workspace, under the newest key.
 * @param token random bits (base64url), never the same twice.
 */
export const sealPosition = ([key]: Keys, workspaceId: string, position: Position, token: string): string => {
  const iv = Buffer.from(token, 'base64url').subarray(0, IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(workspaceId))
  const sealed = Buffer.concat([cipher.update(write(position)), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
}

const open = (key: Uint8Array, workspaceId: string, bytes: Buffer): Position | undefined => {
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(workspaceId))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    return read(Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]))
  } catch {
    return undefined
  }
}

/** The position of a cursor that was made for this workspace with one of these keys; undefined for any other text. */
export const openPosition = (keys: Keys, workspaceId: string, cursor: string): Position | undefined => {
  if (cursor.length !== CHARS) return undefined
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.toString('base64url') !== cursor) return undefined
  return keys
    .values()
    .map((key) => open(key, workspaceId, bytes))
    .find((position) => position !== undefined)
}
