// The one meaning of "ready for work", for next work, lists, counts and the index behind them. Pure.
//
// The status comes first: a task that is not approved is never ready. Whatever else forbids work is stored with the task
// as `ready: false`, by every write. So for a task that an earlier release wrote, also during an upgrade, the status alone
// decides. Whether the task's loop is active and visible is not known here: callers ask only about such loops.
import type { TaskStatus } from '../../shared/contracts/define/common.ts'

/** The status that a task must have for work on it to begin. */
export const READY_STATUS = 'approved' satisfies TaskStatus

/** What decides whether a task is ready. */
export type Readiness = Readonly<{ status: TaskStatus; open_blockers?: number | undefined }>
/** What is stored: `ready` is false where the status would let work begin and something else does not. */
export type StoredReadiness = Readonly<{ status: TaskStatus; ready?: false | undefined }>

/** Whether work on a task may begin: it is approved, and everything that it waits for is done. */
export const isReady = ({ status, open_blockers = 0 }: Readiness): boolean =>
  status === READY_STATUS && open_blockers === 0

/** What is stored with a task about its readiness. */
export const storedReady = (task: Readiness): StoredReadiness['ready'] =>
  task.status === READY_STATUS && !isReady(task) ? false : undefined

/** Whether work on a stored task may begin, as part of a query. */
export const READY = { status: READY_STATUS, ready: { $ne: false } } as const

/** Whether a stored task has the status for work and still waits for something. */
export const isHeldBack = ({ status, ready }: StoredReadiness): boolean =>
  status === READY_STATUS && ready === false
