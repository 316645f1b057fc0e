// Holds calls that wait for something to happen in their workspace, and tries them again when it may have.
//
// They wait here and not in the service that answers them: there each would take one of its few places for requests.
import type { Waits } from '../../../shared/contracts/define/contract.ts'
import type { Passed, Watch } from '../../../shared/events/watch.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import { pause } from '../../../shared/process/lifecycle.ts'

/** Most calls held in one gateway. One more is answered at once, with what there is now. */
const MAX_HELD = 1_000
/** Most calls held for one connection, so that none takes all the places. */
const MAX_HELD_OF_CONNECTION = 50
/** Held calls of a workspace try again this far apart on average (ms), so that not all run after one task. */
const SPREAD_MS = 10
/** The longest such pause (ms). */
const MAX_SPREAD_MS = 2_000

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
const interruptible = (signal: AbortSignal) => {
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
  /** The wake-ups of the held calls, by connection and by workspace. */
  const places = new Map<() => void, Readonly<{ grant_id: string; workspace_id: string }>>()
  let ended = false
  const countOf = (key: 'grant_id' | 'workspace_id', value: string): number =>
    places.values().reduce((count, place) => (place[key] === value ? count + 1 : count), 0)
  const isFull = (grant_id: string): boolean =>
    places.size >= MAX_HELD || countOf('grant_id', grant_id) >= MAX_HELD_OF_CONNECTION
  const spread_ms = (workspace_id: string): number =>
    random() * Math.min(MAX_SPREAD_MS, countOf('workspace_id', workspace_id) * SPREAD_MS)
  return {
    hold: async ({ grant_id, workspace_id, wait_ms, waits, signal, attempt, isAllowed, isEmpty }) => {
      if (wait_ms <= 0 || ended || isFull(grant_id)) return await attempt()
      const end_ms = clock.monotonicMs() + wait_ms
      const { wait, wake } = interruptible(signal)
      const isOver = (): boolean => ended || signal.aborted
      places.set(wake, { grant_id, workspace_id })
      // Before the first try, so that nothing passes unheard between that and the wait.
      const leave = watch.listen(workspace_id, (passed) => {
        if (isAwaited(waits, passed)) wake()
      })
      try {
        for (;;) {
          const answer = await attempt()
          if (!isEmpty(answer) || isOver() || !(await wait(end_ms - clock.monotonicMs()))) return answer
          await pause(isOver() ? 0 : spread_ms(workspace_id), signal)
          if (isOver() || !(await isAllowed())) return answer
        }
      } finally {
        leave()
        places.delete(wake)
      }
    },
    count: () => places.size,
    end: () => {
      ended = true
      for (const wake of [...places.keys()]) wake()
    },
  }
}
