// Idempotency keys: which request is a repeat, and its recorded answer. Pure.
//
// `IdempotencyKey` in contracts/define/common.ts says what is promised, `changeByRequest` in command.ts how it is kept.
import { createHash } from 'node:crypto'
import type { Caller } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'

/** A request that may be repeated: its scoped key, and a hash of its arguments. */
export type Repeatable = Readonly<{ key: string; hash: string }>

/** An answered request, as ledgers and the request store hold it. */
export type LedgerEntry = Readonly<{ key: string; hash: string; at: Date; result: unknown }>

/** A value as JSON with the members of its objects in order: the same text for equal values. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

/**
 * The repeatable form of a request, or undefined when the caller gave no key. The key is scoped to workspace, person,
 * client and tool, so that keys of different callers never meet (https://docs.stripe.com/api/idempotent_requests).
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

/** The request of the n-th thing that one call makes: each has a key of its own, which no other request can have. */
export const numbered = (request: Repeatable, n: number): Repeatable => ({
  ...request,
  key: `${request.key}#${n}`,
})

/** The refusal of a key that was used for another request. */
const keyConflict = (): AppError =>
  new AppError('idempotency_conflict', 'This idempotency_key was used for a different request.', {
    hint: 'Use a new key for a new request; repeat a request with exactly the same arguments.',
  })

/** The refusal of a repeat while the first request is still running, or while what it made is being removed. */
export const stillAtWork = (): AppError =>
  new AppError('unavailable', 'This request is still being worked on; repeat it soon.', {
    retry_after_ms: 1_000,
  })

/**
 * The entry of a repeated request; undefined when the ledger does not have it.
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
