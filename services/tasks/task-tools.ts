// The tools of tasks: list, get, create, update and delete.

import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { pageWithin } from '../../shared/contracts/define/cursor.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'
import { requireChange } from '../../shared/storage/command.ts'
import { findRepeat, type Repeatable, repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import { shownBlockers } from './blockers.ts'
import { commentPage } from './comment-tools.ts'
import { counterOf, countMatching } from './counter-rules.ts'
import { readCursor, writeCursor } from './cursor-rules.ts'
import type { Deps, Some } from './deps.ts'
import { normalizeLabel } from './label-rules.ts'
import type { ListFilter } from './list-store.ts'
import { confirmArrival, finishReservations, reservationFor } from './move-into-loop.ts'
import { changeTask, removeTask, targetOf } from './task-changes.ts'
import { createTask } from './task-rules.ts'
import { toApprovedText, toRow, toTask } from './task-view.ts'
import { findLoop, seesMany, seesOne } from './visibility.ts'
import { type List, NOWHERE, visibleLists } from './visibility-rules.ts'

/**
 * The lists that a call asks for, as its person sees them.
 * @throws AppError `invalid_argument` when it names both a scope and a loop; `not_found` for an invisible loop.
 */
const requestedLists = async (
  deps: Deps,
  {
    scope,
    loop_id,
  }: Readonly<{ scope?: 'unassigned' | 'assigned' | 'all' | undefined; loop_id?: string | undefined }>,
  call: MemberCall,
): Promise<List[]> => {
  if (loop_id !== undefined) {
    if (scope !== undefined)
      throw new AppError('invalid_argument', 'scope and loop_id do not go together.', {
        hint: 'Give loop_id for the tasks of one loop, or scope for those of the workspace.',
      })
    if (!(await findLoop(deps, loop_id, call))) throw notFound('loop', loop_id)
    return [loop_id]
  }
  // Everybody sees unassigned tasks: no need to ask which loops this person sees.
  if (scope === undefined || scope === 'unassigned') return visibleLists('unassigned', [])
  return visibleLists(scope, (await deps.loops.list_private_loops({}, call)).loop_ids)
}

/** How many tasks of these lists match: what the counters say or, with a label, counted as far as a list is. */
const countListed = async (
  deps: Deps,
  ws: string,
  lists: readonly List[],
  filter: ListFilter,
): Promise<number> => {
  if (filter.label !== undefined) return await deps.tasks.countLabelled(ws, lists, filter)
  const counters = await deps.counters.read(
    ws,
    lists.map((list) => counterOf(ws, list)),
  )
  return countMatching(counters, ws, lists, filter)
}

/** The handlers of the tools that read tasks. */
export const readingHandlers = (deps: Deps): Some<'list_tasks' | 'get_task'> => ({
  list_tasks: async (input, call) => {
    const ws = call.caller.workspace_id
    const { status, priority, limit } = input
    const label = input.label && normalizeLabel(input.label)
    const before = readCursor('newest', input.cursor)
    const lists = await requestedLists(deps, input, call)
    const filter = { status, priority, label }
    const [rows, total] = await Promise.all([
      deps.tasks.list(ws, lists, filter, before, limit + 1),
      countListed(deps, ws, lists, filter),
    ])
    const { page: tasks, last } = pageWithin(rows, limit, toRow, ANSWER_BYTES - ENVELOPE_BYTES)
    return {
      tasks,
      total,
      next_cursor: writeCursor('newest', last?._id),
    }
  },

  get_task: async ({ task_id, comments_cursor }, call) => {
    const ws = call.caller.workspace_id
    const after = readCursor('comments', comments_cursor, 'comments_cursor')
    const task = await deps.tasks.get(ws, task_id)
    const loop = task?.loop_id ? await findLoop(deps, task.loop_id, call) : null
    if (!task || (task.loop_id !== null && !loop)) throw notFound('task', task_id)
    const shown = { task: toTask(task), loop, ...(await shownBlockers(deps, task, seesMany(deps, call))) }
    const left = ANSWER_BYTES - ENVELOPE_BYTES - jsonBytes(shown)
    const answer = { ...shown, ...toApprovedText(task, Math.floor(left / 2)) }
    const room = ANSWER_BYTES - ENVELOPE_BYTES - jsonBytes(answer)
    return { ...answer, ...(await commentPage(deps, ws, task_id, after, room)) }
  },
})

type Created = { task: TaskRow; replayed: boolean }

/**
 * The answer to an earlier request with the same key, or undefined when there was none.
 * @throws AppError `idempotency_conflict`; `not_found` when the task that it created was deleted since.
 */
const replayCreation = async (
  deps: Deps,
  ws: string,
  request: Repeatable | undefined,
  call: MemberCall,
): Promise<Created | undefined> => {
  if (!request) return undefined
  let task = await deps.tasks.findCreated(ws, request.key)
  if (task?.move?.entering) {
    await finishReservations(deps, ws, [{ ...task, move: task.move }], call)
    task = await deps.tasks.findCreated(ws, request.key)
  }
  const repeat = findRepeat(task?.created ? [task.created] : [], request)
  if (task?.deleted_at) throw notFound('task', task._id)
  return repeat && { ...(repeat.result as Created), replayed: true }
}

/** The handlers of the tools that write one task. */
export const writingHandlers = (deps: Deps): Some<'create_task' | 'update_task' | 'delete_task'> => ({
  create_task: async (input, call) => {
    const ws = call.caller.workspace_id
    const request = repeatable(call.caller, 'create_task', input)
    const earlier = await replayCreation(deps, ws, request, call)
    if (earlier) return earlier
    const { title, body, priority, due_date = null, labels, loop_id } = input
    const location = (loop_id && (await targetOf(deps, loop_id, call)({ loop_id: null }))) || NOWHERE
    const [id, by, now] = [deps.ids.next(), actorOf(call.caller), deps.clock.now()]
    const move = reservationFor(deps, NOWHERE, location, call)
    const { next, events } = createTask({
      id,
      ws,
      title,
      body,
      priority,
      due_date,
      labels,
      location,
      by,
      now,
    })
    const answer: Created = { task: toRow({ ...next, v: 1 }), replayed: false }
    const created = request ? { ...request, at: now, result: answer } : null
    const pending = await deps.tasks.insert({ next: { ...next, created, move }, events }, { call })
    if (!pending) return (await replayCreation(deps, ws, request, call)) ?? Promise.reject(stillAtWork())
    await deps.counters.count('create_task', [pending])
    if (move) await confirmArrival(deps, { ws, id }, move, call)
    return answer
  },

  update_task: async (input, call) => {
    const { task_id, expected_version, title, body, status, priority, due_date, labels, loop_id } = input
    const { blocked_by } = input
    requireChange({ title, body, status, priority, due_date, loop_id, labels, blocked_by })
    const asked = {
      task_id,
      change: { title, body, status, priority, due_date, labels },
      blocked_by,
      target: targetOf(deps, loop_id, call),
      sees: blocked_by ? seesMany(deps, call) : seesOne(deps, call),
      expected_version,
      claim_id: input.claim_id,
      request: repeatable(call.caller, 'update_task', input),
    }
    const { pending, ...answer } = await changeTask(deps, asked, call)
    await deps.counters.count('update_task', [pending])
    return answer
  },

  delete_task: async ({ task_id, expected_version }, call) => {
    const pending = await removeTask(deps, { task_id, sees: seesOne(deps, call), expected_version }, call)
    await deps.counters.count('delete_task', [pending])
    return { task_id, deleted: true }
  },
})
