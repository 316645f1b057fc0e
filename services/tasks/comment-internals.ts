// What the notifier asks about a comment. A leaf: it calls no other service.
//
// Apart from comment-tools.ts, whose handlers ask whether the caller sees what a comment is on; this one is asked for nobody,
// and the notifier decides who may see the answer.
import { notFound } from '../../shared/contracts/define/errors.ts'
import type { LeafDeps, Some } from './deps.ts'
import { isPrivate } from './visibility-rules.ts'

/** The handler of get_comment. */
export const commentInternals = (deps: LeafDeps): Some<'get_comment'> => ({
  get_comment: async ({ workspace_id: ws, comment_id }) => {
    const comment = await deps.comments.find(ws, comment_id)
    if (!comment) throw notFound('comment', comment_id)
    const { text, task_id, loop_id } = comment
    if (task_id === null) return { text, task: null, loop_id }
    const task = (await deps.tasks.findLocations(ws, [task_id])).get(task_id)
    // The comments of a deleted task are removed after it.
    if (!task) throw notFound('comment', comment_id)
    const { title, loop_id: in_loop } = task
    return { text, task: { id: task_id, title, loop_id: in_loop, private: isPrivate(task) }, loop_id: null }
  },
})
