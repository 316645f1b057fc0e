// Which text of a task is approved: approvals of a text, and how a change of the text withdraws them. Pure.
//
// Work is handed out in the statuses that need an approval, so in those the text is always the approved one: whoever may
// not approve and changes it takes the approval back with the same write.
import type { Actor } from '../../shared/contracts/define/common.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { changeStatus, type Editor, type Standing } from './status-rules.ts'

/** An approval, and the revision of the text that it is of. */
export type Approval = Readonly<{ by: Actor; at: Date; rev: number }>
type Texts = Readonly<{ title: string; body: string }>
/** What a task says of its approval. Tasks of earlier releases say only who approved them. */
export type Approvals = Readonly<{
  /** Grows with each change of title or body; absent: 1. */
  text_rev?: number | undefined
  /** Present while `approved_by` is. */
  approval?: Approval | undefined
  /** The text that was approved last, from the moment its approval is withdrawn until the next one. */
  approved_text?: (Texts & Readonly<{ by: Actor; at: Date | null }>) | undefined
}>

/** A task as an approval sees it. */
type Approvable = Standing & Texts & Approvals

/** The revision of a task's text: 1 for one that never changed. */
export const revOf = ({ text_rev = 1 }: Pick<Approvals, 'text_rev'>): number => text_rev

/**
 * The standing of a task once its text is another one.
 * @throws AppError `forbidden` while somebody works from the text, unless its editor may approve.
 */
const standingWithText = (before: Standing, { may_approve }: Editor): Standing => {
  const { status, approved_by } = before
  if (may_approve || status === 'shipped') return before
  if (status === 'in_progress')
    throw new AppError(
      'forbidden',
      'Somebody works from this text. Changing it needs the scope loops:approve.',
      {
        hint: 'Say it with add_comment instead, or ask a person who may approve to change the text.',
        details: { scope: 'loops:approve' },
      },
    )
  if (approved_by === null) return before
  return { status: status === 'approved' ? 'open' : status, approved_by: null }
}

/**
 * The standing and the approval of a task after a change of its status, its text or both.
 * @throws AppError `invalid_transition` or `forbidden` as `changeStatus` does; `forbidden` for a text in work.
 */
export const approvalAfter = (
  before: Approvable,
  after: Texts & Readonly<{ status?: Standing['status'] | undefined }>,
  by: Editor,
  now: Date,
): Standing & Approvals => {
  const rewritten = after.title !== before.title || after.body !== before.body
  const from = rewritten ? standingWithText(before, by) : before
  const standing = changeStatus(from, after.status ?? from.status, by)
  const text_rev = rewritten ? revOf(before) + 1 : before.text_rev
  const kept = {
    status: standing.status,
    approved_by: standing.approved_by,
    text_rev,
    approval: before.approval,
    approved_text: before.approved_text,
  }
  const was = before.approved_by
  const approves =
    standing.approved_by !== null &&
    (was === null ||
      (before.status === 'shipped' && standing.status !== 'shipped') ||
      (rewritten && by.may_approve))
  if (approves) {
    const approval = { by: by.actor, at: now, rev: text_rev ?? 1 }
    return { ...kept, approved_by: by.actor, approval, approved_text: undefined }
  }
  const withdrawn = was !== null && (standing.approved_by === null || rewritten)
  if (!withdrawn) return kept
  const { title, body, approval, approved_text } = before
  return {
    ...kept,
    ...(standing.approved_by === null ? { approval: undefined } : {}),
    approved_text: approved_text ?? { title, body, by: was, at: approval?.at ?? null },
  }
}

/** Whether a change took back an approval that nobody asked to take back: its editor has to hear of it. */
export const withdrawsApproval = (before: Approvable, after: Approvable): boolean =>
  before.approved_by !== null &&
  after.approved_by === null &&
  (after.title !== before.title || after.body !== before.body)
