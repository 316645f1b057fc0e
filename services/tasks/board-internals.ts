// What the pages ask about many tasks at once. Leaves: they call no other service.
import type { Call, Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { longestFirst, toHolders, toShownClaim } from './board-rules.ts'
import { countHeldBack, countReady } from './counter-rules.ts'
import type { LeafDeps, Some } from './deps.ts'

/** @throws AppError `forbidden` for a call on nobody's behalf: what is visible depends on the person. */
const requireCaller = ({ caller }: Call): Caller => {
  if (!caller) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  return caller
}

/** The handlers of what the pages show of loops and claims. */
export const boardHandlers = (deps: LeafDeps): Some<'describe_loops' | 'list_claims'> => ({
  describe_loops: async ({ loop_ids }, call) => {
    const { workspace_id: ws } = requireCaller(call)
    const asked = [...new Set(loop_ids)]
    const [counters, oldest, claims] = await Promise.all([
      deps.counters.read(ws, asked),
      deps.tasks.findOldestReady(ws, asked),
      // Whoever sees a loop sees its tasks.
      deps.tasks.listClaims(ws, asked, asked),
    ])
    const byLoop = Map.groupBy(longestFirst(claims), ({ loop_id }) => loop_id)
    const describe = (loop_id: string) => {
      const at = oldest.get(loop_id)
      return {
        loop_id,
        ready: countReady(counters, ws, loop_id),
        blocked: countHeldBack(counters, ws, [loop_id]),
        ...(at ? { oldest_ready_at: at.toISOString() } : {}),
        ...toHolders(byLoop.get(loop_id) ?? []),
      }
    }
    return { loops: asked.map(describe) }
  },

  list_claims: async ({ visible_private_loop_ids, limit }, call) => {
    const caller = requireCaller(call)
    const claims = longestFirst(await deps.tasks.listClaims(caller.workspace_id, visible_private_loop_ids))
    return {
      claims: claims.slice(0, limit).map((claim) => toShownClaim(claim, caller)),
      total: claims.length,
    }
  },
})
