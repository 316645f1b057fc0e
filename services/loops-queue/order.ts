// The one way to a queue: reads it in line with which loops are active, repairs it where a crash left it behind, and
// changes it by compare-and-set. Knows stores and turns; the rules themselves are in queue.ts.
import { actorOf } from '../../shared/actor.ts'
import { untilSaved } from '../../shared/aggregate.ts'
import type { Call, MemberCall } from '../../shared/contract.ts'
import type { Actor } from '../../shared/contracts/common.ts'
import type { Repeatable } from '../../shared/idempotency.ts'
import type { Ids } from '../../shared/ids.ts'
import { advance, type Change, HEAD_LOOPS, orderOf, type Places, settle, visibleOrder } from './queue.ts'
import type { ActiveLoop, LoopStore, Viewer } from './store.ts'
import type { QueueDoc, QueueStore } from './store-queue.ts'
import type { Turns } from './turns.ts'

/** A queue that agrees with which loops are active. */
export type Settled = Readonly<{ queue: QueueDoc; active: readonly ActiveLoop[] }>

/** A settled queue as one caller sees it. */
export type Seen = Readonly<{
  queue: QueueDoc
  version: number
  /** The whole order, hidden loops included. */
  order: readonly string[]
  hidden: ReadonlySet<string>
  visible: readonly string[]
}>

type Deps = Readonly<{ loops: LoopStore; store: QueueStore; turns: Turns; ids: Ids }>
/** Who changes an order, and for which request with which answer. */
type Reason = Readonly<{ by: Actor | null; call: Call; request?: Repeatable | undefined; result?: unknown }>

/** The first loops of the order that a caller sees. */
export const headOf = (visible: readonly string[]): string[] => visible.slice(0, HEAD_LOOPS)

/** A loop's place in the queue that a caller sees, null when it has none. */
export const priorityIn = ({ visible }: Seen, id: string): number | null => {
  const place = visible.indexOf(id)
  return place < 0 ? null : place
}

const seenBy = async (loops: LoopStore, viewer: Viewer, { queue, active }: Settled): Promise<Seen> => {
  const order = orderOf(queue)
  const secret = viewer.role === 'owner' ? [] : active.filter(({ visibility }) => visibility === 'private')
  const hidden = new Set(secret.map(({ _id }) => _id))
  if (hidden.size > 0) for (const id of await loops.listOwnActive(viewer)) hidden.delete(id)
  return { queue, version: queue.v, order, hidden, visible: visibleOrder(order, hidden) }
}

/**
 * The order first, then the truth that it must agree with: a loop that comes or goes in between changes the order's
 * version too, so that a repair made from this look finds it changed.
 */
const observe = async ({ loops, store }: Deps, ws: string): Promise<Settled> => {
  const queue = await store.load(ws)
  return { queue, active: await loops.listActive(ws) }
}

const write = async (
  { store }: Deps,
  { queue, active }: Settled,
  places: Places,
  change: Change,
  { by, ...because }: Reason,
): Promise<Settled | null> => {
  const saved = await store.save(queue, advance(queue, places, change, by), because)
  return saved && { queue: saved, active }
}

/** What is out of line: ids in the order that are not active, and active ones that are not in it. */
const faults = ({ queue, active }: Settled): Readonly<{ gone: string[]; missing: string[] }> => {
  const order = orderOf(queue)
  const present = new Set(order)
  const wanted = new Set(active.map(({ _id }) => _id))
  return {
    gone: order.filter((id) => !wanted.has(id)),
    missing: [...wanted].filter((id) => !present.has(id)),
  }
}

/**
 * One try at a queue in line, the repair being a version of its own; null when another writer was first.
 * @param own a loop left as it stands: its command tells of it.
 */
const repair = async (deps: Deps, at: Settled, call: Call, own?: string): Promise<Settled | null> => {
  const { gone, missing } = faults(at)
  const leaving = gone.filter((id) => id !== own)
  const coming = missing.filter((id) => id !== own)
  if (leaving.length === 0 && coming.length === 0) return at
  const left = new Set(leaving)
  const rest = orderOf(at.queue).filter((id) => !left.has(id))
  const places = settle(at.queue, [...rest, ...coming], await deps.loops.listHeld(at.queue.ws, leaving))
  const change = { loop_ids: [...leaving, ...coming], position: null, order: orderOf(places) }
  return await write(deps, at, places, { change: 'repaired', ...change }, { by: null, call })
}

/** One try at taking a loop into the order or out of it, as its status now asks; null when another was first. */
const follow = async (deps: Deps, at: Settled, call: MemberCall, own: string): Promise<Settled | null> => {
  const { gone, missing } = faults(at)
  const reason = { by: actorOf(call.caller), call }
  if (missing.includes(own)) {
    const places = settle(at.queue, [...orderOf(at.queue), own])
    const position = orderOf(places).indexOf(own)
    return await write(deps, at, places, { change: 'added', loop_ids: [own], position, order: null }, reason)
  }
  if (!gone.includes(own)) return at
  const rest = orderOf(at.queue).filter((id) => id !== own)
  const places = settle(at.queue, rest, await deps.loops.listHeld(at.queue.ws, [own]))
  const change = { change: 'removed', loop_ids: [own], position: null, order: null } as const
  return await write(deps, at, places, change, reason)
}

/** What a command decides on an order: the new places, how they are told, and the answer once they are saved. */
export type Rearrangement<R> = Readonly<{ places: Places; change: Change; result: R }>

/** The ways to the queues. @see queues */
export type Queues = Readonly<{
  /** The queue as the caller sees it. */
  read: (call: MemberCall) => Promise<Seen>
  /**
   * Runs `writeLoop`, which changes a loop's status, and then takes the loop into the order or out of it. No other
   * change of this instance comes in between; what a crash leaves behind between the two, the next reader repairs.
   * @param between called when the loop is written and the queue is not.
   */
  along: <W extends Readonly<{ loop: Readonly<{ _id: string }> }>>(
    call: MemberCall,
    writeLoop: () => Promise<W>,
    between: () => void,
  ) => Promise<W & { seen: Seen }>
  /**
   * Decides on the newest order and saves, again and again while others are first. A repeated request is answered as
   * it was the first time.
   * @param decide gives the change, or only a result when there is nothing to change.
   * @throws AppError `unavailable` when others were first too often; `idempotency_conflict`; what `decide` throws.
   */
  change: <R>(
    call: MemberCall,
    request: Repeatable | undefined,
    decide: (seen: Seen) => Promise<Rearrangement<R> | Readonly<{ result: R }>>,
  ) => Promise<R>
}>

/** Joins stores and turns to the ways that handlers take. */
export const queues = (deps: Deps): Queues => {
  const settleNow = (call: MemberCall, own?: string): Promise<Settled> =>
    untilSaved(async () => {
      const at = await repair(deps, await observe(deps, call.caller.workspace_id), call, own)
      return (at && own !== undefined ? await follow(deps, at, call, own) : at) ?? undefined
    }, deps.ids.random)
  const inTurn = <R>(call: MemberCall, work: () => Promise<R>): Promise<R> =>
    deps.turns.run(call.caller.workspace_id, call, work)

  return {
    read: async (call) => {
      const at = await observe(deps, call.caller.workspace_id)
      const { gone, missing } = faults(at)
      const right = gone.length === 0 && missing.length === 0
      return await seenBy(deps.loops, call.caller, right ? at : await inTurn(call, () => settleNow(call)))
    },

    along: (call, writeLoop, between) =>
      inTurn(call, async () => {
        const written = await writeLoop()
        between()
        const settled = await settleNow(call, written.loop._id)
        return { ...written, seen: await seenBy(deps.loops, call.caller, settled) }
      }),

    change: <R>(
      call: MemberCall,
      request: Repeatable | undefined,
      decide: (seen: Seen) => Promise<Rearrangement<R> | Readonly<{ result: R }>>,
    ) =>
      inTurn(call, () =>
        untilSaved(async () => {
          const at = await repair(deps, await observe(deps, call.caller.workspace_id), call)
          if (!at) return undefined
          const repeat = await deps.store.findRepeat(at.queue, request)
          if (repeat) return repeat.result as R
          const decided = await decide(await seenBy(deps.loops, call.caller, at))
          const { result } = decided
          if ('change' in decided) {
            const reason = { by: actorOf(call.caller), call, request, result }
            return (await write(deps, at, decided.places, decided.change, reason)) ? result : undefined
          }
          const kept =
            request === undefined || (await deps.store.remember(at.queue, { call, request, result }))
          return kept ? result : undefined
        }, deps.ids.random),
      ),
  }
}
