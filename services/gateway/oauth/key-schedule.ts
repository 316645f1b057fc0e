// When a signing key is made, signs and goes. Pure. A new key is published long before it signs, and an old one stays until
// nothing that it signed counts any more; so keys change while tokens are used, with no moment at which one is not known.
import type { SigningKey } from './model.ts'

const MINUTE_MS = 60_000

/** How often a gateway looks for new keys (ms). */
export const LOOK_MS = MINUTE_MS / 2
/** How old the newest key gets (ms). */
export const ROTATE_MS = 90 * 24 * 60 * MINUTE_MS
/** For how long a key is published before it signs: many looks, and longer than clients may keep the document (ms). */
export const ANNOUNCE_MS = 10 * MINUTE_MS
/** For how long a key that signs no more is still published: longer than any access token counts (ms). */
export const RETIRE_MS = 2 * 60 * MINUTE_MS

type Made = Pick<SigningKey, 'number' | 'created_at'>

const signsFrom = ({ created_at }: Made): number => created_at.getTime() + ANNOUNCE_MS

/** The key that signs at `now`, of keys that are sorted newest first: the newest that has been published for long enough. */
export const signerAt = <K extends Made>(keys: readonly K[], now: Date): K | undefined =>
  keys.find((key) => signsFrom(key) <= now.getTime()) ?? keys.at(-1)

/** Whether a new key is due: its number, or undefined. */
export const dueNumber = (keys: readonly Made[], now: Date): number | undefined => {
  const [newest] = keys
  if (!newest) return 1
  return now.getTime() - newest.created_at.getTime() >= ROTATE_MS ? newest.number + 1 : undefined
}

/** What a key is there for, and until or from when: an old one verifies what it signed. */
export type KeyUse =
  | Readonly<{ use: 'announced'; signs_from: Date }>
  | Readonly<{ use: 'signs' }>
  | Readonly<{ use: 'verifies'; until: Date }>

/** The use of each key at `now`, of keys that are sorted newest first. */
export const usesAt = <K extends Made>(keys: readonly K[], now: Date): readonly (KeyUse & { key: K })[] => {
  const signing = signerAt(keys, now)
  const signer = signing ? keys.indexOf(signing) : -1
  return keys.map((key, index) => {
    if (index === signer) return { key, use: 'signs' }
    if (index < signer) return { key, use: 'announced', signs_from: new Date(signsFrom(key)) }
    const heir = keys[index - 1] ?? key
    return { key, use: 'verifies', until: new Date(signsFrom(heir) + RETIRE_MS) }
  })
}

/**
 * The number of a key that somebody wants before it is due, or undefined while the newest one does not sign yet: a newer
 * one would not sign earlier.
 */
export const keysNeeded = (keys: readonly Made[], now: Date): number | undefined => {
  const [newest] = keys
  if (!newest) return 1
  return signsFrom(newest) <= now.getTime() ? newest.number + 1 : undefined
}

/** The keys that can go: a newer one has been signing for longer than what they signed lasts. */
export const retiredAt = <K extends Made>(keys: readonly K[], now: Date): readonly K[] => {
  const heir = keys.findIndex((key) => signsFrom(key) + RETIRE_MS <= now.getTime())
  return heir < 0 ? [] : keys.slice(heir + 1)
}
