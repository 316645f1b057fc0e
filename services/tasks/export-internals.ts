// Exports tasks whole. A leaf: it calls no other service.
import { AppError } from '../../shared/contracts/define/errors.ts'
import { countFitting } from '../../shared/contracts/define/page-bytes.ts'
import type { ExportedTask, ExternalRef } from '../../shared/contracts/tasks/imports.ts'
import type { LeafDeps, Some } from './deps.ts'
import type { RefDoc } from './import-store.ts'
import { isSeen, seesThese } from './visibility-rules.ts'

/** How an export names a task: as its source did or, filed here, by its own id. */
const refOf = ({ _id, imported }: RefDoc): ExternalRef =>
  imported ? { source: imported.source, id: imported.id } : { source: 'loops', id: _id }

/** The handler of list_whole_tasks. */
export const exportHandlers = (deps: LeafDeps): Some<'list_whole_tasks'> => ({
  list_whole_tasks: async ({ task_ids, max_bytes, visible_private_loop_ids }, { caller }) => {
    if (!caller) throw new AppError('forbidden', 'This operation is only for a person’s request.')
    const ws = caller.workspace_id
    const sees = seesThese(visible_private_loop_ids)
    const byId = new Map((await deps.tasks.findWhole(ws, task_ids)).map((task) => [task._id, task]))
    const tasks = task_ids.flatMap((id) => {
      const task = byId.get(id)
      return task && isSeen(task, sees) ? [task] : []
    })
    const blockers = tasks.flatMap(({ blocked_by = [] }) => blocked_by.map(({ task_id }) => task_id))
    const [commented, found] = await Promise.all([
      deps.comments.findParents(
        ws,
        tasks.map(({ _id }) => _id),
      ),
      deps.tasks.findRefs(ws, [...new Set(blockers)]),
    ])
    const refs = new Map(found.filter((task) => isSeen(task, sees)).map((task) => [task._id, refOf(task)]))
    const rows = tasks.map((task): ExportedTask => {
      const waits = (task.blocked_by ?? []).flatMap(({ task_id }) => refs.get(task_id) ?? [])
      return {
        task_id: task._id,
        ref: refOf(task),
        body: task.body,
        ...(task.links ? { links: [...task.links] } : {}),
        ...(waits.length > 0 ? { blocked_by: waits } : {}),
        ...(commented.has(task._id) ? { has_comments: true as const } : {}),
      }
    })
    const fitting = countFitting(rows, max_bytes)
    const next = rows[fitting]?.task_id
    return { tasks: rows.slice(0, fitting), ...(next ? { next } : {}) }
  },
})
