// Whether a client that lacks a scope is challenged to ask for it, or gets an error in the answer.
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import type { Deps } from '../deps.ts'
import type { Access } from './access.ts'
import { isOfService } from './grant-rules.ts'
import type { Grant } from './model.ts'

/** A refresh within this time after a challenge counts as the client's reaction to it (ms). */
const ANSWER_MS = 60_000

type Allowed = Extract<Access, { ok: true }>

/** Whether a client with valid access that lacks these scopes should be challenged to ask for them. */
export type MayAsk = (access: Allowed, missing: readonly Scope[]) => Promise<boolean>

/**
 * Whether a challenge leads anywhere. Many clients react to it with a refresh, which cannot widen a grant (RFC 6749 §6), and
 * give up with an unhelpful error at the next challenge: the tool's answer says it to them instead. Once the person has
 * allowed the scope, a refresh is just what is needed. A service account can only ask for what it has.
 * @param grant as it was before this challenge.
 * @param gen the generation of the token that was used now.
 */
export const leadsSomewhere = (
  grant: Pick<Grant, 'scopes' | 'challenged' | 'user_id' | 'client_id'>,
  gen: number,
  missing: readonly Scope[],
  now: Date,
): boolean => {
  if (missing.every((scope) => includesScope(grant.scopes, scope))) return true
  if (isOfService(grant)) return false
  const { challenged } = grant
  const refreshed = challenged !== undefined && gen > challenged.gen
  return !(refreshed && now.getTime() - challenged.at.getTime() < ANSWER_MS)
}

/** Makes the decision from what all gateways know of earlier challenges. */
export const stepUp =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>): MayAsk =>
  async ({ grant_id, gen }, missing) => {
    const now = clock.now()
    const before = await store.grants.noteChallenge(grant_id, { gen, at: now })
    return before !== null && leadsSomewhere(before, gen, missing, now)
  }
