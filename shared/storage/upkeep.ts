// The upkeep of a service: work in the background that one replica does for all, under a turn in the database.
//
// A replica that dies, hangs, is paused or loses its bus loses the turn within seconds, and another goes on. Two may do the
// work at once without harm, because each write names the version that it changes. So nobody waits for a proof of the turn.
import type { Clock } from '../process/clock.ts'
import { type Repeated, type Repeating, type RepeatOptions, repeat } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import type { SweepTurns } from './sweep-turns.ts'
import {
  afterFailure,
  afterLook,
  BEGINNING,
  FAILURES,
  isHeld,
  STAND_BACK_MS,
  STUCK_MS,
  sharedInterval,
  stoodBack,
} from './upkeep-rules.ts'

/** The name of the turn. */
const TURN = 'upkeep'
/** How long work waits to be woken when its process has no turn (ms). It is woken when the process gets it. */
const ASLEEP_MS = 60 * 60_000

/** Repeats work like `repeat` of the lifecycle. */
type Repeat = (work: Repeated, options: RepeatOptions) => Repeating

export type Upkeep = AsyncDisposable &
  Readonly<{
    /**
     * Repeats work as long as this process has the turn. The signal of a run aborts when the turn is lost, or when the work is
     * disposed of. Disposing of any of the work says that the process stops, and gives the turn back.
     */
    repeat: Repeat
    /** Whether this process has the turn now. */
    isOurs: () => boolean
    /**
     * How long this process waits between two looks for work that any replica may do, so that more replicas do not look more
     * often altogether (ms).
     */
    shared: (interval_ms: number) => number
    /** Lets another replica go first, as it may be able to do what this one cannot. Changes nothing without the turn. */
    passOn: () => void
  }>

export type UpkeepDeps = Readonly<{
  turns: Pick<SweepTurns, 'look' | 'release'>
  /** Whether the bus is there. Without it most of the work can do nothing, while another replica may have it. */
  connected: () => boolean
  clock: Pick<Clock, 'monotonicMs'>
  random: () => number
  log: Log
}>

/** A run of work under way: since when (monotonic, ms), and whether it was already found to last too long. */
type Run = { readonly since_ms: number; readonly stop: AbortController; stuck: boolean }

/** The runs that are under way. */
const openRuns = ({ clock }: Pick<UpkeepDeps, 'clock'>) => {
  const runs = new Set<Run>()
  return {
    /** Runs work once. */
    run: async (work: Repeated, signal: AbortSignal): Promise<unknown> => {
      const one: Run = { since_ms: clock.monotonicMs(), stop: new AbortController(), stuck: false }
      const end = (): void => one.stop.abort()
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      runs.add(one)
      try {
        return await work(one.stop.signal)
      } finally {
        runs.delete(one)
        signal.removeEventListener('abort', end)
      }
    },
    abortAll: (): void => {
      for (const { stop } of runs) stop.abort()
    },
    /** Whether a run lasts too long that did not before: it costs its process the turn once. */
    findStuck: (): boolean => {
      const late = [...runs].filter((one) => !one.stuck && clock.monotonicMs() - one.since_ms > STUCK_MS)
      for (const one of late) one.stuck = true
      return late.length > 0
    },
  }
}

/** Takes the turn, keeps it, and wakes the work that sleeps when it is won. */
const startLooking = (
  { turns, connected, clock, random, log }: UpkeepDeps,
  runs: ReturnType<typeof openRuns>,
  works: ReadonlySet<Repeating>,
) => {
  let standing = BEGINNING
  /** Some work found that the process has no turn, and sleeps. */
  let asleep = false
  let failing = false
  let stopping = false
  const isOurs = (): boolean => isHeld(standing, clock.monotonicMs())
  const giveBack = async (wait_ms?: number): Promise<void> => {
    standing = stoodBack(standing, wait_ms)
    runs.abortAll()
    await turns.release(TURN)
  }
  const look = async (): Promise<void> => {
    // A process that still waits for something to start on has no work yet, and leaves the turn to others.
    if (stopping || works.size === 0 || !connected()) return await giveBack()
    if (runs.findStuck() || failing) {
      failing = false
      log.info('another replica may do the upkeep, as something in it fails or takes long here')
      return await giveBack(STAND_BACK_MS)
    }
    try {
      standing = afterLook(standing, await turns.look(TURN))
    } catch (error) {
      standing = afterFailure(standing, clock.monotonicMs())
      throw error
    } finally {
      if (!isOurs()) runs.abortAll()
    }
    if (!asleep || !isOurs()) return
    asleep = false
    for (const work of works) work.nudge()
  }
  const looking = repeat(look, { interval_ms: () => standing.wait_ms, log, random })
  return {
    nudge: looking.nudge,
    isOurs,
    shared: (interval_ms: number): number => sharedInterval(standing, interval_ms, clock.monotonicMs()),
    /** Work sleeps until the turn is won. */
    sleep: (): void => {
      asleep = true
    },
    /** Some work cannot be done here. */
    fail: (): void => {
      if (!isOurs()) return
      failing = true
      looking.nudge()
    },
    /** Gives the turn back for good. */
    stop: (): void => {
      if (stopping) return
      stopping = true
      looking.nudge()
    },
    [Symbol.asyncDispose]: looking[Symbol.asyncDispose],
  }
}

/** Starts to look for the turn. @returns disposing gives it back at once. */
export const openUpkeep = (deps: UpkeepDeps): Upkeep => {
  const runs = openRuns(deps)
  const works = new Set<Repeating>()
  const turn = startLooking(deps, runs, works)
  /** Work that runs only with the turn. */
  const withTurn = (work: Repeated): Repeated => {
    let failures = 0
    return async (signal) => {
      if (!turn.isOurs()) return undefined
      try {
        const found = await runs.run(work, signal)
        failures = 0
        return found
      } catch (error) {
        failures += 1
        // Once in a row of failures: where all replicas fail alike, the turn must not go round.
        if (failures === FAILURES) turn.fail()
        throw error
      }
    }
  }
  return {
    isOurs: turn.isOurs,
    shared: turn.shared,
    passOn: turn.fail,
    repeat: (work, options) => {
      const next = (): number => {
        const { interval_ms } = options
        if (turn.isOurs()) return typeof interval_ms === 'number' ? interval_ms : interval_ms()
        turn.sleep()
        return ASLEEP_MS
      }
      const repeating = repeat(withTurn(work), { ...options, interval_ms: next })
      works.add(repeating)
      if (works.size === 1) turn.nudge()
      return {
        nudge: repeating.nudge,
        [Symbol.asyncDispose]: async () => {
          works.delete(repeating)
          turn.stop()
          await repeating[Symbol.asyncDispose]()
        },
      }
    },
    [Symbol.asyncDispose]: async () => {
      turn.stop()
      await turn[Symbol.asyncDispose]()
      const lost = (error: unknown) => deps.log.debug('a turn was not given back', { error })
      await deps.turns.release(TURN).catch(lost)
    },
  }
}
