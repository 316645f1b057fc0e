// Applies the rules of its workspace to what a token stands for, with a short memory.
import { LRUCache } from 'lru-cache'
import type { AccessRules } from '../accounts/workspace-rules.ts'
import type { Deps } from '../deps.ts'
import type { Access } from './access.ts'
import { govern } from './governed-rules.ts'
import { STATE_TTL_MS, STATES } from './holders.ts'

type Parts = Pick<Deps, 'store' | 'clock'>

/** Applies the rules of its workspace to an access, asking the database each time. */
export const governedNow = async ({ store, clock }: Parts, access: Access): Promise<Access> =>
  access.ok
    ? govern(access, await store.workspaces.accessRules(access.caller.workspace_id), clock.now())
    : access

/** Makes the function that applies the rules of its workspace to an access, with a cache, one per process. */
export const withWorkspaceRules = ({ store, clock }: Parts): ((access: Access) => Promise<Access>) => {
  const byWorkspace = new LRUCache<string, { rules: AccessRules | null }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf: { now: clock.monotonicMs },
    fetchMethod: async (id) => ({ rules: await store.workspaces.accessRules(id) }),
  })
  return async (access) => {
    if (!access.ok) return access
    const rules = (await byWorkspace.fetch(access.caller.workspace_id))?.rules ?? null
    return govern(access, rules, clock.now())
  }
}
