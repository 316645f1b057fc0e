// Changes one loop: what the commands on a loop have in common.
import { actorOf, type MemberCall } from '../../shared/contracts/define/contract.ts'
import type { Because } from '../../shared/storage/aggregate.ts'
import { changeByRequest, versionConflict } from '../../shared/storage/command.ts'
import type { Deps } from './deps.ts'
import type { Decision, Moment, Versioned } from './loop-rules.ts'
import type { StandingDoc } from './loop-store.ts'
import { cut, viewLoop } from './loop-view.ts'
import { priorityIn, type Seen } from './queue-reading.ts'

type Asked = Readonly<{ loop_id: string; expected_version?: number | undefined }>
type Changed = Readonly<{ loop: StandingDoc; changed: boolean }>

/** When, by whom and with which new `status_key` a call changes a loop. */
export const momentOf = ({ clock, ids }: Pick<Deps, 'clock' | 'ids'>, call: MemberCall): Moment => ({
  by: actorOf(call.caller),
  now: clock.now(),
  key: ids.next(),
})

/**
 * Decides on a loop and saves it. Where there is nothing to change, the loop is answered on any version: a status has no
 * work behind it that two callers could both begin, so nobody has to hear that another was first.
 *
 * Not for a tool with an idempotency key: its answer is stored with the loop, and here that would be the whole loop. Such a
 * tool calls `changeByRequest` with its request and a short answer.
 * @throws AppError `not_found`, `version_conflict`, and what `decide` throws.
 */
export const changeLoop = async (
  deps: Deps,
  call: MemberCall,
  asked: Asked,
  decide: (loop: StandingDoc, moment: Moment) => Decision | null,
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

/** Room for a changed loop in an answer, beside which there may be a list (bytes). */
export const CHANGED_LOOP_BYTES = 60_000

/** A changed loop as answers show it. */
export const viewChanged = (loop: Versioned, seen: Seen) => ({
  loop: cut(viewLoop(loop, priorityIn(seen, loop._id)), CHANGED_LOOP_BYTES),
  queue_version: seen.version,
})
