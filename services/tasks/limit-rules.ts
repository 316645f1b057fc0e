// How long a caller's claims last, and how many they may have. Pure.
import { claimLimit } from '../../shared/contracts/define/claim-limits.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { TTL_SECONDS } from '../../shared/contracts/tasks/shapes.ts'

/** A caller with the limits of their workspace and token. */
type Limited = Pick<Caller, 'claim_limits'>

/** How long a claim by a change of status lasts (s): whoever begins so may not know that claims are renewed. */
const STATUS_TTL_SECONDS = 24 * 60 * 60

/** How many claims by `claim_next_work` a holder may have at once. @param agent their label, if they gave one. */
export const boundFor = ({ claim_limits }: Limited, agent: string | undefined): number =>
  claimLimit(agent === undefined ? 'max_claims' : 'max_claims_per_agent', claim_limits)

/**
 * Lets a term through that the workspace allows.
 * @throws AppError `invalid_argument` that names the bounds.
 */
export const requireTerm = ({ claim_limits }: Limited, ttl_seconds: number | undefined): void => {
  const max = claimLimit('max_ttl_seconds', claim_limits)
  if (ttl_seconds === undefined || ttl_seconds <= max) return
  const message = `A claim in this workspace lasts at most ${max} seconds; ttl_seconds is ${ttl_seconds}.`
  throw new AppError('invalid_argument', message, {
    hint: `Give ttl_seconds from ${TTL_SECONDS.min} to ${max}, and renew the claim while you work.`,
    details: { field: 'ttl_seconds', min: TTL_SECONDS.min, max },
  })
}

/** A term (s) within the longest one of the workspace; the workspace's default where none is given. */
export const termWithin = ({ claim_limits }: Limited, ttl_seconds: number | undefined): number =>
  Math.min(
    ttl_seconds ?? claimLimit('default_ttl_seconds', claim_limits),
    claimLimit('max_ttl_seconds', claim_limits),
  )

/** The term (s) of a claim that begins with a change of status. */
export const statusTerm = (caller: Limited): number => termWithin(caller, STATUS_TTL_SECONDS)
