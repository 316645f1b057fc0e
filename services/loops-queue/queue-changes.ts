// Changes the order of loops, by compare-and-set.
//
// A change of a loop's status is written in the loop, with a mark; the order catches up with it. Every writer of the order
// does so on the way, so that nobody waits for a particular one, and nothing is lost when that one dies.
import { actorOf, type Call, type MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { coalesced } from '../../shared/process/coalesce.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import { type Because, OUTBOX_EVENTS } from '../../shared/storage/aggregate.ts'
import { type Attempt, changeByRequest, type Decided, untilSaved } from '../../shared/storage/command.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import type { LoopStore, StandingDoc, StandingRow } from './loop-store.ts'
import { isOf, type KnownOrder, type OrderCache, orderCache } from './queue-cache.ts'
import type { Places } from './queue-history-rules.ts'
import {
  type Observed,
  observeAll,
  publicIds,
  queueReader,
  type Seen,
  standingsOf,
  viewQueue,
  withChanged,
} from './queue-reading.ts'
import { type Change, catchUp, MAX_STEPS, type Step, withVersions } from './queue-rules.ts'
import type { QueueDoc, QueueStore } from './queue-store.ts'
import type { Turns } from './turns.ts'

/** What a command decides on an order: the new places, the change for its event, and the answer once they are saved. */
export type Reordering<R> = Readonly<{ places: Places; change: Change; result: R }>

/** What the caller of a change of the order said about it. */
export type OrderAsked = Readonly<{
  request?: Repeatable | undefined
  expected_version?: number | undefined
  /** The refusal of a version that is not the present one. */
  conflict?: (seen: Seen, queue: QueueDoc, expected: number) => Promise<AppError>
}>

/**
 * Decides on an order: gives the change, or only an answer when there is nothing to change; undefined when what it was given
 * is outdated.
 */
export type DecideOrder<R> = (seen: Seen) => Promise<Reordering<R> | Readonly<{ result: R }> | undefined>

/** The ways to the queues. @see queues */
export type Queues = Readonly<{
  /** The queue as the caller sees it. Depends on no write. */
  read: (call: MemberCall) => Promise<Seen>
  /**
   * Brings the order of a workspace up to date with its loops.
   * @throws AppError `unavailable` when it cannot be saved now.
   */
  catchUp: (ws: string) => Promise<void>
  /**
   * Runs `writeLoop`, which changes a loop's status, and then the order catches up. Once the loop is written, the answer is
   * that of success whatever happens: what could not be saved is marked in the loop, and the next writer saves it.
   * @param writeLoop given the queue before.
   * @param between called when the loop is written and the queue is not.
   */
  changeLoopThenQueue: <W extends Readonly<{ loop: StandingDoc }>>(
    call: MemberCall,
    writeLoop: (before: Seen) => Promise<W>,
    between: () => void,
  ) => Promise<W & { seen: Seen }>
  /**
   * Decides on the newest order and saves, again while others are first. A repeated request gets its first answer. An order
   * that is already as the command would make it is answered on any version, like a loop (changeLoop).
   * @throws AppError `unavailable` when others were first too often; `idempotency_conflict`; what `decide` throws.
   */
  change: <R>(call: MemberCall, asked: OrderAsked, decide: DecideOrder<R>) => Promise<R>
}>

type Deps = Readonly<{
  loops: LoopStore
  store: QueueStore
  turns: Turns
  ids: Ids
  clock: Pick<Clock, 'monotonicMs'>
  log: Log
}>

/** How often a writer looks at all active loops: an earlier release leaves no mark on a loop that it changes (ms). */
const LOOK_MS = 30_000
/** Time for catching up, whoever waits for it (ms). */
const CATCH_UP_MS = 5_000
/** How long before its end a call is answered with what is known (ms). */
const ANSWER_MS = 500
/** Tries of a change of the order: many instances may want to be next. */
const MAX_ORDER_TRIES = 64

/** Rejects when it is time to answer a call with what is known. */
const inTime = async <R>(call: Pick<Call, 'remainingMs'>, work: Promise<R>): Promise<R> => {
  const late = Promise.withResolvers<never>()
  const refuse = () => late.reject(new AppError('timeout', 'The time for this request has almost run out.'))
  const timer = setTimeout(refuse, Math.max(0, call.remainingMs() - ANSWER_MS))
  return await Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

/** A queue as a writer observed it, and when all active loops were last looked at for it (ms). */
type Loaded = Observed<QueueDoc> & Pick<KnownOrder, 'looked_ms'>

/** Loads queues for writers, and remembers and unmarks what they have saved. */
const writerAccess = ({ loops, store, clock, log }: Deps, cache: OrderCache) => {
  /** From what is known of this state, instead of all active loops, unless the last look at them is too long ago. */
  const observe = async (queue: QueueDoc): Promise<Loaded> => {
    const now = clock.monotonicMs()
    const marked = await loops.listUnqueued(queue.ws)
    const known = cache.get(queue.ws)
    if (!known || !isOf(known, queue) || now - known.looked_ms > LOOK_MS)
      return { ...(await observeAll(loops, queue, marked)), looked_ms: now }
    const { open, unmarked, looked_ms } = known
    return { queue, standings: await standingsOf(loops, queue.ws, marked, unmarked), open, looked_ms }
  }
  /** Caches the state that was saved. */
  const keep = ({ standings, open, looked_ms }: Loaded, saved: QueueDoc): void => {
    const { outbox: _, ledger: __, ...queue } = saved
    const added = publicIds(standings)
    const known = added.every((id) => open.has(id)) ? open : new Set([...open, ...added])
    cache.put(saved.ws, { queue: { ...queue, log: [] }, open: known, unmarked: [], looked_ms })
  }
  /** Removes the marks of changes that the order has. Nobody waits: a mark that stays is looked at once more. */
  const unmark = ({ queue, standings }: Loaded): void => {
    const rows = standings.filter((one): one is StandingRow => one.status !== 'gone')
    loops
      .markQueued(queue.ws, rows)
      .catch((error: unknown) => log.debug('marks of loops stay for now', { error }))
  }
  return {
    /** A queue, and the versions that bring it up to date. */
    load: async (ws: string) => {
      const queue = await store.load(ws)
      const loaded = await observe(queue)
      const room = Math.min(MAX_STEPS, OUTBOX_EVENTS - queue.outbox.length)
      return { loaded, ...catchUp(queue, loaded.standings, Math.max(1, room)) }
    },
    /** To be called with the queue that was saved, all its versions included. */
    saved: (loaded: Loaded, saved: QueueDoc): void => {
      keep(loaded, saved)
      unmark(loaded)
    },
  }
}
type WriterAccess = ReturnType<typeof writerAccess>

/** Lets orders catch up with their loops: one run per workspace at a time, for all who wait for it. */
const catchingUp = ({ store, turns, ids, clock }: Deps, { load, saved }: WriterAccess) => {
  /**
   * Saves these versions. Marks for which there is no version may go only from a queue that is confirmed: another instance
   * may have read one of these loops before it changed, and would save an outdated status, with no mark left to show it.
   */
  const save = async ({ queue, standings }: Loaded, steps: readonly Step[]) => {
    if (steps.length > 0) return await store.save(queue, withVersions(queue, steps), {})
    return standings.some(({ unqueued }) => unqueued !== undefined) ? await store.confirm(queue) : queue
  }
  return coalesced(async (ws): Promise<Observed<QueueDoc>> => {
    const until = clock.monotonicMs() + CATCH_UP_MS
    const time = { remainingMs: () => until - clock.monotonicMs() }
    const attempt = async () => {
      const { loaded, steps, complete } = await load(ws)
      const queue = await save(loaded, steps)
      if (!queue || !complete) return undefined
      saved(loaded, queue)
      return { ...loaded, queue }
    }
    const patience = { ...time, max_tries: MAX_ORDER_TRIES }
    return await turns.run(ws, time, () => untilSaved(attempt, ids.random, patience))
  })
}

/** One try of a change of the order; undefined: the order had to catch up first, try again. */
const attemptChange = async <R>(
  { loops, store }: Deps,
  { load, saved }: WriterAccess,
  call: MemberCall,
  conflict: OrderAsked['conflict'],
  decide: DecideOrder<R>,
): Promise<Attempt<QueueDoc, R, QueueDoc> | undefined> => {
  const { loaded, steps, complete } = await load(call.caller.workspace_id)
  const { queue } = loaded
  if (!complete) {
    await store.save(queue, withVersions(queue, steps), { call })
    return undefined
  }
  const seen = await viewQueue(loops, call.caller, loaded)
  const save = async ({ places, change }: Reordering<R>, because: Because) => {
    const all = [...steps, { places, change, by: actorOf(call.caller) }]
    const next = await store.save(queue, withVersions(queue, all), because)
    if (next) saved(loaded, next)
    return next
  }
  return {
    document: queue,
    version: seen.version,
    decide: async (): Promise<Decided<R, QueueDoc> | undefined> => {
      const decided = await decide(seen)
      if (!decided) return undefined
      const { result } = decided
      if ('change' in decided) return { result, save: (because) => save(decided, because) }
      if (steps.length === 0) return { result }
      // The answer names a version: it has to be saved, or somebody else could make another one of that number.
      await store.save(queue, withVersions(queue, steps), { call })
      return undefined
    },
    ...(conflict ? { conflict: (expected: number) => conflict(seen, queue, expected) } : {}),
  }
}

/** Opens the ways to the queues. */
export const queues = (deps: Deps): Queues => {
  const { loops, store, turns, ids, log } = deps
  const cache = orderCache()
  const read = queueReader(deps, cache)
  const access = writerAccess(deps, cache)
  const catchUpNow = catchingUp(deps, access)

  /** The queue once it has caught up with a changed loop, or as it will be then. */
  const readAfter = async (call: MemberCall, before: Seen, loop: StandingDoc): Promise<Seen> => {
    try {
      const observed = await inTime(call, catchUpNow(loop.ws))
      return await inTime(call, viewQueue(loops, call.caller, observed))
    } catch (error) {
      log.warn('an order catches up with a loop later', { workspace_id: loop.ws, loop_id: loop._id, error })
    }
    return await inTime(call, read(call)).catch(() => withChanged(before, loop))
  }

  return {
    read,
    catchUp: async (ws) => void (await catchUpNow(ws)),

    changeLoopThenQueue: async (call, writeLoop, between) => {
      const before = await read(call)
      const written = await writeLoop(before)
      between()
      return { ...written, seen: await readAfter(call, before, written.loop) }
    },

    change: async (call, { request, expected_version, conflict }, decide) => {
      const patience = { max_tries: MAX_ORDER_TRIES, remainingMs: call.remainingMs }
      const attempt = () => attemptChange(deps, access, call, conflict, decide)
      const work = () =>
        changeByRequest(store, { call, request, expected_version }, attempt, ids.random, patience)
      return (await turns.run(call.caller.workspace_id, call, work)).result
    },
  }
}
