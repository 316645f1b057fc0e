// Counts the loops that have work ready, without asking about each of them each time.
//
// This process remembers what the tasks service said of a workspace's loops, and asks where that may have changed since.
import { LRUCache } from 'lru-cache'
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import type { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import type { ReadyMark } from '../../shared/contracts/tasks/internals.ts'
import type { Clock } from '../../shared/process/clock.ts'

/** Loop ids kept in memory, over all workspaces: some tens of megabytes. */
const MAX_IDS = 300_000
/** How often everything is asked again: during an upgrade, an earlier release does not say what it changes (ms). */
const KEPT_MS = 5 * 60_000

/** What is known of a workspace's loops as of a mark. */
type Known = Readonly<{
  asked: ReadonlySet<string>
  ready: ReadonlySet<string>
  mark: ReadyMark
  /** The loops that were counted last, and how many of them had work ready. */
  last: Readonly<{ ids: readonly string[]; count: number }>
}>

type Deps = Readonly<{
  tasks: Pick<Client<typeof contract>, 'find_ready'>
  clock: Pick<Clock, 'monotonicMs'>
}>

/** What is known after an answer: a copy where it differs, since other calls may be using the same sets. */
const learned = (
  { asked, ready }: Pick<Known, 'asked' | 'ready'>,
  unknown: readonly string[],
  { ready_loop_ids, changed_loop_ids }: Readonly<{ ready_loop_ids: string[]; changed_loop_ids: string[] }>,
) => {
  const now = new Set(ready_loop_ids)
  const same = changed_loop_ids.every((id) => !asked.has(id) || ready.has(id) === now.has(id))
  if (unknown.length === 0 && same) return { asked, ready }
  const nextAsked = new Set([...asked, ...unknown])
  const stale = new Set([...unknown, ...changed_loop_ids])
  const fresh = [...stale].filter((id) => nextAsked.has(id) && now.has(id))
  return { asked: nextAsked, ready: new Set([...[...ready].filter((id) => !stale.has(id)), ...fresh]) }
}

const NOTHING = { asked: new Set<string>(), ready: new Set<string>(), mark: null }

/** Counts loops with work ready. @see readyLoops */
export type ReadyLoops = Readonly<{
  /** How many of these loops of a workspace have work ready now. */
  count: (workspace_id: string, ids: readonly string[], call: Call) => Promise<number>
}>

/** @param max_ids loop ids kept in memory. */
export const readyLoops = ({ tasks, clock }: Deps, max_ids = MAX_IDS): ReadyLoops => {
  const cache = new LRUCache<string, Known>({
    maxSize: max_ids,
    sizeCalculation: ({ asked }) => Math.max(1, asked.size),
    ttl: KEPT_MS,
    perf: { now: clock.monotonicMs },
  })
  const countFrom = async (
    known: Known | undefined,
    workspace_id: string,
    ids: readonly string[],
    call: Call,
  ): Promise<number> => {
    const { asked, ready, mark } = known ?? NOTHING
    const sameLoops = known?.last.ids === ids ? known.last : undefined
    const unknown = sameLoops ? [] : ids.filter((id) => !asked.has(id))
    const answer = await tasks.find_ready({ workspace_id, loop_ids: [...unknown], since: mark }, call)
    const { followed } = answer
    if (known && !followed?.complete) return await countFrom(undefined, workspace_id, ids, call)
    // An earlier release answers no more than this.
    if (!followed) return answer.ready_loops
    const next = learned({ asked, ready }, unknown, followed)
    const count =
      sameLoops && next.ready === ready ? sameLoops.count : ids.filter((id) => next.ready.has(id)).length
    cache.set(
      workspace_id,
      { ...next, mark: followed.mark, last: { ids, count } },
      { noUpdateTTL: known !== undefined },
    )
    return count
  }
  return { count: (workspace_id, ids, call) => countFrom(cache.get(workspace_id), workspace_id, ids, call) }
}
