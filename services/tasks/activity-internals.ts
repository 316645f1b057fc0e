// Who did what to tasks and comments, as the caller may see it now. A leaf: it calls no other service.
//
// What was done to a task is as visible as the task is now, whatever it was then; of a deleted one nothing is shown.
import type { ActivityEntry } from '../../shared/contracts/activity.ts'
import { notFound } from '../../shared/contracts/define/errors.ts'
import type { Activity } from '../../shared/events/activity-rules.ts'
import { entryOf } from '../../shared/events/activity-store.ts'
import type { TitledLocation } from './activity-store.ts'
import type { LeafDeps, Some } from './deps.ts'
import { isPrivate, isSeen, type SeesLoop, seesThese } from './visibility-rules.ts'

/** An entry without the loops that its reader does not see. */
const withoutHidden = (entry: ActivityEntry, found: Activity, sees: SeesLoop): ActivityEntry => {
  const { changes } = entry
  const loop_id = found.loop_ids[0]
  if (!changes || !found.private || loop_id === undefined || sees(loop_id)) return entry
  // Where the task went then is hidden. Where it came from is shown only if everybody may know it.
  return {
    ...entry,
    changes: changes.map((one) => (one.field === 'loop_id' ? { field: one.field } : one)),
  }
}

/** An entry as its reader sees it; undefined when they do not see what it is about. */
const shown = (
  found: Activity,
  tasks: ReadonlyMap<string, TitledLocation>,
  sees: SeesLoop,
): ActivityEntry | undefined => {
  const { task_id, loop_ids } = found
  if (task_id === undefined) {
    const [loop_id] = loop_ids
    if (loop_id === undefined || (found.private && !sees(loop_id))) return undefined
    return { ...entryOf(found), loop_id }
  }
  const task = tasks.get(task_id)
  if (!task || !isSeen(task, sees)) return undefined
  const entry = { ...entryOf(found), title: task.title, ...(task.loop_id ? { loop_id: task.loop_id } : {}) }
  return withoutHidden(entry, found, sees)
}

/** The handlers of what is known of where tasks are, and of list_activity. */
export const activityHandlers = (deps: LeafDeps): Some<'list_activity' | 'list_locations'> => ({
  list_locations: async ({ workspace_id, task_ids }) => {
    const found = await deps.tasks.findLocations(workspace_id, task_ids)
    return {
      tasks: [...found].map(([id, task]) => ({ id, loop_id: task.loop_id, private: isPrivate(task) })),
    }
  },

  list_activity: async ({ workspace_id: ws, visible_private_loop_ids: visible, ...asked }) => {
    const sees = seesThese(visible)
    const locate = (ids: readonly string[]) => deps.tasks.findLocations(ws, ids)
    const { task_id } = asked
    if (task_id !== undefined) {
      const task = (await locate([task_id])).get(task_id)
      if (!task || !isSeen(task, sees)) throw notFound('task', task_id)
    }
    return await deps.activity.read({ ws, ...asked }, async (found) => {
      const tasks = await locate([...new Set(found.flatMap((one) => one.task_id ?? []))])
      return found.flatMap((one) => shown(one, tasks, sees) ?? [])
    })
  },
})
