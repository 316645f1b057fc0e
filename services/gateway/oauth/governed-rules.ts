// What the rules of a workspace leave of an access: its policy of tokens, blocked clients, and limits of claims. Pure.
import { withOwnBound } from '../../../shared/contracts/define/claim-limits.ts'
import { underPolicy } from '../accounts/token-policy-rules.ts'
import { isDeleted } from '../accounts/workspace-deletion-rules.ts'
import type { AccessRules } from '../accounts/workspace-rules.ts'
import type { Access } from './access.ts'

/** Whether a workspace lets a client in. */
export const isBlocked = (rules: AccessRules | null, client_id: string): boolean =>
  rules?.blocked_clients?.some((one) => one.client_id === client_id) ?? false

/** An access as the workspace allows it now; what a token says about claims stands first. */
export const govern = (access: Access, rules: AccessRules | null, now: Date): Access => {
  if (!access.ok) return access
  const { caller, credential } = access
  if (isDeleted(rules)) return { ok: false, reason: 'workspace_deleted' }
  if (isBlocked(rules, caller.client_id)) return { ok: false, reason: 'client_blocked' }
  const claim_limits = withOwnBound(rules?.claim_limits, caller.claim_limits?.max_claims)
  const bounded = claim_limits === undefined ? caller : { ...caller, claim_limits }
  if (!credential) return { ...access, caller: bounded }
  const left = underPolicy(rules?.token_policy, credential, caller.scopes, now)
  if (left === 'beyond') return { ok: false, reason: 'beyond_policy' }
  const end = left.until === undefined ? access.expires_at : Math.floor(left.until.getTime() / 1_000)
  return {
    ...access,
    caller: { ...bounded, scopes: left.scopes },
    expires_at: Math.min(access.expires_at, end),
  }
}
