// Takes back what a person did last.
import type { Hono } from 'hono'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { takeUndo, type Undo } from '../done.ts'
import { UNDO } from '../messages/undo.ts'
import { attempt } from '../posted-forms.ts'
import { type Board, type BoardDeps, boardRoute, cameFrom, leaveBoard, whoseOf } from './board.ts'
import { moveLoop } from './queue-forms.ts'

/** Takes one thing back. @returns how much was taken back, and how much has changed since. */
const takeBack = async (board: Board, undo: Undo): Promise<Readonly<{ done: number; left: number }>> => {
  const { deps, call } = board
  if (undo.kind === 'tasks') {
    const { updated, unchanged, failed } = await updateTasks({ deps, call }, undo)
    return { done: updated + unchanged, left: failed }
  }
  if (undo.kind === 'position') {
    const { loop_id, position, version } = undo
    const moved = await moveLoop(board, { loop_id, priority: position, expected_version: version })
    if (!moved.ok) throw moved.fault.error
    return { done: 1, left: 0 }
  }
  if (undo.kind === 'member') {
    const { kind: _, ...change } = undo
    await deps.loops.set_loop_member(change, call())
    return { done: 1, left: 0 }
  }
  const { loop_id, status, version } = undo
  const change = { loop_id, expected_version: version }
  await (status === 'active' ? deps.loops.reopen_loop(change, call()) : deps.loops.close_loop(change, call()))
  return { done: 1, left: 0 }
}

const updateTasks = async (
  { deps, call }: Pick<Board, 'deps' | 'call'>,
  { tasks, back }: Extract<Undo, { kind: 'tasks' }>,
): Promise<Readonly<{ updated: number; unchanged: number; failed: number }>> => {
  const { status, priority, loop_id } = back
  const [first] = tasks
  // Many are never given a due date, labels or what they wait for in one step.
  if (first && tasks.length === 1) {
    const [task_id, expected_version] = first
    await deps.tasks.update_task({ task_id, expected_version, ...back }, call())
    return { updated: 1, unchanged: 0, failed: 0 }
  }
  return deps.tasks.bulk_update_tasks(
    {
      task_ids: tasks.map(([id]) => id),
      expected_versions: tasks.map(([, version]) => version),
      status,
      priority,
      loop_id,
    },
    call(),
  )
}

const undoAll = async (board: Board): Promise<Response> => {
  const { c, deps, language } = board
  const words = wordsOf(UNDO, language)
  const back = cameFrom(board, '/')
  const undos = takeUndo(c, deps, whoseOf(board))
  if (undos.length === 0) return leaveBoard(board, back, { message: words.word('nothing') })
  let [done, left] = [0, 0]
  for (const undo of undos) {
    const result = await attempt(() => takeBack(board, undo))
    if (!result.ok && result.fault.error instanceof AppError)
      left += undo.kind === 'tasks' ? undo.tasks.length : 1
    else if (result.ok) [done, left] = [done + result.value.done, left + result.value.left]
  }
  const message =
    left === 0
      ? words.word('undone')
      : done === 0
        ? words.word('changed_since')
        : words.plural('partly', left)
  return leaveBoard(board, back, { message })
}

/** `POST /undo`. */
export const undoRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.post('/undo', boardRoute(board, undoAll))
}
