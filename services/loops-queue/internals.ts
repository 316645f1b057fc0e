// The internal operations about loops and the members of private ones. Leaves: they call no other service.

import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { includesScope } from '../../shared/contracts/define/scopes.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { Deps, Some } from './deps.ts'
import { momentOf } from './loop-changes.ts'
import { membersOf, setMember } from './loop-rules.ts'
import { loopRef } from './loop-view.ts'

/** @throws AppError `forbidden` for a call on nobody's behalf: what is visible depends on the person. */
export const forPerson = (call: Call): MemberCall => {
  if (call.caller === null) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  return call as MemberCall
}

/** What others ask about loops. */
const loopHandlers = (
  deps: Deps,
): Some<'check_loop' | 'list_private_loops' | 'get_loop_states' | 'list_loop_readers'> => ({
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
      loops: found.map(({ _id, name, visibility, readers }) => ({
        id: _id,
        name,
        reader_ids: membersOf({ visibility, readers }),
      })),
    }
  },
})

/** Who is a member of private loops. */
const memberHandlers = (
  deps: Deps,
): Some<'list_loop_members' | 'list_loops_members' | 'set_loop_member'> => ({
  list_loop_members: async ({ loop_id }, call) => {
    const loop = await deps.loops.get(forPerson(call).caller, loop_id)
    return { loop: loopRef(loop), member_ids: membersOf(loop), version: loop.v }
  },

  list_loops_members: async ({ loop_ids, limit }, call) => {
    const found = await deps.loops.listFirstReaders(forPerson(call).caller, loop_ids, limit)
    return {
      loops: found.map(({ _id: loop_id, visibility, readers, readers_total }) =>
        visibility === 'public'
          ? { loop_id, member_ids: null }
          : { loop_id, member_ids: [...readers], members_total: readers_total },
      ),
    }
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

/** The handlers of the internal operations. */
export const internalHandlers = (deps: Deps) => ({ ...loopHandlers(deps), ...memberHandlers(deps) })
