// create_loop and create_loop_from_tasks.
//
// create_loop is one insert with its event; then the loop joins the end of the order. create_loop_from_tasks makes one
// loop and moves tasks into it, wholly or not at all, across two services without a transaction: the loop is inserted
// forming, which nobody sees; the tasks are reserved for it, all or none; the loop becomes active, and from that moment the
// move is a fact; then the tasks move and the loop joins the order. Whoever finds it broken off before that moment undoes it
// (the loop here, the reservations in the tasks service), and after it, finishes it.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS, type Visibility } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { findRepeat, type Repeatable, repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import type { Deps, Some } from './deps.ts'
import { momentOf, viewChanged } from './loop-changes.ts'
import {
  createdEvents,
  type FormedFrom,
  formed,
  type NewLoop,
  newLoop,
  requireActiveRoom,
} from './loop-rules.ts'
import type { LoopDoc, StandingDoc } from './loop-store.ts'
import type { Seen } from './queue-reading.ts'

/** Time to tell the tasks service how a move ended (ms). Without it, its sweeper finds out by itself. */
const FINISH_MS = 3_000

/** A loop that a request created, now or before. */
type Created = Readonly<{ loop: StandingDoc; replayed: boolean }>
/** What both tools say about the new loop. */
type Asked = Omit<NewLoop, 'member_ids' | 'create_key'> &
  Readonly<{ member_ids?: readonly string[] | undefined }>

/**
 * The people that a private loop is to have as members besides its creator. Asks the gateway only when some are named.
 * @throws AppError `invalid_argument` when a public loop is given members, `not_found` naming those who are not in the
 * workspace.
 */
const requireMembers = async (
  { gateway }: Pick<Deps, 'gateway'>,
  call: MemberCall,
  asked: Readonly<{ visibility: Visibility; member_ids?: readonly string[] | undefined }>,
): Promise<readonly string[]> => {
  const user_ids = [...new Set(asked.member_ids)]
  if (user_ids.length === 0) return []
  if (asked.visibility === 'public')
    throw new AppError('invalid_argument', 'member_ids: only a private loop has members of its own.', {
      hint: 'Leave member_ids out, or set visibility to private.',
      details: { fields: [{ field: 'member_ids', message: 'only a private loop has members of its own' }] },
    })
  const { members } = await gateway.list_members(
    { workspace_id: call.caller.workspace_id, user_ids, limit: LIMITS.page },
    call,
  )
  const known = new Set(members.map(({ user_id }) => user_id))
  const unknown = user_ids.filter((id) => !known.has(id))
  if (unknown.length > 0)
    throw new AppError('not_found', `Not members of this workspace: ${unknown.join(', ')}.`, {
      hint: 'get_workspace lists the members; nothing was changed.',
      details: { user_ids: unknown },
    })
  return user_ids
}

/**
 * The loop that this request created before, or null when the request is new or has no key.
 * @throws AppError `idempotency_conflict` when the key was used for another request, `unavailable` while the first
 * request is still at work, `not_found` when the caller does not see the loop any more.
 */
const findCreated = async (
  { loops }: Pick<Deps, 'loops'>,
  call: MemberCall,
  request: Repeatable | undefined,
): Promise<Created | null> => {
  if (request === undefined) return null
  const found = await loops.findCreated(call.caller.workspace_id, request.key)
  if (found === null) return null
  findRepeat(found.ledger, request)
  if (found.status === 'forming') throw stillAtWork()
  return { loop: await loops.get(call.caller, found._id), replayed: true }
}

/** Tells the tasks service how a move ended. Not telling does no harm: it asks for the loop's state after some seconds. */
const finishMove = async (deps: Deps, loop: LoopDoc, commit: boolean): Promise<void> => {
  const call = ownCall(deps.clock, deps.ids.next(), FINISH_MS)
  const ended = { workspace_id: loop.ws, loop_id: loop._id, commit, visibility: loop.visibility }
  try {
    await deps.tasks.finish_move(ended, call)
  } catch (error) {
    deps.log.warn('tasks will find out by themselves how a move ended', { loop_id: loop._id, commit, error })
  }
}

/** Reserves the tasks. On any refusal the loop is removed first, which decides the move, and then the reservations. */
const reserveTasks = async (
  deps: Deps,
  call: MemberCall,
  loop: LoopDoc,
  task_ids: readonly string[],
): Promise<readonly FormedFrom[]> => {
  try {
    const visible_private_loop_ids = await deps.loops.listPrivate(call.caller)
    const asked = { task_ids: [...new Set(task_ids)], loop_id: loop._id, visible_private_loop_ids }
    return (await deps.tasks.prepare_move(asked, call)).moved
  } catch (refusal) {
    await deps.loops.removeForming(loop)
    deps.at('create_loop_from_tasks.abandoned')
    await finishMove(deps, loop, false)
    throw refusal
  }
}

/** Forms a loop from tasks, up to the moment from which the move is a fact. */
const formLoop = async (
  deps: Deps,
  call: MemberCall,
  { task_ids, ...asked }: Asked & Readonly<{ task_ids: readonly string[] }>,
  request: Repeatable | undefined,
  active_loops: number,
): Promise<Created> => {
  requireActiveRoom(active_loops)
  const { workspace_id } = call.caller
  const wanted = { ...asked, member_ids: await requireMembers(deps, call, asked), create_key: request?.key }
  const forming = newLoop(deps.ids.next(), workspace_id, 'forming', wanted, momentOf(deps, call))
  const loop: LoopDoc | null = await deps.loops.insert(forming, [], { call, request })
  if (loop === null) return (await findCreated(deps, call, request)) ?? Promise.reject(stillAtWork())
  deps.at('create_loop_from_tasks.forming')
  const from = await reserveTasks(deps, call, loop, task_ids)
  deps.at('create_loop_from_tasks.prepared')
  const active = await deps.loops.save(loop, formed(loop, from, momentOf(deps, call)), { call })
  if (active) return { loop: active, replayed: false }
  await finishMove(deps, loop, false)
  throw new AppError('unavailable', 'It took too long and was undone; nothing was changed. Try again.', {
    retry_after_ms: 1_000,
  })
}

/** The handlers that create loops. */
export const createHandlers = (deps: Deps): Some<'create_loop' | 'create_loop_from_tasks'> => ({
  create_loop: async (input, call) => {
    const ws = call.caller.workspace_id
    const request = repeatable(call.caller, 'create_loop', input)
    const before = await findCreated(deps, call, request)
    const member_ids = before ? [] : await requireMembers(deps, call, input)
    const write = async ({ order }: Seen): Promise<Created> => {
      if (before) return before
      requireActiveRoom(order.length)
      const asked = { ...input, member_ids, create_key: request?.key }
      const loop = newLoop(deps.ids.next(), ws, 'active', asked, momentOf(deps, call))
      const saved = await deps.loops.insert(loop, createdEvents(loop, 1), { call, request })
      if (saved) return { loop: saved, replayed: false }
      return (await findCreated(deps, call, request)) ?? Promise.reject(stillAtWork())
    }
    const { loop, replayed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('create_loop.inserted'),
    )
    return { ...viewChanged(loop, seen), replayed }
  },

  create_loop_from_tasks: async (input, call) => {
    const { loop_name: name, loop_description: description, ...rest } = input
    const request = repeatable(call.caller, 'create_loop_from_tasks', input)
    const write = async ({ order }: Seen): Promise<Created> => {
      const created =
        (await findCreated(deps, call, request)) ??
        (await formLoop(deps, call, { ...rest, name, description }, request, order.length))
      deps.at('create_loop_from_tasks.committed')
      await finishMove(deps, created.loop, true)
      return created
    }
    const { loop, replayed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('create_loop_from_tasks.moved'),
    )
    return { ...viewChanged(loop, seen), tasks: [...(loop.formed_from ?? [])], replayed }
  },
})
