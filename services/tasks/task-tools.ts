// The tools that make, change and delete one task.

import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { notFound } from '../../shared/contracts/define/errors.ts'
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'
import { findRepeat, type Repeatable, repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import { changeTask, removeTask, requireChange, targetOf } from './changes.ts'
import type { Deps, Some } from './deps.ts'
import { confirmEntry, entryInto, finishEntries } from './entering.ts'
import { createTask, NOWHERE } from './task-rules.ts'
import { toRow } from './task-view.ts'
import { seesOne } from './visibility.ts'

type Created = { task: TaskRow; replayed: boolean }

/**
 * The answer of an earlier request with the same key, or undefined when there was none.
 * @throws AppError `idempotency_conflict`; `not_found` when the task that it made has been deleted since.
 */
const replayCreation = async (
  deps: Deps,
  ws: string,
  request: Repeatable | undefined,
  call: MemberCall,
): Promise<Created | undefined> => {
  if (!request) return undefined
  let made = await deps.tasks.findCreated(ws, request.key)
  if (made?.move?.entering) {
    await finishEntries(deps, ws, [{ ...made, move: made.move }], call)
    made = await deps.tasks.findCreated(ws, request.key)
  }
  const repeat = findRepeat(made?.created ? [made.created] : [], request)
  if (made?.deleted_at) throw notFound('task', made._id)
  return repeat && { ...(repeat.result as Created), replayed: true }
}

/** The tools that write one task. */
export const writingHandlers = (deps: Deps): Some<'create_task' | 'update_task' | 'delete_task'> => ({
  create_task: async (input, call) => {
    const ws = call.caller.workspace_id
    const request = repeatable(call.caller, 'create_task', input)
    const earlier = await replayCreation(deps, ws, request, call)
    if (earlier) return earlier
    const { title, body, priority, due_date = null, loop_id } = input
    const place = (loop_id && (await targetOf(deps, loop_id, call)({ loop_id: null }))) || NOWHERE
    const [id, by, now] = [deps.ids.next(), actorOf(call.caller), deps.clock.now()]
    const move = entryInto(deps, NOWHERE, place, call)
    const { next, events } = createTask({ id, ws, title, body, priority, due_date, place, by, now })
    const answer: Created = { task: toRow({ ...next, v: 1 }), replayed: false }
    const created = request ? { ...request, at: now, result: answer } : null
    const entry = await deps.tasks.insert({ next: { ...next, created, move }, events }, { call })
    if (!entry) return (await replayCreation(deps, ws, request, call)) ?? Promise.reject(stillAtWork())
    await deps.tallies.count('create_task', [entry])
    if (move) await confirmEntry(deps, { ws, id }, move, call)
    return answer
  },

  update_task: async (input, call) => {
    const { task_id, expected_version, idempotency_key: _, ...asked } = input
    const { title, body, status, priority, due_date, loop_id } = asked
    requireChange({ title, body, status, priority, due_date, loop_id })
    const wanted = {
      task_id,
      change: { title, body, status, priority, due_date },
      target: targetOf(deps, loop_id, call),
      sees: seesOne(deps, call),
      expected_version,
      request: repeatable(call.caller, 'update_task', input),
    }
    const { task, changed, entry } = await changeTask(deps, wanted, call)
    await deps.tallies.count('update_task', [entry])
    return { task, changed }
  },

  delete_task: async ({ task_id, expected_version }, call) => {
    const entry = await removeTask(deps, { task_id, sees: seesOne(deps, call), expected_version }, call)
    await deps.tallies.count('delete_task', [entry])
    return { task_id, deleted: true }
  },
})
