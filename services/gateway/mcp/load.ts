// Counts the tool calls under way in this process, and refuses more than it can hold.
import { AppError } from '../../../shared/contracts/define/errors.ts'

/** Most tool calls under way in one gateway. More are refused at once, instead of waiting in memory. */
const MAX_CALLS = 512
/** When a refused caller may come back (ms). */
export const RETRY_AFTER_MS = 1_000

export type Load = Readonly<{
  full: () => boolean
  /**
   * Counts a call.
   * @returns a function that takes it off the count.
   * @throws AppError `unavailable` when there are too many.
   */
  enter: () => () => void
}>

/** The error for a call that is refused because there are too many. */
export const tooBusy = (): AppError =>
  new AppError('unavailable', 'This server is busy with too many calls; nothing was done.', {
    retry_after_ms: RETRY_AFTER_MS,
  })

/** Starts counting from zero. */
export const createLoad = (max: number = MAX_CALLS): Load => {
  let underWay = 0
  const full = (): boolean => underWay >= max
  return {
    full,
    enter: () => {
      if (full()) throw tooBusy()
      underWay += 1
      let left = false
      return () => {
        if (!left) underWay -= 1
        left = true
      }
    },
  }
}
