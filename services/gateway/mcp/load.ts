// How much this process has in hand: the tool calls under way, and the refusal of more than it can hold. Knows no protocol.
import { AppError } from '../../../shared/contracts/define/errors.ts'

/** Tool calls that one gateway has under way at once; more are refused at once instead of waiting in memory. */
const MAX_CALLS = 512
/** When to come back (ms). */
export const RETRY_AFTER_MS = 1_000

export type Load = Readonly<{
  full: () => boolean
  /**
   * Counts one call in.
   * @returns counts it out again.
   * @throws AppError `unavailable` when there are too many.
   */
  enter: () => () => void
}>

/** The answer to whoever comes when it is full. */
export const tooBusy = (): AppError =>
  new AppError('unavailable', 'Too many calls are under way here; nothing was done.', {
    retry_after_ms: RETRY_AFTER_MS,
  })

/** Starts counting from nothing. */
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
