// What whoever approves a task anew is shown of the text that was approved before. Pure.
import { createPatch, OMIT_HEADERS } from 'diff'
import { cutText } from '../../shared/contracts/define/page-bytes.ts'
import type { ApprovedText } from '../../shared/contracts/tasks/shapes.ts'
import type { TaskState } from './task-rules.ts'

/** Most lines of both texts together, and most changed lines, that are compared: a few milliseconds at worst. */
const MAX_LINES = 8_000
const MAX_CHANGED_LINES = 200

/** With an end to its last line, which would else be told of as a change. */
const ended = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

/**
 * What changed from one text to another, as a unified diff without file names.
 * @returns undefined when more changed than a diff is good for, or nothing but the last line break.
 */
export const textDiff = (before: string, after: string): string | undefined => {
  const lines = [before, after].reduce((sum, text) => sum + text.split('\n').length, 0)
  if (lines > MAX_LINES) return undefined
  const options = { context: 3, maxEditLength: MAX_CHANGED_LINES, headerOptions: OMIT_HEADERS }
  return createPatch('', ended(before), ended(after), '', '', options)?.trimEnd() || undefined
}

/** The body of the approved text: nothing where it is the same, a diff where that is shorter, else the whole, cut to `bytes`. */
const shownBody = (
  approved: string,
  body: string,
  bytes: number,
): Pick<ApprovedText, 'diff' | 'body' | 'body_truncated'> => {
  if (approved === body) return {}
  const diff = textDiff(approved, body)
  if (diff !== undefined && diff.length < approved.length && Buffer.byteLength(diff) <= bytes) return { diff }
  const shown = cutText(approved, bytes)
  return { body: shown, ...(shown === approved ? {} : { body_truncated: true }) }
}

/**
 * The text that was approved last, while the present one differs from it.
 * @param bytes for its body.
 */
export const toApprovedText = (
  { title, body, approved_text }: Pick<TaskState, 'title' | 'body' | 'approved_text'>,
  bytes: number,
): { approved_text?: ApprovedText } => {
  if (!approved_text || (approved_text.title === title && approved_text.body === body)) return {}
  return {
    approved_text: {
      title: approved_text.title,
      ...shownBody(approved_text.body, body, bytes),
      approved_by: approved_text.by,
      ...(approved_text.at ? { approved_at: approved_text.at.toISOString() } : {}),
    },
  }
}
