// Which status of a task may follow which, and which change is an approval. Pure.
import type { TaskStatus } from '../define/common.ts'

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

/** A task's status, and who approved it. */
type Standing<Approver> = Readonly<{ status: TaskStatus; approved_by: Approver | null }>

/** The approval that still counts. What was approved once is done when it ships: to begin anew it is approved anew. */
export const approvalOf = <Approver>({ status, approved_by }: Standing<Approver>): Approver | null =>
  status === 'shipped' ? null : approved_by

/** Whether changing to a status approves the task. */
export const approves = (from: Standing<unknown>, to: TaskStatus): boolean =>
  NEEDS_APPROVAL.has(to) && approvalOf(from) === null

/** The statuses to which somebody may change a task now. */
export const nextStatuses = (from: Standing<unknown>, may_approve: boolean): readonly TaskStatus[] =>
  TRANSITIONS[from.status].filter((to) => may_approve || !approves(from, to))
