// The tools of tasks: list, get, update and delete.

import { normalizeLabel } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { pageWithin } from '../../shared/contracts/define/cursor.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import { requireChange } from '../../shared/storage/command.ts'
import { repeatable } from '../../shared/storage/idempotency.ts'
import { toApprovedText } from './approved-text-rules.ts'
import { shownBlockers } from './blockers.ts'
import { commentPage } from './comment-tools.ts'
import { counterOf, countMatching } from './counter-rules.ts'
import { readCursor, writeCursor } from './cursor-rules.ts'
import type { Deps, Some } from './deps.ts'
import type { ListFilter } from './list-store.ts'
import { changeTask, removeTask, targetOf } from './task-changes.ts'
import { toRow, toTask } from './task-view.ts'
import { findLoop, seesMany, seesOne } from './visibility.ts'
import { type List, visibleLists } from './visibility-rules.ts'

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
    'tasks',
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

/** The handlers of the tools that change one task. */
export const writingHandlers = (deps: Deps): Some<'update_task' | 'delete_task'> => ({
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
