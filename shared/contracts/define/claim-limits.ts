// How long claims last and how many one connection may have: what a workspace or a token can say of it. Pure.
import * as z from 'zod'

/** What can be said, with the least and the most of each, and what is so where nothing is said. */
export const CLAIM_LIMITS = {
  /** The term of a claim that names none. */
  default_ttl_seconds: { least: 5 * 60, most: 7 * 24 * 60 * 60, unset: 2 * 60 * 60 },
  /** The longest term that a claim may have. */
  max_ttl_seconds: { least: 5 * 60, most: 7 * 24 * 60 * 60, unset: 7 * 24 * 60 * 60 },
  /** Claims by `claim_next_work` that a connection has at once without labels. */
  max_claims: { least: 1, most: 50, unset: 5 },
  /** The same for one labelled agent. */
  max_claims_per_agent: { least: 1, most: 50, unset: 1 },
} as const
export type ClaimLimit = keyof typeof CLAIM_LIMITS

const limit = z.int().min(1).optional()
/** Limits as a caller brings them; what is absent is as `CLAIM_LIMITS` has it. */
export const ClaimLimits = z.object({
  default_ttl_seconds: limit,
  max_ttl_seconds: limit,
  max_claims: limit,
  max_claims_per_agent: limit,
})
export type ClaimLimits = Readonly<z.infer<typeof ClaimLimits>>

/** What holds for a limit, whether somebody has set it or not. */
export const claimLimit = (name: ClaimLimit, set: ClaimLimits | undefined): number =>
  set?.[name] ?? CLAIM_LIMITS[name].unset

/**
 * The limits of a token with a bound of its own: it takes the place of the workspace's, and no agent under the token has
 * more than that.
 */
export const withOwnBound = (
  set: ClaimLimits | undefined,
  max_claims: number | undefined,
): ClaimLimits | undefined =>
  max_claims === undefined
    ? set
    : {
        ...set,
        max_claims,
        max_claims_per_agent: Math.min(max_claims, claimLimit('max_claims_per_agent', set)),
      }
