// The one way to a queue: reads it in line with which loops are active, and changes it by compare-and-set. What a loop's
// change still owes the order is in the loop itself: a reader takes it into account in memory, and every writer saves it
// on the way, so that nobody waits for a particular one, and nothing is lost when that one dies.

import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import { type Because, OUTBOX_EVENTS, untilSaved } from '../../shared/storage/aggregate.ts'
import { changeByRequest } from '../../shared/storage/command.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import { coalesced } from './coalesce.ts'
import type { LoopStore, StandingDoc, StandingRow, Viewer } from './loop-store.ts'
import { isOf, type KnownOrder, orderCache } from './queue-cache.ts'
import {
  broughtInLine,
  type Change,
  catchUp,
  HEAD_LOOPS,
  MAX_STEPS,
  orderAt,
  orderOf,
  type Places,
  type Standing,
  type Step,
  visibleOrder,
  withVersions,
} from './queue-rules.ts'
import type { OrderDoc, QueueDoc, QueueStore } from './queue-store.ts'
import type { Turns } from './turns.ts'

/** A queue in line, as one caller sees it. */
export type Seen = Readonly<{
  /** The version that the order has, or will have once what loops owe it is saved. */
  version: number
  places: Places
  /** The whole order, hidden loops included. */
  order: readonly string[]
  hidden: ReadonlySet<string>
  visible: readonly string[]
  /** The stored version that the order was read at. */
  read_at: number
  /**
   * What the caller would have seen of the order as it was stored at an earlier version; `visible` itself where that is
   * what they see now; undefined: too long ago.
   */
  visibleAt: (version: number) => readonly string[] | undefined
}>

/** A queue with what its loops say of themselves where that may be out of line. */
type Found<Q extends OrderDoc | QueueDoc> = Readonly<{
  queue: Q
  standings: readonly (Standing & Readonly<{ visibility?: 'public' | 'private'; unqueued?: string }>)[]
  open: ReadonlySet<string>
}>

type Deps = Readonly<{
  loops: LoopStore
  store: QueueStore
  turns: Turns
  ids: Ids
  clock: Pick<Clock, 'monotonicMs'>
  log: Log
}>

/** Loops whose visibility is asked one by one; for more of them all active loops are read. */
const FEW = 200
/** A writer looks at all active loops so often: an earlier release leaves no mark on a loop that it changes (ms). */
const LOOK_MS = 30_000
/** Time that bringing the order in line may take, whoever waits for it (ms). */
const CATCH_UP_MS = 5_000
/** Time before the end of a call at which it is answered with what is known (ms). */
const ANSWER_MS = 500
/** Tries of a change of the order: many instances may want to be the next one. */
const MAX_ORDER_TRIES = 64

/** The first loops of the order that a caller sees. */
export const headOf = (visible: readonly string[]): string[] => visible.slice(0, HEAD_LOOPS)

/** A loop's place in the queue that a caller sees, null when it has none. */
export const priorityIn = ({ visible }: Pick<Seen, 'visible'>, id: string): number | null => {
  const place = visible.indexOf(id)
  return place < 0 ? null : place
}

/** A queue in line, as a person sees it. */
const seenBy = async (
  loops: LoopStore,
  viewer: Viewer,
  { queue, standings, open }: Found<OrderDoc | QueueDoc>,
): Promise<Seen> => {
  const { places, version } = broughtInLine(queue, standings)
  const order = orderOf(places)
  const others = new Set(publicOf(standings))
  const isOpen = (id: string): boolean => open.has(id) || others.has(id)
  const secret = viewer.role === 'owner' ? [] : order.filter((id) => !isOpen(id))
  const own = new Set(secret.length > 0 ? await loops.listOwnActive(viewer) : [])
  const hidden = new Set(secret.filter((id) => !own.has(id)))
  const visible = visibleOrder(order, hidden)
  return {
    places,
    version,
    order,
    hidden,
    visible,
    read_at: queue.v,
    visibleAt: (version) =>
      version === queue.v && places === queue
        ? visible
        : orderAt(queue, version)?.filter((id) => viewer.role === 'owner' || isOpen(id) || own.has(id)),
  }
}

/** What somebody saw, once a loop that they changed is where it belongs. */
const seenWith = (seen: Seen, loop: StandingRow): Seen => {
  const now = broughtInLine({ ...seen.places, v: seen.version }, [loop])
  const order = orderOf(now.places)
  return { ...seen, ...now, order, visible: visibleOrder(order, seen.hidden) }
}

const publicOf = (rows: readonly Readonly<{ _id: string; visibility?: 'public' | 'private' }>[]) =>
  rows.filter(({ visibility }) => visibility === 'public').map(({ _id }) => _id)

/** What loops that bear a mark and some others say of themselves; one that is not there is gone. */
const standingsOf = async (
  loops: LoopStore,
  ws: string,
  marked: readonly StandingRow[],
  others: readonly string[],
): Promise<Found<OrderDoc>['standings']> => {
  const rows = new Map([...marked, ...(await loops.listStandings(ws, others))].map((row) => [row._id, row]))
  const gone = others.filter((id) => !rows.has(id))
  return [...rows.values(), ...gone.map((_id) => ({ _id, status: 'gone' as const, status_key: '' }))]
}

/**
 * The order first, then the truth that it must agree with: a loop that comes or goes in between changes the order's
 * version too, so that a save made from this look finds it changed.
 */
const observe = async <Q extends OrderDoc | QueueDoc>(
  loops: LoopStore,
  queue: Q,
  marked: readonly StandingRow[],
): Promise<Found<Q>> => {
  const active = await loops.listActive(queue.ws)
  const order = orderOf(queue)
  const [wanted, present] = [new Set(active.map(({ _id }) => _id)), new Set(order)]
  const out = [...order.filter((id) => !wanted.has(id)), ...[...wanted].filter((id) => !present.has(id))]
  const standings = await standingsOf(loops, queue.ws, marked, out)
  return { queue, standings, open: new Set(publicOf(active)) }
}

type OrderCache = ReturnType<typeof orderCache>

/** Looks at a queue for a reader: what is known of its present state, and the loops that bear a mark. */
const looker = ({ loops, store, clock }: Pick<Deps, 'loops' | 'store' | 'clock'>, cache: OrderCache) => {
  const learn = async (ws: string, before: KnownOrder | undefined): Promise<KnownOrder> => {
    const looked_ms = clock.monotonicMs()
    const queue = await store.loadOrder(ws)
    const order = orderOf(queue)
    const strangers = before && order.filter((id) => !before.open.has(id))
    if (!strangers || strangers.length > FEW || before.unmarked.length > 0) {
      const { open, standings } = await observe(loops, queue, [])
      return { queue, open, unmarked: standings.map(({ _id }) => _id), looked_ms }
    }
    const found = publicOf(await loops.listStandings(ws, strangers))
    const open = new Set([...order.filter((id) => before.open.has(id)), ...found])
    // Whoever made the new state knew of all loops that bear no mark.
    return { queue, open, unmarked: [], looked_ms: before.looked_ms }
  }
  // The marks first: one that is not there any more is of a change that the order has when it is read after that. What the
  // marked loops say is asked last, when it is no older than the order.
  return async (ws: string): Promise<Found<OrderDoc>> => {
    const marked = await loops.listUnqueued(ws)
    const head = await store.loadHead(ws)
    let known = cache.get(ws)
    if (!known || !isOf(known, head)) {
      known = await learn(ws, known)
      cache.put(ws, known)
    }
    const others = [...marked.map(({ _id }) => _id), ...known.unmarked]
    const standings = await standingsOf(loops, ws, [], others)
    return { queue: known.queue, standings, open: known.open }
  }
}

/** What a command decides on an order: the new places, the event that says so, and the answer once they are saved. */
export type Reordering<R> = Readonly<{ places: Places; change: Change; result: R }>

/** What the caller of a change of the order said about it. */
export type OrderAsked = Readonly<{
  request?: Repeatable | undefined
  expected_version?: number | undefined
  /** The refusal of a version that is not the present one. */
  conflict?: (seen: Seen, queue: QueueDoc, expected: number) => Promise<AppError>
}>

/** The ways to the queues. @see queues */
export type Queues = Readonly<{
  /** The queue as the caller sees it. Depends on no write. */
  read: (call: MemberCall) => Promise<Seen>
  /**
   * Saves what loops owe the order of a workspace.
   * @throws AppError `unavailable` when it cannot be saved now.
   */
  catchUp: (ws: string) => Promise<void>
  /**
   * Runs `writeLoop`, which changes a loop's status, and then brings the order in line. Once the loop is written, the
   * answer is that of success whatever happens: what could not be saved is in the loop, and saved by who comes next.
   * @param writeLoop given the queue before.
   * @param between called when the loop is written and the queue is not.
   */
  changeLoopThenQueue: <W extends Readonly<{ loop: StandingDoc }>>(
    call: MemberCall,
    writeLoop: (before: Seen) => Promise<W>,
    between: () => void,
  ) => Promise<W & { seen: Seen }>
  /**
   * Decides on the newest order and saves, again and again while others are first. A repeated request is answered as
   * it was the first time.
   * @param decide gives the change, or only a result when there is nothing to change; undefined when it found that what it
   * was given is behind.
   * @throws AppError `unavailable` when others were first too often; `idempotency_conflict`; what `decide` throws.
   */
  change: <R>(
    call: MemberCall,
    asked: OrderAsked,
    decide: (seen: Seen) => Promise<Reordering<R> | Readonly<{ result: R }> | undefined>,
  ) => Promise<R>
}>

/** Rejects when a call has to be answered with what is known. */
const inTime = async <R>(call: Pick<Call, 'remainingMs'>, work: Promise<R>): Promise<R> => {
  const late = Promise.withResolvers<never>()
  const refuse = () => late.reject(new AppError('timeout', 'The time of this request is almost over.'))
  const timer = setTimeout(refuse, Math.max(0, call.remainingMs() - ANSWER_MS))
  return await Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

/** What a writer found, and when all active loops were last looked at for it (ms). */
type Observed = Found<QueueDoc> & Pick<KnownOrder, 'looked_ms'>

/** A queue as writers need it, and the versions that are owed to it. */
const observer = ({ loops, store, clock }: Pick<Deps, 'loops' | 'store' | 'clock'>, cache: OrderCache) => {
  /** With what is known of this state instead of a look at all active loops, unless the last one is too long ago. */
  const find = async (queue: QueueDoc): Promise<Observed> => {
    const now = clock.monotonicMs()
    const marked = await loops.listUnqueued(queue.ws)
    const known = cache.get(queue.ws)
    if (!known || !isOf(known, queue) || now - known.looked_ms > LOOK_MS)
      return { ...(await observe(loops, queue, marked)), looked_ms: now }
    const { open, unmarked, looked_ms } = known
    return { queue, standings: await standingsOf(loops, queue.ws, marked, unmarked), open, looked_ms }
  }
  return {
    load: async (ws: string) => {
      const queue = await store.load(ws)
      const found = await find(queue)
      const room = Math.min(MAX_STEPS, OUTBOX_EVENTS - queue.outbox.length)
      return { found, ...catchUp(queue, found.standings, Math.max(1, room)) }
    },
    /** Remembers the state that was made of what was found, with all that was owed to it. */
    keep: ({ standings, open, looked_ms }: Observed, saved: QueueDoc): void => {
      const { outbox: _, ledger: __, ...queue } = saved
      const came = publicOf(standings)
      const known = came.every((id) => open.has(id)) ? open : new Set([...open, ...came])
      cache.put(saved.ws, { queue: { ...queue, log: [] }, open: known, unmarked: [], looked_ms })
    },
  }
}

/** Brings orders in line: one run per workspace at a time, for all who wait for it. */
const catcher = (deps: Deps, cache: OrderCache) => {
  const { loops, store, turns, ids, clock, log } = deps
  const { load, keep } = observer(deps, cache)
  /** The marks go when the order has what they are for. Nobody waits: one that stays is looked at once more. */
  const unmark = (ws: string, { standings }: Found<QueueDoc>): void => {
    const rows = standings.filter((one): one is StandingRow => one.status !== 'gone')
    loops.markQueued(ws, rows).catch((error: unknown) => log.debug('marks of loops stay for now', { error }))
  }
  /**
   * Saves what is owed. Before marks go that nothing was owed for, the queue is confirmed: another instance may have read
   * one of these loops before it changed, and would save what is not so any more, with no mark left to tell of it.
   */
  const settled = async ({ queue, standings }: Found<QueueDoc>, steps: readonly Step[]) => {
    if (steps.length > 0) return await store.save(queue, withVersions(queue, steps), {})
    return standings.some(({ unqueued }) => unqueued !== undefined) ? await store.confirm(queue) : queue
  }
  const run = async (ws: string): Promise<Found<QueueDoc>> => {
    const until = clock.monotonicMs() + CATCH_UP_MS
    const time = { remainingMs: () => until - clock.monotonicMs() }
    return await turns.run(ws, time, () =>
      untilSaved(
        async () => {
          const { found, steps, complete } = await load(ws)
          const saved = await settled(found, steps)
          if (!saved || !complete) return undefined
          keep(found, saved)
          unmark(ws, found)
          return { ...found, queue: saved }
        },
        ids.random,
        { ...time, max_tries: MAX_ORDER_TRIES },
      ),
    )
  }
  return { load, keep, unmark, catchUpNow: coalesced(run) }
}

/** Joins stores and turns to the ways that handlers take. */
export const queues = (deps: Deps): Queues => {
  const { loops, store, turns, ids, log } = deps
  const cache = orderCache()
  const look = looker(deps, cache)
  const { load, keep, unmark, catchUpNow } = catcher(deps, cache)

  const read = async (call: MemberCall): Promise<Seen> => {
    const found = await look(call.caller.workspace_id)
    return await seenBy(loops, call.caller, found)
  }
  /** The queue once the loop's change is in it, or as it will be then. */
  const bringInLine = async (call: MemberCall, before: Seen, loop: StandingDoc): Promise<Seen> => {
    try {
      const found = await inTime(call, catchUpNow(loop.ws))
      return await inTime(call, seenBy(loops, call.caller, found))
    } catch (error) {
      log.warn('an order is brought in line later', { workspace_id: loop.ws, loop_id: loop._id, error })
    }
    return await inTime(call, read(call)).catch(() => seenWith(before, loop))
  }

  return {
    read,
    catchUp: async (ws) => void (await catchUpNow(ws)),

    changeLoopThenQueue: async (call, writeLoop, between) => {
      const before = await read(call)
      const written = await writeLoop(before)
      between()
      return { ...written, seen: await bringInLine(call, before, written.loop) }
    },

    change: async <R>(
      call: MemberCall,
      { request, expected_version, conflict }: OrderAsked,
      decide: (seen: Seen) => Promise<Reordering<R> | Readonly<{ result: R }> | undefined>,
    ): Promise<R> => {
      const ws = call.caller.workspace_id
      const attempt = async () => {
        const { found, steps, complete } = await load(ws)
        if (!complete) {
          await store.save(found.queue, withVersions(found.queue, steps), { call })
          return undefined
        }
        const seen = await seenBy(loops, call.caller, found)
        const save = async ({ places, change }: Reordering<R>, because: Because) => {
          const all = [...steps, { places, change, by: actorOf(call.caller) }]
          const saved = await store.save(found.queue, withVersions(found.queue, all), because)
          if (!saved) return null
          keep(found, saved)
          unmark(ws, found)
          return saved
        }
        return {
          document: found.queue,
          version: seen.version,
          decide: async () => {
            const decided = await decide(seen)
            if (!decided) return undefined
            const { result } = decided
            if ('change' in decided) return { result, save: (because: Because) => save(decided, because) }
            if (steps.length === 0) return { result }
            // The answer names a version: it must be one that stands, not one that somebody else may make first.
            await store.save(found.queue, withVersions(found.queue, steps), { call })
            return undefined
          },
          ...(conflict ? { conflict: (expected: number) => conflict(seen, found.queue, expected) } : {}),
        }
      }
      const patience = { max_tries: MAX_ORDER_TRIES, remainingMs: call.remainingMs }
      const asked = { call, request, expected_version }
      const work = () => changeByRequest(store, asked, attempt, ids.random, patience)
      return (await turns.run(ws, call, work)).result
    },
  }
}
