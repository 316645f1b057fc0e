// Holds calls that wait for something to happen in their workspace, and tries them again when it may have.
//
// They wait here and not in the service that answers them: there each would take one of its few places for requests.
import type { Waits } from '../../../shared/contracts/define/contract.ts'
import type { Passed, Watch } from '../../../shared/events/watch.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import { pause } from '../../../shared/process/lifecycle.ts'
import { createPlaces } from './places.ts'

/** Most calls held in one gateway. One more is answered at once, with what there is now. */
const MAX_HELD = 1_000
/** Most calls held for one connection, so that none takes all the places. */
const MAX_HELD_OF_CONNECTION = 50

/** A call to hold. */
export type Held<T> = Readonly<{
  grant_id: string
  workspace_id: string
  wait_ms: number
  waits: Waits
  /** Aborts when the client has gone. */
  signal: AbortSignal
  attempt: () => Promise<T>
  /** Whether its caller may still make it; asked before each further try. */
  isAllowed: () => Promise<boolean>
  /** Whether there is nothing to answer yet. */
  isEmpty: (answer: T) => boolean
}>

export type HeldCalls = Readonly<{
  /** Makes a call, and again whenever an event gives reason to, until its answer is not empty or its time is over. */
  hold: <T>(held: Held<T>) => Promise<T>
  /** How many are held now. */
  count: () => number
  /** Ends every wait, and holds nothing from now on. */
  end: () => void
}>

/** Whether an event is one that a call waits for. */
export const isAwaited = ({ until }: Waits, passed: Passed): boolean => {
  if (passed === undefined) return true
  const statuses = until[passed.type]
  return statuses === 'any' || (statuses?.includes(String(passed.data.status)) ?? false)
}

/** A wait that can be cut short, any number of times. */
export const interruptible = (signal: AbortSignal) => {
  let [isWoken, wakeNow] = [false, () => {}]
  const wake = (): void => {
    isWoken = true
    wakeNow()
  }
  return {
    wake,
    /** Waits for the next wake-up. @returns whether it came in time. */
    wait: async (wait_ms: number): Promise<boolean> => {
      const woken = new AbortController()
      wakeNow = () => woken.abort()
      signal.addEventListener('abort', wake)
      if (!isWoken) await pause(wait_ms, woken.signal)
      signal.removeEventListener('abort', wake)
      const inTime = isWoken
      isWoken = false
      return inTime
    },
  }
}

/** Starts with none. */
export const createHeldCalls = ({
  watch,
  clock,
  random,
}: Readonly<{ watch: Watch; clock: Clock; random: () => number }>): HeldCalls => {
  const places = createPlaces({ max: MAX_HELD, max_of_connection: MAX_HELD_OF_CONNECTION, random })
  /** The wake-ups of the held calls. */
  const wakes = new Set<() => void>()
  let ended = false
  return {
    hold: async ({ grant_id, workspace_id, wait_ms, waits, signal, attempt, isAllowed, isEmpty }) => {
      const free = wait_ms <= 0 || ended ? undefined : places.take({ grant_id, workspace_id })
      if (!free) return await attempt()
      const end_ms = clock.monotonicMs() + wait_ms
      const { wait, wake } = interruptible(signal)
      const isOver = (): boolean => ended || signal.aborted
      wakes.add(wake)
      // Before the first try, so that nothing passes unheard between that and the wait.
      const leave = watch.listen(workspace_id, (passed) => {
        if (isAwaited(waits, passed)) wake()
      })
      try {
        for (;;) {
          const answer = await attempt()
          if (!isEmpty(answer) || isOver() || !(await wait(end_ms - clock.monotonicMs()))) return answer
          await pause(isOver() ? 0 : places.spread_ms(workspace_id), signal)
          if (isOver() || !(await isAllowed())) return answer
        }
      } finally {
        leave()
        wakes.delete(wake)
        free()
      }
    },
    count: places.count,
    end: () => {
      ended = true
      for (const wake of [...wakes]) wake()
    },
  }
}
