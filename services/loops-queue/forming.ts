// create_loop_from_tasks: one loop and the tasks moved into it, wholly or not at all, across two services without a
// transaction. The loop is inserted forming, which nobody sees; the tasks are reserved for it, all or none; the loop
// becoming active is the point from which the move is a fact; then the tasks move and the loop joins the order. Whoever
// finds it broken off before that point undoes it (the loop here, the reservations in the tasks service); after it,
// finishes it.
import { ownCall } from '../../shared/bus/headers.ts'
import type { Visibility } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { type Repeatable, repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import type { Deps, Some } from './deps.ts'
import { view } from './lifecycle-tools.ts'
import { type FormedFrom, formed, type NewLoop, newLoop } from './loop-rules.ts'
import type { LoopDoc } from './loop-store.ts'
import { findMade, type Made, momentOf, requireMembers, requireRoom } from './new-loop.ts'
import type { Seen } from './queue-access.ts'

/** Patience for telling the tasks service how it ended; its own sweeper finds out by itself otherwise (ms). */
const FINISH_MS = 3_000

type Asked = Readonly<{
  visibility: Visibility
  member_ids?: readonly string[] | undefined
  task_ids: readonly string[]
}>

/** Tells the tasks service how it ended. Not telling does no harm: it asks for the loop's state after some seconds. */
const finish = async (deps: Deps, loop: LoopDoc, commit: boolean): Promise<void> => {
  const call = ownCall(deps.clock, deps.ids.next(), FINISH_MS)
  const ended = { workspace_id: loop.ws, loop_id: loop._id, commit, visibility: loop.visibility }
  try {
    await deps.tasks.finish_move(ended, call)
  } catch (error) {
    deps.log.warn('tasks will find out by themselves how a move ended', { loop_id: loop._id, commit, error })
  }
}

/** Reserves the tasks; on any refusal the loop goes first, which decides it, and then the reservations. */
const reserve = async (
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
    await finish(deps, loop, false)
    throw refusal
  }
}

const start = async (
  deps: Deps,
  call: MemberCall,
  asked: NewLoop,
  request: Repeatable | undefined,
): Promise<LoopDoc | null> => {
  const loop = newLoop(deps.ids.next(), call.caller.workspace_id, 'forming', asked, momentOf(deps, call))
  return await deps.loops.insert(loop, [], { call, request })
}

/** Everything up to the point from which it is a fact. */
const form = async (
  deps: Deps,
  call: MemberCall,
  input: Asked & Omit<NewLoop, 'member_ids' | 'create_key'>,
  request: Repeatable | undefined,
  active_loops: number,
): Promise<Made> => {
  requireRoom(active_loops)
  const member_ids = await requireMembers(deps, call, input)
  const loop = await start(deps, call, { ...input, member_ids, create_key: request?.key }, request)
  if (loop === null) return (await findMade(deps, call, request)) ?? Promise.reject(stillAtWork())
  deps.at('create_loop_from_tasks.forming')
  const from = await reserve(deps, call, loop, input.task_ids)
  deps.at('create_loop_from_tasks.prepared')
  const active = await deps.loops.save(loop, formed(loop, from, momentOf(deps, call)), { call })
  if (active) return { loop: active, replayed: false }
  await finish(deps, loop, false)
  throw new AppError('unavailable', 'It took too long and was undone; nothing was changed. Try again.', {
    retry_after_ms: 1_000,
  })
}

/** The handler of create_loop_from_tasks. */
export const forming = (deps: Deps): Some<'create_loop_from_tasks'> => ({
  create_loop_from_tasks: async (input, call) => {
    const { loop_name: name, loop_description: description, ...rest } = input
    const request = repeatable(call.caller, 'create_loop_from_tasks', input)
    const make = async ({ order }: Seen): Promise<Made> => {
      const made =
        (await findMade(deps, call, request)) ??
        (await form(deps, call, { ...rest, name, description }, request, order.length))
      deps.at('create_loop_from_tasks.committed')
      await finish(deps, made.loop, true)
      return made
    }
    const queued = await deps.queues.changeLoopThenQueue(call, make, () =>
      deps.at('create_loop_from_tasks.moved'),
    )
    const { loop, replayed, seen } = queued
    const tasks = [...(loop.formed_from ?? [])]
    return { ...view(loop, seen), tasks, replayed }
  },
})
