// Idempotency keys: what a repeat is, and what it is answered. Pure. An answer is recorded in the changed document with the
// change itself, and moved to where requests are kept before the document would hold too many.
import { createHash } from 'node:crypto'
import type { Caller } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'

/** A request that may be repeated: its scoped key and a hash of what it asked. */
export type Repeatable = Readonly<{ key: string; hash: string }>

/** An answered request in a document's ledger. */
export type LedgerEntry = Readonly<{ key: string; hash: string; at: Date; result: unknown }>

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

/**
 * The repeatable form of a request, or undefined when the caller gave no key. The key is scoped to workspace, person,
 * client and tool, so that nobody meets another's keys (after Stripe's rules, https://docs.stripe.com/api/idempotent_requests).
 */
export const repeatable = (
  caller: Caller,
  tool: string,
  input: Readonly<{ idempotency_key?: string | undefined }>,
): Repeatable | undefined => {
  const { idempotency_key, ...asked } = input
  if (idempotency_key === undefined) return undefined
  return {
    key: digest(canonical([caller.workspace_id, caller.user_id, caller.client_id, tool, idempotency_key])),
    hash: digest(canonical(asked)),
  }
}

/** The refusal of a key that was used for something else. */
const keyConflict = (): AppError =>
  new AppError('idempotency_conflict', 'This idempotency_key was used for a different request.', {
    hint: 'Use a new key for a new request; repeat a request with exactly the same arguments.',
  })

/** The refusal of a repeat while the first request is still at work, or where what it made is just going. */
export const stillAtWork = (): AppError =>
  new AppError('unavailable', 'This same request is being worked on; repeat it soon.', {
    retry_after_ms: 1_000,
  })

/**
 * The recorded entry of a repeated request, or undefined when it is new to this ledger.
 * @throws AppError `idempotency_conflict` when the key was used with other arguments.
 */
export const findRepeat = (
  ledger: readonly LedgerEntry[],
  request: Repeatable | undefined,
): LedgerEntry | undefined => {
  const entry = request && ledger.find(({ key }) => key === request.key)
  if (entry && entry.hash !== request?.hash) throw keyConflict()
  return entry
}
