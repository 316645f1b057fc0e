// What a change of a task's status makes of it and of its approval. Pure.
import type { Actor, TaskStatus } from '../../shared/contracts/define/common.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { approvalOf, approves, TRANSITIONS } from '../../shared/contracts/tasks/transitions.ts'

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
  if (!approves(from, to)) return { status: to, approved_by: approvalOf(from) }
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
