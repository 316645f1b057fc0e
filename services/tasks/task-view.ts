// Stored tasks and comments in the shapes that the contract declares. Pure.

import type { Actor } from '../../shared/contracts/define/common.ts'
import type { Caller, PlainEvent } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { includesScope } from '../../shared/contracts/define/scopes.ts'
import type { Comment, CommentKind, HeldBy, Task, TaskRow } from '../../shared/contracts/tasks/shapes.ts'
import { mayMention } from '../../shared/search/mention-rules.ts'
import { type Claimant, holderOf, type ShownClaim } from './claim-rules.ts'
import type { Editor } from './status-rules.ts'
import type { TaskState, Versioned } from './task-rules.ts'

/** Characters of a comment that its event holds. */
const EXCERPT_CHARS = 200

/** What the event of a comment says about it. */
export type EventComment = Readonly<{
  _id: string
  task_id: string | null
  loop_id: string | null
  author: Actor
  text: string
  kind?: CommentKind | undefined
}>

/**
 * The event of a comment that was imported, or of any as it is now for a reader that begins with it.
 * @param is_private whether it is on a private loop, or on a task in one.
 */
export const addedEvent = (comment: EventComment, is_private: boolean): PlainEvent => ({
  name: 'comment.added',
  data: {
    comment_id: comment._id,
    task_id: comment.task_id,
    loop_id: comment.loop_id,
    private: is_private,
    by: comment.author,
    excerpt: [...comment.text].slice(0, EXCERPT_CHARS).join(''),
    ...(comment.kind ? { kind: comment.kind } : {}),
  },
})

/** The event of a comment that somebody has just written: unlike an imported one, it notifies those whom it mentions. */
export const writtenEvent = (comment: EventComment, is_private: boolean): PlainEvent => {
  const { name, data } = addedEvent(comment, is_private)
  return { name, data: { ...data, ...(mayMention(comment.text) ? { may_mention: true } : {}) } }
}

/** The person of a call as the editor of a task. */
export const editorOf = (caller: Caller): Editor => ({
  actor: actorOf(caller),
  may_approve: includesScope(caller.scopes, 'loops:approve'),
})

/**
 * The person of a call as an editor who holds tasks, or may.
 * @param agent the label that the call gave.
 * @param claim_id the claim that the call acts under, if it named one.
 */
export const claimantOf = (
  caller: Caller,
  { agent, claim_id }: Readonly<{ agent?: string | undefined; claim_id?: string | undefined }> = {},
): Editor & Claimant => ({ ...editorOf(caller), holder: holderOf(caller, agent), claim_id })

type RowFields =
  | '_id'
  | 'title'
  | 'status'
  | 'priority'
  | 'due_date'
  | 'labels'
  | 'loop_id'
  | 'author'
  | 'approved_by'
  | 'question_id'
  | 'created_at'
  | 'updated_at'

/** Who holds a task, as everybody sees it who sees the task. */
export const toHeldBy = ({ holder: { actor, agent }, since, until }: ShownClaim): HeldBy => ({
  name: actor.name,
  client: actor.client,
  ...(agent === null ? {} : { agent }),
  since: since.toISOString(),
  expires_at: until?.toISOString() ?? null,
})

/** A task as lists show it. */
export const toRow = (
  task: Versioned<Pick<TaskState, RowFields>> &
    Readonly<{ claim?: ShownClaim | undefined; open_blockers?: number | undefined }>,
): TaskRow => ({
  id: task._id,
  title: task.title,
  status: task.status,
  priority: task.priority,
  due_date: task.due_date,
  ...(task.labels ? { labels: [...task.labels] } : {}),
  loop_id: task.loop_id,
  author: task.author,
  approved_by: task.approved_by,
  ...(task.status === 'in_progress' && task.claim ? { held_by: toHeldBy(task.claim) } : {}),
  ...(task.question_id ? { question_id: task.question_id } : {}),
  ...(task.open_blockers ? { open_blockers: task.open_blockers } : {}),
  created_at: task.created_at.toISOString(),
  updated_at: task.updated_at.toISOString(),
  version: task.v,
})

/** A task with its body, and with the links of its completions. */
export const toTask = (task: Versioned): Task => ({
  ...toRow(task),
  body: task.body,
  ...(task.links ? { links: [...task.links] } : {}),
})

/** A comment as answers show it. */
export const toComment = (
  comment: Readonly<{
    _id: string
    kind?: CommentKind | undefined
    author: Actor
    text: string
    created_at: Date
  }>,
): Comment => ({
  id: comment._id,
  ...(comment.kind ? { kind: comment.kind } : {}),
  author: comment.author,
  text: comment.text,
  created_at: comment.created_at.toISOString(),
})
