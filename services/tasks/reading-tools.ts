// The tools that show tasks.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import { commentPage } from './comment-tools.ts'
import { counterOf, countMatching, type List, visibleLists } from './counter-rules.ts'
import { readCursor, writeCursor } from './cursor-rules.ts'
import type { Deps, Some } from './deps.ts'
import { rowPage, toTask } from './task-view.ts'
import { findLoop } from './visibility.ts'

/**
 * The lists that a call asks for, as its person sees them.
 * @throws AppError `invalid_argument` when it names both a scope and a loop; `not_found` for an invisible loop.
 */
const askedShelves = async (
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
  // Unassigned tasks are everybody's: no need to ask which loops this person sees.
  if (scope === undefined || scope === 'unassigned') return visibleLists('unassigned', [])
  return visibleLists(scope, (await deps.loops.list_private_loops({}, call)).loop_ids)
}

/** The reading tools. */
export const readingHandlers = (deps: Deps): Some<'list_tasks' | 'get_task'> => ({
  list_tasks: async (input, call) => {
    const ws = call.caller.workspace_id
    const { status, priority, limit } = input
    const before = readCursor('newest', input.cursor)
    const shelves = await askedShelves(deps, input, call)
    const [rows, tallies] = await Promise.all([
      deps.tasks.list(ws, shelves, { status, priority }, before, limit + 1),
      deps.tallies.read(
        ws,
        shelves.map((shelf) => counterOf(ws, shelf)),
      ),
    ])
    const page = rowPage(rows, limit, ANSWER_BYTES - ENVELOPE_BYTES)
    return {
      tasks: page.tasks,
      total: countMatching(tallies, ws, shelves, { status, priority }),
      next_cursor: writeCursor('newest', page.last?._id),
    }
  },

  get_task: async ({ task_id, comments_cursor }, call) => {
    const ws = call.caller.workspace_id
    const after = readCursor('comments', comments_cursor, 'comments_cursor')
    const task = await deps.tasks.get(ws, task_id)
    const loop = task?.loop_id ? await findLoop(deps, task.loop_id, call) : null
    if (!task || (task.loop_id !== null && !loop)) throw notFound('task', task_id)
    const answer = { task: toTask(task), loop }
    const room = ANSWER_BYTES - ENVELOPE_BYTES - jsonBytes(answer)
    return { ...answer, ...(await commentPage(deps, ws, task_id, after, room)) }
  },
})
