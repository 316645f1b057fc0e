// Finds whom a token acts for, a person or a service account, with a short memory.
import { LRUCache } from 'lru-cache'
import type { Holder } from '../accounts/personal-token-rules.ts'
import { holderOfService } from '../accounts/service-account-rules.ts'
import type { Deps } from '../deps.ts'

/** How long grants, tokens and their holders are cached, and so how long a revoked one may still get through (ms). */
export const STATE_TTL_MS = 1_000
/** Most entries of such a cache. */
export const STATES = 20_000

/** Finds a person or service account by its id. */
export type FindHolder = (id: string) => Promise<Holder | null>

/** Asks the database each time. */
export const findHolder =
  ({ store }: Pick<Deps, 'store'>): FindHolder =>
  async (id) => {
    const person = await store.people.byId(id)
    if (person) return person
    const account = await store.serviceAccounts.find(id)
    return account && holderOfService(account)
  }

/** The same with a memory. @param fresh past the memory. */
export type RecallHolder = (id: string, fresh?: boolean) => Promise<Holder | null>

/** Asks the database once in a while, and once for all that want the same one at the same time. */
export const cachedHolders = (deps: Pick<Deps, 'store' | 'clock'>): RecallHolder => {
  const find = findHolder(deps)
  const byId = new LRUCache<string, { holder: Holder | null }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf: { now: deps.clock.monotonicMs },
    fetchMethod: async (id) => ({ holder: await find(id) }),
  })
  return async (id, fresh = false) => (await byId.fetch(id, { forceRefresh: fresh }))?.holder ?? null
}
