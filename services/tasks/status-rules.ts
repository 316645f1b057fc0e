// Which status of a task may follow which, and which change is an approval. Pure.
import type { Actor, TaskStatus } from '../../shared/contracts/define/common.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'

/** What may follow each status. From open straight to work is for those who may approve: it is an approval as well. */
export const TRANSITIONS: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  open: ['approved', 'rejected', 'on_hold', 'in_progress', 'shipped'],
  approved: ['in_progress', 'on_hold', 'rejected', 'open'],
  in_progress: ['shipped', 'on_hold', 'approved', 'rejected'],
  on_hold: ['open', 'approved', 'in_progress', 'rejected'],
  shipped: ['open', 'approved'],
  rejected: ['open', 'approved'],
}

/** Statuses that a task has only with an approval on record. */
const NEEDS_APPROVAL: ReadonlySet<TaskStatus> = new Set(['approved', 'in_progress', 'shipped'])
/** What was approved once is done when it ships: to begin anew it is approved anew. */
const approvalOf = ({ status, approved_by }: Standing): Actor | null =>
  status === 'shipped' ? null : approved_by
/** Statuses that withdraw the approval on record. */
const WITHDRAWS: ReadonlySet<TaskStatus> = new Set(['open', 'rejected'])

/** A task's status, and who approved it. */
export type Standing = Readonly<{ status: TaskStatus; approved_by: Actor | null }>
/** Who changes something, and whether their token lets them approve. */
export type Editor = Readonly<{ actor: Actor; may_approve: boolean }>

/**
 * The standing after a change of status; the same object when the task has that status already.
 * @throws AppError `invalid_transition`, with the possible ones in `legal`; `forbidden` when the change would be an
 * approval by somebody who may not approve.
 */
export const changeStatus = (from: Standing, to: TaskStatus, by: Editor): Standing => {
  if (from.status === to) return from
  const legal = TRANSITIONS[from.status]
  if (!legal.includes(to))
    throw new AppError('invalid_transition', `A task that is ${from.status} cannot become ${to}.`, {
      hint: `From ${from.status} it can become ${legal.join(', ')}.`,
      details: { from: from.status, to, legal },
    })
  if (WITHDRAWS.has(to)) return { status: to, approved_by: null }
  const approved_by = approvalOf(from)
  if (approved_by !== null || !NEEDS_APPROVAL.has(to)) return { status: to, approved_by }
  if (!by.may_approve)
    throw new AppError(
      'forbidden',
      `Making this task ${to} approves it, which needs the scope loops:approve.`,
      {
        hint: 'Ask a person who may approve to set it to approved, then go on.',
        details: { scope: 'loops:approve' },
      },
    )
  return { status: to, approved_by: by.actor }
}
