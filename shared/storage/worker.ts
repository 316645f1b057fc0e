// Does pending work: claims it, proves each claim just before its work begins, and records how it ended.
//
// Any number of workers may run. What a dead one had claimed goes to another when the lease expires.
import type { Clock } from '../process/clock.ts'
import { gather } from '../process/gather.ts'
import { pause, type Repeating, repeat, within } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import type { Share } from './fair.ts'
import { TERM_MS } from './lease.ts'
import type { Ending, PendingWork, Work } from './pending-work.ts'
import { type Item, openWorkInHand, type WorkInHand } from './work-in-hand.ts'

/** How much one worker takes on. */
export type Limits = Readonly<{
  /** The most it holds: enough that it never idles until the next claim. */
  hold: number
  /** How much more of the first lane it holds, so that urgent work finds room in a full worker. */
  reserve: number
  /** How much it does at once. */
  parallel: number
  /**
   * How much may be begun and not yet recorded. Only this much can be done twice, if the process dies or loses the database
   * for longer than a lease.
   */
  unrecorded: number
}>

/** What `perform` can ask while it works. */
export type WorkContext = Readonly<{
  /** Whether the claim still counts. Ask just before doing what cannot be undone. */
  isHeld: () => boolean
  /** Aborted when the process can wait no longer. */
  signal: AbortSignal
}>

export type WorkerDeps<T extends Work, P> = Readonly<{
  pending: Pick<PendingWork<T>, 'claim' | 'renew' | 'release' | 'record'>
  /**
   * Looks up what claimed work needs, all at once, before any of it begins. Answers in the order of what was claimed. When it
   * fails, the work is given back.
   */
  prepare: (claimed: readonly T[]) => Promise<readonly P[]>
  /** Does one piece of work; never rejects. `afterwards` runs once the ending is recorded. */
  perform: (
    prepared: P,
    work: T,
    context: WorkContext,
  ) => Promise<Ending<T> & Readonly<{ afterwards?: () => Promise<unknown> }>>
  limits: Limits
  /** How much of `limits.hold` the worker may hold now; all of it when absent. */
  room?: (hold: number) => number
  /** The first one is by workspace. */
  shares: readonly Share[]
  clock: Pick<Clock, 'now' | 'monotonicMs'>
  random: () => number
  log: Log
  term_ms?: number
  /** How long to wait between two looks for what several workers look for (ms); the same when absent. */
  shared?: (interval_ms: number) => number
}>

/** A worker. `nudge` says that there is new work. */
export type Worker = Repeating &
  Readonly<{
    /** Gives back everything that has not begun; it may be claimed again from `due_at` on. */
    giveBack: (due_at: Date) => Promise<void>
  }>

/** How often to look for due work without a nudge (ms). Where several workers find none, they share the look. */
const POLL_MS = 1_000
/** How often leases are renewed within a term. */
const RENEWALS = 4
/** How long work that could not be prepared waits before it may be claimed again (ms). */
const UNPREPARED_MS = 2_000
/** The pause between tries to record (ms), and their number: together longer than a change of primary takes. */
const RECORD_PAUSE_MS = 500
const RECORD_TRIES = 120
/**
 * The most that each step of an orderly stop may take (ms): the claim under way, giving back, what has begun, and what was
 * then aborted. Together less than STOP_TIMEOUT_MS.
 */
export const STOP_STEPS_MS = { look: 4_000, give_back: 3_000, finish: 12_000, end: 5_000 } as const

const same = (value: number): number => value

/** Records endings in batches, and keeps trying: work that is done but not recorded would be done again. */
const openRecorder = <T extends Work>(
  { pending, log, limits }: Pick<WorkerDeps<T, unknown>, 'pending' | 'log' | 'limits'>,
  stop: AbortSignal,
) => {
  let stuck = false
  const write = async (batch: readonly Ending<T>[]): Promise<void> => {
    for (let tries = 1; ; tries += 1)
      try {
        const lost = await pending.record(batch)
        stuck = false
        if (lost > 0)
          log.warn('leases expired before their work was recorded; it may be done twice', { lost })
        return
      } catch (error) {
        stuck = true
        if (tries === RECORD_TRIES || stop.aborted) throw error
        await pause(RECORD_PAUSE_MS, stop)
      }
  }
  return {
    record: gather<Ending<T>>(limits.hold, write),
    /** Whether recording waits for the database. A claim now might take what has yet to be recorded. */
    isStuck: (): boolean => stuck,
  }
}

/** Does the work in hand, as much at once as the limits allow, and records it. `onDone` is called after each piece. */
const openPerformer = <T extends Work, P>(
  deps: WorkerDeps<T, P>,
  inHand: WorkInHand<T, P>,
  onDone: () => void,
) => {
  const { clock, log, limits } = deps
  const stop = new AbortController()
  const recorder = openRecorder(deps, stop.signal)
  const begun = new Set<Promise<void>>()
  let busy = 0
  const run = async (item: Item<T, P>): Promise<void> => {
    busy += 1
    const isHeld = (): boolean => item.until_ms > clock.monotonicMs()
    const { afterwards, ...ending } = await deps.perform(item.prepared, item.work, {
      isHeld,
      signal: stop.signal,
    })
    busy -= 1
    begin()
    try {
      await recorder.record(ending)
      log.debug('work recorded', { id: item.work._id, attempts: item.work.attempts, ...ending.set })
      await afterwards?.()
    } catch (error) {
      log.warn('the end of some work was not recorded in full', { id: item.work._id, error })
    }
  }
  /** Begins as much as there is room for, and proves the claims of what comes next. */
  const begin = (): void => {
    while (busy < limits.parallel && begun.size < limits.unrecorded) {
      const item = inHand.take()
      if (!item) break
      // This process stood still for longer than a lease lasts: by now the work may be another worker's.
      if (item.until_ms <= clock.monotonicMs()) {
        inHand.drop(item)
        continue
      }
      const work = run(item).finally(() => {
        begun.delete(work)
        inHand.drop(item)
        begin()
        onDone()
      })
      begun.add(work)
    }
    void inHand.confirm().then(
      (isNew) => isNew && begin(),
      (error: unknown) => log.warn('claims were not confirmed; their work waits', { error }),
    )
  }
  return {
    begin,
    isStuck: recorder.isStuck,
    /** Waits for everything that has begun. */
    finish: () => Promise.allSettled([...begun]),
    abort: () => stop.abort(),
  }
}

/**
 * Starts a worker.
 * @returns disposing claims no more, gives back what has not begun, and waits for what has, within STOP_STEPS_MS.
 */
export const startWorker = <T extends Work, P>(deps: WorkerDeps<T, P>): Worker => {
  const { pending, clock, log, limits, random, term_ms = TERM_MS, room = same, shared = same } = deps
  const inHand = openWorkInHand<T, P>({ ...deps, parallel: limits.parallel })
  let more = false
  /** Whether the last look found nothing to do. */
  let idle = false
  const performer = openPerformer(deps, inHand, () => {
    // A claim of many costs less than many claims: so not before half of the room is free.
    if (more && inHand.size() <= limits.hold / 2) polling.nudge()
  })

  const claim = async (hold: number): Promise<number> => {
    const due = await pending.claim({
      room: hold - inHand.size(),
      reserve: hold === limits.hold ? limits.reserve : 0,
      inHand: inHand.works(),
    })
    more = due.more
    const works = due.claimed.map(({ work }) => work)
    if (works.length === 0) return 0
    const proven_ms = clock.monotonicMs()
    try {
      inHand.add(due.claimed, await deps.prepare(works), proven_ms)
    } catch (error) {
      log.warn('claimed work could not be prepared; it is given back', { count: works.length, error })
      await pending.release(works, new Date(clock.now().getTime() + UNPREPARED_MS))
    }
    return works.length
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    performer.begin()
    const hold = room(limits.hold)
    if (signal.aborted || hold === 0 || performer.isStuck()) return
    const claimed = await claim(hold)
    idle = claimed === 0 && inHand.size() === 0
    performer.begin()
    // Rows that were passed over may hide others. With nothing in hand, nothing else would cause another look.
    if (more && (claimed > 0 || inHand.size() === 0)) polling.nudge()
  }
  const giveBack = (due_at: Date): Promise<void> => pending.release(inHand.takeUnbegun(), due_at)
  const polling = repeat(look, { interval_ms: () => (idle ? shared(POLL_MS) : POLL_MS), log, random })
  const renewing = repeat(inHand.renew, { interval_ms: term_ms / RENEWALS, log, random })
  return {
    nudge: polling.nudge,
    giveBack,
    [Symbol.asyncDispose]: async () => {
      await within(STOP_STEPS_MS.look, polling[Symbol.asyncDispose]())
      const given = giveBack(clock.now()).catch((error: unknown) =>
        log.warn('work was not given back; its leases will expire', { error }),
      )
      await within(STOP_STEPS_MS.give_back, given)
      await within(STOP_STEPS_MS.finish, performer.finish())
      performer.abort()
      await within(
        STOP_STEPS_MS.end,
        Promise.allSettled([performer.finish(), renewing[Symbol.asyncDispose]()]),
      )
    },
  }
}
