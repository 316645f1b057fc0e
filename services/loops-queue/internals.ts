// What other services ask about loops: leaves, which ask nobody. Also the members of private loops.

import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { includesScope } from '../../shared/contracts/define/scopes.ts'
import { untilSaved } from '../../shared/storage/aggregate.ts'
import type { Deps, Some } from './deps.ts'
import { loopRef, setMember } from './loop-rules.ts'
import { momentOf } from './new-loop.ts'

/** @throws AppError `forbidden` for a call that is made for nobody: what is visible depends on the person. */
const forPerson = (call: Call): MemberCall => {
  if (call.caller === null) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  return call as MemberCall
}

/** The handlers of the internal operations. */
export const members = (
  deps: Deps,
): Some<
  | 'check_loop'
  | 'list_private_loops'
  | 'get_loop_states'
  | 'list_loop_readers'
  | 'list_loop_members'
  | 'set_loop_member'
> => ({
  check_loop: async ({ loop_id }, call) => ({
    loop: loopRef(await deps.loops.get(forPerson(call).caller, loop_id)),
  }),

  list_private_loops: async (_, call) => ({
    loop_ids: await deps.loops.listPrivate(forPerson(call).caller),
  }),

  get_loop_states: async ({ workspace_id, loop_ids }) => {
    const states = await deps.loops.listStates(workspace_id, loop_ids)
    return { loops: states.map(({ _id, status, visibility }) => ({ id: _id, status, visibility })) }
  },

  list_loop_readers: async ({ workspace_id, loop_ids }) => {
    const found = await deps.loops.listReaders(workspace_id, loop_ids)
    return {
      loops: found.map(({ _id, visibility, readers }) => ({
        id: _id,
        reader_ids: visibility === 'private' ? [...readers] : null,
      })),
    }
  },

  list_loop_members: async ({ loop_id }, call) => {
    const loop = await deps.loops.get(forPerson(call).caller, loop_id)
    const member_ids = loop.visibility === 'private' ? [...loop.readers] : null
    return { loop: loopRef(loop), member_ids, version: loop.v }
  },

  set_loop_member: ({ loop_id, user_id, member }, call) => {
    const asked = forPerson(call)
    if (!includesScope(asked.caller.scopes, 'loops:write'))
      throw new AppError('forbidden', 'This needs the scope loops:write.', {
        details: { scope: 'loops:write' },
      })
    return untilSaved(async () => {
      const loop = await deps.loops.get(asked.caller, loop_id)
      const decision = setMember(loop, user_id, member, momentOf(deps, asked))
      if (decision === null) return { changed: false, member_ids: [...loop.readers] }
      const saved = await deps.loops.save(loop, decision, { call })
      return saved ? { changed: true, member_ids: [...saved.readers] } : undefined
    }, deps.ids.random)
  },
})
