// Whether a person sees a task: asks the loops-queue service whether they see its loop.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { LoopRef } from '../../shared/contracts/tasks/shapes.ts'
import type { Deps } from './deps.ts'
import type { TaskDoc } from './task-store.ts'
import { isPrivate, type SeesLoop, seesThese } from './visibility-rules.ts'

/** Whether the person of a call sees a private loop, and so the tasks in it. */
export type Sees = (loop_id: string) => Promise<boolean>

/** A loop that the person of the call sees, or null. */
export const findLoop = async (deps: Deps, loop_id: string, call: MemberCall): Promise<LoopRef | null> => {
  try {
    return (await deps.loops.check_loop({ loop_id }, call)).loop
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return null
    throw error
  }
}

/** Asks about each private loop by itself: for a call that names one task. */
export const seesOne =
  (deps: Deps, call: MemberCall): Sees =>
  async (loop_id) =>
    (await findLoop(deps, loop_id, call)) !== null

/** Asks once for all private loops, when the first is met: for a call that names many tasks. */
export const seesMany = (deps: Deps, call: MemberCall): Sees => {
  let asked: Promise<SeesLoop> | undefined
  const ask = async (): Promise<SeesLoop> =>
    seesThese((await deps.loops.list_private_loops({}, call)).loop_ids)
  return async (loop_id) => {
    asked ??= ask()
    return (await asked)(loop_id)
  }
}

/** Whether a task is visible, asking only about a private loop. */
export const isVisible = async (task: Pick<TaskDoc, 'acl'>, sees: Sees): Promise<boolean> =>
  !isPrivate(task) || (await sees(task.acl))

/**
 * A task that exists and is visible.
 * @throws AppError `not_found`, with the same text for a hidden task as for one that never was.
 */
export const loadVisible = async (
  deps: Pick<Deps, 'tasks'>,
  ws: string,
  id: string,
  sees: Sees,
): Promise<TaskDoc> => {
  const task = await deps.tasks.get(ws, id)
  if (!task || !(await isVisible(task, sees))) throw notFound('task', id)
  return task
}
