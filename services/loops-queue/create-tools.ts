// create_loop: a new loop is one insert with its event, and then joins the end of the order.
import { repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import type { Deps, Some } from './deps.ts'
import { view } from './lifecycle-tools.ts'
import { createdEvents, newLoop } from './loop-rules.ts'
import { findMade, type Made, momentOf, requireMembers, requireRoom } from './new-loop.ts'
import type { Seen } from './queue-access.ts'

/** The handler of create_loop. */
export const create = (deps: Deps): Some<'create_loop'> => ({
  create_loop: async (input, call) => {
    const ws = call.caller.workspace_id
    const request = repeatable(call.caller, 'create_loop', input)
    const before = await findMade(deps, call, request)
    const member_ids = before ? [] : await requireMembers(deps, call, input)
    const make = async ({ order }: Seen): Promise<Made> => {
      if (before) return before
      requireRoom(order.length)
      const asked = { ...input, member_ids, create_key: request?.key }
      const loop = newLoop(deps.ids.next(), ws, 'active', asked, momentOf(deps, call))
      const saved = await deps.loops.insert(loop, createdEvents(loop, 1), { call, request })
      if (saved) return { loop: saved, replayed: false }
      const made = await findMade(deps, call, request)
      if (made) return made
      throw stillAtWork()
    }
    const { loop, replayed, seen } = await deps.queues.changeLoopThenQueue(call, make, () =>
      deps.at('create_loop.inserted'),
    )
    return { ...view(loop, seen), replayed }
  },
})
