// The one meaning of "ready for work", for next work, lists, counts and the index behind them. Pure. Whether a task's
// loop is active and visible is not known here: whoever asks names only such loops.
//
// A task's status comes first: one that is not approved is never ready. Whatever else forbids work is stored beside it as
// `ready: false`, by every write. So a task of an earlier release, or one whose status a replica of it changes during an
// upgrade, is what its status says.
import type { TaskStatus } from '../../shared/contracts/define/common.ts'

/** The status that a task must have for work on it to begin. */
export const READY_STATUS = 'approved' satisfies TaskStatus

/** What decides whether a task is ready. */
export type Readiness = Readonly<{ status: TaskStatus }>
/** A task as it is stored: `false` where its status would let work begin and something else does not. */
export type StoredReadiness = Readonly<{ status: TaskStatus; ready?: false | undefined }>

/** Whether work on a task may begin. */
export const isReady = ({ status }: Readiness): boolean => status === READY_STATUS

/** What is stored of it with the task. */
export const storedReady = (task: Readiness): StoredReadiness['ready'] =>
  task.status === READY_STATUS && !isReady(task) ? false : undefined

/** What a stored task must be for work on it to begin, as part of a query. */
export const READY = { status: READY_STATUS, ready: { $ne: false } } as const

/** Whether a stored task waits for something although it has the status for work. */
export const isHeldBack = ({ status, ready }: StoredReadiness): boolean =>
  status === READY_STATUS && ready === false
