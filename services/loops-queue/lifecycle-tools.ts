// The life of a standing loop as commands: close, reopen. Each writes the loop first, which is the truth, and
// then takes it into the order or out of it.

import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { type Because, versionConflict } from '../../shared/storage/aggregate.ts'
import { changeByRequest } from '../../shared/storage/command.ts'
import type { Deps, Some } from './deps.ts'
import { cut, type Decision, hold, type Moment, reopen, type StandingLoop, viewLoop } from './loop-rules.ts'
import type { StandingDoc } from './loop-store.ts'
import { momentOf, requireRoom } from './new-loop.ts'
import { priorityIn, type Seen } from './queue-access.ts'

type Asked = Readonly<{ loop_id: string; expected_version?: number | undefined }>
type Changed = Readonly<{ loop: StandingDoc; changed: boolean }>
type Decide = (loop: StandingDoc, moment: Moment) => Decision | null

/** @throws AppError `not_found`, `version_conflict`, and what `decide` throws. */
export const changeLoop = async (
  deps: Deps,
  call: MemberCall,
  asked: Asked,
  decide: Decide,
): Promise<Changed> => {
  const { result, saved } = await changeByRequest(
    deps.loops,
    { call, expected_version: asked.expected_version },
    async () => {
      const loop = await deps.loops.get(call.caller, asked.loop_id)
      return {
        document: loop,
        decide: async () => {
          const decision = decide(loop, momentOf(deps, call))
          if (decision === null) return { result: loop }
          return { result: loop, save: (because: Because) => deps.loops.save(loop, decision, because) }
        },
        conflict: async (expected: number) => versionConflict(expected, loop.v, { loop_id: loop._id }),
      }
    },
    deps.ids.random,
  )
  return { loop: saved ?? result, changed: saved !== null }
}

/** What a changed loop may take of an answer, beside which there may be a list (bytes). */
export const CHANGED_LOOP_BYTES = 60_000

/** A changed loop as answers show it. */
export const view = (loop: StandingLoop & { v: number }, seen: Seen) => ({
  loop: cut(viewLoop(loop, priorityIn(seen, loop._id)), CHANGED_LOOP_BYTES),
  queue_version: seen.version,
})

/** The handlers that put a loop on hold and bring it back. */
export const lifecycle = (deps: Deps): Some<'close_loop' | 'reopen_loop'> => ({
  close_loop: async (input, call) => {
    const write = () => changeLoop(deps, call, input, hold)
    const { loop, changed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('close_loop.held'),
    )
    return { ...view(loop, seen), changed }
  },

  reopen_loop: async (input, call) => {
    const write = async ({ order }: Seen) => {
      const { status } = await deps.loops.get(call.caller, input.loop_id)
      if (status === 'on_hold') requireRoom(order.length)
      return await changeLoop(deps, call, input, reopen)
    }
    const { loop, changed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('reopen_loop.reopened'),
    )
    return { ...view(loop, seen), changed }
  },
})
