// When a signing key is made, signs and is removed. Pure. A new key is published long before it signs, and an old one stays
// until all that it signed has expired, so every token can be verified at any time.
import type { SigningKey } from './model.ts'

const MINUTE_MS = 60_000

/** How often a gateway tends the keys: makes the next one when it is due, and removes retired ones (ms). */
export const LOOK_MS = MINUTE_MS / 2
/** How often a gateway reads the keys, so that it soon refuses what a dropped one signed (ms). */
export const READ_MS = 1_000
/** How long the successor of a dropped key is published before it signs: longer than every gateway takes to read it (ms). */
export const DROP_MS = 3_000
/** The age of the newest key at which the next one is made (ms). */
export const ROTATE_MS = 90 * 24 * 60 * MINUTE_MS
/** How long a key is published before it signs: longer than many looks, and than clients may cache the document (ms). */
export const ANNOUNCE_MS = 10 * MINUTE_MS
/** How long a key is still published after it has stopped signing: longer than any access token lives (ms). */
export const RETIRE_MS = 2 * 60 * MINUTE_MS

type Made = Pick<SigningKey, 'number' | 'created_at'>

const signsFrom = ({ created_at }: Made): number => created_at.getTime() + ANNOUNCE_MS

/** The key that signs at `now`: the newest that has been published long enough. @param keys newest first. */
export const signerAt = <K extends Made>(keys: readonly K[], now: Date): K | undefined =>
  keys.find((key) => signsFrom(key) <= now.getTime()) ?? keys.at(-1)

/** The number of the new key that is due at `now`; undefined when none is. */
export const dueNumber = (keys: readonly Made[], now: Date): number | undefined => {
  const [newest] = keys
  if (!newest) return 1
  return now.getTime() - newest.created_at.getTime() >= ROTATE_MS ? newest.number + 1 : undefined
}

/** What a key is for: announced until it signs, signing, or verifying what it signed before. */
export type KeyUse =
  | Readonly<{ use: 'announced'; signs_from: Date }>
  | Readonly<{ use: 'signs' }>
  | Readonly<{ use: 'verifies'; until: Date }>

/** The use of each key at `now`. @param keys newest first. */
export const usesAt = <K extends Made>(keys: readonly K[], now: Date): readonly (KeyUse & { key: K })[] => {
  const signing = signerAt(keys, now)
  const signer = signing ? keys.indexOf(signing) : -1
  return keys.map((key, index) => {
    if (index === signer) return { key, use: 'signs' }
    if (index < signer) return { key, use: 'announced', signs_from: new Date(signsFrom(key)) }
    const successor = keys[index - 1] ?? key
    return { key, use: 'verifies', until: new Date(signsFrom(successor) + RETIRE_MS) }
  })
}

/**
 * The number of a key that an operator wants before it is due; undefined while the newest one does not sign yet, since an
 * even newer one would not sign earlier.
 */
export const keysNeeded = (keys: readonly Made[], now: Date): number | undefined => {
  const [newest] = keys
  if (!newest) return 1
  return signsFrom(newest) <= now.getTime() ? newest.number + 1 : undefined
}

/** The keys that can be removed: a newer one has been signing for longer than their tokens live. @param keys newest first. */
export const retiredAt = <K extends Made>(keys: readonly K[], now: Date): readonly K[] => {
  const successor = keys.findIndex((key) => signsFrom(key) + RETIRE_MS <= now.getTime())
  return successor < 0 ? [] : keys.slice(successor + 1)
}
