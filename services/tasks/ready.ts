// The one meaning of "ready for work", for next work, lists, counts and the index behind them. Pure. Whether a task's
// loop is active and visible is not known here: whoever asks names only such loops.
import type { TaskCounts } from '../../shared/contracts/common.ts'

/** What a task must be for work on it to begin, as part of a query. */
export const READY = { status: 'approved' } as const

/** How many of the counted tasks are ready. */
export const countReady = (counts: TaskCounts): number => counts[READY.status]
