// When a client that lacks a scope is sent to ask its person for it, and when it is only told.
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import type { Deps } from '../deps.ts'
import type { Access } from './access.ts'
import type { Grant } from './model.ts'

/** A refresh that follows a challenge within this time was the client's answer to it (ms). */
const ANSWER_MS = 60_000

type Allowed = Extract<Access, { ok: true }>

/** Whether a client whose access is right, but lacks these scopes, should be sent to ask for them. */
export type MayAsk = (access: Allowed, missing: readonly Scope[]) => Promise<boolean>

/**
 * Whether a challenge leads anywhere. Many clients answer it by a refresh, which cannot widen a grant (RFC 6749 §6), and
 * give up with an error that tells nobody anything when they meet it again: those are told in the tool's answer. Once the
 * person has allowed the scope, a refresh is what is needed.
 * @param grant as it was before this challenge. @param gen generation of the token that was used now.
 */
export const leadsSomewhere = (
  grant: Pick<Grant, 'scopes' | 'challenged'>,
  gen: number,
  missing: readonly Scope[],
  now: Date,
): boolean => {
  if (missing.every((scope) => includesScope(grant.scopes, scope))) return true
  const { challenged } = grant
  const refreshed = challenged !== undefined && gen > challenged.gen
  return !(refreshed && now.getTime() - challenged.at.getTime() < ANSWER_MS)
}

/** Makes the decision for the gateways of one database. */
export const stepUp =
  ({ store, clock }: Pick<Deps, 'store' | 'clock'>): MayAsk =>
  async ({ grant_id, gen }, missing) => {
    const now = clock.now()
    const before = await store.grants.noteChallenge(grant_id, { gen, at: now })
    return before !== null && leadsSomewhere(before, gen, missing, now)
  }
