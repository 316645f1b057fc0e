// Comments on tasks and on loops: writing one, and reading a page of them.

import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { Comment } from '../../shared/contracts/tasks/shapes.ts'
import { findRepeat, repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import { countComments, PUBLIC } from './counter-rules.ts'
import { readCursor, writeCursor } from './cursor-rules.ts'
import type { Deps, Some } from './deps.ts'
import { addedEvent, toComment } from './task-view.ts'
import { findLoop, loadVisible, seesOne } from './visibility.ts'

/** An id before that of any comment. */
const BEFORE_ALL = '0'.repeat(26)

/** What a comment is on. */
type Parent = Readonly<{ task_id: string | null; loop_id: string | null; private: boolean }>
type Answer = { comment: Comment; replayed: boolean }

/**
 * The one thing that a comment names, if the person sees it.
 * @throws AppError `invalid_argument` unless exactly one is named; `not_found`.
 */
const findParent = async (
  deps: Deps,
  { task_id, loop_id }: Readonly<{ task_id?: string | undefined; loop_id?: string | undefined }>,
  call: MemberCall,
): Promise<Parent> => {
  if (task_id !== undefined && loop_id === undefined) {
    const task = await loadVisible(deps, call.caller.workspace_id, task_id, seesOne(deps, call))
    return { task_id, loop_id: null, private: task.acl !== PUBLIC }
  }
  if (loop_id !== undefined && task_id === undefined) {
    const loop = await findLoop(deps, loop_id, call)
    if (!loop) throw notFound('loop', loop_id)
    return { task_id: null, loop_id, private: loop.visibility === 'private' }
  }
  throw new AppError(
    'invalid_argument',
    'A comment is on one thing: give exactly one of task_id and loop_id.',
    {
      hint: 'Give task_id for a comment on a task, loop_id for one on a loop.',
    },
  )
}

/**
 * A page of comments in the members that the contract declares. The first page of what has comments may have none of
 * them, where there is no room: its cursor leads to the first.
 * @param bytes for the comments.
 */
export const commentPage = async (
  deps: Pick<Deps, 'comments' | 'tallies'>,
  ws: string,
  parent: string,
  after: string | undefined,
  bytes: number,
): Promise<{ comments: Comment[]; comments_total: number; comments_next_cursor: string | null }> => {
  const [{ rows, more }, tallies] = await Promise.all([
    deps.comments.page(ws, parent, after, bytes, after === undefined ? 0 : 1),
    deps.tallies.read(ws, [parent]),
  ])
  return {
    comments: rows.map(toComment),
    comments_total: countComments(tallies, parent),
    comments_next_cursor: writeCursor('comments', more ? (rows.at(-1)?._id ?? BEFORE_ALL) : undefined),
  }
}

/** The operations on comments. */
export const commentHandlers = (deps: Deps): Some<'add_comment' | 'list_loop_comments'> => ({
  add_comment: async (input, call) => {
    const ws = call.caller.workspace_id
    const request = repeatable(call.caller, 'add_comment', input)
    const replay = async (): Promise<Answer | undefined> => {
      const made = request && (await deps.comments.findCreated(ws, request.key))
      if (!made || !findRepeat(made.created ? [made.created] : [], request)) return undefined
      return { comment: toComment(made), replayed: true }
    }
    const earlier = await replay()
    if (earlier) return earlier
    const parent = await findParent(deps, input, call)
    const at = deps.clock.now()
    const by = actorOf(call.caller)
    const comment = {
      _id: deps.ids.next(),
      ws,
      parent: parent.task_id ?? parent.loop_id ?? '',
      task_id: parent.task_id,
      loop_id: parent.loop_id,
      author: by,
      text: input.text,
      created_at: at,
      // A comment never changes: it is its own answer.
      created: request ? { ...request, at, result: null } : null,
    }
    const entry = await deps.comments.insert(comment, addedEvent(comment, parent.private), { call })
    if (!entry) return (await replay()) ?? Promise.reject(stillAtWork())
    await deps.tallies.count('add_comment', [entry])
    return { comment: toComment(comment), replayed: false }
  },

  list_loop_comments: ({ workspace_id, loop_id, cursor, max_bytes }) =>
    commentPage(deps, workspace_id, loop_id, readCursor('comments', cursor), max_bytes),
})
