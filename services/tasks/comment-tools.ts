// add_comment, and the pages of comments that tools and internal operations answer with.

import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { Comment } from '../../shared/contracts/tasks/shapes.ts'
import { findRepeat, repeatable, stillAtWork } from '../../shared/storage/idempotency.ts'
import { renewByWrite } from './claims.ts'
import { countComments } from './counter-rules.ts'
import { writeCursor } from './cursor-rules.ts'
import type { Deps, Some } from './deps.ts'
import { askOnHold } from './question-tools.ts'
import type { TaskDoc } from './task-store.ts'
import { toComment, writtenEvent } from './task-view.ts'
import { findLoop, loadVisible, seesOne } from './visibility.ts'
import { isPrivate } from './visibility-rules.ts'

/** An id before that of any comment. */
const BEFORE_ALL = '0'.repeat(26)

/** What a comment is on. */
type Parent = Readonly<{ task_id: string | null; loop_id: string | null; private: boolean; task?: TaskDoc }>
type Answer = { comment: Comment; replayed: boolean }

/**
 * The one thing that a comment is on, if the person sees it.
 * @throws AppError `invalid_argument` unless exactly one is named; `not_found`.
 */
const findParent = async (
  deps: Deps,
  { task_id, loop_id }: Readonly<{ task_id?: string | undefined; loop_id?: string | undefined }>,
  call: MemberCall,
): Promise<Parent> => {
  if (task_id !== undefined && loop_id === undefined) {
    const task = await loadVisible(deps, call.caller.workspace_id, task_id, seesOne(deps, call))
    return { task_id, loop_id: null, private: isPrivate(task), task }
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

/** @throws AppError `invalid_argument` unless it is a question on a task. */
const requireQuestion = ({
  task_id,
  kind,
}: Readonly<{ task_id?: string | undefined; kind?: string | undefined }>): { task_id: string } => {
  if (task_id !== undefined && kind === 'question') return { task_id }
  throw new AppError('invalid_argument', 'hold: only a question on a task puts it on hold.', {
    hint: 'Give kind question and task_id, or leave hold out.',
    details: { fields: [{ field: 'hold', message: 'only a question on a task puts it on hold' }] },
  })
}

/**
 * A page of comments, in the fields that the contract declares. A first page may be empty although there are comments,
 * when there is no room for one: its cursor leads to the first.
 * @param bytes for the comments.
 */
export const commentPage = async (
  deps: Pick<Deps, 'comments' | 'counters'>,
  ws: string,
  parent: string,
  after: string | undefined,
  bytes: number,
): Promise<{ comments: Comment[]; comments_total: number; comments_next_cursor: string | null }> => {
  const { rows, more } = await deps.comments.page(ws, parent, after, bytes, after === undefined ? 0 : 1)
  // Where these are all, they need no counter.
  const isWhole = after === undefined && !more
  const countAll = async () => countComments(await deps.counters.read(ws, [parent], 'comments'), parent)
  return {
    comments: rows.map(toComment),
    comments_total: isWhole ? rows.length : await countAll(),
    comments_next_cursor: writeCursor('comments', more ? (rows.at(-1)?._id ?? BEFORE_ALL) : undefined),
  }
}

/** The handler of add_comment. */
export const commentHandlers = (deps: Deps): Some<'add_comment'> => ({
  add_comment: async (input, call) => {
    const ws = call.caller.workspace_id
    const { kind = 'note' } = input
    const request = repeatable(call.caller, 'add_comment', input)
    const replay = async (): Promise<Answer | undefined> => {
      const found = request && (await deps.comments.findCreated(ws, request.key))
      if (!found || !findRepeat(found.created ? [found.created] : [], request)) return undefined
      return { comment: toComment(found), replayed: true }
    }
    const earlier = await replay()
    if (earlier) return earlier
    const parent = await findParent(deps, input, call)
    if (input.hold) {
      const { task_id } = requireQuestion(input)
      const asked = await askOnHold(deps, { task_id, text: input.text, request }, call)
      if (asked) {
        const { id, at, ...comment } = asked.comment
        return { comment: toComment({ ...comment, _id: id, created_at: at }), replayed: asked.replayed }
      }
    }
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
      ...(kind === 'note' ? {} : { kind }),
      created_at: at,
      // A comment never changes: it is its own answer.
      created: request ? { ...request, at, result: null } : null,
    }
    const pending = await deps.comments.insert(comment, writtenEvent(comment, parent.private), { call })
    if (!pending) return (await replay()) ?? Promise.reject(stillAtWork())
    await deps.counters.count('add_comment', [pending])
    if (parent.task) await renewByWrite(deps, parent.task, call.caller)
    return { comment: toComment(comment), replayed: false }
  },
})
