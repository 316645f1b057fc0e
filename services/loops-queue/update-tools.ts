// update_loop: changes the texts of a loop. Its place in the order stays.
import type { Because } from '../../shared/storage/aggregate.ts'
import { changeByRequest, requireChange, versionConflict } from '../../shared/storage/command.ts'
import { repeatable } from '../../shared/storage/idempotency.ts'
import type { Deps, Some } from './deps.ts'
import { momentOf } from './loop-changes.ts'
import { editTexts } from './loop-rules.ts'

/** The handler of update_loop. Its answer is short, because it may be stored with the loop. */
export const updateHandlers = (deps: Deps): Some<'update_loop'> => ({
  update_loop: async (input, call) => {
    const { loop_id, name, description, ai_context, expected_version } = input
    const texts = { name, description, ai_context }
    const { result } = await changeByRequest(
      deps.loops,
      { call, request: repeatable(call.caller, 'update_loop', input), expected_version },
      async () => {
        const loop = await deps.loops.get(call.caller, loop_id)
        requireChange(texts)
        const decide = async () => {
          const decision = editTexts(loop, texts, momentOf(deps, call))
          if (decision === null) return { result: { loop_id, changed: false, version: loop.v } }
          return {
            result: { loop_id, changed: true, version: loop.v + 1 },
            save: (because: Because) => deps.loops.save(loop, decision, because),
          }
        }
        const conflict = async (expected: number) => versionConflict(expected, loop.v, { loop_id })
        return { document: loop, decide, conflict }
      },
      deps.ids.random,
    )
    return result
  },
})
