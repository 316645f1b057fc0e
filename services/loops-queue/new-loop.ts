// What both ways of making a loop share: who may be its members, how many loops may be active, and repeats by key.

import { LIMITS, type Visibility } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { findRepeat, type Repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import type { Deps } from './deps.ts'
import type { Moment } from './loop-rules.ts'
import type { StandingDoc } from './loop-store.ts'

/** When and by whom a change is made that a call asks for. */
export const momentOf = ({ clock, ids }: Pick<Deps, 'clock' | 'ids'>, call: MemberCall): Moment => ({
  by: actorOf(call.caller),
  now: clock.now(),
  key: ids.next(),
})

/**
 * Checks the people that a new loop is to have besides its maker. Asks the gateway only when some are named.
 * @throws AppError `invalid_argument` when a public loop is given members, `not_found` naming those who are not in
 * the workspace.
 */
export const requireMembers = async (
  { gateway }: Pick<Deps, 'gateway'>,
  call: MemberCall,
  asked: Readonly<{ visibility: Visibility; member_ids?: readonly string[] | undefined }>,
): Promise<readonly string[]> => {
  const wanted = [...new Set(asked.member_ids)]
  if (wanted.length === 0) return []
  if (asked.visibility === 'public')
    throw new AppError('invalid_argument', 'member_ids: only a private loop has members of its own.', {
      hint: 'Leave member_ids out, or set visibility to private.',
      details: { fields: [{ field: 'member_ids', message: 'only a private loop has members of its own' }] },
    })
  const { members } = await gateway.list_members(
    { workspace_id: call.caller.workspace_id, user_ids: wanted, limit: LIMITS.page },
    call,
  )
  const known = new Set(members.map(({ user_id }) => user_id))
  const unknown = wanted.filter((id) => !known.has(id))
  if (unknown.length > 0)
    throw new AppError('not_found', `Not members of this workspace: ${unknown.join(', ')}.`, {
      hint: 'get_workspace lists the members; nothing was changed.',
      details: { user_ids: unknown },
    })
  return wanted
}

/**
 * Checks that one more loop may be active. Instances that count at the same moment may together pass the limit by one
 * each; nothing breaks then.
 * @throws AppError `limit_exceeded`.
 */
export const requireRoom = (active: number): void => {
  if (active < LIMITS.active_loops) return
  throw new AppError(
    'limit_exceeded',
    `This workspace has ${active} active loops; the limit is ${LIMITS.active_loops}.`,
    {
      hint: 'Ship loops that are done with ship_loop, or put some on hold with close_loop.',
      details: { field: 'active loops', limit: LIMITS.active_loops, size: active + 1 },
    },
  )
}

/** A loop that a request made, now or before. */
export type Made = Readonly<{ loop: StandingDoc; replayed: boolean }>

/**
 * The loop that this request made before, or null when the request is new or has no key.
 * @throws AppError `idempotency_conflict` when the key was used for another request, `unavailable` while the first
 * request is still at work, `not_found` when the caller does not see the loop any more.
 */
export const findMade = async (
  { loops }: Pick<Deps, 'loops'>,
  call: MemberCall,
  request: Repeatable | undefined,
): Promise<Made | null> => {
  if (request === undefined) return null
  const made = await loops.findMade(call.caller.workspace_id, request.key)
  if (made === null) return null
  findRepeat(made.ledger, request)
  if (made.status === 'forming') throw stillAtWork()
  return { loop: await loops.get(call.caller, made._id), replayed: true }
}
