// Gives callers the limits of claims of their workspace and token, with a short memory.
import { LRUCache } from 'lru-cache'
import { type ClaimLimits, withOwnBound } from '../../../shared/contracts/define/claim-limits.ts'
import type { Deps } from '../deps.ts'
import type { Access } from './access.ts'
import { STATE_TTL_MS, STATES } from './holders.ts'

/** Makes the function that adds the limits of its workspace to what a token stands for; what the token says stands first. */
export const withClaimLimits = ({
  store,
  clock,
}: Pick<Deps, 'store' | 'clock'>): ((access: Access) => Promise<Access>) => {
  const byWorkspace = new LRUCache<string, { set: ClaimLimits | undefined }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf: { now: clock.monotonicMs },
    fetchMethod: async (id) => ({ set: await store.workspaces.claimLimits(id) }),
  })
  return async (access) => {
    if (!access.ok) return access
    const { caller } = access
    const set = (await byWorkspace.fetch(caller.workspace_id))?.set
    const claim_limits = withOwnBound(set, caller.claim_limits?.max_claims)
    return claim_limits === undefined ? access : { ...access, caller: { ...caller, claim_limits } }
  }
}
