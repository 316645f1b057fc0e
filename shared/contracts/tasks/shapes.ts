// The shapes that the operations of the tasks service share.
import * as z from 'zod'
import * as c from '../define/common.ts'

/** A task as lists show it: no body. */
export const TaskRow = z.object({
  id: c.Id,
  title: c.Name,
  status: c.TaskStatus,
  priority: c.Priority,
  due_date: c.CalendarDate.nullable(),
  loop_id: c.Id.nullable(),
  author: c.Actor,
  approved_by: c.Actor.nullable().describe('Who approved it'),
  created_at: c.Timestamp,
  updated_at: c.Timestamp,
  version: c.Version,
})
export type TaskRow = z.infer<typeof TaskRow>

/** A task whole. */
export const Task = TaskRow.extend({
  body: c.Body.describe('The agent prompt, Markdown, written by its author'),
})
export type Task = z.infer<typeof Task>

export const Comment = z.object({
  id: c.Id,
  author: c.Actor,
  text: c.CommentText.describe('Markdown, written by its author'),
  created_at: c.Timestamp,
})
export type Comment = z.infer<typeof Comment>

/** A page of comments, oldest first. */
export const commentPage = {
  comments: z.array(Comment),
  comments_total: c.Count,
  comments_next_cursor: c.NextCursor,
}

/** A loop as a task names it. */
export const LoopRef = z.object({ id: c.Id, name: c.Name, status: c.LoopStatus, visibility: c.Visibility })
export type LoopRef = z.infer<typeof LoopRef>

export const CommentsCursor = c.Cursor.describe('comments_next_cursor of the page before')
