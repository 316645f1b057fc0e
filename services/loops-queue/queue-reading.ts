// The order of loops as one caller sees it, up to date with the loops.
//
// The order follows the status of the loops, which are documents of their own. A loop whose change the order may not have
// yet bears a mark (`unqueued`). A reader applies such changes in memory, and waits for no writer.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { coalesced } from '../../shared/process/coalesce.ts'
import type { LoopStore, StandingRow, Viewer } from './loop-store.ts'
import { isOf, type KnownOrder, type OrderCache } from './queue-cache.ts'
import { orderAt, orderOf, type Places } from './queue-history-rules.ts'
import { HEAD_LOOPS, type Standing, upToDate, visibleOrder } from './queue-rules.ts'
import type { OrderDoc, QueueDoc, QueueStore } from './queue-store.ts'

/** A queue as one caller sees it, up to date. */
export type Seen = Readonly<{
  /** The version that the order has, or will have once all changes of loops are in it. */
  version: number
  places: Places
  /** The whole order, hidden loops included. */
  order: readonly string[]
  hidden: ReadonlySet<string>
  visible: readonly string[]
  /** The stored version that the order was read at. */
  read_at: number
  /**
   * What the caller would have seen of the order at an earlier stored version; `visible` itself where that is what they see
   * now; undefined: too long ago.
   */
  visibleAt: (version: number) => readonly string[] | undefined
}>

/** A queue, and the status of those of its loops that it may not have yet. `open`: its public loops. */
export type Observed<Q extends OrderDoc | QueueDoc = OrderDoc> = Readonly<{
  queue: Q
  standings: readonly (Standing & Readonly<{ visibility?: 'public' | 'private'; unqueued?: string }>)[]
  open: ReadonlySet<string>
}>

/** Loops whose visibility is read one by one; for more of them all active loops are read. */
const FEW = 200

/** The first loops of the order that a caller sees. */
export const headOf = (visible: readonly string[]): string[] => visible.slice(0, HEAD_LOOPS)

/** A loop's position in the order that a caller sees, from 0; null when it has none. */
export const priorityIn = ({ visible }: Pick<Seen, 'visible'>, id: string): number | null => {
  const position = visible.indexOf(id)
  return position < 0 ? null : position
}

/** The ids of the public ones among these loops. */
export const publicIds = (
  loops: readonly Readonly<{ _id: string; visibility?: 'public' | 'private' }>[],
): string[] => loops.filter(({ visibility }) => visibility === 'public').map(({ _id }) => _id)

/** A queue as a person sees it. */
export const viewQueue = async (
  loops: LoopStore,
  viewer: Viewer,
  { queue, standings, open }: Observed<OrderDoc | QueueDoc>,
): Promise<Seen> => {
  const { places, version } = upToDate(queue, standings)
  const order = orderOf(places)
  const others = new Set(publicIds(standings))
  const isOpen = (id: string): boolean => open.has(id) || others.has(id)
  const closed = viewer.role === 'owner' ? [] : order.filter((id) => !isOpen(id))
  const own = new Set(closed.length > 0 ? await loops.listActivePrivate(viewer) : [])
  const hidden = new Set(closed.filter((id) => !own.has(id)))
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

/** What somebody saw, with a loop that they changed since. */
export const withChanged = (seen: Seen, loop: StandingRow): Seen => {
  const now = upToDate({ ...seen.places, v: seen.version }, [loop])
  const order = orderOf(now.places)
  return { ...seen, ...now, order, visible: visibleOrder(order, seen.hidden) }
}

/** The present status of loops that bear a mark, and of some others; of these, one that is not there is gone. */
export const standingsOf = async (
  loops: LoopStore,
  ws: string,
  marked: readonly StandingRow[],
  others: readonly string[],
): Promise<Observed['standings']> => {
  const rows = new Map([...marked, ...(await loops.listStandings(ws, others))].map((row) => [row._id, row]))
  const gone = others.filter((id) => !rows.has(id))
  return [...rows.values(), ...gone.map((_id) => ({ _id, status: 'gone' as const, status_key: '' }))]
}

/**
 * Compares an order, which was read first, with all active loops. A loop that comes or goes in between changes the order's
 * version too, so that a save which is based on this finds the order changed.
 */
export const observeAll = async <Q extends OrderDoc | QueueDoc>(
  loops: LoopStore,
  queue: Q,
  marked: readonly StandingRow[],
): Promise<Observed<Q>> => {
  const active = await loops.listActive(queue.ws)
  const order = orderOf(queue)
  const [expected, present] = [new Set(active.map(({ _id }) => _id)), new Set(order)]
  const different = [
    ...order.filter((id) => !expected.has(id)),
    ...[...expected].filter((id) => !present.has(id)),
  ]
  const standings = await standingsOf(loops, queue.ws, marked, different)
  return { queue, standings, open: new Set(publicIds(active)) }
}

type Deps = Readonly<{ loops: LoopStore; store: QueueStore; clock: Pick<Clock, 'monotonicMs'> }>

/** Reads the queues. @returns the queue as the person of a call sees it; depends on no write. */
export const queueReader = (
  { loops, store, clock }: Deps,
  cache: OrderCache,
): ((call: MemberCall) => Promise<Seen>) => {
  const learn = async (ws: string, before: KnownOrder | undefined): Promise<KnownOrder> => {
    const looked_ms = clock.monotonicMs()
    const queue = await store.loadOrder(ws)
    const order = orderOf(queue)
    const unknown = before && order.filter((id) => !before.open.has(id))
    if (!unknown || unknown.length > FEW || before.unmarked.length > 0) {
      const { open, standings } = await observeAll(loops, queue, [])
      return { queue, open, unmarked: standings.map(({ _id }) => _id), looked_ms }
    }
    const found = publicIds(await loops.listStandings(ws, unknown))
    const open = new Set([...order.filter((id) => before.open.has(id)), ...found])
    // Whoever made the new state knew of all loops that bear no mark.
    return { queue, open, unmarked: [], looked_ms: before.looked_ms }
  }
  // The marks are read first: the order, read after that, has the change of any mark that has gone. The status of the
  // marked loops is read last, so that it is no older than the order.
  const observe = coalesced(async (ws): Promise<Observed> => {
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
  })
  return async ({ caller }) => await viewQueue(loops, caller, await observe(caller.workspace_id))
}
