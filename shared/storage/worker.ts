// Does pending work: claims it, confirms each claim just before what cannot be undone, does some of it at once, and records
// what became of it. Any number of workers may run; what one that died had claimed is another's when the lease ends.
import type { Clock } from '../process/clock.ts'
import { gather } from '../process/gather.ts'
import { pause, type Repeating, repeat, within } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import { countFrom, deal, type Share } from './fair.ts'
import { TERM_MS } from './lease.ts'
import type { Claimed, Ending, PendingWork, Work } from './pending-work.ts'

/** What one worker takes on. */
export type Limits = Readonly<{
  /** In hand at most: enough that nothing pauses until the next claim. */
  hold: number
  /** Further ones of the first lane, so that what is urgent finds room when all hands are full. */
  beyond: number
  /** Done at once. */
  parallel: number
  /**
   * Begun, and not yet recorded: of these alone a second go is possible when this process dies or loses the database for
   * longer than a lease.
   */
  unrecorded: number
}>

/** How work is in hand while it is done. */
export type Hand = Readonly<{
  /** Asked just before what cannot be undone: whether the claim still counts. */
  isHeld: () => boolean
  /** Aborted when the process can wait no longer. */
  signal: AbortSignal
}>

export type WorkerDeps<T extends Work, P> = Readonly<{
  pending: Pick<PendingWork<T>, 'claim' | 'renew' | 'release' | 'settle'>
  /**
   * Looks up what all of a claim need, before any is begun; in the order of what was claimed. When it fails they are given
   * back.
   */
  prepare: (claimed: readonly T[]) => Promise<readonly P[]>
  /** Does one; never rejects. `afterwards` is run once its end is recorded. */
  perform: (
    prepared: P,
    work: T,
    hand: Hand,
  ) => Promise<Ending<T> & Readonly<{ afterwards?: () => Promise<unknown> }>>
  limits: Limits
  /** In hand at most for now, of `hold`. */
  room?: (hold: number) => number
  shares: readonly Share[]
  clock: Pick<Clock, 'now' | 'monotonicMs'>
  random: () => number
  log: Log
  term_ms?: number
}>

/** A worker. */
export type Worker = Repeating &
  Readonly<{
    /** Gives back all that is not begun, to be claimed from then on. */
    giveBack: (due_at: Date) => Promise<void>
  }>

/** How often due work is looked for when nothing has said that there is some (ms). */
const POLL_MS = 1_000
/** Leases are renewed so many times in a term. */
const RENEWALS = 4
/** A claim that was proven at most so long ago needs no further proof (ms). */
const FRESH_MS = 1_000
/** When work is claimed again that could not be prepared (ms). */
const UNPREPARED_MS = 2_000
/** Pause between tries to record what was done (ms), and how many: a database that changes its primary is back by then. */
const RECORD_PAUSE_MS = 500
const RECORD_TRIES = 120
/**
 * An orderly stop, step by step (ms): the look under way, giving back, what is begun, and after that what was told to end.
 * Together less than a process may take (STOP_TIMEOUT_MS).
 */
export const STOP_STEPS_MS = { look: 4_000, give_back: 3_000, finish: 12_000, end: 5_000 } as const

type Item<T, P> = {
  readonly work: T
  readonly prepared: P
  readonly lane: number
  /** Until when it is this worker's, by the monotonic clock, and when that was proven. */
  until_ms: number
  proven_ms: number
}

/** Records what was done, and goes on trying to: what is done and not recorded would be done again. */
const openRecorder = <T extends Work>(
  { pending, log }: Pick<WorkerDeps<T, unknown>, 'pending' | 'log'>,
  max: number,
  stop: AbortSignal,
) => {
  let stuck = false
  const write = async (batch: readonly Ending<T>[]): Promise<void> => {
    for (let tries = 1; ; tries += 1)
      try {
        const lost = await pending.settle(batch)
        stuck = false
        if (lost > 0) log.warn('leases ended before their work was recorded; it may be done twice', { lost })
        return
      } catch (error) {
        stuck = true
        if (tries === RECORD_TRIES || stop.aborted) throw error
        await pause(RECORD_PAUSE_MS, stop)
      }
  }
  return {
    record: gather<Ending<T>>(max, write),
    /** Whether it waits for the database: what may be claimed then is perhaps what it has to record. */
    isStuck: (): boolean => stuck,
  }
}

/** Work in hand that is not begun: first what waits for a proof of its claim, then what has one. */
const openQueue = <T extends Work, P>({ pending, clock, shares, limits }: WorkerDeps<T, P>) => {
  let waiting: readonly Item<T, P>[] = []
  let ready: readonly Item<T, P>[] = []
  let confirming = false
  const fair = shares.slice(0, 1).map(({ field }) => ({ field, most: () => Number.POSITIVE_INFINITY }))
  /** The next few, workspace by workspace, of the first lane that has any. */
  const next = (): readonly Item<T, P>[] => {
    const lane = Math.min(...waiting.map((item) => item.lane))
    const rows = waiting.flatMap((item) => (item.lane === lane ? [{ ...item.work, item }] : []))
    return deal(rows, 2 * limits.parallel, fair, countFrom([], fair)).map(({ item }) => item)
  }
  /** Those among some that are still here: they may have been given back meanwhile. */
  const pass = (
    batch: readonly Item<T, P>[],
    isOwn: (item: Item<T, P>) => boolean,
  ): readonly Item<T, P>[] => {
    const here = new Set(waiting)
    const [own = [], lost = []] = [true, false].map((is) =>
      batch.filter((item) => here.has(item) && isOwn(item) === is),
    )
    const passed = new Set(batch)
    waiting = waiting.filter((item) => !passed.has(item))
    ready = [...ready, ...own]
    return lost
  }
  return {
    add: (items: readonly Item<T, P>[]) => {
      waiting = [...waiting, ...items]
    },
    /** One with a claim that counts; undefined when there is none now. */
    take: (): Item<T, P> | undefined => {
      const [first, ...others] = ready
      ready = others
      return first
    },
    takeAll: (): readonly Item<T, P>[] => {
      const all = [...waiting, ...ready]
      waiting = []
      ready = []
      return all
    },
    /**
     * Proves the claims of the next few, unless that is under way or not needed yet; `onLost` gets those that are somebody
     * else's by now.
     * @returns whether there is something new to take.
     * @throws when the database does not answer: they wait, and end with their leases.
     */
    confirm: async (onLost: (items: readonly Item<T, P>[]) => void): Promise<boolean> => {
      if (confirming || waiting.length === 0 || ready.length >= limits.parallel) return false
      const batch = next()
      const now_ms = clock.monotonicMs()
      const old = batch.filter(({ proven_ms }) => proven_ms + FRESH_MS < now_ms)
      if (old.length === 0) {
        pass(batch, () => true)
        return true
      }
      confirming = true
      try {
        const { ids, until_ms } = await pending.renew(old.map(({ work }) => work))
        for (const item of old) Object.assign(item, { until_ms, proven_ms: now_ms })
        onLost(pass(batch, (item) => !old.includes(item) || ids.has(item.work._id)))
        return true
      } finally {
        confirming = false
      }
    },
  }
}

/**
 * Starts working. `nudge` says that there is new work.
 * @returns disposing claims no more, gives back what was not begun, and waits for what is, within STOP_STEPS_MS.
 */
export const startWorker = <T extends Work, P>(deps: WorkerDeps<T, P>): Worker => {
  const { pending, clock, log, limits, random, term_ms = TERM_MS, room = (hold: number) => hold } = deps
  const held = new Map<string, Item<T, P>>()
  const begun = new Set<Promise<void>>()
  const queue = openQueue(deps)
  const stop = new AbortController()
  const recorder = openRecorder(deps, limits.hold, stop.signal)
  let [busy, more] = [0, false]

  const drop = (items: readonly Item<T, P>[]): void => {
    for (const { work } of items) held.delete(work._id)
  }
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
      log.debug('work settled', { id: item.work._id, attempts: item.work.attempts, ...ending.set })
      await afterwards?.()
    } catch (error) {
      log.warn('what became of some work was not recorded in full', { id: item.work._id, error })
    }
  }
  const begin = (): void => {
    while (busy < limits.parallel && begun.size < limits.unrecorded) {
      const item = queue.take()
      if (!item) break
      // Stood still for longer than a lease: by now it is perhaps somebody else's.
      if (item.until_ms <= clock.monotonicMs()) {
        drop([item])
        continue
      }
      const work = run(item).finally(() => {
        begun.delete(work)
        drop([item])
        begin()
        // Half empty is soon enough: claiming many at once costs less than one by one.
        if (more && held.size <= limits.hold / 2) polling.nudge()
      })
      begun.add(work)
    }
    void queue.confirm(drop).then(
      (isNew) => isNew && begin(),
      (error: unknown) => log.warn('claims were not confirmed; their work waits', { error }),
    )
  }
  const take = async (claimed: readonly Claimed<T>[]): Promise<void> => {
    const works = claimed.map(({ work }) => work)
    const proven_ms = clock.monotonicMs()
    try {
      const prepared = await deps.prepare(works)
      const items = claimed.map(({ work, until_ms, lane }, index) => ({
        ...{ work, until_ms, lane, proven_ms },
        prepared: prepared[index] as P,
      }))
      for (const item of items) held.set(item.work._id, item)
      queue.add(items)
    } catch (error) {
      log.warn('claimed work could not be prepared; it is given back', { count: works.length, error })
      await pending.release(works, new Date(clock.now().getTime() + UNPREPARED_MS))
    }
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    begin()
    const hold = room(limits.hold)
    if (signal.aborted || hold === 0 || recorder.isStuck()) return
    const due = await pending.claim({
      room: hold - held.size,
      beyond: hold === limits.hold ? limits.beyond : 0,
      inHand: [...held.values()].map(({ work }) => work),
    })
    more = due.more
    if (due.claimed.length > 0) await take(due.claimed)
    begin()
    // What was passed over may hide others; and with nothing in hand nobody else would look again.
    if (more && (due.claimed.length > 0 || held.size === 0)) polling.nudge()
  }
  const renew = async (): Promise<void> => {
    const proven_ms = clock.monotonicMs()
    const all = [...held.values()]
    const { ids, until_ms } = await pending.renew(all.map(({ work }) => work))
    for (const item of all) if (ids.has(item.work._id)) Object.assign(item, { until_ms, proven_ms })
  }
  const giveBack = async (due_at: Date): Promise<void> => {
    const untried = queue.takeAll()
    drop(untried)
    await pending.release(
      untried.map(({ work }) => work),
      due_at,
    )
  }
  const polling = repeat(look, { interval_ms: POLL_MS, log, random })
  const renewing = repeat(renew, { interval_ms: term_ms / RENEWALS, log, random })
  return {
    nudge: polling.nudge,
    giveBack,
    [Symbol.asyncDispose]: async () => {
      await within(STOP_STEPS_MS.look, polling[Symbol.asyncDispose]())
      const given = giveBack(clock.now()).catch((error: unknown) =>
        log.warn('work was not given back; its leases will end', { error }),
      )
      await within(STOP_STEPS_MS.give_back, given)
      await within(STOP_STEPS_MS.finish, Promise.allSettled([...begun]))
      stop.abort()
      await within(STOP_STEPS_MS.end, Promise.allSettled([...begun, renewing[Symbol.asyncDispose]()]))
    },
  }
}
